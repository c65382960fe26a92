"""Builds the two captures of one connection that a NAT passes on: nat-inside of the home network, nat-outside of the other side.

Run it in this folder; what it writes is always the same, byte for byte. Each line is one segment, in order, in both.
"""

from __future__ import annotations

import struct

from make_datagram import TCP, Capture, ip4, pseudo, total

HOME, NAT, SERVER = ("192.168.1.100", 4335), ("203.0.113.7", 62001), ("198.51.100.80", 80)
CLIENT_ISN, SERVER_ISN = 4164040420, 1914920000
SYN, ACK, PSH, FIN = 0x02, 0x10, 0x08, 0x01
GET = b"GET / HTTP/1.1\r\nHost: www.lab.test\r\nIf-Modified-Since: Tue, 14 Nov 2023 09:00:00 GMT\r\n\r\n"
RESPONSE = b"HTTP/1.1 304 Not Modified\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n"
PASSING = 0.00004
"""Seconds that the NAT needs for a packet."""


def segment(
    source: tuple[str, int], target: tuple[str, int], numbers: tuple[int, int], flags: int, data: bytes, ttl: int, ident: int
) -> bytes:
    """A TCP segment with an MSS when it is a SYN."""
    options = b"\x02\x04\x05\xb4" if flags & SYN else b""
    seq, ack = numbers
    head = struct.pack("!HHIIBBHHH", source[1], target[1], seq, ack, (20 + len(options)) << 2, flags, 64240, 0, 0)
    whole = head + options + data
    checksum = 0xFFFF - total(pseudo(source[0], target[0], TCP, len(whole)) + whole)
    whole = whole[:16] + struct.pack("!H", checksum) + whole[18:]
    return ip4(source[0], target[0], TCP, whole, ttl=ttl, ident=ident, flags=0x4000)


def connection() -> list[tuple[float, bool, int, int, int, bytes]]:
    """Seconds since the one before, whether the client sent it, bytes of either end before it, flags, data."""
    return [
        (0.0, True, 0, 0, SYN, b""),
        (0.02, False, 0, 1, SYN | ACK, b""),
        (0.001, True, 1, 1, ACK, b""),
        (0.001, True, 1, 1, PSH | ACK, GET),
        (0.02, False, 1, 1 + len(GET), PSH | ACK, RESPONSE),
        (0.001, True, 1 + len(GET), 1 + len(RESPONSE), FIN | ACK, b""),
        (0.02, False, 1 + len(RESPONSE), 2 + len(GET), FIN | ACK, b""),
        (0.001, True, 2 + len(GET), 2 + len(RESPONSE), ACK, b""),
    ]


def both_sides() -> None:
    """The same segments on both sides; a packet reaches the second capture point a little later than the first."""
    inside, outside = Capture("nat-inside"), Capture("nat-outside")
    clocks = [0.0, 0.0]
    now = 0.0
    for ident, (after, from_client, own, other, flags, data) in enumerate(connection(), start=900):
        now += after
        here, there = (CLIENT_ISN, SERVER_ISN) if from_client else (SERVER_ISN, CLIENT_ISN)
        numbers = (here + own, there + other if flags & ACK else 0)
        for side, (file, client) in enumerate(((inside, HOME), (outside, NAT))):
            first = (side == 0) == from_client
            ends = (client, SERVER) if from_client else (SERVER, client)
            ttl = (64 if from_client else 54) - (0 if first else 1)
            at = now if first else now + PASSING
            file.add(segment(*ends, numbers, flags, data, ttl, ident), at - clocks[side])
            clocks[side] = at
    inside.write()
    outside.write()


if __name__ == "__main__":
    both_sides()
