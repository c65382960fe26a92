"""TCP: loss and what is taken for it: gaps, duplicate ACKs, SACK, and why bytes were sent again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.plugins.analyzer import BaseAnalyzer, Settings
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Verdict

from .conversation import LATE, RESENT, SYN, Conversation, Segment, ip_id, overtaker, seconds, timestamp
from .rules.loss import (
    ACKED_UNSEEN,
    DUPLICATE_ACK,
    FAST_RETRANSMIT,
    GAP_CAPTURE,
    GAP_NETWORK,
    OUT_OF_ORDER,
    PATH_MTU,
    SACK_BLOCKS,
    SPURIOUS,
    TAIL,
    TIMEOUT,
)

if TYPE_CHECKING:
    from labdissect.plugins.analyzer import Analyzer
    from labdissect.plugins.packet import Packet

    from .endpoint import Endpoint, Overtaker, Sent

DUPLICATES_FOR_FAST_RETRANSMIT = 3
"""RFC 5681 §3.2."""
SHORTEST_TIMEOUT = 0.19
"""Seconds. Linux waits at least 200 ms, RFC 6298 §2 asks for a second; some clock slack is allowed for."""

LONGEST_REACTION = 1.0
"""Seconds within which a packet of the other end sets off a retransmission, where the round trip is not known."""
NEXT_IDS = 64
"""How far before another an ip.id may be to say that its packet was sent just before: of a sender that counts, as many
segments lie between; a random one is so near once in a thousand times."""
RESENT_LIMIT = 64
"""Retransmissions of a connection that an acknowledgment, a D-SACK or a late first copy may still name."""


class Loss(BaseAnalyzer):
    """Reads gaps and repetitions."""

    layers = ("tcp",)
    fields = (
        "ip.hdr_len",
        "ip.id",
        "tcp.options",
    )
    wants_routine = False

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """Nothing for a segment that goes on where the last one ended."""
        segment, conversation = packet.segment, packet.conversation
        if segment is None or not isinstance(conversation, Conversation) or segment.rst or segment.flags & SYN:
            return None
        if packet.copy_of:
            # the receiver may report these bytes as come twice: no retransmission was needless
            conversation.resent.pop((segment.from_client, segment.start, segment.end), None)
            return None
        verdicts: list[Verdict] = []
        if segment.length and not segment.keepalive:
            if segment.kind is LATE:
                verdicts += _late(packet, segment, conversation)
            elif segment.kind is RESENT or segment.earlier is not None:
                verdicts += _again(packet, segment, conversation)
        if segment.acked_unseen or segment.acked_holes or segment.duplicate or segment.sacked or segment.d_sack:
            verdicts += _acknowledgment(packet, segment, conversation)
        return verdicts


def _numbers(segment: Segment) -> dict[str, Any]:
    return {"first": segment.seq, "last": segment.seq + segment.length - 1}


def _late(packet: Packet, segment: Segment, conversation: Conversation) -> list[Verdict]:
    """Bytes that fill a gap: reordered on the way, or sent again after a loss before the capture point."""
    before = segment.overtaker
    if before is None:
        return []
    params = _numbers(segment)
    late, rtt = seconds(before.time, packet.time), conversation.round_trip
    order = _order(packet, before)
    in_time = late is not None and rtt is not None and late < rtt / 1e9
    if order == "later" or not (in_time or order):
        return _late_copy(packet, segment, conversation, params, late)
    evidence: tuple[Evidence, ...] = (Evidence(before.frame, "tcp.seq", segment.seq + segment.length),)
    tsval = timestamp(packet.tcp)
    params.update(late=late, overtaker=before.frame, tsval=tsval, overtaker_tsval=before.tsval)
    if not in_time or rtt is None:
        params["id"], params["overtaker_id"] = ip_id(packet), before.ip_id
        return [Verdict(OUT_OF_ORDER, packet.number, params, (*evidence, *_sent_before(packet, before, order)), order)]
    params["rtt"] = rtt / 1e9
    if tsval is None or before.tsval is None:
        return [Verdict(OUT_OF_ORDER, packet.number, params, evidence)]
    evidence += (Evidence(packet.number, "tcp.options.timestamp.tsval", tsval),)
    return [Verdict(OUT_OF_ORDER, packet.number, params, evidence, "timestamps")]


def _late_copy(
    packet: Packet, segment: Segment, conversation: Conversation, params: dict[str, Any], late: float | None
) -> list[Verdict]:
    before, receiver = segment.overtaker, segment.receiver
    count = receiver.duplicate_acks
    assert before is not None
    _note_resent(packet, segment, conversation)
    if late is None or not (count or late >= SHORTEST_TIMEOUT):
        return []  # neither in time for a reordering nor with a sign of loss: the data's own verdict says what is seen
    params.update(earlier=before.frame, waited=late, count=count)
    loss = {**params, "resent": packet.number}
    rule, wording = FAST_RETRANSMIT if count else TIMEOUT, "gap"
    if count and _stalled(packet, receiver, conversation):
        rule, wording = TIMEOUT, "gap-stalled"
        params["last_heard"], params["silence"] = receiver.last_frame, seconds(receiver.last_time, packet.time)
    evidence = (Evidence(before.frame, "tcp.seq", segment.seq + segment.length),)
    asked, again = "asked" if count else "", (Evidence(packet.number, "tcp.seq", segment.seq),)
    return [
        Verdict(rule, packet.number, params, evidence, wording),
        Verdict(GAP_NETWORK, before.frame, loss, again, asked),
    ]


def _note_resent(packet: Packet, segment: Segment, conversation: Conversation) -> None:
    if len(conversation.resent) >= RESENT_LIMIT:
        del conversation.resent[next(iter(conversation.resent))]
    conversation.resent[segment.from_client, segment.start, segment.end] = overtaker(packet)


def _sent_before(packet: Packet, other: Overtaker, order: str) -> tuple[Evidence, ...]:
    """What shows it, as :func:`_order` found."""
    if order == "older":
        name, here, there = "tcp.options.timestamp.tsval", timestamp(packet.tcp), other.tsval
        return Evidence(other.frame, name, there), Evidence(packet.number, name, here)
    shown = [f"0x{one:04x}" for one in (other.ip_id or 0, ip_id(packet) or 0)]
    return Evidence(other.frame, "ip.id", shown[0]), Evidence(packet.number, "ip.id", shown[1])


def _order(packet: Packet, other: Overtaker) -> str:
    """When a segment was sent, beside another that came before it, by timestamps and ip.id: ``later``; ``older`` or
    ``id``, where these prove that it was sent first; empty where they tell nothing."""
    tsval, identification = timestamp(packet.tcp), ip_id(packet)
    passed = 0 if tsval is None or other.tsval is None else (tsval - other.tsval) % (1 << 32)
    if 0 < passed < 1 << 31:
        return "later"
    if passed:
        return "older"  # whatever the ids: some senders draw them
    before = (other.ip_id - identification) % (1 << 16) if identification and other.ip_id else 0
    if before >= 1 << 15:
        return "later"
    return "id" if 0 < before <= NEXT_IDS else ""


def _again(packet: Packet, segment: Segment, conversation: Conversation) -> list[Verdict]:
    """Bytes that the capture has already: why were they sent again?"""
    sender, receiver, earlier = segment.sender, segment.receiver, segment.earlier
    if earlier is not None and _was_refused(earlier, sender):
        return []
    params = _numbers(segment)
    copy = conversation.resent.get((segment.from_client, segment.start, segment.end))
    if copy is not None and (order := _order(packet, copy)) in ("older", "id"):
        params.update(late=seconds(copy.time, packet.time), overtaker=copy.frame)
        return [Verdict(OUT_OF_ORDER, packet.number, params, _sent_before(packet, copy, order), "first-copy")]
    params["last"] -= min(segment.fresh, segment.length)
    if sender.peer_acked >= segment.end and segment.kind is RESENT:
        params["acked_frame"] = sender.peer_acked_frame
        evidence: tuple[Evidence, ...] = (Evidence(sender.peer_acked_frame or 0, "tcp.ack", params["last"] + 1),)
        return [Verdict(SPURIOUS, packet.number, params, evidence, "acked")]
    waited = None if earlier is None else seconds(earlier.time, packet.time)
    if earlier is None or waited is None:
        return []
    params.update(earlier=earlier.frame, waited=waited, count=receiver.duplicate_acks)
    evidence = (Evidence(earlier.frame, "tcp.seq", segment.seq - (segment.start - earlier.start)),)
    if segment.kind is RESENT:
        _note_resent(packet, segment, conversation)
    too_large = sender.too_large_after(earlier) if segment.length < earlier.end - earlier.start else None
    if too_large is not None:
        error, exact = too_large
        params.update(icmp_frame=error.frame, reason=error.reason)
        return [Verdict(PATH_MTU, packet.number, params, evidence + error.evidence, "" if exact else "other")]
    asked_for = receiver.ack_position == segment.start and receiver.duplicate_acks >= DUPLICATES_FOR_FAST_RETRANSMIT
    sacked = any(left >= segment.end for left, _ in receiver.sacked)
    if (asked_for or sacked) and not _stalled(packet, receiver, conversation):
        return [Verdict(FAST_RETRANSMIT, packet.number, params, evidence, "duplicates" if asked_for else "sack")]
    if asked_for or sacked:
        params["last_heard"], params["silence"] = receiver.last_frame, seconds(receiver.last_time, packet.time)
        return [Verdict(TIMEOUT, packet.number, params, evidence, "stalled")]
    return _by_a_timer(packet, segment, params, evidence)


def _stalled(packet: Packet, receiver: Endpoint, conversation: Conversation) -> bool:
    """Whether the other end's last packet is too long ago to have set off a retransmission: it reaches the sender, and
    what it sets off passes the capture point, within a round trip."""
    silence, round_trip = seconds(receiver.last_time, packet.time), conversation.round_trip
    enough = LONGEST_REACTION if round_trip is None else max(SHORTEST_TIMEOUT, 2 * round_trip / 1e9)
    return silence is not None and silence >= enough


def _was_refused(earlier: Sent, sender: Endpoint) -> bool:
    """Bytes that the receiver need not have taken come again without loss: those of a SYN (Fast Open), and the one byte
    of a zero-window probe."""
    return (earlier.start == 0 and sender.isn is not None) or earlier.frame == sender.probe_frame


def _by_a_timer(
    packet: Packet, segment: Segment, params: dict[str, Any], evidence: tuple[Evidence, ...]
) -> list[Verdict]:
    sender, waited = segment.sender, params["waited"]
    is_tail = segment.end >= sender.position
    if is_tail and segment.start > sender.peer_acked:
        return [Verdict(TAIL, packet.number, params, evidence)]
    heard = seconds(segment.receiver.ack_time, packet.time)
    restarted = heard is not None and heard < SHORTEST_TIMEOUT  # each new acknowledgment restarts it (RFC 6298 §5)
    if waited >= SHORTEST_TIMEOUT and not restarted:
        return [Verdict(TIMEOUT, packet.number, params, evidence)]
    return [Verdict(TAIL, packet.number, params, evidence, "alone")] if is_tail else []


def _acknowledgment(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    number, receiver = packet.number, segment.receiver
    who, peer = conversation.role(segment.sender), conversation.role(receiver)
    if segment.acked_unseen and receiver.seen:
        params = {"ack": segment.ack, "who": who, "peer": peer}
        yield Verdict(ACKED_UNSEEN, number, params, (Evidence(number, "tcp.ack", segment.ack),))
    if segment.acked_holes:
        params = {"missing": segment.acked_holes, "ack": segment.ack, "who": who, "peer": peer}
        yield Verdict(GAP_CAPTURE, number, params, (Evidence(number, "tcp.ack", segment.ack),))
    blocks = _blocks(segment, segment.sacked)
    if segment.duplicate:
        params = {"count": segment.duplicate, "who": who, "ack": segment.ack, "blocks": blocks}
        evidence = (Evidence(segment.ack_since or 0, "tcp.ack", segment.ack),)
        yield Verdict(DUPLICATE_ACK, number, params, evidence, "sack" if segment.sacked else "")
    elif segment.sacked:
        yield Verdict(SACK_BLOCKS, number, {"ack": segment.ack, "who": who, "blocks": blocks})
    if segment.d_sack is not None:
        block = _blocks(segment, (segment.d_sack,))
        yield Verdict(SACK_BLOCKS, number, {"who": who, "block": block}, (), "twice")
        yield from _reported_twice(packet, segment, conversation)


def _reported_twice(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    """A D-SACK says of an earlier retransmission that it was needless."""
    assert segment.d_sack is not None
    left, right = segment.d_sack
    for (by_client, start, end), copy in list(conversation.resent.items()):
        if by_client != segment.from_client and start <= left and right <= end:
            del conversation.resent[by_client, start, end]
            evidence = (
                Evidence(packet.number, "tcp.options.sack_le", left),
                Evidence(packet.number, "tcp.ack", segment.ack),
            )
            yield Verdict(SPURIOUS, copy.frame, {"report": packet.number}, evidence, "d-sack")


def _blocks(segment: Segment, blocks: Sequence[tuple[int, int]]) -> str:
    """Blocks in the numbers that tshark shows: ``5793–7240, 8689``."""
    shown = (segment.ack or 0) - (segment.acked or 0)
    spans = [(left + shown, right + shown - 1) for left, right in blocks]
    return ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in spans)


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Loss()]
