"""Redirects that no packet has followed yet: who was sent where."""

from __future__ import annotations

from collections import OrderedDict
from urllib.parse import urlsplit

import msgspec

PENDING_LIMIT = 256
"""Redirects that wait to be followed; the oldest go first."""
FOLLOWED_WITHIN = 30_000_000_000
"""Nanoseconds after which a connection is no longer taken to follow a redirect."""
LONGEST_NAME, LONGEST_TARGET = 255, 2048
"""Characters of a host's name, and of path and query, that are kept."""
PORTS = {"http": 80, "https": 443}


class Redirect(msgspec.Struct):
    """Where a response sends the client."""

    frame: int
    time: int | None
    client: str
    """Address of the client."""
    server: str
    """Address of the server that said so."""
    scheme: str
    host: str
    """In lower case, without port."""
    port: int
    target: str
    """Path and query."""
    elsewhere: bool
    """Another host, port or scheme than the request's."""


def target_of(location: str, host: str, port: int) -> tuple[str, str, int, str] | None:
    """Scheme, host, port and path that Location names, seen from a request to ``host`` over plain HTTP; None when it
    is no address."""
    try:
        parts = urlsplit(location)
        scheme = (parts.scheme or "http").lower()
        name = (parts.hostname or "").lower()[:LONGEST_NAME]
        number = parts.port
    except ValueError:
        return None
    if scheme not in PORTS:
        return None
    path = ((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))[:LONGEST_TARGET]
    if not name:
        return (scheme, host, port, path) if not parts.scheme else None
    return scheme, name, number or PORTS[scheme], path


def host_and_port(value: str | None, address: str, port: int) -> tuple[str, int]:
    """Name and port in a Host header; the connection's own where it has none."""
    if not value:
        return address, port
    try:
        parts = urlsplit(f"//{value}")
        return (parts.hostname or address).lower()[:LONGEST_NAME], parts.port or 80
    except ValueError:
        return address, port


class Redirects:
    """The redirects that still may be followed by another connection; bounded."""

    def __init__(self) -> None:
        self._pending: OrderedDict[tuple[str, str, int], Redirect] = OrderedDict()

    def add(self, redirect: Redirect) -> None:
        """Waits for a connection that follows it."""
        key = (redirect.client, redirect.host, redirect.port)
        self._pending.pop(key, None)
        self._pending[key] = redirect
        if len(self._pending) > PENDING_LIMIT:
            self._pending.popitem(last=False)

    def discard(self, redirect: Redirect) -> None:
        """It was followed."""
        self._pending.pop((redirect.client, redirect.host, redirect.port), None)

    def waiting(self, client: str, port: int, time: int | None) -> list[Redirect]:
        """The redirects that a new connection of this client to this port may follow, newest first."""
        if not self._pending:
            return []
        return [
            one
            for (whose, _, number), one in reversed(self._pending.items())
            if whose == client
            and number == port
            and (time is None or one.time is None or 0 <= time - one.time <= FOLLOWED_WITHIN)
        ]
