"""TCP: how a connection opens (RFC 9293 §3.5): handshake, its options, and the ways in which it goes otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.dissectors.layer import Text
from labdissect.plugins.analyzer import BaseAnalyzer, Settings
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Rule, Verdict

from .conversation import ACK, CWR, ECE, Conversation, Segment, seconds, timestamp

if TYPE_CHECKING:
    from labdissect.plugins.analyzer import Analyzer
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.udp import Exchange

    from .endpoint import Endpoint

HANDSHAKE = "RFC 9293 §3.5"
NUMBERS = "RFC 9293 §3.4"

OPTION_MSS, OPTION_WINDOW_SCALE, OPTION_SACK_PERMITTED, OPTION_TIMESTAMPS, OPTION_FAST_OPEN = 2, 3, 4, 8, 34

SYN_STEP = Rule(
    "tcp.open.syn",
    "tcp",
    "chat",
    80,
    Text(
        "Handshake 1 of 3: the client asks to open a connection. Its ISN is {isn}, shown as {seq}.",
        "第一次握手:客户端请求建立连接,初始序列号为 {isn}(显示为相对值 {seq})。",
    ),
    (HANDSHAKE, NUMBERS),
    Text("The connection exists once the SYN is sent.", "发出 SYN 后连接就已存在。"),
)
SYN_ACK_STEP = Rule(
    "tcp.open.syn-ack",
    "tcp",
    "chat",
    80,
    {
        "": Text(
            "Handshake 2 of 3: the server agrees. It acknowledges {peer_isn} + 1 = {ack_raw} (shown as {ack}), as a SYN "
            "takes one number; its own ISN is {isn}, shown as {seq}.",
            "第二次握手:服务器同意。确认号为 {peer_isn} + 1 = {ack_raw}(显示为 {ack}),因为 SYN 占用一个序列号;"
            "服务器的初始序列号为 {isn}(显示为 {seq})。",
        ),
        "data": Text(
            "Handshake 2 of 3: the server agrees. It acknowledges the SYN and its {data:byte}: {peer_isn} + 1 + {data} = "
            "{ack_raw} (shown as {ack}); its own ISN is {isn}, shown as {seq}.",
            "第二次握手:服务器同意,并确认 SYN 及其携带的 {data} 字节:{peer_isn} + 1 + {data} = {ack_raw}"
            "(显示为 {ack});服务器的初始序列号为 {isn}(显示为 {seq})。",
        ),
        "unseen": Text(
            "Handshake 2 of 3: the server agrees. It acknowledges {ack_raw} (shown as {ack}); the SYN that it answers is "
            "not in the capture. Its own ISN is {isn}, shown as {seq}.",
            "第二次握手:服务器同意,确认号为 {ack_raw}(显示为 {ack});它所应答的 SYN 不在捕获中。"
            "服务器的初始序列号为 {isn}(显示为 {seq})。",
        ),
        "other": Text(
            "A SYN-ACK that acknowledges {ack_raw}, which is not the client's ISN {peer_isn} + 1: it answers another SYN, "
            "perhaps an old one, and the client will refuse it. Its own ISN is {isn}, shown as {seq}.",
            "SYN-ACK 的确认号为 {ack_raw},并非客户端初始序列号 {peer_isn} + 1:它应答的是另一个(可能是旧的)SYN,"
            "客户端将拒绝它。其初始序列号为 {isn}(显示为 {seq})。",
        ),
    },
    (HANDSHAKE, NUMBERS),
    Text("The connection is established after the SYN-ACK.", "收到 SYN-ACK 后连接双方就都已建立。"),
)
ACK_STEP = Rule(
    "tcp.open.ack",
    "tcp",
    "chat",
    80,
    {
        "": Text(
            "Handshake 3 of 3: the client acknowledges {peer_isn} + 1 = {ack_raw} (shown as {ack}) and goes on with "
            "{seq_raw} (shown as {seq}). The connection is open, {elapsed:duration} after the SYN.",
            "第三次握手:客户端确认 {peer_isn} + 1 = {ack_raw}(显示为 {ack}),自己的下一个序列号为 {seq_raw}"
            "(显示为 {seq})。连接已建立,距 SYN 发出 {elapsed:duration}。",
        ),
        "untimed": Text(
            "Handshake 3 of 3: the client acknowledges {peer_isn} + 1 = {ack_raw} (shown as {ack}) and goes on with "
            "{seq_raw} (shown as {seq}). The connection is open.",
            "第三次握手:客户端确认 {peer_isn} + 1 = {ack_raw}(显示为 {ack}),自己的下一个序列号为 {seq_raw}"
            "(显示为 {seq})。连接已建立。",
        ),
        "more": Text(
            "Handshake 3 of 3: the client acknowledges {ack_raw} (shown as {ack}): the server's SYN, {peer_isn} + 1, and "
            "data after it. The connection is open at both ends.",
            "第三次握手:客户端的确认号为 {ack_raw}(显示为 {ack}),确认了服务器的 SYN({peer_isn} + 1)及其后的数据。"
            "双方连接均已建立。",
        ),
        "unseen": Text(
            "Handshake 3 of 3: the client acknowledges {ack_raw} (shown as {ack}); the SYN-ACK that it answers is not in "
            "the capture, so what the server knows cannot be told.",
            "第三次握手:客户端的确认号为 {ack_raw}(显示为 {ack});它所应答的 SYN-ACK 不在捕获中,无法得知服务器的状态。",
        ),
    },
    (HANDSHAKE, NUMBERS),
    Text("The acknowledgment number equals the peer's ISN.", "确认号等于对方的初始序列号。"),
)
RELATIVE = Rule(
    "tcp.open.relative",
    "tcp",
    "chat",
    20,
    Text(
        "Sequence number {seq} is a display choice: on the wire it is {isn}, picked afresh for each connection so that "
        "it cannot be guessed and old segments do not fit.",
        "序列号 {seq} 只是相对显示;报文中实际为 {isn},每条连接重新选取,使其难以猜测,也避免旧报文段混入。",
    ),
    ("RFC 9293 §3.4.1", "RFC 6528"),
    Text("Sequence numbers start at 0.", "序列号从 0 开始。"),
)
ACK_MEANINGLESS = Rule(
    "tcp.open.ack-meaningless",
    "tcp",
    "chat",
    10,
    Text(
        "The acknowledgment field holds {value} but ACK is not set, so it means nothing: no number of the server's is "
        "known yet.",
        "确认号字段为 {value},但 ACK 未置位,该字段无意义:此时还不知道服务器的序列号。",
    ),
    ("RFC 9293 §3.1",),
    Text("The SYN acknowledges number 0.", "SYN 确认了序列号 0。"),
)
MSS = Rule(
    "tcp.open.mss",
    "tcp",
    "chat",
    18,
    Text(
        "MSS {mss}: the largest payload that the {who:role} accepts in one segment (an MTU of {mtu} less {headers} bytes "
        "of IP and TCP headers). Each side states its own limit.",
        "MSS {mss}:{who:role}单个报文段可接收的最大数据量(相当于 MTU {mtu} 减去 IP 与 TCP 首部 {headers} 字节)。"
        "双方各自声明自己的上限。",
    ),
    ("RFC 9293 §3.7.1",),
    Text("The two sides negotiate the smaller value.", "双方协商取较小值。"),
)
WINDOW_SCALE = Rule(
    "tcp.open.window-scale",
    "tcp",
    "chat",
    17,
    {
        "offered": Text(
            "Offers window scaling: if the other side offers it too, later windows of the {who:role} count times "
            "2^{shift} = {factor}. The window of this SYN, {window}, is never scaled.",
            "提出窗口扩大选项:若对方也提出,{who:role}此后的窗口值要乘以 2^{shift} = {factor}。"
            "本 SYN 中的窗口 {window} 从不扩大。",
        ),
        "agreed": Text(
            "Window scaling is on, as both SYNs have the option: later windows of the {who:role} count times 2^{shift} = "
            "{factor}, the other side's times {peer_factor}. The window of this SYN, {window}, is never scaled.",
            "双方的 SYN 都带该选项,窗口扩大生效:{who:role}此后的窗口值乘以 2^{shift} = {factor},对方的乘以 "
            "{peer_factor}。本 SYN 中的窗口 {window} 从不扩大。",
        ),
    },
    ("RFC 7323 §2.2", "RFC 7323 §2.3"),
    Text("A window of 502 is tiny.", "窗口 502 非常小。"),
)
SACK_PERMITTED = Rule(
    "tcp.open.sack-permitted",
    "tcp",
    "chat",
    15,
    {
        "offered": Text(
            "Offers SACK: the other side may then report, beyond the acknowledgment, which later bytes it already has.",
            "提出选择确认(SACK):对方此后可在确认号之外报告已收到的后续字节块。",
        ),
        "agreed": Text(
            "SACK is on, as both SYNs permit it: after a loss only what is missing need be sent again.",
            "双方的 SYN 都允许 SACK,选择确认生效:发生丢失后只需重传缺失的部分。",
        ),
    },
    ("RFC 2018 §2",),
    Text("SACK replaces the acknowledgment number.", "SACK 取代确认号。"),
)
TIMESTAMPS = Rule(
    "tcp.open.timestamps",
    "tcp",
    "chat",
    16,
    {
        "offered": Text(
            "Offers timestamps (value {tsval}): both ends could then time round trips on every segment.",
            "提出时间戳选项(值 {tsval}):双方可借此对每个报文段测量往返时间。",
        ),
        "agreed": Text(
            "Timestamps are on, as both SYNs have them: 12 bytes in every later header (10 and 2 of padding), which leave "
            "{mss} − 12 = {payload} bytes of data in a full segment to the {who:role}.",
            "双方的 SYN 都带时间戳,选项生效:此后每个首部多 12 字节(10 字节加 2 字节填充),"
            "发往{who:role}的满长报文段可带 {mss} − 12 = {payload} 字节数据。",
        ),
    },
    ("RFC 7323 §3.2", "RFC 7323 Appendix A"),
    Text("Segments of 1448 bytes mean an MSS of 1448.", "1448 字节的报文段说明 MSS 是 1448。"),
)
SYN_AGAIN = Rule(
    "tcp.open.syn-retransmitted",
    "tcp",
    "note",
    85,
    {
        "": Text(
            "The same SYN again (ISN {isn}), {waited:duration} after frame {before}: no answer had come, so the "
            "retransmission timer ran out. Not a second connection.",
            "同一个 SYN 的重传(初始序列号仍为 {isn}),距第 {before} 帧 {waited:duration}:一直没有应答,重传定时器超时。"
            "这不是第二条连接。",
        ),
        "answered": Text(
            "The same SYN again (ISN {isn}), {waited:duration} after frame {before}: the SYN-ACK of frame {answer} has not "
            "reached the client. Not a second connection.",
            "同一个 SYN 的重传(初始序列号仍为 {isn}),距第 {before} 帧 {waited:duration}:第 {answer} 帧的 SYN-ACK "
            "没有到达客户端。这不是第二条连接。",
        ),
    },
    ("RFC 6298 §2", "RFC 6298 §5", "RFC 9293 §3.8.1"),
    Text("Every SYN opens another connection.", "每个 SYN 都是一条新连接。"),
)
SYN_ACK_AGAIN = Rule(
    "tcp.open.syn-ack-retransmitted",
    "tcp",
    "note",
    85,
    {
        "": Text(
            "The same SYN-ACK again (ISN {isn}), {waited:duration} after frame {before}: the ACK that completes the "
            "handshake had not come.",
            "同一个 SYN-ACK 的重传(初始序列号仍为 {isn}),距第 {before} 帧 {waited:duration}:"
            "完成握手的 ACK 一直没有到达。",
        ),
        "asked": Text(
            "The same SYN-ACK again (ISN {isn}): it answers the repeated SYN of frame {answer}.",
            "同一个 SYN-ACK 的重传(初始序列号仍为 {isn}):应答第 {answer} 帧重传的 SYN。",
        ),
        "acked": Text(
            "The same SYN-ACK again (ISN {isn}), {waited:duration} after frame {before}: the ACK of frame {answer} has not "
            "reached the server, which is still in SYN-RECEIVED.",
            "同一个 SYN-ACK 的重传(初始序列号仍为 {isn}),距第 {before} 帧 {waited:duration}:第 {answer} 帧的 ACK "
            "没有到达服务器,它仍处于 SYN-RECEIVED。",
        ),
    },
    ("RFC 6298 §2", "RFC 6298 §5", "RFC 9293 §3.5"),
    Text("The server opens a second connection.", "服务器又开了一条连接。"),
)
REFUSED = Rule(
    "tcp.open.refused",
    "tcp",
    "warn",
    90,
    Text(
        "Refused: RST answers the SYN of frame {syn_frame}, acknowledging {isn} + {taken} = {ack_raw}. Nobody listens on "
        "port {port} there, or a device on the way rejects in its name.",
        "连接被拒绝:用 RST 应答第 {syn_frame} 帧的 SYN,确认号为 {isn} + {taken} = {ack_raw}。"
        "该主机的 {port} 端口无人监听,或途中设备以其名义拒绝。",
    ),
    ("RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1"),
    Text("No answer and a refusal are the same failure.", "无应答与被拒绝是同一种失败。"),
)
NO_ANSWER = Rule(
    "tcp.open.no-answer",
    "tcp",
    "warn",
    84,
    {
        "": Text(
            "No answer of any kind to this SYN (sent {count:time} in {span:duration}): filtered, the host is down, or "
            "the answer did not pass the capture point. A closed port would have sent RST.",
            "该 SYN 没有得到任何应答(在 {span:duration} 内共发送 {count} 次):被过滤、主机不在线,"
            "或应答未经过捕获点。若只是端口关闭,会收到 RST。",
        ),
        "once": Text(
            "No answer of any kind to this SYN: filtered, the host is down, the capture ended too soon, or the answer did "
            "not pass the capture point. A closed port would have sent RST.",
            "该 SYN 没有得到任何应答:被过滤、主机不在线、捕获结束过早,或应答未经过捕获点。若只是端口关闭,会收到 RST。",
        ),
        "icmp": Text(
            "No SYN-ACK: the ICMP error of frame {icmp_frame} ({reason}) tells why this SYN failed.",
            "没有 SYN-ACK:第 {icmp_frame} 帧的 ICMP 差错报文({reason})说明了该 SYN 失败的原因。",
        ),
    },
    ("RFC 9293 §3.8.1", "RFC 1122 §4.2.3.9"),
    Text("No answer means that the port is closed.", "没有应答说明端口关闭。"),
)
SIMULTANEOUS = Rule(
    "tcp.open.simultaneous",
    "tcp",
    "note",
    86,
    {
        "syn": Text(
            "Simultaneous open: this end, too, sends a SYN (ISN {isn}) before the one of frame {peer_frame} has reached it. "
            "Both ends are active; four segments will open the connection instead of three.",
            "同时打开:本端也在第 {peer_frame} 帧的 SYN 到达之前发出了 SYN(初始序列号 {isn})。"
            "双方都是主动打开,将用四个报文段而不是三个建立连接。",
        ),
        "syn-ack": Text(
            "Simultaneous open: its SYN again (ISN {isn}), now with an ACK for the other's: {peer_isn} + 1 = {ack_raw}. "
            "A step of its own, no retransmission.",
            "同时打开:再次发送自己的 SYN(初始序列号 {isn}),并确认对方的 SYN:{peer_isn} + 1 = {ack_raw}。"
            "这是单独的一步,不是重传。",
        ),
    },
    ("RFC 9293 §3.5",),
    Text("The second SYN-ACK is a retransmission.", "后面的 SYN-ACK 是重传。"),
)
FAST_OPEN = Rule(
    "tcp.open.fast-open",
    "tcp",
    "chat",
    70,
    {
        "request": Text(
            "Asks for a Fast Open cookie: with it, a later connection may put data into its SYN.",
            "请求 Fast Open Cookie:此后的连接可凭它在 SYN 中携带数据。",
        ),
        "cookie": Text(
            "Grants a Fast Open cookie of {size:byte} for later connections.",
            "为以后的连接发放 {size} 字节的 Fast Open Cookie。",
        ),
        "data": Text(
            "Fast Open: the SYN already carries {data:byte}, with the cookie that the server once gave. It saves a round "
            "trip.",
            "Fast Open:SYN 凭服务器此前发放的 Cookie 直接携带 {data} 字节数据,省去一个往返时间。",
        ),
        "accepted": Text(
            "Fast Open accepted: the acknowledgment covers the {data:byte} of the SYN, the server may answer at once.",
            "Fast Open 被接受:确认号覆盖了 SYN 中的 {data} 字节,服务器可立即应答。",
        ),
        "declined": Text(
            "Fast Open not accepted: only the SYN is acknowledged; its {data:byte} must be sent again.",
            "Fast Open 未被接受:只确认了 SYN,其中的 {data} 字节需要重新发送。",
        ),
    },
    ("RFC 7413 §3", "RFC 7413 §4.2"),
    Text("A SYN can carry no data.", "SYN 不能携带数据。"),
)
ECN_SETUP = Rule(
    "tcp.open.ecn-setup",
    "tcp",
    "chat",
    19,
    {
        "offered": Text(
            "Offers ECN (ECE and CWR set): routers could then mark packets instead of dropping them.",
            "提出 ECN(ECE 与 CWR 置位):路由器可标记报文以代替丢弃。",
        ),
        "agreed": Text(
            "Accepts ECN (ECE set, CWR not): both ends will heed congestion marks.",
            "接受 ECN(ECE 置位,CWR 不置位):双方都会响应拥塞标记。",
        ),
    },
    ("RFC 3168 §6.1.1",),
    Text("ECE in a SYN reports congestion.", "SYN 中的 ECE 表示发生拥塞。"),
)
PORT_REUSED = Rule(
    "tcp.open.port-reused",
    "tcp",
    "note",
    60,
    Text(
        "Same addresses and ports as the connection last seen in frame {before}, but a new ISN ({isn}): a new connection.",
        "地址与端口同第 {before} 帧所属的连接相同,但初始序列号是新的({isn}):这是一条新连接。",
    ),
    ("RFC 9293 §3.6.1", "RFC 6191"),
    Text("The old connection goes on.", "旧连接仍在继续。"),
)
MIDSTREAM = Rule(
    "tcp.open.midstream",
    "tcp",
    "note",
    40,
    Text(
        "No SYN of this connection is in the capture: it was open before. Relative numbers count from the first packet "
        "seen, and without the window scale the windows shown may be too small.",
        "捕获中没有该连接的 SYN:连接在捕获开始前已建立。相对序列号从首个看到的报文段算起;"
        "因不知道窗口扩大因子,显示的窗口可能偏小。",
    ),
    ("RFC 9293 §3.4", "RFC 7323 §2.2"),
    Text("Sequence number 1 is the connection's start.", "序列号 1 就是连接的起点。"),
)

RULES: Sequence[Rule] = (
    SYN_STEP,
    SYN_ACK_STEP,
    ACK_STEP,
    RELATIVE,
    ACK_MEANINGLESS,
    MSS,
    WINDOW_SCALE,
    SACK_PERMITTED,
    TIMESTAMPS,
    SYN_AGAIN,
    SYN_ACK_AGAIN,
    REFUSED,
    NO_ANSWER,
    SIMULTANEOUS,
    FAST_OPEN,
    ECN_SETUP,
    PORT_REUSED,
    MIDSTREAM,
)


class Opening(BaseAnalyzer):
    """Reads how the connection opens."""

    layers = ("tcp",)

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """The verdicts of a packet that opens a connection or fails to, and of the first of one that was open."""
        segment, conversation = packet.segment, packet.conversation
        if segment is None or not isinstance(conversation, Conversation):
            return None
        if not segment.opens and not segment.rst:
            if segment.first and conversation.midstream:
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
            frame, reason = conversation.icmp
            params = {"icmp_frame": frame, "reason": reason}
            evidence += (Evidence(frame, "icmp.type", reason),)
            return [Verdict(NO_ANSWER, about, params, evidence, "icmp")]
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
    if server.syn_frame is None:
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
    yield Verdict(RELATIVE, number, {"seq": segment.seq, "isn": segment.seq_raw})
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
    if segment.flags & ECE:
        if not answers and segment.flags & CWR:
            yield Verdict(ECN_SETUP, number, {}, wording="offered")
        elif answers and not segment.flags & CWR:
            yield Verdict(ECN_SETUP, number, {}, wording="agreed")


def _sack_and_timestamps(packet: Packet, segment: Segment, who: str, peer_known: bool) -> Iterable[Verdict]:
    sender, receiver, number = segment.sender, segment.receiver, packet.number
    if OPTION_SACK_PERMITTED in sender.options:
        agreed = peer_known and OPTION_SACK_PERMITTED in receiver.options
        yield Verdict(SACK_PERMITTED, number, {}, wording="agreed" if agreed else "offered")
    if OPTION_TIMESTAMPS in sender.options:
        tsval = timestamp(packet.tcp)
        if peer_known and OPTION_TIMESTAMPS in receiver.options and sender.mss is not None:
            params = {"mss": sender.mss, "payload": sender.mss - 12, "who": who}
            yield Verdict(TIMESTAMPS, number, params, wording="agreed")
        elif tsval is not None:
            yield Verdict(TIMESTAMPS, number, {"tsval": tsval}, wording="offered")


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
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Opening()]
