"""TCP: how a connection ends (RFC 9293 §3.6): FINs and what acknowledges them, resets, and ends that were not seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.dissectors.layer import Text
from labdissect.plugins.analyzer import BaseAnalyzer, Settings
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Rule, Verdict

from .conversation import ACK, FIN, SYN, Conversation, Segment, seconds, time_to_live

if TYPE_CHECKING:
    from labdissect.plugins.analyzer import Analyzer
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.udp import Exchange

CLOSING = "RFC 9293 §3.6"

FIRST = Rule(
    "tcp.fin.first",
    "tcp",
    "chat",
    82,
    {
        "routine": Text(
            "Close, step 1: the {who:role} has nothing more to send. ACK is set because every segment after the handshake "
            "carries it; nothing was pending: {ack} was acknowledged in frame {ack_frame}.",
            "第一次挥手:{who:role}不再发送数据。ACK 置位是因为握手之后的每个报文段都必须带 ACK;此时并没有待确认的数据,"
            "{ack} 已在第 {ack_frame} 帧确认过。",
        ),
        "pending": Text(
            "Close, step 1: the {who:role} has nothing more to send. Its ACK also does work here: it acknowledges "
            "{newly:byte} that were still pending, up to {ack}.",
            "第一次挥手:{who:role}不再发送数据。这里的 ACK 也有实际作用:确认了尚待确认的 {newly} 字节,直到 {ack}。",
        ),
        "unknown": Text(
            "Close, step 1: the {who:role} has nothing more to send. ACK is set as on every segment after the handshake; "
            "whether data was pending cannot be told, as packets of the {who:role} are missing in the capture.",
            "第一次挥手:{who:role}不再发送数据。握手之后的每个报文段都带 ACK;由于捕获中缺少{who:role}的报文,"
            "无法判断当时是否有待确认的数据。",
        ),
        "bare": Text(
            "Close, step 1: the {who:role} has nothing more to send.",
            "第一次挥手:{who:role}不再发送数据。",
        ),
        "one-sided": Text(
            "The {who:role} has nothing more to send (FIN). The other side's packets are not in the capture, so whether "
            "this is the first FIN or the second cannot be told.",
            "{who:role}不再发送数据(FIN)。捕获中没有对方的报文,无法判断这是先发的 FIN 还是后发的 FIN。",
        ),
    },
    (CLOSING, "RFC 9293 §3.1"),
    Text("FIN breaks the connection in both directions.", "FIN 会同时断开两个方向。"),
)
ACKED = Rule(
    "tcp.fin.acked",
    "tcp",
    "chat",
    81,
    {
        "": Text(
            "Close, step 2: the {who:role} acknowledges the FIN: {fin} + 1 = {ack}, as a FIN takes one number. It may "
            "still send.",
            "第二次挥手:{who:role}确认 FIN:{fin} + 1 = {ack},因为 FIN 占用一个序列号。它仍可继续发送数据。",
        ),
        "crossed": Text(
            "Simultaneous close: the {who:role} acknowledges the other's FIN: {fin} + 1 = {ack}. Its own FIN (frame "
            "{own_frame}) is not acknowledged yet.",
            "同时关闭:{who:role}确认对方的 FIN:{fin} + 1 = {ack}。它自己的 FIN(第 {own_frame} 帧)尚未被确认。",
        ),
    },
    (CLOSING, "RFC 9293 §3.4"),
    Text("The connection is closed once the FIN is acknowledged.", "FIN 被确认后连接就已关闭。"),
)
SECOND = Rule(
    "tcp.fin.second",
    "tcp",
    "chat",
    82,
    {
        "later": Text(
            "Close, step 3: the {who:role} closes its side too, {delay:duration} after it acknowledged the FIN of frame "
            "{first}.",
            "第三次挥手:{who:role}也关闭自己的方向,距其确认第 {first} 帧的 FIN {delay:duration}。",
        ),
        "merged": Text(
            "Close, step 2 of 3: the {who:role} acknowledges the FIN ({fin} + 1 = {ack}) and closes its own side in the "
            "same segment.",
            "第二次挥手(共三次):{who:role}在同一报文段中确认 FIN({fin} + 1 = {ack})并关闭自己的方向。",
        ),
        "crossed": Text(
            "The FINs cross: the {who:role} sends its FIN before the one of frame {first} has reached it, as it "
            "acknowledges {ack}, not {fin} + 1. Neither side waits for the other.",
            "双方的 FIN 交叉:{who:role}在第 {first} 帧的 FIN 到达之前就发出了自己的 FIN,因为其确认号是 {ack} 而不是 "
            "{fin} + 1。谁也没有等待对方。",
        ),
    },
    (CLOSING,),
    Text("The server answers each FIN with a FIN at once.", "收到 FIN 后总会立即回送 FIN。"),
)
LAST_ACK = Rule(
    "tcp.fin.last-ack",
    "tcp",
    "chat",
    82,
    {
        "": Text(
            "Close, step {step}, the last: the {who:role} acknowledges the FIN: {fin} + 1 = {ack}. It now waits 2 MSL in "
            "TIME-WAIT (RFC 9293: 4 min, Linux: 1 min) in case this ACK is lost; the capture cannot show it.",
            "第{step_zh}次挥手,也是最后一次:{who:role}确认 FIN:{fin} + 1 = {ack}。此后它在 TIME-WAIT 等待 2 MSL"
            "(RFC 9293 为 4 分钟,Linux 为 1 分钟),以防该 ACK 丢失;捕获中看不到这段等待。",
        ),
        "crossed": Text(
            "Simultaneous close, the last segment: the {who:role} acknowledges the FIN: {fin} + 1 = {ack}. Both ends now "
            "wait 2 MSL in TIME-WAIT; the capture cannot show it.",
            "同时关闭的最后一个报文段:{who:role}确认 FIN:{fin} + 1 = {ack}。双方此后都在 TIME-WAIT 等待 2 MSL;"
            "捕获中看不到这段等待。",
        ),
        "one-sided": Text(
            "After its FIN the {who:role} acknowledges one number more ({ack}): most likely the other side's FIN, which is "
            "not in the capture; a last byte of data would look the same.",
            "{who:role}在发出 FIN 之后又多确认了一个序列号({ack}):很可能是对方的 FIN,但它不在捕获中;"
            "最后一个字节的数据看起来也一样。",
        ),
    },
    (CLOSING, "RFC 9293 §3.6.1", "RFC 9293 §3.4.2"),
    Text("The connection is gone with the last ACK.", "最后一个 ACK 之后连接立即消失。"),
)
ACK_PENDING = Rule(
    "tcp.fin.ack-pending",
    "tcp",
    "chat",
    24,
    {
        "": Text(
            "Why ACK on this FIN? It acknowledges {newly:byte} for the first time: {ack} here, {before} in frame "
            "{ack_frame}. ACK would be set without them, too: every segment after the handshake carries it.",
            "为什么该 FIN 带 ACK?它首次确认了 {newly} 字节:此处为 {ack},第 {ack_frame} 帧为 {before}。"
            "即使没有这些数据 ACK 也会置位:握手之后的每个报文段都带 ACK。",
        ),
        "fin": Text(
            "Why ACK on this FIN? It acknowledges the other side's FIN for the first time: {ack} here, {before} in frame "
            "{ack_frame}. ACK would be set without it, too: every segment after the handshake carries it.",
            "为什么该 FIN 带 ACK?它首次确认了对方的 FIN:此处为 {ack},第 {ack_frame} 帧为 {before}。"
            "即使无需确认 ACK 也会置位:握手之后的每个报文段都带 ACK。",
        ),
    },
    ("RFC 9293 §3.1", "RFC 9293 §3.10.7.4"),
    Text("ACK is set on a FIN only when data is pending.", "只有存在待确认数据时 FIN 才带 ACK。"),
)
ACK_ROUTINE = Rule(
    "tcp.fin.ack-routine",
    "tcp",
    "chat",
    24,
    Text(
        "Why ACK on this FIN? Every segment after the handshake carries it, one without is dropped. Nothing was pending: "
        "{ack} here, {ack} already in frame {ack_frame}.",
        "为什么该 FIN 带 ACK?握手之后的每个报文段都带 ACK,不带则会被丢弃。此时没有待确认的数据:此处为 {ack},"
        "第 {ack_frame} 帧已确认到 {ack}。",
    ),
    ("RFC 9293 §3.1", "RFC 9293 §3.10.7.4"),
    Text("ACK on a FIN means that data was still to be acknowledged.", "FIN 带 ACK 说明还有数据待确认。"),
)
NO_ACK = Rule(
    "tcp.fin.no-ack",
    "tcp",
    "warn",
    89,
    Text(
        "FIN without ACK: no TCP sends this within a connection, and a receiver drops it. It is crafted, as in a FIN scan.",
        "FIN 未带 ACK:正常的 TCP 不会在连接中发送,接收方会丢弃它。这是构造的报文,例如 FIN 扫描。",
    ),
    ("RFC 9293 §3.10.7.4",),
    Text("A FIN without ACK is the normal way to close.", "不带 ACK 的 FIN 才是标准的关闭方式。"),
)
SEQUENCE = Rule(
    "tcp.fin.sequence",
    "tcp",
    "chat",
    22,
    {
        "": Text(
            "The FIN counts: it has number {fin}, so the acknowledgment is {fin} + 1 = {ack}.",
            "FIN 要占用序列号:它的序列号为 {fin},因此确认号为 {fin} + 1 = {ack}。",
        ),
        "data": Text(
            "The FIN counts: frame {frame} carries {length:byte} from {seq} on, its FIN has number {seq} + {length} = "
            "{fin}, so the acknowledgment is {fin} + 1 = {ack}.",
            "FIN 要占用序列号:第 {frame} 帧从 {seq} 起携带 {length} 字节,其 FIN 的序列号为 {seq} + {length} = {fin},"
            "因此确认号为 {fin} + 1 = {ack}。",
        ),
    },
    ("RFC 9293 §3.4",),
    Text("A segment without data needs no number.", "没有数据的报文段不占用序列号。"),
)
FOUR = Rule(
    "tcp.close.four",
    "tcp",
    "chat",
    23,
    Text(
        "Closed in four segments (frames {frames:frames}): the {passive:role} first acknowledged the FIN and closed its own "
        "side {delay:duration} later, so the two did not share a segment.",
        "四次挥手关闭(第 {frames:frames} 帧):{passive:role}先确认 FIN,{delay:duration}之后才关闭自己的方向,"
        "因此两者没有合并在一个报文段中。",
    ),
    (CLOSING,),
    Text("A close always takes four segments.", "关闭总是四次挥手。"),
)
THREE = Rule(
    "tcp.close.three",
    "tcp",
    "chat",
    23,
    Text(
        "Closed in three segments (frames {frames:frames}): the {passive:role} closed at once, so its ACK and its FIN travel "
        "together. No packet is missing.",
        "三个报文段即关闭(第 {frames:frames} 帧):{passive:role}立即关闭,其 ACK 与 FIN 合并发送。没有缺失报文。",
    ),
    (CLOSING,),
    Text("A packet of the four is missing.", "四次挥手中缺了一个报文。"),
)
SIMULTANEOUS = Rule(
    "tcp.close.simultaneous",
    "tcp",
    "chat",
    23,
    Text(
        "Closed simultaneously: the FINs of frames {frames:frames} crossed, both ends went through CLOSING (a FIN received "
        "while the own one is not acknowledged). Neither side alone initiated it.",
        "同时关闭:第 {frames:frames} 帧的 FIN 交叉,双方都经历 CLOSING(自己的 FIN 尚未被确认就收到对方的 FIN)。"
        "并非由某一方单独发起。",
    ),
    ("RFC 9293 §3.6",),
    Text("The first FIN in the capture is the one that started the close.", "捕获中先出现的 FIN 就是关闭的发起方。"),
)
HALF = Rule(
    "tcp.close.half",
    "tcp",
    "chat",
    78,
    {
        "data": Text(
            "Half-closed, and legal: the {other:role} has closed its direction (FIN in frame {fin_frame}), the {who:role} "
            "still sends: bytes {first}–{last}.",
            "半关闭状态,完全合法:{other:role}已关闭其方向(第 {fin_frame} 帧的 FIN),{who:role}仍在发送第 "
            "{first}–{last} 字节。",
        ),
        "end": Text(
            "Closed in two halves (frames {frames:frames}): the {passive:role} still sent {count:byte} after the first FIN, "
            "and closed its own side {delay:duration} after it had acknowledged it.",
            "分两半关闭(第 {frames:frames} 帧):第一个 FIN 之后{passive:role}又发送了 {count} 字节,"
            "在确认该 FIN 之后 {delay:duration} 才关闭自己的方向。",
        ),
    },
    ("RFC 9293 §3.6", "RFC 1122 §4.2.2.13"),
    Text("After a FIN nobody may send.", "出现 FIN 之后任何一方都不能再发送。"),
)
TIME_WAIT = Rule(
    "tcp.close.time-wait",
    "tcp",
    "chat",
    21,
    Text(
        "TIME-WAIT of the {who:role} is inferred, no packet shows it: it keeps the connection's state for 2 MSL (MSL: 2 min "
        "in RFC 9293; Linux: 60 s in all) to repeat this ACK if it is lost, and so that late segments meet no new "
        "connection on the same ports.",
        "{who:role}的 TIME-WAIT 是推断得出的,没有报文显示它:它将连接状态保留 2 MSL(RFC 9293 的 MSL 为 2 分钟;"
        "Linux 总共 60 秒),以便在该 ACK 丢失时重发,并防止迟到的报文段混入相同端口的新连接。",
    ),
    ("RFC 9293 §3.6.1", "RFC 9293 §3.4.2"),
    Text("TIME-WAIT can be seen in the capture.", "在捕获中能看到 TIME-WAIT。"),
)
FIN_AGAIN = Rule(
    "tcp.close.fin-retransmitted",
    "tcp",
    "note",
    86,
    {
        "": Text(
            "The same FIN again, {waited:duration} after frame {before}: its acknowledgment had not come.",
            "同一个 FIN 的重传,距第 {before} 帧 {waited:duration}:一直没有收到对它的确认。",
        ),
        "acked": Text(
            "The same FIN again, {waited:duration} after frame {before}: the ACK of frame {answer} has not reached the "
            "{who:role}.",
            "同一个 FIN 的重传,距第 {before} 帧 {waited:duration}:第 {answer} 帧的 ACK 没有到达{who:role}。",
        ),
    },
    ("RFC 9293 §3.6", "RFC 6298 §5"),
    Text("A second FIN is the other half of the close.", "第二个 FIN 是关闭的另一半。"),
)
LAST_ACK_LOST = Rule(
    "tcp.close.last-ack-lost",
    "tcp",
    "note",
    87,
    Text(
        "The last ACK (frame {answer}) was lost: the {who:role} repeats its FIN, and the other end, still in TIME-WAIT, "
        "can answer again. This is what TIME-WAIT is for.",
        "最后一个 ACK(第 {answer} 帧)丢失了:{who:role}重发 FIN,而仍处于 TIME-WAIT 的对方可以再次应答。"
        "这正是 TIME-WAIT 的用途。",
    ),
    ("RFC 9293 §3.6.1", "RFC 9293 §3.10.7.4"),
    Text("TIME-WAIT serves no purpose.", "TIME-WAIT 没有用处。"),
)
RST_AFTER_FIN = Rule(
    "tcp.rst.after-fin",
    "tcp",
    "note",
    91,
    {
        "data": Text(
            "RST: the {who:role} had closed (FIN in frame {fin_frame}), and its program is gone; the data of frame {data} "
            "came too late for it and is lost.",
            "RST:{who:role}已关闭(第 {fin_frame} 帧的 FIN),其应用程序已不在;第 {data} 帧的数据到得太晚,因而丢失。",
        ),
        "": Text(
            "RST after a FIN (frame {fin_frame}): the {who:role} gives up the rest of the orderly close; nothing more is "
            "kept of the connection there.",
            "FIN(第 {fin_frame} 帧)之后的 RST:{who:role}放弃剩余的正常关闭过程,不再保留该连接。",
        ),
    },
    ("RFC 2525 §2.17", "RFC 1122 §4.2.2.13", "RFC 9293 §3.6"),
    Text("The RST is an attack, or the normal end.", "RST 是攻击,或是正常结束。"),
)
ABORT = Rule(
    "tcp.rst.abort",
    "tcp",
    "warn",
    90,
    {
        "": Text(
            "RST: the {who:role} aborts the connection, both directions end at once. Why, the capture cannot tell: closing "
            "with unread data, SO_LINGER 0 and a program that died look alike.",
            "RST:{who:role}异常终止连接,两个方向立即结束。原因无法从捕获得知:关闭时仍有未读数据、SO_LINGER 为 0、"
            "程序崩溃,看起来都一样。",
        ),
        "no-connection": Text(
            "RST without ACK, numbered {seq} as the acknowledgment of frame {asked} asked for: the {who:role} knows no such "
            "connection (any more).",
            "不带 ACK 的 RST,序列号 {seq} 正是第 {asked} 帧的确认号:{who:role}处(已)不存在该连接。",
        ),
        "unacceptable": Text(
            "RST with number {seq}, which is not the next one expected: its receiver should not close because of it, only "
            "ask back with an ACK.",
            "RST 的序列号 {seq} 不是对方期待的下一个序列号:接收方不应因此关闭连接,而只应回送 ACK 查询。",
        ),
        "again": Text(
            "RST again: the {who:role} has already reset the connection (frame {before}).",
            "再次发送 RST:{who:role}已在第 {before} 帧复位该连接。",
        ),
    },
    ("RFC 9293 §3.5.2", "RFC 9293 §3.10.7.4", "RFC 1122 §4.2.2.13", "RFC 2525 §2.17"),
    Text("An RST is the normal end.", "RST 是正常结束。"),
)
MIDDLEBOX = Rule(
    "tcp.rst.middlebox",
    "tcp",
    "note",
    65,
    Text(
        "The RST has TTL {ttl}, other packets of this end have {usual}: perhaps a device between the two sent it, though a "
        "host may use another TTL for RST as well.",
        "该 RST 的 TTL 为 {ttl},而本端其他报文为 {usual}:可能由途中设备发出,但主机也可能对 RST 使用不同的 TTL。",
    ),
    ("RFC 3360 §2", "RFC 9293 §3.5.2"),
    Text("The server itself sent the RST.", "RST 一定是服务器自己发的。"),
)
UNSEEN = Rule(
    "tcp.close.unseen",
    "tcp",
    "note",
    28,
    {
        "open": Text(
            "The capture ends while the connection is open; how it went on is not known.",
            "捕获结束时连接仍处于打开状态;之后如何无从得知。",
        ),
        "half": Text(
            "The capture ends with only the {who:role}'s FIN (frame {fin_frame}) seen; the rest of the close is not known.",
            "捕获结束时只看到{who:role}的 FIN(第 {fin_frame} 帧);关闭的其余部分无从得知。",
        ),
        "unacked": Text(
            "The capture ends before the last FIN (frame {fin_frame}) is acknowledged.",
            "捕获结束时最后一个 FIN(第 {fin_frame} 帧)尚未被确认。",
        ),
    },
    (CLOSING,),
    Text("The connection still exists.", "连接仍然存在。"),
)

RULES: Sequence[Rule] = (
    FIRST,
    ACKED,
    SECOND,
    LAST_ACK,
    ACK_PENDING,
    ACK_ROUTINE,
    NO_ACK,
    SEQUENCE,
    FOUR,
    THREE,
    SIMULTANEOUS,
    HALF,
    TIME_WAIT,
    FIN_AGAIN,
    LAST_ACK_LOST,
    RST_AFTER_FIN,
    ABORT,
    MIDDLEBOX,
    UNSEEN,
)


class Closing(BaseAnalyzer):
    """Reads how the connection ends."""

    layers = ("tcp",)

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """The verdicts of FINs, of what acknowledges them, of data after a FIN, and of resets."""
        segment, conversation = packet.segment, packet.conversation
        if segment is None or not isinstance(conversation, Conversation):
            return None
        if segment.rst:
            return None if segment.rst == "refused" else list(_reset(packet, segment, conversation))
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
        wording = "one-sided" if not segment.receiver.seen else status
        yield Verdict(FIRST, number, {"who": who, **params}, evidence, wording)
    else:
        yield from _second_fin(packet, segment, conversation, who)
    if status == "routine":
        yield Verdict(ACK_ROUTINE, number, params, evidence)
    elif status == "pending" and segment.ack_before is not None:
        yield Verdict(ACK_PENDING, number, params, evidence, "fin" if segment.acknowledges_fin else "")


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
    params["step"], params["step_zh"] = (3, "三") if merged else (4, "四")
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
    yield Verdict(TIME_WAIT, number, {"who": params["who"]})


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
    if segment.rst_before is not None:
        yield Verdict(ABORT, number, {"who": who, "before": segment.rst_before}, evidence, "again")
    elif sender.fin_frame is not None:
        params = {"who": who, "fin_frame": sender.fin_frame, "data": receiver.last_data_frame}
        evidence += (Evidence(sender.fin_frame, "tcp.flags.fin", True),)
        late = receiver.last_data_frame is not None and receiver.last_data_frame > sender.fin_frame
        yield Verdict(RST_AFTER_FIN, number, params, evidence, "data" if late else "")
    elif not segment.flags & ACK and segment.start == receiver.ack_position and receiver.last_frame is not None:
        params = {"who": who, "seq": segment.seq, "asked": receiver.ack_frame}
        evidence += (Evidence(receiver.ack_frame or 0, "tcp.ack", segment.seq),)
        yield Verdict(ABORT, number, params, evidence, "no-connection")
    elif segment.rst == "other":
        yield Verdict(ABORT, number, {"who": who, "seq": segment.seq}, evidence, "unacceptable")
    else:
        yield Verdict(ABORT, number, {"who": who}, evidence)
    ttl = time_to_live(packet)
    if ttl is not None and sender.ttl is not None and ttl != sender.ttl:
        found = (Evidence(number, "ip.ttl", ttl), Evidence(sender.first_frame or 0, "ip.ttl", sender.ttl))
        yield Verdict(MIDDLEBOX, number, {"ttl": ttl, "usual": sender.ttl}, found)


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Closing()]
