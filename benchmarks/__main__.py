"""``make bench``: what labdissect costs beside tshark, beside other programs and beside a mere parse, in one run.

Prints tables and writes them to benchmarks/RESULTS.md. ``--only GROUP`` for a part, which is printed and not written;
``--pairs N`` and ``--rounds N`` for more or fewer runs.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .bench import Bench
from .groups import GROUPS
from .table import Table

RESULTS = Path(__file__).parent / "RESULTS.md"
VERSIONS = ("construct", "msgspec", "pluggy", "pyshark", "orjson", "scapy", "netverdict")


def report(tables: Sequence[Table], seconds: float) -> str:
    """The page: what it was measured on, and the tables."""
    tshark = subprocess.run(["tshark", "-v"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    head = [
        "# Benchmarks",
        "",
        f"`make bench` (`{command}`), {seconds / 60:.0f} minutes. What is compared runs in turns; of ratios, the "
        "median of the turns (and the quartiles) counts, since a machine's moods hit both alike.",
        "",
        f"{_processor()}, {os.cpu_count()} cores, {_memory()}; {platform.platform()}; Python "
        f"{platform.python_version()}; {tshark.strip().rstrip('.')}; {', '.join(_versions())}.",
        "",
    ]
    return "\n".join([*head, *(table.markdown() for table in tables)])


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{platform.machine()}, {line.partition(':')[2].strip()}"
    return platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.0f} GB"


def _versions() -> list[str]:
    found = []
    for name in VERSIONS:
        with suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{name} {importlib.metadata.version(name)}")
    return found


def main() -> None:
    """Measures everything, or what ``--only`` names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pairs", type=int, default=Bench.pairs, help="of runs of some seconds (%(default)s)")
    parser.add_argument("--rounds", type=int, default=Bench.rounds, help="of runs of up to a minute (%(default)s)")
    parser.add_argument("--packets", type=int, default=Bench.packets, help="for the memory test (%(default)s)")
    parser.add_argument("--messages", type=int, default=Bench.messages, help="for the live latency (%(default)s)")
    parser.add_argument("--only", choices=GROUPS, action="append", help="a part; repeatable")
    arguments = parser.parse_args()
    begin = time.monotonic()
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.pairs, arguments.rounds, arguments.packets, arguments.messages)
        for name in arguments.only or GROUPS:
            for table in GROUPS[name](bench):
                print(table.markdown(), flush=True)
                tables.append(table)
    if not arguments.only:
        RESULTS.write_text(report(tables, time.monotonic() - begin), encoding="utf-8")


if __name__ == "__main__":
    main()
