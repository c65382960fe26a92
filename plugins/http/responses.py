"""What is said of a response."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labdissect.plugins.clock import clock_verdict
from labdissect.plugins.rule import Evidence, Verdict
from labdissect.plugins.tcp.conversation import Segment, seconds
from labdissect.plugins.tcp.message import Carrier, Span

from .dialogue import Asked, Dialogue
from .message import Message, shorten
from .redirects import Redirect, Redirects, target_of
from .rules import ANSWERED, CONNECTION_CLOSE, PERSISTENT, RESPONSE
from .status import AUTH, CONTINUE, ERROR, HEAD, NOT_MODIFIED, PARTIAL, REDIRECT

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet

MOVED = frozenset({301, 302, 303, 307, 308})
"""Statuses that send the client elsewhere by Location."""


def interim_verdicts(packet: Packet, dialogue: Dialogue, message: Message, client: Carrier) -> Iterator[Verdict]:
    """The verdicts of a response that is not the last to its request.

    :param client: the client's direction
    """
    number = packet.number
    evidence: tuple[Evidence, ...] = (Evidence(number, "http.response.code", message.code),)
    params: dict[str, Any] = {"code": message.code, "phrase": shorten(message.phrase)}
    if message.code == 101:
        dialogue.over = True
        asked = dialogue.answered()
        if asked is not None:
            yield from _answered(packet, asked, params, evidence)
        dialogue.waiting.clear()
        params["protocol"] = shorten(message.value("upgrade") or "?")
        yield Verdict(RESPONSE, number, params, evidence, "switching")
    elif message.code == 100:
        dialogue.go = number
        # Wireshark shows the request when its body is complete; until then its head is just bytes
        head = client.first if client.count else dialogue.waiting[-1].frame if dialogue.waiting else None
        if head is None:
            yield Verdict(CONTINUE, number, params, evidence, "go-bare")
        else:
            yield Verdict(CONTINUE, number, {**params, "head": head}, evidence, "go")


def response_verdicts(
    packet: Packet,
    segment: Segment,
    dialogue: Dialogue,
    redirects: Redirects,
    message: Message,
    span: Span | None,
) -> Iterator[Verdict]:
    """The verdicts of a final response.

    :param span: where it lies on the stream, if that is certain
    """
    asked = dialogue.answered()
    yield from _pair(packet, message, asked, span)
    yield from _connection(packet, dialogue, message, asked)
    dialogue.redirect = None
    if message.code in MOVED:
        redirect, verdict = _moved(packet, segment, message, asked)
        yield verdict
        if redirect is not None:
            dialogue.redirect = redirect
            if redirect.elsewhere or not message.keeps_open:
                redirects.add(redirect)
    else:
        yield from _status(packet, message, asked)
    if asked is not None and asked.method == "HEAD":
        yield _to_head(packet, message, asked)
    if asked is not None and asked.method == "CONNECT" and message.code < 300:
        dialogue.over = True
    since, until = None if asked is None else asked.time, packet.time if span is None else span.first_time
    first = None if span is None else span.first
    clock = clock_verdict(packet, message.value("date"), message.value("age"), since, until, first)
    if clock is not None and dialogue.clocks.first((segment.sender.address, clock.wording)):
        yield clock


def _pair(packet: Packet, message: Message, asked: Asked | None, span: Span | None) -> Iterator[Verdict]:
    """The response and its request."""
    number = packet.number
    params: dict[str, Any] = {"code": message.code, "phrase": shorten(message.phrase)}
    evidence: tuple[Evidence, ...] = (Evidence(number, "http.response.code", message.code),)
    if asked is None:
        yield Verdict(RESPONSE, number, params, evidence, "unpaired")
        return
    delay = seconds(asked.time, packet.time)
    params |= {"k": asked.k, "request": asked.frame, "delay": delay}
    evidence += (Evidence(asked.frame, "http.request.method", asked.method),)
    if delay is None or delay < 0:
        yield Verdict(RESPONSE, number, params, evidence, "untimed")
        yield from _answered(packet, asked, params, evidence)
        return
    first_delay = None if span is None else seconds(asked.time, span.first_time)
    if span is None or first_delay is None:
        yield Verdict(RESPONSE, number, params, evidence, "unsized")
    else:
        said = {**params, **span.params(), "first_delay": first_delay}
        yield Verdict(RESPONSE, number, said, evidence + span.evidence(), span.wording)
    yield from _answered(packet, asked, params, evidence)


def _answered(
    packet: Packet, asked: Asked, params: dict[str, Any], evidence: tuple[Evidence, ...]
) -> Iterator[Verdict]:
    """The same, told of the request."""
    delay = seconds(asked.time, packet.time)
    said = {"code": params["code"], "phrase": params["phrase"], "frame": packet.number, "delay": delay}
    yield Verdict(ANSWERED, asked.frame, said, evidence, "" if delay is not None and delay >= 0 else "untimed")


def _connection(packet: Packet, dialogue: Dialogue, message: Message, asked: Asked | None) -> Iterator[Verdict]:
    """Whether the connection stays open after the response (RFC 9112 §9.3)."""
    number = packet.number
    if "close" in message.words("connection"):
        yield Verdict(CONNECTION_CLOSE, number, {}, (Evidence(number, "http.connection", "close"),), "response")
        return
    if asked is None:
        return
    if asked.old and not asked.keeps_open:
        evidence: tuple[Evidence, ...] = (Evidence(asked.frame, "http.request.version", "HTTP/1.0"),)
        yield Verdict(CONNECTION_CLOSE, number, {"request": asked.frame}, evidence, "old")
        return
    if not message.keeps_open:
        evidence = (Evidence(number, "http.response.version", message.version),)
        yield Verdict(CONNECTION_CLOSE, number, {}, evidence, "old-response")
        return
    if not asked.keeps_open or "persistent" in dialogue.said:
        return
    dialogue.said.add("persistent")
    evidence = (Evidence(number, "http.response.version", message.version),)
    agreed = asked.old or message.old
    if agreed:
        evidence += (Evidence(number, "http.connection", "keep-alive"),)
    yield Verdict(PERSISTENT, number, {}, evidence, "asked" if agreed else "default")


def _moved(packet: Packet, segment: Segment, message: Message, asked: Asked | None) -> tuple[Redirect | None, Verdict]:
    """A redirect, and where it leads."""
    number = packet.number
    location = message.value("location")
    params: dict[str, Any] = {"code": message.code, "phrase": shorten(message.phrase)}
    evidence: tuple[Evidence, ...] = (Evidence(number, "http.response.code", message.code),)
    if location is None:
        return None, Verdict(REDIRECT, number, params, evidence, "bare")
    params["location"] = shorten(location)
    evidence += (Evidence(number, "http.location", params["location"]),)
    server = segment.sender
    host, port = (asked.host, asked.port) if asked is not None else (server.address, server.port)
    found = target_of(location, host, port)
    if found is None:
        return None, Verdict(REDIRECT, number, params, evidence, "other")
    scheme, name, target_port, target = found
    elsewhere = scheme != "http" or (name, target_port) != (host, port)
    redirect = Redirect(
        number,
        packet.time,
        segment.receiver.address,
        server.address,
        scheme,
        name,
        target_port,
        target,
        elsewhere,
    )
    params["port"] = target_port
    wording = "https" if scheme == "https" else "other" if elsewhere else "same"
    return redirect, Verdict(REDIRECT, number, params, evidence, wording)


def _status(packet: Packet, message: Message, asked: Asked | None) -> Iterator[Verdict]:
    """What a status other than a redirect means."""
    number, code = packet.number, message.code
    params: dict[str, Any] = {"code": code, "phrase": shorten(message.phrase)}
    evidence: tuple[Evidence, ...] = (Evidence(number, "http.response.code", code),)
    if asked is not None:
        params |= {"request": asked.frame, "target": asked.target, "asked": asked.range}
    if code == 304:
        if asked is not None and asked.conditions:
            params["condition"] = ", ".join(_spelt(name) for name in asked.conditions)
            evidence += (Evidence(asked.frame, "http.request.line", params["condition"]),)
            yield Verdict(NOT_MODIFIED, number, params, evidence)
        else:
            yield Verdict(NOT_MODIFIED, number, params, evidence, "bare")
    elif code == 206:
        params["range"] = shorten(message.value("content-range") or "multipart/byteranges")
        paired = asked is not None and asked.range is not None
        yield Verdict(PARTIAL, number, params, evidence, "" if paired else "bare")
    elif code == 200 and asked is not None and asked.range is not None and asked.method == "GET":
        evidence += (Evidence(asked.frame, "http.request.line", f"Range: {asked.range}"),)
        yield Verdict(PARTIAL, number, params, evidence, "ignored")
    elif code == 401 and asked is not None:
        challenge = message.value("www-authenticate") or "?"
        params["scheme"] = shorten(challenge.partition(" ")[0], 20)
        yield Verdict(AUTH, number, params, evidence, "asked")
    elif 400 <= code < 600:
        wording = "unpaired"
        if asked is not None:
            wording = str(code) if code in (404, 416, 503) else "client" if code < 500 else "server"
        yield Verdict(ERROR, number, params, evidence, wording)


def _spelt(name: str) -> str:
    """A header's name as it is usually written: ``If-None-Match``."""
    return "-".join(word.capitalize() for word in name.split("-"))


def _to_head(packet: Packet, message: Message, asked: Asked) -> Verdict:
    length = message.content_length
    params = {"code": message.code, "phrase": shorten(message.phrase), "request": asked.frame, "length": length}
    evidence = (Evidence(asked.frame, "http.request.method", "HEAD"),)
    return Verdict(HEAD, packet.number, params, evidence, "bare" if length is None else "answered")


def unanswered(dialogue: Dialogue) -> Iterator[Verdict]:
    """The requests that no response came to."""
    for asked in dialogue.waiting:
        if asked.doubtful:
            continue
        params = {"k": asked.k, "method": asked.method, "target": asked.target}
        evidence = (Evidence(asked.frame, "http.request.method", asked.method),)
        yield Verdict(ANSWERED, asked.frame, params, evidence, "unanswered")
