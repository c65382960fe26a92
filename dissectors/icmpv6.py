"""ICMPv6 (RFC 4443) with neighbor discovery (RFC 4861). Errors quote the beginning of the packet that caused them."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from construct import (
    Bytes,
    Construct,
    GreedyBytes,
    IfThenElse,
    Int8ub,
    Int16ub,
    Int32ub,
    Pass,
    Struct,
    this,
)

from .layer import Derived, Fields, Ipv6Address, Layer, Text, TextOf, When, Worked, as_integer, bits, note, part
from .options import Options, Several
from .pieces import Pieces

MESSAGE = "RFC 4443 §2.1"
ECHO = "RFC 4443 §4.1"
ROUTER_ADVERTISEMENT = "RFC 4861 §4.2"
NEIGHBOR_SOLICITATION = "RFC 4861 §4.3"
NEIGHBOR_ADVERTISEMENT = "RFC 4861 §4.4"
REDIRECT = "RFC 4861 §4.5"
LISTENER = "RFC 2710 §3"

TOO_BIG, PARAMETER_PROBLEM = 2, 4
RS, RA, NS, NA, RD = 133, 134, 135, 136, 137
LISTENER_REPORT_2 = 143
ERRORS = (1, TOO_BIG, 3, PARAMETER_PROBLEM)
LISTENERS = (130, 131, 132)
IPV6_IN_IP = 41

SOURCE_LINK, TARGET_LINK, PREFIX, REDIRECTED, MTU, NONCE, ROUTE, DNS_SERVERS = 1, 2, 3, 4, 5, 14, 24, 25

_LINK_ADDRESS = TextOf(None, lambda raw: raw.hex(":"), lambda text: bytes.fromhex(text.replace(":", "")))
_PREFIX = Struct(
    "prefix.length" / Int8ub,
    *bits(
        "_flags",
        Int8ub,
        part("prefix.flag", 0, 8, note("flags", "标志", "RFC 4861 §4.6.2", base=16)),
        part(
            "prefix.flag.l", 7, 1, note("addresses of the prefix are on this link", "前缀在本链路上", "RFC 4861 §4.6.2")
        ),
        part(
            "prefix.flag.a",
            6,
            1,
            note("hosts may make addresses of it (SLAAC)", "可用于无状态地址自动配置", "RFC 4861 §4.6.2"),
        ),
    ),
    "prefix.valid_lifetime" / Int32ub,
    "prefix.preferred_lifetime" / Int32ub,
    "_reserved" / Int32ub,
    "prefix" / Ipv6Address,
)

OPTIONS = Options(
    {
        SOURCE_LINK: Struct("linkaddr" / _LINK_ADDRESS),
        TARGET_LINK: Struct("linkaddr" / _LINK_ADDRESS),
        PREFIX: _PREFIX,
        REDIRECTED: Struct("_reserved" / Bytes(6), "redirected_packet" / GreedyBytes),
        MTU: Struct("_reserved" / Int16ub, "mtu" / Int32ub),
        NONCE: Struct("nonce" / GreedyBytes),
        DNS_SERVERS: Struct(
            "_reserved" / Int16ub,
            "rdnss.lifetime" / Int32ub,
            "rdnss" / Several(Ipv6Address, 16, after=6),
        ),
    },
    names=("type", "length"),
    counted=2,
    unit=8,
)
"""Options of neighbor discovery (RFC 4861 §4.6); the length is in units of 8 bytes, type and length counted."""


def assemble(fields: Fields) -> dict[str, Any]:
    """The options, from tshark's parallel arrays."""
    pieces = Pieces(fields, "icmpv6_opt_")
    found = []
    for kind in map(as_integer, fields.get("icmpv6_opt_type", ())):
        option: dict[str, Any] = {"type": kind, "length": pieces.integer("length")}
        value = _option_value(kind, option["length"] or 0, pieces)
        found.append(option | ({"value": value} if value else {}))
    return {"options": {"list": found}} if found else {}


PIECES = (
    *("icmpv6.opt.type", "icmpv6.opt.length", "icmpv6.opt.linkaddr", "icmpv6.opt.mtu", "icmpv6.opt.nonce"),
    *("icmpv6.opt.prefix", "icmpv6.opt.prefix.length", "icmpv6.opt.prefix.flag"),
    *("icmpv6.opt.prefix.flag.l", "icmpv6.opt.prefix.flag.a"),
    *("icmpv6.opt.prefix.valid_lifetime", "icmpv6.opt.prefix.preferred_lifetime"),
    *("icmpv6.opt.rdnss", "icmpv6.opt.rdnss.lifetime"),
)
"""tshark's fields that options are made of."""


def _option_value(kind: int | None, length: int, pieces: Pieces) -> dict[str, Any]:
    """What tshark printed of one option."""
    match kind:
        case 1 | 2:
            return {"linkaddr": pieces.text("linkaddr")}
        case 3:
            return {
                "prefix.length": pieces.integer("prefix_length"),
                "prefix.flag": pieces.integer("prefix_flag"),
                "prefix.flag.l": pieces.flag("prefix_flag_l"),
                "prefix.flag.a": pieces.flag("prefix_flag_a"),
                "prefix.valid_lifetime": pieces.integer("prefix_valid_lifetime"),
                "prefix.preferred_lifetime": pieces.integer("prefix_preferred_lifetime"),
                "prefix": pieces.text("prefix"),
            }
        case 5:
            return {"mtu": pieces.integer("mtu")}
        case 14:
            return {"nonce": pieces.octets("nonce")}
        case 24:  # shares names with the prefix option
            pieces.next("prefix_length")
            pieces.next("prefix")
        case 25:
            lifetime, count = pieces.integer("rdnss_lifetime"), (length - 1) // 2
            return {"rdnss.lifetime": lifetime, "rdnss": [pieces.text("rdnss") for _ in range(count)]}
    return {}


def _of(subcon: Construct, *types: int) -> Construct:
    """For messages of these types only."""
    return When(_is(*types), subcon)


def _is(*types: int) -> Any:
    return reduce(or_, (this.type == one for one in types))


_KNOWN = _is(*ERRORS, 128, 129, *LISTENERS, RS, RA, NS, NA, RD, LISTENER_REPORT_2)

LAYER = Layer(
    name="icmpv6",
    title=Text("Internet Control Message Protocol for IPv6", "用于 IPv6 的网际控制报文协议（ICMPv6）"),
    source="RFC 4443",
    over=(("ip.proto", 58),),
    selects=("ip.proto", "_next"),
    quotes=True,
    assemble=assemble,
    pieces=PIECES,
    irregular=lambda header: header.type in (RS, RA, NS, NA, RD),
    struct=Struct(
        "type"
        / Int8ub
        * note(
            "1 to 127 errors; 128 echo, 129 echo reply, 133 to 137 neighbor discovery",
            "类型：1~127 差错；128 回送请求，129 回送回答，133~137 邻居发现",
            MESSAGE,
        ),
        "code" / Int8ub * note("which case of the type", "代码：该类型的具体情况", MESSAGE),
        "checksum" / Int16ub * note("over pseudo header and message", "伪首部与报文的检验和", "RFC 4443 §2.3", base=16),
        "mtu"
        / _of(Int32ub, TOO_BIG)
        * note("the largest packet that the next link takes, bytes", "下一跳链路的 MTU，字节", "RFC 4443 §3.2"),
        "pointer"
        / _of(Int32ub, PARAMETER_PROBLEM)
        * note("byte of the quoted packet that is wrong", "指针：出错字节的位置", "RFC 4443 §3.4"),
        "echo.identifier"
        / _of(Int16ub, 128, 129)
        * note("the same in all messages of one sender", "标识符：区分不同的发送进程", ECHO, base=16),
        "echo.sequence_number"
        / _of(Int16ub, 128, 129)
        * note("number of the request, repeated in its reply", "序号：应答与请求相同", ECHO),
        "mld.maximum_response_delay"
        / _of(Int16ub, *LISTENERS)
        * note("milliseconds within which listeners must report", "组成员报告的最大响应延迟，毫秒", LISTENER),
        "_unused_2" / _of(Int16ub, *LISTENERS, LISTENER_REPORT_2),
        "mldr.nb_mcast_records"
        / _of(Int16ub, LISTENER_REPORT_2)
        * note("groups in the report", "报告中的组记录数", "RFC 3810 §5.2"),
        "mld.multicast_address" / _of(Ipv6Address, *LISTENERS) * note("the group", "多播组地址", LISTENER),
        "_unused_4" / _of(Int32ub, 1, 3, RS, NS, RD),
        "nd.ra.cur_hop_limit"
        / _of(Int8ub, RA)
        * note(
            "hop limit that hosts should use; 0: not told", "建议主机使用的跳数限制；0 表示未指定", ROUTER_ADVERTISEMENT
        ),
        *bits(
            "_ra_flags",
            Int8ub,
            part("nd.ra.flag", 0, 8, note("flags", "标志", ROUTER_ADVERTISEMENT, base=16)),
            part(
                "nd.ra.flag.m",
                7,
                1,
                note("addresses are to be had by DHCPv6", "地址由 DHCPv6 分配（管理地址配置）", ROUTER_ADVERTISEMENT),
            ),
            part(
                "nd.ra.flag.o",
                6,
                1,
                note("other settings are to be had by DHCPv6", "其他配置由 DHCPv6 提供", ROUTER_ADVERTISEMENT),
            ),
            part("nd.ra.flag.h", 5, 1, note("the router is a home agent", "归属代理", "RFC 6275 §7.1")),
            part(
                "nd.ra.flag.prf",
                3,
                2,
                note("preference: 0 medium, 1 high, 3 low", "优先级：0 中，1 高，3 低", "RFC 4191 §2.2"),
            ),
            part("nd.ra.flag.p", 2, 1, note("sent on by a proxy", "由代理转发", "RFC 4389 §4.1.3.3")),
            when=_is(RA),
        ),
        "nd.ra.router_lifetime"
        / _of(Int16ub, RA)
        * note(
            "seconds as a default router; 0: it is none",
            "作为默认路由器的有效时间，秒；0 表示不是默认路由器",
            ROUTER_ADVERTISEMENT,
        ),
        "nd.ra.reachable_time"
        / _of(Int32ub, RA)
        * note(
            "milliseconds that a neighbor counts as reachable", "邻居可达状态的保持时间，毫秒", ROUTER_ADVERTISEMENT
        ),
        "nd.ra.retrans_timer"
        / _of(Int32ub, RA)
        * note("milliseconds between solicitations", "邻居请求的重传间隔，毫秒", ROUTER_ADVERTISEMENT),
        "nd.ns.target_address"
        / _of(Ipv6Address, NS)
        * note("address that is asked for", "被询问的地址", NEIGHBOR_SOLICITATION),
        *bits(
            "_na_flags",
            Int32ub,
            part("nd.na.flag", 0, 32, note("flags", "标志", NEIGHBOR_ADVERTISEMENT, base=16)),
            part("nd.na.flag.r", 31, 1, note("the sender is a router", "发送方是路由器", NEIGHBOR_ADVERTISEMENT)),
            part("nd.na.flag.s", 30, 1, note("answers a solicitation", "对请求的应答", NEIGHBOR_ADVERTISEMENT)),
            part(
                "nd.na.flag.o",
                29,
                1,
                note("replaces what the receiver has cached", "覆盖接收方已有的缓存项", NEIGHBOR_ADVERTISEMENT),
            ),
            when=_is(NA),
        ),
        "nd.na.target_address"
        / _of(Ipv6Address, NA)
        * note("address that is answered for", "被通告的地址", NEIGHBOR_ADVERTISEMENT),
        "nd.rd.target_address" / _of(Ipv6Address, RD) * note("the better first hop", "更好的下一跳地址", REDIRECT),
        "rd.na.destination_address"
        / _of(Ipv6Address, RD)
        * note("for packets to this address", "适用的目的地址", REDIRECT),
        "options"
        / _of(OPTIONS, RS, RA, NS, NA, RD)
        * note("options of neighbor discovery", "邻居发现选项", "RFC 4861 §4.6"),
        "_other" / IfThenElse(_KNOWN, Pass, Bytes(4)),
        "_next" / Worked(lambda header: IPV6_IN_IP if header.type in ERRORS else None),
    ),
    derived=(
        Derived("checksum.status", int, note("0 bad, 1 good, 2 not checked", "0 错误，1 正确，2 未检验")),
        Derived("resp_in", int, note("frame with the reply (needs two passes)", "应答所在的帧（需两遍分析）")),
        Derived("resp_to", int, note("frame with the request", "对应请求所在的帧")),
        Derived("resptime", float, note("milliseconds from request to reply", "从请求到应答的毫秒数")),
    ),
)
