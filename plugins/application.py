"""Who reads what TCP carries: one look at each packet finds the messages that it completes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from .across import Across
from .analyzer import BaseAnalyzer, Settings
from .hookspecs import hookimpl
from .http.dialogue import Dialogue
from .http.reader import messages_of
from .http.redirects import Redirects
from .http.responses import unanswered
from .lookups import Lookups, Once
from .rule import Verdict
from .tcp.conversation import Conversation, Segment
from .tcp.endpoint import Endpoint
from .tcp.message import Carrier, reassembled
from .tls.reader import closing, records_of
from .tls.session import Session

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .packet import Packet
    from .udp import Exchange


class Application(BaseAnalyzer):
    """Follows the messages on each connection."""

    layers = ("tcp", "http", "tls")
    fields = (
        "dns",
        "http",
        "tls",
        "frame.protocols",
        "ip.src",
        "ip.dst",
        "ip.hdr_len",
        "ipv6.src",
        "ipv6.dst",
    )

    def __init__(self, redirects: Redirects, lookups: Lookups) -> None:
        self._redirects, self._lookups = redirects, lookups
        self._clocks = Once()
        self._carriers: dict[Endpoint, Carrier] = {}
        """By the end that sends."""
        self._dialogues: dict[Conversation, Dialogue] = {}
        """Connections with HTTP."""
        self._sessions: dict[Conversation, Session] = {}
        """Connections with TLS."""

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """The verdicts about messages that a packet completes."""
        segment = packet.segment
        if segment is None:
            return None
        if segment.length:
            carrier = self._carriers.get(segment.sender)
            if carrier is None:
                carrier = self._carriers[segment.sender] = Carrier()
            carrier.observe(packet, segment)
        elif not segment.fin:
            return None
        protocol = followed(packet.protocols)
        if not protocol and not segment.fin:
            return None
        return self._messages(packet, segment, protocol)

    def _messages(self, packet: Packet, segment: Segment, protocol: str) -> Iterable[Verdict] | None:
        """The messages of the protocol that the packet has above TCP."""
        conversation = packet.conversation
        if not isinstance(conversation, Conversation):
            return None
        verdicts: list[Verdict] = []
        if protocol == "tls":
            session = self._sessions.get(conversation)
            if session is None:
                session = self._sessions[conversation] = Session()
            verdicts += records_of(packet, segment, session, self._carrier(segment.sender))
        elif protocol == "http":
            dialogue = self._dialogues.get(conversation)
            if dialogue is None:
                dialogue = self._dialogues[conversation] = Dialogue(self._clocks)
            carriers = self._carrier(segment.sender), self._carrier(segment.receiver)
            verdicts += messages_of(packet, segment, conversation, dialogue, carriers, self._redirects)
        elif protocol == "dns":
            self._lookups.observe(packet)
            verdicts += _dns(packet, self._carrier(segment.sender))
        if segment.fin and conversation in self._sessions:
            verdicts += closing(packet, segment, self._sessions[conversation])
        return verdicts

    def _carrier(self, sender: Endpoint) -> Carrier:
        carrier = self._carriers.get(sender)
        return carrier if carrier is not None else Carrier()

    def ended(self, conversation: Conversation | Exchange) -> Iterable[Verdict] | None:
        """What was never answered."""
        if not isinstance(conversation, Conversation):
            return None
        self._carriers.pop(conversation.client, None)
        self._carriers.pop(conversation.server, None)
        self._sessions.pop(conversation, None)
        dialogue = self._dialogues.pop(conversation, None)
        return None if dialogue is None else list(unanswered(dialogue))


@lru_cache(maxsize=1024)
def followed(protocols: str) -> str:
    """Of the protocols whose messages are followed the one that carries the others; empty when a stack has none."""
    names = protocols.split(":")
    return next((name for name in ("tls", "http", "dns") if name in names), "")


def _dns(packet: Packet, carrier: Carrier) -> list[Verdict]:
    """A DNS message over TCP, which begins with its length (RFC 1035 §4.2.2)."""
    length = packet.dns.length if packet.dns is not None else None
    if length is None:
        return []
    span = carrier.take(packet, length + 2, max(0, carrier.pending - length - 2))
    return reassembled(packet, span, "DNS") if span is not None and span.exact else []


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    redirects, lookups = Redirects(), Lookups()
    return [Across(redirects, lookups), Application(redirects, lookups)]
