"""A TCP connection as the packets so far show it, and what each packet did to it.

:meth:`Conversation.observe` takes one packet, works out what it is (new bytes, a repetition, an acknowledgment of
which frames, a keep-alive…), moves both ends' states, and leaves the finding in ``packet.segment``. The rules in the
files beside this one only read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from . import states
from .endpoint import HALF, NEVER, Endpoint, IcmpError, Overtaker, Sent
from .zeek import CLOSED as ZEEK_CLOSED
from .zeek import INACTIVE as ZEEK_INACTIVE
from .zeek import RESET as ZEEK_RESET
from .zeek import ZeekConnection, sender_is_server

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE = (1 << bit for bit in range(9))

MSS, WINDOW_SCALE, SACK, TIMESTAMPS = 2, 3, 5, 8
"""Kinds of TCP options."""

NEW, RESENT, LATE = "new", "resent", "late"
"""What a segment's bytes are: beyond all before; all seen before; (partly) filling a gap that the capture has."""

ROUTINE_FLAGS = frozenset({ACK, ACK | PSH})
BOTH_ESTABLISHED = (states.ESTABLISHED, states.ESTABLISHED)
Acknowledged = tuple[tuple[int, ...], bool, int | None, int | None]
"""What :func:`_acknowledged` returns."""


class Segment(msgspec.Struct, gc=False):
    """What one packet did to its connection. Numbers named ``…_raw`` are as on the wire; positions count from the ISN."""

    sender: Endpoint
    receiver: Endpoint
    from_client: bool
    flags: int
    length: int
    """Bytes of payload."""
    seq: int
    """Sequence number as tshark shows it (relative, unless it was told otherwise)."""
    ack: int | None
    """Acknowledgment number as tshark shows it; None without ACK."""
    seq_raw: int
    ack_raw: int | None
    start: int
    end: int
    """Position behind everything that it takes: payload, SYN, FIN."""
    # up to ``before`` in the order in which routine segments are made: to set a member later takes six times as long
    fresh: int = 0
    """Positions that were never sent before."""
    routine: bool = False
    """It only goes on where its connection was: new bytes in their turn or a new acknowledgment, no flag but ACK and
    PSH, nothing lost, nothing closing."""
    acked: int | None = None
    """Position of the receiver's stream that it acknowledges."""
    newly_acked: int = 0
    """Positions acknowledged for the first time."""
    acked_frames: tuple[int, ...] = ()
    """Frames whose segments are now acknowledged as a whole."""
    acked_resent: bool = False
    """One of these was sent more than once (Karn) or came late to fill a hole, so the time of its acknowledgment tells
    nothing of the round trip."""
    answer_time: int | None = None
    """Nanoseconds from the newest (for a delayed ACK, the oldest) of these frames to this packet."""
    oldest_answer_time: int | None = None
    ack_since: int | None = None
    """For an acknowledgment that says nothing new: the frame that said it first."""
    ack_before: tuple[int, int] | None = None
    """For an acknowledgment that says something new: frame and number (as shown) of this end's one before."""
    repeats: int = 0
    """How many packets of this end carried the same acknowledgment number before."""
    window_before: int | None = None
    window: int | None = None
    idle: int | None = None
    """Nanoseconds since the connection's previous packet."""
    client_state: str = "?"
    server_state: str = "?"
    before: tuple[str, str] = ("?", "?")
    """States of client and server before this packet."""
    kind: str = NEW
    earlier: Sent | None = None
    """For repeated bytes: the segment that had them before, when it is still remembered."""
    overtaker: Overtaker | None = None
    """For late bytes: the segment that had left the gap."""
    gap: int = 0
    """Bytes between what was seen before and this segment: missing in the capture so far."""
    first: bool = False
    """The first packet of its connection in the capture."""
    first_of_sender: bool = False
    acked_holes: int = 0
    """Bytes that it acknowledges which later segments had overtaken and the capture never saw."""
    acked_unseen: bool = False
    """It acknowledges more than the capture has shown of the receiver."""
    sacked: tuple[tuple[int, int], ...] = ()
    """SACK blocks (RFC 2018) as positions of the receiver's stream."""
    d_sack: tuple[int, int] | None = None
    """A block that reports bytes received twice (RFC 2883)."""
    duplicate: int = 0
    """For a duplicate ACK (RFC 5681 §2): the how many-th in a row."""
    keepalive: bool = False
    keepalive_answered: tuple[int, int | None] | None = None
    """For the answer to a keep-alive: its frame, and ns since."""
    fin: str = ""
    """``new``, ``again`` or empty."""
    opens: str = ""
    """``syn``, ``syn-again``, ``syn-ack``, ``syn-ack-again``, ``simultaneous-syn``, ``simultaneous-syn-ack``, ``ack``."""
    fin_before: tuple[int | None, int | None] = (None, None)
    """Of a repeated FIN: frame and time of the one before."""
    rst_before: int | None = None
    """Of a repeated RST: the frame of the first."""
    rst: str = ""
    """``refused``, ``acceptable``, ``other``, ``wrong-answer`` (of a SYN-ACK that acknowledges another SYN) or empty."""
    syn_before: tuple[int | None, int | None] = (None, None)
    """Of a SYN: frame and time of its sender's SYN before."""

    @property
    def acknowledges_fin(self) -> bool:
        """Whether it is the first to acknowledge the receiver's FIN."""
        position = self.receiver.fin_position
        if position is None or self.acked is None or self.acked <= position:
            return False
        return self.newly_acked > 0 and self.acked - self.newly_acked <= position

    @property
    def acknowledges_unseen_fin(self) -> bool:
        """Whether it ends what looks like a close of which the capture has this side only."""
        bare = not self.length and self.newly_acked == 1 and not self.flags & (SYN | FIN | RST)
        return bare and not self.receiver.seen and self.sender.fin_position is not None


class Conversation:
    """One TCP connection. ``client`` sent the first SYN; without one in the capture, whoever spoke first, unless the
    ports say otherwise."""

    __slots__ = (
        "__weakref__",
        "_client_shown",
        "_originator",
        "_server_shown",
        "_settled",
        "client",
        "closed_frame",
        "crossed_fins",
        "data_in_syn",
        "ecn",
        "ecn_offered",
        "fast_open",
        "fins",
        "first_fin_acked_frame",
        "first_fin_acked_time",
        "first_frame",
        "first_time",
        "half_closed_data",
        "handshake_frame",
        "handshake_time",
        "icmp",
        "keepalives",
        "key",
        "last_ack_frame",
        "last_frame",
        "last_time",
        "merged_fin",
        "midstream",
        "pair",
        "pending_keepalive",
        "refused_frame",
        "resent",
        "reset_by",
        "reused_after",
        "round_trip",
        "said",
        "server",
        "simultaneous_open",
        "stream",
        "wrong_answer",
        "zeek",
    )
    proto = "tcp"

    def __init__(
        self, stream: int | None, packet: Packet, source: str, destination: str, *, reused: int | None
    ) -> None:
        tcp = packet.tcp
        flags = tcp.flags or 0
        initiator = Endpoint(source, tcp.srcport)
        other = Endpoint(destination, tcp.dstport)
        self.zeek = ZeekConnection()
        from_server = sender_is_server(tcp.srcport, tcp.dstport) and flags & (SYN | ACK) != SYN
        self._originator = other if from_server else initiator
        if from_server:
            self.zeek.flipped()
        answers = flags & (SYN | ACK) == SYN | ACK  # whatever Zeek says, only a server sends a SYN-ACK first
        self.client, self.server = (other, initiator) if from_server or answers else (initiator, other)
        self.stream = stream
        self.pair: tuple[str, int, str, int] = ("", 0, "", 0)
        """Addresses and ports, the same for both directions."""
        self.key: int | tuple[str, tuple[str, int, str, int]] = ("", self.pair)
        """Under which :class:`labdissect.plugins.conversations.ConversationTable` has it."""
        self.midstream = not flags & SYN
        self.reused_after: int | None = reused
        """Last frame of an earlier connection between the same addresses and ports."""
        self.first_frame = self.last_frame = packet.number
        self.first_time = self.last_time = packet.time
        self._client_shown = self._server_shown = states.UNKNOWN
        self.simultaneous_open = False
        self.handshake_frame: int | None = None
        """Frame that completed the handshake."""
        self.handshake_time: int | None = None
        self.refused_frame: int | None = None
        self.closed_frame: int | None = None
        """Frame after which nothing more is expected: the last ACK or an RST."""
        self.fins: list[tuple[Endpoint, int]] = []
        """Ends that sent a FIN, in the order of the capture, with its frame."""
        self.crossed_fins = False
        self.merged_fin = False
        """The second FIN came in the segment that acknowledged the first."""
        self.first_fin_acked_frame: int | None = None
        self.first_fin_acked_time: int | None = None
        self.last_ack_frame: int | None = None
        self.reset_by: Endpoint | None = None
        self.half_closed_data = 0
        self.pending_keepalive: tuple[Endpoint, int, int | None] | None = None
        self.keepalives = 0
        self._settled = False
        """Both ends only send and acknowledge, as they did at the packet before."""
        self.said: set[str] = set()
        """Codes of rules that speak once a connection."""
        self.data_in_syn = 0
        """Bytes of data in the client's SYN."""
        self.fast_open = False
        """The server acknowledged these bytes with its SYN-ACK (RFC 7413)."""
        self.ecn_offered: bool | None = None
        """Whether the SYN offers ECN; None without it."""
        self.ecn = False
        """Both ends agreed on ECN."""
        self.round_trip: int | None = None
        """Nanoseconds: the handshake's two halves, seen from the capture point, together."""
        self.resent: dict[tuple[bool, int, int], Overtaker] = {}
        """Bytes that were sent again (whether by the client, their first position, the position behind them) and in what,
        for an acknowledgment or a D-SACK to name, and for a late first copy; bounded."""
        self.wrong_answer: tuple[int, int] | None = None
        """A SYN-ACK that acknowledges no SYN of the client's: its frame, and what it acknowledges as a position."""
        self.icmp: IcmpError | None = None
        """The first ICMP error that quoted a packet of it."""

    # -- names for people ---------------------------------------------------------------------------------------------

    def role(self, endpoint: Endpoint) -> str:
        """``client`` or ``server``."""
        return "client" if endpoint is self.client else "server"

    @property
    def conn_state(self) -> str:
        """Zeek's conn_state so far."""
        return self.zeek.conn_state

    @property
    def history(self) -> str:
        """Zeek's history so far."""
        return self.zeek.history

    @property
    def was_open(self) -> bool:
        """Whether the capture shows the connection open at some time."""
        acknowledged = self.client.ack_position is not None or self.server.ack_position is not None
        return (self.midstream and acknowledged) or self.handshake_frame is not None

    def closing_frames(self, last: int) -> list[int]:
        """Frames that closed the connection, ``last`` being the last ACK."""
        frames = [frame for _, frame in self.fins]
        if self.first_fin_acked_frame is not None:
            frames.append(self.first_fin_acked_frame)
        return sorted({*frames, last})

    def note_icmp(self, error: IcmpError, sender: tuple[str, int], raw: int | None) -> None:
        """Takes in an ICMP error that quotes one of its packets.

        :param sender: address and port of the end whose packet it quotes
        :param raw: the quoted sequence number, as on the wire
        """
        if self.icmp is None:
            self.icmp = error
        if error.is_too_large:
            client = self.client
            (client if (client.address, client.port) == sender else self.server).note_too_large(error, raw)

    # -- one packet ---------------------------------------------------------------------------------------------------

    def observe(self, packet: Packet, tcp: Any, flags: int, from_client: bool) -> Segment:
        """Takes the packet in and says what it did."""
        client, server = self.client, self.server
        sender, receiver = (client, server) if from_client else (server, client)
        length: int = tcp.len or 0
        seq_raw: int = tcp.seq_raw if tcp.seq_raw is not None else tcp.seq
        ack_raw = None
        if flags & ACK:
            ack_raw = tcp.ack_raw if tcp.ack_raw is not None else tcp.ack
            if (
                seq_raw == sender.raw
                and flags in ROUTINE_FLAGS
                and ack_raw is not None
                and (self._settled or self._settles())
            ):
                behind = (receiver.raw - ack_raw) & 0xFFFFFFFF
                newly = receiver.position - behind - (sender.ack_position or 0)
                if behind < HALF and newly >= 0 and (newly or length) and not has_unusual_options(tcp):
                    window = tcp.window_size if tcp.window_size is not None else tcp.window_size_value
                    if window and tcp.checksum_status != 0:
                        return self._observe_routine(
                            packet, tcp, sender, receiver, from_client, flags, length, ack_raw, newly, window
                        )
        self._settled = False
        if sender.first_raw is None or (flags & SYN and sender.isn not in (None, seq_raw) and not sender.sent_data):
            sender.start_at(seq_raw)
        start = sender.place(seq_raw)
        segment = Segment(
            sender,
            receiver,
            from_client,
            flags,
            length,
            tcp.seq if tcp.seq is not None else seq_raw,
            None if ack_raw is None else (tcp.ack if tcp.ack is not None else ack_raw),
            seq_raw,
            ack_raw,
            start,
            start + length + (1 if flags & SYN else 0) + (1 if flags & FIN else 0),
        )
        if sender.packets == 0:
            segment.first_of_sender = True
            segment.first = receiver.packets == 0
            sender.first_frame = packet.number
        segment.before = (self._client_shown, self._server_shown)
        if packet.time is not None and self.last_time is not None and packet.time >= self.last_time:
            segment.idle = packet.time - self.last_time
        window = tcp.window_size if tcp.window_size is not None else tcp.window_size_value
        segment.window_before, segment.window = sender.window, window
        sender.packets += 1
        if flags & RST:
            self._observe_reset(packet, segment)
        elif flags & (SYN | ACK):  # without both its receiver drops it (RFC 9293 §3.10.7.4), a FIN or not
            self._observe_segment(packet, tcp, segment)
            sender.window = window
            if window is not None:
                sender.announce(window)
        self._record_history(segment, tcp)
        sender.last_frame = self.last_frame = packet.number
        sender.last_time = self.last_time = packet.time
        if client.uncertain or server.uncertain:
            self._show_uncertain_states()
        else:
            self._client_shown, self._server_shown = client.state, server.state
        segment.client_state, segment.server_state = self._client_shown, self._server_shown
        packet.conversation, packet.segment = self, segment
        zeek = self.zeek
        packet.conn_state, packet.history = zeek.conn_state, zeek.history
        return segment

    def _settles(self) -> bool:
        """Whether nothing is under way that :meth:`_observe_routine` leaves out. Then there is nothing until a packet
        takes the longer way, so most packets need not ask."""
        self._settled = not (
            self.fins or self.pending_keepalive is not None or _in_between(self.client) or _in_between(self.server)
        )
        return self._settled

    def _observe_routine(
        self,
        packet: Packet,
        tcp: Any,
        sender: Endpoint,
        receiver: Endpoint,
        from_client: bool,
        flags: int,
        length: int,
        ack_raw: int,
        newly: int,
        window: int,
    ) -> Segment:
        """Most segments of most captures: the next bytes, or a new acknowledgment, of an open connection. It comes to
        what :meth:`observe` comes to by its longer way (a test compares them), in a third of the time."""
        number, time, seq, ack = packet.number, packet.time, tcp.seq, tcp.ack
        if seq is None:  # -e tcp.seq_raw alone
            seq = sender.raw
        if ack is None:
            ack = ack_raw
        acked = (sender.ack_position or 0) + newly
        frames: tuple[int, ...] = ()
        resent, answer_time, oldest_answer_time = False, None, None
        ack_since, ack_before, repeats = None, None, 0
        if newly:
            ack_before = (sender.ack_frame or 0, ack - newly)
            sender.duplicate_acks, sender.sacked = 0, ()
            sender.ack_position, sender.ack_frame, sender.ack_time, sender.acks = acked, number, time, 1
            if acked > receiver.peer_acked:
                receiver.peer_acked, receiver.peer_acked_frame = acked, number
            if receiver.outstanding and receiver.outstanding[0].end <= acked:
                frames, resent, answer_time, oldest_answer_time = _acknowledged(time, sender, receiver, acked)
                if acked > receiver.round_start:
                    receiver.end_round(number, tcp.ack)
        else:
            ack_since, repeats = sender.ack_frame, sender.acks
            sender.acks += 1
        start = sender.position
        end = start + length
        if length:
            sender.position = end
            sender.raw = (sender.raw + length) & 0xFFFFFFFF
            sender.remember(Sent(start, end, number, time, 0))
            sender.sent_data = True
            sender.bytes += length
            if sender.first_data is None:
                sender.first_data = (number, time)
                sender.round_start = NEVER if sender.isn is None else start
            sender.last_data_frame = number
        last_time, window_before = self.last_time, sender.window
        if window != window_before:
            sender.announce(window)
            sender.window = window
        sender.packets += 1
        sender.last_frame = self.last_frame = number
        sender.last_time = self.last_time = time
        zeek = self.zeek
        letter = ("d" if length else "a") if sender is not self._originator else ("D" if length else "A")
        if letter not in zeek.history:
            zeek.record(letter.upper(), int(sender is not self._originator))
        self._client_shown = self._server_shown = states.ESTABLISHED
        segment = Segment(
            sender,
            receiver,
            from_client,
            flags,
            length,
            seq,
            ack,
            (sender.raw - length) & 0xFFFFFFFF,
            ack_raw,
            start,
            end,
            length,
            True,
            acked,
            newly,
            frames,
            resent,
            answer_time,
            oldest_answer_time,
            ack_since,
            ack_before,
            repeats,
            window_before,
            window,
            time - last_time if time is not None and last_time is not None and time >= last_time else None,
            states.ESTABLISHED,
            states.ESTABLISHED,
            BOTH_ESTABLISHED,
        )
        packet.conversation, packet.segment = self, segment
        zeek = self.zeek
        packet.conn_state, packet.history = zeek.conn_state, zeek.history
        return segment

    def _observe_segment(self, packet: Packet, tcp: Any, segment: Segment) -> None:
        """Anything but an RST."""
        sender, flags, start = segment.sender, segment.flags, segment.start
        if sender.rst_frame is not None and sender.state == states.CLOSED:
            sender.state = states.UNKNOWN  # it goes on: the RST before was not its own, or overtook this
        if flags & SYN:
            self._observe_syn(packet, segment, tcp)
        if segment.ack_raw is not None:
            self._observe_ack(packet, segment, segment.ack_raw)
            if not flags & SYN and has_unusual_options(tcp):
                self._observe_sack(segment, tcp)
            if not segment.newly_acked and (not segment.length or sender.duplicate_to_answer):
                self._observe_duplicate(segment)
        if segment.end > start:
            self._observe_bytes(packet, segment)
        elif start > sender.position:
            segment.gap = start - sender.position
            sender.add_hole(sender.position, start)
            sender.position, sender.raw = start, segment.seq_raw
        if self.pending_keepalive is not None or (segment.length <= 1 and start == sender.position - 1):
            self._observe_liveness(packet, segment)
        if flags & FIN and not flags & SYN:
            self._observe_fin(packet, segment)
        if flags & (SYN | FIN) or self.fins or not sender.state == segment.receiver.state == states.ESTABLISHED:
            self._move(packet, segment)
        if (
            segment.kind is RESENT and not segment.keepalive and "simultaneous" not in segment.opens
        ) or segment.earlier:
            sender.retransmissions += 1
        segment.routine = (
            not flags & ~(ACK | PSH)
            and segment.kind is NEW
            and (segment.fresh or segment.newly_acked) > 0
            and not (segment.gap or segment.sacked or segment.acked_holes or segment.opens or self.fins)
            and not (segment.acked_unseen or segment.keepalive or segment.first_of_sender)
            and segment.earlier is None
            and segment.d_sack is None
            and tcp.checksum_status != 0
        )
        if segment.first_of_sender:
            sender.ttl = time_to_live(packet)
        if flags & SYN or not sender.window_scaled:
            sender.window_scaled = not self.midstream and tcp.window_size_scalefactor != -1

    def _show_uncertain_states(self) -> None:
        """Whose bytes are missing may have closed, and the other may have seen it; only CLOSED is past doubt."""
        shown = [one.state if one.state == states.CLOSED else states.UNKNOWN for one in (self.client, self.server)]
        self._client_shown, self._server_shown = shown

    def _observe_syn(self, packet: Packet, segment: Segment, tcp: Any) -> None:
        sender, receiver, flags = segment.sender, segment.receiver, segment.flags
        again = sender.isn == segment.seq_raw
        segment.syn_before = (sender.last_syn_frame, sender.last_syn_time)
        sender.last_syn_frame, sender.last_syn_time = packet.number, packet.time
        sender.syn_copies += 1 if again else 0
        if not again:
            sender.isn, sender.syn_frame, sender.syn_time = segment.seq_raw, packet.number, packet.time
            self._note_options(sender, tcp)
        if segment.length and not again:
            self.data_in_syn = segment.length
        if flags & ACK:
            self.ecn = flags & (ECE | CWR) == ECE and self.ecn_offered is not False
            crossed = sender.state == states.SYN_SENT
            # a SYN of its own that repeats with ACK added is the simultaneous open's second step, no retransmission
            if crossed and self.simultaneous_open:
                segment.opens = "simultaneous-syn-ack"
            else:
                segment.opens = "syn-ack-again" if again else "syn-ack"
        elif not again and receiver.isn is not None and receiver.state == states.SYN_SENT:
            segment.opens = "simultaneous-syn"
            self.simultaneous_open = True
        else:
            segment.opens = "syn-again" if again else "syn"
            self.ecn_offered = flags & (ECE | CWR) == ECE | CWR

    def _note_options(self, sender: Endpoint, tcp: Any) -> None:
        options = tcp.options
        if options is None:
            return
        kinds = []
        for option in options.list:
            kind = option["kind"]  # .kind takes Construct twelve times as long
            kinds.append(kind)
            if kind == MSS:
                sender.mss = option["value"].get("mss_val")
            elif kind == WINDOW_SCALE:
                sender.shift = option["value"].get("shift")
        sender.options = frozenset(kinds)

    def _observe_ack(self, packet: Packet, segment: Segment, ack_raw: int) -> None:
        sender, receiver = segment.sender, segment.receiver
        if receiver.first_raw is None:
            receiver.start_at(ack_raw)  # nothing of it seen yet: what is acknowledged first is its position 0
        acked = segment.acked = receiver.place(ack_raw)
        if segment.flags & SYN and receiver.isn is not None and not 0 < acked <= receiver.position:
            self.wrong_answer = (packet.number, acked)
            return
        before = sender.ack_position
        if before is None:
            sender.ack_position, sender.ack_frame, sender.ack_time = acked, packet.number, packet.time
            sender.acks = 1
        elif acked > before:
            segment.newly_acked = acked - before
            sender.duplicate_acks, sender.sacked, sender.duplicate_to_answer = 0, (), False
            segment.ack_before = (sender.ack_frame or 0, (segment.ack or 0) - segment.newly_acked)
            sender.ack_position, sender.ack_frame, sender.ack_time = acked, packet.number, packet.time
            sender.acks = 1
        else:
            segment.ack_since = sender.ack_frame if acked == before else None
            segment.repeats = sender.acks if acked == before else 0
            sender.acks += 1
        if acked > receiver.peer_acked or receiver.peer_acked_frame is None:
            receiver.peer_acked, receiver.peer_acked_frame = max(acked, receiver.peer_acked), packet.number
        if receiver.outstanding and receiver.outstanding[0].end <= acked:
            acknowledged = _acknowledged(packet.time, sender, receiver, acked)
            segment.acked_frames, segment.acked_resent, segment.answer_time, segment.oldest_answer_time = acknowledged
            if acked > receiver.round_start:
                receiver.end_round(packet.number, segment.ack)
        if acked > receiver.position:
            segment.acked_unseen = True
            receiver.position, receiver.raw = acked, ack_raw
            receiver.uncertain = True
            receiver.round_start = NEVER
            receiver.holes.clear()
            self._record_gap(segment)
        elif receiver.holes and receiver.holes[0][0] < acked:
            segment.acked_holes = receiver.forget_holes_before(acked)
            receiver.round_start = NEVER
            self._record_gap(segment)

    def _record_gap(self, segment: Segment) -> None:
        """Zeek knows a gap only in what it saw begin, and does not trust one that a FIN reveals."""
        if segment.receiver.seen and not segment.flags & FIN:
            self.zeek.record_count("G", 0 if segment.receiver is self._originator else 1)

    def _observe_sack(self, segment: Segment, tcp: Any) -> None:
        """SACK blocks, newest first; the first one may be a D-SACK (RFC 2883 §4)."""
        receiver = segment.receiver
        options = tcp.options
        for option in options.list if options is not None else ():
            if option["kind"] == SACK:
                blocks = option["value"].get("blocks") or ()
                placed = [(receiver.place(block.left), receiver.place(block.right)) for block in blocks]
                if not placed:
                    return
                first = placed[0]
                again = segment.acked is not None and first[1] <= segment.acked
                if again or any(low <= first[0] and first[1] <= high for low, high in placed[1:]):
                    segment.d_sack = first
                    placed = placed[1:]
                segment.sacked = tuple(placed)
                if segment.newly_acked:
                    segment.sender.sacked = segment.sacked  # a partial acknowledgment tells what is missing, too

    def _observe_duplicate(self, segment: Segment) -> None:
        """Counts duplicate ACKs: they say that something arrived which does not continue the stream (RFC 5681 §2)."""
        sender, receiver = segment.sender, segment.receiver
        news = segment.sacked != sender.sacked and bool(segment.sacked)
        answers_a_copy, sender.duplicate_to_answer = sender.duplicate_to_answer, False
        if (
            segment.length
            or segment.flags & (SYN | FIN)
            or segment.ack_since is None
            or segment.acked is None
            or receiver.position <= segment.acked
            or answers_a_copy
            or segment.d_sack is not None
            or not (news or (segment.window == segment.window_before and segment.window))
        ):
            return
        if not news and not _something_beyond(receiver, segment.acked):
            return
        sender.sacked = segment.sacked
        sender.duplicate_acks += 1
        segment.duplicate = sender.duplicate_acks

    def _observe_bytes(self, packet: Packet, segment: Segment) -> None:
        """Payload, SYN or FIN: are these positions new, repeated, or filling a gap?"""
        sender, start, end = segment.sender, segment.start, segment.end
        position = sender.position
        fresh = segment.fresh = max(0, end - max(start, position))
        if start > position:
            segment.gap = start - position
            sender.add_hole(position, start)
            sender.overtakers[position] = overtaker(packet)
        if fresh > 0:
            sender.position = end
            sender.raw = (segment.seq_raw + end - start) & 0xFFFFFFFF
            if start < position:
                self._was_sent_before(packet, segment)
                segment.kind = NEW
            sender.remember(Sent(start, end, packet.number, packet.time, 0))
            payload_fresh = min(segment.length, fresh)
            if payload_fresh > 0 and not segment.flags & SYN:
                sender.sent_data = True
            sender.bytes += payload_fresh
            if payload_fresh and sender.first_data is None:
                sender.first_data = (packet.number, packet.time)
                if sender.isn is not None and start == position and not segment.flags & SYN:
                    sender.round_start = start
        else:
            hole = sender.overtaker_of(start) if sender.holes else None
            filled = sender.fill_hole(start, end) if sender.holes else 0
            if filled:
                segment.kind, segment.overtaker = LATE, hole
                sender.bytes += min(filled, segment.length)
                sender.remember(Sent(start, end, packet.number, packet.time, 0))
            else:
                segment.kind = RESENT
                self._was_sent_before(packet, segment)
                segment.receiver.duplicate_to_answer = sender.peer_acked >= end
        if segment.length:
            sender.last_data_frame = packet.number
        if sender.uncertain and segment.kind is NEW and start >= position:
            sender.uncertain = False  # it still sends, so there was no FIN among the bytes that were missed

    def _was_sent_before(self, packet: Packet, segment: Segment) -> None:
        outstanding = segment.sender.outstanding
        for sent in outstanding:
            if sent.start <= segment.start < sent.end:
                segment.earlier = sent
                sent.copies += 1
                sent.newest_copy = packet.number
                return

    def _observe_liveness(self, packet: Packet, segment: Segment) -> None:
        """Keep-alives and their answers (RFC 9293 §3.8.4): nothing new, sent to be answered."""
        sender, receiver = segment.sender, segment.receiver
        pending = self.pending_keepalive
        self.pending_keepalive = None
        if segment.flags & (SYN | FIN) or segment.acked is None:
            return
        if segment.length <= 1 and segment.start == sender.position - 1 and segment.kind is not LATE:
            all_acknowledged = sender.peer_acked >= sender.position
            if all_acknowledged and segment.newly_acked == 0 and receiver.window != 0:
                segment.keepalive = True
                self.keepalives += 1
                self.pending_keepalive = (sender, packet.number, packet.time)
        elif pending is not None and pending[0] is receiver and segment.length == 0 and segment.newly_acked == 0:
            since = None if packet.time is None or pending[2] is None else max(0, packet.time - pending[2])
            segment.keepalive_answered = (pending[1], since)

    def _observe_fin(self, packet: Packet, segment: Segment) -> None:
        sender, receiver = segment.sender, segment.receiver
        segment.fin_before = (sender.last_fin_frame, sender.last_fin_time)
        sender.last_fin_frame, sender.last_fin_time = packet.number, packet.time
        if sender.fin_position is not None:
            segment.fin = "again"
            sender.fin_copies += 1
            return
        segment.fin = "new"
        sender.fin_shown, sender.fin_length = segment.seq + segment.length, segment.length
        sender.fin_position, sender.fin_frame, sender.fin_time = segment.end - 1, packet.number, packet.time
        self.fins.append((sender, packet.number))
        if receiver.fin_position is not None and (segment.acked is None or segment.acked <= receiver.fin_position):
            self.crossed_fins = True
        elif segment.acknowledges_fin:
            self.merged_fin = True

    def _observe_reset(self, packet: Packet, segment: Segment) -> None:
        sender, receiver = segment.sender, segment.receiver
        if segment.ack_raw is not None:
            if receiver.first_raw is None:
                receiver.start_at(segment.ack_raw)
            segment.acked = receiver.place(segment.ack_raw)
        if self._rejects_wrong_answer(segment):
            segment.rst = "wrong-answer"
            states.answer_rejected(receiver)
            return
        if receiver.state == states.SYN_SENT and not sender.sent_data and sender.isn is None:
            acked = segment.acked
            acceptable = receiver.isn is not None and acked is not None and 0 < acked <= receiver.position
            segment.rst = "refused" if acceptable else "other"
            if acceptable and self.refused_frame is None:
                self.refused_frame = packet.number
        else:
            expected = (sender.position, receiver.ack_position)
            acceptable = segment.start in expected or sender.packets == 1
            segment.rst = "acceptable" if acceptable else "other"
        if self.reset_by is None:
            self.reset_by = sender
        segment.rst_before = sender.rst_frame
        if sender.rst_frame is None:
            sender.rst_frame = packet.number
        if acceptable:
            self.closed_frame = packet.number
        states.reset_sent(sender, receiver, acceptable=acceptable)

    def _rejects_wrong_answer(self, segment: Segment) -> bool:
        """RFC 9293 §3.10.7.3: in SYN-SENT, what acknowledges no SYN of this end's is answered by an RST of that number."""
        if self.wrong_answer is None or segment.flags & ACK or segment.sender.state != states.SYN_SENT:
            return False
        return segment.start == self.wrong_answer[1]

    def _move(self, packet: Packet, segment: Segment) -> None:
        """Moves both ends' states."""
        sender, receiver, flags = segment.sender, segment.receiver, segment.flags
        if flags & SYN:
            if flags & ACK:
                states.syn_ack_sent(sender, receiver, repeated=segment.opens == "syn-ack-again")
                if self.data_in_syn and segment.acked is not None and segment.acked > 1:
                    self.fast_open = True
                if sender.state == states.ESTABLISHED:  # the second SYN-ACK of a simultaneous open
                    self.handshake_frame, self.handshake_time = packet.number, packet.time
            else:
                states.syn_sent(sender, receiver)
            return
        if (
            self.handshake_frame is None
            and not self.midstream
            and (sender.state == states.SYN_SENT or (self.simultaneous_open and sender.state == states.SYN_RECEIVED))
            and segment.acked is not None
            and (segment.acked >= 1 if receiver.isn is not None else not receiver.seen)
        ):
            segment.opens = "ack"
            self.handshake_frame, self.handshake_time = packet.number, packet.time
            if packet.time is not None and sender.last_syn_time is not None:
                self.round_trip = packet.time - sender.last_syn_time
        if sender.state == states.SYN_RECEIVED and not self.data_in_syn and (segment.length or segment.fin):
            states.server_goes_on(sender, receiver)
        self._note_fin_acknowledged(packet, segment)
        states.segment_sent(sender, receiver, acked=segment.acked, fin=segment.fin)
        if sender.state == states.UNKNOWN:
            states.data_shows_open(sender, receiver)

    def _note_fin_acknowledged(self, packet: Packet, segment: Segment) -> None:
        sender, receiver = segment.sender, segment.receiver
        if receiver.fin_position is None or segment.acked is None or segment.acked <= receiver.fin_position:
            return
        if self.first_fin_acked_frame is None:
            self.first_fin_acked_frame, self.first_fin_acked_time = packet.number, packet.time
        if sender.fin_position is not None and sender.peer_acked > sender.fin_position and self.closed_frame is None:
            self.closed_frame = packet.number

    def _record_history(self, segment: Segment, tcp: Any) -> None:
        zeek, flags, length = self.zeek, segment.flags, segment.length
        side = 0 if segment.sender is self._originator else 1
        if tcp.checksum_status == 0:
            zeek.record_count("C", side)
            return
        control = flags & (SYN | FIN | RST)
        if control:
            self._record_control(segment, control, side)
        elif length:
            zeek.record("D", side)
        elif flags & ACK:
            zeek.record("A", side)
        if segment.window == 0 and self._window_counts(side, flags):
            zeek.record_count("W", side)
        if length and segment.kind is not NEW:  # Zeek counts a keep-alive's byte and late bytes too
            zeek.record_count("T", side)
        if control:
            zeek.control(
                side, syn=bool(flags & SYN), ack=bool(flags & ACK), fin=bool(flags & FIN), rst=bool(flags & RST)
            )
        elif zeek.states[side] == ZEEK_INACTIVE:
            zeek.traffic(side, ack=bool(flags & ACK), length=length)

    def _window_counts(self, side: int, flags: int) -> bool:
        """Zeek passes over a zero window on or after an RST, and after the peer's FIN."""
        states_now = self.zeek.states
        return not flags & RST and states_now[1 - side] != ZEEK_CLOSED and states_now[side] != ZEEK_RESET

    def _record_control(self, segment: Segment, control: int, side: int) -> None:
        zeek, flags = self.zeek, segment.flags
        if control == SYN:
            zeek.record_change("H" if flags & ACK else "S", side, segment.start)
        elif control == FIN:
            zeek.record_change("F", side, segment.start + segment.length)
        elif control == RST:
            zeek.record_change("R", side, segment.start)
        else:
            zeek.record("I" if flags & FIN and flags & RST else "Q", side)


def _acknowledged(time: int | None, sender: Endpoint, receiver: Endpoint, acked: int) -> Acknowledged:
    """Which of the receiver's frames are acknowledged as a whole now; they are no longer outstanding.

    :param time: of the packet that acknowledges them, ns
    :returns: the segment's ``acked_frames``, ``acked_resent``, ``answer_time`` and ``oldest_answer_time``
    """
    outstanding = receiver.outstanding
    oldest = newest = outstanding.popleft()
    if receiver.fin_position is None or oldest.start < receiver.fin_position:
        receiver.data_acked_time = time
    resent = oldest.copies > 0
    frames: tuple[int, ...] = (oldest.newest_copy or oldest.frame,)
    while outstanding and outstanding[0].end <= acked:
        newest = outstanding.popleft()
        frames += (newest.newest_copy or newest.frame,)
        if newest.copies or newest.start < oldest.start:
            resent = True
    if resent:  # one frame may have brought again what several had brought before
        frames = tuple(dict.fromkeys(frames))
    if time is None or newest.time is None or oldest.time is None or not oldest.time <= newest.time <= time:
        return frames, resent, None, None
    answer_time = time - newest.time
    if not resent and (sender.quickest_answer is None or answer_time < sender.quickest_answer):
        sender.quickest_answer = answer_time
    return frames, resent, answer_time, time - oldest.time


def _in_between(end: Endpoint) -> bool:
    """Whether an end is not just sending and acknowledging: still opening, already closing, or not wholly known."""
    return bool(
        end.state != states.ESTABLISHED
        or end.holes
        or end.uncertain
        or end.duplicate_to_answer
        or end.ack_position is None
        or not end.window_scaled
    )


def _something_beyond(receiver: Endpoint, acked: int) -> bool:
    """Whether a segment is under way that does not continue the acknowledged bytes, so that it causes a duplicate ACK.
    An ACK of the SYN alone may answer a repeated SYN instead."""
    if not receiver.sent_data or (acked == 1 and receiver.syn_copies):
        return False
    return any(sent.start > acked for sent in reversed(receiver.outstanding))


def time_to_live(packet: Packet) -> int | None:
    """TTL or hop limit of the packet."""
    if packet.ip is not None:
        ttl: int | None = packet.ip.ttl
        return ttl
    if packet.ipv6 is not None:
        hop_limit: int | None = packet.ipv6.hlim
        return hop_limit
    return None


def seconds(start: int | None, end: int | None) -> float | None:
    """The span between two times in ns, in seconds; None when one is not known, or when they run backwards."""
    return None if start is None or end is None or end < start else (end - start) / 1e9


_PLAIN_OPTIONS = "01:01:08:0a:"
"""Two NOPs and timestamps, the options of nearly every segment."""


def has_unusual_options(tcp: Any) -> bool:
    """Whether the segment has options beyond the usual timestamps; cheap, as the options are not decoded."""
    options = tcp.options_
    if type(options) is str:
        return len(options) > 2 and not (len(options) == 35 and options.startswith(_PLAIN_OPTIONS))
    return options is not None


def timestamp(tcp: Any) -> int | None:
    """The timestamp value of a segment (RFC 7323), None without the option."""
    for option in tcp.options.list if tcp.options is not None else ():
        if option["kind"] == TIMESTAMPS:
            value: int | None = option["value"].get("tsval")
            return value
    return None


def overtaker(packet: Packet) -> Overtaker:
    """What is remembered of a segment that another one may turn out to be older than."""
    return Overtaker(packet.number, packet.time, timestamp(packet.tcp), ip_id(packet))


def ip_id(packet: Packet) -> int | None:
    """The IPv4 identification, None over IPv6."""
    identification: int | None = packet.ip.id if packet.ip is not None else None
    return identification
