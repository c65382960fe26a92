"""The Dynamic Host Configuration Protocol (RFC 2131) and its options (RFC 2132)."""

from __future__ import annotations

from typing import Any

from construct import Bytes, GreedyBytes, Int8ub, Int16ub, Int32ub, Struct, this

from .layer import Derived, Fields, Ipv4Address, Layer, MacAddress, Text, When, bits, note, part
from .options import All, Options
from .pieces import Pieces
from .text import text_of

MESSAGE = "RFC 2131 §2"
OPTION = "RFC 2132"

PAD, END = 0, 255
ETHERNET = 1

_ADDRESSES = All(Ipv4Address)

OPTIONS = Options(
    {
        1: Struct("subnet_mask" / Ipv4Address),
        3: Struct("router" / _ADDRESSES),
        6: Struct("domain_name_server" / _ADDRESSES),
        12: Struct("hostname" / text_of()),
        15: Struct("domain_name" / text_of()),
        26: Struct("interface_mtu" / Int16ub),
        28: Struct("broadcast_address" / Ipv4Address),
        42: Struct("ntp_server" / _ADDRESSES),
        50: Struct("requested_ip_address" / Ipv4Address),
        51: Struct("ip_address_lease_time" / Int32ub),
        53: Struct("dhcp" / Int8ub),
        54: Struct("dhcp_server_id" / Ipv4Address),
        55: Struct("request_list_item" / All(Int8ub)),
        56: Struct("message" / text_of()),
        57: Struct("dhcp_max_message_size" / Int16ub),
        58: Struct("renewal_time_value" / Int32ub),
        59: Struct("rebinding_time_value" / Int32ub),
        60: Struct("vendor_class_id" / text_of()),
        61: Struct("client_id" / GreedyBytes),
    },
    names=("type", "length"),
    single=frozenset({PAD, END}),
    end=END,
)
"""Options with the names that tshark has for them (RFC 2132, and IANA's list)."""


def assemble(fields: Fields) -> dict[str, Any]:
    """The options, from their types and the bytes of their values."""
    pieces = Pieces(fields, "dhcp_option_")
    found: list[dict[str, Any]] = []
    while pieces.left("type"):
        kind = pieces.integer("type") or PAD
        if kind == PAD and not pieces.left("type") and "dhcp_option_end" in fields:
            kind = END  # tshark prints the type of the end as 0
        option: dict[str, Any] = {"type": kind}
        if kind not in (PAD, END):
            option["length"], value = pieces.integer("length"), pieces.octets("value")
            if value is None and option["length"] == 0:
                value = b""
            option["value"] = None if value is None else OPTIONS.values.parse(kind, value)
        found.append(option)
    return {"options": {"list": found}} if found else {}


_IS_MAC = (this["hw.type"] == ETHERNET) & (this["hw.len"] == 6)

LAYER = Layer(
    name="dhcp",
    title=Text("Dynamic Host Configuration Protocol", "动态主机配置协议（DHCP）"),
    source="RFC 2131",
    over=(("udp.port", 67), ("udp.port", 68)),
    assemble=assemble,
    pieces=("dhcp.option.type", "dhcp.option.length", "dhcp.option.value", "dhcp.option.end"),
    struct=Struct(
        "type" / Int8ub * note("1 from a client, 2 from a server", "1 客户端请求，2 服务器应答", MESSAGE),
        "hw.type" / Int8ub * note("kind of hardware address: 1 Ethernet", "硬件类型：1 为以太网", MESSAGE, base=16),
        "hw.len" / Int8ub * note("bytes of the hardware address", "硬件地址长度，字节", MESSAGE),
        "hops" / Int8ub * note("relay agents passed", "经过的中继代理数", MESSAGE),
        "id"
        / Int32ub
        * note("the same in all messages of one transaction", "事务标识：同一次交互中相同", MESSAGE, base=16),
        "secs" / Int16ub * note("seconds since the client began", "客户端开始申请以来的秒数", MESSAGE),
        *bits(
            "_flags",
            Int16ub,
            part("flags", 0, 16, note("flags", "标志", MESSAGE, base=16)),
            part("flags.bc", 15, 1, note("answer by broadcast", "要求广播应答", MESSAGE)),
        ),
        "ip.client" / Ipv4Address * note("address that the client has already", "客户端已有的 IP 地址", MESSAGE),
        "ip.your" / Ipv4Address * note("address that the server gives", "分配给客户端的 IP 地址", MESSAGE),
        "ip.server" / Ipv4Address * note("next server to use in booting", "启动时使用的下一台服务器地址", MESSAGE),
        "ip.relay" / Ipv4Address * note("address of the relay agent", "中继代理的 IP 地址", MESSAGE),
        "hw.mac_addr" / When(_IS_MAC, MacAddress) * note("hardware address of the client", "客户端硬件地址", MESSAGE),
        "hw.addr"
        / When((this["hw.len"] != 0) & ((this["hw.type"] != ETHERNET) | (this["hw.len"] != 6)), Bytes(this["hw.len"]))
        * note("hardware address of the client", "客户端硬件地址", MESSAGE),
        "hw.addr_padding"
        / Bytes(16 - this["hw.len"])
        * note("rest of the address's room", "硬件地址字段的剩余字节", MESSAGE),
        "server" / text_of(64) * note("name of the server", "服务器主机名", MESSAGE),
        "file" / text_of(128) * note("name of the boot file", "启动文件名", MESSAGE),
        "cookie" / Ipv4Address * note("99.130.83.99: options follow", "魔术字 99.130.83.99：其后为选项", "RFC 2131 §3"),
        "options"
        / OPTIONS
        * note(
            "options; 53 tells the kind of message: 1 discover, 2 offer, 3 request, 5 ack",
            "选项；53 为报文类型：1 发现，2 提供，3 请求，5 确认",
            OPTION,
        ),
    ),
    derived=(
        Derived(
            "option.dhcp",
            int,
            note(
                "kind of message: 1 discover, 2 offer, 3 request, 4 decline, 5 ack, 6 nak, 7 release, 8 inform",
                "报文类型：1 发现，2 提供，3 请求，4 拒绝，5 确认，6 否认，7 释放，8 通知",
                "RFC 2132 §9.6",
            ),
        ),
    ),
)
