"""TCP: flow control (RFC 9293 §3.8.6), urgent data (§3.8.5), congestion marks (RFC 3168), and round-trip times (RFC 6298)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.dissectors.layer import Text
from labdissect.plugins.analyzer import BaseAnalyzer, Settings
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Rule, Verdict

from .conversation import CWR, ECE, FIN, NEW, RST, SYN, URG, Conversation, Segment

if TYPE_CHECKING:
    from labdissect.plugins.analyzer import Analyzer
    from labdissect.plugins.packet import Packet

CONGESTION_EXPERIENCED = 3
"""Value of the two ECN bits of the IP header (RFC 3168 §5)."""

ZERO_WINDOW = Rule(
    "tcp.flow.zero-window",
    "tcp",
    "warn",
    54,
    {
        "": Text(
            "Window 0: the {who:role}'s receive buffer is full, as its program does not read fast enough. The other side "
            "must stop sending data.",
            "窗口为 0:{who:role}的接收缓存已满,其应用程序读取得不够快。对方必须停止发送数据。",
        ),
        "still": Text(
            "Window still 0: the {who:role} answers the probe of frame {probe} and cannot take data yet.",
            "窗口仍为 0:{who:role}应答第 {probe} 帧的探测,仍不能接收数据。",
        ),
    },
    ("RFC 9293 §3.8.6",),
    Text("The network is congested.", "网络拥塞。"),
)
PROBE = Rule(
    "tcp.flow.probe",
    "tcp",
    "note",
    76,
    {
        "": Text(
            "Zero-window probe: the {peer:role} announced window 0 (frame {closed}), so the {who:role} asks whether it has "
            "opened, with number {seq}, one before the next byte and no data (as Linux does). No keep-alive, nothing lost.",
            "零窗口探测:{peer:role}曾通告窗口 0(第 {closed} 帧),{who:role}用序列号 {seq}(比下一个字节小 1、不带数据,"
            "Linux 的做法)询问窗口是否已打开。这不是保活,也没有丢失。",
        ),
        "byte": Text(
            "Zero-window probe: the {peer:role} announced window 0 (frame {closed}), so the {who:role} sends one byte more "
            "to ask whether it has opened. No keep-alive, nothing lost.",
            "零窗口探测:{peer:role}曾通告窗口 0(第 {closed} 帧),{who:role}多发一个字节询问窗口是否已打开。"
            "这不是保活,也没有丢失。",
        ),
    },
    ("RFC 9293 §3.8.6.1", "RFC 1122 §4.2.2.17"),
    Text("It is a keep-alive or a retransmission.", "这是保活探测或重传。"),
)
UPDATE = Rule(
    "tcp.flow.update",
    "tcp",
    "chat",
    47,
    {
        "opened": Text(
            "Window update: the {who:role} has room again, {window:byte} after a window of 0. The other side may go on.",
            "窗口更新:{who:role}又有空间了,窗口由 0 变为 {window} 字节,对方可以继续发送。",
        ),
        "": Text(
            "Window update: the {who:role} has read data and offers {window:byte} instead of {before}; it acknowledges "
            "nothing new.",
            "窗口更新:{who:role}已读取数据,窗口由 {before} 变为 {window} 字节;没有确认新的数据。",
        ),
    },
    ("RFC 9293 §3.8.6", "RFC 9293 §3.10.7.4"),
    Text("It is a duplicate ACK.", "这是重复 ACK。"),
)
WINDOW_FULL = Rule(
    "tcp.flow.window-full",
    "tcp",
    "note",
    53,
    Text(
        "Fills the {peer:role}'s window: {flight:byte} are now under way unacknowledged, exactly what frame {frame} offered. "
        "The receiver, not the network, limits the {who:role} here.",
        "填满了{peer:role}的窗口:现有 {flight} 字节在途未确认,正好等于第 {frame} 帧通告的窗口。"
        "此处限制{who:role}的是接收方而不是网络。",
    ),
    ("RFC 9293 §3.8.6", "RFC 9293 §3.4"),
    Text("Congestion stops the sender.", "是拥塞使发送方停下来的。"),
)
URGENT = Rule(
    "tcp.urgent",
    "tcp",
    "note",
    46,
    Text(
        "URG: urgent data ends before number {end} (this segment's number plus the urgent pointer, {pointer}); the "
        "receiver's program is told to read up to there. It does not travel faster.",
        "URG:紧急数据在序列号 {end} 之前结束(本报文段序列号加紧急指针 {pointer});通知接收方程序尽快读到该处。"
        "它并不会传得更快。",
    ),
    ("RFC 9293 §3.8.5", "RFC 6093 §2"),
    Text("Urgent data overtakes other data.", "紧急数据会超越其他数据。"),
)
ECN = Rule(
    "tcp.ecn",
    "tcp",
    "note",
    45,
    {
        "marked": Text(
            "Marked 'congestion experienced' by a router on the way: its queue is filling. Nothing was dropped.",
            "被途中路由器标记为“遇到拥塞”(CE):其队列正在变长,但没有丢弃任何报文。",
        ),
        "echo": Text(
            "ECE: the {who:role} passes a router's congestion mark (frame {marked}) back to the sender, until that reacts.",
            "ECE:{who:role}把路由器的拥塞标记(第 {marked} 帧)回告发送方,直到对方作出反应。",
        ),
        "echo-unseen": Text(
            "ECE: the {who:role} reports that one of the packets it received was marked by a router; the mark was set behind "
            "the capture point.",
            "ECE:{who:role}报告收到的某个报文被路由器标记;该标记是在捕获点之后加上的。",
        ),
        "reduced": Text(
            "CWR: the {who:role} has reduced its sending rate because of the echo of frame {echo}; the echo may stop.",
            "CWR:{who:role}因第 {echo} 帧的回告已减小发送速率,对方可停止回告。",
        ),
    },
    ("RFC 3168 §5", "RFC 3168 §6.1"),
    Text("A packet was lost.", "有报文丢失。"),
)
ROUND_TRIP = Rule(
    "tcp.rtt",
    "tcp",
    "chat",
    4,
    Text(
        "RTT {rtt:duration} (frame {frame} to this ACK, seen from the capture point); EstimatedRTT {estimated:duration}, "
        "DevRTT {deviation:duration} after it.",
        "RTT {rtt:duration}(从第 {frame} 帧到此 ACK,以捕获点为准);此后 EstimatedRTT 为 {estimated:duration},"
        "DevRTT 为 {deviation:duration}。",
    ),
    ("RFC 6298 §2",),
    Text("The time between two lines of the capture is the RTT.", "捕获中相邻两行的时间差就是 RTT。"),
)

RULES: Sequence[Rule] = (ZERO_WINDOW, PROBE, UPDATE, WINDOW_FULL, URGENT, ECN, ROUND_TRIP)


class Flow(BaseAnalyzer):
    """Reads windows, marks and round trips."""

    layers = ("tcp",)

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """Nothing for most segments."""
        segment, conversation = packet.segment, packet.conversation
        if segment is None or not isinstance(conversation, Conversation) or segment.flags & (SYN | RST):
            return None
        verdicts: list[Verdict] = []
        if segment.window == 0 or segment.window_before == 0 or segment.receiver.window == 0:
            verdicts += _zero_window(packet, segment, conversation)
        elif not segment.newly_acked and not segment.length:
            verdicts += _update(packet, segment, conversation)
        if segment.length and segment.kind is NEW and segment.receiver.window is not None:
            verdicts += _full(packet, segment, conversation)
        if segment.flags & URG:
            pointer = packet.tcp.urgent_pointer or 0
            params = {"pointer": pointer, "end": segment.seq + pointer}
            verdicts.append(
                Verdict(URGENT, packet.number, params, (Evidence(packet.number, "tcp.urgent_pointer", pointer),))
            )
        if conversation.ecn:
            verdicts += _congestion(packet, segment, conversation)
        if segment.answer_time is not None and not segment.acked_resent and segment.acked_frames:
            verdicts.append(_round_trip(packet, segment))
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


def _full(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    sender, receiver = segment.sender, segment.receiver
    if receiver.ack_position is None or receiver.window is None or not receiver.window or not receiver.window_scaled:
        return
    flight = sender.position - receiver.ack_position
    if flight != receiver.window:
        return
    params = {
        "who": conversation.role(sender),
        "peer": conversation.role(receiver),
        "flight": flight,
        "frame": receiver.last_frame,
    }
    evidence = (Evidence(receiver.last_frame or 0, "tcp.window_size", receiver.window),)
    yield Verdict(WINDOW_FULL, packet.number, params, evidence)


def _congestion(packet: Packet, segment: Segment, conversation: Conversation) -> Iterable[Verdict]:
    sender, receiver, number = segment.sender, segment.receiver, packet.number
    who = conversation.role(sender)
    if _ecn_bits(packet) == CONGESTION_EXPERIENCED:
        sender.marked_frame = number
        yield Verdict(ECN, number, {}, (Evidence(number, "ip.dsfield.ecn", CONGESTION_EXPERIENCED),), "marked")
    if segment.flags & ECE:
        sender.echo_frame = number
        marked = receiver.marked_frame
        evidence = () if marked is None else (Evidence(marked, "ip.dsfield.ecn", CONGESTION_EXPERIENCED),)
        params = {"who": who, "marked": marked}
        yield Verdict(ECN, number, params, evidence, "echo" if marked is not None else "echo-unseen")
    if segment.flags & CWR and receiver.echo_frame is not None:
        evidence = (Evidence(receiver.echo_frame, "tcp.flags.ece", True),)
        yield Verdict(ECN, number, {"who": who, "echo": receiver.echo_frame}, evidence, "reduced")


def _ecn_bits(packet: Packet) -> int | None:
    if packet.ip is not None:
        bits: int | None = packet.ip.dsfield_ecn
        return bits
    if packet.ipv6 is not None:
        traffic_class: int | None = packet.ipv6.tclass_ecn
        return traffic_class
    return None


def _round_trip(packet: Packet, segment: Segment) -> Verdict:
    """RFC 6298 §2.2, §2.3, with its constants 1/8 and 1/4; the names are Kurose and Ross's."""
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


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Flow()]
