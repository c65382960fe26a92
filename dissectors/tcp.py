"""The TCP header and its options (RFC 9293 §3.1, §3.2)."""

from __future__ import annotations

from construct import Bytes, FixedSized, GreedyBytes, Int8ub, Int16ub, Int24ub, Int32ub, Struct, this

from .layer import Derived, Layer, Text, Worked, bits, note, part
from .options import Options, Several

HEADER = "RFC 9293 §3.1"

END_OF_OPTIONS, NO_OPERATION, MSS, WINDOW_SCALE, SACK_PERMITTED, SACK, TIMESTAMPS = 0, 1, 2, 3, 4, 5, 8
MD5, USER_TIMEOUT, AUTHENTICATION, MULTIPATH, FAST_OPEN = 19, 28, 29, 30, 34
ACCURATE_ECN_0, ACCURATE_ECN_1, EXPERIMENT_1, EXPERIMENT_2 = 172, 174, 253, 254

_BLOCKS = Several(Struct("left" / Int32ub, "right" / Int32ub), 8)
_COUNTERS = Struct("counters" / Several(Int24ub, 3), "rest" / GreedyBytes)
_EXPERIMENT = Struct("exid" / Int16ub, "data" / GreedyBytes)

OPTIONS = Options(
    {
        MSS: Struct("mss_val" / Int16ub),
        WINDOW_SCALE: Struct("shift" / Int8ub),
        SACK_PERMITTED: Struct(),
        SACK: Struct("blocks" / _BLOCKS, "rest" / GreedyBytes),
        TIMESTAMPS: Struct("tsval" / Int32ub, "tsecr" / Int32ub),
        MD5: Struct("digest" / Bytes(16)),
        USER_TIMEOUT: Struct("timeout" / Int16ub),
        AUTHENTICATION: Struct("keyid" / Int8ub, "rnextkeyid" / Int8ub, "mac" / GreedyBytes),
        MULTIPATH: Struct("subtype_version" / Int8ub, "content" / GreedyBytes),
        FAST_OPEN: Struct("cookie" / GreedyBytes),
        ACCURATE_ECN_0: _COUNTERS,
        ACCURATE_ECN_1: _COUNTERS,
        EXPERIMENT_1: _EXPERIMENT,
        EXPERIMENT_2: _EXPERIMENT,
    },
    counted=2,
    single=frozenset({END_OF_OPTIONS, NO_OPERATION}),
    end=END_OF_OPTIONS,
)
"""Options by the numbers of IANA's "TCP Option Kind Numbers"; the length counts kind and length too."""

LAYER = Layer(
    name="tcp",
    title=Text("Transmission Control Protocol", "传输控制协议"),
    source="RFC 9293",
    over=(("ip.proto", 6),),
    selects=("tcp.port", "_ports"),
    struct=Struct(
        "srcport" / Int16ub * note("port of the sender", "源端口", HEADER),
        "dstport" / Int16ub * note("port of the receiver", "目的端口", HEADER),
        "seq_raw"
        / Int32ub
        * note(
            "number of the first byte of this segment (of the SYN itself, when SYN is set)",
            "本报文段第一个字节的序号（SYN 置位时为 SYN 本身的序号）",
            HEADER,
        ),
        "ack_raw"
        / Int32ub
        * note(
            "the next number that the sender expects; valid only when ACK is set",
            "期望收到的下一个字节的序号；仅当 ACK 置位时有效",
            HEADER,
        ),
        *bits(
            "_offset_flags",
            Int16ub,
            part(
                "hdr_len",
                12,
                4,
                note("header length in bytes (data offset × 4)", "首部长度，字节（数据偏移 × 4）", HEADER),
                scale=4,
            ),
            part("flags", 0, 12, note("control bits", "控制位", HEADER, base=16)),
            part("flags.res", 9, 3, note("reserved, zero", "保留，为 0", HEADER), flag=True),
            part(
                "flags.ae",
                8,
                1,
                note("accurate ECN (once NS)", "精确 ECN（旧称 NS）", "RFC 9768", once="tcp.flags.ns"),
            ),
            part("flags.cwr", 7, 1, note("congestion window reduced", "拥塞窗口已减小", "RFC 3168 §6.1")),
            part(
                "flags.ece",
                6,
                1,
                note("echo of a congestion mark", "回送拥塞标记", "RFC 3168 §6.1", once="tcp.flags.ecn"),
            ),
            part("flags.urg", 5, 1, note("the urgent pointer is valid", "紧急指针有效", HEADER)),
            part("flags.ack", 4, 1, note("the acknowledgment number is valid", "确认号有效", HEADER)),
            part("flags.push", 3, 1, note("deliver to the program now", "尽快交付给应用程序", HEADER)),
            part("flags.reset", 2, 1, note("abort the connection", "复位连接", HEADER)),
            part("flags.syn", 1, 1, note("open: synchronize sequence numbers", "建立连接：同步序号", HEADER)),
            part("flags.fin", 0, 1, note("the sender has no more data", "发送方不再有数据", HEADER)),
        ),
        "window_size_value"
        / Int16ub
        * note("receive window as sent, not yet scaled", "接收窗口（报文中的值，未乘扩大因子）", HEADER),
        "checksum"
        / Int16ub
        * note("over pseudo header, header and data", "伪首部、首部和数据的检验和", HEADER, base=16),
        "urgent_pointer" / Int16ub * note("end of urgent data, counted from this segment", "紧急指针", HEADER),
        "options"
        / FixedSized(this.hdr_len - 20, OPTIONS)
        * note("options, padded to a multiple of 4 bytes", "选项，填充到 4 字节的整数倍", "RFC 9293 §3.2"),
        "_ports" / Worked(lambda header: sorted((header.srcport, header.dstport))),
    ),
    derived=(
        Derived("stream", int, note("number that Wireshark gives the connection", "Wireshark 给连接的编号"), "dstport"),
        Derived("len", int, note("bytes of data in this segment", "本报文段的数据字节数"), "stream"),
        Derived("seq", int, note("sequence number relative to the first seen", "相对序号"), "len"),
        Derived("nxtseq", int, note("relative number after this segment", "本报文段之后的相对序号"), "seq_raw"),
        Derived("ack", int, note("acknowledgment number relative to the peer's first", "相对确认号"), "nxtseq"),
        Derived(
            "window_size",
            int,
            note("receive window in bytes, scaled", "接收窗口，字节（已乘扩大因子）"),
            "window_size_value",
        ),
        Derived(
            "window_size_scalefactor",
            int,
            note("−1 unknown, −2 no scaling, else the factor", "−1 未知，−2 不扩大，否则为因子"),
            "window_size",
        ),
        Derived("checksum.status", int, note("0 bad, 1 good, 2 not checked", "0 错误，1 正确，2 未检验"), "checksum"),
        Derived("payload", bytes, note("the data", "数据")),
    ),
)
