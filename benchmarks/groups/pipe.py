"""The pipe against tshark alone."""

from __future__ import annotations

from benchmarks.bench import LABDISSECT, Bench, Captured
from benchmarks.measure import pairs, ratios, wall
from benchmarks.table import Row, Table, Target, figures


def measure(bench: Bench) -> list[Table]:
    """Wall time."""
    rows = [_row("web", bench.web, bench.pairs), _row("small packets", bench.small, bench.pairs)]
    note = (
        f"`tshark -n -r FILE -T ek | labdissect -o ek > /dev/null` beside `tshark -n -r FILE -T ek > /dev/null`; "
        f"{bench.web.packets:,} and {bench.small.packets:,} packets, {bench.pairs} pairs."
    )
    return [figures("The pipe beside tshark alone", note, rows)]


def _row(name: str, captured: Captured, count: int) -> Row:
    tshark = f"tshark -n -r {captured.path} -T ek"
    measured = pairs(f"{tshark} > /dev/null", f"{tshark} | {LABDISSECT} -o ek > /dev/null", count)
    return Row(f"wall time ÷ tshark's, {name}", ratios(measured, wall), Target("≤", 1.03))
