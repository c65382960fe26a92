"""Generic Routing Encapsulation (RFC 2784, RFC 2890), with what RFC 1701 and PPTP (RFC 2637) put into it."""

from __future__ import annotations

from construct import Bytes, Int8ub, Int16ub, Int32ub, RepeatUntil, Struct, this

from .layer import Derived, Layer, Text, When, bits, note, part

HEADER = "RFC 2784 §2"
KEY_AND_SEQUENCE = "RFC 2890 §2"
PPTP = "RFC 2637 §4.1"
PPP = 0x880B

_SOURCE_ROUTE = RepeatUntil(
    lambda entry, entries, context: entry.src_length == 0,
    Struct(
        "address_family" / Int16ub,
        "sre_offset" / Int8ub,
        "src_length" / Int8ub,
        "information" / Bytes(this.src_length),
    ),
)

LAYER = Layer(
    name="gre",
    title=Text("Generic Routing Encapsulation", "通用路由封装（GRE）"),
    source="RFC 2784",
    over=(("ip.proto", 47),),
    selects=("gre.proto", "proto"),
    struct=Struct(
        *bits(
            "_flags",
            Int16ub,
            part("flags_and_version", 0, 16, note("flags and version", "标志与版本", HEADER, base=16)),
            part("flags.checksum", 15, 1, note("a checksum follows", "带有检验和", HEADER)),
            part("flags.routing", 14, 1, note("source routes follow (obsolete)", "带有源路由（已废弃）", "RFC 1701")),
            part("flags.key", 13, 1, note("a key follows", "带有密钥字段", KEY_AND_SEQUENCE)),
            part("flags.sequence_number", 12, 1, note("a sequence number follows", "带有序号", KEY_AND_SEQUENCE)),
            part(
                "flags.strict_source_route",
                11,
                1,
                note("strict source route (obsolete)", "严格源路由（已废弃）", "RFC 1701"),
            ),
            part(
                "flags.recursion_control",
                8,
                3,
                note("further encapsulations allowed (obsolete)", "允许的再封装次数（已废弃）", "RFC 1701"),
            ),
            part("flags.ack", 7, 1, note("an acknowledgment number follows (version 1)", "带有确认号（版本 1）", PPTP)),
            part("flags.version", 0, 3, note("0; 1 with PPTP", "版本：0；PPTP 为 1", HEADER)),
        ),
        "proto" / Int16ub * note("protocol of the payload (EtherType)", "载荷的协议类型（EtherType）", HEADER, base=16),
        "checksum"
        / When(this["flags.checksum"] | this["flags.routing"], Int16ub)
        * note("over header and payload", "首部与载荷的检验和", HEADER, base=16),
        "offset"
        / When(this["flags.checksum"] | this["flags.routing"], Int16ub)
        * note("where the active source route begins; else zero", "当前源路由的偏移，否则为 0", "RFC 1701"),
        "key"
        / When(this["flags.key"] & (this.proto != PPP), Int32ub)
        * note("tells flows of a tunnel apart", "密钥：区分隧道内的流", KEY_AND_SEQUENCE, base=16),
        "key.payload_length"
        / When(this["flags.key"] & (this.proto == PPP), Int16ub)
        * note("bytes of payload", "载荷长度，字节", PPTP),
        "key.call_id"
        / When(this["flags.key"] & (this.proto == PPP), Int16ub)
        * note("the peer's number of the session", "对端的会话编号", PPTP),
        "sequence_number"
        / When(this["flags.sequence_number"], Int32ub)
        * note("number of this packet", "序号", KEY_AND_SEQUENCE),
        "ack_number"
        / When(this["flags.ack"] & (this["flags.version"] == 1), Int32ub)
        * note("highest number received", "确认号：已收到的最大序号", PPTP),
        "_routes" / When(this["flags.routing"], _SOURCE_ROUTE),
    ),
    derived=(Derived("checksum.status", int, note("0 bad, 1 good, 2 not checked", "0 错误，1 正确，2 未检验")),),
)
