"""What tshark says of the packet as a whole. No byte of the packet holds it."""

from __future__ import annotations

from construct import Struct

from .layer import Derived, Layer, Text, Time, note

LAYER = Layer(
    name="frame",
    title=Text("Frame", "帧"),
    source="Wireshark",
    struct=Struct(),
    selects=("wtap_encap", "encap_type"),
    derived=(
        Derived("number", int, note("the packet's number in the capture, from 1", "分组在捕获文件中的编号，从 1 开始")),
        Derived(
            "time_epoch",
            Time,
            note("when it was captured, seconds since 1970 UTC", "捕获时刻：自 1970 年 UTC 起的秒数"),
        ),
        Derived("time_relative", float, note("seconds since the first packet", "距第一个分组的秒数")),
        Derived("time_delta", float, note("seconds since the packet before", "距前一个分组的秒数")),
        Derived("len", int, note("bytes on the wire", "链路上的长度，字节")),
        Derived(
            "cap_len",
            int,
            note("bytes captured; fewer when the snapshot length cut it", "捕获的长度，字节；被快照长度截断时较小"),
        ),
        Derived("protocols", str, note("names of its protocols, outermost first", "协议栈，从最外层开始")),
        Derived(
            "encap_type",
            int,
            note(
                "link type: 1 Ethernet, 7 raw IP, 25 and 210 Linux cooked",
                "链路类型：1 以太网，7 原始 IP，25 与 210 Linux cooked",
            ),
        ),
        Derived("section_number", int, note("section of the pcapng file", "pcapng 文件的节编号")),
        Derived("interface_id", int, note("number of the interface it was captured on", "捕获接口的编号")),
        Derived("interface_name", str, note("name of the interface it was captured on", "捕获接口的名称")),
        Derived("marked", bool, note("marked by somebody in Wireshark", "在 Wireshark 中被标记")),
        Derived("ignored", bool, note("set to be ignored in Wireshark", "在 Wireshark 中被忽略")),
        Derived("comment", str, note("comment that the capture file holds for it", "捕获文件中对该分组的注释")),
    ),
)
