"""Our own CPU a line, beside a mere parse of the line and beside tshark."""

from __future__ import annotations

import shlex

from benchmarks.bench import LABDISSECT, PYTHON, Bench, Captured
from benchmarks.measure import pairs, run, spread
from benchmarks.table import Row, Table, Target, figures

PARSE = (
    "import sys, orjson\n"
    "for line in sys.stdin.buffer:\n"
    "    if not line.startswith(b'{\\\"index'):\n"
    "        orjson.loads(line)\n"
)


def measure(bench: Bench) -> list[Table]:
    """CPU seconds, each program's without its start."""
    own_start = bench.own_start()
    rows = [
        _beside_a_parse("web", bench.web, bench.pairs, own_start),
        *_beside_tshark("small packets", bench.small, bench.pairs, own_start),
    ]
    note = (
        "`labdissect -o ek < LINES > /dev/null`, orjson's `loads` of each line and `tshark -n -r FILE -T ek`, each "
        f"without its own start; {bench.web.packets:,} and {bench.small.packets:,} packets, {bench.pairs} pairs."
    )
    return [figures("Our own CPU", note, rows)]


def _beside_a_parse(name: str, captured: Captured, count: int, own_start: float) -> Row:
    parse = f"{PYTHON} -c {shlex.quote(PARSE)}"
    start = spread([run(f"{parse} < /dev/null").cpu for _ in range(7)]).median
    measured = pairs(f"{parse} < {captured.lines}", f"{LABDISSECT} -o ek < {captured.lines} > /dev/null", count)
    found = spread([(ours.cpu - own_start) / (theirs.cpu - start) for theirs, ours in measured])
    return Row(f"our CPU ÷ orjson's parse of the same lines, {name}", found, Target("≤", 1.6))


def _beside_tshark(name: str, captured: Captured, count: int, own_start: float) -> list[Row]:
    start = spread([run("tshark -v > /dev/null").cpu for _ in range(5)]).median
    measured = pairs(
        f"tshark -n -r {captured.path} -T ek > /dev/null", f"{LABDISSECT} -o ek < {captured.lines} > /dev/null", count
    )
    ratio = spread([(ours.cpu - own_start) / (theirs.cpu - start) for theirs, ours in measured])
    ours = spread([(second.cpu - own_start) / captured.packets * 1e6 for _, second in measured])
    theirs = spread([(first.cpu - start) / captured.packets * 1e6 for first, _ in measured])
    return [
        Row(f"our CPU ÷ tshark's, {name}", ratio, Target("≤", 0.333)),
        Row(f"our CPU a packet, {name}, µs", ours, digits=1),
        Row(f"tshark's CPU a packet, {name}, µs", theirs, digits=1),
    ]
