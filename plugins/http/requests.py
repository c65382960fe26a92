"""What is said of a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labdissect.plugins.rule import Evidence, Verdict
from labdissect.plugins.tcp.conversation import Conversation, Segment, seconds
from labdissect.plugins.tcp.message import Span

from .dialogue import Asked, Dialogue
from .message import Message, shorten
from .redirects import LONGEST_TARGET, host_and_port
from .rules import CONNECTION_CLOSE, FAVICON, PERSISTENT, REQUEST
from .status import AUTH, CONTINUE, HEAD, PARTIAL, PIPELINED, REDIRECT

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet

CONDITIONS = ("if-none-match", "if-modified-since")


def request_verdicts(
    packet: Packet,
    segment: Segment,
    conversation: Conversation,
    dialogue: Dialogue,
    message: Message,
    span: Span | None,
    begun: int,
) -> Iterator[Verdict]:
    """The verdicts of a request.

    :param span: where it lies on the stream, if that is certain
    :param begun: frame of its first segment
    """
    before = dialogue.last
    dialogue.requests += 1
    asked = _asked(packet, segment, message, dialogue.requests)
    server = segment.receiver
    params: dict[str, Any] = {
        "k": asked.k,
        "method": asked.method,
        "target": asked.target,
        "host": shorten(message.value("host") or f"{server.address}:{server.port}"),
    }
    number = packet.number
    evidence: tuple[Evidence, ...] = (
        Evidence(number, "http.request.method", asked.method),
        Evidence(number, "http.request.uri", asked.target),
    )
    if conversation.midstream or not dialogue.counted:
        wording = "midstream"
    elif span is None:
        wording = "unsized"
    else:
        wording = span.wording
        params |= span.params()
        evidence += span.evidence()
    yield Verdict(REQUEST, number, params, evidence, wording)
    if before is not None:
        yield from _order(packet, dialogue, asked, before, params)
    yield from _followed(packet, dialogue, asked, message)
    yield from _wishes(packet, dialogue, asked, message, begun)
    dialogue.waiting.append(asked)
    dialogue.last, dialogue.go = asked, None


def _asked(packet: Packet, segment: Segment, message: Message, k: int) -> Asked:
    server = segment.receiver
    host, port = host_and_port(message.value("host"), server.address, server.port)
    return Asked(
        k,
        packet.number,
        packet.time,
        shorten(message.method, 20),
        shorten(message.target),
        host,
        port,
        message.keeps_open,
        message.old,
        segment.ack,
        segment.acked,
        shorten(wanted) if (wanted := message.value("range")) is not None else None,
        tuple(name for name in CONDITIONS if message.value(name) is not None),
    )


def _order(
    packet: Packet, dialogue: Dialogue, asked: Asked, before: Asked, params: dict[str, Any]
) -> Iterator[Verdict]:
    """A further request: after the response to the one before, or without waiting for it."""
    if dialogue.waiting:
        if asked.acked is not None and asked.acked == before.acked:
            said = {**params, "before": before.k, "frame": before.frame}
            proof = (Evidence(before.frame, "tcp.ack", before.ack), Evidence(packet.number, "tcp.ack", asked.ack))
            yield Verdict(PIPELINED, packet.number, said, proof)
        else:
            # responses have passed that were not recognized, or are half here: none can be paired for certain
            dialogue.waiting.clear()
            asked.doubtful = True
    if "reused" not in dialogue.said:
        dialogue.said.add("reused")
        evidence = (Evidence(before.frame, "http.request.method", before.method),)
        yield Verdict(PERSISTENT, packet.number, {"k": asked.k, "before": before.frame}, evidence, "reused")


def _followed(packet: Packet, dialogue: Dialogue, asked: Asked, message: Message) -> Iterator[Verdict]:
    """The request that a redirect asked for, on the same connection."""
    redirect, dialogue.redirect = dialogue.redirect, None
    if redirect is None or redirect.elsewhere or message.target[:LONGEST_TARGET] != redirect.target:
        return
    delay = seconds(redirect.time, packet.time)
    if delay is None or delay < 0:
        return
    params = {"frame": packet.number, "delay": delay, "k": asked.k, "target": asked.target}
    evidence = (Evidence(packet.number, "http.request.uri", asked.target),)
    yield Verdict(REDIRECT, redirect.frame, params, evidence, "followed")


def _wishes(packet: Packet, dialogue: Dialogue, asked: Asked, message: Message, begun: int) -> Iterator[Verdict]:
    """What is special about a request."""
    number = packet.number
    params = {"k": asked.k, "method": asked.method, "target": asked.target}
    if asked.method == "HEAD":
        evidence: tuple[Evidence, ...] = (Evidence(number, "http.request.method", "HEAD"),)
        yield Verdict(HEAD, number, params, evidence, "asked")
    if asked.range is not None:
        evidence = (Evidence(number, "http.request.line", f"Range: {asked.range}"),)
        wording = "asked-all" if asked.range.lower().replace(" ", "") == "bytes=0-" else "asked"
        yield Verdict(PARTIAL, number, {**params, "asked": asked.range}, evidence, wording)
    credentials = message.value("authorization")
    if credentials is not None:
        scheme = shorten(credentials.partition(" ")[0], 20)
        evidence = (Evidence(number, "http.request.line", f"Authorization: {scheme}"),)
        wording = "basic" if scheme.lower() == "basic" else "sent"
        yield Verdict(AUTH, number, {**params, "scheme": scheme}, evidence, wording)
    if "100-continue" in message.words("expect"):
        evidence = (Evidence(number, "http.request.line", "Expect: 100-continue"),)
        if dialogue.go is None:
            yield Verdict(CONTINUE, number, params, evidence, "unasked")
        else:
            evidence += (Evidence(dialogue.go, "http.response.code", 100),)
            yield Verdict(CONTINUE, number, {**params, "head": begun, "go": dialogue.go}, evidence, "held")
    if "close" in message.words("connection"):
        evidence = (Evidence(number, "http.connection", "close"),)
        yield Verdict(CONNECTION_CLOSE, number, {}, evidence, "request")
    path = message.target.partition("?")[0]
    agent = message.value("user-agent") or ""
    if path.endswith("/favicon.ico") and agent.startswith("Mozilla/"):
        evidence = (
            Evidence(number, "http.request.uri", asked.target),
            Evidence(number, "http.user_agent", shorten(agent)),
        )
        yield Verdict(FAVICON, number, params, evidence, "default" if path == "/favicon.ico" else "named")
