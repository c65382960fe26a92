"""Writes captures for the examples that no network makes on demand, and beside those of labchat the messages in them.

    python3 -m tests.data.examples.make_captures

NAME.jsonl has the messages that a reader of the capture can get, in the form of labchat_peer.py's log. The bytes are the
same on every run.
"""

from __future__ import annotations

import json
from pathlib import Path

from labdissect.testing import Frame, tcp, udp, write_pcap

HERE = Path(__file__).parent
CLIENT, SERVER = ("10.9.0.1", 40001), ("10.9.0.2", 9001)
SERVER_ISN = 5000
JOIN, TEXT, LEAVE = 1, 2, 3


def message(kind: int, name: str, text: str = "") -> bytes:
    """One message of labchat (labchat §1)."""
    body = bytes([kind, len(name.encode())]) + name.encode() + text.encode()
    return len(body).to_bytes(2, "big") + body


class Chat:
    """A connection whose client speaks."""

    def __init__(self, name: str, isn: int = 1000) -> None:
        self.name = name
        self.isn = isn
        """The client's initial sequence number."""
        self.frames: list[Frame] = []
        self.segment("S", -1)
        self.answer("SA", -1, 0)
        self.segment("A", 0)

    def say(self, at: int, data: bytes, acknowledged: int | None = None) -> None:
        """The client's bytes from ``at`` on, and the server's ACK up to ``acknowledged``."""
        self.segment("PA", at, data)
        if acknowledged is not None:
            self.answer("A", 0, acknowledged)

    def segment(self, flags: str, at: int, data: bytes = b"", acknowledged: int = 0) -> None:
        """A segment of the client's; ``at`` counts from its first byte of data."""
        ack = SERVER_ISN + 1 + acknowledged if "A" in flags else 0
        ends = {"src": CLIENT[0], "sport": CLIENT[1], "dst": SERVER[0], "dport": SERVER[1]}
        self.frames.append(tcp(data, seq=self.isn + 1 + at, ack=ack, flags=flags, **ends))

    def answer(self, flags: str, at: int, acknowledged: int) -> None:
        """A segment of the server's."""
        ends = {"src": SERVER[0], "sport": SERVER[1], "dst": CLIENT[0], "dport": CLIENT[1]}
        self.frames.append(tcp(seq=SERVER_ISN + 1 + at, ack=self.isn + 1 + acknowledged, flags=flags, **ends))

    def goodbye(self, at: int) -> None:
        """Both sides close."""
        self.segment("FA", at)
        self.answer("FA", 0, at + 1)
        self.segment("A", at + 1, acknowledged=1)

    def write(self, expected: list[bytes]) -> None:
        """Writes the capture and the messages that can be read from it."""
        write_pcap(HERE / f"{self.name}.pcap", self.frames)
        lines = []
        for one in expected:
            size = one[3]
            said = {"kind": one[2], "name": one[4 : 4 + size].decode(), "text": one[4 + size :].decode()}
            lines.append(json.dumps({"from": CLIENT, "to": SERVER, **said}, ensure_ascii=False) + "\n")
        (HERE / f"{self.name}.jsonl").write_text("".join(lines), encoding="utf-8")


def spoken(count: int, name: str = "Ana") -> list[bytes]:
    """A join, so many lines, a leave."""
    lines = [message(TEXT, name, f"line {number} " + "·" * number) for number in range(1, count + 1)]
    return [message(JOIN, name), *lines, message(LEAVE, name)]


def starts(messages: list[bytes]) -> list[int]:
    """Where each message begins, and where the last one ends."""
    return [sum(map(len, messages[:number])) for number in range(len(messages) + 1)]


def overlaps() -> None:
    """Segments that repeat a part of what came, or reach over it on one side or on both."""
    messages = spoken(8)
    stream = b"".join(messages)
    chat = Chat("labchat-overlaps")
    for start, end in (
        (0, 20),
        (10, 40),  # its beginning is known
        (0, 40),  # nothing new
        (60, 80),  # a gap before it
        (50, 90),  # around what waits
        (30, 55),  # fills the gap, both ends known
        (85, 130),
        (120, 121),
        (140, 150),  # waits
        (145, 160),  # overlaps what waits
        (128, 142),  # fills
        (100, len(stream)),
    ):
        chat.say(start, stream[start:end])
    chat.answer("A", 0, len(stream))
    chat.goodbye(len(stream))
    chat.write(messages)


def gap() -> None:
    """The capture missed a segment that the server got; the next one begins with a message."""
    messages = spoken(6)
    at = starts(messages)
    chat = Chat("labchat-gap")
    for number, one in enumerate(messages):
        if number != 3:
            chat.say(at[number], one, at[number + 1])
        else:
            chat.answer("A", 0, at[number + 1])  # not captured, though acknowledged
    chat.goodbye(at[-1])
    chat.write([*messages[:3], *messages[4:]])


def open_gap() -> None:
    """A segment is lost, and the capture ends before it is sent again."""
    messages = spoken(4)
    at = starts(messages)
    chat = Chat("labchat-open-gap")
    for number in (0, 1, 2, 4, 5):
        chat.say(at[number], messages[number], at[min(number + 1, 3)])
    chat.write(messages[:3])


def wrap() -> None:
    """Sequence numbers pass 2^32 in the middle of a message; around it a segment comes early and one comes twice."""
    messages = spoken(10)
    stream = b"".join(messages)
    cuts = [0, 30, 60, 75, 120, 150, 151, 200, len(stream)]
    chat = Chat("labchat-wrap", isn=2**32 - 70)
    for number in (0, 1, 3, 2, 1, 4, 6, 5, 7):
        chat.say(cuts[number], stream[cuts[number] : cuts[number + 1]])
    chat.answer("A", 0, len(stream))
    chat.goodbye(len(stream))
    chat.write(messages)


def many() -> None:
    """Several messages in one segment, one message byte by byte, one whose end shares a segment with the next."""
    messages = spoken(6)
    at, stream = starts(messages), b"".join(messages)
    chat = Chat("labchat-many")
    chat.say(0, stream[: at[4]], at[4])
    for position in range(at[4], at[5]):
        chat.say(position, stream[position : position + 1])
    chat.say(at[5], stream[at[5] : at[6] + 1])
    chat.say(at[6] + 1, stream[at[6] + 1 :], len(stream))
    chat.goodbye(len(stream))
    chat.write(messages)


def hostile() -> None:
    """Text before the join, a kind that there is not, text that acts on terminals, lengths and letters that are wrong."""
    good = [
        message(TEXT, "Eve", "hello?"),
        message(JOIN, "Eve"),
        message(9, "Eve"),
        message(TEXT, "\x1b[31mEve\u202e", '=cmd|"/c calc"!A1\r\n<script>alert(1)</script>'),
        message(TEXT, "", ""),
        message(LEAVE, "Eve"),
    ]
    not_utf8 = b"\x00\x06\x02\x02\xff\xfehi"
    name_too_long = b"\x00\x06\x02\xc8Eve!"
    too_short = b"\x00\x01\x02"
    stream = [*good[:4], not_utf8, name_too_long, too_short, *good[4:]]
    at = starts(stream)
    chat = Chat("labchat-hostile")
    for number, one in enumerate(stream):
        chat.say(at[number], one, at[number + 1])
    chat.goodbye(at[-1])
    chat.write(good)


def beacon(count: int, uptime: int, *, device: int = 1, name: str = "脉冲计", version: int = 1) -> bytes:
    """One beacon of labbeacon."""
    called = name.encode()
    fixed = b"LABB" + bytes([version, 0]) + (500).to_bytes(2, "big") + count.to_bytes(4, "big")
    return fixed + uptime.to_bytes(4, "big") + device.to_bytes(3, "big") + bytes([len(called)]) + called


def beacons() -> None:
    """Two devices on two ports: one misses a beacon, the other starts anew."""

    def sent(port: int, payload: bytes, time: float) -> Frame:
        return udp(payload, src=f"10.9.0.{port % 10}", sport=port, dst="10.9.0.255", dport=port, time=time)

    frames = [
        sent(31001, beacon(7, 3), 0.0),
        sent(47002, beacon(90, 45, device=2, name="scope"), 0.1),
        sent(31001, beacon(8, 4), 0.5),
        sent(47002, beacon(91, 45, device=2, name="scope"), 0.6),
        sent(31001, beacon(10, 5), 1.5),
        sent(47002, beacon(0, 0, device=2, name="scope"), 2.4),
    ]
    write_pcap(HERE / "labbeacon.pcap", frames)


def no_beacons() -> None:
    """Payloads that are none, however close they come."""
    right = beacon(1, 1)
    payloads = (b"LAB", b"LABB", right[:-1], right + b"\0", b"\0" + right, beacon(1, 1, version=2), right.lower())
    frames = [udp(payload, sport=31001, dport=31001, dst="10.9.0.255") for payload in payloads]
    write_pcap(HERE / "labbeacon-none.pcap", frames)


if __name__ == "__main__":
    for make in (overlaps, gap, open_gap, wrap, many, hostile, beacons, no_beacons):
        make()
