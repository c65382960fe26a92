"""Writes the captures tcp-*.pcap beside this file: rare things that a lab seldom meets, byte by byte, and bundled
captures with some frames taken out (by editcap).

    python3 tests/data/built/make_tcp.py

Every frame is Ethernet, IPv4 and TCP with valid checksums. Sequence numbers in the scenes are relative, as tshark
shows them; on the wire the initial numbers of :data:`ISN` are added. The bytes are the same on every run.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

START = 1_700_000_000_000_000
"""Microseconds since 1970 of each capture's beginning."""
ISN = {"client": 1_000_000, "server": 5_000_000}
MSS, SACK_PERMITTED = bytes.fromhex("020405b4"), bytes.fromhex("04020101")
COOKIE = bytes.fromhex("220a00112233445566770101")
"""Fast Open cookie of 8 bytes, two NOPs."""
FLAGS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, "A": 0x10, "U": 0x20, "E": 0x40, "C": 0x80}


@dataclass
class Scene:
    """One capture in the making."""

    frames: list[tuple[int, bytes]] = field(default_factory=list)
    now: int = START

    def pair(self, port: int = 80, *, options: bytes = MSS) -> tuple[End, End]:
        """Client and server of a connection to ``port`` of 10.0.0.2."""
        client = End(self, "client", "10.0.0.1", 40000 + port, options, ttl=64)
        server = End(self, "server", "10.0.0.2", port, options, ttl=57)
        client.peer, server.peer = server, client
        return client, server

    def opened(self, port: int = 80, *, options: bytes = MSS) -> tuple[End, End]:
        """A connection with its handshake (three frames)."""
        client, server = self.pair(port, options=options)
        client.sends("S", 0)
        server.sends("SA", 0, 1, after=0.010)
        client.sends("A", 1, 1)
        return client, server


@dataclass
class End:
    """One end of a connection."""

    scene: Scene
    role: str
    address: str
    port: int
    options: bytes
    ttl: int
    peer: End | None = None
    identification: int = 100

    def sends(
        self,
        flags: str,
        seq: int,
        ack: int | None = None,
        size: int = 0,
        *,
        after: float = 0.001,
        window: int = 8000,
        options: bytes = b"",
        urgent: int = 0,
        raw_seq: int | None = None,
        ttl: int | None = None,
        identification: int | None = None,
        ecn: int = 0,
    ) -> None:
        """Adds a frame ``after`` seconds; ``seq`` and ``ack`` are relative, ``raw_seq`` replaces the sequence number;
        ``ecn`` are the two bits of the IP header."""
        assert self.peer is not None
        self.identification += 1
        if "S" in flags and not options:
            options = self.options
        number = ISN[self.role] + seq if raw_seq is None else raw_seq
        acknowledged = 0 if ack is None else ISN[self.peer.role] + ack
        bits = sum(FLAGS[letter] for letter in flags)
        header = struct.pack(
            "!HHIIBBHHH",
            self.port,
            self.peer.port,
            number,
            acknowledged,
            (5 + len(options) // 4) << 4,
            bits,
            window,
            0,
            urgent,
        )
        segment = header + options + bytes(ord("a") + at % 26 for at in range(size))
        source, destination = packed(self.address), packed(self.peer.address)
        pseudo = source + destination + struct.pack("!BBH", 0, 6, len(segment))
        segment = segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]
        identification = self.identification if identification is None else identification
        self.scene.now += round(after * 1_000_000)
        self.scene.frames.append(
            (self.scene.now, ethernet(source, destination, segment, ttl or self.ttl, identification, ecn))
        )


def packed(address: str) -> bytes:
    return bytes(int(part) for part in address.split("."))


def checksum(data: bytes) -> int:
    """RFC 1071."""
    padded = data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(source: bytes, destination: bytes, segment: bytes, ttl: int, identification: int, ecn: int) -> bytes:
    ip = struct.pack("!BBHHHBBH", 0x45, ecn, 20 + len(segment), identification, 0x4000, ttl, 6, 0) + source + destination
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    frame = b"\x02\0" + destination + b"\x02\0" + source + b"\x08\0" + ip + segment
    return frame.ljust(60, b"\0")


# -- the scenes -------------------------------------------------------------------------------------------------------


def scans(scene: Scene) -> None:
    """Segments with senseless flags, and what a host answers where nobody listens."""
    for port, flags, answered in ((22, "", False), (23, "", True), (24, "FPU", True), (25, "F", True)):
        scanner, host = scene.pair(port)
        scanner.sends(flags, 0)
        if answered:  # RFC 9293 §3.5.2, group 1: number 0, acknowledging what the segment takes
            host.sends("RA", 0, 1 if "F" in flags else 0, raw_seq=0, window=0)
    for port, flags in ((26, "SF"), (27, "SR"), (28, "FRA")):
        scanner, _ = scene.pair(port)
        scanner.sends(flags, 0, 0 if "A" in flags else None)
    scanner, host = scene.pair(29)
    scanner.sends("A", 0, 7)
    host.sends("R", 7, window=0)


def last_ack_lost(scene: Scene) -> None:
    """The passive closer never sees the last ACK and repeats its FIN."""
    client, server = scene.opened()
    client.sends("PA", 1, 1, 20)
    server.sends("PA", 1, 21, 100)
    client.sends("FA", 21, 101)
    server.sends("A", 101, 22)
    server.sends("FA", 101, 22, after=0.200)
    client.sends("A", 22, 102)
    server.sends("FA", 101, 22, after=0.250)
    client.sends("A", 22, 102)


def reset_after_fin(scene: Scene) -> None:
    """Connection 1: data comes after the program is gone. Connection 2: FIN, then RST without a cause in sight."""
    client, server = scene.opened()
    server.sends("FA", 1, 1, after=0.100)
    client.sends("A", 1, 2)
    client.sends("PA", 1, 2, 30, after=0.200)
    server.sends("R", 2, window=0)
    client, server = scene.opened(81)
    client.sends("PA", 1, 1, 30)
    server.sends("A", 1, 31)
    client.sends("FA", 31, 1)
    client.sends("RA", 32, 1, window=0, after=0.002)


def reset_from_between(scene: Scene) -> None:
    """An RST in the server's name with another TTL; the server itself goes on."""
    client, server = scene.opened()
    client.sends("PA", 1, 1, 60)
    server.sends("RA", 1, 61, window=0, ttl=250, identification=0)
    server.sends("PA", 1, 61, 500, after=0.010)
    client.sends("R", 61, window=0)


def resets_that_do_not_close(scene: Scene) -> None:
    """Connection 1: an RST with a wrong number is passed over, two right ones end it. Connection 2: RST without ACK
    in answer to a SYN, which the client drops."""
    client, server = scene.opened()
    server.sends("R", 3000, window=0)
    client.sends("PA", 1, 1, 10)
    server.sends("A", 1, 11)
    client.sends("RA", 11, 1, window=0)
    client.sends("RA", 11, 1, window=0)
    client, server = scene.pair(81)
    client.sends("S", 0)
    server.sends("R", 0, window=0)
    client.sends("S", 0, after=1.0)
    server.sends("SA", 0, 1)
    client.sends("A", 1, 1)
    client.sends("FA", 1, 1)
    server.sends("FA", 1, 2)
    client.sends("A", 2, 2)


def answer_to_an_old_syn(scene: Scene) -> None:
    """RFC 9293 §3.5, figure 8: the server answers an old SYN first; the client rejects that and repeats its own."""
    client, server = scene.pair()
    client.sends("S", 0)
    server.sends("SA", 0, -900)
    client.sends("R", -900, window=0)
    client.sends("S", 0, after=1.0)
    server.sends("SA", 300, 1)
    client.sends("A", 1, 301)
    client.sends("PA", 1, 301, 10)
    server.sends("A", 301, 11)


def handshake_ack_lost(scene: Scene) -> None:
    """The server never sees the third segment and repeats its SYN-ACK."""
    client, server = scene.opened()
    server.sends("SA", 0, 1, after=1.0)
    client.sends("A", 1, 1)


def fast_open(scene: Scene) -> None:
    """Connection 1: the server does not take the data of the SYN. Connection 2: it does, and answers at once."""
    client, server = scene.pair(options=MSS + COOKIE)
    client.sends("S", 0, size=20)
    server.sends("SA", 0, 1, options=MSS)
    client.sends("PA", 1, 1, 20)
    server.sends("A", 1, 21)
    client, server = scene.pair(81, options=MSS + COOKIE)
    client.sends("S", 0, size=20)
    server.sends("SA", 0, 21, options=MSS)
    server.sends("PA", 1, 21, 50)
    client.sends("A", 21, 51)


def resent(scene: Scene) -> None:
    """Retransmissions of each kind, one connection each; the comments name the first frame."""
    client, server = scene.opened()  # 1: acknowledged already, sent again
    client.sends("PA", 1, 1, 100)
    server.sends("A", 1, 101)
    client.sends("PA", 1, 1, 100, after=0.300)
    server.sends("A", 1, 101)
    client, server = scene.opened(81)  # 8: again with more behind it
    client.sends("PA", 1, 1, 100)
    client.sends("PA", 1, 1, 250, after=0.300)
    server.sends("A", 1, 251)
    client, server = scene.opened(82)  # 14: a gap that only a timer fills
    client.sends("A", 1001, 1, 500)
    client.sends("A", 1, 1, 1000, after=0.400)
    server.sends("A", 1, 1501)
    client, server = scene.opened(83)  # 20: overtaken, without timestamps
    client.sends("A", 1001, 1, 500, identification=302)
    client.sends("A", 1, 1, 1000, identification=301)
    server.sends("A", 1, 1501)
    client, server = scene.opened(84)  # 26: a probe of a single lost segment
    client.sends("PA", 1, 1, 100)
    client.sends("PA", 1, 1, 100, after=0.050)
    server.sends("A", 1, 101)


def repairs(scene: Scene) -> None:
    """Repairs of several segments, one connection each; the comments name the first frame."""
    client, server = scene.opened()  # 1: the fast retransmission is lost as well
    for first in range(1, 5001, 1000):
        client.sends("A", first, 1, 1000)
    for _ in range(3):
        server.sends("A", 1, 1)
    client.sends("A", 1, 1, 1000)
    client.sends("A", 1, 1, 1000, after=0.400)
    server.sends("A", 1, 5001)
    client, server = scene.pair(81)  # 15: a round trip of 0.3 s, two losses, no SACK
    client.sends("S", 0)
    server.sends("SA", 0, 1, after=0.300)
    client.sends("A", 1, 1)
    for first in range(1, 6001, 1000):
        client.sends("A", first, 1, 1000)
    for wait in (0.300, 0.001, 0.001, 0.001):
        server.sends("A", 1, 1, after=wait)
    client.sends("A", 1, 1, 1000)
    server.sends("A", 1, 2001, after=0.300)
    client.sends("A", 2001, 1, 1000)
    server.sends("A", 1, 6001, after=0.300)
    client, server = scene.opened(82)  # 32: a whole flight is lost
    for first in range(1, 4001, 1000):
        client.sends("A", first, 1, 1000)
    client.sends("A", 1, 1, 1000, after=0.300)
    server.sends("A", 1, 1001)
    client.sends("A", 1001, 1, 1000)
    client.sends("A", 2001, 1, 1000)
    server.sends("A", 1, 3001)
    client.sends("A", 3001, 1, 1000)
    server.sends("A", 1, 4001)


def windows(scene: Scene) -> None:
    """A window that closes, is probed with one byte, opens, and grows."""
    client, server = scene.opened()
    client.sends("PA", 1, 1, 1000)
    server.sends("A", 1, 1001, window=0)
    client.sends("A", 1001, 1, 1, after=0.300)
    server.sends("A", 1, 1001, window=0)
    server.sends("A", 1, 1001, window=2000, after=0.300)
    server.sends("A", 1, 1001, window=6000, after=0.100)
    client.sends("PA", 1001, 1, 200)
    server.sends("A", 1, 1201, window=5800)


def single_bytes(scene: Scene) -> None:
    """A program that sends each key by itself and gets it echoed; one key is lost behind the capture point."""
    client, server = scene.opened(options=MSS + SACK_PERMITTED)
    client.sends("PA", 1, 1, 1)
    server.sends("PA", 1, 2, 1)
    client.sends("A", 2, 2)
    client.sends("PA", 2, 2, 1, after=0.200)
    client.sends("PA", 3, 2, 1, after=0.100)
    server.sends("A", 2, 2, options=b"\x01\x01\x05\x0a" + struct.pack("!II", ISN["client"] + 3, ISN["client"] + 4))
    client.sends("PA", 2, 2, 1, after=0.300)
    server.sends("PA", 2, 4, 2)
    client.sends("A", 4, 4)


def timer_fills_the_gap(scene: Scene) -> None:
    """The first segment is lost before the capture point; one duplicate ACK does not bring it back, the timer does."""
    client, server = scene.opened()
    client.sends("PA", 1, 1, 20)
    server.sends("PA", 101, 21, 50, after=0.020)
    client.sends("A", 21, 1)
    server.sends("A", 1, 21, 100, after=0.400)
    client.sends("A", 21, 151)


def drawn_ids(scene: Scene) -> None:
    """A server that draws its ip.id; of two segments the first is overtaken by more than a round trip."""

    def timestamps(value: int) -> bytes:
        return b"\x01\x01\x08\x0a" + struct.pack("!II", value, 7)

    client, server = scene.opened(options=MSS + timestamps(1))
    client.sends("PA", 1, 1, 20, options=timestamps(2))
    server.sends("PA", 101, 21, 50, options=timestamps(50), identification=100)
    client.sends("A", 21, 1, options=timestamps(3))
    server.sends("A", 1, 21, 100, after=0.100, options=timestamps(40), identification=5000)
    client.sends("A", 21, 151, options=timestamps(4))


def answer_acknowledges_fin(scene: Scene) -> None:
    """A client that asks, closes its side at once, and gets its answer: that acknowledges the FIN, or data and FIN."""
    for port, before in ((80, True), (81, False)):
        client, server = scene.opened(port)
        client.sends("FPA", 1, 1, 20)
        if before:
            server.sends("A", 1, 21)
        server.sends("PA", 1, 22, 50)
        client.sends("A", 22, 51)
        server.sends("FA", 51, 22)
        client.sends("A", 22, 52)


def sack_declined(scene: Scene) -> None:
    """A client that permits selective acknowledgments, a server that does not."""
    client, server = scene.pair(options=MSS + SACK_PERMITTED)
    client.sends("S", 0)
    server.sends("SA", 0, 1, options=MSS)
    client.sends("A", 1, 1)
    client.sends("PA", 1, 1, 100)
    server.sends("A", 1, 101)


def lost_twice(scene: Scene) -> None:
    """A segment is lost, three duplicate ACKs bring it again, and this copy is lost as well: only the timer is left."""
    client, server = scene.opened()
    for start in (1, 1001, 2001, 3001):
        client.sends("A", start, 1, 1000)
    for _ in range(3):
        server.sends("A", 1, 1)
    client.sends("A", 1, 1, 1000)
    client.sends("A", 1, 1, 1000, after=0.400)
    server.sends("A", 1, 4001, after=0.010)


def marked_twice(scene: Scene) -> None:
    """A router marks two segments of a connection that uses ECN; in between the sender has slowed down."""
    client, server = scene.pair()
    client.sends("SEC", 0)
    server.sends("SAE", 0, 1, after=0.010)
    client.sends("A", 1, 1)
    client.sends("A", 1, 1, 1000, ecn=3)
    server.sends("AE", 1, 1001, after=0.010)
    client.sends("AC", 1001, 1, 1000, ecn=2)
    server.sends("A", 1, 2001, after=0.010)
    client.sends("A", 2001, 1, 1000, ecn=3)
    server.sends("AE", 1, 3001, after=0.010)


def overtaken_fin(scene: Scene) -> None:
    """The client's FIN left before the ACK that passes the capture point ahead of it."""
    client, server = scene.opened()
    client.sends("PA", 1, 1, 20)
    server.sends("PA", 1, 21, 100)
    client.sends("A", 21, 101)
    client.sends("FA", 21, 1)
    server.sends("A", 101, 22)


def answered_in_one_segment(scene: Scene) -> None:
    """The server's only segment with data acknowledges the request, answers it and closes."""
    client, server = scene.opened()
    client.sends("PA", 1, 1, 20)
    server.sends("FPA", 1, 21, 100)
    client.sends("A", 21, 102)
    client.sends("FA", 21, 102)
    server.sends("A", 102, 22)


SCENES: dict[str, Callable[[Scene], None]] = {
    "tcp-scans": scans,
    "tcp-last-ack-lost": last_ack_lost,
    "tcp-reset-after-fin": reset_after_fin,
    "tcp-reset-from-between": reset_from_between,
    "tcp-resets-that-do-not-close": resets_that_do_not_close,
    "tcp-answer-to-an-old-syn": answer_to_an_old_syn,
    "tcp-handshake-ack-lost": handshake_ack_lost,
    "tcp-fast-open-two-ways": fast_open,
    "tcp-resent": resent,
    "tcp-repairs": repairs,
    "tcp-windows": windows,
    "tcp-single-bytes": single_bytes,
    "tcp-timer-fills-the-gap": timer_fills_the_gap,
    "tcp-drawn-ids": drawn_ids,
    "tcp-answer-acknowledges-fin": answer_acknowledges_fin,
    "tcp-sack-declined": sack_declined,
    "tcp-lost-twice": lost_twice,
    "tcp-marked-twice": marked_twice,
    "tcp-overtaken-fin": overtaken_fin,
    "tcp-answered-in-one-segment": answered_in_one_segment,
}


CUTS = {
    "tcp-missed-by-the-capture": ("http-post-expect", "8"),
    "tcp-lost-before-the-capture": ("tcp-fast-retransmit-classic", "10"),
    "tcp-ack-without-its-data": ("tcp-four-way-close", "4"),
    "tcp-syn-missed": ("tcp-four-way-close", "1"),
    "tcp-cut-before-the-last-ack": ("tcp-four-way-close", "13"),
    "tcp-mark-missed": ("tcp-ecn", "10"),
    "tcp-data-missed-before-the-fin": ("tcp-half-close", "4"),
    "tcp-starts-with-an-ack": ("tcp-four-way-close", "1-4"),
    "tcp-server-side-only": ("tcp-four-way-close", "1 3 4 7 8 10 13"),
    "tcp-one-syn": ("tcp-syn-no-answer", "2-4"),
}
"""What a worse capture of the same packets would have been: the frames that editcap takes out."""


def capture(scene: Scene) -> bytes:
    """A pcap file, little-endian, microseconds, Ethernet."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for time, frame in scene.frames:
        parts.append(struct.pack("<IIII", *divmod(time, 1_000_000), len(frame), len(frame)) + frame)
    return b"".join(parts)


def built(name: str) -> bytes:
    """The capture of a scene."""
    scene = Scene()
    SCENES[name](scene)
    return capture(scene)


if __name__ == "__main__":
    for name in SCENES:
        Path(__file__).with_name(f"{name}.pcap").write_bytes(built(name))
    for name, (whole, frames) in CUTS.items():
        source = Path(__file__).parent.parent / "captures" / f"{whole}.pcapng"
        target = Path(__file__).with_name(f"{name}.pcap")
        subprocess.run(["editcap", "-F", "pcap", str(source), str(target), *frames.split()], check=True)
