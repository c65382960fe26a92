"""Where our own time goes, by stage and by analyzer."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.inputs import write_names, write_short, write_small, write_web
from benchmarks.stages import STAGES, Loop, stages
from benchmarks.table import Table

ROUNDS = 3
FILE = "FILE, `-o jsonl`"
COSTLIEST = 15
KINDS = {
    "web": lambda path: write_web(path, 3),
    "small": lambda path: write_small(path, 50),
    "short": lambda path: write_short(path, 500),
    "names": lambda path: write_names(path, 800),
}
"""Some 5,000 packets each, which is enough for what is measured inside one process."""


def measure(bench: Bench) -> list[Table]:
    """Microseconds of CPU a packet."""
    captures = {name: bench.capture(f"{name}-profiled", write) for name, write in KINDS.items()}
    loops = {
        (what, name): Loop(captured.path, captured.packets, output)
        for name, captured in captures.items()
        for what, output in (("pipe, `-o ek`", "ek"), (FILE, "jsonl"))
    }
    lines = [(what, name, *_each(stages(loop, ROUNDS), captures[name].packets)) for (what, name), loop in loops.items()]
    by_analyzer = {
        name: {one: seconds / captured.packets * 1e6 for one, seconds in loops[FILE, name].analyzers().items()}
        for name, captured in captures.items()
    }
    named = by_analyzer["web"]
    costliest = sorted(named, key=lambda one: -sum(took[one] for took in by_analyzer.values()))[:COSTLIEST]
    return [
        Table(
            "Where our own time goes",
            "Microseconds of CPU a packet, of which tshark has no part, on the lines that tshark prints in full (the "
            f"pipe) and on those with what a FILE asks for; some 5,000 packets each, median of {ROUNDS}.",
            lines,
            ("", "packets", *STAGES, "all"),
        ),
        Table(
            f"The {COSTLIEST} costliest analyzers",
            f"Of {len(named)}: microseconds of CPU a packet (of all, whomever it concerns), on a FILE's lines, without "
            "the decoding of the layer that they want, which is the loop's.",
            [(f"`{one}`", *(f"{took[one]:.1f}" for took in by_analyzer.values())) for one in costliest],
            ("analyzer", *by_analyzer),
        ),
    ]


def _each(alone: dict[str, float], packets: int) -> list[str]:
    """Microseconds a packet of each stage, and of all."""
    return [f"{seconds / packets * 1e6:.1f}" for seconds in (*alone.values(), sum(alone.values()))]
