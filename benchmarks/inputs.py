"""The captures that the benchmarks read, made from nothing: ``python -m benchmarks.inputs FOLDER``.

``web.pcap``: browsers fetch a page, a logo, 2.4 MB of audio and an icon from a server (the shape of the first seed).
``small.pcap``: many connections exchange small requests and answers.
``short.pcap``: connections that open, ask, are answered and close.
``names.pcap``: a link where hosts look each other up: ARP, and DNS with aliases, IPv6 addresses and names that are not.

Lengths, numbers and checksums are right.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10
TCP, UDP = 6, 17
IPV4, ARP = b"\x08\x00", b"\x08\x06"
BROADCAST = b"\xff" * 6
MSS_OPTIONS = bytes.fromhex("020405b4") + bytes.fromhex("0402") + bytes.fromhex("01") + bytes.fromhex("030307")
PATTERN = bytes(range(256))
SEGMENT = 1448
"""Bytes of a body that a segment carries."""
JPEG = (
    bytes.fromhex("ffd8 ffe0 0010 4a464946 00 0101 00 0001 0001 0000 ffda 000c 03 0100 0211 0311 003f00"),
    bytes.fromhex("ffd9"),
)
"""How a picture begins (SOI, APP0, SOS) and ends (EOI)."""
EPHEMERAL = 49152
"""The first port for clients (RFC 6335); of the 7,000 from here, tshark gives none to a protocol."""

A, CNAME, SOA, AAAA = 1, 5, 6, 28


class Host:
    """One end: its address, its port and what it sends next."""

    def __init__(self, address: int, port: int = 0, number: int = 0) -> None:
        self.address, self.port, self.number = address, port, number
        self.mac = b"\x02\x00" + address.to_bytes(4, "big")


class Capture:
    """Writes Ethernet frames to a pcap file, 0.1 ms apart."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self._time = 1_700_000_000_000_000
        self.packets = 0

    def segment(self, sender: Host, receiver: Host, flags: int, data: bytes = b"", options: bytes = b"") -> None:
        """One TCP segment; numbers go on by themselves."""
        options += b"\x01" * (-len(options) % 4)
        header = struct.pack(
            ">HHIIBBH",
            sender.port,
            receiver.port,
            sender.number & 0xFFFFFFFF,
            receiver.number & 0xFFFFFFFF if flags & ACK else 0,
            (20 + len(options)) << 2,
            flags,
            65000,
        )
        sender.number += len(data) + (1 if flags & (SYN | FIN) else 0)
        self._packet(sender, receiver, TCP, header, b"\0\0" + options + data)

    def datagram(self, sender: Host, receiver: Host, data: bytes) -> None:
        """One UDP datagram."""
        self._packet(sender, receiver, UDP, struct.pack(">HHH", sender.port, receiver.port, 8 + len(data)), data)

    def arp(self, sender: Host, target: Host, *, reply: bool) -> None:
        """A request to all for the target's address, or the sender's reply to the target."""
        asked = target.mac if reply else bytes(6)
        header = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 2 if reply else 1)
        body = sender.mac + sender.address.to_bytes(4, "big") + asked + target.address.to_bytes(4, "big")
        self._frame((target.mac if reply else BROADCAST) + sender.mac + ARP + header + body)

    def _packet(self, sender: Host, receiver: Host, protocol: int, before: bytes, after: bytes) -> None:
        """An IPv4 packet; its payload's checksum stands between ``before`` and ``after``."""
        ends = struct.pack(">II", sender.address, receiver.address)
        size = len(before) + 2 + len(after)
        checksum = _checksum(ends + struct.pack(">HH", protocol, size) + before + after)
        if protocol == UDP:
            checksum = checksum or 0xFFFF  # 0 would mean that there is none
        start = struct.pack(">BBHHHBB", 0x45, 0, 20 + size, self.packets & 0xFFFF, 0x4000, 64, protocol)
        header = start + struct.pack(">H", _checksum(start + ends)) + ends
        ethernet = receiver.mac + sender.mac + IPV4
        self._frame(ethernet + header + before + struct.pack(">H", checksum) + after)

    def _frame(self, frame: bytes) -> None:
        self._time += 100
        self._file.write(struct.pack("<IIII", *divmod(self._time, 1_000_000), len(frame), len(frame)) + frame)
        self.packets += 1

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071): a sum in ones' complement is a remainder by 0xFFFF."""
    rest = int.from_bytes(data + b"\0" * (len(data) % 2), "big") % 0xFFFF
    return 0xFFFF - rest if rest else 0


def open_connection(capture: Capture, client: Host, server: Host) -> None:
    """Three segments."""
    capture.segment(client, server, SYN, options=MSS_OPTIONS)
    capture.segment(server, client, SYN | ACK, options=MSS_OPTIONS)
    capture.segment(client, server, ACK)


def close_connection(capture: Capture, client: Host, server: Host) -> None:
    """Four segments."""
    capture.segment(client, server, FIN | ACK)
    capture.segment(server, client, ACK)
    capture.segment(server, client, FIN | ACK)
    capture.segment(client, server, ACK)


def _segments(body: bytes) -> Iterator[bytes]:
    for begin in range(0, len(body), SEGMENT):
        yield body[begin : begin + SEGMENT]


def _filled(size: int, start: bytes = b"", end: bytes = b"") -> bytes:
    """A body of so many bytes that begins and ends as it should."""
    middle = size - len(start) - len(end)
    return start + (PATTERN * (middle // len(PATTERN) + 1))[:middle] + end


def _fetch(capture: Capture, client: Host, server: Host, path: str, kind: str, body: bytes) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: lab.test\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n".encode()
    capture.segment(client, server, PSH | ACK, request)
    head = f"HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    capture.segment(server, client, PSH | ACK, head)
    for count, piece in enumerate(_segments(body)):
        capture.segment(server, client, ACK, piece)
        if count % 8 == 7:
            capture.segment(client, server, ACK)
    capture.segment(client, server, ACK)


def write_web(path: Path, connections: int = 4) -> int:
    """Large bodies, 1,981 packets a connection; returns the number of packets."""
    capture = Capture(path)
    page, logo, audio, icon = _filled(2847), _filled(62_000, *JPEG), _filled(2_400_000), _filled(60_000)
    for index in range(connections):
        client, server = Host(0x0A000001, 50000 + index, 1_000_000 * index), Host(0x0A000002, 8000, 77 + index)
        open_connection(capture, client, server)
        _fetch(capture, client, server, "/", "text/html", page)
        _fetch(capture, client, server, "/static/img/logo.jpg", "image/jpeg", logo)
        _fetch(capture, client, server, "/static/audio/introduction.mp3", "audio/mpeg", audio)
        _fetch(capture, client, server, "/static/img/favicon.ico", "image/x-icon", icon)
        close_connection(capture, client, server)
    capture.close()
    return capture.packets


def write_small(path: Path, connections: int = 200, exchanges: int = 23) -> int:
    """Small packets, four an exchange and seven more a connection; returns their number."""
    capture = Capture(path)
    for index in range(connections):
        client, server = (
            Host(0x0A000001 + index % 50, 40000 + index % 20000, 1_000_000 * index),
            Host(0x0A000102, 9100, 5 + index),
        )
        open_connection(capture, client, server)
        for turn in range(exchanges):
            capture.segment(client, server, PSH | ACK, b"question %04d" % turn)
            capture.segment(server, client, ACK)
            capture.segment(server, client, PSH | ACK, b"answer %04d" % turn)
            capture.segment(client, server, ACK)
        close_connection(capture, client, server)
    capture.close()
    return capture.packets


def write_short(path: Path, connections: int = 10_000) -> int:
    """Connections of ten packets, each between other ends; returns the number of packets."""
    capture = Capture(path)
    for index in range(connections):
        client = Host(0x0A010000 + index % 499, EPHEMERAL + index % 7000, 7_000 * index)
        server = Host(0x0A000102, 9100, 5 + index)
        open_connection(capture, client, server)
        capture.segment(client, server, PSH | ACK, b"question %06d" % index)
        capture.segment(server, client, PSH | ACK, b"answer %06d" % index)
        capture.segment(client, server, ACK)
        close_connection(capture, client, server)
    capture.close()
    return capture.packets


def write_names(path: Path, lookups: int = 10_000) -> int:
    """Six packets a lookup: a host finds another by ARP, asks the name server for a name's IPv4 address, behind an
    alias, then for its IPv6 address, or for a name that is not. Returns the number of packets."""
    capture, resolver = Capture(path), Host(0x0A000035, 53)
    for index in range(lookups):
        client = Host(0x0A010000 + index % 499, EPHEMERAL + index % 7000)
        found = Host(0x0A020000 + index % 60000)
        capture.arp(client, found, reply=False)
        capture.arp(found, client, reply=True)
        name, alias = f"host-{index}.lab.test", f"www-{index}.lab.test"
        for kind in (A, AAAA):
            identifier = (2 * index + (kind == AAAA)) & 0xFFFF
            exists = index % 10 != 9
            capture.datagram(client, resolver, _dns(identifier, alias, kind))
            answers = [(alias, CNAME, _dns_name(name)), (name, kind, _dns_address(found, kind))] if exists else []
            capture.datagram(resolver, client, _dns(identifier, alias, kind, answers, exists=exists))
    capture.close()
    return capture.packets


def _dns(
    identifier: int, name: str, kind: int, answers: list[tuple[str, int, bytes]] | None = None, *, exists: bool = True
) -> bytes:
    """A message of RFC 1035: a query, or with ``answers`` (owner, type, data) the response to it."""
    flags = 0x0100 if answers is None else 0x8180 if exists else 0x8183
    authority = [] if answers is None or exists else [("lab.test", SOA, _SOA)]
    header = struct.pack(">HHHHHH", identifier, flags, 1, len(answers or ()), len(authority), 0)
    records = b"".join(
        _dns_name(owner) + struct.pack(">HHIH", type_, 1, 300, len(data)) + data
        for owner, type_, data in (*(answers or ()), *authority)
    )
    return header + _dns_name(name) + struct.pack(">HH", kind, 1) + records


def _dns_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split(".")) + b"\0"


def _dns_address(host: Host, kind: int) -> bytes:
    address = host.address.to_bytes(4, "big")
    return address if kind == A else bytes.fromhex("20010db8") + bytes(8) + address


_SOA = _dns_name("ns.lab.test") + _dns_name("admin.lab.test") + struct.pack(">IIIII", 1, 7200, 3600, 1_209_600, 300)

WRITERS = {"web": write_web, "small": write_small, "short": write_short, "names": write_names}
"""By a capture's name."""

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for kind, write in WRITERS.items():
        print(f"{kind}.pcap: {write(folder / f'{kind}.pcap')} packets")
