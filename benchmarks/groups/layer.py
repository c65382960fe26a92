"""What a plugin's layer costs, against Construct's compiled parser on the same payloads."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bench import LABDISSECT, Bench
from benchmarks.measure import pairs, spread
from benchmarks.table import Row, Table, Target, figures
from labdissect.testing import ek_lines, udp

PACKETS = 20_000


def measure(bench: Bench) -> list[Table]:
    """CPU a packet."""
    lines, plugins = bench.folder / "layer.ek", Path(__file__).parent.parent
    payload = bytes(12) + b"0123456789abcdef"
    lines.write_bytes(ek_lines(udp(number.to_bytes(4, "big") + payload, dport=9000) for number in range(PACKETS)))
    command = f"{LABDISSECT} -o ek < {lines} > /dev/null --plugin {plugins}"
    measured = pairs(f"{command}/parse_plugin.py", f"{command}/layer_plugin.py", bench.pairs)
    more = spread([(ours.cpu - theirs.cpu) / PACKETS * 1e6 for theirs, ours in measured])
    what = "CPU a packet beyond Construct's compiled parse of it, µs"
    note = f"A header of eight members over UDP; {PACKETS:,} packets, {bench.pairs} pairs."
    return [figures("A plugin's layer", note, [Row(what, more, Target("≤", 15), digits=1)])]
