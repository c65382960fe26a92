"""Captures made for the tests: whatever has to stay together, interleaved."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from labdissect.testing import Frame, ip, tcp_connection, udp

GRE, IPIP, ICMP = 47, 4, 1
IP_HEADER = 20


def dns(number: int, *, answer: bool, client: str = "10.0.0.1") -> Frame:
    """A query, or its answer."""
    flags = 0x8180 if answer else 0x0100
    message = struct.pack(">HHHHHH", number, flags, 1, 1 if answer else 0, 0, 0)
    message += b"\3lab\4test\0" + struct.pack(">HH", 1, 1)
    if not answer:
        return udp(message, sport=20000 + number, dport=53, src=client, dst="10.0.0.53")
    message += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes((10, 0, 0, number % 256))
    return udp(message, sport=53, dport=20000 + number, src="10.0.0.53", dst=client)


def connection(number: int, *, server: str = "10.0.1.1", data: bytes = b"x" * 40) -> list[Frame]:
    """A TCP connection of its own port."""
    return list(
        tcp_connection(
            [("client", b"ask %04d" % number + data), ("server", b"told" + data)],
            sport=30000 + number,
            dport=9100,
            src="10.0.0.1",
            dst=server,
        )
    )


def packet(frame: Frame) -> bytes:
    """What an Ethernet frame carries."""
    return frame.data[14:]


def fragments(frame: Frame, size: int = 400) -> list[Frame]:
    """An IPv4 packet in pieces."""
    whole = packet(frame)
    source, target = (".".join(str(part) for part in whole[at : at + 4]) for at in (12, 16))
    data = whole[IP_HEADER:]
    return [
        ip(
            data[at : at + size],
            proto=whole[9],
            src=source,
            dst=target,
            id=77,
            frag_offset=at,
            flags_df=False,
            flags_mf=at + size < len(data),
        )
        for at in range(0, len(data), size)
    ]


def unreachable(frame: Frame, router: str = "10.9.9.9") -> Frame:
    """What a router says of a packet that it cannot deliver."""
    quoted = packet(frame)[: IP_HEADER + 8]
    source = ".".join(str(part) for part in quoted[12:16])
    return ip(b"\3\1" + bytes(6) + quoted, proto=ICMP, src=router, dst=source)


def echoes(number: int, count: int = 3) -> list[Frame]:
    """Pings and their answers."""
    made = []
    for sequence in range(count):
        for kind, source, target in ((8, "10.0.0.1", "10.0.2.1"), (0, "10.0.2.1", "10.0.0.1")):
            made.append(
                ip(struct.pack(">BBHHH", kind, 0, 0, number, sequence) + b"ping", proto=ICMP, src=source, dst=target)
            )
    return made


def in_ip(frame: Frame) -> Frame:
    """IP in IP."""
    return ip(packet(frame), proto=IPIP, src="192.0.2.1", dst="192.0.2.2")


def in_gre(frame: Frame) -> Frame:
    """Generic routing encapsulation."""
    return ip(b"\0\0\x08\0" + packet(frame), proto=GRE, src="192.0.2.3", dst="192.0.2.4")


def in_vxlan(frame: Frame) -> Frame:
    """An Ethernet frame in UDP."""
    return udp(b"\x08\0\0\0\0\0\7\0" + frame.data, sport=50000, dport=4789, src="192.0.2.5", dst="192.0.2.6")


def interleaved(flows: Iterable[Sequence[Frame]]) -> list[Frame]:
    """A packet of each in turn."""
    return [frame for row in zip_longest(*flows) for frame in row if frame is not None]


def mixture() -> list[Frame]:
    """Connections, of which some go through tunnels too or have fragments and errors, and much else."""
    plain = [connection(number) for number in range(8)]
    tunnelled = [
        [made(frame) for frame in connection(20 + number, server="10.0.3.1")]
        for number, made in enumerate((in_ip, in_gre, in_vxlan))
    ]
    beside = [connection(20 + number, server="10.0.3.1")[:3] for number in range(2)]  # the same, outside the tunnel
    big = [udp(b"n" * 1200, sport=7000 + number, dport=53, dst="10.0.4.1") for number in range(3)]
    pieces = [piece for whole in big for piece in fragments(whole)]
    errors = [unreachable(frame) for frame in (plain[0][3], plain[5][4], connection(90)[0])]
    lookups = [frame for number in range(6) for frame in (dns(number, answer=False), dns(number, answer=True))]
    others = [udp(b"hello", sport=5000, dport=9000 + number, dst="10.0.5.1") for number in range(4)]
    multicast = [udp(b"hello", sport=5353, dport=5353, dst="224.0.0.251")] * 2
    return interleaved([*plain, *tunnelled, *beside, pieces, errors, lookups, echoes(1), echoes(2), others, multicast])


def pcap(packets: Sequence[bytes], order: str = "<", *, link: int = 1, nanoseconds: bool = False) -> bytes:
    """A pcap file."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    made = [struct.pack(f"{order}LHHlLLL", magic, 2, 4, 0, 0, 262144, link)]
    for number, data in enumerate(packets):
        made.append(struct.pack(f"{order}LLLL", 1_700_000_000, number, len(data), len(data)) + data)
    return b"".join(made)


def block(order: str, kind: int, body: bytes) -> bytes:
    """A block of pcapng."""
    size = 12 + len(body)
    return struct.pack(f"{order}LL", kind, size) + body + struct.pack(f"{order}L", size)


def pcapng(packets: Sequence[bytes], order: str = "<", *, links: Sequence[int] = (1,), names_every: int = 0) -> bytes:
    """A pcapng file whose packets come from its interfaces in turn.

    :param names_every: puts a block of names behind each so many packets
    """
    made = [block(order, 0x0A0D0D0A, struct.pack(f"{order}LHHq", 0x1A2B3C4D, 1, 0, -1))]
    made += [block(order, 1, struct.pack(f"{order}HHL", link, 0, 0)) for link in links]
    for number, data in enumerate(packets):
        header = struct.pack(f"{order}LLLLL", number % len(links), 395_000, number, len(data), len(data))
        made.append(block(order, 6, header + data + bytes(-len(data) % 4)))
        if names_every and number % names_every == 0:
            made.append(block(order, 4, bytes(4)))
    return b"".join(made)
