"""The captures that the benchmarks read, made from nothing: ``python -m benchmarks.inputs FOLDER``.

``web.pcap``: browsers fetch a page, a logo, 2.4 MB of audio and an icon from a server (the shape of the first seed).
``small.pcap``: many connections exchange small requests and answers.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10
MSS_OPTIONS = bytes.fromhex("020405b4") + bytes.fromhex("0402") + bytes.fromhex("01") + bytes.fromhex("030307")
PAYLOAD = bytes(range(256)) * 6


class Host:
    """One end: its address and what it sends next."""

    def __init__(self, address: int, port: int, number: int) -> None:
        self.address, self.port, self.number = address, port, number


class Capture:
    """Writes Ethernet frames to a pcap file, 0.1 ms apart."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self._time = 1_700_000_000_000_000
        self.packets = 0

    def segment(self, sender: Host, receiver: Host, flags: int, data: bytes = b"", options: bytes = b"") -> None:
        """One TCP segment with right lengths and checksums of zero cost: tshark does not check them by default."""
        options += b"\x01" * (-len(options) % 4)
        header = struct.pack(
            ">HHIIBBHHH",
            sender.port,
            receiver.port,
            sender.number & 0xFFFFFFFF,
            receiver.number & 0xFFFFFFFF if flags & ACK else 0,
            (20 + len(options)) << 2,
            flags,
            65000,
            0,
            0,
        )
        sender.number += len(data) + (1 if flags & (SYN | FIN) else 0)
        segment = header + options + data
        length = 20 + len(segment)
        ip = struct.pack(
            ">BBHHHBBHII", 0x45, 0, length, self.packets & 0xFFFF, 0x4000, 64, 6, 0, sender.address, receiver.address
        )
        frame = b"\x02\0\0\0\0\x0b\x02\0\0\0\0\x0a\x08\0" + ip + segment
        self._time += 100
        self._file.write(struct.pack("<IIII", *divmod(self._time, 1_000_000), len(frame), len(frame)) + frame)
        self.packets += 1

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


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


def _body(size: int) -> Iterator[bytes]:
    while size > 0:
        yield PAYLOAD[: min(1448, size)]
        size -= 1448


def _fetch(capture: Capture, client: Host, server: Host, path: str, kind: str, size: int) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: lab.test\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n".encode()
    capture.segment(client, server, PSH | ACK, request)
    head = f"HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n".encode()
    capture.segment(server, client, PSH | ACK, head)
    for count, piece in enumerate(_body(size)):
        capture.segment(server, client, ACK, piece)
        if count % 8 == 7:
            capture.segment(client, server, ACK)
    capture.segment(client, server, ACK)


def write_web(path: Path, connections: int = 4) -> int:
    """Large bodies; returns the number of packets."""
    capture = Capture(path)
    for index in range(connections):
        client, server = Host(0x0A000001, 50000 + index, 1_000_000 * index), Host(0x0A000002, 8000, 77 + index)
        open_connection(capture, client, server)
        _fetch(capture, client, server, "/", "text/html", 2847)
        _fetch(capture, client, server, "/static/img/logo.jpg", "image/jpeg", 62_000)
        _fetch(capture, client, server, "/static/audio/introduction.mp3", "audio/mpeg", 2_400_000)
        _fetch(capture, client, server, "/static/img/favicon.ico", "image/x-icon", 60_000)
        close_connection(capture, client, server)
    capture.close()
    return capture.packets


def write_small(path: Path, connections: int = 200, exchanges: int = 23) -> int:
    """Small packets; returns their number."""
    capture = Capture(path)
    for index in range(connections):
        client, server = (
            Host(0x0A000001 + index % 50, 40000 + index, 1_000_000 * index),
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


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    print(f"web.pcap: {write_web(folder / 'web.pcap')} packets")
    print(f"small.pcap: {write_small(folder / 'small.pcap')} packets")
