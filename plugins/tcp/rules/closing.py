"""What is said of how a connection ends (RFC 9293 §3.6)."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Explanation, Rule

CLOSING = "RFC 9293 §3.6"
HALF_CLOSED = "RFC 9293 §3.6.1"

FIRST = Rule(
    "tcp.fin.first",
    "tcp",
    "chat",
    82,
    {
        "routine": Text(
            "Close, step 1: the {who:role} has nothing more to send. ACK is set because every segment after the "
            "handshake carries it; nothing was pending: {ack} was acknowledged in frame {ack_frame}.",
            "第一次挥手：{who:role}不再发送数据。ACK 置位是因为握手之后的每个报文段都必须带 ACK；此时并没有待确认的数据，"
            "{ack} 已在第 {ack_frame} 帧确认过。",
        ),
        "pending": Text(
            "Close, step 1: the {who:role} has nothing more to send. Its ACK also does work here: it acknowledges "
            "{newly:byte} still pending, all before {ack}.",
            "第一次挥手：{who:role}不再发送数据。这里的 ACK 也有实际作用：确认了尚待确认的 {newly} 字节，确认号为 {ack}。",
        ),
        "routine-data": Text(
            "Close, step 1: after these last {length:byte} the {who:role} has nothing more to send. ACK is set because "
            "every segment after the handshake carries it; nothing was pending: {ack} was acknowledged in frame "
            "{ack_frame}.",
            "第一次挥手：发完这最后 {length} 字节，{who:role}不再发送数据。ACK 置位是因为握手之后的每个报文段都必须带 ACK；"
            "此时并没有待确认的数据，{ack} 已在第 {ack_frame} 帧确认过。",
        ),
        "pending-data": Text(
            "Close, step 1: after these last {length:byte} the {who:role} has nothing more to send. Its ACK also does "
            "work here: it acknowledges {newly:byte} still pending, all before {ack}.",
            "第一次挥手：发完这最后 {length} 字节，{who:role}不再发送数据。这里的 ACK 也有实际作用：确认了尚待确认的 "
            "{newly} 字节，确认号为 {ack}。",
        ),
        "unknown": Text(
            "Close, step 1: the {who:role} has nothing more to send. ACK is set as on every segment after the "
            "handshake; whether data was pending cannot be told, as packets of the {who:role} are missing in the "
            "capture.",
            "第一次挥手：{who:role}不再发送数据。握手之后的每个报文段都带 ACK；由于捕获中缺少{who:role}的报文段，"
            "无法判断当时是否有待确认的数据。",
        ),
        "bare": Text(
            "Close, step 1: the {who:role} has nothing more to send.",
            "第一次挥手：{who:role}不再发送数据。",
        ),
        "one-sided": Text(
            "The {who:role} has nothing more to send (FIN). The other side's packets are not in the capture, so "
            "whether this is the first FIN or the second cannot be told.",
            "{who:role}不再发送数据（FIN）。捕获中没有对方的报文段，无法判断这是先发的 FIN 还是后发的 FIN。",
        ),
    },
    (CLOSING, "RFC 9293 §3.1"),
    Text("FIN breaks the connection in both directions.", "FIN 会同时断开两个方向。"),
    Explanation(
        Text(
            "The end that closes first, the active closer, tells that its stream of bytes is over. It goes from "
            "ESTABLISHED to FIN-WAIT-1. Only its own direction ends: it still receives and acknowledges what the "
            "other end sends.",
            "先关闭的一端（主动关闭方）告知自己的字节流到此结束，从 ESTABLISHED 进入 FIN-WAIT-1。结束的只是它自己的方向："
            "它仍然接收并确认对方发来的数据。",
        ),
        Text(
            "FIN and ACK are set and no FIN was seen of this connection before. Whether something was pending is "
            "decided by tcp.ack: is it higher than the last number that this end sent? Not if bytes of this end are "
            "missing in the capture: then it cannot be told.",
            "FIN 与 ACK 均置位，且此前没有看到该连接的 FIN。是否有待确认的数据由 tcp.ack 判断："
            "它是否大于该端上一次发送的确认号？若捕获中缺少该端的字节，则无法判断。",
        ),
        Text(
            "First in the capture is first at the capture point only: if the FINs cross, neither side came first, and "
            "the other FIN's acknowledgment number shows it. A FIN may carry the last data too. An RST instead would "
            "end both directions at once.",
            "捕获中先出现，只表示先经过捕获点：若双方的 FIN 交叉，则没有先后之分，这可由另一个 FIN 的确认号看出。FIN "
            "也可以携带最后的数据。若是 RST，则两个方向立即同时结束。",
        ),
    ),
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
            "第二次挥手：{who:role}确认 FIN：{fin} + 1 = {ack}，因为 FIN 占用一个序号。它仍可继续发送数据。",
        ),
        "crossed": Text(
            "Simultaneous close: the {who:role} acknowledges the other's FIN: {fin} + 1 = {ack}. Its own FIN (frame "
            "{own_frame}) is not acknowledged yet.",
            "同时关闭：{who:role}确认对方的 FIN：{fin} + 1 = {ack}。它自己的 FIN（第 {own_frame} 帧）尚未被确认。",
        ),
    },
    (CLOSING, "RFC 9293 §3.4"),
    Text("The connection is closed once the FIN is acknowledged.", "FIN 被确认后连接就已关闭。"),
    Explanation(
        Text(
            "The FIN has arrived, and with it everything that was sent before. The passive closer is in CLOSE-WAIT: "
            "its program is told of the end of the stream and decides when to close its own side. The active closer "
            "is in FIN-WAIT-2.",
            "FIN 已到达，此前发送的数据也全部到达。被动关闭方处于 CLOSE-WAIT：它的应用程序得知对方的字节流已结束，"
            "并自行决定何时关闭自己的方向。主动关闭方进入 FIN-WAIT-2。",
        ),
        Text(
            "The first segment of the other end without FIN whose tcp.ack is higher than the FIN's own number. That "
            "number is the tcp.seq of the segment with FIN plus its tcp.len.",
            "对方第一个不带 FIN 且 tcp.ack 大于 FIN 序号的报文段。FIN 的序号等于带 FIN 的报文段的 tcp.seq 加 tcp.len。",
        ),
        Text(
            "A program that never closes leaves its end in CLOSE-WAIT for good, and data may follow: the connection "
            "is half-closed. With the FINs crossed, this end is in CLOSING instead and waits for the ACK of its own "
            "FIN.",
            "若应用程序一直不关闭，该端会一直停留在 CLOSE-WAIT，其间还可以发送数据，即半关闭。若双方的 FIN 交叉，"
            "该端则处于 CLOSING，等待对自己 FIN 的确认。",
        ),
    ),
)
SECOND = Rule(
    "tcp.fin.second",
    "tcp",
    "chat",
    82,
    {
        "later": Text(
            "Close, step 3: the {who:role} closes its side too, {delay:duration} after it acknowledged the FIN of "
            "frame {first}.",
            "第三次挥手：{who:role}也关闭自己的方向，此时距它确认第 {first} 帧的 FIN 已有 {delay:duration}。",
        ),
        "merged": Text(
            "Close, step 2 of 3: the {who:role} acknowledges the FIN ({fin} + 1 = {ack}) and closes its own side in "
            "the same segment.",
            "第二次挥手（共三次）：{who:role}在同一报文段中确认 FIN（{fin} + 1 = {ack}）并关闭自己的方向。",
        ),
        "crossed": Text(
            "The FINs cross: the {who:role} sends its FIN before the one of frame {first} has reached it, as it "
            "acknowledges {ack}, not {fin} + 1. Neither side waits for the other.",
            "双方的 FIN 交叉：{who:role}在第 {first} 帧的 FIN 到达之前就发出了自己的 FIN，因为其确认号是 {ack} 而不是 "
            "{fin} + 1。双方都没有等待对方。",
        ),
    },
    (CLOSING,),
    Text("The server answers each FIN with a FIN at once.", "收到 FIN 后总会立即回送 FIN。"),
    Explanation(
        Text(
            "The second direction ends as well. Its sender is the passive closer and goes to LAST-ACK, unless the "
            "FINs cross: then both ends are active closers. When it closes is up to its program.",
            "第二个方向也随之结束。发送方是被动关闭方，进入 LAST-ACK；若双方的 FIN 交叉，则双方都是主动关闭方。"
            "何时关闭由它的应用程序决定。",
        ),
        Text(
            "The other end's FIN has been seen. If tcp.ack here does not cover it, the FINs cross; if this segment is "
            "the first to cover it, ACK and FIN are merged; if an earlier one did, the time since that one is told.",
            "此前已看到对方的 FIN。若此处的 tcp.ack 没有覆盖它，则 FIN 交叉；若该报文段首次覆盖它，则 ACK 与 FIN 合并；"
            "若此前的报文段已覆盖，则给出相隔的时间。",
        ),
        Text(
            "If the capture missed the separate ACK, a four-way close looks merged: an ACK takes no sequence number, "
            "so nothing tells. If bytes before the first FIN were lost, its receiver cannot acknowledge it yet, and "
            "the FINs seem to cross: duplicate ACKs and a resend tell.",
            "若捕获漏掉了单独的 ACK，四次挥手看起来就像合并发送：ACK 不占用序号，因此无从判断。若第一个 FIN "
            "之前的字节丢失，接收方尚不能确认该 FIN，看起来就像 FIN 交叉：重复 ACK 与重传可以说明。",
        ),
    ),
)
LAST_ACK = Rule(
    "tcp.fin.last-ack",
    "tcp",
    "chat",
    82,
    {
        "": Text(
            "Close, step {step:numeral}, the last: the {who:role} acknowledges the FIN: {fin} + 1 = {ack}. It now "
            "waits 2 MSL in TIME-WAIT (RFC 9293: 4 min, Linux: 1 min) in case this ACK is lost; the capture cannot "
            "show it.",
            "第{step:numeral}次挥手，也是最后一次：{who:role}确认 FIN：{fin} + 1 = {ack}。此后它在 TIME-WAIT 等待 2 "
            "MSL（RFC 9293 为 4 分钟，Linux 为 1 分钟），以防该 ACK 丢失；捕获中看不到这段等待。",
        ),
        "crossed": Text(
            "Simultaneous close, the last segment: the {who:role} acknowledges the FIN: {fin} + 1 = {ack}. Both ends "
            "now wait 2 MSL in TIME-WAIT; the capture cannot show it.",
            "同时关闭的最后一个报文段：{who:role}确认 FIN：{fin} + 1 = {ack}。双方此后都在 TIME-WAIT 等待 2 MSL；"
            "捕获中看不到这段等待。",
        ),
        "one-sided": Text(
            "After its FIN the {who:role} acknowledges one number more ({ack}): most likely the other side's FIN, "
            "which is not in the capture; a last byte of data would look the same.",
            "{who:role}在发出 FIN 之后又多确认了一个序号（{ack}）：很可能是对方的 FIN，但它不在捕获中；"
            "若是最后一个字节的数据，看起来也一样。",
        ),
    },
    (CLOSING, HALF_CLOSED, "RFC 9293 §3.4.2"),
    Text("The connection is gone with the last ACK.", "最后一个 ACK 之后连接立即消失。"),
    Explanation(
        Text(
            "Both directions have ended and both FINs are acknowledged. The end that receives this ACK is CLOSED. The "
            "end that sends it cannot know whether it arrives, so it stays in TIME-WAIT for 2 MSL.",
            "两个方向都已结束，两个 FIN 都已被确认。收到该 ACK 的一端进入 CLOSED；发送它的一端无法知道它是否到达，因此在 "
            "TIME-WAIT 停留 2 MSL。",
        ),
        Text(
            "The first segment whose tcp.ack is higher than the number of the other end's FIN, sent by an end whose "
            "own FIN is acknowledged already. It is step 3 if ACK and FIN came merged before, else step 4.",
            "自己的 FIN 已被确认的一端发出的、tcp.ack 首次大于对方 FIN 序号的报文段。若此前 ACK 与 FIN 合并发送，"
            "则为第三次挥手，否则为第四次。",
        ),
        Text(
            "If the other end repeats its FIN, this ACK had not reached it. With one side only in the capture, an ACK "
            "of one more number is the sole hint at the other FIN.",
            "若对方重传 FIN，则说明该 ACK 此前没有到达。若捕获中只有一方的报文段，则多确认的一个序号是对方 FIN "
            "的唯一线索。",
        ),
    ),
)
ACK_PENDING = Rule(
    "tcp.fin.ack-pending",
    "tcp",
    "chat",
    24,
    {
        "": Text(
            "Why ACK on this FIN? It acknowledges {newly:byte} for the first time: {ack} here, {before} in frame "
            "{ack_frame}. ACK would be set in any case: every segment after the handshake carries it.",
            "为什么该 FIN 带 ACK？它首次确认了 {newly} 字节：此处为 {ack}，第 {ack_frame} 帧为 {before}。"
            "即使没有这些数据 ACK 也会置位：握手之后的每个报文段都带 ACK。",
        ),
        "fin": Text(
            "Why ACK on this FIN? It acknowledges the other side's FIN for the first time: {ack} here, {before} in "
            "frame {ack_frame}. ACK would be set without it, too: every segment after the handshake carries it.",
            "为什么该 FIN 带 ACK？它首次确认了对方的 FIN：此处为 {ack}，第 {ack_frame} 帧为 {before}。即使无需确认 ACK "
            "也会置位：握手之后的每个报文段都带 ACK。",
        ),
    },
    ("RFC 9293 §3.1", "RFC 9293 §3.10.7.4"),
    Text("ACK is set on a FIN only when data is pending.", "只有存在待确认数据时 FIN 才带 ACK。"),
    Explanation(
        Text(
            "Here the ACK of the FIN segment has work to do: its number goes beyond what this end acknowledged "
            "before. That saves a separate ACK. But it is not why ACK is set: every segment of an established "
            "connection carries ACK, and one without is dropped.",
            "这里 FIN 报文段的 ACK 确实有作用：其确认号超过了该端此前确认的值，省去了一个单独的 ACK。但这并不是 ACK "
            "置位的原因：已建立连接的每个报文段都带 ACK，不带的会被丢弃。",
        ),
        Text(
            "tcp.ack of the FIN minus the last tcp.ack that the same end sent before is above 0. That earlier frame "
            "and its number are named. A repeated FIN gets no such verdict, nor does one after a gap in what its "
            "sender sent.",
            "FIN 的 tcp.ack 减去同一端上一次发送的 tcp.ack 大于 0，并指出那一帧及其确认号。对重传的 FIN 不作此判断；"
            "若发送方的字节在捕获中有空缺，也不作此判断。",
        ),
        Text(
            "If both numbers were equal, nothing would be pending (tcp.fin.ack-routine). If the capture missed an ACK "
            "of this end, the data was acknowledged earlier than it seems; an ACK takes no number, so the capture "
            "cannot show that it lacks one.",
            "若两个确认号相等，则没有待确认的数据（见 tcp.fin.ack-routine）。若捕获漏掉了该端的某个 ACK，"
            "则数据实际上更早就已确认；ACK 不占用序号，捕获无法表明它缺少 ACK。",
        ),
    ),
)
ACK_ROUTINE = Rule(
    "tcp.fin.ack-routine",
    "tcp",
    "chat",
    24,
    Text(
        "Why ACK on this FIN? Every segment after the handshake carries it, one without is dropped. Nothing was "
        "pending: {ack} here, {ack} already in frame {ack_frame}.",
        "为什么该 FIN 带 ACK？握手之后的每个报文段都带 ACK，不带则会被丢弃。此时没有待确认的数据：此处的确认号为 {ack}，"
        "第 {ack_frame} 帧已经是 {ack}。",
    ),
    ("RFC 9293 §3.1", "RFC 9293 §3.10.7.4"),
    Text("ACK on a FIN means that data was still to be acknowledged.", "FIN 带 ACK 说明还有数据待确认。"),
    Explanation(
        Text(
            "A textbook draws FIN alone, a capture shows FIN, ACK. The ACK is no answer to anything here: once a "
            "connection is established the field is always sent, and repeating the last number costs nothing.",
            "教科书上画的是单独的 FIN，捕获中看到的是 FIN, ACK。这里的 ACK 并不是对什么的应答："
            "连接建立之后该字段总是发送，重复上一个确认号没有任何代价。",
        ),
        Text(
            "tcp.ack of the FIN equals the last tcp.ack that the same end sent before; the frame that sent it first "
            "is named. Not given for a repeated FIN, nor after a gap in what its sender sent.",
            "FIN 的 tcp.ack 等于同一端上一次发送的 tcp.ack，并指出最先给出该值的帧。对重传的 FIN 不作此判断；"
            "若发送方的字节在捕获中有空缺，也不作此判断。",
        ),
        Text(
            "With a higher number than before it would acknowledge something as well (tcp.fin.ack-pending). A FIN "
            "without ACK is crafted (tcp.fin.no-ack); RST and the first SYN are the only segments that may lack ACK.",
            "若确认号比此前的大，则它同时确认了数据（见 tcp.fin.ack-pending）。不带 ACK 的 FIN 是人为构造的（见 "
            "tcp.fin.no-ack）；只有 RST 和第一个 SYN 可以不带 ACK。",
        ),
    ),
)
NO_ACK = Rule(
    "tcp.fin.no-ack",
    "tcp",
    "warn",
    89,
    Text(
        "FIN without ACK: no TCP sends this within a connection, and a receiver drops it. It is crafted, as in a FIN "
        "or Xmas scan.",
        "FIN 未带 ACK：正常的 TCP 不会在连接中发送，接收方会丢弃它。这是人为构造的报文段，例如 FIN 扫描或 Xmas 扫描。",
    ),
    ("RFC 9293 §3.10.7.4", "RFC 9293 §3.10.7.1", "RFC 9293 §3.10.7.2"),
    Text("A FIN without ACK is the normal way to close.", "不带 ACK 的 FIN 才是标准的关闭方式。"),
    Explanation(
        Text(
            "A scanner sends it to learn of a port without opening a connection: where nobody listens the host "
            "answers RST, where somebody does it stays silent. It closes nothing.",
            "扫描程序用它来探测端口而不建立连接：无人监听时主机用 RST 应答，有人监听时则没有应答。它不会关闭任何连接。",
        ),
        Text(
            "tcp.flags has FIN, and neither ACK nor SYN nor RST. Neither the states nor the numbers of the connection "
            "take it in.",
            "tcp.flags 中 FIN 置位，而 ACK、SYN、RST 均未置位。它不计入连接的状态与序号。",
        ),
        Text(
            "With FIN, PSH and URG it is an Xmas scan, with no flag at all a null scan (tcp.flags.invalid). Many "
            "ports in a row point to a scan; a single one may come from a device that damages headers.",
            "若 FIN、PSH、URG 都置位，则为 Xmas 扫描；若没有任何标志，则为空扫描（见 tcp.flags.invalid）。"
            "若接连探测许多端口，则是扫描；若只有一个，也可能是损坏首部的设备所致。",
        ),
    ),
)
SEQUENCE = Rule(
    "tcp.fin.sequence",
    "tcp",
    "chat",
    22,
    {
        "": Text(
            "The FIN counts: it has number {fin}, so the acknowledgment is {fin} + 1 = {ack}.",
            "FIN 要占用一个序号：它的序号为 {fin}，因此确认号为 {fin} + 1 = {ack}。",
        ),
        "data": Text(
            "The FIN counts: frame {frame} carries {length:byte} from {seq} on, its FIN has number {seq} + {length} = "
            "{fin}, so the acknowledgment is {fin} + 1 = {ack}.",
            "FIN 要占用一个序号：第 {frame} 帧从 {seq} 起携带 {length} 字节，其 FIN 的序号为 {seq} + {length} = "
            "{fin}，因此确认号为 {fin} + 1 = {ack}。",
        ),
    },
    ("RFC 9293 §3.4",),
    Text("A segment without data needs no number.", "没有数据的报文段不占用序号。"),
    Explanation(
        Text(
            "SYN and FIN are numbered like a byte each, so that they can be acknowledged and resent. The FIN comes "
            "behind the data of its segment. A pure ACK takes no number.",
            "SYN 和 FIN 各像一个字节那样编号，因此可以被确认和重传。FIN 的序号在其报文段的数据之后。单独的 ACK "
            "不占用序号。",
        ),
        Text(
            "The FIN's own number is tcp.seq + tcp.len of its segment. It stands on the segment that first "
            "acknowledges it, whose tcp.ack is that number plus 1.",
            "FIN 的序号等于其报文段的 tcp.seq + tcp.len。本说明给在首次确认它的报文段上，该报文段的 tcp.ack "
            "等于此序号加 1。",
        ),
        Text(
            "An acknowledgment equal to the FIN's number covers only the data before it: the FIN itself is still to "
            "be acknowledged.",
            "若确认号等于 FIN 的序号，则只确认了它之前的数据，FIN 本身尚待确认。",
        ),
    ),
)
FOUR = Rule(
    "tcp.close.four",
    "tcp",
    "chat",
    23,
    Text(
        "Closed in four segments (frames {frames:frames}): the {passive:role} first acknowledged the FIN and closed "
        "its own side {delay:duration} later, so the two did not share a segment.",
        "四次挥手关闭（第 {frames:frames} 帧）：{passive:role}先确认 FIN，{delay:duration}之后才关闭自己的方向，"
        "因此两者没有合并在一个报文段中。",
    ),
    (CLOSING,),
    Text("A close always takes four segments.", "关闭总是四次挥手。"),
    Explanation(
        Text(
            "FIN, ACK, FIN, ACK: each direction is closed and acknowledged by itself. The passive closer's system "
            "acknowledges the first FIN at once or after a short delay, its program closes later.",
            "FIN、ACK、FIN、ACK：两个方向各自关闭、各自确认。被动关闭方的系统立即或稍后确认第一个 FIN，"
            "而应用程序较晚才关闭。",
        ),
        Text(
            "Both FINs are acknowledged, they did not cross, the second one was not the first to acknowledge the "
            "first, and no data came in between. The delay runs from the ACK of the first FIN to the second FIN.",
            "两个 FIN 都已被确认，没有交叉，第二个 FIN 不是首次确认第一个 FIN 的报文段，两者之间也没有数据。时间从第一个 "
            "FIN 的 ACK 算到第二个 FIN。",
        ),
        Text(
            "A passive closer that is quick merges its ACK and FIN (three segments). Data between the FINs makes it a "
            "half-close.",
            "若被动关闭方足够快，则其 ACK 与 FIN 合并（三个报文段）。若两个 FIN 之间还有数据，则为半关闭。",
        ),
    ),
)
THREE = Rule(
    "tcp.close.three",
    "tcp",
    "chat",
    23,
    Text(
        "Closed in three segments (frames {frames:frames}): the {passive:role} closed at once, so its ACK and its FIN "
        "travel together. Nothing need be missing.",
        "三个报文段即完成关闭（第 {frames:frames} 帧）：{passive:role}立即关闭，其 ACK 与 FIN 合并发送。"
        "并不是缺少了报文段。",
    ),
    (CLOSING,),
    Text("A packet of the four is missing.", "四次挥手中缺了一个报文段。"),
    Explanation(
        Text(
            "FIN; FIN, ACK; ACK. The passive closer's program closed before its system had acknowledged the FIN, so "
            "one segment does both. It happens where a program closes as soon as it reads the end of the stream.",
            "FIN；FIN, ACK；ACK。被动关闭方的应用程序在系统确认 FIN 之前就已关闭，于是一个报文段同时完成两件事。"
            "应用程序一读到字节流结束就关闭时会如此。",
        ),
        Text(
            "Both FINs are acknowledged, and the second FIN was the first segment whose tcp.ack covers the first FIN.",
            "两个 FIN 都已被确认，且第二个 FIN 正是 tcp.ack 首次覆盖第一个 FIN 的报文段。",
        ),
        Text(
            "A capture that missed the separate ACK shows the same. That other ACKs are missing too, such as of data, "
            "would point to it.",
            "若捕获漏掉了单独的 ACK，看到的情形相同。若其他 ACK（例如对数据的确认）也有缺失，则倾向于这种解释。",
        ),
    ),
)
SIMULTANEOUS = Rule(
    "tcp.close.simultaneous",
    "tcp",
    "chat",
    23,
    Text(
        "Closed simultaneously: the FINs of frames {frames:frames} crossed, both ends went through CLOSING (a FIN "
        "received while the own one is not acknowledged). Neither side alone initiated it.",
        "同时关闭：第 {frames:frames} 帧的 FIN 交叉，双方都经历 CLOSING（自己的 FIN 尚未被确认就收到对方的 FIN）。"
        "并非由某一方单独发起。",
    ),
    (CLOSING,),
    Text(
        "The first FIN in the capture is the one that started the close.",
        "捕获中先出现的 FIN 就是关闭的发起方。",
    ),
    Explanation(
        Text(
            "Each end sent its FIN before it had the other's. On receiving it, each goes from FIN-WAIT-1 to CLOSING "
            "and, once its own FIN is acknowledged, to TIME-WAIT. Both ends are active closers.",
            "每一端都在收到对方的 FIN 之前发出了自己的 FIN。收到对方的 FIN 后，双方都从 FIN-WAIT-1 进入 CLOSING，"
            "待自己的 FIN 被确认后进入 TIME-WAIT。双方都是主动关闭方。",
        ),
        Text(
            "The second FIN's tcp.ack does not cover the first FIN, and each FIN was acknowledged afterwards.",
            "第二个 FIN 的 tcp.ack 没有覆盖第一个 FIN，且此后两个 FIN 都得到确认。",
        ),
        Text(
            "Which FIN comes first in the capture depends on where the capture was taken. Lost data before the first "
            "FIN looks alike: then the second FIN's sender could not acknowledge it yet, and there is a "
            "retransmission.",
            "哪一个 FIN 在捕获中先出现取决于捕获点的位置。若第一个 FIN 之前的数据丢失，看起来也类似：此时第二个 FIN "
            "的发送方尚不能确认第一个 FIN，随后会有重传。",
        ),
    ),
)
HALF = Rule(
    "tcp.close.half",
    "tcp",
    "chat",
    78,
    {
        "data": Text(
            "Half-closed, and legal: the {other:role} has closed its direction (FIN in frame {fin_frame}), the "
            "{who:role} still sends: {first:bytes last}.",
            "半关闭状态，完全合法：{other:role}已关闭其方向（第 {fin_frame} 帧的 FIN），{who:role}仍在发送"
            "{first:字节 last}。",
        ),
        "end": Text(
            "Closed in two halves (frames {frames:frames}): the {passive:role} still sent {count:byte} after the "
            "first FIN, and closed its own side {delay:duration} after it had acknowledged it.",
            "先半关闭、后完全关闭（第 {frames:frames} 帧）：第一个 FIN 之后{passive:role}又发送了 {count} 字节，在确认该 FIN 之后 "
            "{delay:duration}才关闭自己的方向。",
        ),
    },
    (CLOSING, HALF_CLOSED, "RFC 1122 §4.2.2.13"),
    Text("After a FIN nobody may send.", "出现 FIN 之后任何一方都不能再发送。"),
    Explanation(
        Text(
            "A FIN ends one direction only. A client that has sent its whole request may shut down its sending side "
            "and still read the answer. The other end is in CLOSE-WAIT and sends as before.",
            "FIN 只结束一个方向。客户端发完全部请求后可以关闭自己的发送方向，同时继续读取应答。另一端处于 CLOSE-WAIT，"
            "照常发送。",
        ),
        Text(
            "New data of an end that has no FIN of its own yet but has acknowledged the other's FIN; said at the "
            "first such segment. At the close the bytes sent after the first FIN are summed up.",
            "尚未发送自己的 FIN、但已确认对方 FIN 的一端发送了新数据；只在第一个这样的报文段处给出。关闭时统计第一个 "
            "FIN 之后发送的字节数。",
        ),
        Text(
            "Data that was on its way when the FIN passed is no half-close by intent; its acknowledgment number does "
            "not cover the FIN yet. If the first end has closed altogether rather than shut down its sending side, an "
            "RST answers the data.",
            "FIN 经过时已在途的数据并非有意的半关闭，其确认号尚未覆盖该 FIN。若前一端是完全关闭而不只是关闭发送方向，"
            "则会用 RST 应答这些数据。",
        ),
    ),
)
TIME_WAIT = Rule(
    "tcp.close.time-wait",
    "tcp",
    "chat",
    21,
    {
        "": Text(
            "TIME-WAIT of the {who:role} is inferred, no packet shows it: it keeps the connection's state for 2 MSL (MSL: "
            "2 min in RFC 9293; Linux: 60 s in all) to repeat this ACK if it is lost, and so that late segments meet no "
            "new connection on the same ports.",
            "{who:role}的 TIME-WAIT 是推断得出的，没有报文段显示它：它将连接状态保留 2 MSL（RFC 9293 的 MSL 为 2 分钟；Linux "
            "总共 60 秒），以便在该 ACK 丢失时重发，并防止迟到的报文段混入使用相同端口的新连接。",
        ),
        "both": Text(
            "TIME-WAIT of both ends is inferred, no packet shows it: each keeps the connection's state for 2 MSL (MSL: "
            "2 min in RFC 9293; Linux: 60 s in all) to repeat its ACK if that is lost, and so that late segments meet no "
            "new connection on the same ports.",
            "双方的 TIME-WAIT 都是推断得出的，没有报文段显示它：各自将连接状态保留 2 MSL（RFC 9293 的 MSL 为 2 分钟；Linux "
            "总共 60 秒），以便在自己的 ACK 丢失时重发，并防止迟到的报文段混入使用相同端口的新连接。",
        ),
    },
    (HALF_CLOSED, "RFC 9293 §3.4.2"),
    Text("TIME-WAIT can be seen in the capture.", "在捕获中能看到 TIME-WAIT。"),
    Explanation(
        Text(
            "MSL, the maximum segment lifetime, is how long a segment may wander in the network. After twice that "
            "time neither this ACK, nor a FIN that it would have to answer, nor any old segment can still be under "
            "way. Until then the address and port pair is taken.",
            "MSL（最长报文段寿命）是报文段在网络中可能存在的最长时间。经过两倍 MSL 后，该 ACK、需要它应答的 FIN "
            "以及任何旧报文段都不可能仍在途中。在此之前，这对地址和端口仍被占用。",
        ),
        Text(
            "It stands on the ACK that ends the close. Who sends it is in TIME-WAIT by RFC 9293; in a simultaneous "
            "close both ends are. The duration is taken from the specification, not from the capture.",
            "本说明给在完成关闭的最后一个 ACK 上。按 RFC 9293，发送它的一端进入 TIME-WAIT；同时关闭时双方都进入。"
            "等待时间取自规范，而不是从捕获中测得。",
        ),
        Text(
            "An end that set SO_LINGER 0 skips it by an RST; a server may reopen from TIME-WAIT when a newer SYN "
            "comes. netstat or ss on the host shows the state itself.",
            "设置 SO_LINGER 为 0 的一端会用 RST 跳过它；收到更新的 SYN 时也可以直接从 TIME-WAIT 重新打开。在主机上用 "
            "netstat 或 ss 可以直接看到该状态。",
        ),
    ),
)
FIN_AGAIN = Rule(
    "tcp.close.fin-retransmitted",
    "tcp",
    "note",
    86,
    {
        "": Text(
            "The same FIN again, {waited:duration} after frame {before}: its acknowledgment had not come.",
            "同一个 FIN 的重传，距第 {before} 帧 {waited:duration}：一直没有收到对它的确认。",
        ),
        "acked": Text(
            "The same FIN again, {waited:duration} after frame {before}: the ACK of frame {answer} had not reached "
            "the {who:role} yet.",
            "同一个 FIN 的重传，距第 {before} 帧 {waited:duration}：第 {answer} 帧的 ACK 此前尚未到达{who:role}。",
        ),
    },
    (CLOSING, "RFC 6298 §5"),
    Text("A second FIN is the other half of the close.", "第二个 FIN 是关闭的另一半。"),
    Explanation(
        Text(
            "A FIN is resent like data when it is not acknowledged in time. Its sender is in FIN-WAIT-1, CLOSING or "
            "LAST-ACK as before; the ladder steps back if it had gone on.",
            "FIN 若没有及时得到确认，就像数据一样被重传。发送方仍处于 FIN-WAIT-1、CLOSING 或 LAST-ACK；若状态图已前进，"
            "则退回。",
        ),
        Text(
            "A FIN of an end that has sent one before. The wait is counted from its FIN just before. If the capture "
            "has an ACK of the first copy, that frame is named.",
            "已发送过 FIN 的一端再次发送 FIN。等待时间从它的上一个 FIN 算起。若捕获中已有对前一份的 ACK，则指出该帧。",
        ),
        Text(
            "The FIN may have been lost, or its ACK. An ACK in the capture before the copy means that the ACK was "
            "lost or late beyond the capture point; an end may also repeat its FIN as a tail loss probe, sooner than "
            "its timeout.",
            "丢失的可能是 FIN，也可能是对它的 ACK。若重传之前捕获中已有 ACK，则该 ACK 在捕获点之后丢失或迟到；"
            "发送方也可能以重传 FIN 作为尾部丢失探测，早于重传超时。",
        ),
    ),
)
LAST_ACK_LOST = Rule(
    "tcp.close.last-ack-lost",
    "tcp",
    "note",
    87,
    Text(
        "The last ACK (frame {answer}) did not reach the {who:role} in time: it repeats its FIN, and the other end, "
        "still in TIME-WAIT, can answer again. This is what TIME-WAIT is for.",
        "最后一个 ACK（第 {answer} 帧）没有及时到达{who:role}：它重传 FIN，而仍处于 TIME-WAIT 的对方可以再次应答。这正是 "
        "TIME-WAIT 的用途。",
    ),
    (HALF_CLOSED, "RFC 9293 §3.10.7.4"),
    Text("TIME-WAIT serves no purpose.", "TIME-WAIT 没有用处。"),
    Explanation(
        Text(
            "The passive closer is still in LAST-ACK and resends its FIN after its timeout. The active closer "
            "remembers the connection in TIME-WAIT, acknowledges again and starts its 2 MSL anew. Without TIME-WAIT "
            "it would answer with an RST.",
            "被动关闭方仍处于 LAST-ACK，超时后重传 FIN。主动关闭方在 TIME-WAIT 中仍保留该连接，于是再次确认，"
            "并重新开始计时 2 MSL。若没有 TIME-WAIT，它只能用 RST 应答。",
        ),
        Text(
            "The passive closer's FIN comes again although the last ACK is in the capture before it.",
            "最后一个 ACK 已在捕获中出现，此后被动关闭方的 FIN 又再次出现。",
        ),
        Text(
            "The ACK was lost beyond the capture point, or it was only late: the capture cannot tell these apart. If "
            "the FIN's copy is answered by RST, the other end no longer remembers the connection.",
            "该 ACK 可能在捕获点之后丢失，也可能只是迟到，仅凭捕获无法区分。若重传的 FIN 得到 RST 应答，"
            "则对方已不再保留该连接。",
        ),
    ),
)
RST_AFTER_FIN = Rule(
    "tcp.rst.after-fin",
    "tcp",
    "note",
    91,
    {
        "data": Text(
            "RST: the {who:role} had closed (FIN in frame {fin_frame}) and reads no more; the data of frame {data} "
            "came too late for it and is lost.",
            "RST：{who:role}已关闭（第 {fin_frame} 帧的 FIN），不再读取数据；第 {data} 帧的数据到得太晚，因而丢失。",
        ),
        "": Text(
            "RST after a FIN (frame {fin_frame}): the {who:role} gives up the rest of the orderly close; nothing more "
            "is kept of the connection there.",
            "FIN（第 {fin_frame} 帧）之后的 RST：{who:role}放弃剩余的正常关闭过程，不再保留该连接。",
        ),
    },
    (HALF_CLOSED, "RFC 1122 §4.2.2.13", "RFC 2525 §2.17"),
    Text("The RST is an attack, or the normal end.", "RST 是攻击，或是正常结束。"),
    Explanation(
        Text(
            "The end had sent its FIN because its program closed the socket altogether, not just its sending side. "
            "Nobody is left to read what the other end still sends, and the RST says so: that data is lost.",
            "该端发送 FIN 是因为应用程序完全关闭了套接字，而不只是关闭发送方向。对方此后发来的数据已无人读取，RST "
            "就是告知这一点：这些数据丢失了。",
        ),
        Text(
            "An RST of an end whose FIN was seen before. If the newest data segment of the other end comes after that "
            "FIN in the capture, it is named as the cause.",
            "发送 RST 的一端此前已发送 FIN。若捕获中对方最近的数据报文段在该 FIN 之后，则指出它为原因。",
        ),
        Text(
            "Without late data the program may have ended with data unread, set SO_LINGER, or run out of patience in "
            "FIN-WAIT-2; some clients do it to skip TIME-WAIT. The capture cannot tell these apart.",
            "若没有迟到的数据，则可能是应用程序退出时仍有未读数据、设置了 SO_LINGER，或在 FIN-WAIT-2 等待超时；"
            "有些客户端以此跳过 TIME-WAIT。仅凭捕获无法区分这些情形。",
        ),
    ),
)
ABORT = Rule(
    "tcp.rst.abort",
    "tcp",
    "warn",
    90,
    {
        "": Text(
            "RST: the {who:role} aborts the connection, both directions end at once. Why, the capture cannot tell: "
            "closing with unread data, SO_LINGER 0 and a program that died look alike.",
            "RST：{who:role}异常终止连接，两个方向立即结束。原因无法从捕获得知：关闭时仍有未读数据、SO_LINGER 为 0、"
            "程序崩溃，看起来都一样。",
        ),
        "no-connection": Text(
            "RST without ACK, numbered {seq} as the acknowledgment of frame {asked} asked for: most likely the "
            "{who:role} knows no such connection (any more).",
            "不带 ACK 的 RST，其序号 {seq} 取自第 {asked} 帧的确认号：{who:role}处很可能（已）不存在该连接。",
        ),
        "alone": Text(
            "RST of the {who:role}. The capture has no other packet of the connection, so what it ends cannot be told.",
            "{who:role}的 RST。捕获中没有该连接的其他报文段，因此无法得知它终止的是什么。",
        ),
        "no-ack": Text(
            "RST with number 0 that acknowledges {ack_raw}: so answers a host that knows no such connection when a "
            "segment without ACK comes (frame {asked}).",
            "序号为 0、确认号为 {ack_raw} 的 RST：主机在没有该连接时，以此应答不带 ACK 的报文段（第 {asked} 帧）。",
        ),
        "wrong-answer": Text(
            "RST: the {who:role} rejects the SYN-ACK of frame {asked}, which acknowledges {seq_raw} though its own "
            "ISN is {isn}. It stays in SYN-SENT and still waits for its answer.",
            "RST：{who:role}拒绝第 {asked} 帧的 SYN-ACK，因为它确认的是 {seq_raw}，而自己的初始序号是 {isn}。"
            "{who:role}仍处于 SYN-SENT，继续等待应答。",
        ),
        "syn-sent": Text(
            "RST of the {who:role} that does not acknowledge the SYN of frame {syn_frame} (ISN {isn}): it refuses "
            "nothing, the other end drops it and still waits in SYN-SENT.",
            "{who:role}的 RST 没有确认第 {syn_frame} 帧的 SYN（初始序号为 {isn}）：它不能拒绝连接，对方会丢弃它，仍在 "
            "SYN-SENT 等待。",
        ),
        "unacceptable": Text(
            "RST with number {seq}, which is not the next one expected: its receiver should not close because of it, "
            "but drop it or ask back with an ACK.",
            "RST 的序号 {seq} 不是对方期待的下一个序号：接收方不应因此关闭连接，而应丢弃它，或回送 ACK 加以核实。",
        ),
        "again": Text(
            "RST again: the {who:role} has already reset the connection (frame {before}).",
            "再次发送 RST：{who:role}已在第 {before} 帧复位该连接。",
        ),
    },
    (
        "RFC 9293 §3.5.2",
        "RFC 9293 §3.5.3",
        "RFC 9293 §3.10.7.3",
        "RFC 9293 §3.10.7.4",
        "RFC 1122 §4.2.2.13",
        "RFC 2525 §2.17",
    ),
    Text("An RST is the normal end.", "RST 是正常结束。"),
    Explanation(
        Text(
            "A reset needs no answer and no TIME-WAIT: both ends forget the connection, and data under way or unread "
            "is lost. It is sent when a program gives the connection up, or by a host that gets a segment for a "
            "connection it does not know.",
            "复位不需要应答，也没有 TIME-WAIT：双方都丢弃该连接，在途或未读的数据随之丢失。它由放弃连接的应用程序引起，"
            "或由收到不属于任何连接的报文段的主机发出。",
        ),
        Text(
            "tcp.flags.reset, and no FIN of this end before. Without ACK and with a tcp.seq equal to the peer's last "
            "tcp.ack it answers a segment; with tcp.seq_raw 0 and ACK it answers one without ACK. Both ends are "
            "CLOSED only if its number is the next one expected; in SYN-SENT, if it acknowledges the SYN.",
            "依据 tcp.flags.reset，且该端此前没有发送 FIN。若不带 ACK 且 tcp.seq 等于对方最近的 tcp.ack，"
            "则是对某报文段的应答；若 tcp.seq_raw 为 0 且带 ACK，则是对不带 ACK 的报文段的应答。"
            "只有序号正是期待的下一个时，双方才进入 CLOSED；在 SYN-SENT 状态，则要求它确认了 SYN。",
        ),
        Text(
            "An ABORT call, too, may send an RST without ACK (RFC 9293 §3.10.5); then nothing of the other end came "
            "just before. Unread data is likely if the RST follows data that was acknowledged but not answered. A TTL "
            "unlike the end's other packets points to a device in between (tcp.rst.middlebox).",
            "应用程序调用 ABORT 时也可能发送不带 ACK 的 RST（RFC 9293 §3.10.5），那时其前面没有对方的报文段。若 RST "
            "紧跟在已确认但没有得到应答的数据之后，则很可能是有未读数据。若 TTL 与该端其他分组不同，"
            "则可能来自途中的设备（见 tcp.rst.middlebox）。",
        ),
    ),
)
MIDDLEBOX = Rule(
    "tcp.rst.middlebox",
    "tcp",
    "note",
    65,
    Text(
        "The RST has TTL {ttl}, other packets of this end have {usual}: perhaps a device between the two sent it, "
        "though a host may use another TTL for RST as well.",
        "该 RST 的 TTL 为 {ttl}，而本端其他分组的 TTL 为 {usual}：可能由途中设备发出，但主机也可能对 RST 使用不同的 TTL。",
    ),
    ("RFC 3360", "RFC 9293 §3.5.2"),
    Text("The server itself sent the RST.", "RST 一定是服务器自己发的。"),
    Explanation(
        Text(
            "Firewalls and filters end connections by sending an RST in the name of one end. Such a packet starts "
            "elsewhere on the path and often with another initial TTL, so it arrives with a TTL that does not fit.",
            "防火墙和过滤设备会以一端的名义发送 RST 来中断连接。这样的分组从路径上的其他位置发出，初始 TTL 也往往不同，"
            "因此到达时的 TTL 对不上。",
        ),
        Text(
            "ip.ttl (or ipv6.hlim) of the RST differs from that of the first packet that this end sent on the "
            "connection.",
            "RST 的 ip.ttl（或 ipv6.hlim）与该端在本连接上发送的第一个分组不同。",
        ),
        Text(
            "The route may have changed, or the host's system uses another TTL for resets than for data. Later "
            "packets of the same end with the old TTL, as though nothing had happened, speak for a device; so does a "
            "capture at that end which lacks the RST.",
            "也可能是路由发生变化，或主机系统对复位与数据使用不同的 TTL。若该端此后仍以原来的 TTL 照常发送分组，"
            "则多半来自途中设备；若在该端的捕获中没有这个 RST，则可以确定。",
        ),
    ),
)
UNSEEN = Rule(
    "tcp.close.unseen",
    "tcp",
    "note",
    28,
    {
        "open": Text(
            "The capture ends without a FIN or RST of this connection: it was still open here, and how it went on is "
            "not known.",
            "捕获结束时没有看到该连接的 FIN 或 RST：此时连接仍处于打开状态，之后如何无从得知。",
        ),
        "half": Text(
            "The capture ends with only the {who:role}'s FIN (frame {fin_frame}) seen; the rest of the close is not "
            "known.",
            "捕获结束时只看到{who:role}的 FIN（第 {fin_frame} 帧）；关闭的其余部分无从得知。",
        ),
        "unacked": Text(
            "The capture ends before the last FIN (frame {fin_frame}) is acknowledged.",
            "捕获结束时最后一个 FIN（第 {fin_frame} 帧）尚未被确认。",
        ),
    },
    (CLOSING,),
    Text("The connection still exists.", "连接仍然存在。"),
    Explanation(
        Text(
            "A connection lives until it is closed or reset, and an idle one may live for days without a packet. That "
            "the capture stops says nothing about the connection.",
            "连接在关闭或复位之前一直存在，空闲的连接可以数日没有任何分组。捕获停止并不说明连接如何。",
        ),
        Text(
            "At the end of the input neither the last ACK of a close nor an acceptable RST was seen. It is said of "
            "the connection's last packet; for a connection that left memory for want of room, likewise.",
            "输入结束时，既没有看到关闭的最后一个 ACK，也没有看到有效的 RST。本说明给在该连接的最后一个分组上；"
            "因内存限制而被移出的连接也是如此。",
        ),
        Text(
            "A capture that was stopped too early, a capture filter, or lost frames all look alike. A longer capture, "
            "or ss on one of the hosts, would tell.",
            "捕获停止过早、捕获过滤器或漏掉的帧，看起来都一样。更长时间的捕获，或在主机上用 ss 查看，可以判断。",
        ),
    ),
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


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES
