"""labrdt: reliable data transfer over UDP port 9000, the protocol of a networking course's lab, with its verdicts.

    labdissect --plugin examples/labrdt.py rdt-go-back-n.pcapng

This page is the protocol's specification; the rules below name its sections.

§1 Header: 16 bytes in network byte order, then the payload. Data packets are numbered 1, 2, 3…; a packet is data when
none of its flags is set. The window is the number of packets that may be sent before an ACK must come.
§2 Checksum: the Internet checksum (RFC 1071) of header and payload, computed with the checksum field zero. A receiver
does not believe a packet whose checksum is wrong: it answers with the last ACK again.
§3 Opening: SYN, SYN+ACK, ACK, as in TCP. A SYN without answer is sent again.
§4 Sender: it sends while the window has room. One timer runs from the oldest packet without ACK, and begins anew with
each ACK that moves the window. When it runs out, every packet without ACK is sent again (Go-Back-N). With a window of 1
this is stop-and-wait.
§5 Receiver: it takes packets in order only and throws others away. It answers every packet with the number of the last
one that it has in order; so an ACK is cumulative. Its own packets bear number 0, its FIN number 1.
§6 Closing: FIN, numbered behind the last data packet, and its ACK; FIN+ACK of the receiver, and the last ACK.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from construct import GreedyBytes, Int8ub, Int16ub, Int32ub, Struct

from labdissect import (
    BaseAnalyzer,
    Evidence,
    Exchange,
    Explanation,
    Header,
    Layer,
    Packet,
    Rule,
    Settings,
    Text,
    Verdict,
    bits,
    hookimpl,
    note,
    part,
)

HEADER, CHECKSUM, OPENING, SENDER, RECEIVER, CLOSING = (f"labrdt §{number}" for number in range(1, 7))

LABRDT = Layer(
    name="labrdt",
    title=Text("Reliable data transfer over UDP (lab)", "基于 UDP 的可靠数据传输（实验）"),
    source="labrdt §1",
    over=(("udp.port", 9000),),
    struct=Struct(
        "seq" / Int32ub * note("number of the packet, not of a byte", "分组序号（不是字节序号）", HEADER),
        "ack" / Int32ub * note("number of the last packet received in order", "按序收到的最后一个分组的序号", RECEIVER),
        *bits(
            "_flags",
            Int8ub,
            part("flags", 0, 8, note("control bits, 0 for data", "控制位；数据分组为 0", HEADER, base=16)),
            part("flags.fin", 2, 1, note("no more data", "不再有数据", CLOSING)),
            part("flags.ack", 1, 1, note("the field ack is valid", "确认号有效", HEADER)),
            part("flags.syn", 0, 1, note("open", "建立连接", OPENING)),
        ),
        "reserved" / Int8ub * note("zero", "为 0", HEADER),
        "window" / Int16ub * note("packets that may be under way", "窗口：允许未确认的分组数", HEADER),
        "length" / Int16ub * note("bytes of payload", "载荷字节数", HEADER),
        "checksum" / Int16ub * note("of header and payload", "首部与载荷的检验和", CHECKSUM, base=16),
        "payload" / GreedyBytes * note("the data", "数据", HEADER),
    ),
)

SYN, ACK, FIN = 1, 2, 4
REMEMBERED = 1024
"""Packets of one transfer that are kept in mind; a hostile sender must not fill the memory."""


def computed_checksum(header: Header) -> int:
    """What the checksum field of a packet should hold (RFC 1071)."""
    zeroed = (header.seq, header.ack, header.flags, header.reserved, header.window, header.length, 0)
    data = struct.pack("!IIBBHHH", *zeroed) + header.payload
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


# the rules: what can be said, in both languages

OPEN_SYN = Rule(
    "labrdt.open.syn",
    "labrdt",
    "chat",
    50,
    {
        "": Text(
            "Opening 1 of 3: SYN with a window of {window}.", "建立连接第 1 步（共 3 步）：SYN，窗口为 {window}。"
        ),
        "again": Text(
            "SYN again, {silence:duration} after frame {before}: no SYN+ACK had come.",
            "第 {before} 帧之后 {silence:duration} 重传 SYN：没有收到 SYN+ACK。",
        ),
    },
    (OPENING,),
    explanation=Explanation(
        Text("Whoever has data to send opens with a SYN.", "要发送数据的一方用 SYN 发起连接。"),
        Text("The flags are SYN alone (1).", "标志仅有 SYN（1）。"),
        Text("SYN+ACK (3) is the receiver's answer.", "SYN+ACK（3）是接收方的回答。"),
    ),
)
OPEN_SYN_ACK = Rule(
    "labrdt.open.syn-ack",
    "labrdt",
    "chat",
    50,
    {
        "": Text(
            "Opening 2 of 3: the receiver is there and answers the SYN of frame {syn} after {elapsed:duration}.",
            "建立连接第 2 步（共 3 步）：接收方在 {elapsed:duration} 后回答第 {syn} 帧的 SYN。",
        ),
        "alone": Text(
            "Opening 2 of 3: SYN+ACK; its SYN is not in the capture.",
            "建立连接第 2 步（共 3 步）：SYN+ACK；捕获中没有对应的 SYN。",
        ),
    },
    (OPENING,),
    explanation=Explanation(
        Text("The receiver agrees to the opening.", "接收方同意建立连接。"),
        Text("The flags are SYN and ACK (3).", "标志为 SYN 与 ACK（3）。"),
        Text("Without an answer the sender repeats its SYN.", "没有回答时，发送方会重传 SYN。"),
    ),
)
OPEN_ACK = Rule(
    "labrdt.open.ack",
    "labrdt",
    "chat",
    50,
    Text(
        "Opening 3 of 3: the transfer is open, data packet 1 is next.",
        "建立连接第 3 步（共 3 步）：连接已建立，接着发送数据分组 1。",
    ),
    (OPENING,),
    explanation=Explanation(
        Text("The sender confirms the SYN+ACK. It does not wait for an answer.", "发送方确认 SYN+ACK，不再等待回答。"),
        Text("An ACK that comes from the side of the SYN, before any FIN.", "由发出 SYN 的一方在 FIN 之前发出的 ACK。"),
        Text("When this ACK is lost, the data packets show the same.", "若该 ACK 丢失，数据分组同样说明连接已建立。"),
    ),
)
DATA_NEW = Rule(
    "labrdt.data.new",
    "labrdt",
    "chat",
    40,
    {
        "": Text(
            "Data packet {number} ({size:byte}) for the first time; without ACK now: {flight}, the window allows {window}.",
            "数据分组 {number}（{size} 字节）首次发送；现有 {flight} 个分组未确认，窗口允许 {window} 个。",
        ),
        "gap": Text(
            "Data packet {number} ({size:byte}) for the first time, but packet {missing} before it is not in the capture: "
            "lost or damaged before this point, or missed by the capture.",
            "数据分组 {number}（{size} 字节）首次出现，但捕获中没有之前的分组 {missing}："
            "在到达此处之前丢失或出错，或者捕获时遗漏。",
        ),
        "late": Text(
            "Data packet {number} ({size:byte}) comes behind packet {highest}: it was overtaken on the way, or it is "
            "sent again and the first time is not in the capture.",
            "数据分组 {number}（{size} 字节）晚于分组 {highest}：途中失序，或为重传而首次发送不在捕获中。",
        ),
    },
    (SENDER,),
    explanation=Explanation(
        Text("The sender may send while the window has room.", "窗口未满时发送方可以继续发送。"),
        Text(
            "No flag is set and the number was not seen before in this transfer.",
            "没有置位任何标志，且该序号在本次传输中首次出现。",
        ),
        Text("A number that was seen before is a packet sent again.", "出现过的序号表示重传。"),
    ),
)
DATA_DUPLICATE = Rule(
    "labrdt.data.duplicate",
    "labrdt",
    "note",
    62,
    Text(
        "The same datagram as frame {first}, down to the IP identification: sent once, doubled by the network or the "
        "capture, so no repetition of the sender's.",
        "与第 {first} 帧是同一个数据报（IP 标识也相同）：只发送过一次，由网络或捕获重复，不是发送方的重传。",
    ),
    (SENDER,),
    Text("A packet seen twice was sent twice.", "出现两次的分组就是发送了两次。"),
    Explanation(
        Text("A network may deliver a datagram twice; UDP does not notice.", "网络可能重复交付数据报，UDP 不会察觉。"),
        Text(
            "Every byte and the IP identification are the same; a packet sent again gets a new identification.",
            "所有字节和 IP 标识均相同；重传的分组会有新的标识。",
        ),
        Text("The same number with another identification is a repetition.", "序号相同而标识不同的是重传。"),
    ),
)
WINDOW_EXCEEDED = Rule(
    "labrdt.window.exceeded",
    "labrdt",
    "warn",
    80,
    Text(
        "Packet {number} is outside the window of {window}: before the next ACK only packets up to {last} may be sent.",
        "分组 {number} 超出大小为 {window} 的窗口：在下一个确认之前最多只能发送到分组 {last}。",
    ),
    (SENDER,),
    explanation=Explanation(
        Text("The sender must stop when the window is full.", "窗口已满时发送方必须停止发送。"),
        Text(
            "The number is larger than the last one acknowledged in the capture plus the packet's own window field.",
            "序号大于捕获中已确认的最大序号与该分组窗口字段之和。",
        ),
        Text("At the receiver, an ACK may be lost behind the capture.", "在接收方捕获时，确认可能在捕获点之后丢失。"),
    ),
)
WINDOW_SLIDE = Rule(
    "labrdt.window.slide",
    "labrdt",
    "chat",
    30,
    {
        "": Text(
            "The window slides by {moved}: packets {first}–{last} may be under way now.",
            "窗口滑动 {moved} 个分组：现在允许发送分组 {first}–{last}。",
        ),
        "one": Text(
            "The window of 1 moves on: packet {first} may be sent.", "大小为 1 的窗口前移：可以发送分组 {first}。"
        ),
    },
    (SENDER,),
    explanation=Explanation(
        Text(
            "What is acknowledged leaves the window, so new packets enter.", "已确认的分组移出窗口，新的分组进入窗口。"
        ),
        Text("The ACK's number is higher than all before.", "确认号大于此前所有确认号。"),
        Text("A duplicate ACK moves nothing.", "重复确认不移动窗口。"),
    ),
)
RESEND_TIMEOUT = Rule(
    "labrdt.resend.timeout",
    "labrdt",
    "warn",
    72,
    Text(
        "Packet {number} again, first sent in frame {first}. For {silence:duration} since frame {since} no ACK moved the "
        "window: the timer ran out.",
        "重传分组 {number}（首次发送于第 {first} 帧）。自第 {since} 帧起 {silence:duration} 内没有确认使窗口前移：超时。",
    ),
    (SENDER,),
    Text("The timer of a packet starts when that packet is sent.", "每个分组发送时都启动自己的计时器。"),
    Explanation(
        Text(
            "Go-Back-N has one timer, for the oldest packet without ACK. Each ACK that moves the window starts it anew.",
            "回退 N 只有一个计时器，对应最早的未确认分组；每个使窗口前移的确认都会重启它。",
        ),
        Text(
            "The number was sent before and is not acknowledged; the silence is measured from the last event that started the "
            "timer.",
            "该序号已发送过且尚未确认；静默时间从最近一次启动计时器的事件算起。",
        ),
        Text(
            "Whether the packet or its ACK was lost is a verdict of its own.",
            "是分组丢失还是确认丢失由另一条结论说明。",
        ),
    ),
)
RESEND_GO_BACK_N = Rule(
    "labrdt.resend.go-back-n",
    "labrdt",
    "note",
    70,
    Text(
        "Packet {number} again, first sent in frame {first}: Go-Back-N repeats everything behind packet {oldest} "
        "(frame {burst}), whether it arrived or not.",
        "重传分组 {number}（首次发送于第 {first} 帧）：回退 N 会重传分组 {oldest}（第 {burst} 帧）之后的所有分组，不论是否到达。",
    ),
    (SENDER,),
    Text("Only lost packets are sent again.", "只有丢失的分组才会重传。"),
    Explanation(
        Text("The receiver kept nothing out of order, so all must come again.", "接收方不保存失序分组，因此都要重传。"),
        Text(
            "It follows at once the packet before it, in a repetition that a timeout began.",
            "它紧接在超时引起的重传之后，序号连续。",
        ),
        Text("Selective Repeat would send the oldest packet only.", "选择重传只会重传最早的那个分组。"),
    ),
)
RESEND_ACKNOWLEDGED = Rule(
    "labrdt.resend.acknowledged",
    "labrdt",
    "warn",
    74,
    Text(
        "Packet {number} again, though frame {ack_frame} acknowledged it: the sender had not got that ACK, which was "
        "lost behind this point or crossed the packet.",
        "分组 {number} 已由第 {ack_frame} 帧确认却仍被重传：发送方没有收到该确认，确认在此之后丢失，或与该分组在途中相遇。",
    ),
    (SENDER, RECEIVER),
    Text("A packet sent again was lost.", "重传说明分组丢失了。"),
    Explanation(
        Text("The receiver has the packet and answers once more.", "接收方已有该分组，会再次确认。"),
        Text(
            "An ACK of this number or a higher one is in the capture before it.",
            "捕获中在它之前已有对该序号或更大序号的确认。",
        ),
        Text("At the sender such an ACK would have been in time.", "若在发送方捕获，该确认本应已经收到。"),
    ),
)
DATA_LOST = Rule(
    "labrdt.data.lost",
    "labrdt",
    "warn",
    66,
    Text(
        "Packet {number} did not get through this time: duplicate ACKs (frames {frames:frames}) show that later packets "
        "arrived without it.",
        "分组 {number} 这一次没有到达：重复确认（第 {frames:frames} 帧）说明其后的分组已到达而它没有。",
    ),
    (RECEIVER,),
    explanation=Explanation(
        Text("The receiver misses this packet and tells so again and again.", "接收方缺少该分组，并多次说明。"),
        Text(
            "It is sent again, and since it was sent the receiver answered later packets with the number before it.",
            "它被重传，而在它发送之后，接收方对后续分组的回答都是它之前的序号。",
        ),
        Text("Whether it was lost or damaged, the capture does not tell.", "是丢失还是出错，捕获无法说明。"),
    ),
)
DATA_DAMAGED = Rule(
    "labrdt.data.damaged",
    "labrdt",
    "warn",
    66,
    Text(
        "Packet {number} arrived damaged: it was the only one under way, and the receiver answered with the old ACK {ack} "
        "(frame {ack_frame}). At this point its checksum was still right.",
        "分组 {number} 到达时已出错：途中只有它，而接收方仍以旧的确认 {ack} 回答（第 {ack_frame} 帧）。在此处它的检验和仍正确。",
    ),
    (CHECKSUM, RECEIVER),
    explanation=Explanation(
        Text(
            "The receiver answers whatever comes; what it cannot believe, with the last ACK.",
            "接收方回答所有分组；对不可信的分组重发上一个确认。",
        ),
        Text(
            "Only this packet was unanswered, the answer was a duplicate ACK, and the packet had to be sent again.",
            "只有该分组未被回答，回答是重复确认，且该分组不得不重传。",
        ),
        Text(
            "A doubled packet and a lost one together would look the same, but need two faults.",
            "重复与丢失同时发生也会如此，但需要两次差错。",
        ),
    ),
)
DATA_DISCARDED = Rule(
    "labrdt.data.discarded",
    "labrdt",
    "note",
    64,
    Text(
        "Packet {number} arrived, but out of order as packet {missing} was missing: the receiver threw it away and "
        "repeated its last ACK (frame {ack_frame}).",
        "分组 {number} 已到达，但因缺少分组 {missing} 而失序：接收方将其丢弃，并重发上一个确认（第 {ack_frame} 帧）。",
    ),
    (RECEIVER,),
    Text("A receiver keeps what comes early until the gap is filled.", "接收方会缓存提前到达的分组，直到缺口补齐。"),
    Explanation(
        Text(
            "The receiver of Go-Back-N has no buffer: it takes only the next packet.",
            "回退 N 的接收方没有缓存，只接受下一个分组。",
        ),
        Text(
            "Duplicate ACKs are matched to the packets behind the gap in the order of sending.",
            "按发送顺序把重复确认与缺口之后的分组对应起来。",
        ),
        Text("If packets overtook each other, the match may be off by one.", "若途中失序，对应关系可能有偏差。"),
    ),
)
DATA_UNANSWERED = Rule(
    "labrdt.data.unanswered",
    "labrdt",
    "warn",
    66,
    Text(
        "Packet {number} got no answer before it was sent again (frame {again}): either it was lost or its ACK was. From "
        "this point of capture nobody can tell; a capture at the receiver would.",
        "分组 {number} 在重传（第 {again} 帧）之前没有得到回答：或者它丢失，或者它的确认丢失。在此处捕获无法判断，在接收方捕获才能知道。",
    ),
    (SENDER,),
    Text("A packet sent again was lost.", "重传说明分组丢失了。"),
    Explanation(
        Text(
            "Silence is all that a sender sees of a loss, whichever way it happened.",
            "无论哪个方向丢失，发送方看到的都只是没有回答。",
        ),
        Text("It is sent again and no ACK can be matched to this sending.", "它被重传，且没有确认能与这次发送对应。"),
        Text("Duplicate ACKs would tell that it was lost or damaged.", "重复确认则说明它丢失或出错。"),
    ),
)
ACK_CUMULATIVE = Rule(
    "labrdt.ack.cumulative",
    "labrdt",
    "chat",
    42,
    {
        "": Text(
            "ACK {ack}: packet {ack} has arrived, {elapsed:duration} after it was sent (frame {sent}).",
            "确认 {ack}：分组 {ack} 在发送（第 {sent} 帧）之后 {elapsed:duration} 得到确认。",
        ),
        "resent": Text(
            "ACK {ack}: packet {ack} has arrived; which of its sendings (frames {first} and {sent}) this answers, nobody "
            "can tell.",
            "确认 {ack}：分组 {ack} 已到达；无法判断它回答的是哪一次发送（第 {first} 帧和第 {sent} 帧）。",
        ),
        "several": Text(
            "ACK {ack} is cumulative: it newly acknowledges packets {first} to {ack}; the ACKs between are lost or were "
            "never sent.",
            "确认 {ack} 是累积确认：新确认了分组 {first} 到 {ack}；其间的确认丢失或未发送。",
        ),
        "unseen": Text(
            "ACK {ack} acknowledges packets that are not in the capture.",
            "确认 {ack} 所确认的分组不在捕获中。",
        ),
    },
    (RECEIVER,),
    Text("Each ACK acknowledges one packet.", "每个确认只确认一个分组。"),
    Explanation(
        Text("An ACK says: everything up to this number is here.", "确认的含义是：到该序号为止的分组都已收到。"),
        Text("Its number is higher than that of every ACK before.", "其确认号大于此前所有确认号。"),
        Text("The same number again acknowledges nothing new.", "相同的确认号不确认任何新分组。"),
    ),
)
ACK_DUPLICATE = Rule(
    "labrdt.ack.duplicate",
    "labrdt",
    "note",
    60,
    {
        "later": Text(
            "ACK {ack} again: something arrived, probably packet {number} (frame {answers}), but packet {missing} is still "
            "missing, so the receiver takes nothing.",
            "重复确认 {ack}：有分组到达，可能是分组 {number}（第 {answers} 帧），但仍缺少分组 {missing}，接收方不予接受。",
        ),
        "copy": Text(
            "ACK {ack} again: it answers packet {number} of frame {answers}, which the receiver already had.",
            "重复确认 {ack}：回答第 {answers} 帧的分组 {number}，接收方早已收到它。",
        ),
        "damaged": Text(
            "ACK {ack} again, and only packet {number} (frame {answers}) is under way: probably it arrived damaged.",
            "重复确认 {ack}，而途中只有分组 {number}（第 {answers} 帧）：它到达时可能已出错。",
        ),
        "checksum": Text(
            "ACK {ack} again: the receiver does not believe the packet of frame {answers}, whose checksum is wrong.",
            "重复确认 {ack}：第 {answers} 帧的检验和有误，接收方不予采信。",
        ),
        "extra": Text(
            "ACK {ack} again, without a packet in the capture that it could answer.",
            "重复确认 {ack}，捕获中没有它可能回答的分组。",
        ),
        "old": Text(
            "ACK {ack} is older than ACK {acked} of frame {ack_frame}: overtaken on the way. Cumulative ACKs make that harmless.",
            "确认 {ack} 早于第 {ack_frame} 帧的确认 {acked}：途中失序。累积确认使其无害。",
        ),
    },
    (RECEIVER,),
    Text("A duplicate ACK means that the ACK was sent again.", "重复确认是确认本身的重传。"),
    Explanation(
        Text(
            "The receiver answers everything that comes, with the last number in order.",
            "接收方对每个到达的分组都以按序的最后序号回答。",
        ),
        Text(
            "The number is not higher than before; the oldest packet without answer that fits is named.",
            "确认号没有增大；列出最早的、尚无回答且相符的分组。",
        ),
        Text("Packets and ACKs lost on the way make the match uncertain.", "途中的丢失使对应关系不确定。"),
    ),
)
CHECKSUM_WRONG = Rule(
    "labrdt.checksum.wrong",
    "labrdt",
    "error",
    90,
    Text(
        "The checksum is 0x{sent:04x} but header and payload give 0x{computed:04x}: damaged before this point. The receiver "
        "does not believe anything in it.",
        "检验和为 0x{sent:04x}，而由首部和载荷算得 0x{computed:04x}：在到达此处之前已出错。接收方不采信其中任何内容。",
    ),
    (CHECKSUM, "RFC 1071"),
    Text("UDP's checksum made this one needless.", "有了 UDP 检验和，就不需要这个检验和。"),
    Explanation(
        Text("The checksum covers header and payload.", "检验和覆盖首部和载荷。"),
        Text("It is computed anew with the field zero, and compared.", "将该字段置零后重新计算并比较。"),
        Text(
            "A packet damaged behind the capture point is right here.", "在捕获点之后出错的分组，此处的检验和仍正确。"
        ),
    ),
)
LENGTH_WRONG = Rule(
    "labrdt.length.wrong",
    "labrdt",
    "warn",
    85,
    Text(
        "The length field says {length:byte} of payload, the datagram has {size}.",
        "长度字段为 {length} 字节，而数据报的载荷为 {size} 字节。",
    ),
    (HEADER,),
    explanation=Explanation(
        Text("The length field counts the payload without the header.", "长度字段只计载荷，不含首部。"),
        Text("It is compared with the bytes behind the header.", "与首部之后的字节数比较。"),
        Text("A cut capture has less than the sender sent.", "截断的捕获会少于实际发送的字节。"),
    ),
)
FLAGS_UNKNOWN = Rule(
    "labrdt.flags.unknown",
    "labrdt",
    "warn",
    80,
    {
        "": Text("Flags 0x{flags:02x} have no meaning in this protocol.", "标志 0x{flags:02x} 在该协议中没有意义。"),
        "direction": Text(
            "Flags 0x{flags:02x} from this side: only the one that opens may send data, SYN and FIN.",
            "这一方不应发送标志 0x{flags:02x}：只有发起连接的一方可以发送数据、SYN 和 FIN。",
        ),
    },
    (HEADER,),
    explanation=Explanation(
        Text(
            "Six combinations have a meaning: none, SYN, SYN+ACK, ACK, FIN, FIN+ACK.",
            "只有六种组合有意义：无标志、SYN、SYN+ACK、ACK、FIN、FIN+ACK。",
        ),
        Text(
            "The flags are compared with these, and with the side that sent them.", "将标志与这些组合以及发送方向比较。"
        ),
        Text("Another version of the protocol may use more.", "该协议的其他版本可能使用更多标志。"),
    ),
)
CLOSE_FIN = Rule(
    "labrdt.close.fin",
    "labrdt",
    "chat",
    50,
    {
        "": Text(
            "Closing 1 of 4: the sender has no more data. Its FIN takes number {number}.",
            "关闭第 1 步（共 4 步）：发送方不再有数据，FIN 占用序号 {number}。",
        ),
        "again": Text(
            "FIN again, {silence:duration} after frame {before}: no ACK {number} had come.",
            "第 {before} 帧之后 {silence:duration} 重传 FIN：没有收到确认 {number}。",
        ),
        "early": Text(
            "FIN {number}, though packet {missing} and what follows it are not acknowledged.",
            "FIN {number}，但从分组 {missing} 起尚未确认。",
        ),
    },
    (CLOSING,),
    explanation=Explanation(
        Text("The FIN is numbered behind the last data packet.", "FIN 的序号排在最后一个数据分组之后。"),
        Text("The flags are FIN alone (4).", "标志仅有 FIN（4）。"),
        Text("FIN+ACK (6) is the receiver's own.", "FIN+ACK（6）由接收方发出。"),
    ),
)
CLOSE_FIN_ACK = Rule(
    "labrdt.close.fin-ack",
    "labrdt",
    "chat",
    50,
    Text(
        "Closing 2 of 4: ACK {ack} answers the FIN of frame {fin}.",
        "关闭第 2 步（共 4 步）：确认 {ack} 回答第 {fin} 帧的 FIN。",
    ),
    (CLOSING,),
    explanation=Explanation(
        Text("The receiver has everything up to the FIN.", "接收方已收到直到 FIN 的全部内容。"),
        Text("The ACK carries the number of the FIN.", "确认号等于 FIN 的序号。"),
        Text("A lower number would acknowledge data.", "较小的确认号确认的是数据。"),
    ),
)
CLOSE_RECEIVER_FIN = Rule(
    "labrdt.close.receiver-fin",
    "labrdt",
    "chat",
    50,
    Text("Closing 3 of 4: the receiver closes its side too.", "关闭第 3 步（共 4 步）：接收方也关闭自己的一侧。"),
    (CLOSING,),
    explanation=Explanation(
        Text("The receiver's FIN+ACK follows its ACK of the FIN at once.", "接收方在确认 FIN 之后立即发出 FIN+ACK。"),
        Text("The flags are FIN and ACK (6).", "标志为 FIN 与 ACK（6）。"),
        Text(
            "It is sent once; when it is lost the sender waits for it in vain.",
            "它只发送一次；若丢失，发送方将徒然等待。",
        ),
    ),
)
CLOSE_LAST_ACK = Rule(
    "labrdt.close.last-ack",
    "labrdt",
    "chat",
    50,
    Text("Closing 4 of 4: the last ACK; the transfer is over.", "关闭第 4 步（共 4 步）：最后的确认，传输结束。"),
    (CLOSING,),
    explanation=Explanation(
        Text("The sender answers the receiver's FIN.", "发送方回答接收方的 FIN。"),
        Text("An ACK of the sender's, behind its FIN.", "发送方在自己的 FIN 之后发出的 ACK。"),
        Text("Nobody would know if it were lost: it is not answered.", "它不会得到回答，因此丢失也无人知晓。"),
    ),
)
_TOTALS = Text(
    "{packets} data packets with {size:byte} acknowledged in {elapsed:duration}, {goodput} bytes/s; {resends} sent again. ",
    "在 {elapsed:duration} 内确认了 {packets} 个数据分组，共 {size} 字节，即 {goodput} 字节/秒；重传 {resends} 次。",
)
SUMMARY = Rule(
    "labrdt.summary",
    "labrdt",
    "chat",
    20,
    {
        mode: Text(_TOTALS.en + inferred.en, _TOTALS.zh + inferred.zh)
        for mode, inferred in {
            "stop-and-wait": Text(
                "The window is 1, and never was more than one without ACK: stop-and-wait.",
                "窗口为 1，任何时刻最多只有一个分组未确认：停止等待。",
            ),
            "unknown": Text(
                "The window is {window}, yet never was more than one without ACK: nothing tells the kind of protocol.",
                "窗口为 {window}，但任何时刻最多只有一个分组未确认：无法判断协议类型。",
            ),
            "go-back-n": Text(
                "Up to {flight} were without ACK at once, and a timeout repeated all that were (frame {burst}): Go-Back-N.",
                "最多同时有 {flight} 个分组未确认，超时后全部重传（第 {burst} 帧）：回退 N。",
            ),
            "selective": Text(
                "Up to {flight} were without ACK at once, but a timeout repeated only some of them (frame {burst}): "
                "Go-Back-N would have repeated all.",
                "最多同时有 {flight} 个分组未确认，但超时后只重传了一部分（第 {burst} 帧）：回退 N 会全部重传。",
            ),
            "pipelined": Text(
                "Up to {flight} were without ACK at once: pipelined. Go-Back-N or Selective Repeat? No timeout shows it.",
                "最多同时有 {flight} 个分组未确认：流水线方式。没有发生超时，无法判断是回退 N 还是选择重传。",
            ),
        }.items()
    },
    (SENDER,),
    explanation=Explanation(
        Text(
            "What a lab report wants: packets, time, goodput, and the kind of protocol.",
            "实验报告需要的数据：分组数、时间、有效吞吐量和协议类型。",
        ),
        Text(
            "The time runs from the first data packet to the last ACK that moved the window; bytes count once, however "
            "often they were sent.",
            "时间从第一个数据分组到最后一个使窗口前移的确认；字节无论发送多少次只计一次。",
        ),
        Text("What the capture missed is not counted.", "捕获遗漏的分组不计入。"),
    ),
)
CLOSE_UNSEEN = Rule(
    "labrdt.close.unseen",
    "labrdt",
    "note",
    45,
    {
        "": Text("The capture ends before the transfer is closed.", "传输尚未关闭，捕获就结束了。"),
        "no-answer": Text("Nothing ever answered.", "始终没有得到任何回答。"),
    },
    (CLOSING,),
    explanation=Explanation(
        Text("A transfer ends with four packets.", "传输以四个分组结束。"),
        Text("The last ACK is not in the capture.", "捕获中没有最后的确认。"),
        Text("It may have come later, or been lost.", "它可能在捕获之后到达，或者已丢失。"),
    ),
)

RULES = [rule for rule in globals().values() if isinstance(rule, Rule)]


# the state of one transfer


@dataclass
class Sending:
    """A data packet that is under way."""

    number: int
    first_frame: int
    frame: int
    time: int
    """Of its latest sending, nanoseconds since 1970."""
    size: int
    unsettled: bool = False
    """Whether nobody knows what became of an earlier sending, so that an ACK may answer either."""
    answered: tuple[int, int] | None = None
    """Frame and number of the duplicate ACK that seems to answer its latest sending."""


@dataclass
class Transfer:
    """What is known of a transfer so far; its memory is bounded by :data:`REMEMBERED`."""

    sender: Any = None
    """The side that has data (a party of ``packet.conversation``); None until a packet tells."""
    syn: Packet | None = None
    fin: Packet | None = None
    over: bool = False
    answers: int = 0
    """Packets of the receiver."""
    highest: int | None = None
    """The highest number sent; None when nothing is known."""
    acked: int = 0
    ack_frame: int = 0
    window: int = 1
    under_way: dict[int, Sending] = field(default_factory=dict)
    unanswered: deque[tuple[int | None, int]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """Number (None for a damaged packet) and frame of what the receiver has not answered yet, oldest first."""
    duplicates: list[int] = field(default_factory=list)
    """Frames of the ACKs, since the window moved, that answer packets behind a missing one."""
    timer: Packet | None = None
    """What started the timer."""
    burst: Sending | None = None
    """The packet with which a repetition began that is still going on."""
    repeated: int = 0
    """The number that the repetition has come to."""
    silence: float = 0.0
    """Seconds without progress after which it began."""
    packets: int = 0
    bytes: int = 0
    resends: int = 0
    most_under_way: int = 0
    mode: str = ""
    mode_frame: int = 0
    began: int | None = None
    ended: int = 0

    def begin(self, number: int) -> None:
        """Data packet ``number`` is the next: by the SYN, or because the capture starts there."""
        self.highest = self.acked = number - 1


def seconds(since: Packet | Sending, until: Packet) -> float:
    """The time between two packets."""
    return ((until.time or 0) - (since.time or 0)) / 1e9


class Labrdt(BaseAnalyzer):
    """Follows each transfer."""

    layers = ("labrdt",)

    def __init__(self) -> None:
        self._transfers: dict[Exchange, Transfer] = {}

    def analyze(self, packet: Packet) -> Iterator[Verdict]:
        """The verdicts of one packet."""
        header, number, exchange = packet.labrdt, packet.number, packet.conversation
        if not isinstance(exchange, Exchange):
            return
        transfer = self._transfers.get(exchange) or self._begun(exchange)
        if packet.copy_of is not None:
            yield Verdict(DATA_DUPLICATE, number, {"first": packet.copy_of})
            if exchange.sender is transfer.sender and header.flags == 0:
                transfer.unanswered.append((header.seq, number))  # it is answered too
            return
        computed = computed_checksum(header)
        if header.checksum != computed:
            evidence = (Evidence(number, "labrdt.checksum", f"0x{header.checksum:04x}"),)
            yield Verdict(CHECKSUM_WRONG, number, {"sent": header.checksum, "computed": computed}, evidence)
            if exchange.sender is transfer.sender:
                transfer.unanswered.append((None, number))
            return
        if header.length != len(header.payload):
            yield Verdict(LENGTH_WRONG, number, {"length": header.length, "size": len(header.payload)})
        if header.flags == SYN and (transfer.over or (transfer.highest or 0) > 0):
            yield from _summary(transfer, number)
            transfer = self._begun(exchange)
        yield from _step(packet, header, transfer, exchange)

    def _begun(self, exchange: Exchange) -> Transfer:
        transfer = self._transfers[exchange] = Transfer()
        return transfer

    def ended(self, conversation: Any) -> Iterable[Verdict]:
        """The exchange of datagrams is over: the transfer's summary."""
        transfer = self._transfers.pop(conversation, None)
        if transfer is None:
            return
        if not transfer.over:
            yield Verdict(CLOSE_UNSEEN, conversation.last_frame, {}, (), "" if transfer.answers else "no-answer")
        yield from _summary(transfer, conversation.last_frame)


def _step(packet: Packet, header: Header, transfer: Transfer, exchange: Exchange) -> Iterable[Verdict]:
    """What a packet does, by its flags and the side that sends it."""
    if transfer.sender is None:
        if header.flags == ACK and header.seq == header.ack == 0:
            return ()  # the capture begins here: third step of the opening, or an answer? Both look like this
        by_sender = header.flags in (0, SYN, FIN) or (header.flags == ACK and header.seq > 0)
        transfer.sender = exchange.sender if by_sender else exchange.receiver
    from_sender = exchange.sender is transfer.sender
    transfer.answers += not from_sender
    step = (SENDER_STEPS if from_sender else RECEIVER_STEPS).get(header.flags)
    if step is not None:
        return step(packet, header, transfer)
    wording = "direction" if header.flags in SENDER_STEPS | RECEIVER_STEPS else ""
    evidence = (Evidence(packet.number, "labrdt.flags", header.flags),)
    return [Verdict(FLAGS_UNKNOWN, packet.number, {"flags": header.flags}, evidence, wording)]


def _syn(packet: Packet, header: Header, transfer: Transfer) -> Iterator[Verdict]:
    if transfer.syn is not None:
        params = {"silence": seconds(transfer.syn, packet), "before": transfer.syn.number}
        yield Verdict(
            OPEN_SYN, packet.number, params, (Evidence(transfer.syn.number, "labrdt.flags.syn", True),), "again"
        )
    else:
        transfer.begin(1)
        yield Verdict(OPEN_SYN, packet.number, {"window": header.window})
    transfer.syn = packet


def _syn_ack(packet: Packet, header: Header, transfer: Transfer) -> Iterator[Verdict]:
    syn = transfer.syn
    if syn is None:
        yield Verdict(OPEN_SYN_ACK, packet.number, {}, (), "alone")
        return
    params = {"syn": syn.number, "elapsed": seconds(syn, packet)}
    yield Verdict(OPEN_SYN_ACK, packet.number, params, (Evidence(syn.number, "labrdt.flags.syn", True),))


def _sender_ack(packet: Packet, header: Header, transfer: Transfer) -> Iterator[Verdict]:
    if transfer.fin is None:
        yield Verdict(OPEN_ACK, packet.number, {})
    else:
        transfer.over = True
        yield Verdict(CLOSE_LAST_ACK, packet.number, {}, (Evidence(transfer.fin.number, "labrdt.flags.fin", True),))


def _data(packet: Packet, header: Header, transfer: Transfer) -> Iterator[Verdict]:
    number: int = header.seq
    if transfer.highest is None:
        transfer.begin(number)
    transfer.window = header.window
    sending = transfer.under_way.get(number)
    if number <= transfer.acked and transfer.ack_frame:
        params = {"number": number, "ack_frame": transfer.ack_frame}
        evidence = (Evidence(transfer.ack_frame, "labrdt.ack", transfer.acked),)
        transfer.resends += 1
        yield Verdict(RESEND_ACKNOWLEDGED, packet.number, params, evidence)
    elif sending is not None:
        yield from _again(packet, sending, transfer)
    else:
        yield from _new(packet, header, transfer)
    transfer.unanswered.append((number, packet.number))


def _new(packet: Packet, header: Header, transfer: Transfer) -> Iterator[Verdict]:
    number, size, highest = header.seq, len(header.payload), transfer.highest or 0
    _end_burst(transfer)
    if len(transfer.under_way) < REMEMBERED:
        transfer.under_way[number] = Sending(number, packet.number, packet.number, packet.time or 0, size)
    transfer.timer = transfer.timer or packet
    transfer.began = transfer.began or packet.time
    transfer.highest = max(highest, number)
    flight = transfer.highest - transfer.acked
    transfer.most_under_way = max(transfer.most_under_way, flight)
    params = {"number": number, "size": size, "flight": flight, "window": header.window}
    wording = ""
    if number > highest + 1:
        wording, params["missing"] = "gap", number - 1
    elif number < highest:
        wording, params["highest"] = "late", highest
    yield Verdict(DATA_NEW, packet.number, params, (Evidence(packet.number, "labrdt.seq", number),), wording)
    if flight > header.window:
        params = {"number": number, "window": header.window, "last": transfer.acked + header.window}
        yield Verdict(
            WINDOW_EXCEEDED, packet.number, params, (Evidence(packet.number, "labrdt.window", header.window),)
        )


def _again(packet: Packet, sending: Sending, transfer: Transfer) -> Iterator[Verdict]:
    number = sending.number
    evidence = (Evidence(sending.first_frame, "labrdt.seq", number),)
    params: dict[str, Any] = {"number": number, "first": sending.first_frame}
    since = transfer.timer or packet
    silence = seconds(since, packet)
    if transfer.burst is not None and number == transfer.repeated + 1 and silence < transfer.silence / 2:
        params |= {"oldest": transfer.burst.number, "burst": transfer.burst.frame}
        yield Verdict(RESEND_GO_BACK_N, packet.number, params, evidence)
    else:
        _end_burst(transfer)
        params |= {"silence": silence, "since": since.number}
        yield Verdict(RESEND_TIMEOUT, packet.number, params, evidence)
        transfer.burst, transfer.silence = sending, silence
    fate = _fate(packet, sending, transfer)
    sending.unsettled |= fate.rule is DATA_UNANSWERED
    yield fate
    sending.frame, sending.time, sending.answered = packet.number, packet.time or 0, None
    transfer.repeated = number
    transfer.resends += 1
    transfer.timer = packet


def _fate(packet: Packet, sending: Sending, transfer: Transfer) -> Verdict:
    """What became of a packet's sending before this one, as far as ACKs tell."""
    number, about = sending.number, sending.frame
    if sending.answered is not None:
        ack_frame, ack = sending.answered
        params = {"number": number, "ack": ack, "ack_frame": ack_frame, "missing": ack + 1}
        rule = DATA_DAMAGED if number == ack + 1 else DATA_DISCARDED
        return Verdict(rule, about, params, (Evidence(ack_frame, "labrdt.ack", ack),))
    if number == transfer.acked + 1 and transfer.duplicates:
        evidence = tuple(Evidence(frame, "labrdt.ack", transfer.acked) for frame in transfer.duplicates)
        return Verdict(DATA_LOST, about, {"number": number, "frames": list(transfer.duplicates)}, evidence)
    return Verdict(DATA_UNANSWERED, about, {"number": number, "again": packet.number})


def _end_burst(transfer: Transfer) -> None:
    """A repetition is over: did it take in everything that had no ACK?"""
    if transfer.burst is not None and transfer.highest is not None and transfer.highest > transfer.burst.number:
        transfer.mode = "go-back-n" if transfer.repeated == transfer.highest else "selective"
        transfer.mode_frame = transfer.burst.frame
    transfer.burst = None


def _ack(packet: Packet, header: Header, transfer: Transfer) -> Iterator[Verdict]:
    ack: int = header.ack
    fin = transfer.fin
    if fin is not None and ack == fin.labrdt.seq:
        yield Verdict(
            CLOSE_FIN_ACK, packet.number, {"ack": ack, "fin": fin.number}, (Evidence(fin.number, "labrdt.seq", ack),)
        )
        ack -= 1  # the FIN is no data
        if ack == transfer.acked:
            return
    if transfer.highest is None:
        transfer.begin(ack)
    elif not transfer.ack_frame and transfer.syn is None:
        transfer.acked = min(
            transfer.acked, ack - 1
        )  # the capture began with data: only now it is known where it stood
    if ack > transfer.acked:
        yield from _moves(packet, ack, transfer)
    elif ack < transfer.acked:
        params = {"ack": ack, "acked": transfer.acked, "ack_frame": transfer.ack_frame}
        evidence = (Evidence(transfer.ack_frame, "labrdt.ack", transfer.acked),)
        yield Verdict(ACK_DUPLICATE, packet.number, params, evidence, "old")
    else:
        yield _duplicate(packet, ack, transfer)


def _moves(packet: Packet, ack: int, transfer: Transfer) -> Iterator[Verdict]:
    """An ACK of packets that had none."""
    moved, newest = ack - transfer.acked, transfer.under_way.get(ack)
    params: dict[str, Any] = {"ack": ack, "first": transfer.acked + 1}
    wording = ""
    evidence = [Evidence(packet.number, "labrdt.ack", ack)]
    if newest is None:
        wording = "unseen"
    elif moved > 1:
        wording = "several"
    else:
        params |= {"sent": newest.frame, "elapsed": seconds(newest, packet), "first": newest.first_frame}
        evidence.append(Evidence(newest.frame, "labrdt.seq", ack))
        wording = "resent" if newest.unsettled else ""
    yield Verdict(ACK_CUMULATIVE, packet.number, params, tuple(evidence), wording)
    params = {"moved": moved, "first": ack + 1, "last": ack + transfer.window}
    yield Verdict(WINDOW_SLIDE, packet.number, params, (), "one" if transfer.window == 1 else "")
    for number in [number for number in transfer.under_way if number <= ack]:
        transfer.packets += 1
        transfer.bytes += transfer.under_way.pop(number).size
    transfer.acked, transfer.ack_frame, transfer.ended = ack, packet.number, packet.time or 0
    transfer.highest = max(transfer.highest or 0, ack)
    transfer.timer = packet if transfer.highest > ack else None
    transfer.duplicates.clear()
    _answer(transfer, next((one for one in transfer.unanswered if one[0] == ack), None))


def _duplicate(packet: Packet, ack: int, transfer: Transfer) -> Verdict:
    """An ACK that acknowledges nothing new: which packet does it answer?"""
    missing = ack + 1
    waiting = transfer.unanswered
    # answers come in the order of the packets; one that was not in order explains it better than the missing one itself
    answered = next((one for one in waiting if one[0] != missing), waiting[0] if waiting else None)
    if answered is None:
        return Verdict(ACK_DUPLICATE, packet.number, {"ack": ack}, (), "extra")
    _answer(transfer, answered)
    number, frame = answered
    params: dict[str, Any] = {"ack": ack, "number": number, "answers": frame, "missing": missing}
    if number is None:
        return Verdict(ACK_DUPLICATE, packet.number, params, (Evidence(frame, "labrdt.checksum", "wrong"),), "checksum")
    sending = transfer.under_way.get(number)
    if sending is not None and sending.frame == frame:
        sending.answered = (packet.number, ack)
    if number > missing and len(transfer.duplicates) < REMEMBERED:
        transfer.duplicates.append(packet.number)
    wording = "later" if number > missing else "copy" if number < missing else "damaged"
    return Verdict(ACK_DUPLICATE, packet.number, params, (Evidence(frame, "labrdt.seq", number),), wording)


def _answer(transfer: Transfer, answered: tuple[int | None, int] | None) -> None:
    """A packet has its answer; what was sent before it will get none any more."""
    while answered is not None and transfer.unanswered and transfer.unanswered.popleft() != answered:
        pass


def _fin(packet: Packet, header: Header, transfer: Transfer) -> Iterator[Verdict]:
    number, before = header.seq, transfer.fin
    params: dict[str, Any] = {"number": number}
    wording = ""
    if before is not None:
        wording = "again"
        params |= {"silence": seconds(before, packet), "before": before.number}
    elif transfer.highest is not None and transfer.highest > transfer.acked:
        wording, params["missing"] = "early", transfer.acked + 1
    _end_burst(transfer)
    transfer.fin = packet
    yield Verdict(CLOSE_FIN, packet.number, params, (Evidence(packet.number, "labrdt.seq", number),), wording)


def _receiver_fin(packet: Packet, header: Header, transfer: Transfer) -> Iterator[Verdict]:
    yield Verdict(CLOSE_RECEIVER_FIN, packet.number, {}, (Evidence(packet.number, "labrdt.flags", header.flags),))


SENDER_STEPS = {0: _data, SYN: _syn, ACK: _sender_ack, FIN: _fin}
RECEIVER_STEPS = {SYN | ACK: _syn_ack, ACK: _ack, FIN | ACK: _receiver_fin}
"""What a packet with these flags does, by the side that sends it."""


def _summary(transfer: Transfer, about: int) -> Iterator[Verdict]:
    if not transfer.packets or transfer.began is None:
        return
    _end_burst(transfer)
    elapsed = (transfer.ended - transfer.began) / 1e9
    params = {
        "packets": transfer.packets,
        "size": transfer.bytes,
        "elapsed": elapsed,
        "goodput": round(transfer.bytes / elapsed) if elapsed > 0 else 0,
        "resends": transfer.resends,
        "flight": transfer.most_under_way,
        "window": transfer.window,
        "burst": transfer.mode_frame,
    }
    single = "stop-and-wait" if transfer.window == 1 else "unknown"
    mode = transfer.mode or ("pipelined" if transfer.most_under_way > 1 else single)
    yield Verdict(SUMMARY, about, params, (), mode)


@hookimpl
def labdissect_layers() -> list[Layer]:
    return [LABRDT]


@hookimpl
def labdissect_rules() -> list[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> list[BaseAnalyzer]:
    return [Labrdt()]
