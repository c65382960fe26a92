"""What is remembered of one connection with TLS."""

from __future__ import annotations

import msgspec

TLS_1_2, TLS_1_3 = 0x0303, 0x0304
CLIENT, SERVER = 0, 1


class Session(msgspec.Struct):
    """What the hellos of a connection said, and how far its handshake has come."""

    hello: int | None = None
    """Frame of the Client Hello."""
    session_id: bytes | None = None
    """In the Client Hello."""
    offered: tuple[str, ...] = ()
    """Names of the versions that the client offers."""
    version: int | None = None
    """What the server chose."""
    suite: str = ""
    """Name of the cipher suite that the server chose."""
    retry: int | None = None
    """Frame of the server's Hello Retry Request."""
    answer: int | None = None
    """Frame of the Server Hello."""
    said: set[str] = msgspec.field(default_factory=set)
    small: list[int | None] = msgspec.field(default_factory=lambda: [None, None])
    """Of client and server: frame of their newest record when it has the size of an encrypted alert."""
    changed: list[int | None] = msgspec.field(default_factory=lambda: [None, None])
    """Of client and server: frame of their Change Cipher Spec."""
    finished: list[int | None] = msgspec.field(default_factory=lambda: [None, None])
    """Of client and server: frame of their Finished, as far as its place tells."""
    ticket: int | None = None
    """Bytes of the server's newest record, when it may hold a session ticket of TLS 1.3."""
