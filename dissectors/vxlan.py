"""Virtual eXtensible LAN: Ethernet in UDP (RFC 7348 §5)."""

from __future__ import annotations

from construct import Computed, Int8ub, Int16ub, Int24ub, Struct

from .layer import Layer, Text, bits, note, part

HEADER = "RFC 7348 §5"
GROUP_POLICY = "draft-smith-vxlan-group-policy §2.1"
ETHERNET = 3

LAYER = Layer(
    name="vxlan",
    title=Text("Virtual eXtensible LAN", "虚拟扩展局域网（VXLAN）"),
    source="RFC 7348",
    over=(("udp.port", 4789),),
    selects=("vxlan.next_proto", "_next"),
    struct=Struct(
        *bits(
            "_flags",
            Int16ub,
            part("flags", 0, 16, note("flags", "标志", HEADER, base=16)),
            part("flag_g", 15, 1, note("a group policy is given", "带有组策略", GROUP_POLICY)),
            part("flag_i", 11, 1, note("the network identifier is valid", "网络标识有效", HEADER)),
            part("flag_d", 6, 1, note("do not learn the source address", "不学习源地址", GROUP_POLICY)),
            part("flag_a", 3, 1, note("the policy was applied already", "策略已应用", GROUP_POLICY)),
        ),
        "gbp" / Int16ub * note("group of the sender", "组策略标识", GROUP_POLICY),
        "vni" / Int24ub * note("number of the virtual network", "虚拟网络标识（VNI）", HEADER),
        "reserved8" / Int8ub * note("reserved, zero", "保留，为 0", HEADER),
        "_next" / Computed(ETHERNET),
    ),
)
