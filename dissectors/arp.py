"""The Address Resolution Protocol (RFC 826)."""

from __future__ import annotations

from typing import Any

from construct import Bytes, Construct, Int8ub, Int16ub, Struct

from .layer import Derived, Ipv4Address, Layer, MacAddress, Text, When, note

PACKET = "RFC 826, Packet format"
IPV4 = 0x0800
HARDWARE_WITH_MAC = (1, 6)
"""Ethernet and IEEE 802 networks."""


def _is_mac(header: Any) -> bool:
    return bool(header["hw.type"] in HARDWARE_WITH_MAC and header["hw.size"] == 6)


def _is_ipv4(header: Any) -> bool:
    return bool(header["proto.type"] == IPV4 and header["proto.size"] == 4)


def _addresses(who: str, hardware: tuple[str, str], protocol: tuple[str, str]) -> list[Construct]:
    """Both addresses of one side; tshark names them differently when they are not MAC and IPv4."""
    return [
        f"{who}.hw_mac" / When(_is_mac, MacAddress) * note(*hardware, PACKET),
        f"{who}.hw"
        / When(lambda header: not _is_mac(header) and header["hw.size"], Bytes(lambda header: header["hw.size"]))
        * note(*hardware, PACKET),
        f"{who}.proto_ipv4" / When(_is_ipv4, Ipv4Address) * note(*protocol, PACKET),
        f"{who}.proto"
        / When(lambda header: not _is_ipv4(header) and header["proto.size"], Bytes(lambda header: header["proto.size"]))
        * note(*protocol, PACKET),
    ]


LAYER = Layer(
    name="arp",
    title=Text("Address Resolution Protocol", "地址解析协议（ARP）"),
    source="RFC 826",
    over=(("ethertype", 0x0806), ("ethertype", 0x8035)),
    struct=Struct(
        "hw.type" / Int16ub * note("kind of hardware address: 1 Ethernet", "硬件类型：1 为以太网", PACKET),
        "proto.type"
        / Int16ub
        * note("kind of protocol address: 0x0800 IPv4", "协议类型：0x0800 为 IPv4", PACKET, base=16),
        "hw.size" / Int8ub * note("bytes of a hardware address", "硬件地址长度，字节", PACKET),
        "proto.size" / Int8ub * note("bytes of a protocol address", "协议地址长度，字节", PACKET),
        "opcode" / Int16ub * note("1 request, 2 reply", "操作：1 请求，2 应答", PACKET),
        *_addresses(
            "src",
            ("hardware address of the sender", "发送方硬件地址"),
            ("IP address of the sender; 0.0.0.0 in a probe", "发送方 IP 地址；探测时为 0.0.0.0"),
        ),
        *_addresses(
            "dst",
            ("hardware address of the target; zero in a request", "目标硬件地址；请求时为 0"),
            ("IP address that is asked for", "目标（被询问的）IP 地址"),
        ),
    ),
    derived=(
        Derived(
            "isgratuitous",
            bool,
            note("sender and target IP are the same", "免费 ARP：发送方与目标 IP 相同", "RFC 5944 §4.6"),
        ),
        Derived(
            "isprobe",
            bool,
            note(
                "asks whether somebody has the address already",
                "ARP 探测：询问地址是否已被使用",
                "RFC 5227 §2.1.1",
            ),
        ),
        Derived(
            "isannouncement",
            bool,
            note("says that the sender now uses the address", "ARP 通告：宣布开始使用该地址", "RFC 5227 §2.3"),
        ),
        Derived(
            "duplicate-address-frame",
            int,
            note("earlier frame in which another had this address", "先前使用该地址的帧号"),
        ),
    ),
)
