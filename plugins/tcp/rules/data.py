"""What is said of an open connection's everyday traffic (RFC 9293 §3.4, §3.8, §3.9.1)."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Explanation, Rule

SEGMENT = Rule(
    "tcp.data.segment",
    "tcp",
    "chat",
    30,
    {
        "": Text(
            "{length:byte} of data from the {who:role}: bytes {first} to {last} of its stream.",
            "{who:role}发送 {length} 字节数据：其字节流的第 {first}–{last} 字节。",
        ),
        "acks": Text(
            "{length:byte} of data from the {who:role}: bytes {first} to {last} of its stream; acknowledges the other "
            "side's bytes before {ack}.",
            "{who:role}发送 {length} 字节数据：其字节流的第 {first}–{last} 字节；同时确认对方 {ack} 之前的数据。",
        ),
        "one": Text(
            "1 byte of data from the {who:role}: byte {first} of its stream.",
            "{who:role}发送 1 字节数据：其字节流的第 {first} 字节。",
        ),
        "one-acks": Text(
            "1 byte of data from the {who:role}: byte {first} of its stream; acknowledges the other side's bytes before "
            "{ack}.",
            "{who:role}发送 1 字节数据：其字节流的第 {first} 字节；同时确认对方 {ack} 之前的数据。",
        ),
        "gap": Text(
            "{length:byte} of data from the {who:role}: {first:bytes last} of its stream. The capture lacks the "
            "{gap:byte} before so far: lost, late, or missed by the capture.",
            "{who:role}发送 {length} 字节数据：其字节流的{first:字节 last}。此前的 {gap} 字节目前不在捕获中："
            "可能丢失、迟到，或被捕获漏掉。",
        ),
        "again": Text(
            "{first:Bytes last} of the {who:role} again ({length:byte}): already in frame {earlier}, "
            "{waited:duration} before.",
            "{who:role}的{first:字节 last}（{length} 字节）再次出现：{waited:duration}前的第 {earlier} 帧已包含。",
        ),
        "again-acked": Text(
            "{first:Bytes last} of the {who:role} again ({length:byte}), although frame {acked_frame} has "
            "acknowledged everything before {acked}.",
            "{who:role}的{first:字节 last}（{length} 字节）再次出现，尽管第 {acked_frame} 帧已确认 {acked} "
            "之前的全部数据。",
        ),
        "again-old": Text(
            "{first:Bytes last} of the {who:role} again ({length:byte}): nothing new.",
            "{who:role}的{first:字节 last}（{length} 字节）再次出现：没有新数据。",
        ),
        "partly": Text(
            "{first:Bytes last} of the {who:role} ({length:byte}): the first part sent before, the last "
            "{fresh:byte} new.",
            "{who:role}的{first:字节 last}（{length} 字节）：前一部分曾发送过，最后 {fresh} 字节是新的。",
        ),
        "late": Text(
            "{first:Bytes last} of the {who:role} ({length:byte}), overtaken by later bytes: here for the first time.",
            "{who:role}的{first:字节 last}（{length} 字节）：后面的字节先于它们出现，这些字节在此首次出现。",
        ),
        "syn": Text(
            "The SYN carries {length:byte} of data, {first:bytes last}, counted from the number after the SYN's.",
            "该 SYN 携带 {length} 字节数据（{first:字节 last}），从 SYN 之后的序号算起。",
        ),
    },
    ("RFC 9293 §3.4",),
    Text("Len counts the whole packet.", "Len 是整个分组的长度。"),
    Explanation(
        Text(
            "TCP numbers bytes, not packets. The sequence number is that of the segment's first byte; the next "
            "segment goes on with sequence number plus length. Each direction counts for itself.",
            "TCP 对字节编号，而不是对分组编号。序号是本报文段第一个字节的编号，下一个报文段的序号等于它加上长度。"
            "两个方向各自编号。",
        ),
        Text(
            "The bytes run from tcp.seq to tcp.seq + tcp.len − 1 (relative numbers, where tshark shows them). They "
            "are compared with all bytes of this direction seen so far: new, a repetition, a hole before them, or "
            "late ones that fill a hole.",
            "字节范围为 tcp.seq 至 tcp.seq + tcp.len − 1（若 tshark 显示相对值，则为相对序号）。"
            "将其与该方向此前看到的全部字节比较：是新的、重复的、前面有空缺，还是填补空缺的迟到字节。",
        ),
        Text(
            "Why bytes came again, the rules of tcp.loss tell where the evidence suffices. A segment longer than the "
            "MSS was captured before the network card split it, or after the card merged several.",
            "字节为何再次出现，在依据充分时由 tcp.loss 各规则说明。若报文段比 MSS 还长，则是在网卡切分之前，"
            "或在网卡合并之后被捕获的。",
        ),
    ),
)
PUSH = Rule(
    "tcp.data.push",
    "tcp",
    "chat",
    12,
    {
        "": Text(
            "PSH: deliver now, as the {who:role} has nothing more queued (or, on Linux, has queued much since its last "
            "PSH). It marks no message's end.",
            "PSH：请立即交付应用程序，因为{who:role}的发送队列到此已空（或在 Linux 上，自上一个 PSH 以来已排队较多数据）。"
            "它并不表示消息结束。",
        ),
        "again": Text("PSH: deliver now.", "PSH：请立即交付应用程序。"),
    },
    ("RFC 9293 §3.9.1.2",),
    Text("PSH means urgent, or the end of a message.", "PSH 表示紧急数据或消息结束。"),
    Explanation(
        Text(
            "A sender that has nothing more queued sets PSH on the last segment, so that the receiver hands the bytes "
            "to its program at once. TCP knows no messages: a long message may have several PSH, and two short ones "
            "may share one.",
            "发送方的队列中没有更多数据时，在最后一个报文段上置位 PSH，使接收方立即把字节交给应用程序。TCP "
            "不知道消息的边界：一条长消息可能有多个 PSH，两条短消息也可能共用一个。",
        ),
        Text(
            "tcp.flags.push on a segment with data. Why, is said once for each end of a connection.",
            "携带数据的报文段中 tcp.flags.push 置位。原因对连接的每一端只说明一次。",
        ),
        Text(
            "Linux also sets it when half of the largest window has been queued since the last PSH; that is why it "
            "shows in the middle of long transfers. URG, not PSH, stands for urgent data.",
            "Linux 在自上一个 PSH 以来排队的数据超过最大窗口的一半时也会置位，因此在长时间传送的中间也能看到。"
            "表示紧急数据的是 URG，不是 PSH。",
        ),
    ),
)
PURE_ACK = Rule(
    "tcp.ack.pure",
    "tcp",
    "chat",
    25,
    {
        "frame": Text(
            "The {who:role} acknowledges {newly:byte}, all before {ack}: the data of frame {frame}. No data of its own.",
            "{who:role}确认 {newly} 字节（确认号 {ack}）：即第 {frame} 帧的数据。自身不携带数据。",
        ),
        "part": Text(
            "The {who:role} acknowledges {newly:byte}, all before {ack}: part of a segment, or bytes that the capture has "
            "in no frame. No data of its own.",
            "{who:role}确认 {newly} 字节（确认号 {ack}）：只是某个报文段的一部分，或是捕获中没有的字节。自身不携带数据。",
        ),
        "first": Text(
            "The {who:role} acknowledges everything before {ack}; what it is about came before the capture. No data "
            "of its own.",
            "{who:role}确认 {ack} 之前的全部数据；所确认的内容在捕获开始之前。自身不携带数据。",
        ),
        "again": Text(
            "No data and nothing newly acknowledged: {ack} again, as frame {since} said first.",
            "没有数据，也没有新的确认：确认号仍为 {ack}，最先由第 {since} 帧给出。",
        ),
        "first-frames": Text(
            "The {who:role} acknowledges everything before {ack}, the data of frame {frames:frames} included. No data "
            "of its own.",
            "{who:role}确认 {ack} 之前的全部数据，包括第 {frames:frames} 帧的数据。自身不携带数据。",
        ),
        "fin-again": Text(
            "Acknowledges the FIN again, with {ack} as in frame {since}: the answer to its repetition in frame {copy}.",
            "再次确认 FIN，确认号 {ack} 与第 {since} 帧相同：这是对第 {copy} 帧重传的 FIN 的应答。",
        ),
        "syn-again": Text(
            "Acknowledges the SYN again, with {ack} as in frame {since}: the answer to frame {copy}, which has the same SYN "
            "once more.",
            "再次确认 SYN，确认号 {ack} 与第 {since} 帧相同：这是对第 {copy} 帧的应答，其中同一个 SYN 再次出现。",
        ),
        "window": Text(
            "No data and nothing newly acknowledged ({ack} again, as in frame {since}): it tells the window, {window} "
            "bytes instead of {before}.",
            "没有数据，也没有新的确认（确认号仍为 {ack}，与第 {since} 帧相同）：用来通告窗口，由 {before} 变为 {window} "
            "字节。",
        ),
        "old": Text(
            "Acknowledges {ack}, less than frame {since} already did: an old ACK that was overtaken.",
            "确认号 {ack} 小于第 {since} 帧已确认的值：这是一个被后来的 ACK 超越的旧 ACK。",
        ),
    },
    ("RFC 9293 §3.4", "RFC 9293 §3.10.7.4"),
    Text("Every segment gets an ACK of its own.", "每个报文段都有单独的 ACK。"),
    Explanation(
        Text(
            "The acknowledgment number is the next byte that this end expects: all before it has arrived. A segment "
            "without data takes no number and is never acknowledged itself.",
            "确认号是该端期望收到的下一个字节的序号：它之前的数据已全部到达。不携带数据的报文段不占用序号，"
            "其自身也不会被确认。",
        ),
        Text(
            "tcp.len is 0 and neither SYN, FIN nor RST is set. tcp.ack is compared with the highest that this end "
            "sent before; the frames of the other end that it now covers as a whole are named. Nothing new: then the "
            "window or an earlier frame says what it is for.",
            "tcp.len 为 0，且 SYN、FIN、RST 均未置位。将 tcp.ack 与该端此前发送的最大值比较，"
            "并指出对方已被完整覆盖的帧。若没有新的确认，则由窗口或先前的帧说明其作用。",
        ),
        Text(
            "The same number again with data outstanding is a duplicate ACK (tcp.loss.dup-ack); with a larger window "
            "it is a window update. Acknowledging does not mean that the program has read the bytes.",
            "若仍有数据未确认而确认号重复，则是重复 ACK（见 tcp.loss.dup-ack）；若窗口变大，则是窗口更新。"
            "已确认并不意味着应用程序已读取这些字节。",
        ),
    ),
)
PIGGYBACKED = Rule(
    "tcp.ack.piggybacked",
    "tcp",
    "chat",
    14,
    {
        "": Text(
            "The ACK rides on data: it acknowledges {newly:byte} of the other side, all before {ack}.",
            "捎带确认：ACK 随数据一起发送，确认对方 {newly} 字节（确认号 {ack}）。",
        ),
        "frames": Text(
            "The ACK rides on data: it acknowledges {newly:byte} of the other side, all before {ack} (frames "
            "{frames:frames}).",
            "捎带确认：ACK 随数据一起发送，确认对方 {newly} 字节（确认号 {ack}，第 {frames:frames} 帧）。",
        ),
        "frame": Text(
            "The ACK rides on data: it acknowledges {newly:byte} of the other side, all before {ack} (frame "
            "{frames:frames}).",
            "捎带确认：ACK 随数据一起发送，确认对方 {newly} 字节（确认号 {ack}，第 {frames:frames} 帧）。",
        ),
    },
    ("RFC 9293 §3.1", "RFC 1122 §4.2.3.2"),
    Text("An ACK is always a packet of its own.", "ACK 总是单独的分组。"),
    Explanation(
        Text(
            "Every segment has room for an acknowledgment number, so an end that sends data anyway acknowledges at no "
            "cost. A quick answer of the program therefore leaves no pure ACK behind.",
            "每个报文段都有确认号字段，因此要发送数据的一端可以不花代价地顺便确认。应用程序若很快应答，就看不到单独的 "
            "ACK。",
        ),
        Text(
            "tcp.len is above 0 and tcp.ack is higher than the last one that this end sent. The frames that it now "
            "covers as a whole are named. Not said of the handshake's last step.",
            "tcp.len 大于 0，且 tcp.ack 大于该端上一次发送的确认号，并指出已被完整覆盖的帧。对握手的最后一步不作此说明。",
        ),
        Text(
            "If the program answers later than the system acknowledges, a pure ACK comes first and this segment has "
            "nothing new to acknowledge.",
            "若应用程序的应答晚于系统的确认，则先出现单独的 ACK，数据报文段就没有新的内容可确认。",
        ),
    ),
)
DELAYED = Rule(
    "tcp.ack.delayed",
    "tcp",
    "chat",
    35,
    Text(
        "Delayed ACK: {delay:duration} after frame {frame}, where this {who:role} has answered within "
        "{quickest:duration} before. It waits for data to ride on or a second full segment, at most 0.5 s; the "
        "capture cannot tell this from a slow moment of the path or the host.",
        "推迟确认：在第 {frame} 帧之后 {delay:duration}才发出，而该{who:role}此前最快 {quickest:duration}即应答。"
        "它在等待可捎带的数据或第二个满长报文段，最多 0.5 s；仅凭捕获无法将其与路径或主机的短暂变慢区分开。",
    ),
    ("RFC 5681 §4.2", "RFC 9293 §3.8.6.3", "RFC 1122 §4.2.3.2"),
    Text("The network was slow.", "网络变慢了。"),
    Explanation(
        Text(
            "A receiver need not acknowledge every segment: it may wait a little, as soon there may be data for the "
            "ACK to ride on, or a second full segment to acknowledge together. It must not wait longer than 0.5 s; Linux "
            "waits 40 ms or more, others up to 200 ms.",
            "接收方不必逐个确认报文段：它可以稍等，因为可能很快就有可捎带确认的数据，或有第二个满长报文段可一并确认。"
            "等待不得超过 0.5 s；Linux 等待 40 ms 以上，其他系统最多 200 ms。",
        ),
        Text(
            "A pure ACK of at most two frames, none of them resent, and of less data than two full segments by this "
            "end's MSS. The time from the oldest of these frames to the ACK exceeds the quickest answer of this end so "
            "far by at least 30 ms and less than 500 ms.",
            "最多确认两个帧的单独 ACK，这些帧没有重传，且数据少于按该端 MSS 计算的两个满长报文段。"
            "从其中最早的一帧到该 ACK 的时间，比该端此前最快的应答至少多 30 ms，但不到 500 ms。",
        ),
        Text(
            "A busy host or a queue on the path delays as well, but then data is late too. Delays of the same length "
            "again and again (40 ms) speak for the timer. With Nagle's algorithm at the other end the delay holds "
            "back its next small segment.",
            "主机繁忙或路径上排队也会造成延迟，但那时数据也会变慢。若反复出现相同的延迟（如 40 ms），则多半是计时器所致。"
            "若对方使用 Nagle 算法，这段延迟还会推迟它的下一个小报文段。",
        ),
    ),
)
CUMULATIVE = Rule(
    "tcp.ack.cumulative",
    "tcp",
    "chat",
    27,
    Text(
        "One ACK for {count:segment}: the {who:role} acknowledges {newly:byte}, all before {ack} (frames {frames:frames}).",
        "累积确认：一个 ACK 确认 {count} 个报文段。{who:role}确认 {newly} 字节（确认号 {ack}，第 {frames:frames} 帧）。",
    ),
    ("RFC 9293 §3.4", "RFC 5681 §4.2"),
    Text("One ACK for each segment.", "每个报文段对应一个 ACK。"),
    Explanation(
        Text(
            "An acknowledgment number stands for all bytes before it, so one ACK serves many segments, and an ACK "
            "that is lost is made good by the next. A receiver should acknowledge at least every second full segment.",
            "确认号表示它之前的所有字节都已收到，因此一个 ACK 可以确认多个报文段；某个 ACK 丢失，也会被后一个 ACK 弥补。"
            "接收方至少应每收到两个满长报文段确认一次。",
        ),
        Text(
            "A pure ACK whose number now covers more than one frame of the other end as a whole, and which is no "
            "delayed ACK.",
            "单独的 ACK，其确认号完整覆盖了对方的一个以上的帧，且不属于推迟确认。",
        ),
        Text(
            "Many segments at once point to a receiver whose card merges them (GRO, LRO), to ACKs that were lost, or, "
            "in a capture at the receiver, to a busy host. After a repaired loss one ACK jumps over all that had "
            "arrived beyond the hole.",
            "若一次确认很多报文段，可能是接收方网卡合并了它们（GRO、LRO）、此前的 ACK 丢失，或（在接收方捕获时）主机繁忙。"
            "丢失修复之后，一个 ACK 会跳过空缺之后已到达的全部数据。",
        ),
    ),
)
KEEPALIVE = Rule(
    "tcp.keepalive",
    "tcp",
    "chat",
    75,
    {
        "": Text(
            "Keep-alive after {idle:duration} of silence: the {who:role} repeats number {seq}, one before the next "
            "byte, so the other side must answer. It asks whether that side is still there; nothing was lost.",
            "连接静默 {idle:duration}后的保活探测：{who:role}重复序号 {seq}（比下一个字节的序号小 1），迫使对方应答，"
            "以确认对方是否仍在；并没有发生丢失。",
        ),
        "untimed": Text(
            "Keep-alive: the {who:role} repeats number {seq}, one before the next byte, so the other side must "
            "answer. It asks whether that side is still there; nothing was lost.",
            "保活探测：{who:role}重复序号 {seq}（比下一个字节的序号小 1），迫使对方应答，以确认对方是否仍在；"
            "并没有发生丢失。",
        ),
    },
    ("RFC 9293 §3.8.4", "RFC 1122 §4.2.3.6"),
    Text("It is a retransmission, or HTTP's keep-alive.", "这是重传，或是 HTTP 的 keep-alive。"),
    Explanation(
        Text(
            "TCP itself never minds silence. A program may ask its system to probe an idle connection, to learn of a "
            "peer that has vanished and to keep NAT tables alive. The probe repeats an old number: such a segment "
            "must be answered with an ACK.",
            "TCP 本身并不在意连接静默。应用程序可以要求系统探测空闲的连接，以便发现已消失的对方，或维持 NAT 表项。"
            "探测报文段使用旧的序号：收到这样的报文段必须用 ACK 应答。",
        ),
        Text(
            "tcp.len is 0 or 1, tcp.seq is one below the next byte of this end, all of this end is acknowledged, "
            "tcp.ack is not new, and the peer's last window was not 0. The silence is the time since the connection's "
            "previous packet.",
            "tcp.len 为 0 或 1，tcp.seq 比该端下一个字节的序号小 1，该端的数据已全部被确认，tcp.ack 没有变化，"
            "且对方最近的窗口不为 0。静默时间为距该连接上一个分组的时间。",
        ),
        Text(
            "Against a window of 0 the same segment is a zero-window probe. With bytes unacknowledged it would be a "
            "retransmission of the last byte. HTTP's keep-alive is a header about the next request and has nothing to "
            "do with it.",
            "若对方窗口为 0，同样的报文段是零窗口探测。若还有字节未被确认，则是最后一个字节的重传。HTTP 的 keep-alive "
            "是关于后续请求的首部，与此无关。",
        ),
    ),
)
KEEPALIVE_ACK = Rule(
    "tcp.keepalive-ack",
    "tcp",
    "chat",
    74,
    {
        "": Text(
            "Answer to the keep-alive of frame {probe}, {delay:duration} later: the {who:role} is there and still "
            "expects {ack}.",
            "对第 {probe} 帧保活探测的应答，相隔 {delay:duration}：{who:role}仍在线，仍期待序号 {ack}。",
        ),
        "untimed": Text(
            "Answer to the keep-alive of frame {probe}: the {who:role} is there and still expects {ack}.",
            "对第 {probe} 帧保活探测的应答：{who:role}仍在线，仍期待序号 {ack}。",
        ),
    },
    ("RFC 9293 §3.8.4",),
    Text("It is a duplicate ACK.", "这是重复 ACK。"),
    Explanation(
        Text(
            "The probed end's system answers with its current acknowledgment number; its program does not notice. The "
            "connection lives, and the idle timer starts anew.",
            "被探测一端的系统以当前的确认号应答，应用程序并不知情。连接仍然有效，空闲计时重新开始。",
        ),
        Text(
            "The packet that follows a keep-alive on this connection: it comes from the probed end, tcp.len is 0 and "
            "tcp.ack acknowledges nothing new.",
            "本连接上紧接在保活探测之后的分组：来自被探测的一端，tcp.len 为 0，且 tcp.ack 没有新的确认。",
        ),
        Text(
            "A duplicate ACK needs data outstanding; here there is none. An RST as the answer would mean that the "
            "peer no longer knows the connection; silence, that it is gone or unreachable.",
            "重复 ACK 的前提是有数据尚未确认，而这里没有。若得到的应答是 RST，则对方已不再保留该连接；若没有应答，"
            "则对方已消失或不可达。",
        ),
    ),
)
INVALID_FLAGS = Rule(
    "tcp.flags.invalid",
    "tcp",
    "warn",
    92,
    {
        "no-ack": Text(
            "Neither SYN, FIN, RST nor ACK is set: such a segment is dropped. No TCP sends it; a scan may.",
            "SYN、FIN、RST、ACK 均未置位：这样的报文段会被丢弃。正常的 TCP 不会发送，可能是扫描。",
        ),
        "syn-fin": Text(
            "SYN and FIN together: it asks to open and to close at once. No TCP in use sends it; a scan may.",
            "SYN 与 FIN 同时置位：既要建立又要关闭连接。现行的 TCP 不会发送，可能是扫描。",
        ),
        "syn-rst": Text(
            "SYN and RST together: it asks to open and aborts at once. No TCP sends it; a scan may.",
            "SYN 与 RST 同时置位：既要建立又要复位连接。正常的 TCP 不会发送，可能是扫描。",
        ),
        "fin-rst": Text(
            "FIN and RST together: RST alone counts. No TCP sends it so; a scan may.",
            "FIN 与 RST 同时置位：只有 RST 起作用。正常的 TCP 不会这样发送，可能是扫描。",
        ),
    },
    ("RFC 9293 §3.10.7.4", "RFC 9293 §3.10.7.2"),
    Text("Any combination of flags is allowed.", "任何标志组合都是允许的。"),
    Explanation(
        Text(
            "Systems answer senseless flags in different ways, so scanners use them to find open ports or to guess "
            "the operating system, and to slip past simple filters. No connection results.",
            "不同系统对无意义的标志组合应答各异，因此扫描程序用它们寻找开放端口、猜测操作系统，或绕过简单的过滤规则。"
            "不会由此建立连接。",
        ),
        Text(
            "tcp.flags alone decides: SYN with FIN, SYN with RST, FIN with RST; or none of SYN, FIN, RST and ACK. A "
            "FIN without ACK has a rule of its own (tcp.fin.no-ack).",
            "只依据 tcp.flags：SYN 与 FIN、SYN 与 RST、FIN 与 RST 同时置位，或 SYN、FIN、RST、ACK 均未置位。不带 ACK 的 "
            "FIN 另有规则（见 tcp.fin.no-ack）。",
        ),
        Text(
            "T/TCP (RFC 1644, historic) did send SYN with FIN. A header that was damaged on the way shows in "
            "tcp.checksum; many ports in a row point to a scan.",
            "已废弃的 T/TCP（RFC 1644）确实会发送 SYN 与 FIN。若首部在途中损坏，可由 tcp.checksum 看出；"
            "若接连探测许多端口，则是扫描。",
        ),
    ),
)

RULES: Sequence[Rule] = (
    SEGMENT,
    PUSH,
    PURE_ACK,
    PIGGYBACKED,
    DELAYED,
    CUMULATIVE,
    KEEPALIVE,
    KEEPALIVE_ACK,
    INVALID_FLAGS,
)


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES
