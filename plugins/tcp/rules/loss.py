"""What is said of loss and of what is taken for it (RFC 5681, 6298, 2018, 2883, 8985)."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Explanation, Rule

GAP_CAPTURE = Rule(
    "tcp.loss.gap-capture",
    "tcp",
    "warn",
    50,
    Text(
        "The capture missed {missing:byte} of the {peer:role} before {ack}: the {who:role} acknowledges here "
        "what no frame has, so it did arrive.",
        "捕获漏掉了{peer:role}在 {ack} 之前的 {missing} 字节：{who:role}在此确认了它们，而没有一帧包含这些字节，"
        "说明它们已到达。",
    ),
    ("RFC 9293 §3.4", "RFC 5681 §3.2"),
    Text("The network lost the packet.", "网络丢失了分组。"),
    Explanation(
        Text(
            "A receiver acknowledges only what it has. So bytes that are acknowledged but in no frame did pass, and "
            "it was the capture that lost them: too busy a machine, a full buffer, or another path.",
            "接收方只确认已收到的数据。因此，已被确认却不在任何一帧中的字节确实到达了，丢失它们的是捕获：机器太忙、"
            "缓存已满，或分组走了另一条路径。",
        ),
        Text(
            "Later bytes of the same direction left a hole, and tcp.ack of the other end now passes over it while the "
            "hole is still open. The bytes of the hole below tcp.ack are counted.",
            "同一方向较后的字节留下了空缺，而对方的 tcp.ack 在空缺尚未填补时越过了它。统计空缺中低于 tcp.ack 的字节数。",
        ),
        Text(
            "If the network had lost them, the receiver would repeat its acknowledgment and the bytes would come "
            "again (tcp.loss.gap-network). tshark calls the segment behind the hole 'previous segment not captured' "
            "in both cases.",
            "若是网络丢失，接收方会重复同一确认号，而这些字节会再次出现（见 tcp.loss.gap-network）。在两种情况下，tshark "
            "都把空缺之后的报文段标为“previous segment not captured”。",
        ),
    ),
)
GAP_NETWORK = Rule(
    "tcp.loss.gap-network",
    "tcp",
    "note",
    49,
    {
        "": Text(
            "The gap before this segment was most likely a loss on the way: frame {resent} brings its {first:bytes last}, "
            "{waited:duration} later.",
            "本报文段之前的空缺很可能是途中丢失：{first:字节 last}在 {waited:duration}之后由第 {resent} 帧重新发送。",
        ),
        "asked": Text(
            "The gap before this segment was most likely a loss on the way: frame {resent} brings its {first:bytes last}, "
            "{waited:duration} later, after the receiver had asked with {count:duplicate}.",
            "本报文段之前的空缺很可能是途中丢失：接收方用 {count} 个重复 ACK 索要之后，{first:字节 last}在 "
            "{waited:duration}之后由第 {resent} 帧重新发送。",
        ),
    },
    ("RFC 5681 §3.2", "RFC 2018 §5"),
    Text("The capture missed the packet.", "捕获漏掉了分组。"),
    Explanation(
        Text(
            "The numbers jump at this segment: something before it is missing. Since the missing bytes are sent again,"
            " the receiver had not got them.",
            "序号在该报文段处跳跃：它之前缺少数据。由于缺少的字节后来又被重新发送，说明接收方没有收到它们。",
        ),
        Text(
            "Known later: a segment fills the hole and is a retransmission by its evidence, as duplicate ACKs asked "
            "for it or it came at least 0.19 s after the hole. The verdict points back to the segment that left the "
            "hole.",
            "稍后才能得知：某报文段填补了空缺，且有依据表明它是重传（此前有重复 ACK 索要，或距空缺出现至少 0.19 s）。"
            "本说明给在留下空缺的报文段上。",
        ),
        Text(
            "If the bytes came within the round trip and were sent no later, they were overtaken "
            "(tcp.loss.out-of-order). If they were acknowledged without coming again, the capture missed them "
            "(tcp.loss.gap-capture).",
            "若这些字节在一个往返时间内到达且发送时间并不更晚，则只是被超越（见 tcp.loss.out-of-order）。"
            "若没有再次出现就被确认，则是被捕获漏掉（见 tcp.loss.gap-capture）。",
        ),
    ),
)
ACKED_UNSEEN = Rule(
    "tcp.loss.acked-unseen",
    "tcp",
    "warn",
    51,
    Text(
        "Acknowledges {ack}, more than the capture has of the {peer:role}: either the capture missed those bytes, or "
        "it recorded this ACK before the data. That the {who:role} is out of step (half-open) is the third "
        "possibility.",
        "确认号 {ack} 超出了捕获中{peer:role}已发送的数据：要么捕获漏掉了这些字节，要么先记录了 ACK 后记录数据；"
        "第三种可能是{who:role}状态不同步（半开连接）。",
    ),
    ("RFC 9293 §3.10.7.4", "RFC 9293 §3.5.1"),
    Text("The ACK comes from the future.", "ACK 来自未来。"),
    Explanation(
        Text(
            "Nobody can acknowledge what was not sent. So the data did pass, but not through the capture before this "
            "ACK. States are shown as ? until the sender's further data proves that no FIN was among the missing "
            "bytes.",
            "谁也不能确认尚未发送的数据。因此这些数据确实经过，只是没有在该 ACK 之前被捕获。"
            "在发送方后续的数据证明缺失的字节中没有 FIN 之前，状态记为“？”。",
        ),
        Text(
            "tcp.ack lies beyond the highest byte of the other end in the capture, and that end has packets in the "
            "capture. Not said of SYN segments.",
            "tcp.ack 超出捕获中对方字节的最大序号，且捕获中有对方的分组。对 SYN 报文段不作此判断。",
        ),
        Text(
            "The bytes in a frame just after this one: the capture swapped the order (two cards or queues). They "
            "never come: the capture missed them. The peer answers with an ACK of its lower number or an RST: this "
            "end remembers another connection.",
            "若这些字节出现在紧随其后的帧中，则是捕获颠倒了次序（多个网卡或队列）；若一直没有出现，则是捕获漏掉了它们；"
            "若对方以较小的序号回送 ACK，或发送 RST，则该端记住的是另一条连接。",
        ),
    ),
)
DUPLICATE_ACK = Rule(
    "tcp.loss.dup-ack",
    "tcp",
    "note",
    48,
    {
        "": Text(
            "Duplicate ACK no. {count}: the {who:role} got something beyond {ack} and still misses the bytes from "
            "{ack} on. It asks for them again; three such ACKs make the sender resend.",
            "第 {count} 个重复 ACK：{who:role}收到了 {ack} 之后的数据，但仍缺少从 {ack} 开始的字节，因此再次索要；"
            "连续三个重复 ACK 会使发送方重传。",
        ),
        "sack": Text(
            "Duplicate ACK no. {count}: the {who:role} still misses the bytes from {ack} on, but has {blocks}, as "
            "SACK reports.",
            "第 {count} 个重复 ACK：{who:role}仍缺少从 {ack} 开始的字节，但 SACK 报告它已收到 {blocks}。",
        ),
    },
    ("RFC 5681 §2", "RFC 5681 §3.2"),
    Text("It is a copy of the same packet.", "这是同一个分组的副本。"),
    Explanation(
        Text(
            "A receiver that gets a segment beyond a hole must acknowledge at once, and can only repeat the number "
            "that it still expects. So each duplicate ACK tells that another segment has left the network.",
            "接收方收到空缺之后的报文段时必须立即确认，而确认号只能是它仍在期待的序号。因此每个重复 ACK "
            "都说明又有一个报文段离开了网络。",
        ),
        Text(
            "tcp.len is 0, no SYN or FIN, tcp.ack as before, a segment of the other end is under way beyond that "
            "number, and either the window is unchanged and not 0 or there are new SACK blocks. ACKs that answer a "
            "repeated segment or SYN-ACK do not count. The number starts anew with each advance of tcp.ack.",
            "tcp.len 为 0，没有 SYN 与 FIN，tcp.ack 不变，对方有超出该确认号的报文段在途，并且窗口不变且不为 0，或者有新的 "
            "SACK 块。应答重复报文段或重复 SYN-ACK 的 ACK 不计。tcp.ack 每次前进后重新计数。",
        ),
        Text(
            "One or two may come from mere reordering; three are taken for a loss. A changed window without SACK news "
            "makes it a window update, the answer to a probe a keep-alive's.",
            "一两个重复 ACK 可能只是乱序所致，三个则视为丢失。若窗口变化而没有新的 SACK 块，则是窗口更新；"
            "若是对探测的应答，则属于保活。",
        ),
    ),
)
SACK_BLOCKS = Rule(
    "tcp.loss.sack",
    "tcp",
    "chat",
    13,
    {
        "": Text(
            "SACK: beyond {ack} the {who:role} already has {blocks}; only what lies between is missing.",
            "SACK：在 {ack} 之后，{who:role}已收到 {blocks}；缺少的只是其间的部分。",
        ),
        "twice": Text(
            "D-SACK: the {who:role} reports {block} as received twice; nothing is missing there.",
            "D-SACK：{who:role}报告 {block} 收到了两次；那里并不缺数据。",
        ),
    },
    ("RFC 2018 §3", "RFC 2883 §4"),
    Text("SACK names the missing range.", "SACK 给出的是缺失的范围。"),
    Explanation(
        Text(
            "A SACK block is an island of bytes that arrived beyond the acknowledgment number. What lies between the "
            "acknowledgment and the islands is missing. A duplicate SACK reports bytes that came a second time.",
            "一个 SACK 块是确认号之后已到达的一段字节。确认号与各块之间的部分才是缺失的。D-SACK 则报告重复收到的字节。",
        ),
        Text(
            "tcp.options.sack_le and sack_re; the right edge is one past the last byte. The first block is a D-SACK "
            "if it lies below tcp.ack or inside another block. On duplicate ACKs the blocks are told there.",
            "取自 tcp.options.sack_le 与 sack_re，右边界为最后一个字节的序号加 1。若第一个块低于 tcp.ack，"
            "或位于另一块之内，则为 D-SACK。重复 ACK 中的块在该处说明。",
        ),
        Text(
            "Blocks promise nothing: a receiver may still discard such bytes, so the sender keeps them until the "
            "acknowledgment number covers them. An option has room for three blocks beside timestamps, for four "
            "without.",
            "SACK 块不是承诺：接收方仍可能丢弃这些字节，因此发送方要保留它们，直到确认号覆盖为止。与时间戳同时使用时，"
            "选项最多容纳三个块，否则为四个。",
        ),
    ),
)
FAST_RETRANSMIT = Rule(
    "tcp.loss.fast-retransmit",
    "tcp",
    "note",
    58,
    {
        "duplicates": Text(
            "Fast retransmission: {first:bytes last} again, {waited:duration} after frame {earlier}, because "
            "{count} duplicate ACKs asked for {first}. No timer had to run out.",
            "快重传：{first:字节 last}再次发送，距第 {earlier} 帧 {waited:duration}，因为 {count} 个重复 ACK 在索要 "
            "{first}。不必等到重传计时器超时。",
        ),
        "sack": Text(
            "Retransmission by SACK: {first:bytes last} again, {waited:duration} after frame {earlier}, because "
            "SACK shows that later bytes arrived and not these. No timer had to run out.",
            "依据 SACK 的重传：{first:字节 last}再次发送，距第 {earlier} 帧 {waited:duration}，因为 SACK "
            "表明其后的字节已到达而这些没有。不必等到重传计时器超时。",
        ),
        "gap": Text(
            "Retransmission of {first:bytes last} into the gap that frame {earlier} left {waited:duration} before; "
            "the receiver had asked for this with {count:duplicate}. The first copy is not in the capture: most "
            "likely it was lost before the capture point.",
            "重传：{first:字节 last}填补了 {waited:duration}前第 {earlier} 帧留下的空缺；接收方此前用 {count} "
            "个重复 ACK 索要过。第一份不在捕获中，很可能在到达捕获点之前丢失。",
        ),
    },
    ("RFC 5681 §3.2", "RFC 6675 §5", "RFC 8985 §6.2"),
    Text("Every retransmission means a timeout.", "每次重传都意味着超时。"),
    Explanation(
        Text(
            "The receiver's own ACKs tell the sender that later segments arrive and this one did not. So it resends "
            "after about one round trip, long before its timer, and reduces its congestion window by half or so, not "
            "to one segment.",
            "接收方的 ACK 告诉发送方：后面的报文段到了，而这个没有。于是发送方大约在一个往返时间之后就重传，"
            "远早于计时器超时，并把拥塞窗口减小到大约一半，而不是一个报文段。",
        ),
        Text(
            "The bytes were seen before and are not acknowledged. 'Duplicates' needs three duplicate ACKs or more for "
            "exactly this number; 'SACK' needs a SACK block beyond these bytes. Bytes never seen that fill a hole "
            "count if any duplicate ACK came. In each case the receiver must have been heard lately (see tcp.loss.rto).",
            "这些字节此前出现过且尚未被确认。“重复 ACK”要求至少三个重复 ACK 正好索要该序号；“SACK”"
            "要求有位于这些字节之后的 SACK 块。对于填补空缺的首次出现的字节，只要有重复 ACK 即可。每种情况都要求不久前"
            "收到过接收方的分组（见 tcp.loss.rto）。",
        ),
        Text(
            "With no such ACK only the timer can be the cause (tcp.loss.rto, tcp.loss.tail). If a later D-SACK "
            "reports the bytes twice, nothing had been lost (tcp.loss.spurious). How the sender's window moved is not "
            "in the capture.",
            "若没有这样的 ACK，则只能是计时器所致（见 tcp.loss.rto、tcp.loss.tail）。若此后的 D-SACK "
            "报告这些字节收到两次，则并没有丢失（见 tcp.loss.spurious）。发送方的拥塞窗口如何变化，捕获中看不到。",
        ),
    ),
)
TIMEOUT = Rule(
    "tcp.loss.rto",
    "tcp",
    "note",
    58,
    {
        "": Text(
            "Retransmission after a timeout: {first:bytes last} again, {waited:duration} after frame {earlier}. "
            "Neither an acknowledgment nor three duplicate ACKs had come; only the timer could tell.",
            "超时重传：{first:字节 last}再次发送，距第 {earlier} 帧 {waited:duration}。既没有对它们的确认，"
            "也没有三个重复 ACK，只能靠重传计时器发现。",
        ),
        "stalled": Text(
            "Retransmission after a timeout: {first:bytes last} again, {waited:duration} after frame {earlier}. The other "
            "side was last heard {silence:duration} before (frame {last_heard}), too long ago to have set it off: only the "
            "timer did.",
            "超时重传：{first:字节 last}再次发送，距第 {earlier} 帧 {waited:duration}。对方的上一个分组（第 {last_heard} 帧）"
            "已是 {silence:duration}之前，不可能由它引发：只能是重传计时器超时。",
        ),
        "gap-stalled": Text(
            "Retransmission after a timeout: {first:bytes last} into the gap that frame {earlier} left "
            "{waited:duration} before. The receiver was last heard {silence:duration} before (frame {last_heard}), too long "
            "ago to have set it off: only the timer did. The first copy is not in the capture: most likely it was lost before "
            "the capture point.",
            "超时重传：{first:字节 last}填补了 {waited:duration}前第 {earlier} 帧留下的空缺。接收方的上一个分组（第 "
            "{last_heard} 帧）已是 {silence:duration}之前，不可能由它引发：只能是重传计时器超时。第一份不在捕获中，"
            "很可能在到达捕获点之前丢失。",
        ),
        "gap": Text(
            "Retransmission after a timeout: {first:bytes last} into the gap that frame {earlier} left "
            "{waited:duration} before, and no duplicate ACK had asked for this. The first copy is not in the capture: "
            "most likely it was lost before the capture point.",
            "超时重传：{first:字节 last}填补了 {waited:duration}前第 {earlier} 帧留下的空缺，此前没有重复 ACK "
            "索要过。第一份不在捕获中，很可能在到达捕获点之前丢失。",
        ),
    },
    ("RFC 6298 §5", "RFC 9293 §3.8.1", "RFC 5681 §3.1"),
    Text("The receiver asked for it.", "是接收方要求重传的。"),
    Explanation(
        Text(
            "The sender keeps a timer for its oldest unacknowledged byte. Its length, RTO, is SRTT + 4 · RTTVAR, at "
            "least 1 s by RFC 6298 and 200 ms on Linux, and doubles with each repetition. When it runs out, the "
            "sender resends and starts over with a window of one segment.",
            "发送方为最早的未确认字节保持一个计时器。其时长 RTO 等于 SRTT + 4 · RTTVAR，RFC 6298 规定至少 1 s，Linux 为 "
            "200 ms，每次重传后加倍。超时后，发送方重传，并把拥塞窗口降为一个报文段重新开始。",
        ),
        Text(
            "Bytes seen before and not acknowledged come again at least 0.19 s after their last copy, with fewer than "
            "three duplicate ACKs for them and no SACK block beyond; or with these, but after the other end was silent "
            "for 0.19 s and two round trips. 0.19 s is Linux's 200 ms less some slack of the clock.",
            "此前出现过且未被确认的字节，在上一份之后至少 0.19 s 再次出现，针对它们的重复 ACK 不足三个，也没有位于其后的 "
            "SACK 块；或者虽有这些，但对方已静默 0.19 s 且超过两个往返时间。0.19 s 即 Linux 的 200 ms 减去时钟误差。",
        ),
        Text(
            "A tail loss probe resends the last bytes, not the oldest; on long paths it may take more than 0.19 s and "
            "look like this when only one segment is outstanding. A late ACK of the first copy or a D-SACK shows that "
            "the timeout was needless. A first copy that was damaged, not lost, has l4.checksum-bad when Wireshark "
            "checks (-o tcp.check_checksum:TRUE).",
            "尾部丢失探测重传的是最后的字节而不是最早的；在时延大的路径上它可能超过 0.19 s，若只有一个报文段未确认，"
            "则看起来与此相同。若此后出现对第一份的迟到 ACK 或 D-SACK，则说明这次超时重传并无必要。"
            "若第一份是损坏而不是丢失，则在 Wireshark 检验时（-o tcp.check_checksum:TRUE）有 l4.checksum-bad。",
        ),
    ),
)
TAIL = Rule(
    "tcp.loss.tail",
    "tcp",
    "note",
    58,
    {
        "": Text(
            "Tail loss probe: {first:bytes last}, the last sent, again {waited:duration} after frame {earlier},"
            " while earlier bytes wait too. A timeout would resend the first; this copy is to provoke an ACK.",
            "尾部丢失探测：最后发送的{first:字节 last}在第 {earlier} 帧之后 {waited:duration}再次发送，"
            "而更早的字节也在等待确认。超时重传应重传最早的字节；这份副本是为了引出一个 ACK。",
        ),
        "alone": Text(
            "Sent again early: {first:bytes last}, {waited:duration} after frame {earlier}, sooner than a "
            "retransmission timeout and without enough duplicate ACKs: a tail loss probe, to provoke an ACK.",
            "提前重传：{first:字节 last}，距第 {earlier} 帧 {waited:duration}，早于重传超时，重复 ACK 也不足："
            "这是为了引出 ACK 的尾部丢失探测。",
        ),
    },
    ("RFC 8985 §7",),
    Text("It is an ordinary timeout.", "这是普通的超时重传。"),
    Explanation(
        Text(
            "When the last segments of a burst are lost, nothing follows that could bring duplicate ACKs. So a modern "
            "sender repeats its last segment after about two round trips: the ACK, with its SACK blocks, tells what "
            "else is missing, and the timeout is spared.",
            "若一批数据的最后几个报文段丢失，其后没有别的报文段能引出重复 ACK。"
            "因此现代的发送方大约在两个往返时间之后重传最后一个报文段：引出的 ACK 及其 SACK 块会说明还缺什么，"
            "从而避免超时。",
        ),
        Text(
            "The resent bytes are the last that were sent. Either older ones are unacknowledged as well (a timeout "
            "would resend those first), or the wait is shorter than 0.19 s, which is too early for a timeout. Not "
            "enough duplicate ACKs and no SACK asked for them.",
            "重传的是最后发送的字节。并且，要么更早的字节也未被确认（超时重传会先重传它们），要么等待时间不到 0.19 s，"
            "对超时来说太早。没有足够的重复 ACK 或 SACK 索要它们。",
        ),
        Text(
            "A sender with a shorter minimum timeout (data centres) could time out that early. If the acknowledgment "
            "after it covers everything without a further resend, only the last segment or its ACK had been lost.",
            "最小超时设置得更短的发送方（数据中心）也可能这么早超时。若随后的确认号覆盖全部数据而没有别的重传，"
            "则丢失的只是最后一个报文段或对它的 ACK。",
        ),
    ),
)
PATH_MTU = Rule(
    "tcp.loss.path-mtu",
    "tcp",
    "note",
    59,
    {
        "": Text(
            "Sent again in a smaller segment: {first:bytes last}, because the ICMP error of frame {icmp_frame} "
            "({reason}) said that frame {earlier} was too large for the path. Path MTU discovery, no congestion.",
            "改用更小的报文段重传：{first:字节 last}，因为第 {icmp_frame} 帧的 ICMP 差错报文（{reason}）指出第 {earlier} "
            "帧对路径而言太大。这是路径 MTU 发现，不是拥塞。",
        ),
        "other": Text(
            "Sent again in a smaller segment: {first:bytes last} of frame {earlier}, because the ICMP error of frame "
            "{icmp_frame} ({reason}) said since then that a packet of this end was too large for the path. Path MTU "
            "discovery, no congestion.",
            "改用更小的报文段重传：第 {earlier} 帧的{first:字节 last}，因为此后第 {icmp_frame} 帧的 ICMP "
            "差错报文（{reason}）指出该端的一个分组对路径而言太大。这是路径 MTU 发现，不是拥塞。",
        ),
    },
    ("RFC 1191 §3", "RFC 8201 §4", "RFC 9293 §3.7.2"),
    Text("The network was congested.", "网络拥塞。"),
    Explanation(
        Text(
            "Packets with DF set must not be fragmented. A router whose next link is too narrow drops them and names "
            "its MTU in an ICMP error (fragmentation needed; packet too big in IPv6). The sender cuts the same bytes "
            "smaller.",
            "DF 置位的分组不得分片。若下一段链路的 MTU 太小，路由器就丢弃分组，并在 ICMP 差错报文（需要分片；IPv6 "
            "中为分组过大）中给出其 MTU。发送方把同样的字节切得更小。",
        ),
        Text(
            "Bytes seen before and not acknowledged come again in a smaller segment, after an ICMP error of type 3, "
            "code 4 (ICMPv6 type 2) that quotes the segment with their first copy; where none quotes it, the newest "
            "after it that quotes another packet of the same end.",
            "此前出现过且未被确认的字节以更小的报文段再次出现，且在此之前有 ICMP 差错报文（类型 3 代码 4；ICMPv6 为类型 "
            "2）引用了其第一份所在的报文段；若没有引用它的差错报文，则取在它之后、引用同一端其他分组的最新一个。",
        ),
        Text(
            "If such errors are filtered on the way, large segments vanish and only timeouts show: a black hole, "
            "which a sender finds by trying smaller ones (RFC 4821).",
            "若途中过滤了这种差错报文，大的报文段会无声消失，只能看到超时重传：即路径 MTU 黑洞，"
            "发送方只能尝试更小的报文段来发现（RFC 4821）。",
        ),
    ),
)
SPURIOUS = Rule(
    "tcp.loss.spurious",
    "tcp",
    "note",
    57,
    {
        "acked": Text(
            "Needless retransmission, as seen here: frame {acked_frame} has acknowledged these bytes already. Near "
            "the receiver it may mean instead that this ACK was lost on its way.",
            "从此处看是不必要的重传：第 {acked_frame} 帧已确认这些字节。若捕获点靠近接收方，也可能是该 ACK 在途中丢失。",
        ),
        "d-sack": Text(
            "Needless retransmission: the D-SACK of frame {report} reports that these bytes came twice. They were not "
            "lost; their ACK came late or not at all. (Only if the network doubled this very packet is it otherwise.)",
            "不必要的重传：第 {report} 帧的 D-SACK 表明这些字节收到了两次。它们没有丢失，只是对它们的 ACK 来得晚或没有到。"
            "（只有网络恰好复制了这个分组时才不是这样。）",
        ),
    },
    ("RFC 2883 §4", "RFC 5682 §1"),
    Text("Every retransmission repairs a loss.", "每次重传都是在弥补丢失。"),
    Explanation(
        Text(
            "The sender believed the bytes lost and sent them again although the receiver had them. The usual causes "
            "are an ACK that was late or lost, a sudden longer round trip, or reordering that looked like loss.",
            "发送方以为字节丢失而重传，其实接收方已经收到。常见原因是 ACK 迟到或丢失、往返时间突然变长，"
            "或乱序被误认为丢失。",
        ),
        Text(
            "At once: all bytes of the segment are below the highest tcp.ack of the other end in the capture. Later: "
            "a D-SACK block reports the bytes of an earlier retransmission as received twice; the verdict then points "
            "back to that retransmission.",
            "当即得知：报文段的全部字节都低于捕获中对方的最大 tcp.ack。稍后得知：D-SACK "
            "块报告先前某次重传的字节收到了两次；此时本说明给在那次重传上。",
        ),
        Text(
            "At the sender's side an ACK in the capture has reached it, or nearly; at the receiver's side it has only "
            "set out, and its loss would explain the resend. Where the capture was taken decides. A network that "
            "duplicates packets causes D-SACKs without any retransmission.",
            "在发送方一侧捕获时，捕获中的 ACK 已经或即将到达；在接收方一侧，它才刚刚发出，它的丢失就能解释重传。"
            "因此取决于捕获点的位置。若网络复制了分组，则没有重传也会出现 D-SACK。",
        ),
    ),
)
OUT_OF_ORDER = Rule(
    "tcp.loss.out-of-order",
    "tcp",
    "note",
    56,
    {
        "": Text(
            "Out of order, not lost: {first:bytes last}, {late:duration} after frame {overtaker} overtook them, "
            "less than the round trip of {rtt:duration} that a retransmission would take.",
            "乱序而非丢失：{first:字节 last}比超越它的第 {overtaker} 帧晚到 {late:duration}，"
            "小于一次重传所需的往返时间 {rtt:duration}。",
        ),
        "timestamps": Text(
            "Out of order, not lost: {first:bytes last}, {late:duration} after frame {overtaker} overtook them, "
            "less than the round trip of {rtt:duration}, and sent no later: timestamp {tsval}, {overtaker_tsval} "
            "there.",
            "乱序而非丢失：{first:字节 last}比超越它的第 {overtaker} 帧晚到 {late:duration}，小于往返时间 "
            "{rtt:duration}，且发送时间并不更晚：时间戳为 {tsval}，而后者为 {overtaker_tsval}。",
        ),
        "older": Text(
            "Out of order, not lost: {first:bytes last}, {late:duration} after frame {overtaker} overtook them. Its timestamp "
            "{tsval} is older than {overtaker_tsval} there, so it was sent before: the first copy, no retransmission.",
            "乱序而非丢失：{first:字节 last}比超越它的第 {overtaker} 帧晚到 {late:duration}。其时间戳 {tsval} 早于后者的 "
            "{overtaker_tsval}，说明发送在前：这是第一份，不是重传。",
        ),
        "id": Text(
            "Out of order, not lost: {first:bytes last}, {late:duration} after frame {overtaker} overtook them. Its ip.id "
            "{id:hex} comes just before {overtaker_id:hex} there, so it was sent before: the first copy, no retransmission.",
            "乱序而非丢失：{first:字节 last}比超越它的第 {overtaker} 帧晚到 {late:duration}。其 ip.id {id:hex} 紧排在后者的 "
            "{overtaker_id:hex} 之前，说明发送在前：这是第一份，不是重传。",
        ),
        "first-copy": Text(
            "Late, not lost: {first:bytes last} once more, {late:duration} after their retransmission in frame {overtaker}, but "
            "sent before it. This is the first copy, and the retransmission was not needed.",
            "迟到而非丢失：{first:字节 last}再次出现，比第 {overtaker} 帧中的重传晚到 {late:duration}，但发送在前。"
            "这是第一份，那次重传并无必要。",
        ),
    },
    ("RFC 8985 §1.2", "RFC 5681 §3.2"),
    Text("It is a retransmission.", "这是重传。"),
    Explanation(
        Text(
            "Packets may take different paths or queues and overtake each other. The receiver puts the bytes in order "
            "by their numbers; duplicate ACKs that come meanwhile ask for bytes that are only late.",
            "分组可能走不同的路径或排在不同的队列，因而相互超越。接收方按序号重新排好字节；其间发出的重复 ACK "
            "所索要的字节只是迟到而已。",
        ),
        Text(
            "The bytes fill a hole and were never seen before, and neither timestamp (TSval) nor ip.id says that they were "
            "sent after the overtaker. They come sooner after it than the round trip that the handshake took; or, if later, "
            "their TSval is older, or their ip.id at most 64 before its own. By the same signs, bytes that come once more may "
            "be a first copy that its own retransmission has overtaken.",
            "这些字节填补了空缺，此前从未出现过，且时间戳（TSval）与 ip.id 都不表明它们的发送时间晚于超越者。"
            "它们在超越者之后到达的间隔小于握手测得的往返时间；若间隔更长，则其 TSval 更早，或其 ip.id 在超越者的 ip.id "
            "之前，相差不超过 64。依据同样的标志，再次出现的字节也可能是被自己的重传超越的第一份。",
        ),
        Text(
            "A retransmission needs at least a round trip, and it has a newer timestamp and ip.id. Without the "
            "handshake in the capture there is no round trip to compare with, and neither is claimed. tshark may "
            "label such a segment a fast retransmission because of the duplicate ACKs.",
            "重传至少需要一个往返时间，并且时间戳与 ip.id 更新。若捕获中没有握手，则没有往返时间可供比较，两者都不断言。"
            "由于出现了重复 ACK，tshark 可能把这样的报文段标为快重传。",
        ),
    ),
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


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES
