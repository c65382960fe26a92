"""The outer tag of a provider (IEEE 802.1ad, "QinQ"; now part of IEEE 802.1Q).

Two of these in a row tshark shows as one layer with the numbers ``svid`` and ``cvid``; here they are two.
"""

from __future__ import annotations

from construct import Int16ub, Struct

from .layer import Layer, Text, bits, note, part

TAG = "IEEE 802.1Q-2022 §9.6"

LAYER = Layer(
    name="ieee8021ad",
    title=Text("Service VLAN tag", "服务 VLAN 标签（QinQ 外层）"),
    source="IEEE 802.1Q",
    over=(("ethertype", 0x88A8),),
    selects=("ethertype", "etype"),
    struct=Struct(
        *bits(
            "_tag",
            Int16ub,
            part("priority", 13, 3, note("priority code point, 7 first", "优先级，7 最高", TAG)),
            part("dei", 12, 1, note("may be dropped first", "可优先丢弃", TAG), flag=False),
            part("id", 0, 12, note("number of the provider's virtual LAN", "运营商虚拟局域网编号", TAG)),
        ),
        "etype" / Int16ub * note("protocol of the payload", "上层协议类型", TAG, base=16, name="ieee8021ah.etype"),
    ),
)
