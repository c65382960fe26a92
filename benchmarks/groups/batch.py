"""Many captures, one at a time on one core against two at a time on two."""

from __future__ import annotations

from benchmarks.bench import LABDISSECT, Bench
from benchmarks.measure import rounds, spread
from benchmarks.table import Row, Table, Target, figures

CAPTURES = 200


def measure(bench: Bench) -> list[Table]:
    """Wall time."""
    captures, made, few = bench.folder / "class", bench.folder / "made", bench.first(bench.small, 100)
    captures.mkdir()
    for number in range(CAPTURES):
        (captures / f"{number:03}.pcap").hardlink_to(few.path)
    command = f"{LABDISSECT} batch {captures} -o jsonl -w {made} --again > /dev/null"
    commands = {"two": f"taskset -c 0,1 {command} --jobs 2", "one": f"taskset -c 0 {command} --jobs 1"}
    measured = rounds(commands, bench.rounds)
    found = spread([one.wall / two.wall for one, two in zip(measured["one"], measured["two"], strict=True)])
    note = f"`labdissect batch`, `--jobs 2` on two cores beside `--jobs 1` on one; {bench.rounds} pairs."
    what = f"{CAPTURES} captures of {few.packets} packets: one core's wall time ÷ two cores'"
    return [figures("Many captures", note, [Row(what, found, Target("≥", 1.9))])]
