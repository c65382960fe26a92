"""Which verdicts are shown, and that those which are not are counted."""

from __future__ import annotations

import pytest

from labdissect.bridge.selection import SelectedWriter, Selection, begins
from labdissect.dissectors.layer import Text
from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import Rule, Verdict
from labdissect.plugins.writer import BaseWriter, Record, Summary
from tests.conftest import judged


def verdict(code: str, severity: str = "chat") -> Verdict:
    return Verdict(Rule(code, "tcp", severity, 1, Text("x", "无")), 1, {})


ALL = [verdict("tcp.fin.first"), verdict("tcp.final", "note"), verdict("tcp.loss.rto", "warn"), verdict("arp.reply")]


@pytest.mark.parametrize(
    ("selection", "codes"),
    [
        (Selection(), ["tcp.fin.first", "tcp.final", "tcp.loss.rto", "arp.reply"]),
        (Selection(only=["tcp.fin"]), ["tcp.fin.first"]),
        (Selection(only=["tcp", "arp.reply"]), ["tcp.fin.first", "tcp.final", "tcp.loss.rto", "arp.reply"]),
        (Selection(ignore=["tcp"]), ["arp.reply"]),
        (Selection(only=["tcp"], ignore=["tcp.fin.first"], least="note"), ["tcp.final", "tcp.loss.rto"]),
        (Selection(least="error"), []),
    ],
)
def test_codes_and_their_beginnings(selection: Selection, codes: list[str]) -> None:
    assert [one.rule.code for one in selection.of(ALL)] == codes
    assert selection.everything() == (len(codes) == len(ALL) and not selection.only)


def test_a_beginning_is_whole_words() -> None:
    assert begins("tcp.fin.first", "tcp.fin") and begins("tcp.fin", "tcp.fin")
    assert not begins("tcp.final", "tcp.fin") and not begins("tcp.fin", "tcp.fin.first")


class Kept(BaseWriter):
    def __init__(self) -> None:
        self.packets: list[tuple[int, list[str]]] = []

    def packet(self, record: Record, packet: Packet, verdicts: list[Verdict]) -> None:  # type: ignore[override]
        self.packets.append((packet.number, [one.rule.code for one in verdicts]))


@pytest.mark.parametrize(("sparse", "numbers"), [(False, [2, 3]), (True, [2])])
def test_what_is_hidden_is_counted(sparse: bool, numbers: list[int]) -> None:
    kept, packets = Kept(), judged("tcp-four-way-close").packets[:3]
    writer = SelectedWriter(kept, Selection(only=["tcp.fin"]), lambda number: number > 1, sparse=sparse)
    for packet, verdicts in zip(packets, (ALL, ALL, ALL[1:]), strict=True):
        writer.packet(None, packet, verdicts)  # type: ignore[arg-type]
    summary = Summary()
    writer.end(summary, ALL[2:])
    assert [number for number, _ in kept.packets] == numbers
    assert kept.packets[0] == (2, ["tcp.fin.first"])
    assert (summary.shown, summary.left_out) == (len(numbers), 3 + 3 + 2)  # of packet 2, of packet 3, of the end
