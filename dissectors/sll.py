"""Linux cooked capture, what a capture on the interface ``any`` has for a link header (LINUX_SLL of libpcap).

tshark calls its second version ``sll`` as well: fields of both are decoded by ``sll``, bytes of the second by ``sll2``.
"""

from __future__ import annotations

from typing import Any

from construct import Bytes, Construct, Int8ub, Int16ub, Int32ub, Struct, this

from .eth import SMALLEST_TYPE
from .layer import Derived, Ipv4Address, Layer, MacAddress, Rebuilt, Text, When, Worked, note

VERSION_1 = "tcpdump.org LINKTYPE_LINUX_SLL"
VERSION_2 = "tcpdump.org LINKTYPE_LINUX_SLL2"
GRE_DEVICE = 778
LOGICAL_LINK_CONTROL = 4

_PACKET_TYPE = note(
    "0 to us, 1 broadcast, 2 multicast, 3 to another, 4 sent by us",
    "0 发给本机，1 广播，2 多播，3 发给他人，4 本机发出",
    VERSION_1,
    name="sll.pkttype",
)
_DEVICE_TYPE = note(
    "ARPHRD number of the device: 1 Ethernet, 772 loopback",
    "设备类型（ARPHRD）：1 以太网，772 环回",
    VERSION_1,
    name="sll.hatype",
)
_ADDRESS_SIZE = note("bytes of the sender's address", "发送方地址长度，字节", VERSION_1, name="sll.halen")
_INTERFACE = note("the kernel's number of the interface", "接口在内核中的编号", VERSION_2, name="sll.ifindex")


def _address() -> list[Construct]:
    """Eight bytes that hold the address of the sender, as long as ``halen`` says."""
    address = "address of the sender", "发送方地址", VERSION_1
    return [
        "src.eth" / When(this.halen == 6, MacAddress) * note(*address, name="sll.src.eth"),
        "src.ipv4" / When(this.halen == 4, Ipv4Address) * note(*address, name="sll.src.ipv4"),
        "src.other"
        / When(
            (this.halen == 5) | (this.halen > 6) | ((this.halen > 0) & (this.halen < 4)),
            Bytes(lambda header: min(header.halen, 8)),
        )
        * note(*address, name="sll.src.other"),
        "unused"
        / When(this.halen < 8, Bytes(8 - this.halen))
        * note("rest of the address's room", "地址字段的剩余字节", VERSION_1, name="sll.unused"),
    ]


def _protocol_name(header: Any) -> str:
    """What tshark calls the protocol number of this header."""
    if header._protocol < SMALLEST_TYPE:
        return "ltype"
    return "gretype" if header.hatype == GRE_DEVICE else "etype"


def _protocol(name: str, en: str, zh: str) -> Construct:
    value = Worked(lambda header: header._protocol if _protocol_name(header) == name else None, Int16ub)
    return name / value * note(en, zh, VERSION_1, base=16, name=f"sll.{name}")


_WIRE_PROTOCOL = "_protocol" / Rebuilt(
    Int16ub, lambda header: next(header[name] for name in ("etype", "ltype", "gretype") if header.get(name) is not None)
)
_PROTOCOL = (
    _protocol("etype", "protocol of the payload (EtherType)", "上层协议类型（EtherType）"),
    _protocol("ltype", "protocol of the payload, the kernel's number: 4 LLC", "上层协议类型（内核编号）：4 为 LLC"),
    _protocol(
        "gretype", "protocol of the payload (EtherType), from a GRE device", "上层协议类型（EtherType），来自 GRE 设备"
    ),
    "_next" / Worked(lambda header: "llc" if header.ltype == LOGICAL_LINK_CONTROL else header.etype or header.gretype),
)

COOKED = Layer(
    name="sll",
    title=Text("Linux cooked capture", "Linux cooked 捕获"),
    source=VERSION_1,
    over=(("wtap_encap", 25),),
    selects=("ethertype", "_next"),
    struct=Struct(
        "pkttype" / Int16ub * _PACKET_TYPE,
        "hatype" / Int16ub * _DEVICE_TYPE,
        "halen" / Int16ub * _ADDRESS_SIZE,
        *_address(),
        _WIRE_PROTOCOL,
        *_PROTOCOL,
    ),
    derived=(Derived("ifindex", int, _INTERFACE),),
)

COOKED_2 = Layer(
    name="sll2",
    title=Text("Linux cooked capture, version 2", "Linux cooked 捕获，第 2 版"),
    source=VERSION_2,
    over=(("wtap_encap", 210),),
    selects=("ethertype", "_next"),
    struct=Struct(
        _WIRE_PROTOCOL,
        "_reserved" / Int16ub,
        "ifindex" / Int32ub * _INTERFACE,
        "hatype" / Int16ub * _DEVICE_TYPE,
        "pkttype" / Int8ub * _PACKET_TYPE,
        "halen" / Int8ub * _ADDRESS_SIZE,
        *_address(),
        *_PROTOCOL,
    ),
)

LAYERS = [COOKED, COOKED_2]
