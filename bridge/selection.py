"""What of an input is shown: which verdicts, which packets. What is hidden was read and judged all the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import SEVERITIES, Verdict
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.udp import Exchange
from labdissect.plugins.writer import Record, Summary, Writer

Shown = Callable[[int], bool]
"""Whether the packet of this number is shown; asked in the order of the packets."""


class Selection(msgspec.Struct, frozen=True):
    """Which verdicts a writer gets: by codes, beginnings of codes (``tcp.fin`` is all of ``tcp.fin.…``), severity."""

    only: Sequence[str] = ()
    ignore: Sequence[str] = ()
    least: str = SEVERITIES[0]
    _known: dict[str, bool] = msgspec.field(default_factory=dict)

    def everything(self) -> bool:
        """Whether it lets all verdicts through."""
        return not self.only and not self.ignore and self.least == SEVERITIES[0]

    @property
    def picks(self) -> bool:
        """Whether it asks for some verdicts, rather than only against some: packets without any are then beside the
        point."""
        return bool(self.only) or self.least != SEVERITIES[0]

    def of(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Those that are let through, in their order."""
        return [verdict for verdict in verdicts if self._wants(verdict)]

    def _wants(self, verdict: Verdict) -> bool:
        code = verdict.rule.code
        wanted = self._known.get(code)
        if wanted is None:
            wanted = self._known[code] = (
                SEVERITIES.index(verdict.rule.severity) >= SEVERITIES.index(self.least)
                and (not self.only or any(begins(code, prefix) for prefix in self.only))
                and not any(begins(code, prefix) for prefix in self.ignore)
            )
        return wanted


def begins(code: str, prefix: str) -> bool:
    """Whether a code is ``prefix`` or begins with its words: ``tcp.fin`` is no beginning of ``tcp.final``."""
    return code == prefix or code.startswith(prefix + ".")


class SelectedWriter:
    """A writer that passes on to another what is to be shown.

    :param sparse: whether packets of which it leaves no verdict are not shown
    """

    def __init__(
        self, writer: Writer, selection: Selection, shown: Shown | None = None, *, sparse: bool = False
    ) -> None:
        self._writer = writer
        self.passes_on: bool = getattr(writer, "passes_on", False)
        self._selection = selection
        self._shown = shown
        self._sparse = sparse
        self._count = 0
        self._left_out = 0

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """The packet, if it is shown, with the verdicts that are let through."""
        if self._shown is not None and not self._shown(packet.number):
            return
        left = self._wanted(verdicts)
        if self._sparse and not left:
            return
        self._count += 1
        self._writer.packet(record, packet, left)

    def other(self, record: Record) -> None:
        """Passed on."""
        self._writer.other(record)

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """Conversations are of all packets, shown or not."""
        self._writer.conversation(conversation, self._wanted(verdicts))

    def flush(self) -> None:
        """Passed on."""
        self._writer.flush()

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """Passed on, with the numbers of packets that were shown, and of their verdicts that were not."""
        wanted = self._wanted(verdicts)
        summary.shown, summary.left_out = self._count, self._left_out
        self._writer.end(summary, wanted)

    def _wanted(self, verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
        if self._selection.everything():
            return verdicts
        wanted = self._selection.of(verdicts)
        self._left_out += len(verdicts) - len(wanted)
        return wanted
