"""The UDP header (RFC 768)."""

from __future__ import annotations

from construct import Int16ub, Struct

from .layer import Derived, Layer, Text, Worked, note

HEADER = "RFC 768"

LAYER = Layer(
    name="udp",
    title=Text("User Datagram Protocol", "用户数据报协议"),
    source="RFC 768",
    over=(("ip.proto", 17),),
    selects=("udp.port", "_ports"),
    payload_length=lambda header: header.length - 8 if header.length else None,
    struct=Struct(
        "srcport"
        / Int16ub
        * note("port of the sender, 0 when no answer is expected", "源端口；不需要回复时可为 0", HEADER),
        "dstport" / Int16ub * note("port of the receiver", "目的端口", HEADER),
        "length" / Int16ub * note("bytes of header and data, at least 8", "首部和数据的总长度，字节，至少为 8", HEADER),
        "checksum"
        / Int16ub
        * note(
            "over pseudo header, header and data; 0 means none (IPv4 only)",
            "伪首部、首部和数据的检验和；0 表示未计算（仅 IPv4）",
            HEADER,
            base=16,
        ),
        "_ports" / Worked(lambda header: sorted((header.srcport, header.dstport))),
    ),
    derived=(
        Derived("stream", int, note("number that Wireshark gives the exchange", "Wireshark 给会话的编号")),
        Derived(
            "checksum.status",
            int,
            note("0 bad, 1 good, 2 not checked, 3 not given", "0 错误，1 正确，2 未检验，3 未提供"),
        ),
        Derived(
            "time_relative", float, note("seconds since the first datagram of the exchange", "距会话第一个数据报的秒数")
        ),
        Derived(
            "time_delta", float, note("seconds since the datagram before in the exchange", "距会话前一个数据报的秒数")
        ),
        Derived("payload", bytes, note("the data", "数据")),
    ),
)
