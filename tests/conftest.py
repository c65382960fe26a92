"""Fixtures that every room's tests use: captures, tshark's output of them, and what labdissect makes of it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pytest

from labdissect.bridge.engine import Engine
from labdissect.bridge.loading import PACKAGES
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.packet import Packet
from labdissect.plugins.registry import Registry, load
from labdissect.plugins.rule import Verdict
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.udp import Exchange
from labdissect.plugins.writer import Problem

DATA = Path(__file__).parent / "data"
ROOT = DATA.parent.parent
CAPTURES, BUILT = DATA / "captures", DATA / "built"


@lru_cache(maxsize=32)
def built_in(*plugins: str) -> Registry:
    """Everything that labdissect brings along, and plugins by their path from the checkout's root."""
    return load([str(ROOT / name) for name in plugins], extra_packages=PACKAGES, entry_points=False)


def capture_path(name: str) -> Path:
    """``NAME`` is tests/data/captures/NAME.pcapng, ``built/NAME`` tests/data/built/NAME.pcap or .pcapng."""
    folder = BUILT if name.startswith("built/") else CAPTURES
    stem = name.removeprefix("built/")
    found = [path for path in (folder / f"{stem}.pcapng", folder / f"{stem}.pcap") if path.is_file()]
    if not found:
        raise FileNotFoundError(f"no capture {name} in {folder.relative_to(DATA.parent)}")
    return found[0]


@lru_cache(maxsize=256)
def tshark(name: str, *arguments: str) -> bytes:
    """What tshark prints of a capture (see :func:`capture_path`)."""
    command = ["tshark", "-n", "-r", str(capture_path(name)), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def ek(name: str, *arguments: str) -> bytes:
    """tshark's EK of a capture."""
    return tshark(name, "-T", "ek", *arguments)


@dataclass
class Annotated:
    """A capture, read and judged."""

    packets: list[Packet] = field(default_factory=list)
    verdicts: dict[int, list[Verdict]] = field(default_factory=dict)
    """By the frame that they are about, those of the end included."""
    conversations: list[Conversation | Exchange] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def codes(self, frame: int) -> list[str]:
        """The codes of the verdicts about a frame, headline first."""
        return [verdict.rule.code for verdict in self.verdicts.get(frame, [])]

    def verdict(self, frame: int, code: str) -> Verdict:
        """The frame's verdict of this code, of which there must be one."""
        (found,) = [verdict for verdict in self.verdicts.get(frame, []) if verdict.rule.code == code]
        return found

    def frames(self, code: str) -> list[int]:
        """The frames that have a verdict of this code."""
        return sorted(f for f, found in self.verdicts.items() if any(v.rule.code == code for v in found))

    def states(self, frame: int) -> str:
        """``client / server`` after the frame."""
        segment = self.packets[frame - 1].segment
        assert segment is not None
        return f"{segment.client_state} / {segment.server_state}"


def judge(data: bytes, kind: str = "ek", registry: Registry | None = None) -> Annotated:
    """What labdissect finds in tshark's output."""
    registry = registry or built_in()
    result = Annotated()

    def ended(conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        result.conversations.append(conversation)
        keep(verdicts)

    def keep(verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            result.verdicts.setdefault(verdict.about, []).append(verdict)

    def report(problem: Problem) -> None:
        result.problems.append(problem.message)

    engine = Engine(registry, Settings(), report, ended)
    reader = registry.readers[kind].make(registry.layers, report, engine.wanted, tuple(registry.carried))
    for record in (*reader.records(data), *reader.end()):
        if record.packet is not None:
            result.packets.append(record.packet)
            keep(engine.annotate(record.packet))
    keep(engine.finish())
    return result


@lru_cache(maxsize=256)
def judged(name: str, *plugins: str) -> Annotated:
    """What labdissect finds in a capture (see :func:`capture_path`), with plugins as :func:`built_in` has them."""
    return judge(ek(name), registry=built_in(*plugins))


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Everything that labdissect brings along."""
    return built_in()
