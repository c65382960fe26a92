"""The VLAN tag (IEEE 802.1Q)."""

from __future__ import annotations

from construct import Int16ub, Peek, Struct, this

from .eth import SMALLEST_TYPE
from .layer import Layer, Rebuilt, Text, When, Worked, bits, note, part

TAG = "IEEE 802.1Q-2022 §9.6"

LAYER = Layer(
    name="vlan",
    title=Text("VLAN tag", "VLAN 标签"),
    source="IEEE 802.1Q",
    over=(("ethertype", 0x8100), ("ethertype", 0x9100)),
    selects=("ethertype", "_next"),
    payload_length=lambda header: header["len"],
    struct=Struct(
        *bits(
            "_tag",
            Int16ub,
            part("priority", 13, 3, note("priority code point, 7 first", "优先级，7 最高", TAG)),
            part("dei", 12, 1, note("may be dropped first", "可优先丢弃", TAG)),
            part("id", 0, 12, note("number of the virtual LAN", "虚拟局域网编号（VID）", TAG)),
        ),
        "_kind" / Rebuilt(Peek(Int16ub), lambda header: header.len if header.get("etype") is None else header.etype),
        "etype"
        / When(this._kind >= SMALLEST_TYPE, Int16ub)
        * note("protocol of the payload", "上层协议类型", TAG, base=16),
        "len"
        / When(this._kind < SMALLEST_TYPE, Int16ub)
        * note("bytes of payload (IEEE 802.3)", "数据长度，字节（IEEE 802.3）", TAG),
        "_next" / Worked(lambda header: "llc" if header.etype is None else header.etype),
    ),
)
