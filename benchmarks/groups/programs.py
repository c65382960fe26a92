"""Whole captures of four kinds: labdissect beside tshark and beside other programs that read captures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.bench import LABDISSECT, PYTHON, Bench, Captured
from benchmarks.inputs import write_names, write_short, write_small, write_web
from benchmarks.measure import Cost, cpu, rounds, run, spread, wall
from benchmarks.table import Table, Target
from labdissect.bridge.asking import asked_for
from labdissect.bridge.loading import PACKAGES
from labdissect.bridge.tshark import find
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.conversations import FIELDS
from labdissect.plugins.registry import load

FEW = 10
"""Packets: what a run on them takes is a program's own start."""
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Kind:
    """A kind of capture: what it holds, one to be read whole, and one for programs that are slow."""

    title: str
    whole: Callable[[Path], int]
    part: Callable[[Path], int]
    rounds: int | None = None
    """Fewer than others."""


@dataclass(frozen=True)
class Program:
    """What reads the captures."""

    name: str
    command: str
    """With ``{file}`` and ``{packets}``."""
    needs: str = ""
    """A module, without which it cannot be measured."""
    slow: bool = False
    """It reads but a part; what the whole would take is its start, and the rest as often as packets are more."""
    wanted: Mapping[str, Target] = field(default_factory=dict)
    """How many times as fast labdissect should be, by kind of capture."""


KINDS = {
    "web": Kind("Web: large bodies", lambda path: write_web(path, 20), lambda path: write_web(path, 2)),
    "small": Kind("Small packets", lambda path: write_small(path, 2000), lambda path: write_small(path, 40)),
    "short": Kind(
        "Short connections", lambda path: write_short(path, 10_000), lambda path: write_short(path, 400), rounds=2
    ),
    "names": Kind("DNS and ARP", lambda path: write_names(path, 10_000), lambda path: write_names(path, 660), rounds=2),
}
OURS = "**`labdissect FILE -o jsonl --jobs 1`**: every verdict"


def programs() -> list[Program]:
    """All that are compared."""
    read = f"{PYTHON} -m benchmarks.three_fields"
    fields = asked()
    return [
        Program("`tshark`: a line a packet, without a tree: the floor", "tshark -n -r {file} > /dev/null"),
        Program(
            "`tshark -T ek`",
            "tshark -n -r {file} -T ek > /dev/null",
            wanted={"web": Target("≥", 4), "small": Target("≥", 2)},
        ),
        Program(
            f"`tshark -T ek -e …`: the {len(fields)} fields that our rules read",
            f"tshark -n -r {{file}} -T ek {' '.join(f'-e {field}' for field in fields)} > /dev/null",
            wanted=dict.fromkeys(KINDS, Target("≥", 0.9)),
        ),
        Program(OURS, f"{LABDISSECT} {{file}} -o jsonl --jobs 1 > /dev/null"),
        Program(
            "`labdissect FILE -o conversations --jobs 1`",
            f"{LABDISSECT} {{file}} -o conversations --jobs 1 > /dev/null",
        ),
        Program(
            "`tshark -T ek \\| labdissect -o ek`",
            f"tshark -n -r {{file}} -T ek | {LABDISSECT} -o ek > /dev/null",
        ),
        Program(
            "pyshark `FileCapture(use_ek=True)`, three fields",
            f"{read} pyshark-ek {{file}} {{packets}}",
            needs="pyshark",
            wanted={"web": Target("≥", 5), "small": Target("≥", 3)},
        ),
        Program(
            "pyshark `FileCapture(use_json=True)`, three fields ¹",
            f"{read} pyshark-json {{file}} {{packets}}",
            needs="pyshark",
            slow=True,
        ),
        Program(
            "pyshark `FileCapture()` (XML), three fields ¹",
            f"{read} pyshark-xml {{file}} {{packets}}",
            needs="pyshark",
            slow=True,
            wanted={"web": Target("≥", 40)},
        ),
        Program("scapy `PcapReader`, three fields ²", f"{read} scapy {{file}} {{packets}}", needs="scapy"),
        Program(
            "`netverdict analyze FILE --json` ³",
            # its 1 says that it found something
            f"{PYTHON} -m netverdict.cli analyze {{file}} --json > /dev/null || [ $? = 1 ]",
            needs="netverdict",
        ),
    ]


NOTES = """\
¹ reads {part:,} packets of the same kind; what all would take is its start and the rest as often as packets are more. \
² decodes headers; nothing is followed or reassembled, no HTTP. \
³ does less: a verdict for each connection, UDP exchange and DNS lookup, from TCP's, UDP's and DNS's own bytes (dpkt); \
none for a packet, no state, no reassembly, no HTTP, ARP or ICMP of its own, and it keeps all packets in memory."""


def measure(bench: Bench) -> list[Table]:
    """A table for each kind of capture: rate, CPU, memory, and how many times as fast labdissect is."""
    compared = programs()
    return [_table(bench, name, kind, compared) for name, kind in KINDS.items()]


def _table(bench: Bench, name: str, kind: Kind, compared: list[Program]) -> Table:
    whole, part = bench.capture(f"{name}-whole", kind.whole), bench.capture(f"{name}-part", kind.part)
    few = bench.first(part, FEW)
    there = [program for program in compared if not program.needs or find_spec(program.needs)]
    starts = {program.name: _start(program, few) for program in there}
    commands = {program.name: _command(program, part if program.slow else whole) for program in there}
    count = min(bench.rounds, kind.rounds or bench.rounds)
    measured = rounds(commands, count, memory=True)
    for program in there:
        if program.slow:
            costs = measured[program.name]
            measured[program.name] = [projected(cost, starts[program.name], part, whole) for cost in costs]
    lines = [_line(program, measured, name, whole.packets) for program in compared]
    title = f"{kind.title}: {whole.packets:,} packets"
    note = f"{count} rounds of all. {NOTES.format(part=part.packets)}"
    return Table(title, note, lines, COLUMNS)


COLUMNS = (
    "program",
    "packets/s",
    "CPU a packet, µs",
    "memory, at most, MB (tshark's part)",
    "`labdissect FILE` is … times as fast",
    "wanted",
    "met",
)


def _line(program: Program, measured: Mapping[str, list[Cost]], kind: str, packets: int) -> tuple[str, ...]:
    wanted = program.wanted.get(kind)
    costs = measured.get(program.name)
    if costs is None:
        return (program.name, f"not installed: {program.needs}", "", "", "", str(wanted or ""), "")
    times = spread([theirs.wall / ours.wall for theirs, ours in zip(costs, measured[OURS], strict=True)])
    most = max(costs, key=lambda cost: cost.memory)
    return (
        program.name,
        f"{packets / median(map(wall, costs)):,.0f}",
        f"{median(map(cpu, costs)) / packets * 1e6:,.1f}",
        f"{most.memory / MEGABYTE:,.0f} ({most.tshark_memory / MEGABYTE:,.0f})",
        "" if program.name == OURS else times.shown(2),
        str(wanted or ""),
        ("yes" if wanted.met(times.median) else "**no**") if wanted else "",
    )


def _command(program: Program, capture: Captured) -> str:
    return program.command.format(file=capture.path, packets=capture.packets)


def _start(program: Program, few: Captured) -> Cost:
    """What ten packets take; also, its files are in memory afterwards."""
    costs = [run(_command(program, few)) for _ in range(3 if program.slow else 1)]
    return Cost(median(map(wall, costs)), median(map(cpu, costs)))


def projected(cost: Cost, start: Cost, part: Captured, whole: Captured) -> Cost:
    """What the whole capture would take."""
    times = (whole.packets - FEW) / (part.packets - FEW)
    return Cost(
        start.wall + (cost.wall - start.wall) * times,
        start.cpu + (cost.cpu - start.cpu) * times,
        cost.memory,
        cost.tshark_memory,
    )


def asked() -> tuple[str, ...]:
    """The fields that the built-in rules read."""
    registry = load(extra_packages=PACKAGES, entry_points=False)
    wanted = [FIELDS, *(analyzer.fields for analyzer in registry.analyzers(Settings()))]
    return asked_for(wanted, registry.layers, find()).fields
