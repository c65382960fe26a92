"""Collects, while an input goes by, all that is about one packet: itself, its neighbours, what is said of it later."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labdissect.plugins.conversations import CONVERSATIONS_LIMIT
from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import Verdict
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.udp import Exchange
from labdissect.plugins.writer import BaseWriter, Record, Summary

NEIGHBOURS = 3
"""Packets of the same conversation before and after."""


@dataclass(frozen=True)
class Neighbour:
    """A packet nearby: its number and what is said of it first."""

    number: int
    verdict: Verdict | None


class Neighbourhood(BaseWriter):
    """A writer that writes nothing and remembers what concerns frame ``number``."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._recent: OrderedDict[int, tuple[object, deque[Neighbour]]] = OrderedDict()
        self.packet_there: Packet | None = None
        self.verdicts: Sequence[Verdict] = ()
        """Of the packet itself."""
        self.later: list[Verdict] = []
        """About the packet, decided by later ones or by the end."""
        self.before: Sequence[Neighbour] = ()
        self.after: list[Neighbour] = []

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """Before the packet: remembers the latest of each conversation; after it: what follows in its own."""
        if self.packet_there is not None:
            if len(self.after) < NEIGHBOURS and packet.conversation is self.packet_there.conversation:
                self.after.append(_neighbour(packet, verdicts))
            self._keep_later(verdicts)
            return
        recent = self._recent_of(packet.conversation)
        if packet.number == self._number:
            self.packet_there, self.verdicts, self.before = packet, list(verdicts), tuple(recent)
            self._recent.clear()
        else:
            recent.append(_neighbour(packet, verdicts))

    def _recent_of(self, conversation: object) -> deque[Neighbour]:
        """Packets without a conversation are each other's neighbours. The conversation is kept with its packets, so
        that no other one gets its id."""
        key = id(conversation)
        if key not in self._recent:
            self._recent[key] = (conversation, deque(maxlen=NEIGHBOURS))
            if len(self._recent) > CONVERSATIONS_LIMIT:
                self._recent.popitem(last=False)
        self._recent.move_to_end(key)
        return self._recent[key][1]

    def _keep_later(self, verdicts: Sequence[Verdict]) -> None:
        if self.packet_there is not None:
            self.later += [verdict for verdict in verdicts if verdict.about == self._number]

    def sift(self, can_be_said: Callable[[Verdict], bool]) -> None:
        """Leaves out the verdicts that no sentence can be made of; to be called at the end, when it is known of which
        there must be one."""
        self.verdicts = [verdict for verdict in self.verdicts if can_be_said(verdict)]
        self.later = [verdict for verdict in self.later if can_be_said(verdict)]
        self.before, self.after = (
            [one if one.verdict is None or can_be_said(one.verdict) else Neighbour(one.number, None) for one in side]
            for side in (self.before, self.after)
        )

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """What only the conversation's end tells of the packet."""
        self._keep_later(verdicts)

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """What only the end tells of the packet."""
        self._keep_later(verdicts)


def _neighbour(packet: Packet, verdicts: Sequence[Verdict]) -> Neighbour:
    return Neighbour(packet.number, verdicts[0] if verdicts and verdicts[0].about == packet.number else None)
