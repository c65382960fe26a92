"""What groups measure with: the commands, the captures (made when first asked for), how often."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .inputs import write_small, write_web
from .measure import run, spread

PYTHON = shlex.quote(sys.executable)
LABDISSECT = f"{PYTHON} -m labdissect"


@dataclass(frozen=True)
class Captured:
    """A capture that was made."""

    path: Path
    packets: int

    @property
    def lines(self) -> Path:
        """tshark's EK of it, in a file."""
        printed = self.path.with_suffix(".ek")
        if not printed.exists():
            run(f"tshark -n -r {self.path} -T ek > {printed}")
        return printed


@dataclass
class Bench:
    """What a group is given."""

    folder: Path
    """For captures and outputs; it goes when all is measured."""
    pairs: int = 15
    """Of runs that take turns, each of some seconds."""
    rounds: int = 3
    """Of runs that take turns, each of up to a minute."""
    packets: int = 10_000_000
    """Of the memory test."""
    messages: int = 1000
    """Of the latency test."""
    _made: dict[str, Captured] = field(default_factory=dict)

    @property
    def web(self) -> Captured:
        """Large bodies, 7,924 packets: some seconds of tshark's."""
        return self.capture("web", write_web)

    @property
    def small(self) -> Captured:
        """Small packets, 19,800 of 200 connections."""
        return self.capture("small", write_small)

    @property
    def few(self) -> Captured:
        """Ten packets: what a run on them takes is a program's own start."""
        return self.first(self.small, 10)

    def capture(self, name: str, write: Callable[[Path], int]) -> Captured:
        """A capture under its name; ``write`` makes it when it is not there, and returns its number of packets."""
        if name not in self._made:
            path = self.folder / f"{name}.pcap"
            self._made[name] = Captured(path, write(path))
        return self._made[name]

    def first(self, whole: Captured, packets: int) -> Captured:
        """The first packets of a capture."""

        def cut(path: Path) -> int:
            run(f"editcap -r {whole.path} {path} 1-{packets}")
            return packets

        return self.capture(f"{whole.path.stem}-{packets}", cut)

    def own_start(self) -> float:
        """CPU seconds of the pipe's run on ten packets."""
        return spread([run(f"{LABDISSECT} -o ek < {self.few.lines} > /dev/null").cpu for _ in range(7)]).median
