"""How long until there is something to read."""

from __future__ import annotations

from benchmarks.bench import LABDISSECT, PYTHON, Bench
from benchmarks.measure import pairs, spread
from benchmarks.table import Row, Table, Target, figures


def measure(bench: Bench) -> list[Table]:
    """Wall time, beside what is the least."""
    count = max(bench.pairs, 25)
    few = bench.few
    compared = [
        (
            "the verdicts of ten packets of EK: seconds more than importing construct, pluggy, click",
            f"{PYTHON} -c 'import construct, pluggy, click'",
            f"{LABDISSECT} -o ek < {few.lines} > /dev/null",
            0.1,
        ),
        (
            "the verdicts of a FILE of ten packets: seconds more than `tshark -n -r FILE`",
            f"tshark -n -r {few.path} > /dev/null",
            f"{LABDISSECT} {few.path} -o jsonl > /dev/null",
            0.2,
        ),
        (
            "--help: seconds more than importing click and pluggy",
            f"{PYTHON} -c 'import click, pluggy'",
            f"{LABDISSECT} --help > /dev/null",
            0.03,
        ),
    ]
    rows = [
        Row(what, spread([ours.wall - least.wall for least, ours in pairs(one, other, count)]), Target("≤", most))
        for what, one, other, most in compared
    ]
    return [figures("Start", f"{count} pairs.", rows)]
