"""Ethernet: Ethernet II, where two bytes name the payload's protocol, and IEEE 802.3, where they tell its length."""

from __future__ import annotations

from construct import Int16ub, Peek, Struct, this

from .layer import Derived, Layer, MacAddress, Rebuilt, Text, When, Worked, note

HEADER = "IEEE 802.3-2022 §3.2"
SMALLEST_TYPE = 0x0600
"""Values from here on are types, smaller ones are lengths (IEEE 802.3-2022 §3.2.6)."""

LAYER = Layer(
    name="eth",
    title=Text("Ethernet", "以太网"),
    source="IEEE 802.3",
    over=(("wtap_encap", 1), ("gre.proto", 0x6558), ("vxlan.next_proto", 3)),
    selects=("ethertype", "_next"),
    payload_length=lambda header: header["len"],
    struct=Struct(
        "dst" / MacAddress * note("address of the receiver", "目的 MAC 地址", HEADER),
        "src" / MacAddress * note("address of the sender", "源 MAC 地址", HEADER),
        "_kind" / Rebuilt(Peek(Int16ub), lambda header: header.len if header.get("type") is None else header.type),
        "type"
        / When(this._kind >= SMALLEST_TYPE, Int16ub)
        * note("protocol of the payload (EtherType)", "上层协议类型（EtherType）", "IEEE 802.3-2022 §3.2.6", base=16),
        "len"
        / When(this._kind < SMALLEST_TYPE, Int16ub)
        * note(
            "bytes of payload, padding not counted (IEEE 802.3)",
            "数据长度，字节，不含填充（IEEE 802.3）",
            "IEEE 802.3-2022 §3.2.6",
        ),
        "_next" / Worked(lambda header: "llc" if header.type is None else header.type),
    ),
    derived=(
        Derived(
            "dst.ig",
            bool,
            note(
                "the receiver is a group (multicast, broadcast)", "目的地址是组地址（多播或广播）", "IEEE 802-2014 §8.2"
            ),
        ),
        Derived(
            "dst.lg",
            bool,
            note("the receiver's address is locally administered", "目的地址由本地管理", "IEEE 802-2014 §8.2"),
        ),
        Derived(
            "src.ig",
            bool,
            note(
                "the sender's address is a group's, which is an error", "源地址是组地址（错误）", "IEEE 802-2014 §8.2"
            ),
        ),
        Derived(
            "src.lg",
            bool,
            note("the sender's address is locally administered", "源地址由本地管理", "IEEE 802-2014 §8.2"),
        ),
        Derived(
            "padding",
            bytes,
            note(
                "bytes that fill the frame up to its minimum of 60",
                "填充字节，使帧达到最小长度 60",
                "IEEE 802.3-2022 §3.2.8",
            ),
        ),
        Derived("trailer", bytes, note("bytes after the payload", "数据之后的尾部字节")),
        Derived(
            "fcs",
            int,
            note(
                "frame check sequence, where it was captured",
                "帧检验序列（若被捕获）",
                "IEEE 802.3-2022 §3.2.9",
                base=16,
            ),
        ),
    ),
)
