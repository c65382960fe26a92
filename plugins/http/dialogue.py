"""The requests and responses of one connection: what the next message is measured by."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from labdissect.plugins.lookups import Once

if TYPE_CHECKING:
    from labdissect.plugins.tcp.endpoint import Endpoint

    from .message import Message
    from .redirects import Redirect

REQUESTS_LIMIT = 256
"""Requests of one connection that may wait for their responses in memory."""


class Asked(msgspec.Struct):
    """A request that waits for its response."""

    k: int
    frame: int
    time: int | None
    method: str
    target: str
    """Shortened."""
    host: str
    port: int
    keeps_open: bool
    old: bool
    """HTTP/1.0."""
    ack: int | None
    """Acknowledgment number, as tshark shows it."""
    acked: int | None
    """The same as a position: what the client had acknowledged of the server's bytes."""
    range: str | None
    conditions: tuple[str, ...]
    """Names of the headers that make it conditional."""
    doubtful: bool = False
    """Responses to earlier requests may still come first."""


class Dialogue(msgspec.Struct):
    """What was said over one connection; bounded."""

    clocks: Once = msgspec.field(default_factory=Once)
    """Servers whose clock was compared, over all connections."""
    server: Endpoint | None = None
    """The end that responds, as its messages show."""
    requests: int = 0
    counted: bool = True
    """No bytes of the client are missing, so none of its requests."""
    waiting: deque[Asked] = msgspec.field(default_factory=lambda: deque(maxlen=REQUESTS_LIMIT))
    last: Asked | None = None
    """The newest request."""
    explained: set[str] = msgspec.field(default_factory=set)
    said: set[str] = msgspec.field(default_factory=set)
    """Codes of rules that speak once a connection."""
    go: int | None = None
    """Frame of a 100 Continue that the next request had."""
    redirect: Redirect | None = None
    """Where the newest response sends the client, if it does."""
    over: bool = False
    """The connection speaks another protocol now."""

    def methods(self, messages: list[Message]) -> list[str | None]:
        """For each message of a packet the method that its body depends on: its own, or its request's; None when that
        is not known."""
        waiting = iter([None if one.doubtful else one.method for one in self.waiting])
        found: list[str | None] = []
        for message in messages:
            if not message.response:
                found.append(message.method)
            elif message.code < 200:
                found.append("")
            else:
                found.append(next(waiting, None))
        return found

    def answered(self) -> Asked | None:
        """The request that a final response answers: the oldest that waits (RFC 9112 §9.2)."""
        asked = self.waiting.popleft() if self.waiting else None
        return None if asked is None or asked.doubtful else asked
