"""TCP: loss and what is taken for it: gaps, duplicate ACKs, SACK, and why bytes were sent again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.dissectors.layer import Text
from labdissect.plugins.analyzer import BaseAnalyzer, Settings
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Rule, Verdict

from .conversation import LATE, RESENT, SYN, Conversation, Segment, ip_id, seconds, timestamp

if TYPE_CHECKING:
    from labdissect.plugins.analyzer import Analyzer
    from labdissect.plugins.packet import Packet

DUPLICATES_FOR_FAST_RETRANSMIT = 3
"""RFC 5681 §3.2."""
SHORTEST_TIMEOUT = 0.19
"""Seconds. Linux waits at least 200 ms, RFC 6298 §2.4 asks for a second; some clock slack is allowed for."""

RESENT_LIMIT = 64
"""Retransmissions of a connection that a D-SACK may still judge."""

GAP_CAPTURE = Rule(
    "tcp.loss.gap-capture",
    "tcp",
    "warn",
    50,
    Text(
        "The capture missed {missing:byte} of the {peer:role} before {ack}: the {who:role} acknowledges them here and they "
        "are never sent again, so they did arrive.",
        "捕获漏掉了{peer:role}在 {ack} 之前的 {missing} 字节:{who:role}在此确认了它们且从未重传,说明它们已到达。",
    ),
    ("RFC 9293 §3.4", "RFC 5681 §3.2"),
    Text("The network lost the packet.", "网络丢失了报文。"),
)
GAP_NETWORK = Rule(
    "tcp.loss.gap-network",
    "tcp",
    "note",
    49,
    Text(
        "The gap before this segment was a loss on the way: its bytes {first}–{last} come again in frame {resent}, "
        "{waited:duration} later, and were asked for until then.",
        "本报文段之前的空缺是途中丢失:第 {first}–{last} 字节在 {waited:duration}之后的第 {resent} 帧重新发送,"
        "此前接收方一直在请求它们。",
    ),
    ("RFC 5681 §3.2", "RFC 2018 §5"),
    Text("The capture missed the packet.", "捕获漏掉了报文。"),
)
ACKED_UNSEEN = Rule(
    "tcp.loss.acked-unseen",
    "tcp",
    "warn",
    51,
    Text(
        "Acknowledges {ack}, more than the capture has of the {peer:role}: either the capture missed those bytes, or it "
        "recorded this ACK before the data. That the {who:role} is out of step (half-open) is the third possibility.",
        "确认号 {ack} 超出了捕获中{peer:role}已发送的数据:要么捕获漏掉了这些字节,要么先记录了 ACK 后记录数据;"
        "第三种可能是{who:role}状态不同步(半开连接)。",
    ),
    ("RFC 9293 §3.10.7.4", "RFC 9293 §3.5.1"),
    Text("The ACK comes from the future.", "ACK 来自未来。"),
)
DUPLICATE_ACK = Rule(
    "tcp.loss.dup-ack",
    "tcp",
    "note",
    48,
    {
        "": Text(
            "Duplicate ACK no. {count}: the {who:role} got something beyond {ack} and still misses the bytes from {ack} on. "
            "It asks for them again; three such ACKs make the sender resend.",
            "第 {count} 个重复 ACK:{who:role}收到了 {ack} 之后的数据,但仍缺少从 {ack} 开始的字节,因此再次索要;"
            "三个这样的 ACK 会使发送方重传。",
        ),
        "sack": Text(
            "Duplicate ACK no. {count}: the {who:role} still misses the bytes from {ack} on, but has {blocks}, as SACK "
            "reports.",
            "第 {count} 个重复 ACK:{who:role}仍缺少从 {ack} 开始的字节,但 SACK 报告它已收到 {blocks}。",
        ),
    },
    ("RFC 5681 §2", "RFC 5681 §3.2"),
    Text("It is a copy of the same packet.", "这是同一个报文的副本。"),
)
SACK_BLOCKS = Rule(
    "tcp.loss.sack",
    "tcp",
    "chat",
    13,
    {
        "": Text(
            "SACK: beyond {ack} the {who:role} already has {blocks}; only what lies between is missing.",
            "SACK:在 {ack} 之后,{who:role}已收到 {blocks};缺少的只是其间的部分。",
        ),
        "twice": Text(
            "D-SACK: the {who:role} reports {block} as received twice; nothing is missing there.",
            "D-SACK:{who:role}报告 {block} 收到了两次;那里并不缺数据。",
        ),
    },
    ("RFC 2018 §3", "RFC 2883 §4"),
    Text("SACK names the missing range.", "SACK 给出的是缺失的范围。"),
)
FAST_RETRANSMIT = Rule(
    "tcp.loss.fast-retransmit",
    "tcp",
    "note",
    58,
    {
        "duplicates": Text(
            "Fast retransmission: bytes {first}–{last} again, {waited:duration} after frame {earlier}, because {count} "
            "duplicate ACKs asked for {first}. No timer had to run out.",
            "快速重传:第 {first}–{last} 字节再次发送,距第 {earlier} 帧 {waited:duration},"
            "因为 {count} 个重复 ACK 在索要 {first}。不必等定时器超时。",
        ),
        "sack": Text(
            "Retransmission by SACK: bytes {first}–{last} again, {waited:duration} after frame {earlier}, because SACK "
            "shows that later bytes arrived and these did not. No timer had to run out.",
            "依据 SACK 的重传:第 {first}–{last} 字节再次发送,距第 {earlier} 帧 {waited:duration},"
            "因为 SACK 表明其后的字节已到达而这些没有。不必等定时器超时。",
        ),
        "gap": Text(
            "Retransmission, seen here for the first time: bytes {first}–{last} fill the gap that frame {earlier} left "
            "{waited:duration} before; the receiver had asked for them with {count} duplicate ACKs. The first copy was lost "
            "before the capture point.",
            "重传(此处首次看到):第 {first}–{last} 字节填补了 {waited:duration}前第 {earlier} 帧留下的空缺;"
            "接收方此前用 {count} 个重复 ACK 索要过。第一份在到达捕获点之前丢失。",
        ),
    },
    ("RFC 5681 §3.2", "RFC 6675 §5", "RFC 8985 §6.2"),
    Text("Every retransmission means a timeout.", "每次重传都意味着超时。"),
)
TIMEOUT = Rule(
    "tcp.loss.rto",
    "tcp",
    "note",
    58,
    {
        "": Text(
            "Retransmission after a timeout: bytes {first}–{last} again, {waited:duration} after frame {earlier}. No "
            "acknowledgment and no duplicate ACK had come; only the timer could tell.",
            "超时重传:第 {first}–{last} 字节再次发送,距第 {earlier} 帧 {waited:duration}。"
            "既没有确认也没有重复 ACK,只能靠定时器发现。",
        ),
        "gap": Text(
            "Retransmission after a timeout, seen here for the first time: bytes {first}–{last} fill the gap that frame "
            "{earlier} left {waited:duration} before. The first copy was lost before the capture point.",
            "超时重传(此处首次看到):第 {first}–{last} 字节填补了 {waited:duration}前第 {earlier} 帧留下的空缺。"
            "第一份在到达捕获点之前丢失。",
        ),
    },
    ("RFC 6298 §5", "RFC 9293 §3.8.1"),
    Text("The receiver asked for it.", "是接收方要求重传的。"),
)
TAIL = Rule(
    "tcp.loss.tail",
    "tcp",
    "note",
    58,
    {
        "": Text(
            "Tail loss probe: bytes {first}–{last}, the last ones sent, again {waited:duration} after frame {earlier}, while "
            "earlier bytes wait too. A timeout would resend the first; this copy is to provoke an ACK.",
            "尾部丢失探测:最后发送的第 {first}–{last} 字节在第 {earlier} 帧之后 {waited:duration}再次发送,"
            "而更早的字节也在等待确认。超时应重传最早的字节;这份副本是为了引出一个 ACK。",
        ),
        "alone": Text(
            "Sent again early: bytes {first}–{last}, {waited:duration} after frame {earlier}, sooner than a retransmission "
            "timeout and with no duplicate ACK: a tail loss probe, to provoke an ACK.",
            "较早重发:第 {first}–{last} 字节,距第 {earlier} 帧 {waited:duration},早于重传超时且没有重复 ACK:"
            "这是为了引出 ACK 的尾部丢失探测。",
        ),
    },
    ("RFC 8985 §7",),
    Text("It is an ordinary timeout.", "这是普通的超时重传。"),
)
PATH_MTU = Rule(
    "tcp.loss.path-mtu",
    "tcp",
    "note",
    59,
    Text(
        "Sent again in a smaller segment: bytes {first}–{last}, because the ICMP error of frame {icmp_frame} ({reason}) said "
        "that frame {earlier} was too large for the path. Path MTU discovery, no congestion.",
        "改用更小的报文段重发:第 {first}–{last} 字节,因为第 {icmp_frame} 帧的 ICMP 差错报文({reason})指出"
        "第 {earlier} 帧对路径而言太大。这是路径 MTU 发现,不是拥塞。",
    ),
    ("RFC 1191 §3", "RFC 9293 §3.7.2"),
    Text("The network was congested.", "网络拥塞。"),
)
SPURIOUS = Rule(
    "tcp.loss.spurious",
    "tcp",
    "note",
    57,
    {
        "acked": Text(
            "Needless retransmission, as seen here: frame {acked_frame} has acknowledged these bytes already. Near the "
            "receiver it may mean instead that this ACK was lost on its way.",
            "从此处看是不必要的重传:第 {acked_frame} 帧已确认这些字节。若捕获点靠近接收方,也可能是该 ACK 在途中丢失。",
        ),
        "d-sack": Text(
            "Needless retransmission: the D-SACK of frame {report} reports that these bytes had arrived before. Nothing was "
            "lost; the ACK came late.",
            "不必要的重传:第 {report} 帧的 D-SACK 表明这些字节早已到达。没有丢失,只是 ACK 来得晚。",
        ),
    },
    ("RFC 2883 §4", "RFC 5682 §1"),
    Text("Every retransmission repairs a loss.", "每次重传都是在弥补丢失。"),
)
OUT_OF_ORDER = Rule(
    "tcp.loss.out-of-order",
    "tcp",
    "note",
    56,
    {
        "": Text(
            "Out of order, not lost: bytes {first}–{last} come {late:duration} after frame {overtaker} overtook them, less "
            "than the round trip of {rtt:duration} that a retransmission would take.",
            "乱序而非丢失:第 {first}–{last} 字节比超越它的第 {overtaker} 帧晚到 {late:duration},"
            "小于一次重传所需的往返时间 {rtt:duration}。",
        ),
        "timestamps": Text(
            "Out of order, not lost: bytes {first}–{last} come {late:duration} after frame {overtaker} overtook them, less "
            "than the round trip of {rtt:duration}, and were sent no later: timestamp {tsval}, {overtaker_tsval} there.",
            "乱序而非丢失:第 {first}–{last} 字节比超越它的第 {overtaker} 帧晚到 {late:duration},小于往返时间 "
            "{rtt:duration},且发送时间并不更晚:时间戳为 {tsval},而后者为 {overtaker_tsval}。",
        ),
    },
    ("RFC 8985 §1.2", "RFC 5681 §3.2"),
    Text("It is a retransmission.", "这是重传。"),
)

RULES: Sequence[Rule] = (
    GAP_CAPTURE,
    GAP_NETWORK,
    ACKED_UNSEEN,
    DUPLICATE_ACK,
    SACK_BLOCKS,
    FAST_RETRANSMIT,
    TIMEOUT,
    TAIL,
    PATH_MTU,
    SPURIOUS,
    OUT_OF_ORDER,
)

FRAGMENTATION_NEEDED = ("type 3, code 4", "type 2, code 0")
"""ICMP and ICMPv6, as :attr:`Conversation.icmp` has it."""


class Loss(BaseAnalyzer):
    """Reads gaps and repetitions."""

    layers = ("tcp",)

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """Nothing for a segment that goes on where the last one ended."""
        segment, conversation = packet.segment, packet.conversation
        if segment is None or not isinstance(conversation, Conversation) or segment.rst or segment.flags & SYN:
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
    overtaker = segment.overtaker
    if overtaker is None:
        return []
    params = _numbers(segment)
    late = seconds(overtaker.time, packet.time)
    rtt = conversation.round_trip
    if late is not None and rtt is not None and late < rtt / 1e9 and _sent_no_later(packet, segment):
        tsval = timestamp(packet.tcp)
        params.update(late=late, rtt=rtt / 1e9, overtaker=overtaker.frame)
        params.update(tsval=tsval, overtaker_tsval=overtaker.tsval)
        evidence: tuple[Evidence, ...] = (Evidence(overtaker.frame, "tcp.seq", segment.seq + segment.length),)
        known = tsval is not None and overtaker.tsval is not None
        if known:
            evidence += (Evidence(packet.number, "tcp.options.timestamp.tsval", tsval),)
        return [Verdict(OUT_OF_ORDER, packet.number, params, evidence, "timestamps" if known else "")]
    return _late_copy(packet, segment, params, late)


def _late_copy(packet: Packet, segment: Segment, params: dict[str, Any], late: float | None) -> list[Verdict]:
    overtaker, count = segment.overtaker, segment.receiver.duplicate_acks
    assert overtaker is not None
    if late is None or not (count or late >= SHORTEST_TIMEOUT):
        return []  # neither in time for a reordering nor with a sign of loss: the data's own verdict says what is seen
    params.update(earlier=overtaker.frame, waited=late, count=count)
    evidence = (Evidence(overtaker.frame, "tcp.seq", segment.seq + segment.length),)
    rule = FAST_RETRANSMIT if count else TIMEOUT
    loss = {**params, "resent": packet.number}
    return [
        Verdict(rule, packet.number, params, evidence, "gap"),
        Verdict(GAP_NETWORK, overtaker.frame, loss, (Evidence(packet.number, "tcp.seq", segment.seq),)),
    ]


def _sent_no_later(packet: Packet, segment: Segment) -> bool:
    """Nothing says that the late segment was sent after the one that overtook it (timestamps, ip.id)."""
    overtaker = segment.overtaker
    assert overtaker is not None
    tsval, identification = timestamp(packet.tcp), ip_id(packet)
    if tsval is not None and overtaker.tsval is not None and 0 < (tsval - overtaker.tsval) % (1 << 32) < 1 << 31:
        return False
    if identification and overtaker.ip_id:
        return (identification - overtaker.ip_id) % (1 << 16) >= 1 << 15
    return True


def _again(packet: Packet, segment: Segment, conversation: Conversation) -> list[Verdict]:
    """Bytes that the capture has already: why were they sent again?"""
    sender, receiver, earlier = segment.sender, segment.receiver, segment.earlier
    params = _numbers(segment)
    if sender.peer_acked >= segment.end and segment.kind is RESENT:
        params["acked_frame"] = sender.peer_acked_frame
        evidence: tuple[Evidence, ...] = (Evidence(sender.peer_acked_frame or 0, "tcp.ack", params["last"] + 1),)
        return [Verdict(SPURIOUS, packet.number, params, evidence, "acked")]
    waited = None if earlier is None else seconds(earlier.time, packet.time)
    if earlier is None or waited is None:
        return []
    params.update(earlier=earlier.frame, waited=waited, count=receiver.duplicate_acks)
    evidence = (Evidence(earlier.frame, "tcp.seq", segment.seq),)
    if segment.kind is RESENT:
        if len(conversation.resent) >= RESENT_LIMIT:
            del conversation.resent[next(iter(conversation.resent))]
        conversation.resent[(segment.start, segment.end)] = packet.number
    icmp = conversation.icmp
    if icmp is not None and icmp[0] > earlier.frame and icmp[1] in FRAGMENTATION_NEEDED:
        params.update(icmp_frame=icmp[0], reason=icmp[1])
        return [Verdict(PATH_MTU, packet.number, params, (*evidence, Evidence(icmp[0], "icmp.type", icmp[1])))]
    asked_for = receiver.ack_position == segment.start and receiver.duplicate_acks >= DUPLICATES_FOR_FAST_RETRANSMIT
    if asked_for:
        return [Verdict(FAST_RETRANSMIT, packet.number, params, evidence, "duplicates")]
    if any(left >= segment.end for left, _ in receiver.sacked):
        return [Verdict(FAST_RETRANSMIT, packet.number, params, evidence, "sack")]
    return _by_a_timer(packet, segment, params, evidence)


def _by_a_timer(
    packet: Packet, segment: Segment, params: dict[str, Any], evidence: tuple[Evidence, ...]
) -> list[Verdict]:
    sender, waited = segment.sender, params["waited"]
    is_tail = segment.end >= sender.position
    if is_tail and segment.start > sender.peer_acked:
        return [Verdict(TAIL, packet.number, params, evidence)]
    if waited >= SHORTEST_TIMEOUT:
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
    for (start, end), frame in list(conversation.resent.items()):
        if start <= left and right <= end:
            del conversation.resent[(start, end)]
            evidence = (
                Evidence(packet.number, "tcp.options.sack_le", left),
                Evidence(packet.number, "tcp.ack", segment.ack),
            )
            yield Verdict(SPURIOUS, frame, {"report": packet.number}, evidence, "d-sack")


def _blocks(segment: Segment, blocks: Sequence[tuple[int, int]]) -> str:
    """Blocks in the numbers that tshark shows: ``5793–7240, 8689–10136``."""
    shown = (segment.ack or 0) - (segment.acked or 0)
    return ", ".join(f"{left + shown}–{right + shown - 1}" for left, right in blocks)


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Loss()]
