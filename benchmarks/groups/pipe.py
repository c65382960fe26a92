"""The pipe against tshark alone, and what a pipe costs in which nobody works."""

from __future__ import annotations

from benchmarks.bench import LABDISSECT, Bench, Captured
from benchmarks.measure import ratios, rounds, wall
from benchmarks.table import Row, Table, Target, figures


def measure(bench: Bench) -> list[Table]:
    """Wall time."""
    rows = [*_rows("web", bench.web, bench.pairs), *_rows("small packets", bench.small, bench.pairs)]
    note = (
        f"`tshark -n -r FILE -T ek | labdissect -o ek > /dev/null` beside `tshark -n -r FILE -T ek > /dev/null`, and "
        f"`| cat` in our place, which is what the pipe alone costs tshark; {bench.web.packets:,} and "
        f"{bench.small.packets:,} packets, {bench.pairs} turns of the three."
    )
    return [figures("The pipe beside tshark alone", note, rows)]


def _rows(name: str, captured: Captured, count: int) -> list[Row]:
    tshark = f"tshark -n -r {captured.path} -T ek"
    commands = {
        "alone": f"{tshark} > /dev/null",
        "cat": f"{tshark} | cat > /dev/null",
        "ours": f"{tshark} | {LABDISSECT} -o ek > /dev/null",
    }
    rounds(commands, 1)  # unmeasured: files and programs are in memory then
    measured = rounds(commands, count)
    beside = {
        other: ratios(list(zip(measured["alone"], measured[other], strict=True)), wall) for other in ("ours", "cat")
    }
    return [
        Row(f"wall time ÷ tshark's, {name}", beside["ours"], Target("≤", 1.03)),
        Row(f"… of the pipe into `cat`, {name}", beside["cat"]),
    ]
