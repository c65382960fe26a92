"""``make bench``: what labdissect costs beside tshark and beside a mere parse, measured in one run.

Prints a table and writes it to benchmarks/RESULTS.md. ``--pairs N`` for more or fewer pairs; ``--only GROUP`` for a
part, which is printed and not written.
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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labdissect.bridge.asking import asked_for
from labdissect.bridge.loading import PACKAGES
from labdissect.bridge.tshark import find
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.conversations import FIELDS
from labdissect.plugins.registry import load
from labdissect.testing import ek_lines, udp

from . import latency
from .inputs import write_small, write_web
from .measure import Cost, Spread, memory_while_reading, pairs, peak_memory, ratios, run, spread

PYTHON = shlex.quote(sys.executable)
LABDISSECT = f"{PYTHON} -m labdissect"
PARSE = (
    "import sys, orjson\n"
    "for line in sys.stdin.buffer:\n"
    "    if not line.startswith(b'{\\\"index'):\n"
    "        orjson.loads(line)\n"
)
IMPORTS = f"{PYTHON} -c 'import construct, pluggy, click'"
MEGABYTE = 1 << 20

Row = tuple[str, str, str]


def wall(cost: Cost) -> float:
    """Seconds on the clock."""
    return cost.wall


def cpu(cost: Cost) -> float:
    """Seconds of CPU."""
    return cost.cpu


@dataclass(frozen=True)
class Inputs:
    """What is measured on: made captures, and tshark's EK of them; and how often."""

    web: Path
    small: Path
    packets: int
    """In the small capture."""
    lines: dict[Path, Path]
    """EK by capture."""
    folder: Path
    """For outputs."""
    pairs: int
    million: int
    """Packets of the memory test."""
    messages: int
    """Of the latency test."""


def pipe(name: str, capture: Path, count: int) -> Row:
    """The pipe against tshark alone."""
    tshark = f"tshark -n -r {capture} -T ek"
    measured = pairs(f"{tshark} > /dev/null", f"{tshark} | {LABDISSECT} -o ek > /dev/null", count)
    return (f"wall time of the pipe ÷ tshark -T ek alone, {name}", str(ratios(measured, wall)), "≤ 1.05")


def beside_a_parse(name: str, lines: Path, count: int) -> Row:
    """Our CPU against orjson's on the same lines, each without its start."""
    parse = f"{PYTHON} -c {shlex.quote(PARSE)}"
    start_parse = spread([run(f"{parse} < /dev/null").cpu for _ in range(7)]).median
    start_ours = _own_start(lines)
    measured = pairs(f"{parse} < {lines}", f"{LABDISSECT} -o ek < {lines} > /dev/null", count)
    found = spread([(ours.cpu - start_ours) / (theirs.cpu - start_parse) for theirs, ours in measured])
    return (f"our CPU ÷ orjson's parse of the same lines, {name}", str(found), "≤ 2")


def beside_tshark(name: str, capture: Path, lines: Path, packets: int, count: int) -> list[Row]:
    """Our CPU a packet against tshark's."""
    start_ours = _own_start(lines)
    start_tshark = spread([run("tshark -v > /dev/null").cpu for _ in range(5)]).median
    measured = pairs(f"tshark -n -r {capture} -T ek > /dev/null", f"{LABDISSECT} -o ek < {lines} > /dev/null", count)
    ratio = spread([(ours.cpu - start_ours) / (theirs.cpu - start_tshark) for theirs, ours in measured])
    ours = spread([(second.cpu - start_ours) / packets * 1e6 for _, second in measured])
    theirs = spread([(first.cpu - start_tshark) / packets * 1e6 for first, _ in measured])
    return [
        (f"our CPU ÷ tshark's, {name}", str(ratio), "≤ 0.5"),
        (f"our CPU a packet, {name}, µs", _micro(ours), ""),
        (f"tshark's CPU a packet, {name}, µs", _micro(theirs), ""),
    ]


def asking(name: str, capture: Path, count: int, wanted: str) -> list[Row]:
    """A capture FILE, of which tshark is asked for what the rules read, against full EK and against tshark alone."""
    ours = f"{LABDISSECT} {capture} -o conversations > /dev/null"
    full = pairs(ours, f"tshark -n -r {capture} -T ek > /dev/null", count)
    fields = " ".join(f"-e {field}" for field in _asked())
    bare = pairs(ours, f"tshark -n -r {capture} -T ek {fields} > /dev/null", count)
    return [
        (f"labdissect FILE: times as fast as tshark -T ek alone, {name}", str(ratios(full, wall)), wanted),
        (
            f"labdissect FILE: times as fast as tshark -e with its fields, {name}",
            str(ratios(bare, wall)),
            "≥ 0.9",
        ),
    ]


def _asked() -> tuple[str, ...]:
    """The fields that the built-in rules read."""
    registry = load(extra_packages=PACKAGES, entry_points=False)
    wanted = [FIELDS, *(analyzer.fields for analyzer in registry.analyzers(Settings()))]
    return asked_for(wanted, registry.layers, find()).fields


def _own_start(lines: Path) -> float:
    """CPU seconds of a run that reads ten packets."""
    with tempfile.TemporaryDirectory() as folder:
        few = Path(folder) / "few.ek"
        few.write_bytes(b"".join(lines.read_bytes()[:200_000].splitlines(keepends=True)[:20]))
        return spread([run(f"{LABDISSECT} -o ek < {few} > /dev/null").cpu for _ in range(7)]).median


def _micro(found: Spread) -> str:
    return f"{found.median:.1f} ({found.low:.1f}–{found.high:.1f})"


def start(lines: Path, count: int) -> Row:
    """From start to the verdicts of ten packets, against importing the libraries."""
    with tempfile.TemporaryDirectory() as folder:
        few = Path(folder) / "few.ek"
        few.write_bytes(b"".join(lines.read_bytes()[:200_000].splitlines(keepends=True)[:20]))
        measured = pairs(IMPORTS, f"{LABDISSECT} -o ek < {few} > /dev/null", max(count, 25))
    more = spread([ours.wall - theirs.wall for theirs, ours in measured])
    return ("ten packets: seconds more than importing construct, pluggy, click", str(more), "≤ 0.1")


def memory(packets: int) -> list[Row]:
    """Resident memory after many packets against after few."""
    producer = f"{sys.executable} -m benchmarks.stream {packets} 1000"
    consumer = [sys.executable, "-m", "labdissect", "-o", "ek"]
    seen = memory_while_reading(producer, consumer, {10_000, packets}.__contains__)
    growth = (seen[packets] - seen[10_000]) / MEGABYTE
    return [
        (f"resident memory after {packets:,} packets of 1,000 connections, MB", f"{seen[packets] / MEGABYTE:.1f}", ""),
        ("… more than after 10,000 packets, MB", f"{growth:.1f}", "≤ 20"),
    ]


def custom_layer(folder: Path, count: int, packets: int = 20_000) -> Row:
    """What a plugin's layer costs, against Construct's compiled parser on the same payloads."""
    lines, here = folder / "layer.ek", Path(__file__).parent
    payload = bytes(12) + b"0123456789abcdef"
    lines.write_bytes(ek_lines(udp(number.to_bytes(4, "big") + payload, dport=9000) for number in range(packets)))
    command = f"{LABDISSECT} -o ek < {lines} > /dev/null --plugin {here}"
    measured = pairs(f"{command}/parse_plugin.py", f"{command}/layer_plugin.py", count)
    more = spread([(ours.cpu - theirs.cpu) / packets * 1e6 for theirs, ours in measured])
    return ("a plugin's layer: CPU a packet beyond Construct's compiled parse of it, µs", _micro(more), "≤ 15")


def live(messages: int) -> list[Row]:
    """From the packet on the wire to its verdict, beside what it takes without us, and in a plain pipe."""
    found = latency.measure(LABDISSECT, messages)
    return [
        (
            f"packet on the wire to its line on stdout, {name}, ms: median (99th percentile)",
            f"{spread.median * 1000:.0f} ({spread.high * 1000:.0f})",
            "",
        )
        for name, spread in found.items()
    ]


def batch(inputs: Inputs) -> list[Row]:
    """200 captures, one at a time on one core against two at a time on two."""
    captures = inputs.folder / "class"
    captures.mkdir()
    few = inputs.folder / "few.pcap"
    run(f"editcap -r {inputs.small} {few} 1-100")
    for number in range(200):
        (captures / f"{number:03}.pcap").hardlink_to(few)
    made = inputs.folder / "made"
    command = f"{LABDISSECT} batch {captures} -o jsonl -w {made} --again"
    two, one = f"taskset -c 0,1 {command} --jobs 2", f"taskset -c 0 {command} --jobs 1"
    measured = [(run(two), run(one)) for _ in range(3)]  # minutes each, so no more of them
    return [("200 captures of 100 packets: one core's wall time ÷ two cores'", str(ratios(measured, wall)), "≥ 1.9")]


def help_page(inputs: Inputs) -> list[Row]:
    """``--help`` against importing the two packages that it needs."""
    imports = f"{PYTHON} -c 'import click, pluggy'"
    measured = pairs(imports, f"{LABDISSECT} --help > /dev/null", max(inputs.pairs, 25))
    more = spread([ours.wall - theirs.wall for theirs, ours in measured])
    return [("--help: seconds more than importing click and pluggy", str(more), "≤ 0.03")]


def comments(inputs: Inputs) -> list[Row]:
    """Packet comments for 100,000 packets of a pcapng against the EK pipe, and what memory that takes."""
    few, many = inputs.folder / "few.pcapng", inputs.folder / "many.pcapng"
    for file, exchanges in ((few, 23), (many, 124)):  # of 200 connections, so that only packets are more
        packets = write_small(file.with_suffix(".pcap"), exchanges=exchanges)
        run(f"editcap -F pcapng {file.with_suffix('.pcap')} {file}")
    after = inputs.folder / "annotated.pcapng"
    pipe = f"tshark -n -r {many} -T ek | {LABDISSECT} -o ek > /dev/null"
    measured = pairs(pipe, f"{LABDISSECT} {many} -o pcapng -w {after}", max(3, inputs.pairs // 3))
    command = [sys.executable, "-m", "labdissect", "-o", "pcapng", "-w", str(after)]
    small, large = (peak_memory([*command, str(file)]) / MEGABYTE for file in (few, many))
    return [
        (f"wall time of -o pcapng ÷ the EK pipe, {packets:,} packets", str(ratios(measured, wall)), "≤ 1"),
        (f"our own memory meanwhile, at most, MB, {packets:,} packets", f"{large:.1f}", ""),
        ("… more than for 20,000 packets, MB", f"{large - small:.1f}", "≤ 10"),
    ]


GROUPS: dict[str, Callable[[Inputs], list[Row]]] = {
    "pipe": lambda inputs: [
        pipe("web", inputs.web, inputs.pairs),
        pipe("small packets", inputs.small, inputs.pairs),
    ],
    "cpu": lambda inputs: [
        beside_a_parse("web", inputs.lines[inputs.web], inputs.pairs),
        *beside_tshark("small packets", inputs.small, inputs.lines[inputs.small], inputs.packets, inputs.pairs),
    ],
    "file": lambda inputs: [
        *asking("web", inputs.web, inputs.pairs, "≥ 4"),
        *asking("small packets", inputs.small, inputs.pairs, "≥ 2"),
    ],
    "start": lambda inputs: [start(inputs.lines[inputs.small], inputs.pairs), *help_page(inputs)],
    "layer": lambda inputs: [custom_layer(inputs.folder, inputs.pairs)],
    "memory": lambda inputs: memory(inputs.million),
    "latency": lambda inputs: live(inputs.messages),
    "comments": comments,
    "batch": batch,
}
"""What can be measured, in the order of the table."""


def report(rows: list[Row], arguments: argparse.Namespace) -> str:
    """The table, with what it was measured on."""
    tshark = subprocess.run(["tshark", "-v"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("construct", "msgspec", "orjson"))
    lines = [
        "# Benchmarks",
        "",
        f"`make bench` ({arguments.pairs} interleaved pairs; median and quartiles of the pairs' ratios).",
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {tshark}, {versions}.",
        "",
        "| what | measured | wanted |",
        "|---|---|---|",
        *(f"| {what} | {measured} | {wanted} |" for what, measured, wanted in rows),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measures everything, or what ``--only`` names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--packets", type=int, default=1_000_000, help="for the memory test")
    parser.add_argument("--messages", type=int, default=1000, help="for the latency of a live capture")
    parser.add_argument("--only", choices=GROUPS, action="append", help="a part; repeatable")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        inputs = made(Path(folder), arguments)
        rows = [row for name in arguments.only or GROUPS for row in GROUPS[name](inputs)]
    text = report(rows, arguments)
    print(text)
    if not arguments.only:
        (Path(__file__).parent / "RESULTS.md").write_text(text, encoding="utf-8")


def made(folder: Path, arguments: argparse.Namespace) -> Inputs:
    """The inputs, in a folder."""
    web, small = folder / "web.pcap", folder / "small.pcap"
    write_web(web)
    packets = write_small(small)
    lines = {capture: capture.with_suffix(".ek") for capture in (web, small)}
    for capture, printed in lines.items():
        run(f"tshark -n -r {capture} -T ek > {printed}")
    return Inputs(web, small, packets, lines, folder, arguments.pairs, arguments.packets, arguments.messages)


if __name__ == "__main__":
    main()
