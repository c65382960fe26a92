"""One big capture, by two tsharks on two cores against one on one core."""

from __future__ import annotations

from benchmarks.bench import LABDISSECT, Bench, Captured
from benchmarks.inputs import write_small, write_web
from benchmarks.measure import cpu, pairs, ratios, wall
from benchmarks.table import Row, Table, Target, figures


def measure(bench: Bench) -> list[Table]:
    """Wall time and CPU."""
    small = bench.capture("small-2000", lambda path: write_small(path, connections=2000))
    web = bench.capture("web-100", lambda path: write_web(path, connections=100))
    rows = [*_rows("small packets", small, bench.rounds), *_rows("web", web, bench.rounds)]
    note = (
        f"`labdissect FILE -o jsonl`, `--jobs 2` on two cores beside `--jobs 1` on one; {bench.rounds} pairs. Below "
        "1.11 times the CPU, twice the cores can be 1.8 times as fast."
    )
    return [figures("One big capture", note, rows)]


def _rows(name: str, capture: Captured, rounds: int) -> list[Row]:
    command = f"{LABDISSECT} {capture.path} -o jsonl > /dev/null"
    measured = pairs(f"taskset -c 0,1 {command} --jobs 2", f"taskset -c 0 {command} --jobs 1", rounds)
    title = f"{name}, {capture.packets:,} packets"
    return [
        Row(f"{title}: one core's wall time ÷ two cores'", ratios(measured, wall), Target("≥", 1.8)),
        Row(f"{title}: CPU of one core ÷ of two", ratios(measured, cpu), Target("≥", 0.9)),
    ]
