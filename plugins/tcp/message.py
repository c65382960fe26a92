"""Messages of an application on a TCP stream: which segments carried one (RFC 9293 §2.2: TCP itself knows bytes only).

Wireshark shows a message in the frame that completes it. Which frames came before is worked out from the stream's
positions, so that it does not depend on what the input tells of Wireshark's own reassembly, and needs one pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Explanation, Rule, Verdict

from .conversation import FIN, LATE, NEW, RESENT, SYN, Segment

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet

LISTED = 12
"""Frames of one message that are remembered by number; of more only the first, the last and how many."""

REASSEMBLED = Rule(
    "tcp.data.reassembled",
    "tcp",
    "chat",
    32,
    {
        "frames": Text(
            "Completes a message of {protocol}: {size:byte} in {count:segment} (frames {frames:frames}). Wireshark joins "
            "them and shows the message here, where it is complete.",
            "至此收齐一个 {protocol} 报文：共 {size} 字节，由 {count} 个 TCP 报文段（第 {frames:frames} 帧）承载。"
            "Wireshark 将其重组，并在收齐之处显示整个报文。",
        ),
        "many": Text(
            "Completes a message of {protocol}: {size:byte} in {count:segment} (frames {first} to {last}). Wireshark joins "
            "them and shows the message here, where it is complete.",
            "至此收齐一个 {protocol} 报文：共 {size} 字节，由 {count} 个 TCP 报文段（第 {first} 帧至第 {last} 帧）承载。"
            "Wireshark 将其重组，并在收齐之处显示整个报文。",
        ),
        "begins": Text(
            "Here begins a message of {protocol}: {size:byte} in {count:segment}. Wireshark shows it in frame {shown}, where "
            "it is complete.",
            "一个 {protocol} 报文从这里开始：共 {size} 字节，由 {count} 个 TCP 报文段承载；Wireshark 在收齐它的第 {shown} "
            "帧显示。",
        ),
    },
    ("RFC 9293 §3.7", "RFC 9293 §3.7.1"),
    Text("IP has fragmented the message.", "这是 IP 分片。"),
    Explanation(
        Text(
            "An application hands TCP a stream of bytes, and TCP cuts it into segments that fit the MSS. A message longer "
            "than that comes in several segments, each in an IP datagram of its own; the receiving application reads the "
            "stream and finds the message's end by its own rules (a length, an empty line, the end of the connection).",
            "应用程序交给 TCP 的是字节流，TCP 按 MSS 将其切成报文段。较长的应用层报文由若干报文段承载，每个报文段"
            "各在一个 IP 数据报中；接收方应用程序从字节流中按自己的规则（长度字段、空行或连接关闭）找到报文的结尾。",
        ),
        Text(
            "From tcp.seq and tcp.len of the segments since the message before ended in this direction; repeated bytes "
            "count once. The message's own length agrees with them where the protocol tells it.",
            "由该方向上前一报文结束之后各报文段的 tcp.seq 与 tcp.len 得出；重复的字节只计一次。若协议给出报文长度，"
            "则两者一致。",
        ),
        Text(
            "Fragmentation by IP would show in ip.flags.mf and ip.frag_offset: here each datagram is whole. A segment "
            "marked so that completes nothing would mean that the capture lacks bytes.",
            "IP 分片会体现在 ip.flags.mf 与 ip.frag_offset 上：这里每个数据报都是完整的。若始终收不齐报文，"
            "则说明捕获中缺少字节。",
        ),
    ),
)


class Span(msgspec.Struct, frozen=True):
    """Where a message lies on the stream, and what carried it."""

    start: int
    """Position of its first byte."""
    end: int
    """Position behind its last byte."""
    count: int
    """Segments that carried it."""
    first: int
    """Frame of the first of them."""
    last: int
    frames: tuple[int, ...]
    """All of them; empty when they are more than :data:`LISTED`."""
    first_time: int | None
    """ns since 1970."""
    first_seq: int
    """Sequence number of the first segment, as tshark shows it."""
    next_seq: int
    """Sequence number behind the last segment and its FIN, likewise."""
    shown: int
    """What to add to a position for the number that tshark shows."""
    exact: bool
    """The bytes on the stream and the lengths that the messages tell come out the same."""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start

    @property
    def wording(self) -> str:
        """How to tell its segments: ``one``, ``frames`` or ``many``."""
        return "one" if self.count == 1 else "frames" if self.frames else "many"

    def params(self) -> dict[str, Any]:
        """For the texts of rules."""
        return {
            "size": self.size,
            "count": self.count,
            "first": self.first,
            "last": self.last,
            "frames": self.frames,
            "first_byte": self.start + self.shown,
            "last_byte": self.end + self.shown - 1,
        }

    def evidence(self) -> tuple[Evidence, ...]:
        """Where it begins and ends."""
        return Evidence(self.first, "tcp.seq", self.first_seq), Evidence(self.last, "tcp.nxtseq", self.next_seq)


class Carrier:
    """One direction of a connection: the segments since the last message's end. Its size does not grow."""

    __slots__ = (
        "_at",
        "_begin",
        "_rare",
        "count",
        "end",
        "first",
        "first_time",
        "frames",
        "last",
        "missing",
        "shown",
        "start",
        "unsure",
    )

    def __init__(self) -> None:
        self.start: int | None = None
        """Position where the message begins that is not complete yet."""
        self.end = 0
        """Position behind the last byte seen."""
        self.shown = 0
        """What to add to a position for the number that tshark shows."""
        self.count = self.first = self.last = 0
        """Segments of that message, and frames of the first and the last."""
        self._begin = self._at = 0
        """Where the first and the last segment begin."""
        self._rare = True
        """Nothing was seen yet, or the stream has not reached the message's start."""
        self.frames: list[int] = []
        self.first_time: int | None = None
        self.missing = 0
        """Bytes of it that the capture does not have so far."""
        self.unsure = False
        """A message before was not as long as it said, so the next may begin elsewhere."""

    def observe(self, packet: Packet, segment: Segment) -> None:
        """Takes in a segment with payload. Runs for every one of them."""
        start = segment.start
        if self._rare or segment.kind is not NEW or start != self.end:
            if not self._observe_rare(segment):
                return
        else:
            self.end = start + segment.length
        self.last, self._at = packet.number, start
        self.count = count = self.count + 1
        if count <= LISTED:
            self.frames.append(packet.number)
            if count == 1:
                self.first, self.first_time, self._begin = packet.number, packet.time, start

    def _observe_rare(self, segment: Segment) -> bool:
        """For a segment that is not just the next: whether it carries something of the message."""
        if segment.kind is RESENT:
            return False
        start = segment.start + 1 if segment.flags & SYN else segment.start
        if segment.kind is LATE:
            self.missing = max(0, self.missing - segment.length)
        if self.start is None:
            self.start = start - segment.gap
            self.missing = segment.gap
            self.shown = segment.seq - segment.start
        else:
            self.missing += max(0, start - self.end)
        self.end = max(self.end, start + segment.length)
        self._rare = self.end < self.start
        return self.end > self.start

    @property
    def pending(self) -> int:
        """Bytes of messages that are not complete yet."""
        return self.end - self.start if self.start is not None else 0

    def take(self, packet: Packet, length: int | None, others: int | None = 0) -> Span | None:
        """The message that ``packet`` completes; what is behind it belongs to the next. None when bytes are missing.

        :param length: its bytes, None for all that there are
        :param others: bytes of the messages behind it that the packet completes as well; None when one does not tell
        """
        if self.start is None or not self.count or self.missing:
            self._restart(self.end, packet, carried=False)
            self.missing = 0
            return None
        end = self.end if length is None else self.start + length
        exact = others is not None and end + others == self.end and not (self.unsure and length is None)
        self.unsure = not exact
        segment = packet.segment
        fin = segment is not None and bool(segment.flags & FIN) and packet.number == self.last
        span = Span(
            self.start,
            end,
            self.count,
            self.first,
            self.last,
            tuple(self.frames) if self.count <= LISTED else (),
            self.first_time,
            self._begin + self.shown,
            self.end + self.shown + fin,
            self.shown,
            exact,
        )
        self._restart(end, packet, carried=end < self.end)
        return span

    def _restart(self, start: int, packet: Packet, *, carried: bool) -> None:
        """A message begins at ``start``, in this packet already if ``carried``."""
        self.start = start
        self._rare = start > self.end
        self.frames.clear()
        self.count = 0
        if carried:
            self.count, self.first, self.first_time, self.last = 1, packet.number, packet.time, packet.number
            self._begin = self._at
            self.frames.append(packet.number)


def reassembled(packet: Packet, span: Span, protocol: str) -> list[Verdict]:
    """That a message came in several segments: said where it is complete, and of the frame where it begins."""
    if span.count < 2:
        return []
    params = {**span.params(), "protocol": protocol, "shown": packet.number}
    evidence = span.evidence()
    return [
        Verdict(REASSEMBLED, packet.number, params, evidence, span.wording),
        Verdict(REASSEMBLED, span.first, params, evidence, "begins"),
    ]


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return [REASSEMBLED]
