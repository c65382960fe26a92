"""Reads the messages of HTTP that a packet completes: how long each is, which segments carried it, what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from labdissect.plugins.rule import Evidence, Verdict
from labdissect.plugins.tcp.conversation import Conversation, Segment
from labdissect.plugins.tcp.message import Carrier, Span, reassembled

from .dialogue import Dialogue
from .headers import explained
from .message import Message, body_of, read
from .redirects import Redirects
from .requests import request_verdicts
from .responses import interim_verdicts, response_verdicts
from .rules import BODY_LENGTH

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet


def messages_of(
    packet: Packet,
    segment: Segment,
    conversation: Conversation,
    dialogue: Dialogue,
    carriers: tuple[Carrier, Carrier],
    redirects: Redirects,
) -> Iterator[Verdict]:
    """The verdicts of a packet in which messages of HTTP end.

    :param carriers: of the direction of this packet, and of the other
    """
    messages = [message for header in packet.all("http") if (message := read(header)) is not None]
    bodies = [body_of(*pair) for pair in zip(messages, dialogue.methods(messages), strict=True)]
    lengths = [
        None if message.head is None or body is None else message.head + body
        for message, (_, body) in zip(messages, bodies, strict=True)
    ]
    for index, message in enumerate(messages):
        if dialogue.over:
            return
        # not by the connection's roles: where its beginning was not captured, ports may mislead about them
        server = segment.sender if message.response else segment.receiver
        if dialogue.server not in (None, server):
            return
        dialogue.server = server
        rest = [length for length in lengths[index + 1 :] if length is not None]
        others = sum(rest) if len(rest) == len(messages) - index - 1 else None
        carrier = carriers[0]
        begun = carrier.first if carrier.count else packet.number
        span = carrier.take(packet, lengths[index], others)
        # what ends with the connection is complete with the FIN only; before, the reassembly was switched off
        ended = bodies[index][0] != "close" or segment.fin
        sized = span if span is not None and span.exact and ended else None
        if not message.response:
            dialogue.counted = dialogue.counted and span is not None
            yield from request_verdicts(packet, segment, conversation, dialogue, message, sized, begun)
        elif message.code < 200:
            yield from interim_verdicts(packet, dialogue, message, carriers[1])
        else:
            if span is None:
                dialogue.waiting.clear()  # bytes are missing: which request it answers is not known
            yield from response_verdicts(packet, segment, dialogue, redirects, message, sized)
        if message.code >= 200 or not message.response:
            yield from _body(packet, message, bodies[index], sized)
        if sized is not None:
            yield from reassembled(packet, sized, "HTTP")
        yield from explained(message, packet.number, dialogue.explained)


def _body(packet: Packet, message: Message, body: tuple[str, int | None], span: Span | None) -> Iterator[Verdict]:
    """Where the body ends, and that header and body are what the stream carried."""
    kind, length = body
    number = packet.number
    if kind == "none":
        if message.response:
            yield from _no_body(packet, message)
        return
    evidence: tuple[Evidence, ...] = ()
    if kind == "length":
        evidence = (Evidence(number, "http.content_length_header", length),)
    elif kind == "chunked":
        evidence = (Evidence(number, "http.transfer_encoding", message.value("transfer-encoding")),)
    if span is None or message.head is None:
        yield Verdict(BODY_LENGTH, number, {"body": length}, evidence, f"{kind}-told")
        return
    rest = span.size - message.head
    params = {**span.params(), "head": message.head, "body": rest, "coded": rest}
    yield Verdict(BODY_LENGTH, number, params, (*evidence, *span.evidence()), kind)


def _no_body(packet: Packet, message: Message) -> Iterator[Verdict]:
    """Says so where a length would make believe in a body."""
    if message.code in (204, 304):
        why = f"{message.code} {message.phrase}".strip()
        evidence = (Evidence(packet.number, "http.response.code", message.code),)
        yield Verdict(BODY_LENGTH, packet.number, {"why": why}, evidence, "none")
