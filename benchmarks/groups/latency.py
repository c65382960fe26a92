"""From the packet on the wire to its verdict, beside what it takes without us, and in a plain pipe."""

from __future__ import annotations

from benchmarks import live
from benchmarks.bench import LABDISSECT, Bench
from benchmarks.table import Row, Table, figures


def measure(bench: Bench) -> list[Table]:
    """Median and 99th percentile."""
    try:
        found = live.measure(LABDISSECT, bench.messages)
    except RuntimeError as error:  # capturing takes rights
        rows = [Row("packet on the wire to its line on stdout", f"not measured: {error}")]
    else:
        rows = [Row(name, f"{spread.median * 1000:.0f} ({spread.high * 1000:.0f})") for name, spread in found.items()]
    note = (
        "Milliseconds from the packet on the wire to its line on stdout: median (99th percentile) of "
        f"{bench.messages:,} packets."
    )
    return [figures("Live", note, rows)]
