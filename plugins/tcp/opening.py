"""TCP: how a connection opens (RFC 9293 §3.5): handshake, its options, and the ways in which it goes otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.plugins.analyzer import BaseAnalyzer, Settings
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Verdict

from .conversation import ACK, CWR, ECE, Conversation, Segment, seconds, timestamp
from .rules.opening import (
    ACK_MEANINGLESS,
    ACK_STEP,
    ECN_SETUP,
    FAST_OPEN,
    MIDSTREAM,
    MSS,
    NO_ANSWER,
    PORT_REUSED,
    REFUSED,
    RELATIVE,
    SACK_ABSENT,
    SACK_PERMITTED,
    SIMULTANEOUS,
    SYN_ACK_AGAIN,
    SYN_ACK_STEP,
    SYN_AGAIN,
    SYN_STEP,
    TIMESTAMPS,
    WINDOW_SCALE,
)

if TYPE_CHECKING:
    from labdissect.plugins.analyzer import Analyzer
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.udp import Exchange

    from .endpoint import Endpoint


OPTION_END, OPTION_MSS, OPTION_WINDOW_SCALE, OPTION_SACK_PERMITTED, OPTION_TIMESTAMPS, OPTION_FAST_OPEN = (
    0,
    2,
    3,
    4,
    8,
    34,
)


class Opening(BaseAnalyzer):
    """Reads how the connection opens."""

    layers = ("tcp",)
    fields = (
        "tcp.ack_raw",
        "tcp.hdr_len",
        "tcp.options",
    )
    wants_routine = False

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """The verdicts of a packet that opens a connection or fails to, and of the first of one that was open."""
        segment, conversation = packet.segment, packet.conversation
        if segment is None or packet.copy_of or not isinstance(conversation, Conversation):
            return None
        if not segment.opens and not segment.rst:
            if segment.first and conversation.midstream and segment.flags & ACK:
                return [Verdict(MIDSTREAM, packet.number, {})]
            return None
        if segment.rst:
            return _refused(packet, segment, conversation)
        if segment.opens == "ack":
            return [_handshake_done(packet, segment, conversation)]
        verdicts = [_SYN_READERS[segment.opens](packet, segment, conversation)]
        if not segment.opens.endswith("again"):
            verdicts.extend(_options(packet, segment, conversation))
        return verdicts

    def ended(self, conversation: Conversation | Exchange) -> Iterable[Verdict] | None:
        """A SYN that nothing answered."""
        if not isinstance(conversation, Conversation):
            return None
        client = conversation.client
        answered = conversation.server.packets or conversation.handshake_frame is not None
        if client.syn_frame is None or answered or client.packets > client.syn_copies + 1:
            return None
        about = client.syn_frame
        evidence: tuple[Evidence, ...] = (Evidence(about, "tcp.seq_raw", client.isn),)
        if conversation.icmp is not None:
            error = conversation.icmp
            params = {"icmp_frame": error.frame, "reason": error.reason}
            return [Verdict(NO_ANSWER, about, params, evidence + error.evidence, "icmp")]
        span = seconds(client.syn_time, client.last_time)
        if client.syn_copies and span is not None:
            return [Verdict(NO_ANSWER, about, {"count": client.syn_copies + 1, "span": span}, evidence)]
        return [Verdict(NO_ANSWER, about, {}, evidence, "once")]


def _syn(packet: Packet, segment: Segment, conversation: Conversation) -> Verdict:
    params = {"isn": segment.seq_raw, "seq": segment.seq}
    return Verdict(SYN_STEP, packet.number, params, (Evidence(packet.number, "tcp.seq_raw", segment.seq_raw),))


def _syn_ack(packet: Packet, segment: Segment, conversation: Conversation) -> Verdict:
    client = segment.receiver
    params = {
        "isn": segment.seq_raw,
        "seq": segment.seq,
        "ack_raw": segment.ack_raw,
        "ack": segment.ack,
        "peer_isn": client.isn,
        "data": conversation.data_in_syn,
    }
    evidence: tuple[Evidence, ...] = (Evidence(packet.number, "tcp.ack_raw", segment.ack_raw),)
    if client.isn is None or client.syn_frame is None:
        return Verdict(SYN_ACK_STEP, packet.number, params, evidence, "unseen")
    evidence = (Evidence(client.syn_frame, "tcp.seq_raw", client.isn), *evidence)
    acked = segment.acked
    if acked == 1:
        return Verdict(SYN_ACK_STEP, packet.number, params, evidence)
    wording = "data" if conversation.data_in_syn and acked == 1 + conversation.data_in_syn else "other"
    return Verdict(SYN_ACK_STEP, packet.number, params, evidence, wording)


def _handshake_done(packet: Packet, segment: Segment, conversation: Conversation) -> Verdict:
    peer = segment.receiver
    params = {
        "peer_isn": peer.isn,
        "ack_raw": segment.ack_raw,
        "ack": segment.ack,
        "seq_raw": segment.seq_raw,
        "seq": segment.seq,
        "elapsed": seconds(segment.sender.syn_time, packet.time),
    }
    evidence: tuple[Evidence, ...] = (Evidence(packet.number, "tcp.ack_raw", segment.ack_raw),)
    if peer.syn_frame is None:
        return Verdict(ACK_STEP, packet.number, params, evidence, "unseen")
    evidence = (Evidence(peer.syn_frame, "tcp.seq_raw", peer.isn), *evidence)
    if segment.acked != 1:
        return Verdict(ACK_STEP, packet.number, params, evidence, "more")
    return Verdict(ACK_STEP, packet.number, params, evidence, "" if params["elapsed"] is not None else "untimed")


def _syn_again(packet: Packet, segment: Segment, conversation: Conversation) -> Verdict:
    server = segment.receiver
    params, evidence = _repeated(packet, segment)
    rejected = conversation.wrong_answer is not None and conversation.wrong_answer[0] == server.syn_frame
    if server.syn_frame is None or rejected:
        return Verdict(SYN_AGAIN, packet.number, params, evidence)
    params["answer"] = server.syn_frame
    evidence += (Evidence(server.syn_frame, "tcp.flags.syn", True),)
    return Verdict(SYN_AGAIN, packet.number, params, evidence, "answered")


def _syn_ack_again(packet: Packet, segment: Segment, conversation: Conversation) -> Verdict:
    client = segment.receiver
    params, evidence = _repeated(packet, segment)
    wording = ""
    if conversation.handshake_frame is not None:
        params["answer"], wording = conversation.handshake_frame, "acked"
    elif client.syn_copies and (client.last_syn_frame or 0) > params["before"]:
        params["answer"], wording = client.last_syn_frame, "asked"
    return Verdict(SYN_ACK_AGAIN, packet.number, params, evidence, wording)


def _repeated(packet: Packet, segment: Segment) -> tuple[dict[str, Any], tuple[Evidence, ...]]:
    frame, time = segment.syn_before
    params = {"isn": segment.seq_raw, "before": frame or 0, "waited": seconds(time, packet.time) or 0.0}
    return params, (Evidence(frame or 0, "tcp.seq_raw", segment.seq_raw),)


def _simultaneous_syn(packet: Packet, segment: Segment, conversation: Conversation) -> Verdict:
    params = {"isn": segment.seq_raw, "peer_frame": segment.receiver.syn_frame}
    evidence: tuple[Evidence, ...] = (Evidence(segment.receiver.syn_frame or 0, "tcp.flags.syn", True),)
    return Verdict(SIMULTANEOUS, packet.number, params, evidence, "syn")


def _simultaneous_syn_ack(packet: Packet, segment: Segment, conversation: Conversation) -> Verdict:
    params = {"isn": segment.seq_raw, "peer_isn": segment.receiver.isn, "ack_raw": segment.ack_raw}
    evidence = (
        Evidence(segment.sender.syn_frame or 0, "tcp.seq_raw", segment.seq_raw),
        Evidence(segment.receiver.syn_frame or 0, "tcp.seq_raw", segment.receiver.isn),
    )
    return Verdict(SIMULTANEOUS, packet.number, params, evidence, "syn-ack")


_SYN_READERS = {
    "syn": _syn,
    "syn-again": _syn_again,
    "syn-ack": _syn_ack,
    "syn-ack-again": _syn_ack_again,
    "simultaneous-syn": _simultaneous_syn,
    "simultaneous-syn-ack": _simultaneous_syn_ack,
}


def _refused(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict] | None:
    if segment.rst != "refused":
        return None
    client = segment.receiver
    params = {
        "syn_frame": client.last_syn_frame,
        "isn": client.isn,
        "taken": segment.acked,
        "ack_raw": segment.ack_raw,
        "port": segment.sender.port,
    }
    evidence = (
        Evidence(client.last_syn_frame or 0, "tcp.seq_raw", client.isn),
        Evidence(packet.number, "tcp.ack_raw", segment.ack_raw),
    )
    return [Verdict(REFUSED, packet.number, params, evidence)]


def _options(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    """What the options and flags of a SYN say; each is said once for each end."""
    sender, receiver, number = segment.sender, segment.receiver, packet.number
    who = conversation.role(sender)
    answers = bool(segment.flags & ACK)
    shown = "" if segment.seq != segment.seq_raw else "raw"
    yield Verdict(RELATIVE, number, {"seq": segment.seq, "isn": segment.seq_raw}, wording=shown)
    if not answers:
        if segment.opens == "syn":
            yield Verdict(ACK_MEANINGLESS, number, {"value": packet.tcp.ack_raw or 0})
        if conversation.reused_after is not None and segment.opens == "syn":
            yield Verdict(
                PORT_REUSED,
                number,
                {"before": conversation.reused_after, "isn": segment.seq_raw},
                (Evidence(conversation.reused_after, "tcp.port", sender.port),),
            )
    if sender.mss is not None:
        headers = 40 if packet.ipv6 is None else 60
        params = {"mss": sender.mss, "who": who, "mtu": sender.mss + headers, "headers": headers}
        yield Verdict(MSS, number, params, (Evidence(number, "tcp.options.mss_val", sender.mss),))
    peer_known = answers and receiver.isn is not None
    if sender.shift is not None:
        shift = min(sender.shift, 14)  # RFC 7323 §2.3: more counts as 14
        params = {"who": who, "shift": shift, "factor": 1 << shift, "window": segment.window}
        agreed = peer_known and receiver.shift is not None
        if agreed:
            params["peer_factor"] = 1 << min(receiver.shift or 0, 14)
        yield Verdict(WINDOW_SCALE, number, params, wording="agreed" if agreed else "offered")
    yield from _sack_and_timestamps(packet, segment, who, peer_known)
    yield from _fast_open(packet, segment, conversation)
    if not answers and segment.flags & ECE and segment.flags & CWR:
        yield Verdict(ECN_SETUP, number, {}, wording="offered")
    elif answers and conversation.ecn:
        yield Verdict(ECN_SETUP, number, {}, wording="agreed")


def _sack_and_timestamps(packet: Packet, segment: Segment, who: str, peer_known: bool) -> Iterable[Verdict]:
    sender, receiver, number = segment.sender, segment.receiver, packet.number
    if OPTION_SACK_PERMITTED in sender.options:
        agreed = peer_known and OPTION_SACK_PERMITTED in receiver.options
        yield Verdict(SACK_PERMITTED, number, {}, wording="agreed" if agreed else "offered")
    elif _has_all_options(packet.tcp):
        evidence = (Evidence(number, "tcp.hdr_len", packet.tcp.hdr_len),)
        if peer_known and OPTION_SACK_PERMITTED in receiver.options:
            params: dict[str, Any] = {"syn_frame": receiver.syn_frame}
            yield Verdict(SACK_ABSENT, number, params, evidence, "declined")
        else:
            params = {"segment": "SYN-ACK" if segment.flags & ACK else "SYN"}
            yield Verdict(SACK_ABSENT, number, params, evidence, "alone")
    if OPTION_TIMESTAMPS in sender.options:
        tsval = timestamp(packet.tcp)
        if peer_known and OPTION_TIMESTAMPS in receiver.options and sender.mss is not None:
            params = {"mss": sender.mss, "payload": sender.mss - 12, "who": who}
            yield Verdict(TIMESTAMPS, number, params, wording="agreed")
        elif tsval is not None:
            yield Verdict(TIMESTAMPS, number, {"tsval": tsval}, wording="offered")


def _has_all_options(tcp: Any) -> bool:
    """Whether an option that is not seen is not there: with `-e` or a short snapshot length it may be."""
    options = tcp.options
    if options is None:
        return bool(tcp.hdr_len == 20)
    return not options.rest or (bool(options.list) and options.list[-1].kind == OPTION_END)


def _fast_open(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    answers = bool(segment.flags & ACK)
    cookie = _cookie(packet, segment.sender)
    data = conversation.data_in_syn
    if answers:
        if cookie:
            yield Verdict(FAST_OPEN, packet.number, {"size": len(cookie)}, wording="cookie")
        if data and segment.acked is not None:
            wording = "accepted" if segment.acked == data + 1 else "declined"
            yield Verdict(FAST_OPEN, packet.number, {"data": data}, wording=wording)
    elif cookie is not None:
        if segment.length:
            yield Verdict(FAST_OPEN, packet.number, {"data": segment.length}, wording="data")
        elif not cookie:
            yield Verdict(FAST_OPEN, packet.number, {}, wording="request")


def _cookie(packet: Packet, sender: Endpoint) -> bytes | None:
    """The Fast Open cookie in a SYN; empty when one is asked for, None without the option."""
    if OPTION_FAST_OPEN not in sender.options:
        return None
    for option in packet.tcp.options.list:
        if option.kind == OPTION_FAST_OPEN:
            return bytes(option.value.cookie)
    return None


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Opening()]
