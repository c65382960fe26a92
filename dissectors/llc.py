"""Logical Link Control and its SNAP extension, the payload of an IEEE 802.3 frame (IEEE 802.2)."""

from __future__ import annotations

from typing import Any

from construct import IfThenElse, Int8ub, Int16ub, Int16ul, Int24ub, Peek, Struct

from .layer import Layer, Text, When, bits, note, part

HEADER = "IEEE 802.2-1998 §3.2"
SNAP = "IEEE 802-2014 §9.5"
ETHERTYPE_OWNERS = (0x000000, 0x0000F8, 0x080007)
"""Organizations whose SNAP protocol number is an EtherType: none, Cisco's bridging, AppleTalk."""


def _unnumbered(header: Any) -> bool:
    """U frames have a control field of one byte, I and S frames of two (IEEE 802.2-1998 §5.2)."""
    control: int = header._control if header.get("control") is None else header.control
    return control & 3 == 3


def _is_snap(header: Any) -> bool:
    return bool(header.dsap & 0xFE == 0xAA and header.ssap & 0xFE == 0xAA and header.control == 3)


def _is_ethertype(header: Any) -> bool:
    return _is_snap(header) and header.oui in ETHERTYPE_OWNERS


LAYER = Layer(
    name="llc",
    title=Text("Logical Link Control", "逻辑链路控制（LLC）"),
    source="IEEE 802.2",
    over=(("ethertype", "llc"),),
    selects=("ethertype", "type"),
    struct=Struct(
        *bits(
            "_dsap",
            Int8ub,
            part(
                "dsap",
                0,
                8,
                note(
                    "service access point of the receiver: 0x42 spanning tree, 0xaa SNAP",
                    "目的服务访问点：0x42 生成树，0xaa SNAP",
                    HEADER,
                    base=16,
                ),
            ),
            part("dsap.ig", 0, 1, note("a group of access points", "组地址", HEADER)),
        ),
        *bits(
            "_ssap",
            Int8ub,
            part("ssap", 0, 8, note("service access point of the sender", "源服务访问点", HEADER, base=16)),
            part("ssap.cr", 0, 1, note("a response, else a command", "响应（否则为命令）", HEADER)),
        ),
        "_control" / Peek(Int8ub),
        "control"
        / IfThenElse(_unnumbered, Int8ub, Int16ul)
        * note(
            "kind of frame; 0x03 is unnumbered information",
            "控制字段；0x03 为无编号信息帧",
            "IEEE 802.2-1998 §5.2",
            base=16,
        ),
        "oui"
        / When(_is_snap, Int24ub)
        * note("whose protocol number follows; 0: an EtherType", "其后协议号所属的机构；0 表示 EtherType", SNAP),
        "type"
        / When(_is_ethertype, Int16ub)
        * note("protocol of the payload (EtherType)", "上层协议类型（EtherType）", SNAP, base=16),
        "pid"
        / When(lambda header: _is_snap(header) and not _is_ethertype(header), Int16ub)
        * note("protocol of the payload, numbered by the organization", "上层协议号（由机构定义）", SNAP, base=16),
    ),
)
