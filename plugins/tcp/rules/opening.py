"""What is said of how a connection opens (RFC 9293 §3.5)."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Explanation, Rule

HANDSHAKE = "RFC 9293 §3.5"
NUMBERS = "RFC 9293 §3.4"

SYN_STEP = Rule(
    "tcp.open.syn",
    "tcp",
    "chat",
    80,
    Text(
        "Handshake 1 of 3: the client asks to open a connection. Its ISN is {isn}, shown as {seq}.",
        "第一次握手：客户端请求建立连接，初始序号为 {isn}（显示为 {seq}）。",
    ),
    (HANDSHAKE, NUMBERS),
    Text("The connection exists once the SYN is sent.", "发出 SYN 后连接就已存在。"),
    Explanation(
        Text(
            "The client proposes a connection and tells the number from which it will count its bytes, the initial "
            "sequence number (ISN). It is in SYN-SENT now and waits. The SYN takes one number itself, so the first "
            "byte of data will have ISN + 1.",
            "客户端提出建立连接，并告知其字节编号的起点，即初始序号（ISN）。此后客户端进入 SYN-SENT 状态，等待应答。SYN "
            "本身占用一个序号，因此第一个数据字节的序号为 ISN + 1。",
        ),
        Text(
            "SYN is set and ACK is not; the sender has not sent a SYN with this number before, and no SYN of the "
            "other end is waiting for its answer. ISN is tcp.seq_raw. That the server is in LISTEN is presumed by "
            "custom.",
            "SYN 置位而 ACK 未置位；发送方此前没有发送过该序号的 SYN，对方也没有尚待应答的 SYN。初始序号取自 "
            "tcp.seq_raw。服务器处于 LISTEN 状态是按惯例假定的。",
        ),
        Text(
            "The same number a second time is a retransmission, not another connection. A SYN of the other end that "
            "is on its way already makes it a simultaneous open. Many SYNs to many ports without going on are a scan.",
            "若序号与先前的 SYN 相同，则是重传，而不是另一条连接。若对方的 SYN 也已发出，则是同时打开。"
            "若向许多端口发出 SYN 却都没有下文，则是扫描。",
        ),
    ),
)
SYN_ACK_STEP = Rule(
    "tcp.open.syn-ack",
    "tcp",
    "chat",
    80,
    {
        "": Text(
            "Handshake 2 of 3: the server agrees. It acknowledges {peer_isn} + 1 = {ack_raw} (shown as {ack}), as a "
            "SYN takes one number; its own ISN is {isn}, shown as {seq}.",
            "第二次握手：服务器同意建立连接。确认号为 {peer_isn} + 1 = {ack_raw}（显示为 {ack}），因为 SYN 占用一个序号；"
            "服务器的初始序号为 {isn}（显示为 {seq}）。",
        ),
        "data": Text(
            "Handshake 2 of 3: the server agrees. It acknowledges the SYN and its {data:byte}: {peer_isn} + 1 + "
            "{data} = {ack_raw} (shown as {ack}); its own ISN is {isn}, shown as {seq}.",
            "第二次握手：服务器同意建立连接，并确认 SYN 及其携带的 {data} 字节：{peer_isn} + 1 + {data} = "
            "{ack_raw}（显示为 {ack}）；服务器的初始序号为 {isn}（显示为 {seq}）。",
        ),
        "unseen": Text(
            "Handshake 2 of 3: the server agrees. It acknowledges {ack_raw} (shown as {ack}); the SYN that it answers "
            "is not in the capture. Its own ISN is {isn}, shown as {seq}.",
            "第二次握手：服务器同意建立连接，确认号为 {ack_raw}（显示为 {ack}）；它所应答的 SYN 不在捕获中。"
            "服务器的初始序号为 {isn}（显示为 {seq}）。",
        ),
        "other": Text(
            "A SYN-ACK that acknowledges {ack_raw}, which is not the client's ISN {peer_isn} + 1: it answers another "
            "SYN, perhaps an old one, and the client must reject it with an RST. Its own ISN is {isn}, shown as {seq}.",
            "该 SYN-ACK 的确认号为 {ack_raw}，并非客户端初始序号 {peer_isn} + 1：它应答的是另一个（可能是旧的）SYN，"
            "客户端须用 RST 拒绝它。其自身的初始序号为 {isn}（显示为 {seq}）。",
        ),
    },
    (HANDSHAKE, NUMBERS, "RFC 9293 §3.10.7.3"),
    Text("Both ends are established once the SYN-ACK is sent.", "发出 SYN-ACK 后双方就都已建立连接。"),
    Explanation(
        Text(
            "One segment does two things: it acknowledges the client's SYN, and it is the server's own SYN with the "
            "server's ISN. The server is in SYN-RECEIVED; the client is established when this segment reaches it. The "
            "acknowledgment number is always the next one that is expected, so it is the client's ISN plus 1.",
            "这个报文段同时做两件事：确认客户端的 SYN，并作为服务器自己的 SYN 给出服务器的初始序号。此时服务器处于 "
            "SYN-RCVD（SYN-RECEIVED）状态；客户端收到该报文段后即进入 ESTABLISHED。确认号总是期望收到的下一个序号，"
            "因此等于客户端的初始序号加 1。",
        ),
        Text(
            "SYN and ACK are set and the sender has not sent this SYN before. tcp.ack_raw is compared with the "
            "tcp.seq_raw of the client's SYN in the capture: one more acknowledges the SYN, more than that also the "
            "data that a Fast Open SYN carried.",
            "SYN 与 ACK 均置位，且发送方此前没有发送过这个 SYN。将 tcp.ack_raw 与捕获中客户端 SYN 的 tcp.seq_raw 比较："
            "大 1 表示确认了 SYN；再大则还确认了 Fast Open 的 SYN 所携带的数据。",
        ),
        Text(
            "A number that fits no SYN in the capture answers another SYN, such as an old one that arrived late: then "
            "an RST of the client follows. In a simultaneous open both ends send such a segment.",
            "若确认号与捕获中的任何 SYN 都不符，则它应答的是另一个 SYN（例如迟到的旧 SYN），随后应出现客户端的 RST。"
            "同时打开时，双方都会发送这样的报文段。",
        ),
    ),
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
            "第三次握手：客户端的确认号为 {peer_isn} + 1 = {ack_raw}（显示为 {ack}），自己的序号为 {seq_raw}（显示为 "
            "{seq}）。连接已建立，距 SYN 发出 {elapsed:duration}。",
        ),
        "untimed": Text(
            "Handshake 3 of 3: the client acknowledges {peer_isn} + 1 = {ack_raw} (shown as {ack}) and goes on with "
            "{seq_raw} (shown as {seq}). The connection is open.",
            "第三次握手：客户端的确认号为 {peer_isn} + 1 = {ack_raw}（显示为 {ack}），自己的序号为 {seq_raw}（显示为 "
            "{seq}）。连接已建立。",
        ),
        "more": Text(
            "Handshake 3 of 3: the client acknowledges {ack_raw} (shown as {ack}): the server's SYN, {peer_isn} + 1, "
            "and data after it. The connection is open at both ends.",
            "第三次握手：客户端的确认号为 {ack_raw}（显示为 {ack}），确认了服务器的 SYN（{peer_isn} + 1）及其后的数据。"
            "双方的连接均已建立。",
        ),
        "unseen": Text(
            "Handshake 3 of 3: the client acknowledges {ack_raw} (shown as {ack}); the SYN-ACK that it answers is not "
            "in the capture, so what the server knows cannot be told.",
            "第三次握手：客户端的确认号为 {ack_raw}（显示为 {ack}）；它所应答的 SYN-ACK 不在捕获中，"
            "因此无法得知服务器的状态。",
        ),
    },
    (HANDSHAKE, NUMBERS),
    Text("The acknowledgment number equals the peer's ISN.", "确认号等于对方的初始序号。"),
    Explanation(
        Text(
            "The client confirms the server's SYN, so each end now knows that the other has its ISN. The client was "
            "established when it received the SYN-ACK; the server is when this segment arrives. An ACK without data "
            "takes no sequence number, so the client's first data has the same number.",
            "客户端确认了服务器的 SYN，至此双方都知道对方已收到自己的初始序号。客户端在收到 SYN-ACK 时即进入 "
            "ESTABLISHED，服务器则在该报文段到达时进入。不携带数据的 ACK 不占用序号，"
            "因此客户端第一个数据报文段的序号与它相同。",
        ),
        Text(
            "The first segment without SYN of an end in SYN-SENT or SYN-RECEIVED that acknowledges at least the "
            "peer's SYN. tcp.ack_raw is compared with the tcp.seq_raw of the peer's SYN. The time runs from this "
            "end's first SYN.",
            "处于 SYN-SENT 或 SYN-RECEIVED 的一端发出的、不带 SYN 且至少确认了对方 SYN 的第一个报文段。将 tcp.ack_raw "
            "与对方 SYN 的 tcp.seq_raw 比较。时间从该端的第一个 SYN 算起。",
        ),
        Text(
            "It may carry data already; then the same frame is also a data segment. If the server repeats its SYN-ACK "
            "afterwards, this segment did not reach it or did not count for it yet.",
            "它也可能已携带数据，此时同一帧也是数据报文段。若服务器此后重传 SYN-ACK，则说明该报文段没有到达，"
            "或尚未被服务器采纳。",
        ),
    ),
)
RELATIVE = Rule(
    "tcp.open.relative",
    "tcp",
    "chat",
    20,
    {
        "": Text(
            "Sequence number {seq} is a display choice: on the wire it is {isn}, picked afresh for each connection so "
            "that it cannot be guessed and old segments do not fit.",
            "序号 {seq} 只是相对值：报文段中实际为 {isn}。它在每条连接中重新选取，使其难以猜测，也避免旧报文段混入。",
        ),
        "raw": Text(
            "The ISN {isn} is picked afresh for each connection so that it cannot be guessed and old segments do not "
            "fit. Numbers are shown as they are on the wire.",
            "初始序号 {isn} 在每条连接中重新选取，使其难以猜测，也避免旧报文段混入。"
            "这里显示的序号就是报文段中的实际值。",
        ),
    },
    ("RFC 9293 §3.4.1", "RFC 6528 §3"),
    Text("Sequence numbers start at 0.", "序号从 0 开始。"),
    Explanation(
        Text(
            "Wireshark subtracts the ISN from all numbers of a direction, so that the SYN has 0 and the first byte 1. "
            "The number in the header is 32 bits long and starts anywhere. RFC 6528 makes it of a clock and a secret "
            "hash of addresses and ports.",
            "Wireshark 把每个方向的所有序号都减去初始序号，于是 SYN 显示为 0，第一个数据字节为 1。首部中的序号为 "
            "32 位，起点是任意的。RFC 6528 规定由时钟与地址、端口的保密散列值生成它。",
        ),
        Text(
            "tcp.seq (as shown) beside tcp.seq_raw (as sent) of the first SYN of each end. Where both are equal, "
            "relative numbers are switched off.",
            "取每一端首个 SYN 的 tcp.seq（显示值）与 tcp.seq_raw（实际值）对照。若两者相等，则相对序号显示已关闭。",
        ),
        Text(
            "Without the SYN in the capture, Wireshark counts from the first segment that it sees; then 1 is not the "
            "connection's first byte.",
            "若捕获中没有 SYN，Wireshark 就从看到的第一个报文段算起，此时的 1 并不是连接的第一个字节。",
        ),
    ),
)
ACK_MEANINGLESS = Rule(
    "tcp.open.ack-meaningless",
    "tcp",
    "chat",
    10,
    Text(
        "The acknowledgment field holds {value} but ACK is not set, so it means nothing: no number of the server's is "
        "known yet.",
        "确认号字段为 {value}，但 ACK 未置位，因此该字段无意义：此时还不知道服务器的序号。",
    ),
    ("RFC 9293 §3.1",),
    Text("The SYN acknowledges number 0.", "SYN 确认了序号 0。"),
    Explanation(
        Text(
            "Every TCP header has room for an acknowledgment number, but it counts only if ACK is set. The first SYN "
            "has nothing to acknowledge yet, and the field is ignored.",
            "每个 TCP 首部都有确认号字段，但只有 ACK 置位时才有效。第一个 SYN 还没有什么可确认，接收方会忽略该字段。",
        ),
        Text(
            "tcp.flags.ack is not set on the first SYN of a connection; the value is tcp.ack_raw, usually 0.",
            "连接的第一个 SYN 中 tcp.flags.ack 未置位；字段值取自 tcp.ack_raw，通常为 0。",
        ),
        Text(
            "A value other than 0 there is harmless; it hints at a program that crafts packets itself.",
            "此处的值若不为 0 也无妨，只说明该报文可能由自行构造分组的程序产生。",
        ),
    ),
)
MSS = Rule(
    "tcp.open.mss",
    "tcp",
    "chat",
    18,
    Text(
        "MSS {mss}: the largest payload that the {who:role} accepts in one segment (an MTU of {mtu} less {headers} "
        "bytes of IP and TCP headers). Each side states its own limit.",
        "MSS 为 {mss}：{who:role}在一个报文段中可接收的最大数据量（相当于 MTU {mtu} 减去 IP 首部与 TCP 首部共 {headers} "
        "字节）。双方各自声明自己的上限。",
    ),
    ("RFC 9293 §3.7.1",),
    Text("The two sides negotiate the smaller value.", "双方协商取较小值。"),
    Explanation(
        Text(
            "An end tells how much data it can take in one segment, as a rule what fits its link's MTU. The other end "
            "must not send more, and may send less. The two values need not be equal; there is no negotiation.",
            "一端告知对方自己在一个报文段中最多能接收多少数据，通常由其链路的 MTU 决定。对方发送的数据不得超过此值，"
            "但可以更少。两个方向的值不必相等，这不是协商。",
        ),
        Text(
            "tcp.options.mss_val in a SYN. The MTU in the sentence is the value plus the fixed headers: 20 + 20 bytes "
            "over IPv4, 40 + 20 over IPv6.",
            "取自 SYN 中的 tcp.options.mss_val。文中的 MTU 由该值加上固定首部得出：IPv4 为 20 + 20 字节，IPv6 为 40 + "
            "20 字节。",
        ),
        Text(
            "Options such as timestamps take their bytes from the data, so full segments are often 12 bytes shorter. "
            "A router on the way may rewrite the value (MSS clamping, as on PPPoE): capturing at both ends would show "
            "two values. Without the option 536 holds for IPv4 and 1220 for IPv6.",
            "时间戳等选项要占用数据的空间，因此满长报文段往往再少 12 字节。途中的路由器可能改写该值（MSS 钳制，常见于 "
            "PPPoE），在两端分别捕获即可看出不同。若没有该选项，IPv4 默认为 536，IPv6 默认为 1220。",
        ),
    ),
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
            "提出窗口扩大选项：若对方也提出，{who:role}此后的窗口值要乘以 2^{shift} = {factor}。本 SYN 中的窗口 "
            "{window} 不作扩大。",
        ),
        "agreed": Text(
            "Window scaling is on, as both SYNs have the option: later windows of the {who:role} count times "
            "2^{shift} = {factor}, the other side's times {peer_factor}. The window of this SYN, {window}, is never "
            "scaled.",
            "双方的 SYN 都带该选项，窗口扩大生效：{who:role}此后的窗口值要乘以 2^{shift} = {factor}，对方的要乘以 "
            "{peer_factor}。本 SYN 中的窗口 {window} 不作扩大。",
        ),
    },
    ("RFC 7323 §2.2", "RFC 7323 §2.3"),
    Text("A window of 502 is tiny.", "窗口值 502 非常小。"),
    Explanation(
        Text(
            "The window field has 16 bits, at most 65535 bytes; long fast paths need more. Each end says by how many "
            "bits its later window fields are to be shifted to the left. It works only if both SYNs have the option, "
            "and each direction has its own factor.",
            "窗口字段只有 16 位，最大 65535 字节，对带宽时延积大的路径不够用。"
            "每一端用该选项告知此后自己的窗口字段应左移多少位。只有双方的 SYN 都带该选项才生效，"
            "两个方向的扩大因子各自独立。",
        ),
        Text(
            "The option of kind 3 in a SYN; the factor is 2 to the power of tcp.options.wscale.shift, of which more "
            "than 14 counts as 14. On a SYN-ACK the SYN's option is looked up too: with both it is agreed.",
            "取自 SYN 中类型为 3 的选项；扩大因子为 2 的 tcp.options.wscale.shift 次方，移位数大于 14 时按 14 计。对 "
            "SYN-ACK 还要查看 SYN 的选项：两者都有即为生效。",
        ),
        Text(
            "If only one SYN has it, no window of the connection is scaled. Without the SYNs in the capture the "
            "factor is unknown, and the windows shown may be too small by it.",
            "若只有一方的 SYN 带该选项，则整条连接的窗口都不扩大。若捕获中没有 SYN，则扩大因子未知，"
            "显示的窗口可能因此偏小。",
        ),
    ),
)
SACK_PERMITTED = Rule(
    "tcp.open.sack-permitted",
    "tcp",
    "chat",
    15,
    {
        "offered": Text(
            "Offers SACK: the other side may then report, beyond the acknowledgment, which later bytes it already has.",
            "允许选择确认（SACK）：对方此后可在确认号之外报告已收到的后续字节块。",
        ),
        "agreed": Text(
            "SACK is on, as both SYNs permit it: after a loss only what is missing need be sent again.",
            "双方的 SYN 都允许 SACK，选择确认生效：发生丢失后只需重传缺失的部分。",
        ),
    },
    ("RFC 2018 §2",),
    Text("SACK replaces the acknowledgment number.", "SACK 取代确认号。"),
    Explanation(
        Text(
            "The acknowledgment number alone says only up to where everything has arrived. With SACK a receiver can "
            "name what it has beyond a hole, and the sender resends only the hole. The acknowledgment number keeps "
            "its meaning.",
            "仅凭确认号只能知道到哪里为止数据已全部到达。有了 SACK，接收方可以报告空缺之后已收到的字节块，"
            "发送方只需重传空缺部分。确认号的含义不变。",
        ),
        Text(
            "The option of kind 4 in a SYN. On a SYN-ACK it is agreed when the SYN had it too.",
            "取自 SYN 中类型为 4 的选项。对 SYN-ACK，若 SYN 也带该选项即为生效。",
        ),
        Text(
            "Each end permits it for what it is to receive; in practice it is used only if both do. Without it, "
            "duplicate ACKs are the only hint at a hole.",
            "每一端允许的是对方向自己发送 SACK；实际上双方都允许时才使用。若没有它，重复 ACK 是出现空缺的唯一迹象。",
        ),
    ),
)
SACK_ABSENT = Rule(
    "tcp.open.sack-absent",
    "tcp",
    "chat",
    15,
    {
        "alone": Text(
            "No SACK: this {segment} does not permit it, so after a loss the other side can only repeat the number of "
            "the first byte that it lacks.",
            "没有选择确认（SACK）：该 {segment} 不带此选项，发生丢失后对方只能重复自己缺少的第一个字节的序号。",
        ),
        "declined": Text(
            "No SACK: the SYN of frame {syn_frame} permits it, this SYN-ACK does not. In practice neither end then "
            "uses it.",
            "没有选择确认（SACK）：第 {syn_frame} 帧的 SYN 允许，而该 SYN-ACK 不允许，实际上双方都不再使用。",
        ),
    },
    ("RFC 2018 §2",),
    Text(
        "A SYN without SACK permitted is faulty, as Wireshark notes it (from 4.4 on).",
        "SYN 不带 SACK 选项就是有错误，因为 Wireshark（自 4.4 起）会对此作出提示。",
    ),
    Explanation(
        Text(
            "The option is there to be offered, no TCP must. Almost every system of today does; small stacks, old "
            "ones and packets made by hand do not. Without it several losses in one window take longer to mend.",
            "该选项可有可无，TCP 不要求必须携带。如今的系统几乎都会携带；小型协议栈、较旧的系统以及人为构造的分组则没有。"
            "没有它，同一窗口内的多处丢失需要更长时间才能修复。",
        ),
        Text(
            "A SYN whose header has no option of kind 4: tcp.hdr_len is 20, or the list of options is there to its "
            "end. On a SYN-ACK the SYN's options are looked up too.",
            "SYN 的首部中没有类型为 4 的选项：tcp.hdr_len 为 20，或者选项列表完整且其中没有。对 SYN-ACK 还要查看 SYN 的选项。",
        ),
        Text(
            "A middlebox may have taken the option out on the way: captured at the other end, the SYN would have it. "
            "Nothing is said where the input lacks the options or they are cut.",
            "该选项也可能被途中的中间设备去掉：在另一端捕获时，SYN 中会有它。若输入中没有选项或选项被截断，则不作判断。",
        ),
    ),
)
TIMESTAMPS = Rule(
    "tcp.open.timestamps",
    "tcp",
    "chat",
    16,
    {
        "offered": Text(
            "Offers timestamps (value {tsval}): both ends could then time round trips on every segment.",
            "提出时间戳选项（值为 {tsval}）：双方可借此对每个报文段测量往返时间。",
        ),
        "agreed": Text(
            "Timestamps are on, as both SYNs have them: 12 bytes in every later header (10 and 2 of padding), which "
            "leave {mss} − 12 = {payload} bytes of data in a full segment to the {who:role}.",
            "双方的 SYN 都带时间戳，选项生效：此后每个 TCP 首部多 12 字节（10 字节加 2 字节填充），"
            "发往{who:role}的满长报文段可带 {mss} − 12 = {payload} 字节数据。",
        ),
    },
    ("RFC 7323 §3.2", "RFC 7323 Appendix A"),
    Text("Segments of 1448 bytes mean an MSS of 1448.", "1448 字节的报文段说明 MSS 是 1448。"),
    Explanation(
        Text(
            "Each segment carries a value of its sender's clock and echoes the last one of the peer. From the echo an "
            "end measures the round trip, even of resent segments; and it can tell an old segment whose number has "
            "come round again (PAWS).",
            "每个报文段都带有发送方时钟的值，并回显对方最近的时间戳。发送方由回显值测量往返时间，"
            "即使是重传的报文段也可以；还可识别序号绕回后出现的旧报文段（PAWS）。",
        ),
        Text(
            "The option of kind 8 in a SYN. On a SYN-ACK it is agreed when the SYN had it too; the room for data is "
            "then the MSS of the SYN-ACK less 12.",
            "取自 SYN 中类型为 8 的选项。对 SYN-ACK，若 SYN 也带该选项即为生效；此时数据空间为 SYN-ACK 中的 MSS 减 12。",
        ),
        Text(
            "If only one SYN has it, no later segment may. The values count the sender's own ticks (often ms): they "
            "are no time of day and cannot be compared between the ends.",
            "若只有一方的 SYN 带该选项，此后的报文段都不得使用。时间戳是发送方自己的时钟计数（常以毫秒为单位），"
            "不是钟表时间，两端的值不能相互比较。",
        ),
    ),
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
            "同一个 SYN 的重传（初始序号仍为 {isn}），距第 {before} 帧 {waited:duration}：一直没有应答，重传计时器超时。"
            "这不是第二条连接。",
        ),
        "answered": Text(
            "The same SYN again (ISN {isn}), {waited:duration} after frame {before}: the SYN-ACK of frame {answer} "
            "had not reached the client yet. Not a second connection.",
            "同一个 SYN 的重传（初始序号仍为 {isn}），距第 {before} 帧 {waited:duration}：第 {answer} 帧的 SYN-ACK "
            "此前尚未到达客户端。这不是第二条连接。",
        ),
    },
    ("RFC 6298 §2", "RFC 6298 §5", "RFC 9293 §3.8.1"),
    Text("Every SYN opens another connection.", "每个 SYN 都是一条新连接。"),
    Explanation(
        Text(
            "The SYN or its answer was lost, or nobody answers. The client waits for its retransmission timeout, 1 s "
            "at first as no round trip is known, and doubles the wait each time. Newer Linux repeats after 1 s four "
            "times before it doubles.",
            "SYN 或其应答丢失了，或者根本无人应答。客户端等待重传超时时间，因为还没有往返时间的样本，初值为 1 s，"
            "此后每次加倍。较新的 Linux 先以 1 s 的间隔重传四次，然后才加倍。",
        ),
        Text(
            "A SYN without ACK whose tcp.seq_raw is that of this end's SYN before. The wait is counted from the SYN "
            "just before. If the capture already has a SYN-ACK, that one is named.",
            "不带 ACK 的 SYN，其 tcp.seq_raw 与该端先前的 SYN 相同。等待时间从前一个 SYN 算起。若捕获中已有 SYN-ACK，"
            "则指出它所在的帧。",
        ),
        Text(
            "A SYN with another tcp.seq_raw is a new attempt or a new connection. Copies within microseconds come "
            "from capturing the same packet twice: compare link-layer addresses and ip.id.",
            "若 tcp.seq_raw 不同，则是新的尝试或新的连接。若两份相隔仅数微秒，则是同一分组被捕获了两次，"
            "可比较链路层地址与 ip.id。",
        ),
    ),
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
            "同一个 SYN-ACK 的重传（初始序号仍为 {isn}），距第 {before} 帧 {waited:duration}：完成握手的 ACK "
            "一直没有到达。",
        ),
        "asked": Text(
            "The same SYN-ACK again (ISN {isn}): it answers the repeated SYN of frame {answer}.",
            "同一个 SYN-ACK 的重传（初始序号仍为 {isn}）：应答第 {answer} 帧重传的 SYN。",
        ),
        "acked": Text(
            "The same SYN-ACK again (ISN {isn}), {waited:duration} after frame {before}: for the server the ACK of "
            "frame {answer} has not come (lost, late, or put off until data comes), so it is still in SYN-RECEIVED.",
            "同一个 SYN-ACK 的重传（初始序号仍为 {isn}），距第 {before} 帧 {waited:duration}：对服务器而言第 {answer} "
            "帧的 ACK 尚未到达（丢失、迟到，或服务器要等到数据才采纳），它仍处于 SYN-RECEIVED。",
        ),
    },
    ("RFC 6298 §2", "RFC 6298 §5", "RFC 9293 §3.5"),
    Text("The server opens a second connection.", "服务器又建立了一条连接。"),
    Explanation(
        Text(
            "The server has sent its SYN and waits for the client's ACK. When its timer runs out, or when the "
            "client's SYN comes again, it sends the same SYN-ACK again. The ladder steps back to SYN-RECEIVED.",
            "服务器已发出自己的 SYN，等待客户端的 ACK。当重传计时器超时，或再次收到客户端的 SYN 时，它重传同一个 "
            "SYN-ACK。状态图退回到 SYN-RECEIVED。",
        ),
        Text(
            "SYN and ACK are set and tcp.seq_raw is that of this end's SYN before. If the capture has the client's "
            "ACK, that frame is named; else, if a repeated SYN came after the last SYN-ACK, that one is.",
            "SYN 与 ACK 均置位，且 tcp.seq_raw 与该端先前的 SYN 相同。若捕获中已有客户端的 ACK，则指出该帧；否则，"
            "若上一个 SYN-ACK 之后出现过重传的 SYN，则指出它。",
        ),
        Text(
            "A Linux server with TCP_DEFER_ACCEPT ignores the bare ACK and waits for data: then nothing is lost, and "
            "data ends the repetition. A SYN-ACK with another ISN belongs to another connection. In a simultaneous "
            "open a SYN that comes again with ACK is a step of its own.",
            "设置了 TCP_DEFER_ACCEPT 的 Linux 服务器会忽略单独的 ACK 而等待数据：此时并没有丢失，数据到达后重传即停止。"
            "若初始序号不同，则属于另一条连接。同时打开时，带 ACK 再次出现的 SYN 是单独的一步。",
        ),
    ),
)
REFUSED = Rule(
    "tcp.open.refused",
    "tcp",
    "warn",
    90,
    Text(
        "Refused: RST answers the SYN of frame {syn_frame}, acknowledging {isn} + {taken} = {ack_raw}. Nobody listens "
        "on port {port} there, or a device on the way rejects in its name.",
        "连接被拒绝：用 RST 应答第 {syn_frame} 帧的 SYN，确认号为 {isn} + {taken} = {ack_raw}。该主机的 {port} "
        "端口无人监听，或途中设备以其名义拒绝。",
    ),
    ("RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1", "RFC 9293 §3.10.7.3"),
    Text("No answer and a refusal are the same failure.", "无应答与被拒绝是同一种失败。"),
    Explanation(
        Text(
            "The client gets an error at once (connection refused) and is CLOSED. The answer proves that packets "
            "reach the host, or something that speaks in its name. The usual cause is that no program listens on this "
            "port.",
            "客户端立即得到错误（连接被拒绝）并进入 CLOSED。这个应答证明分组能到达该主机，或到达以其名义应答的设备。"
            "常见原因是没有程序监听该端口。",
        ),
        Text(
            "RST and ACK are set, the other end is in SYN-SENT, and tcp.ack_raw lies behind the SYN's number and "
            "within what it sent: that makes the RST valid in SYN-SENT. The sum is ISN + 1, or more if the SYN "
            "carried data.",
            "RST 与 ACK 均置位，对方处于 SYN-SENT，且 tcp.ack_raw 大于 SYN 的序号并在其已发送的范围内：满足这些条件，"
            "RST 在 SYN-SENT 状态才有效。该值等于初始序号加 1；若 SYN 携带数据则更大。",
        ),
        Text(
            "A firewall that rejects sends the same segment. A TTL other than that of the host's packets elsewhere in "
            "the capture tells them apart; a filter that drops shows as silence, one that reports as ICMP. An RST "
            "without ACK does not refuse: the client ignores it.",
            "拒绝连接的防火墙发送的报文段完全一样；若 TTL 与捕获中该主机的其他分组不同，即可区分。"
            "丢弃式的过滤表现为无应答，报告式的过滤表现为 ICMP 差错报文。不带 ACK 的 RST 不能拒绝连接：客户端会忽略它。",
        ),
    ),
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
            "该 SYN 没有得到任何应答（在 {span:duration} 内共发送 {count} 次）：被过滤、主机不在线，或应答未经过捕获点。"
            "若只是端口关闭，会收到 RST。",
        ),
        "once": Text(
            "No answer of any kind to this SYN: filtered, the host is down, the capture ended too soon, or the answer "
            "did not pass the capture point. A closed port would have sent RST.",
            "该 SYN 没有得到任何应答：被过滤、主机不在线、捕获结束过早，或应答未经过捕获点。若只是端口关闭，会收到 RST。",
        ),
        "icmp": Text(
            "No SYN-ACK: the ICMP error of frame {icmp_frame} ({reason}) tells why this SYN failed.",
            "没有 SYN-ACK：第 {icmp_frame} 帧的 ICMP 差错报文（{reason}）说明了该 SYN 失败的原因。",
        ),
    },
    ("RFC 9293 §3.8.3", "RFC 9293 §3.5.2", "RFC 9293 §3.9.2.2", "RFC 1122 §4.2.3.9"),
    Text("No answer means that the port is closed.", "没有应答说明端口关闭。"),
    Explanation(
        Text(
            "The client repeats its SYN until it gives up (connection timed out). Silence says less than a refusal: "
            "packets vanish on the way there, at the host, or on the way back.",
            "客户端不断重传 SYN，直到放弃（连接超时）。无应答比被拒绝提供的信息更少：分组可能消失在去程、主机处或回程。",
        ),
        Text(
            "At the end of the capture the other end has sent nothing and this end nothing but SYNs. Their number and "
            "the time between the first and the last are counted. An ICMP error that quotes the SYN is named instead.",
            "捕获结束时，对方没有发送任何报文段，而本端只发送过 SYN。统计其次数以及首末两个 SYN 之间的时间。若有引用该 "
            "SYN 的 ICMP 差错报文，则改为指出它。",
        ),
        Text(
            "The capture cannot tell a dropping filter from a dead host; a ping or another port of the host may. If "
            "the client goes on to send data, the capture lacks the other direction, and this verdict is not given.",
            "仅凭捕获无法区分丢弃式过滤与主机不在线；ping 或尝试该主机的其他端口或许可以区分。若客户端接着发送了数据，"
            "说明捕获缺少另一方向，此时不作此判断。",
        ),
    ),
)
SIMULTANEOUS = Rule(
    "tcp.open.simultaneous",
    "tcp",
    "note",
    86,
    {
        "syn": Text(
            "Simultaneous open: this end, too, sends a SYN (ISN {isn}) before the one of frame {peer_frame} has "
            "reached it. Both ends are active; four segments will open the connection instead of three.",
            "同时打开：本端也在第 {peer_frame} 帧的 SYN 到达之前发出了 SYN（初始序号为 {isn}）。双方都是主动打开，"
            "将用四个报文段而不是三个建立连接。",
        ),
        "syn-ack": Text(
            "Simultaneous open: its SYN again (ISN {isn}), now with an ACK for the other's: {peer_isn} + 1 = "
            "{ack_raw}. A step of its own, no retransmission.",
            "同时打开：再次发送自己的 SYN（初始序号为 {isn}），并确认对方的 SYN：{peer_isn} + 1 = {ack_raw}。"
            "这是单独的一步，不是重传。",
        ),
    },
    ("RFC 9293 §3.5",),
    Text("The second SYN-ACK is a retransmission.", "后面的 SYN-ACK 是重传。"),
    Explanation(
        Text(
            "Both programs call connect() to each other, and the SYNs cross on the way. Each end goes from SYN-SENT "
            "to SYN-RECEIVED when the other's SYN arrives and answers it with a SYN-ACK. One connection results, not "
            "two, and there is no server.",
            "双方的程序互相调用 connect()，两个 SYN 在途中交叉。每一端收到对方的 SYN 后都从 SYN-SENT 转入 SYN-RECEIVED，"
            "并以 SYN-ACK 应答。结果是一条连接而不是两条，也没有服务器一方。",
        ),
        Text(
            "A SYN without ACK of the second end while the first one's SYN is unanswered (both in SYN-SENT); "
            "afterwards the SYN of an end that comes again with ACK. Client is who sent the first SYN in the capture.",
            "第一端的 SYN 尚未得到应答时，第二端也发出不带 ACK 的 SYN（双方都处于 SYN-SENT）；此后某端的 SYN 带着 ACK "
            "再次出现。捕获中先发 SYN 的一端称为客户端。",
        ),
        Text(
            "tshark labels the SYN-ACKs retransmissions because their numbers come again; the ACK and the new "
            "acknowledgment number show that they are not. Some middleboxes split a normal handshake so that the "
            "server's SYN comes without ACK: there the ACK comes apart.",
            "tshark 因序号重复而将这些 SYN-ACK 标为重传；ACK 置位与新的确认号表明并非如此。"
            "某些中间设备会拆分正常握手，使服务器的 SYN 不带 ACK：那时 ACK 会单独出现。",
        ),
    ),
)
FAST_OPEN = Rule(
    "tcp.open.fast-open",
    "tcp",
    "chat",
    70,
    {
        "request": Text(
            "Asks for a Fast Open cookie: with it, a later connection may put data into its SYN.",
            "请求 Fast Open Cookie：此后的连接可凭它在 SYN 中携带数据。",
        ),
        "cookie": Text(
            "Grants a Fast Open cookie of {size:byte} for later connections.",
            "为以后的连接发放 {size} 字节的 Fast Open Cookie。",
        ),
        "data": Text(
            "Fast Open: the SYN already carries {data:byte}, with the cookie that the server once gave. It saves a "
            "round trip.",
            "Fast Open：SYN 凭服务器此前发放的 Cookie 直接携带 {data} 字节数据，省去一个往返时间。",
        ),
        "accepted": Text(
            "Fast Open accepted: the acknowledgment covers the {data:byte} of the SYN, the server may answer at once.",
            "Fast Open 被接受：确认号覆盖了 SYN 中的 {data} 字节，服务器可立即应答。",
        ),
        "declined": Text(
            "Fast Open not accepted: only the SYN is acknowledged; its {data:byte} must be sent again.",
            "Fast Open 未被接受：只确认了 SYN，其中的 {data} 字节需要重新发送。",
        ),
    },
    ("RFC 7413 §3", "RFC 7413 §4.2"),
    Text("A SYN can carry no data.", "SYN 不能携带数据。"),
    Explanation(
        Text(
            "On the first connection the client asks for a cookie and the server gives one, made of the client's "
            "address. On later ones the SYN carries the cookie and data, and the server may hand the data to its "
            "program before the handshake is over.",
            "第一次连接时，客户端请求 Cookie，服务器根据客户端地址生成并发放。以后的连接中，SYN 携带 Cookie 和数据，"
            "服务器可以在握手完成之前就把数据交给应用程序。",
        ),
        Text(
            "The option of kind 34 in a SYN: empty asks, with a cookie on a SYN-ACK it grants, with a cookie and "
            "tcp.len above 0 on a SYN it sends data. Accepted is when the SYN-ACK's number covers the data, ISN + 1 + "
            "length.",
            "取自 SYN 中类型为 34 的选项：为空表示请求；SYN-ACK 中带 Cookie 表示发放；SYN 中带 Cookie 且 tcp.len 大于 0 "
            "表示发送数据。若 SYN-ACK 的确认号覆盖了数据（初始序号 + 1 + 长度），即为被接受。",
        ),
        Text(
            "A server with a changed key, or one without Fast Open, acknowledges the SYN alone. Devices on the way "
            "may strip the option or drop such SYNs: then a plain SYN follows.",
            "密钥已更换或未启用 Fast Open 的服务器只确认 SYN。途中设备可能去掉该选项，或丢弃这样的 SYN："
            "随后会出现普通的 SYN。",
        ),
    ),
)
ECN_SETUP = Rule(
    "tcp.open.ecn-setup",
    "tcp",
    "chat",
    19,
    {
        "offered": Text(
            "Offers ECN (ECE and CWR set): routers could then mark packets instead of dropping them.",
            "提出 ECN（ECE 与 CWR 置位）：路由器此后可用标记分组代替丢弃分组。",
        ),
        "agreed": Text(
            "Accepts ECN (ECE set, CWR not): both ends will heed congestion marks.",
            "接受 ECN（ECE 置位，CWR 不置位）：双方都会响应拥塞标记。",
        ),
    },
    ("RFC 3168 §6.1.1",),
    Text("ECE in a SYN reports congestion.", "SYN 中的 ECE 表示发生拥塞。"),
    Explanation(
        Text(
            "With explicit congestion notification a router whose queue grows marks packets, and the sender slows "
            "down before anything is lost. Both ends must agree in the handshake; in a SYN the flags only ask and "
            "answer.",
            "使用显式拥塞通知时，队列变长的路由器给分组加标记，发送方在丢失发生之前就减慢速率。双方须在握手时商定；SYN "
            "中的这两个标志只用于询问和应答。",
        ),
        Text(
            "tcp.flags.ece and tcp.flags.cwr: both on a SYN offer, ECE alone on a SYN-ACK accepts.",
            "依据 tcp.flags.ece 与 tcp.flags.cwr：SYN 中两者都置位表示提出，SYN-ACK 中只有 ECE 置位表示接受。",
        ),
        Text(
            "With the third flag AE in the SYN the client offers Accurate ECN, of which these two flags are the "
            "fallback. After the handshake ECE does report a mark.",
            "若 SYN 中还有 AE 标志，则客户端提出的是精确 ECN（AccECN），这两个标志是其后备方案。握手之后，ECE "
            "才确实表示收到了拥塞标记。",
        ),
    ),
)
PORT_REUSED = Rule(
    "tcp.open.port-reused",
    "tcp",
    "note",
    60,
    Text(
        "Same addresses and ports as the connection last seen in frame {before}, but a new ISN ({isn}): a new "
        "connection.",
        "地址与端口同第 {before} 帧所属的连接相同，但初始序号是新的（{isn}）：这是一条新连接。",
    ),
    ("RFC 9293 §3.6.1", "RFC 6191"),
    Text("The old connection goes on.", "旧连接仍在继续。"),
    Explanation(
        Text(
            "A connection is known by both addresses and both ports. The same four may serve again after the old "
            "connection has ended; even from TIME-WAIT, if the new ISN or the timestamp shows that the SYN is newer.",
            "连接由双方的地址和端口共同标识。旧连接结束后，同样的四元组可以再次使用；即使仍在 TIME-WAIT，"
            "只要新的初始序号或时间戳表明该 SYN 更新，也可以接受。",
        ),
        Text(
            "A SYN whose four addresses and ports belong to an earlier connection of the capture and whose "
            "tcp.seq_raw is another one.",
            "该 SYN 的四元组属于捕获中较早的一条连接，而 tcp.seq_raw 与之不同。",
        ),
        Text(
            "With the same tcp.seq_raw it is a retransmitted SYN. If the old connection was still open, its host has "
            "restarted or lost its state: the other end then answers with an ACK of the old connection, and an RST "
            "follows.",
            "若 tcp.seq_raw 相同，则是重传的 SYN。若旧连接仍处于打开状态，则该主机可能重启过或丢失了状态："
            "对方会用旧连接的 ACK 应答，随后出现 RST。",
        ),
    ),
)
MIDSTREAM = Rule(
    "tcp.open.midstream",
    "tcp",
    "note",
    40,
    Text(
        "No SYN of this connection is in the capture so far: it began before, or its opening was missed. Relative "
        "numbers count from the first packet seen, and without the window scale the windows shown may be too small.",
        "捕获中至此没有该连接的 SYN：连接在捕获开始前已建立，或其建立过程被漏掉。相对序号从首个看到的报文段算起；"
        "由于不知道窗口扩大因子，显示的窗口可能偏小。",
    ),
    ("RFC 9293 §3.4", "RFC 7323 §2.2"),
    Text("Sequence number 1 is the connection's start.", "序号 1 就是连接的起点。"),
    Explanation(
        Text(
            "What the handshake tells (ISN, MSS, window scale, SACK, timestamps) is not known here. Who is client and "
            "who server is inferred from the ports, or from who speaks first.",
            "握手所告知的内容（初始序号、MSS、窗口扩大因子、SACK、时间戳）在这里都未知。客户端与服务器由端口推断，"
            "或以先发送者为客户端。",
        ),
        Text(
            "The first packet of these addresses and ports in the capture has no SYN, but has ACK. Both states are ? "
            "until both ends have sent data.",
            "捕获中该四元组的第一个报文段没有 SYN 而有 ACK。在双方都发送过数据之前，两端的状态都记为“？”。",
        ),
        Text(
            "A lone ACK that is answered by RST belongs to no connection: the end that sent it is out of date, or it "
            "scans. If the capture was started late, other connections near its start lack their SYN as well.",
            "若一个孤立的 ACK 得到 RST 应答，则它不属于任何连接：发送它的一端状态已过时，或者在扫描。若只是捕获开始得晚，"
            "则捕获开头附近的其他连接也会缺少 SYN。",
        ),
    ),
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
    SACK_ABSENT,
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


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES
