"""Resident memory after many packets against after few, of a stream that is kept nowhere."""

from __future__ import annotations

import sys

from benchmarks import stream
from benchmarks.bench import Bench
from benchmarks.measure import memory_while_writing
from benchmarks.table import Row, Table, Target, figures

FEW = 100_000
CONNECTIONS = 1000
MEGABYTE = 1 << 20


def measure(bench: Bench) -> list[Table]:
    """The pipe's."""
    consumer = [sys.executable, "-m", "labdissect", "-o", "ek"]
    seen = memory_while_writing(consumer, stream.blocks(bench.packets, CONNECTIONS), {FEW, bench.packets})
    rows = [
        Row(f"after {FEW:,} packets, MB", seen[FEW] / MEGABYTE, digits=1),
        Row(f"after {bench.packets:,} packets, MB", seen[bench.packets] / MEGABYTE, digits=1),
        Row("growth, MB", (seen[bench.packets] - seen[FEW]) / MEGABYTE, Target("≤", 50), digits=1),
    ]
    note = f"`labdissect -o ek` on a generated stream of {CONNECTIONS:,} connections that never close."
    return [figures("Memory", note, rows)]
