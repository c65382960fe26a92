"""A packet and its verdicts as the library hands them out: with texts in one language, readable in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import Evidence, Rule, Verdict, highest_severity
from labdissect.plugins.writer import Record

from .writers.jsonl import as_object as verdict_object

if TYPE_CHECKING:
    from labdissect.dissectors.layer import Header

    from .capture import Capture
    from .writers.cells import Shown


class SaidVerdict:
    """A verdict with its text in one language; ``str()`` is the text."""

    __slots__ = ("language", "text", "verdict")

    def __init__(self, verdict: Verdict, language: str, text: str) -> None:
        self.verdict: Verdict = verdict
        """As rules make it."""
        self.language: str = language
        self.text: str = text
        """The sentence."""

    @property
    def rule(self) -> Rule:
        """The rule that fired."""
        return self.verdict.rule

    @property
    def code(self) -> str:
        """The rule's stable name, ``tcp.fin.first``."""
        return self.verdict.rule.code

    @property
    def severity(self) -> str:
        """``chat``, ``note``, ``warn`` or ``error``."""
        return self.verdict.rule.severity

    @property
    def about(self) -> int:
        """The frame that it is about."""
        return self.verdict.about

    @property
    def frame(self) -> int | None:
        """The frame that decided it; None when the end of a conversation or of the capture did."""
        return self.verdict.frame

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What it rests on: (frame, field, value)."""
        return self.verdict.evidence

    @property
    def params(self) -> dict[str, Any]:
        """What the sentence was filled with."""
        return self.verdict.params

    @property
    def refs(self) -> tuple[str, ...]:
        """``("RFC 9293 §3.6",)``"""
        return self.verdict.rule.sources

    @property
    def proto(self) -> str:
        """``tcp`` or ``udp``, else the rule's layer."""
        return self.verdict.proto or self.verdict.rule.layer

    @property
    def stream(self) -> int | None:
        """tshark's number of the conversation."""
        return self.verdict.stream

    def as_dict(self) -> dict[str, Any]:
        """As ``-o jsonl`` has it."""
        return verdict_object(self.verdict, self.language)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<{self.code} ({self.severity}) about frame {self.about}: {self.text}>"

    def _repr_html_(self) -> str:
        from .html_view import verdict_html

        return verdict_html(self)


class CapturedPacket:
    """A packet with its verdicts. Its layers are attributes, None where it has none: ``packet.tcp.seq``."""

    def __init__(self, capture: Capture, shown: Shown, verdicts: tuple[SaidVerdict, ...]) -> None:
        assert shown.record is not None
        self._capture, self._shown = capture, shown
        self.verdicts: tuple[SaidVerdict, ...] = verdicts
        """Those that this packet decided, the headline first; some may be about earlier frames."""
        self.record: Record = shown.record
        """What tshark printed: ``record.raw``."""

    @property
    def packet(self) -> Packet:
        """As analyzers see it."""
        return self._shown.packet

    @property
    def number(self) -> int:
        """As tshark counts frames."""
        return self.packet.number

    @property
    def time(self) -> int | None:
        """Nanoseconds since 1970, UTC; None when the input has no time."""
        return self.packet.time

    @property
    def seconds(self) -> float | None:
        """Since the capture's first packet."""
        return self._shown.seconds

    @property
    def length(self) -> int | None:
        """Bytes on the wire."""
        return self.packet.length

    @property
    def protocols(self) -> str:
        """``eth:ethertype:ip:tcp``"""
        return self.packet.protocols

    @property
    def stack(self) -> Sequence[tuple[str, Header]]:
        """All layers that a definition exists for, outermost first: (name, header)."""
        return self.packet.stack

    @property
    def headline(self) -> str | None:
        """The one verdict to read; None when there is none about this packet."""
        first = self.verdicts[0] if self.verdicts else None
        return first.text if first is not None and first.about == self.number else None

    @property
    def severity(self) -> str | None:
        """The highest among the verdicts."""
        return highest_severity(one.verdict for one in self.verdicts) if self.verdicts else None

    @property
    def state_client(self) -> str | None:
        """The TCP client's state with this packet."""
        segment = self.packet.segment
        return None if segment is None else segment.client_state

    @property
    def state_server(self) -> str | None:
        """The TCP server's state with this packet."""
        segment = self.packet.segment
        return None if segment is None else segment.server_state

    def __getitem__(self, column: str) -> Any:
        """The value of any column or field, as tables have it: ``packet["tcp.analysis.acks_frame"]``.

        :raises UsageFailure: when there is no such column or field
        """
        return self._capture._column(column).value(self._shown)

    @cached_property
    def pyshark(self) -> Any:
        """pyshark's view of the same packet, where the input has the whole of it.

        :raises Failure: when it has not: chosen fields only (``-e``), or neither EK nor PDML
        """
        from .pyshark_types import pyshark_packet

        return pyshark_packet(self.record.raw, self._capture.plugins)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.packet, name)

    def __repr__(self) -> str:
        from .writers.cells import endpoints_with_ports, short_info

        parts = (endpoints_with_ports(self.packet), short_info(self._shown), self.headline and f"— {self.headline}")
        return f"<Packet {' '.join(str(part) for part in (self.number, *parts) if part)}>"

    def _repr_html_(self) -> str:
        from .html_view import packet_html

        return packet_html(self)
