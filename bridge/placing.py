"""Later verdicts go to the packet that they are about: a FILE's packets wait for them before they are written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from labdissect.plugins.rule import Verdict, render
from labdissect.plugins.writer import DraftingWriter, Record, Said, Summary

from .held import HeldPackets

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange

SECONDS_ON_A_TERMINAL = 2.0
"""How long a packet waits at most where a person looks on."""


class PlacingWriter:
    """A writer that hands its packets to another when they have waited long enough.

    A verdict about a packet that does not wait here (written already, or hidden by ``-Y``) stays where a stream has it:
    with the packet that decided it, or with its conversation's end.

    :param most: how many packets wait at most; None for all
    :param seconds: how long one waits at most; None for no limit
    :param sparse: whether packets are left out of which nothing is said in the end. What is said of an input without
        packets then has a row of its own, where the writer has one (``blank``)
    """

    def __init__(
        self,
        writer: DraftingWriter,
        language: str,
        most: int | None = None,
        seconds: float | None = None,
        *,
        sparse: bool = False,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._writer = writer
        self._language = language
        self._most = most
        self._seconds = seconds
        self._sparse = sparse
        self._clock = clock
        self._held = HeldPackets()
        self._last = 0
        self._count = 0
        """Packets that came."""
        self._dropped = 0
        """Of them, those that were left out."""
        self._came: deque[tuple[float, int]] = deque()
        """When that many had come."""

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """Waits; what is said of packets that wait already goes to them."""
        number = packet.number
        if number <= self._last:  # two outputs of tshark, one behind the other: frames are counted anew
            self._write(self._held.count)
        # rendered and drafted before anything is kept, as what cannot be said raises and the packet comes again
        own, elsewhere = self._parted(verdicts, number)
        draft = self._writer.draft(record, packet, own)
        for said in elsewhere:
            self._held.add_later(said)
        self._held.add(number, draft, silent=not own)
        self._last = number
        self._count += 1

    def _parted(self, verdicts: Sequence[Verdict], number: int | None) -> tuple[Sequence[Verdict], list[Said]]:
        """The verdicts that stay, and those that go to packets that wait."""
        own: list[Verdict] = []
        elsewhere: list[Said] = []
        for verdict in verdicts:
            if verdict.about == number or not self._held.knows(verdict.about):
                own.append(verdict)
            else:
                elsewhere.append(self._said(verdict))
        return (own, elsewhere) if elsewhere else (verdicts, elsewhere)

    def _said(self, verdict: Verdict) -> Said:
        rule = verdict.rule
        return Said(verdict.about, rule.code, rule.severity, rule.rank, render(verdict, self._language))

    def _write(self, count: int) -> None:
        """The first ``count`` of those that wait have waited long enough."""
        for number, draft, silent, later in self._held.taken(count):
            if self._sparse and silent and not later:
                self._dropped += 1
            else:
                self._writer.place(number, draft, later)

    def other(self, record: Record) -> None:
        """Passed on."""
        self._writer.other(record)

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """Passed on, but for verdicts about packets that wait."""
        rest, elsewhere = self._parted(verdicts, None)
        self._writer.conversation(conversation, rest)
        for said in elsewhere:
            self._held.add_later(said)

    def flush(self) -> None:
        """Writes those that have waited long enough."""
        if self._most is not None and self._held.count > self._most:
            self._write(self._held.count - self._most)
        if self._seconds is not None:
            now = self._clock()
            self._came.append((now, self._count))
            while self._came[0][0] <= now - self._seconds:
                _, count = self._came.popleft()
                self._write(count - (self._count - self._held.count))
        self._writer.flush()

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """Writes all that wait; ``summary.shown`` counts those left out no more."""
        rest, elsewhere = self._parted(verdicts, None)
        for said in elsewhere:
            self._held.add_later(said)
        self._write(self._held.count)
        blank = getattr(self._writer, "blank", None)
        if rest and self._sparse and not summary.packets and blank is not None:
            later = sorted(map(self._said, rest), key=lambda said: -said.rank)
            self._writer.place(0, blank(), later)
        self._held.close()
        summary.shown -= self._dropped
        self._writer.end(summary, rest)
