"""TCP: flow control (RFC 9293 §3.8.6), urgent data (§3.8.5), congestion marks (RFC 3168), and round-trip times (RFC 6298)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.plugins.analyzer import BaseAnalyzer, Settings
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Verdict

from .conversation import ACK, CWR, ECE, FIN, NEW, RST, SYN, URG, Conversation, Segment
from .rounds import doubling
from .rules.flow import (
    ECN,
    PROBE,
    ROUND_TRIP,
    SLOW_START,
    UPDATE,
    URGENT,
    WINDOW_FULL,
    ZERO_WINDOW,
)

if TYPE_CHECKING:
    from labdissect.plugins.analyzer import Analyzer
    from labdissect.plugins.packet import Packet

    from .endpoint import Endpoint

CONGESTION_EXPERIENCED = 3
"""Value of the two ECN bits of the IP header (RFC 3168 §5)."""


class Flow(BaseAnalyzer):
    """Reads windows, marks and round trips."""

    layers = ("tcp",)
    fields = (
        "ip.dsfield.ecn",
        "ip.hdr_len",
        "ipv6.tclass.ecn",
        "tcp.urgent_pointer",
    )

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """Nothing for most segments."""
        segment, conversation = packet.segment, packet.conversation
        if segment is None or packet.copy_of or not isinstance(conversation, Conversation):
            return None
        if not segment.routine and segment.flags & (SYN | RST):
            return None
        verdicts: list[Verdict] = []
        if segment.window == 0 or segment.window_before == 0 or segment.receiver.window == 0:
            verdicts += _zero_window(packet, segment, conversation)
        elif not segment.newly_acked and not segment.length:
            verdicts += _update(packet, segment, conversation)
        if segment.length and segment.kind is NEW and _fills_window(segment):
            verdicts.append(_full(packet, segment, conversation))
        if not segment.routine and segment.flags & URG and segment.flags & ACK:
            pointer = packet.tcp.urgent_pointer or 0
            params = {"pointer": pointer, "end": segment.seq + pointer}
            verdicts.append(
                Verdict(URGENT, packet.number, params, (Evidence(packet.number, "tcp.urgent_pointer", pointer),))
            )
        if conversation.ecn:
            verdicts += _congestion(packet, segment, conversation)
        if segment.answer_time is not None and not segment.acked_resent and segment.acked_frames:
            verdicts.append(_round_trip(packet, segment))
            rounds = segment.receiver.rounds
            if rounds and rounds[-1].acked_frame == packet.number:
                slow_start = _slow_start(packet, segment.receiver, conversation)
                if slow_start is not None:
                    verdicts.append(slow_start)
        return verdicts


def _zero_window(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    sender, receiver, number = segment.sender, segment.receiver, packet.number
    who, peer = conversation.role(sender), conversation.role(receiver)
    if segment.window == 0 and not segment.flags & FIN:
        probe = receiver.probe_frame
        evidence = (Evidence(number, "tcp.window_size", 0),)
        if segment.window_before == 0 and probe is not None:
            yield Verdict(ZERO_WINDOW, number, {"who": who, "probe": probe}, evidence, "still")
        elif segment.window_before != 0:
            sender.closed_window_frame = number
            yield Verdict(ZERO_WINDOW, number, {"who": who}, evidence)
    elif segment.window_before == 0 and not segment.length and segment.window:
        params = {"who": who, "window": segment.window, "before": 0}
        yield Verdict(UPDATE, number, params, (Evidence(number, "tcp.window_size", segment.window),), "opened")
    if segment.window:
        sender.closed_window_frame = None
    if receiver.window == 0 and _asks(segment):
        sender.probe_frame = number
        params = {"who": who, "peer": peer, "closed": receiver.closed_window_frame, "seq": segment.seq}
        closed = (
            Evidence(receiver.closed_window_frame or 0, "tcp.window_size", 0),
            Evidence(number, "tcp.seq", segment.seq),
        )
        yield Verdict(PROBE, number, params, closed, "byte" if segment.length else "")


def _asks(segment: Segment) -> bool:
    """Whether it sends, against a closed window, what only asks: no data one number back, or a single byte."""
    if segment.flags & FIN or segment.receiver.closed_window_frame is None:
        return False
    if segment.length == 0:
        return segment.start == segment.sender.position - 1
    return segment.length == 1


def _update(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    """A larger window and nothing else. Duplicate ACKs may bring one along: they stay duplicate ACKs."""
    before, window = segment.window_before, segment.window
    if before is None or window is None or window <= before or segment.duplicate or segment.d_sack is not None:
        return
    if segment.ack_since is None or segment.keepalive or segment.keepalive_answered is not None or segment.opens:
        return
    params = {"who": conversation.role(segment.sender), "window": window, "before": before}
    yield Verdict(UPDATE, packet.number, params, (Evidence(packet.number, "tcp.window_size", window),))


def _fills_window(segment: Segment) -> bool:
    """Whether as many bytes are under way now as the receiver has room for."""
    sender, receiver = segment.sender, segment.receiver
    if receiver.ack_position is None or not receiver.window or not receiver.window_scaled:
        return False
    return sender.position - receiver.ack_position == receiver.window


def _full(packet: Packet, segment: Segment, conversation: Conversation) -> Verdict:
    sender, receiver = segment.sender, segment.receiver
    params = {
        "who": conversation.role(sender),
        "peer": conversation.role(receiver),
        "flight": receiver.window,
        "frame": receiver.last_frame,
    }
    evidence = (Evidence(receiver.last_frame or 0, "tcp.window_size", receiver.window),)
    wording, sender.filled_window = "again" if sender.filled_window else "", True
    return Verdict(WINDOW_FULL, packet.number, params, evidence, wording)


def _congestion(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    sender, receiver, number = segment.sender, segment.receiver, packet.number
    who = conversation.role(sender)
    if _ecn_bits(packet) == CONGESTION_EXPERIENCED:
        first, sender.marked_frame = sender.marked_frame, number
        evidence: tuple[Evidence, ...] = (Evidence(number, "ip.dsfield.ecn", CONGESTION_EXPERIENCED),)
        yield Verdict(ECN, number, {"first": first}, evidence, "marked" if first is None else "marked-again")
    if segment.flags & ECE:
        yield _echo(number, segment, who)
    if segment.flags & CWR and receiver.echo_frame is not None:
        receiver.echoes_since = None
        evidence = (Evidence(receiver.echo_frame, "tcp.flags.ece", True),)
        yield Verdict(ECN, number, {"who": who, "echo": receiver.echo_frame}, evidence, "reduced")


def _echo(number: int, segment: Segment, who: str) -> Verdict:
    """ECE stays set on every ACK until CWR comes: explained once, then short."""
    sender, marked = segment.sender, segment.receiver.marked_frame
    sender.echo_frame = number
    if sender.echoes_since is not None:
        evidence: tuple[Evidence, ...] = (Evidence(sender.echoes_since, "tcp.flags.ece", True),)
        return Verdict(ECN, number, {"who": who, "first": sender.echoes_since}, evidence, "echo-again")
    sender.echoes_since = number
    if marked is None:
        return Verdict(ECN, number, {"who": who}, (), "echo-unseen")
    evidence = (Evidence(marked, "ip.dsfield.ecn", CONGESTION_EXPERIENCED),)
    return Verdict(ECN, number, {"who": who, "marked": marked}, evidence, "echo")


def _ecn_bits(packet: Packet) -> int | None:
    if packet.ip is not None:
        bits: int | None = packet.ip.dsfield_ecn
        return bits
    if packet.ipv6 is not None:
        traffic_class: int | None = packet.ipv6.tclass_ecn
        return traffic_class
    return None


def _round_trip(packet: Packet, segment: Segment) -> Verdict:
    """RFC 6298 §2, rules (2.2) and (2.3), with its constants 1/8 and 1/4; the names are Kurose and Ross's."""
    rtt = (segment.answer_time or 0) / 1e9
    data_sender = segment.receiver
    if data_sender.estimated_rtt is None:
        data_sender.estimated_rtt, data_sender.deviation_rtt = rtt, rtt / 2
    else:
        data_sender.deviation_rtt = 0.75 * data_sender.deviation_rtt + 0.25 * abs(data_sender.estimated_rtt - rtt)
        data_sender.estimated_rtt = 0.875 * data_sender.estimated_rtt + 0.125 * rtt
    frame = segment.acked_frames[-1]
    params: dict[str, Any] = {
        "rtt": rtt,
        "frame": frame,
        "estimated": data_sender.estimated_rtt,
        "deviation": data_sender.deviation_rtt,
    }
    return Verdict(ROUND_TRIP, packet.number, params, (Evidence(frame, "tcp.nxtseq", segment.ack),))


def _slow_start(packet: Packet, data_sender: Endpoint, conversation: Conversation) -> Verdict | None:
    """Once for each end: from the third round on that grew so, the next ones say nothing new."""
    growth = doubling(conversation, data_sender)
    if growth is None:
        return None
    who = conversation.role(data_sender)
    said = f"{SLOW_START.code} {who}"
    if said in conversation.said:
        return None
    conversation.said.add(said)
    params = {"who": who, **{name: one.length for name, one in growth._asdict().items()}}
    evidence = tuple(Evidence(one.acked_frame, "tcp.ack", one.ack) for one in growth)
    return Verdict(SLOW_START, packet.number, params, evidence)


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Flow()]
