"""The IPv6 header and its extension headers (RFC 8200 §3, §4).

tshark nests the extension headers in ``ipv6``; in bytes they are a chain, each naming the next by the numbers of IPv4's
protocol field.
"""

from __future__ import annotations

from typing import Any

from construct import Array, Bytes, FixedSized, GreedyBytes, Int8ub, Int16ub, Int32ub, Struct, this

from .layer import Derived, Fields, Ipv6Address, Layer, Text, When, Worked, as_bytes, as_integer, bits, note, part
from .options import Options

HEADER = "RFC 8200 §3"
EXTENSION_HEADERS = "RFC 8200 §4"
OPTION = "RFC 8200 §4.2"
ROUTING_HEADER = "RFC 8200 §4.4"
FRAGMENT_HEADER = "RFC 8200 §4.5"

PAD1, PADN, ROUTER_ALERT, JUMBO = 0x00, 0x01, 0x05, 0xC2
SOURCE_ROUTE, HOME_ADDRESS, SEGMENTS = 0, 2, 4

OPTIONS = Options(
    {
        PADN: Struct("padn" / GreedyBytes),
        ROUTER_ALERT: Struct("router_alert" / Int16ub),
        JUMBO: Struct("jumbo" / Int32ub),
    },
    names=("type", "length"),
    single=frozenset({PAD1}),
)
"""Options of the hop-by-hop and of the destination options header."""

_NAMED = "what follows, numbered as IPv4's protocol field", "下一个首部（编号同 IPv4 的协议字段）"
_NEXT = note(*_NAMED, EXTENSION_HEADERS)
_LENGTH = note(
    "units of 8 bytes, the first not counted", "首部长度，以 8 字节为单位，不计最前面 8 字节", EXTENSION_HEADERS
)
_BYTES = Derived("len_oct", int, note("length in bytes", "首部长度，字节", EXTENSION_HEADERS))


def assemble_options(fields: Fields) -> dict[str, Any]:
    """The options of a hop-by-hop or destination options header."""
    lengths, pads = list(fields.get("ipv6_opt_length", ())), list(fields.get("ipv6_opt_padn", ()))
    alerts, jumbos = list(fields.get("ipv6_opt_router_alert", ())), list(fields.get("ipv6_opt_jumbo", ()))
    found: list[dict[str, Any]] = []
    for printed in fields.get("ipv6_opt_type", ()):
        option: dict[str, Any] = {"type": as_integer(printed)}
        found.append(option)
        if option["type"] == PAD1:
            continue
        option["length"] = as_integer(lengths.pop(0)) if lengths else None
        match option["type"]:
            case 0x01 if option["length"] == 0:
                option["value"] = {"padn": b""}
            case 0x01 if pads:
                option["value"] = {"padn": as_bytes(pads.pop(0))}
            case 0x05 if alerts:
                option["value"] = {"router_alert": as_integer(alerts.pop(0))}
            case 0xC2 if jumbos:
                option["value"] = {"jumbo": as_integer(jumbos.pop(0))}
    return {"options": {"list": found}} if found else {}


def assemble_routing(fields: Fields) -> dict[str, Any]:
    """The addresses of a routing header, which tshark repeats."""
    names = {"src.addr": "ipv6_routing_src_addr", "srh.addr": "ipv6_routing_srh_addr"}
    return {member: [str(one) for one in fields[name]] for member, name in names.items() if name in fields}


def _options_header(name: str, title: Text, number: int, source: str) -> Layer:
    return Layer(
        name=name,
        title=title,
        source=source,
        over=(("ip.proto", number),),
        selects=("ip.proto", "nxt"),
        assemble=assemble_options,
        pieces=tuple(f"ipv6.opt.{piece}" for piece in ("type", "length", "padn", "router_alert", "jumbo")),
        struct=Struct(
            "nxt" / Int8ub * _NEXT,
            "len" / Int8ub * _LENGTH,
            "options"
            / FixedSized(this.len * 8 + 6, OPTIONS)
            * note("options, padded to a multiple of 8 bytes", "选项，填充到 8 字节的整数倍", OPTION),
        ),
        derived=(_BYTES,),
    )


IPV6 = Layer(
    name="ipv6",
    title=Text("Internet Protocol version 6", "网际协议第 6 版（IPv6）"),
    source="RFC 8200",
    over=(
        ("ethertype", 0x86DD),
        ("ip.proto", 41),
        ("gre.proto", 0x86DD),
        ("wtap_encap", 130),
        # BSD systems do not agree on the number of AF_INET6
        *(("null.family", family) for family in (24, 28, 30)),
    ),
    selects=("ip.proto", "nxt"),
    payload_length=lambda header: header.plen or None,
    struct=Struct(
        *bits(
            "_version_class_flow",
            Int32ub,
            part("version", 28, 4, note("version of IP: 6", "版本号，为 6", HEADER)),
            part(
                "tclass",
                20,
                8,
                note("differentiated services and ECN", "流量类别：区分服务与 ECN", "RFC 8200 §7", base=16),
            ),
            part("tclass.dscp", 22, 6, note("class of service (DSCP)", "区分服务码点（DSCP）", "RFC 2474 §3")),
            part(
                "tclass.ecn",
                20,
                2,
                note(
                    "congestion: 0 not capable, 1 and 2 capable, 3 experienced",
                    "显式拥塞通知：0 不支持，1 和 2 支持，3 经历拥塞",
                    "RFC 3168 §5",
                ),
            ),
            part(
                "flow",
                0,
                20,
                note("the same for all packets of a flow", "流标号：同一流的分组相同", "RFC 6437 §2", base=16),
            ),
        ),
        "plen"
        / Int16ub
        * note(
            "bytes after this header, extension headers counted", "有效载荷长度：本首部之后的字节数，含扩展首部", HEADER
        ),
        "nxt" / Int8ub * note(*_NAMED, HEADER),
        "hlim"
        / Int8ub
        * note("hops left; a router that makes it 0 drops the packet", "跳数限制：减为 0 时路由器丢弃分组", HEADER),
        "src" / Ipv6Address * note("address of the sender", "源地址", HEADER),
        "dst" / Ipv6Address * note("address of the receiver", "目的地址", HEADER),
    ),
    derived=(
        Derived(
            "stream",
            int,
            note("number that Wireshark (4.4 on) gives the pair of addresses", "Wireshark（4.4 起）给地址对的编号"),
        ),
    ),
)

HOP_BY_HOP = _options_header("ipv6.hopopts", Text("IPv6 hop-by-hop options", "IPv6 逐跳选项首部"), 0, "RFC 8200 §4.3")
DESTINATION = _options_header(
    "ipv6.dstopts", Text("IPv6 destination options", "IPv6 目的站选项首部"), 60, "RFC 8200 §4.6"
)

ROUTING = Layer(
    name="ipv6.routing",
    title=Text("IPv6 routing header", "IPv6 路由选择首部"),
    source=ROUTING_HEADER,
    over=(("ip.proto", 43),),
    selects=("ip.proto", "nxt"),
    assemble=assemble_routing,
    struct=Struct(
        "nxt" / Int8ub * _NEXT,
        "len" / Int8ub * _LENGTH,
        "type"
        / Int8ub
        * note(
            "0 source route (forbidden since RFC 5095), 2 mobile IPv6, 4 segment routing",
            "类型：0 源路由（RFC 5095 起禁用），2 移动 IPv6，4 分段路由",
            ROUTING_HEADER,
        ),
        "segleft" / Int8ub * note("nodes still to be visited", "剩余节点数", ROUTING_HEADER),
        "src.reserved"
        / When(this.type == SOURCE_ROUTE, Bytes(4))
        * note("reserved, zero", "保留，为 0", "RFC 2460 §4.4"),
        "src.addr"
        / When(this.type == SOURCE_ROUTE, Array(this.len // 2, Ipv6Address))
        * note("addresses to be visited", "要经过的节点地址", "RFC 2460 §4.4"),
        "mipv6.reserved"
        / When(this.type == HOME_ADDRESS, Bytes(4))
        * note("reserved, zero", "保留，为 0", "RFC 6275 §6.4.1"),
        "mipv6.home_address"
        / When(this.type == HOME_ADDRESS, Ipv6Address)
        * note("home address of the mobile node", "移动节点的家乡地址", "RFC 6275 §6.4.1"),
        "srh.last_entry"
        / When(this.type == SEGMENTS, Int8ub)
        * note("index of the last segment in the list", "分段列表最后一项的序号", "RFC 8754 §2"),
        "srh.flags"
        / When(this.type == SEGMENTS, Int8ub)
        * note("flags, none is defined", "标志，尚未定义", "RFC 8754 §2", base=16),
        "srh.tag"
        / When(this.type == SEGMENTS, Bytes(2))
        * note("marks packets of one class", "标记同类分组", "RFC 8754 §2"),
        "srh.addr"
        / When(this.type == SEGMENTS, Array(this["srh.last_entry"] + 1, Ipv6Address))
        * note("segments, the last one first", "分段列表，倒序", "RFC 8754 §2"),
        "_rest" / Bytes(lambda header: header.len * 8 + 4 - _routing_size(header)),
    ),
    derived=(_BYTES,),
)


def _routing_size(header: Any) -> int:
    """Bytes of the type's own part that the members above have read."""
    match header.type:
        case 0:
            return 4 + int(header.len) // 2 * 16
        case 2:
            return 20
        case 4:
            return 4 + (int(header["srh.last_entry"]) + 1) * 16
    return 0


FRAGMENT = Layer(
    name="ipv6.fraghdr",
    title=Text("IPv6 fragment header", "IPv6 分片首部"),
    source=FRAGMENT_HEADER,
    over=(("ip.proto", 44),),
    selects=("ip.proto", "_next"),
    struct=Struct(
        "nxt" / Int8ub * _NEXT,
        "reserved_octet" / Int8ub * note("reserved, zero", "保留，为 0", FRAGMENT_HEADER, base=16),
        *bits(
            "_offset_flags",
            Int16ub,
            part(
                "offset",
                3,
                13,
                note("where this fragment begins, in units of 8 bytes", "片偏移，以 8 字节为单位", FRAGMENT_HEADER),
            ),
            part("reserved_bits", 1, 2, note("reserved, zero", "保留，为 0", FRAGMENT_HEADER)),
            part("more", 0, 1, note("more fragments follow", "后面还有分片", FRAGMENT_HEADER)),
        ),
        "ident"
        / Int32ub
        * note("the same in all fragments of a packet", "标识：同一分组的各分片相同", FRAGMENT_HEADER, base=16),
        "_next" / Worked(lambda header: header.nxt if header.offset == 0 else None),
    ),
)

LAYERS = [IPV6, HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION]
