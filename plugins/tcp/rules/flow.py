"""What is said of windows, urgent data, congestion marks and round trips (RFC 9293 §3.8, RFC 3168, RFC 6298)."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Explanation, Rule

ZERO_WINDOW = Rule(
    "tcp.flow.zero-window",
    "tcp",
    "warn",
    54,
    {
        "": Text(
            "Window 0: the {who:role}'s receive buffer is full, as its program does not read fast enough. The other "
            "side must stop sending data.",
            "窗口为 0：{who:role}的接收缓存已满，因为其应用程序读取得不够快。对方必须停止发送数据。",
        ),
        "still": Text(
            "Window still 0: the {who:role} answers the probe of frame {probe} and cannot take data yet.",
            "窗口仍为 0：{who:role}应答第 {probe} 帧的探测，仍不能接收数据。",
        ),
    },
    ("RFC 9293 §3.8.6",),
    Text("The network is congested.", "网络拥塞。"),
    Explanation(
        Text(
            "The window tells how many more bytes this end can take. The system fills its receive buffer, the program "
            "empties it; if the program is slow, the window shrinks to 0 and the sender waits. This is flow control "
            "between the two ends, the network has no part in it.",
            "窗口告知该端还能接收多少字节。系统向接收缓存写入数据，应用程序从中取走；若应用程序太慢，窗口就缩小到 0，"
            "发送方只能等待。这是两端之间的流量控制，与网络无关。",
        ),
        Text(
            "tcp.window_size is 0 on a segment without SYN, FIN and RST, and the window of this end before was not 0. "
            "While it stays 0, answers to probes are told as such.",
            "不带 SYN、FIN、RST 的报文段的 tcp.window_size 为 0，而该端此前的窗口不为 0。窗口保持为 0 期间，"
            "对探测的应答另作说明。",
        ),
        Text(
            "An RST may have window 0 as well, without meaning. With an unknown window scale 0 is still 0. A sender "
            "that waits although the window is open is limited by congestion control or by its own program.",
            "RST 的窗口也可能为 0，但没有意义。即使窗口扩大因子未知，0 仍然是 0。若窗口打开而发送方仍在等待，"
            "则受限于拥塞控制或其自身的应用程序。",
        ),
    ),
)
PROBE = Rule(
    "tcp.flow.probe",
    "tcp",
    "note",
    76,
    {
        "": Text(
            "Zero-window probe: the {peer:role} announced window 0 (frame {closed}), so the {who:role} asks whether "
            "it has opened, with number {seq}, one before the next byte and no data (as Linux does). No keep-alive, "
            "nothing lost.",
            "零窗口探测：{peer:role}曾通告窗口 0（第 {closed} 帧），{who:role}用序号 {seq}（比下一个字节的序号小 1，"
            "不带数据，这是 Linux 的做法）询问窗口是否已打开。这不是保活，也没有丢失。",
        ),
        "byte": Text(
            "Zero-window probe: the {peer:role} announced window 0 (frame {closed}), so the {who:role} sends one byte "
            "more to ask whether it has opened. No keep-alive, nothing lost.",
            "零窗口探测：{peer:role}曾通告窗口 0（第 {closed} 帧），{who:role}多发一个字节询问窗口是否已打开。这不是保活，"
            "也没有丢失。",
        ),
    },
    ("RFC 9293 §3.8.6.1", "RFC 1122 §4.2.2.17"),
    Text("It is a keep-alive or a retransmission.", "这是保活探测或重传。"),
    Explanation(
        Text(
            "The ACK that opens the window again carries no data, so nobody would resend it if it were lost, and both "
            "ends would wait for ever. Therefore a sender asks from time to time (persist timer), at growing "
            "intervals.",
            "重新打开窗口的 ACK 不携带数据，若它丢失，谁也不会重传，双方就会永远等待下去。因此发送方以持续计时器定时询问，"
            "间隔逐渐加长。",
        ),
        Text(
            "The peer's last window is 0, and this end sends either one byte or none with a number one below its next "
            "byte. tshark calls it Keep-Alive when it has no data.",
            "对方最近的窗口为 0，而该端要么发送一个字节，要么发送序号比下一个字节小 1 且不带数据的报文段。不带数据时，"
            "tshark 将其标为 Keep-Alive。",
        ),
        Text(
            "With an open window the same segment is a keep-alive. A retransmission would carry bytes that were sent "
            "before.",
            "若窗口是打开的，同样的报文段就是保活探测。若是重传，则会携带此前发送过的字节。",
        ),
    ),
)
UPDATE = Rule(
    "tcp.flow.update",
    "tcp",
    "chat",
    47,
    {
        "opened": Text(
            "Window update: the {who:role} has room again, {window:byte} after a window of 0. The other side may go "
            "on.",
            "窗口更新：{who:role}又有空间了，窗口由 0 变为 {window} 字节，对方可以继续发送。",
        ),
        "": Text(
            "Window update: the {who:role} now offers {window:byte} instead of {before}, as its program has read or "
            "its buffer has grown; it acknowledges nothing new.",
            "窗口更新：{who:role}的窗口由 {before} 变为 {window} 字节，因为应用程序已读取数据或接收缓存已扩大；"
            "没有确认新的数据。",
        ),
    },
    ("RFC 9293 §3.8.6", "RFC 9293 §3.8.6.2.2", "RFC 9293 §3.10.7.4"),
    Text("It is a duplicate ACK.", "这是重复 ACK。"),
    Explanation(
        Text(
            "The receiver has more room and says so by itself, without waiting for data. To avoid silly small windows "
            "it does so only when the gain is worth it, a full segment or half its buffer.",
            "接收方有了更多空间，不等数据到来就主动通告。为避免糊涂窗口综合征，"
            "只有当增加的空间足够大（一个满长报文段或缓存的一半）时才通告。",
        ),
        Text(
            "tcp.len is 0, tcp.ack is the same as before and tcp.window_size is larger than the last one of this end; "
            "it is neither a duplicate ACK with SACK news, nor the answer to a keep-alive, nor part of the handshake.",
            "tcp.len 为 0，tcp.ack 与此前相同，而 tcp.window_size 大于该端上一次的值；且不是带有新 SACK 块的重复 ACK、"
            "对保活的应答或握手的一部分。",
        ),
        Text(
            "A duplicate ACK has the same window (RFC 5681 §2) or new SACK blocks. Without the window scale in the "
            "capture the sizes are too small by a constant factor, but the comparison holds.",
            "重复 ACK 的窗口不变（RFC 5681 §2）或带有新的 SACK 块。若捕获中没有窗口扩大因子，数值会按同一倍数偏小，"
            "但比较仍然成立。",
        ),
    ),
)
WINDOW_FULL = Rule(
    "tcp.flow.window-full",
    "tcp",
    "note",
    53,
    {
        "": Text(
            "Fills the {peer:role}'s window: {flight:byte} are now under way unacknowledged, exactly what frame {frame} "
            "offered. The receiver, not the network, limits the {who:role} here.",
            "填满了{peer:role}的窗口：现有 {flight} 字节在途未确认，正好等于第 {frame} 帧通告的窗口。"
            "此处限制{who:role}的是接收方而不是网络。",
        ),
        "again": Text(
            "Fills the {peer:role}'s window again: {flight:byte} under way (frame {frame}).",
            "再次填满{peer:role}的窗口：{flight} 字节在途（第 {frame} 帧）。",
        ),
    },
    ("RFC 9293 §3.8.6", "RFC 9293 §3.4"),
    Text("Congestion stops the sender.", "是拥塞使发送方停下来的。"),
    Explanation(
        Text(
            "A sender may have at most a window of bytes unacknowledged. Here it has used it up and must wait for an "
            "ACK, even if the network could take more.",
            "发送方未被确认的字节数最多为一个窗口。这里窗口已用完，即使网络还能承受，也必须等待 ACK。",
        ),
        Text(
            "New data after which the highest byte sent minus the peer's highest tcp.ack equals the tcp.window_size "
            "of the peer's last packet, to the byte. Only where the window scale is known and the window is not 0.",
            "新数据发送之后，已发送的最大序号减去对方最大的 tcp.ack，正好等于对方最近一个分组的 tcp.window_size，"
            "一字节不差。仅在窗口扩大因子已知且窗口不为 0 时判断。",
        ),
        Text(
            "Far from the sender an ACK may be under way that has opened more room already, so the sender need not "
            "have felt it. A sender that stops below the window is held by congestion control, by Nagle's algorithm "
            "or by its program.",
            "若捕获点离发送方较远，打开更多空间的 ACK 可能已在途中，发送方未必受到限制。若发送方未用完窗口就停下，"
            "则受限于拥塞控制、Nagle 算法或应用程序。",
        ),
    ),
)
URGENT = Rule(
    "tcp.urgent",
    "tcp",
    "note",
    46,
    Text(
        "URG: urgent data ends before number {end} (this segment's number plus the urgent pointer, {pointer}); the "
        "receiver's program is told to read up to there. It does not travel faster.",
        "URG：紧急数据在序号 {end} 之前结束（本报文段的序号加上紧急指针 {pointer}）；"
        "通知接收方的应用程序尽快读到该处。它并不会传得更快。",
    ),
    ("RFC 9293 §3.8.5", "RFC 6093 §2"),
    Text("Urgent data overtakes other data.", "紧急数据会超越其他数据。"),
    Explanation(
        Text(
            "The bytes travel in the stream like all others; the flag only tells the receiver that there is something "
            "to hurry for, up to a number. Programs use it to interrupt, as telnet does. New programs should not use "
            "it.",
            "这些字节与其他字节一样在字节流中传送；该标志只是告诉接收方：到某个序号为止有需要尽快处理的数据。"
            "应用程序用它来中断对方，如 telnet。新的应用程序不应再使用它。",
        ),
        Text(
            "tcp.flags.urg is set; the end is tcp.seq plus tcp.urgent_pointer, which points to the byte behind the "
            "urgent data.",
            "tcp.flags.urg 置位；结束位置为 tcp.seq 加 tcp.urgent_pointer，它指向紧急数据之后的字节。",
        ),
        Text(
            "Systems once disagreed whether the pointer means the last urgent byte or the one behind it; RFC 6093 "
            "settled on the latter. Without the flag the pointer means nothing.",
            "各系统曾对紧急指针指向最后一个紧急字节还是其后一个字节有分歧；RFC 6093 确定为后者。若该标志未置位，"
            "紧急指针无意义。",
        ),
    ),
)
ECN = Rule(
    "tcp.ecn",
    "tcp",
    "note",
    45,
    {
        "marked": Text(
            "Marked 'congestion experienced' by a router on the way: its queue is filling. Nothing was dropped.",
            "被途中路由器标记为“遇到拥塞”（CE）：其队列正在变长，但没有丢弃分组。",
        ),
        "marked-again": Text(
            "Marked 'congestion experienced' (CE) as well, like frame {first}.",
            "与第 {first} 帧一样，也被标记为“遇到拥塞”（CE）。",
        ),
        "echo": Text(
            "ECE: the {who:role} passes a router's congestion mark (frame {marked}) back to the sender, until that "
            "reacts.",
            "ECE：{who:role}把路由器的拥塞标记（第 {marked} 帧）回送给发送方，直到对方作出反应。",
        ),
        "echo-again": Text(
            "ECE still, as since frame {first}: the {who:role} repeats it until the other side answers with CWR.",
            "自第 {first} 帧起 ECE 一直置位：{who:role}重复回送，直到对方以 CWR 回应。",
        ),
        "echo-unseen": Text(
            "ECE: the {who:role} reports that a router has marked one of the packets it received. The mark is not in "
            "the capture: it was set behind the capture point, or the packet was missed.",
            "ECE：{who:role}报告收到的某个分组被路由器标记。捕获中没有该标记：它是在捕获点之后加上的，"
            "或该分组被捕获漏掉。",
        ),
        "reduced": Text(
            "CWR: the {who:role} has reduced its sending rate because of the echo of frame {echo}; the echo may stop.",
            "CWR：{who:role}因第 {echo} 帧的回送已减小拥塞窗口，对方可停止回送。",
        ),
    },
    ("RFC 3168 §5", "RFC 3168 §6.1"),
    Text("A packet was lost.", "有分组丢失。"),
    Explanation(
        Text(
            "Instead of dropping a packet, a router sets both ECN bits of its IP header. The receiver sets ECE on its "
            "ACKs, the sender halves its window as after a loss and answers with CWR. So the queue shrinks and "
            "nothing has to be resent.",
            "路由器不丢弃分组，而是把 IP 首部的两个 ECN 位都置 1。接收方在其 ACK 中置位 ECE，"
            "发送方像发生丢失一样减半拥塞窗口，并以 CWR 回应。这样队列得以缩短，而无须重传。",
        ),
        Text(
            "Only where both ends agreed on ECN in the handshake. Marked: the ECN bits of the IP header are 3. Echo: "
            "tcp.flags.ece; the newest marked frame towards this end is named. Reduced: tcp.flags.cwr after an echo.",
            "仅在双方握手时商定了 ECN 的情况下。标记：IP 首部的 ECN 位为 3。回送：tcp.flags.ece 置位，"
            "并指出发往该端的最近一个被标记的帧。减小：回送之后 tcp.flags.cwr 置位。",
        ),
        Text(
            "Near the sender the mark itself cannot be seen, only its echo: the router comes after the capture point. "
            "With Accurate ECN or DCTCP the flags count marks and are read in another way.",
            "在发送方附近捕获时看不到标记本身，只能看到回送，因为路由器在捕获点之后。若使用 AccECN 或 DCTCP，"
            "这些标志用于对标记计数，含义不同。",
        ),
    ),
)
ROUND_TRIP = Rule(
    "tcp.rtt",
    "tcp",
    "chat",
    4,
    Text(
        "RTT {rtt:duration} (frame {frame} to this ACK, seen from the capture point); EstimatedRTT "
        "{estimated:duration}, DevRTT {deviation:duration} after it.",
        "RTT 为 {rtt:duration}（从第 {frame} 帧到此 ACK，以捕获点为准）；此后 EstimatedRTT 为 {estimated:duration}，DevRTT "
        "为 {deviation:duration}。",
    ),
    ("RFC 6298 §2", "RFC 6298 §3"),
    Text(
        "The time between two lines of the capture is the RTT.",
        "捕获中相邻两行的时间差就是 RTT。",
    ),
    Explanation(
        Text(
            "The round-trip time runs from a segment to the ACK that covers it. TCP smooths the samples and keeps "
            "their mean deviation, to set its retransmission timeout: EstimatedRTT + 4 · DevRTT (SRTT and RTTVAR in "
            "RFC 6298).",
            "往返时间从发送报文段算到确认它的 ACK。TCP 对样本作加权平均，并记录平均偏差，用来确定超时重传时间："
            "EstimatedRTT + 4 · DevRTT（RFC 6298 中称为 SRTT 与 RTTVAR）。",
        ),
        Text(
            "The time of this ACK minus that of the newest frame that it covers as a whole; none if one of these "
            "frames was sent twice (Karn's rule). First sample R: EstimatedRTT = R, DevRTT = R/2. Later: DevRTT = 3/4 "
            "DevRTT + 1/4 |EstimatedRTT − R|, then EstimatedRTT = 7/8 EstimatedRTT + 1/8 R. Each direction by itself.",
            "该 ACK 的时间减去它完整覆盖的最新一帧的时间；若其中有帧发送过两次，则不取样（Karn 算法）。首个样本 R："
            "EstimatedRTT = R，DevRTT = R/2。此后：DevRTT = 3/4 DevRTT + 1/4 |EstimatedRTT − R|，再令 EstimatedRTT = 7/8 "
            "EstimatedRTT + 1/8 R。两个方向分别计算。",
        ),
        Text(
            "It is the path from the capture point to the acknowledging end and back: all of it only if the capture "
            "was taken at the sender; at the receiver it is the receiver's own delay. Delayed ACKs are in it. The "
            "sender's real values may differ, as it may time with timestamps.",
            "它是从捕获点到确认方再返回的时间：只有在发送方捕获时才是完整的往返时间；"
            "在接收方捕获时只是接收方自身的延迟。推迟确认的时间也包含在内。发送方实际使用的值可能不同，"
            "因为它可以用时间戳测量。",
        ),
    ),
)

SLOW_START = Rule(
    "tcp.flow.slow-start",
    "tcp",
    "chat",
    11,
    Text(
        "Looks like slow start: in three round trips in a row the {who:role} newly sent {first}, {second} and {third} "
        "bytes, each time about twice as much, in full segments.",
        "看来是慢开始：在连续三个往返时间内，{who:role}新发送了 {first}、{second} 和 {third} 字节，每次约为前一次的两倍，"
        "且都是满长报文段。",
    ),
    ("RFC 5681 §3.1",),
    Text("TCP sends at full speed from the start.", "TCP 从一开始就全速发送。"),
    Explanation(
        Text(
            "A sender begins with a few segments (at most 10 today, RFC 6928) and adds one for each that is acknowledged, "
            "so that what it sends in a round trip doubles, until something is lost or the threshold ssthresh is reached. "
            "From there on, in congestion avoidance, it adds about one segment in each round trip.",
            "发送方从少数几个报文段开始（如今最多 10 个，见 RFC 6928），每有一个被确认就多发一个，于是每个往返时间内发送的数据量"
            "加倍，直到发生丢失或达到慢开始门限 ssthresh。此后进入拥塞避免阶段，每个往返时间大约只增加一个报文段。",
        ),
        Text(
            "A round ends with the first acknowledgment of something in it; what was newly sent in the round is counted. Said "
            "once, when three rounds in a row each grew by 1.5 to 2.1, hold full segments only (the other end's MSS, less 12 "
            "bytes with timestamps), nothing was sent again before and the receive window had room. Only where the capture "
            "was taken at the sender: at most a tenth of the handshake's round trip lies on the sender's side.",
            "一轮在其中的数据首次被确认时结束，统计这一轮内新发送的字节。连续三轮各增长到前一轮的 1.5 至 2.1 倍、"
            "都只含满长报文段（对方的 MSS，使用时间戳时减 12 字节）、此前没有重传、且接收窗口尚有余地时，说明一次。"
            "仅限于在发送方捕获的情形：握手的往返时间中，最多十分之一位于发送方一侧。",
        ),
        Text(
            "The congestion window itself is in no packet: a program that happens to write twice as much each time looks the "
            "same. Silence does not mean that there was none: a short transfer has fewer rounds, and a capture at the "
            "receiver or in between does not show the sender's rounds. How it goes on, bytes_per_round_client and "
            "bytes_per_round_server tell (-o conversations): after a loss about half, then one segment more each time is "
            "congestion avoidance, if neither program nor receive window is the limit.",
            "拥塞窗口本身不在任何分组中：若应用程序恰好每次写入两倍的数据，看起来也一样。没有这条说明并不表示没有慢开始："
            "短的传送轮数不够；在接收方或路径中间捕获时看不到发送方的各轮。此后的情况见 bytes_per_round_client 与 "
            "bytes_per_round_server（-o conversations）：丢失之后约减半，随后每次多一个报文段，即为拥塞避免，"
            "前提是应用程序与接收窗口都不是限制因素。",
        ),
    ),
)

RULES: Sequence[Rule] = (ZERO_WINDOW, PROBE, UPDATE, WINDOW_FULL, URGENT, ECN, ROUND_TRIP, SLOW_START)


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES
