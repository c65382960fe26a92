"""TCP: an open connection's everyday traffic: bytes, acknowledgments, keep-alives (RFC 9293 §3.4, §3.8, §3.9.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.plugins.analyzer import BaseAnalyzer, Settings
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Verdict

from .conversation import ACK, FIN, LATE, NEW, PSH, RST, SYN, TIMESTAMPS, Conversation, Segment
from .rules.data import (
    CUMULATIVE,
    DELAYED,
    INVALID_FLAGS,
    KEEPALIVE,
    KEEPALIVE_ACK,
    PIGGYBACKED,
    PURE_ACK,
    PUSH,
    SEGMENT,
)

if TYPE_CHECKING:
    from labdissect.plugins.analyzer import Analyzer
    from labdissect.plugins.packet import Packet

DELAY_AT_LEAST = 30_000_000
"""Nanoseconds beyond the connection's quickest answer from which an ACK is called delayed. Linux waits at least 40 ms,
Windows and the BSDs 40 to 200 ms; below this a busy host explains it as well."""
DELAY_AT_MOST = 500_000_000
"""RFC 5681 §4.2: an ACK must come within 500 ms."""
TIMESTAMPS_LENGTH = 12
"""Bytes of a header's timestamps with their padding, which leave less room for data (RFC 7323)."""


class Data(BaseAnalyzer):
    """Reads payload and acknowledgments."""

    layers = ("tcp",)
    fields = ("tcp.len",)

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """What a packet carries and acknowledges."""
        segment = packet.segment
        if segment is None or packet.copy_of:
            return None
        who = "client" if segment.from_client else "server"
        if segment.routine:
            return _payload(packet, segment, who) if segment.length else [_pure_ack(packet, segment, who)]
        flags = segment.flags
        wording = _IMPOSSIBLE.get(flags & (SYN | FIN | RST)) or ("no-ack" if not flags & (SYN | RST | ACK) else "")
        if wording == "no-ack" and flags & FIN:
            return None  # the closing's own verdict says so
        if wording:
            evidence = (Evidence(packet.number, "tcp.flags", flags),)
            return [Verdict(INVALID_FLAGS, packet.number, {}, evidence, wording)]
        if flags & RST:
            return None
        if segment.keepalive:
            return [_keepalive(packet, segment, who)]
        if segment.length:
            return _payload(packet, segment, who)
        if flags & (SYN | FIN) or segment.opens:
            return None
        if segment.keepalive_answered is not None:
            return [_keepalive_answer(packet, segment, who)]
        if segment.acknowledges_fin or segment.acknowledges_unseen_fin:
            return None  # the closing's own verdict says so
        return [_pure_ack(packet, segment, who)]


_IMPOSSIBLE = {SYN | FIN: "syn-fin", SYN | RST: "syn-rst", SYN | FIN | RST: "syn-fin", FIN | RST: "fin-rst"}


def _payload(packet: Packet, segment: Segment, who: str) -> list[Verdict]:
    number, length = packet.number, segment.length
    first = segment.seq + 1 if segment.flags & SYN else segment.seq
    params = {"length": length, "who": who, "first": first, "last": first + length - 1}
    if segment.flags & SYN:
        return [Verdict(SEGMENT, number, params, (), "syn")]
    newly = segment.newly_acked
    evidence: tuple[Evidence, ...] = ()
    wording = ""
    if segment.kind is NEW:
        if segment.gap:
            params["gap"], wording = segment.gap, "gap"
        elif segment.earlier is not None:
            params["fresh"], wording = segment.fresh, "partly"
        elif newly:
            params["ack"], wording = segment.ack, "acks" if length > 1 else "one-acks"
        elif length == 1:
            wording = "one"
    elif segment.kind is LATE:
        wording = "late"
    else:
        wording, evidence = _repetition(packet, segment, params)
    verdicts = [Verdict(SEGMENT, number, params, evidence, wording)]
    if segment.receiver.fin_position is not None and segment.acknowledges_fin:
        newly -= 1  # a FIN takes a number and is no byte; what acknowledges it says so
    if newly and not segment.opens:
        frames = segment.acked_frames
        said = {"newly": newly, "ack": segment.ack, "frames": frames}
        wording = ("frames" if len(frames) > 1 else "frame") if frames else ""
        verdicts.append(Verdict(PIGGYBACKED, number, said, (), wording))
    if segment.flags & PSH:
        sender = segment.sender
        verdicts.append(Verdict(PUSH, number, {"who": who}, (), "again" if sender.pushed else ""))
        sender.pushed = True
    return verdicts


def _repetition(packet: Packet, segment: Segment, params: dict[str, object]) -> tuple[str, tuple[Evidence, ...]]:
    earlier, sender = segment.earlier, segment.sender
    if earlier is not None and packet.time is not None and earlier.time is not None:
        params["earlier"], params["waited"] = earlier.frame, (packet.time - earlier.time) / 1e9
        first = segment.seq - (segment.start - earlier.start)
        return "again", (Evidence(earlier.frame, "tcp.seq", first),)
    if sender.peer_acked >= segment.end and sender.peer_acked_frame is not None:
        params["acked_frame"], params["acked"] = (
            sender.peer_acked_frame,
            segment.seq + sender.peer_acked - segment.start,
        )
        return "again-acked", (Evidence(sender.peer_acked_frame, "tcp.ack", params["acked"]),)
    return "again-old", ()


def _keepalive(packet: Packet, segment: Segment, who: str) -> Verdict:
    params = {"who": who, "seq": segment.seq, "idle": None if segment.idle is None else segment.idle / 1e9}
    evidence: tuple[Evidence, ...] = (Evidence(packet.number, "tcp.seq", segment.seq),)
    if segment.sender.peer_acked_frame is not None:
        evidence += (Evidence(segment.sender.peer_acked_frame, "tcp.ack", segment.seq + 1),)
    return Verdict(KEEPALIVE, packet.number, params, evidence, "" if segment.idle is not None else "untimed")


def _keepalive_answer(packet: Packet, segment: Segment, who: str) -> Verdict:
    probe, since = segment.keepalive_answered or (0, None)
    params = {"who": who, "probe": probe, "ack": segment.ack, "delay": None if since is None else since / 1e9}
    evidence: tuple[Evidence, ...] = (
        Evidence(probe, "tcp.seq", (segment.ack or 0) - 1),
        Evidence(packet.number, "tcp.ack", segment.ack),
    )
    return Verdict(KEEPALIVE_ACK, packet.number, params, evidence, "" if since is not None else "untimed")


def _pure_ack(packet: Packet, segment: Segment, who: str) -> Verdict:
    number, ack, newly, frames = packet.number, segment.ack, segment.newly_acked, segment.acked_frames
    sender = segment.sender
    if not newly:
        params: dict[str, Any] = {
            "ack": ack,
            "since": segment.ack_since,
            "window": segment.window,
            "before": segment.window_before,
        }
        if segment.ack_since is None:
            if sender.ack_frame == number:
                wording = "first-frames" if frames else "first"
                return Verdict(PURE_ACK, number, {"who": who, "ack": ack, "frames": frames}, (), wording)
            params["since"] = sender.ack_frame
            return Verdict(PURE_ACK, number, params, (), "old")
        changed = segment.window_before is not None and segment.window != segment.window_before
        evidence: tuple[Evidence, ...] = (Evidence(segment.ack_since, "tcp.ack", ack),)
        repeated = _repeated(segment)
        if repeated:
            params["copy"] = segment.receiver.last_frame
            return Verdict(PURE_ACK, number, params, evidence, repeated)
        return Verdict(PURE_ACK, number, params, evidence, "window" if changed else "again")
    delayed = _delayed(packet, segment, who)
    if delayed is not None:
        return delayed
    if len(frames) > 1:
        params = {"count": len(frames), "who": who, "newly": newly, "ack": ack, "frames": frames}
        return Verdict(CUMULATIVE, number, params, (Evidence(number, "tcp.ack", ack),))
    frame = frames[0] if frames else _resent_alone(packet, segment)
    if frame is not None:
        params = {"who": who, "newly": newly, "ack": ack, "frame": frame}
        return Verdict(PURE_ACK, number, params, (), "frame")
    return Verdict(PURE_ACK, number, {"who": who, "newly": newly, "ack": ack}, (), "part")


def _resent_alone(packet: Packet, segment: Segment) -> int | None:
    """The frame that sent just the newly acknowledged bytes again, as a part of the segment that had them first."""
    conversation, acked = packet.conversation, segment.acked
    if not isinstance(conversation, Conversation) or acked is None:
        return None
    copy = conversation.resent.get((not segment.from_client, acked - segment.newly_acked, acked))
    return None if copy is None else copy.frame


def _repeated(segment: Segment) -> str:
    """Whether it answers the repeated FIN or SYN-ACK that the other end has sent just before: the wording."""
    other = segment.receiver
    if segment.acked != other.position or other.last_frame is None:
        return ""
    if other.fin_copies and other.last_fin_frame == other.last_frame:
        return "fin-again"
    return "syn-again" if other.syn_copies and other.last_syn_frame == other.last_frame else ""


def _delayed(packet: Packet, segment: Segment, who: str) -> Verdict | None:
    """A pure ACK that came much later than this end can answer, with nothing sent again meanwhile."""
    waited, quickest, frames = segment.oldest_answer_time, segment.sender.quickest_answer, segment.acked_frames
    if waited is None or quickest is None or not frames or segment.acked_resent:
        return None
    if not DELAY_AT_LEAST <= waited - quickest < DELAY_AT_MOST or len(frames) > 2 or _two_full_segments(segment):
        return None
    params = {"who": who, "delay": waited / 1e9, "frame": frames[0], "quickest": quickest / 1e9}
    evidence: tuple[Evidence, ...] = (
        Evidence(frames[-1], "tcp.nxtseq", segment.ack),
        Evidence(packet.number, "tcp.ack", segment.ack),
    )
    return Verdict(DELAYED, packet.number, params, evidence)


def _two_full_segments(segment: Segment) -> bool:
    """Whether it acknowledges so much that no delay was to be expected (RFC 5681 §4.2): as much as two segments of the
    size that this end accepts."""
    end, other = segment.sender, segment.receiver
    if end.mss is None:
        return False
    options = TIMESTAMPS_LENGTH if TIMESTAMPS in end.options & other.options else 0
    return segment.newly_acked >= 2 * (end.mss - options)


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Data()]
