"""Captures judged with what the user says of them (``--subnet``, ``--captured-on``)."""

from __future__ import annotations

from typing import Any

from labdissect.bridge.engine import Engine
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import Verdict
from tests.conftest import Annotated, built_in, ek


def packets_of(data: bytes) -> list[Packet]:
    """The packets of tshark's EK, not judged yet."""
    registry = built_in()
    reader = registry.readers["ek"].make(registry.layers, print)
    return [record.packet for record in (*reader.records(data), *reader.end()) if record.packet is not None]


def told(name: str, **known: Any) -> tuple[Annotated, Settings]:
    """What labdissect finds in a capture of tests/data/captures when the user tells it something."""
    result, settings = Annotated(), Settings(**known)

    def keep(verdicts: list[Verdict]) -> None:
        for verdict in verdicts:
            result.verdicts.setdefault(verdict.about, []).append(verdict)

    engine = Engine(built_in(), settings, lambda problem: result.problems.append(problem.message))
    for packet in packets_of(ek(name)):
        keep(engine.annotate(packet))
        result.packets.append(packet)
    keep(engine.finish())
    return result, settings
