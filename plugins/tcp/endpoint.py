"""One end of a TCP connection, as far as the capture shows it."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import deque

import msgspec

from labdissect.plugins.rule import Evidence

OUTSTANDING_LIMIT = 4096
"""Segments of one direction that may wait for their acknowledgment in memory; the oldest go first."""
HOLES_LIMIT = 64
"""Gaps in one direction's bytes that are remembered; the oldest go first."""

TOO_LARGE_LIMIT = 64
"""ICMP errors about too large packets of one end that are remembered; the oldest go first."""
ROUNDS_LIMIT = 16
"""Rounds of one direction that are measured, from the first on."""
NEVER = sys.maxsize
"""A position that no acknowledgment passes."""

MODULUS = 0x1_0000_0000
HALF = 0x8000_0000


class Sent(msgspec.Struct, gc=False):
    """A segment that took sequence numbers. Positions count from the ISN and do not wrap."""

    start: int
    end: int
    frame: int
    time: int | None
    copies: int
    """How often these bytes were sent again."""
    newest_copy: int | None = None
    """The frame in which they were sent last."""


class IcmpError(msgspec.Struct, frozen=True, gc=False):
    """An ICMP error that quoted a packet of a connection."""

    frame: int
    protocol: str
    """``icmp`` or ``icmpv6``."""
    type: int | None
    code: int | None

    @property
    def reason(self) -> str:
        """For the texts of rules."""
        return f"type {self.type}, code {self.code}"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What the error says."""
        return (
            Evidence(self.frame, f"{self.protocol}.type", self.type),
            Evidence(self.frame, f"{self.protocol}.code", self.code),
        )

    @property
    def is_too_large(self) -> bool:
        """Whether the packet was too large for the path (RFC 792, RFC 4443 §3.2)."""
        return (self.protocol, self.type, self.code) in (("icmp", 3, 4), ("icmpv6", 2, 0))


class Overtaker(msgspec.Struct, frozen=True):
    """A segment that came before others with lower numbers, or that brought bytes again: what tells which of two was
    sent first."""

    frame: int
    time: int | None
    tsval: int | None
    ip_id: int | None


class Round(msgspec.Struct, frozen=True, gc=False):
    """What was newly sent within one round trip."""

    length: int
    """Bytes of payload."""
    acked_frame: int
    """The acknowledgment that ended it, the first of something in it."""
    ack: int | None
    """Its number as tshark shows it."""


class Endpoint:
    """What one end has sent. Positions are distances from the first sequence number seen (the ISN when the SYN was):
    they grow past 2**32, so they can be compared."""

    __slots__ = (
        "ack_frame",
        "ack_position",
        "ack_time",
        "acks",
        "address",
        "bytes",
        "closed_window_frame",
        "data_acked_time",
        "deviation_rtt",
        "dropped",
        "duplicate_acks",
        "duplicate_to_answer",
        "echo_frame",
        "echoes_since",
        "estimated_rtt",
        "filled_window",
        "fin_acked_unshown",
        "fin_copies",
        "fin_frame",
        "fin_length",
        "fin_position",
        "fin_received_unshown",
        "fin_shown",
        "fin_time",
        "first_data",
        "first_frame",
        "first_raw",
        "holes",
        "isn",
        "largest_window",
        "last_data_frame",
        "last_fin_frame",
        "last_fin_time",
        "last_frame",
        "last_syn_frame",
        "last_syn_time",
        "last_time",
        "marked_frame",
        "mss",
        "options",
        "outstanding",
        "overtakers",
        "packets",
        "peer_acked",
        "peer_acked_frame",
        "port",
        "position",
        "probe_frame",
        "pushed",
        "quickest_answer",
        "raw",
        "retransmissions",
        "round_start",
        "rounds",
        "rst_frame",
        "sacked",
        "sent_data",
        "shift",
        "smallest_window",
        "state",
        "syn_copies",
        "syn_frame",
        "syn_time",
        "too_large",
        "ttl",
        "uncertain",
        "window",
        "window_scaled",
    )

    def __init__(self, address: str, port: int) -> None:
        self.address = address
        self.port = port
        self.state = "?"
        """RFC 9293 §3.3.2, in its spelling; ``?`` when it cannot be inferred. As columns show it."""
        self.fin_received_unshown = False
        """The peer's FIN has passed, but this end has sent nothing yet that shows it."""
        self.fin_acked_unshown = False
        """This end's FIN was acknowledged by a packet that it must still answer."""
        self.uncertain = False
        """Bytes of this end were acknowledged that the capture never saw: a FIN may be among them."""
        self.packets = 0
        self.bytes = 0
        """Payload sent, repeated bytes counted once."""
        self.retransmissions = 0
        self.isn: int | None = None
        """Raw number of its SYN."""
        self.syn_frame: int | None = None
        self.syn_time: int | None = None
        self.syn_copies = 0
        self.last_syn_frame: int | None = None
        """Its newest SYN."""
        self.last_syn_time: int | None = None
        self.first_raw: int | None = None
        """Raw number at position 0."""
        self.raw = 0
        """Raw number of the next new byte."""
        self.position = 0
        """Position of the next new byte."""
        self.outstanding: deque[Sent] = deque(maxlen=OUTSTANDING_LIMIT)
        self.holes: list[tuple[int, int]] = []
        self.overtakers: dict[int, Overtaker] = {}
        """By the position where a hole begins: the segment that came before its turn."""
        self.duplicate_acks = 0
        """Duplicate ACKs (RFC 5681 §2) that it has sent since it last acknowledged something new."""
        self.sacked: tuple[tuple[int, int], ...] = ()
        """SACK blocks that it sent last, as positions of the peer's."""
        self.duplicate_to_answer = False
        """The peer's last segment was a copy of what this end had acknowledged: its next ACK answers that."""
        self.closed_window_frame: int | None = None
        """Frame in which it announced window 0, while the window is closed."""
        self.window_scaled = False
        """Its window is known in bytes: tshark knows the scale, or that there is none."""
        self.probe_frame: int | None = None
        """Its newest zero-window probe."""
        self.marked_frame: int | None = None
        """Its newest packet that a router marked (ECN)."""
        self.echo_frame: int | None = None
        """Its newest packet with ECE."""
        self.echoes_since: int | None = None
        """The first of its packets with ECE that no CWR has answered."""
        self.filled_window = False
        """It has used up the other end's window before."""
        self.pushed = False
        """It has set PSH before."""
        self.estimated_rtt: float | None = None
        """Seconds; of its data, RFC 6298's SRTT."""
        self.deviation_rtt = 0.0
        """Seconds; RFC 6298's RTTVAR."""
        self.too_large: tuple[tuple[IcmpError, int | None], ...] = ()
        """ICMP errors about packets of this end that were too large for the path, and the frame that each quotes, where
        that is certain."""
        self.dropped = 0
        """Outstanding segments and holes forgotten for the sake of the limits."""
        self.ack_position: int | None = None
        """Highest acknowledgment that this end has sent, as a position of the peer's."""
        self.ack_frame: int | None = None
        """Frame in which it first sent that acknowledgment."""
        self.ack_time: int | None = None
        self.acks = 0
        """Packets with that acknowledgment so far."""
        self.peer_acked: int = 0
        """Highest position of this end that the peer has acknowledged."""
        self.peer_acked_frame: int | None = None
        self.window: int | None = None
        """Receive window last announced, bytes (scaled where tshark knows the scale)."""
        self.smallest_window: int | None = None
        """Of all the windows that it announced, a SYN's too."""
        self.largest_window: int | None = None
        self.quickest_answer: int | None = None
        """Shortest time, ns, between a packet to this end and the acknowledgment from it: the path and back."""
        self.fin_position: int | None = None
        """Position of its FIN."""
        self.fin_frame: int | None = None
        self.fin_time: int | None = None
        self.fin_copies = 0
        self.fin_shown = 0
        """Its FIN's own number as tshark shows numbers: behind the segment's data."""
        self.fin_length = 0
        """Bytes of data in the segment that has its FIN."""
        self.last_fin_frame: int | None = None
        """Its newest FIN."""
        self.last_fin_time: int | None = None
        self.rst_frame: int | None = None
        self.sent_data = False
        self.mss: int | None = None
        self.shift: int | None = None
        self.options: frozenset[int] = frozenset()
        """Kinds of the options in its SYN."""
        self.ttl: int | None = None
        """TTL or hop limit of its packets before any RST."""
        self.last_data_frame: int | None = None
        """Its newest segment with payload."""
        self.first_data: tuple[int, int | None] | None = None
        """Frame and time of its first segment with payload."""
        self.rounds: list[Round] = []
        self.round_start = NEVER
        """Position from which the round counts that is under way; :data:`NEVER` when none is measured."""
        self.data_acked_time: int | None = None
        """When the other end last acknowledged a whole segment of it; one that has a FIN alone does not count."""
        self.first_frame: int | None = None
        self.last_frame: int | None = None
        self.last_time: int | None = None

    @property
    def seen(self) -> bool:
        """Whether the capture has a packet from this end."""
        return self.packets > 0

    @property
    def throughput(self) -> float | None:
        """Bytes of payload per second, from its first segment with payload to the last acknowledgment of one: those that
        were acknowledged by then. None when the capture does not show both, and for a single segment, whose
        acknowledgment tells of the round trip alone."""
        first_frame, start = self.first_data or (None, None)
        end = self.data_acked_time
        if start is None or end is None or end <= start or first_frame == self.last_data_frame:
            return None
        last = self.position if self.fin_position is None else self.fin_position
        acknowledged = self.bytes - max(0, last - self.peer_acked)
        return acknowledged * 1e9 / (end - start) if acknowledged > 0 else None

    def announce(self, window: int) -> None:
        """Takes in a window beyond those that it announced before."""
        if self.smallest_window is None or window < self.smallest_window:
            self.smallest_window = window
        if self.largest_window is None or window > self.largest_window:
            self.largest_window = window

    def place(self, raw: int) -> int:
        """The position of a raw sequence number, the one nearest to the next new byte."""
        delta = (raw - self.raw) % MODULUS
        return self.position + (delta - MODULUS if delta >= HALF else delta)

    def start_at(self, raw: int) -> None:
        """Takes ``raw`` as position 0: nothing of this end was seen before."""
        self.first_raw = self.raw = raw
        self.position = 0

    def end_round(self, acked_frame: int, ack: int | None) -> None:
        """The first acknowledgment of the round under way has come: what is sent from here on is the next."""
        last = self.position if self.fin_position is None else self.fin_position
        if last <= self.round_start:  # the FIN alone
            self.round_start = NEVER
            return
        self.rounds.append(Round(last - self.round_start, acked_frame, ack))
        self.round_start = last if len(self.rounds) < ROUNDS_LIMIT else NEVER

    def remember(self, sent: Sent) -> None:
        """Keeps a segment until it is acknowledged."""
        if len(self.outstanding) == OUTSTANDING_LIMIT:
            self.dropped += 1
        self.outstanding.append(sent)

    def note_too_large(self, error: IcmpError, raw: int | None) -> None:
        """An ICMP error quotes the segment with this raw sequence number."""
        position = None if raw is None or self.first_raw is None else self.place(raw)
        quoted = None
        if position is not None:
            having = (one for one in reversed(self.outstanding) if one.start <= position < one.end)
            quoted = next((one.frame for one in having if not one.copies), None)
        self.too_large = (*self.too_large[1 - TOO_LARGE_LIMIT :], (error, quoted))

    def too_large_after(self, sent: Sent) -> tuple[IcmpError, bool] | None:
        """The ICMP error that says why a segment need be sent again in smaller ones, and whether it quotes this very
        segment; else it is the newest that came after it."""
        later = [(error, quoted) for error, quoted in reversed(self.too_large) if error.frame > sent.frame]
        exact = next((error for error, quoted in later if quoted == sent.frame), None)
        if exact is not None:
            return exact, True
        return (later[0][0], False) if later else None

    def add_hole(self, start: int, end: int) -> None:
        """The capture shows nothing of these positions yet."""
        self.holes.append((start, end))
        self._forget_surplus()

    def overtaker_of(self, position: int) -> Overtaker | None:
        """The segment that left the hole around this position."""
        begins = [begin for begin in self.overtakers if begin <= position]
        return self.overtakers[max(begins)] if begins else None

    def fill_hole(self, start: int, end: int) -> int:
        """Takes what is seen now out of the holes; returns how many of its positions were missing."""
        filled = 0
        left: list[tuple[int, int]] = []
        for a, b in self.holes:
            low, high = max(a, start), min(b, end)
            if low >= high:
                left.append((a, b))
                continue
            filled += high - low
            if a < low:
                left.append((a, low))
            if high < b:
                left.append((high, b))
        self.holes = left
        self._forget_surplus()  # what fills the middle of a hole leaves two
        return filled

    def _forget_surplus(self) -> None:
        """The oldest holes beyond the limit, and overtakers that no hole is left of."""
        surplus = len(self.holes) - HOLES_LIMIT
        if surplus > 0:
            del self.holes[:surplus]
            self.dropped += surplus
        if len(self.overtakers) > HOLES_LIMIT:
            begins = sorted(self.overtakers)
            kept = {bisect_right(begins, start) - 1 for start, _ in self.holes}
            self.overtakers = {begin: self.overtakers[begin] for at, begin in enumerate(begins) if at in kept}

    def forget_holes_before(self, position: int) -> int:
        """The peer acknowledged these bytes, so it has them though the capture has not; returns how many."""
        missed = 0
        left: list[tuple[int, int]] = []
        for a, b in self.holes:
            missed += max(0, min(b, position) - a)
            if b > position:
                left.append((max(a, position), b))
        self.holes = left
        return missed
