"""One message of HTTP/1 as tshark shows it: what rules need to know of it (RFC 9112)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from labdissect.dissectors.layer import Header

LONGEST = 80
"""Characters of captured text in a verdict."""
LINES_LIMIT = 200
"""Header lines of one message that are looked at."""
UNREADABLE = "\ufffd"
"""What tshark prints for a byte that is no text."""

_ALONE = {
    "host": "host",
    "user-agent": "user_agent",
    "connection": "connection",
    "referer": "referer",
    "date": "date",
    "location": "location",
    "server": "server",
    "content-type": "content_type",
    "content-length": "content_length_header",
    "transfer-encoding": "transfer_encoding",
    "last-modified": "last_modified",
}
"""Fields that an input may have one by one, without the lines (``-e``), and the members that hold them."""


def shorten(text: str, longest: int = LONGEST) -> str:
    """Captured text, bounded."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def wire_length(text: str) -> int:
    """Bytes that tshark's text stands for."""
    if text.isascii():
        return len(text)
    return sum(1 if one == UNREADABLE else len(one.encode("utf-8", "replace")) for one in text)


class Message(msgspec.Struct):
    """A request or a response."""

    response: bool
    method: str
    """Of a request."""
    target: str
    version: str
    code: int
    """Of a response; 0 in a request."""
    phrase: str
    headers: Sequence[tuple[str, str]]
    """Names in lower case, values as they came."""
    head: int | None
    """Bytes up to the body: start line, header lines, the empty line; None when the lines are not all there."""

    def value(self, name: str) -> str | None:
        """The first value of a header."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def words(self, name: str) -> list[str]:
        """The words of headers that hold a list, in lower case."""
        return [
            word.strip().lower()
            for key, value in self.headers
            if key == name
            for word in value.split(",")
            if word.strip()
        ]

    @property
    def content_length(self) -> int | None:
        """Content-Length, None without one or without a usable one."""
        value = self.value("content-length")
        return int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 19 else None

    @property
    def old(self) -> bool:
        """HTTP/1.0, which closes after each response unless asked not to."""
        return self.version in ("HTTP/1.0", "HTTP/0.9")

    @property
    def keeps_open(self) -> bool:
        """What this message says of the connection after the response (RFC 9112 §9.3)."""
        words = self.words("connection")
        return "close" not in words and (not self.old or "keep-alive" in words)


def read(header: Header) -> Message | None:
    """The message in a layer of tshark's; None when it has no start line (the rest of a cut one)."""
    code, method = header.response_code, header.request_method
    if code is None and method is None:
        return None
    response = code is not None
    lines = _lines(header.response_line if response else header.request_line)
    version = (header.response_version if response else header.request_version) or ""
    phrase, target = header.response_phrase or "", header.request_uri or ""
    head = None
    # without lines the input may just not have them, as with -e; an interim response has none indeed
    if (lines or (code is not None and code < 200)) and version and len(lines) <= LINES_LIMIT:
        start = f"{version} {code:03d} {phrase}" if response else f"{method} {target} {version}"
        head = wire_length(start) + 2 + sum(map(wire_length, lines)) + 2
    headers = _headers(lines[:LINES_LIMIT]) if lines else _separate(header)
    return Message(response, method or "", target, version[:16], code or 0, phrase, headers, head)


def _lines(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [line for line in value if isinstance(line, str)] if isinstance(value, list) else []


def _headers(lines: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            found.append((name.strip().lower(), value.strip()))
    return found


def _separate(header: Header) -> list[tuple[str, str]]:
    found = []
    for name, member in _ALONE.items():
        value = getattr(header, member)
        if value is not None:
            found.append((name, str(value)))
    return found


def body_of(message: Message, request_method: str | None) -> tuple[str, int | None]:
    """How the message's body ends and its bytes where they are told (RFC 9112 §6.3).

    :param request_method: for a response, its request's; None when the request is not known
    :returns: ``none``, ``length``, ``chunked`` or ``close``, and the bytes of the body
    """
    if message.response:
        code = message.code
        if request_method == "HEAD" or code < 200 or code in (204, 304):
            return "none", 0
        if request_method == "CONNECT" and code < 300:
            return "none", 0
    codings = message.words("transfer-encoding")
    if codings:
        return ("chunked", None) if codings[-1] == "chunked" or not message.response else ("close", None)
    length = message.content_length
    if length is not None:
        return "length", length
    return ("close", None) if message.response else ("none", 0)
