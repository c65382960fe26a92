"""Packet comments for a pcapng against the EK pipe, and what memory that takes."""

from __future__ import annotations

import sys

from benchmarks.bench import LABDISSECT, Bench
from benchmarks.inputs import write_small
from benchmarks.measure import pairs, peak_memory, ratios, run, wall
from benchmarks.table import Row, Table, Target, figures

MEGABYTE = 1 << 20


def measure(bench: Bench) -> list[Table]:
    """Wall time and memory."""
    few, many = bench.folder / "few.pcapng", bench.folder / "many.pcapng"
    for file, exchanges in ((few, 23), (many, 62)):  # of 200 connections, so that only packets are more
        packets = write_small(file.with_suffix(".pcap"), exchanges=exchanges)
        run(f"editcap -F pcapng {file.with_suffix('.pcap')} {file}")
    after = bench.folder / "annotated.pcapng"
    pipe = f"tshark -n -r {many} -T ek | {LABDISSECT} -o ek > /dev/null"
    measured = pairs(pipe, f"{LABDISSECT} {many} -o pcapng -w {after}", bench.rounds)
    command = [sys.executable, "-m", "labdissect", "-o", "pcapng", "-w", str(after)]
    small, large = (peak_memory([*command, str(file)]) / MEGABYTE for file in (few, many))
    rows = [
        Row("wall time ÷ the EK pipe", ratios(measured, wall), Target("≤", 1)),
        Row("our own memory meanwhile, at most, MB", large, digits=1),
        Row("… more than for 20,000 packets, MB", large - small, Target("≤", 10), digits=1),
    ]
    note = f"`labdissect FILE -o pcapng`; {packets:,} packets, {bench.rounds} pairs."
    return [figures("Packet comments", note, rows)]
