"""TCP: how a connection ends (RFC 9293 §3.6): FINs and what acknowledges them, resets, and ends that were not seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.plugins.analyzer import BaseAnalyzer, Settings
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Verdict

from .conversation import ACK, FIN, SYN, Conversation, Segment, seconds, time_to_live
from .rules.closing import (
    ABORT,
    ACK_PENDING,
    ACK_ROUTINE,
    ACKED,
    FIN_AGAIN,
    FIRST,
    FOUR,
    HALF,
    LAST_ACK,
    LAST_ACK_LOST,
    MIDDLEBOX,
    NO_ACK,
    RST_AFTER_FIN,
    SECOND,
    SEQUENCE,
    SIMULTANEOUS,
    THREE,
    TIME_WAIT,
    UNSEEN,
)
from .states import SYN_SENT

if TYPE_CHECKING:
    from labdissect.plugins.analyzer import Analyzer
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.udp import Exchange


class Closing(BaseAnalyzer):
    """Reads how the connection ends."""

    layers = ("tcp",)
    fields = (
        "ip.hdr_len",
        "ip.ttl",
        "ipv6.hlim",
    )
    wants_routine = False

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """The verdicts of FINs, of what acknowledges them, of data after a FIN, and of resets."""
        segment, conversation = packet.segment, packet.conversation
        if segment is None or packet.copy_of or not isinstance(conversation, Conversation):
            return None
        if segment.rst:
            return (
                None if segment.rst == "refused" or segment.flags & SYN else list(_reset(packet, segment, conversation))
            )
        if segment.flags & FIN and not segment.flags & SYN:
            return list(_fin(packet, segment, conversation))
        if not conversation.fins or segment.acked is None:
            return None
        return list(_after_a_fin(packet, segment, conversation))

    def ended(self, conversation: Conversation | Exchange) -> Iterable[Verdict] | None:
        """Connections that were not seen to end."""
        if not isinstance(conversation, Conversation) or conversation.closed_frame is not None:
            return None
        about = conversation.last_frame
        if len(conversation.fins) == 2:
            last = max(frame for _, frame in conversation.fins)
            return [Verdict(UNSEEN, about, {"fin_frame": last}, (), "unacked")]
        if conversation.fins:
            sender, frame = conversation.fins[0]
            params = {"who": conversation.role(sender), "fin_frame": frame}
            return [Verdict(UNSEEN, about, params, (Evidence(frame, "tcp.flags.fin", True),), "half")]
        if not conversation.was_open:
            return None
        return [Verdict(UNSEEN, about, {}, (), "open")]


def _fin(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    number, sender = packet.number, segment.sender
    if not segment.flags & ACK:
        yield Verdict(NO_ACK, number, {}, (Evidence(number, "tcp.flags", segment.flags),))
        return
    if segment.fin == "again":
        yield from _fin_again(packet, segment, conversation)
        return
    who = conversation.role(sender)
    status, params = _ack_status(segment)
    evidence = _ack_evidence(segment)
    if conversation.fins[0][0] is sender:
        yield _first_fin(packet, segment, who, status, params, evidence)
    else:
        yield from _second_fin(packet, segment, conversation, who)
    if status == "routine":
        yield Verdict(ACK_ROUTINE, number, params, evidence)
    elif status == "pending" and segment.ack_before is not None:
        yield Verdict(ACK_PENDING, number, params, evidence, "fin" if segment.acknowledges_fin else "")


def _first_fin(
    packet: Packet,
    segment: Segment,
    who: str,
    status: str,
    params: Mapping[str, Any],
    evidence: tuple[Evidence, ...],
) -> Verdict:
    wording = "one-sided" if not segment.receiver.seen else status
    said = {"who": who, **params}
    if segment.length and wording in ("routine", "pending"):
        wording += "-data"
        said["length"] = segment.length
        evidence += (Evidence(packet.number, "tcp.len", segment.length),)
    return Verdict(FIRST, packet.number, said, evidence, wording)


def _ack_status(segment: Segment) -> tuple[str, dict[str, Any]]:
    """Whether the FIN's acknowledgment says anything new: ``routine``, ``pending``, ``unknown`` or ``bare``."""
    params: dict[str, Any] = {"ack": segment.ack, "ack_frame": segment.ack_since}
    if segment.gap or segment.sender.uncertain:
        return "unknown", params
    if segment.ack_since is not None:
        return "routine", params
    if segment.newly_acked and segment.ack_before is not None:
        frame, shown = segment.ack_before
        params.update(newly=segment.newly_acked, ack_frame=frame, before=shown)
        return "pending", params
    return ("unknown" if segment.first_of_sender else "bare"), params


def _ack_evidence(segment: Segment) -> tuple[Evidence, ...]:
    if segment.ack_since is not None:
        return (Evidence(segment.ack_since, "tcp.ack", segment.ack),)
    if segment.ack_before is not None:
        frame, shown = segment.ack_before
        return (Evidence(frame, "tcp.ack", shown),)
    return ()


def _second_fin(packet: Packet, segment: Segment, conversation: Conversation, who: str) -> Iterable[Verdict]:
    number, first = packet.number, segment.receiver
    params: dict[str, Any] = {"who": who, "first": first.fin_frame, "fin": first.fin_shown, "ack": segment.ack}
    evidence: tuple[Evidence, ...] = (
        Evidence(first.fin_frame or 0, "tcp.flags.fin", True),
        Evidence(number, "tcp.ack", segment.ack),
    )
    if conversation.crossed_fins:
        yield Verdict(SECOND, number, params, evidence, "crossed")
    elif segment.acknowledges_fin:
        yield Verdict(SECOND, number, params, evidence, "merged")
        yield _sequence(packet, segment)
    else:
        params["delay"] = seconds(conversation.first_fin_acked_time, packet.time) or 0.0
        yield Verdict(SECOND, number, params, evidence, "later")


def _fin_again(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    sender = segment.sender
    before, time = segment.fin_before
    params = {
        "who": conversation.role(sender),
        "before": before,
        "waited": seconds(time, packet.time) or 0.0,
        "answer": sender.peer_acked_frame,
    }
    evidence: tuple[Evidence, ...] = (Evidence(before or 0, "tcp.flags.fin", True),)
    acked = sender.fin_position is not None and sender.peer_acked > sender.fin_position
    if acked:
        evidence += (Evidence(sender.peer_acked_frame or 0, "tcp.ack", sender.fin_shown + 1),)
    yield Verdict(FIN_AGAIN, packet.number, params, evidence, "acked" if acked else "")
    if acked and conversation.last_ack_frame == sender.peer_acked_frame and conversation.fins[0][0] is not sender:
        yield Verdict(LAST_ACK_LOST, packet.number, params, evidence)


def _after_a_fin(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    """Segments without FIN after the first FIN: do they acknowledge it, or carry data?"""
    sender, receiver, number = segment.sender, segment.receiver, packet.number
    if receiver.fin_position is None:
        if segment.acknowledges_unseen_fin:
            params = {"who": conversation.role(sender), "ack": segment.ack}
            yield Verdict(LAST_ACK, number, params, (Evidence(number, "tcp.ack", segment.ack),), "one-sided")
        return
    if segment.length and segment.kind == "new" and sender.fin_position is None:
        conversation.half_closed_data += segment.length
        if segment.acked is not None and segment.acked > receiver.fin_position and "half" not in conversation.said:
            conversation.said.add("half")
            params = {
                "who": conversation.role(sender),
                "other": conversation.role(receiver),
                "fin_frame": receiver.fin_frame,
                "first": segment.seq,
                "last": segment.seq + segment.length - 1,
            }
            evidence: tuple[Evidence, ...] = (
                Evidence(receiver.fin_frame or 0, "tcp.flags.fin", True),
                Evidence(number, "tcp.len", segment.length),
            )
            yield Verdict(HALF, number, params, evidence, "data")
    if segment.acknowledges_fin:
        yield from _fin_acknowledged(packet, segment, conversation)


def _fin_acknowledged(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    sender, receiver, number = segment.sender, segment.receiver, packet.number
    params: dict[str, Any] = {"who": conversation.role(sender), "fin": receiver.fin_shown, "ack": segment.ack}
    evidence = (
        Evidence(receiver.fin_frame or 0, "tcp.flags.fin", True),
        Evidence(number, "tcp.ack", segment.ack),
    )
    own_acked = sender.fin_position is not None and sender.peer_acked > sender.fin_position
    if sender.fin_position is None:
        yield Verdict(ACKED, number, params, evidence)
    elif not own_acked:
        params["own_frame"] = sender.fin_frame
        wording = "crossed" if conversation.crossed_fins else ""
        yield Verdict(ACKED, number, params, evidence, wording)
    else:
        yield from _last_ack(packet, segment, conversation, params, evidence)
        return
    yield _sequence(packet, segment)


def _last_ack(
    packet: Packet, segment: Segment, conversation: Conversation, params: dict[str, Any], evidence: tuple[Evidence, ...]
) -> Iterable[Verdict]:
    number = packet.number
    conversation.last_ack_frame = number
    merged = conversation.merged_fin
    params["step"] = 3 if merged else 4
    yield Verdict(LAST_ACK, number, params, evidence, "crossed" if conversation.crossed_fins else "")
    frames = conversation.closing_frames(number)
    passive = segment.receiver
    how = {
        "frames": frames,
        "passive": conversation.role(passive),
        "delay": seconds(conversation.first_fin_acked_time, passive.fin_time) or 0.0,
        "count": conversation.half_closed_data,
    }
    if conversation.crossed_fins:
        yield Verdict(SIMULTANEOUS, number, {"frames": [frame for _, frame in conversation.fins]})
    elif merged:
        yield Verdict(THREE, number, how)
    elif conversation.half_closed_data:
        yield Verdict(HALF, number, how, (), "end")
    else:
        yield Verdict(FOUR, number, how)
    yield _sequence(packet, segment)
    yield Verdict(TIME_WAIT, number, {"who": params["who"]}, (), "both" if conversation.crossed_fins else "")


def _sequence(packet: Packet, segment: Segment) -> Verdict:
    closer = segment.receiver
    params = {
        "fin": closer.fin_shown,
        "ack": segment.ack,
        "frame": closer.fin_frame,
        "length": closer.fin_length,
        "seq": closer.fin_shown - closer.fin_length,
    }
    evidence: tuple[Evidence, ...] = (
        Evidence(closer.fin_frame or 0, "tcp.seq", params["seq"]),
        Evidence(packet.number, "tcp.ack", segment.ack),
    )
    return Verdict(SEQUENCE, packet.number, params, evidence, "data" if closer.fin_length else "")


def _reset(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    sender, receiver, number = segment.sender, segment.receiver, packet.number
    who = conversation.role(sender)
    evidence: tuple[Evidence, ...] = (Evidence(number, "tcp.flags.reset", True),)
    if segment.rst == "wrong-answer" or receiver.state == SYN_SENT:
        yield _reset_while_opening(packet, segment, conversation, who)
        return
    if segment.rst_before is not None:
        yield Verdict(ABORT, number, {"who": who, "before": segment.rst_before}, evidence, "again")
    elif sender.fin_frame is not None:
        params = {"who": who, "fin_frame": sender.fin_frame, "data": receiver.last_data_frame}
        evidence += (Evidence(sender.fin_frame, "tcp.flags.fin", True),)
        late = receiver.last_data_frame is not None and receiver.last_data_frame > sender.fin_frame
        yield Verdict(RST_AFTER_FIN, number, params, evidence, "data" if late else "")
    elif not receiver.seen and sender.packets == 1:
        yield Verdict(ABORT, number, {"who": who}, evidence, "alone")
    elif not segment.flags & ACK and segment.start == receiver.ack_position and receiver.last_frame is not None:
        params = {"who": who, "seq": segment.seq, "asked": receiver.ack_frame}
        evidence += (Evidence(receiver.ack_frame or 0, "tcp.ack", segment.seq),)
        yield Verdict(ABORT, number, params, evidence, "no-connection")
    elif _answers_no_ack(segment):
        params = {"who": who, "ack_raw": segment.ack_raw, "asked": receiver.last_frame}
        evidence += (Evidence(number, "tcp.seq_raw", 0),)
        yield Verdict(ABORT, number, params, evidence, "no-ack")
    elif segment.rst == "other":
        yield Verdict(ABORT, number, {"who": who, "seq": segment.seq}, evidence, "unacceptable")
    else:
        yield Verdict(ABORT, number, {"who": who}, evidence)
    ttl = time_to_live(packet)
    if ttl is not None and sender.ttl is not None and ttl != sender.ttl:
        found = (Evidence(number, "ip.ttl", ttl), Evidence(sender.first_frame or 0, "ip.ttl", sender.ttl))
        yield Verdict(MIDDLEBOX, number, {"ttl": ttl, "usual": sender.ttl}, found)


def _reset_while_opening(packet: Packet, segment: Segment, conversation: Conversation, who: str) -> Verdict:
    """Resets around a SYN that has no proper answer yet; a refusal is the opening's own verdict."""
    number = packet.number
    evidence: tuple[Evidence, ...] = (Evidence(number, "tcp.flags.reset", True),)
    if segment.rst == "wrong-answer" and conversation.wrong_answer is not None:
        frame = conversation.wrong_answer[0]
        params = {"who": who, "asked": frame, "seq_raw": segment.seq_raw, "isn": segment.sender.isn}
        evidence += (Evidence(frame, "tcp.ack_raw", segment.seq_raw),)
        return Verdict(ABORT, number, params, evidence, "wrong-answer")
    syn = segment.receiver.last_syn_frame
    return Verdict(ABORT, number, {"who": who, "syn_frame": syn, "isn": segment.receiver.isn}, evidence, "syn-sent")


def _answers_no_ack(segment: Segment) -> bool:
    """RFC 9293 §3.5.2, group 1: where no connection is, a segment without ACK is answered by RST, ACK with number 0."""
    alone = segment.sender.packets == 1 and segment.receiver.ack_position is None
    return alone and bool(segment.flags & ACK) and segment.seq_raw == 0


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Closing()]
