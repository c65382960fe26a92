"""The IPv4 header and its options (RFC 791 §3.1)."""

from __future__ import annotations

from typing import Any

from construct import FixedSized, GreedyBytes, Int8ub, Int16ub, Int32ub, Struct, this

from .layer import Derived, Fields, Ipv4Address, Layer, Text, Worked, as_bytes, as_integer, bits, note, part
from .options import Options, Several

HEADER = "RFC 791 §3.1"
DIFFERENTIATED_SERVICES = "RFC 2474 §3"

END_OF_OPTIONS, NO_OPERATION, RECORD_ROUTE, TIMESTAMP = 0, 1, 7, 68
LOOSE_ROUTE, STRICT_ROUTE, ROUTER_ALERT = 131, 137, 148

_ROUTE = Struct("ptr" / Int8ub, "route" / Several(Ipv4Address, 4, after=1), "rest" / GreedyBytes)

OPTIONS = Options(
    {
        RECORD_ROUTE: _ROUTE,
        LOOSE_ROUTE: _ROUTE,
        STRICT_ROUTE: _ROUTE,
        TIMESTAMP: Struct(
            "ptr" / Int8ub,
            "overflow_flag" / Int8ub,
            "words" / Several(Int32ub, 4, after=2),
            "rest" / GreedyBytes,
        ),
        ROUTER_ALERT: Struct("ra" / Int16ub),
    },
    names=("type", "len"),
    counted=2,
    single=frozenset({END_OF_OPTIONS, NO_OPERATION}),
    end=END_OF_OPTIONS,
)


def assemble(fields: Fields) -> dict[str, Any]:
    """The options; and where they route by source, the header's own destination, as tshark calls the last address of
    the route ``ip.dst`` and the one in the header ``ip.cur_rt``."""
    found: dict[str, Any] = {}
    if fields.get("ip_cur_rt"):
        found["dst"] = fields["ip_cur_rt"][0]
    options = _options(fields)
    if options is not None:
        found["options"] = {"list": options}
    return found


def _options(fields: Fields) -> list[Any] | None:
    """Options from the bytes that tshark prints of each kind, in the order of the types; None when they are not all
    there, as those that tshark does not know leave no bytes."""
    text = [value for value in fields.get("text", ()) if isinstance(value, str)]
    if "ip_opt_type" not in fields or any(line.startswith("Unknown (0x") for line in text):
        return None
    printed: dict[int, list[bytes]] = {}
    for name, values in fields.items():
        if name.startswith("ip_options_"):
            for option in filter(None, map(as_bytes, values)):
                printed.setdefault(option[0], []).append(option)
    found = b""
    for kind in fields["ip_opt_type"]:
        queue = printed.get(as_integer(kind) or 0)
        if not queue:
            return None
        found += queue.pop(0)
    options: list[Any] = OPTIONS.parse(found).list
    return options


LAYER = Layer(
    name="ip",
    title=Text("Internet Protocol version 4", "网际协议第 4 版（IPv4）"),
    source="RFC 791",
    over=(("ethertype", 0x0800), ("ip.proto", 4), ("gre.proto", 0x0800), ("wtap_encap", 129), ("null.family", 2)),
    selects=("ip.proto", "_next"),
    payload_length=lambda header: max(header.len - header.hdr_len, 0) if header.len else None,
    assemble=assemble,
    pieces=("ip.cur_rt",),  # options not: of some, tshark prints but a label
    irregular=lambda header: header.hdr_len != 20,
    struct=Struct(
        *bits(
            "_version_length",
            Int8ub,
            part("version", 4, 4, note("version of IP: 4", "版本号，为 4", HEADER)),
            part(
                "hdr_len", 0, 4, note("header length in bytes (IHL × 4)", "首部长度，字节（IHL × 4）", HEADER), scale=4
            ),
        ),
        *bits(
            "_dsfield",
            Int8ub,
            part(
                "dsfield",
                0,
                8,
                note(
                    "differentiated services and ECN (once type of service)",
                    "区分服务与 ECN（旧称服务类型）",
                    DIFFERENTIATED_SERVICES,
                    base=16,
                ),
            ),
            part(
                "dsfield.dscp", 2, 6, note("class of service (DSCP)", "区分服务码点（DSCP）", DIFFERENTIATED_SERVICES)
            ),
            part(
                "dsfield.ecn",
                0,
                2,
                note(
                    "congestion: 0 not capable, 1 and 2 capable, 3 experienced",
                    "显式拥塞通知：0 不支持，1 和 2 支持，3 经历拥塞",
                    "RFC 3168 §5",
                ),
            ),
        ),
        "len"
        / Int16ub
        * note(
            "bytes of header and data; 0 with segmentation offload", "总长度：首部与数据，字节；分段卸载时为 0", HEADER
        ),
        "id"
        / Int16ub
        * note("the same in all fragments of a datagram", "标识：同一数据报的各分片相同", "RFC 6864 §4", base=16),
        *bits(
            "_flags_offset",
            Int16ub,
            # ip.flags, all three, is not here: tshark 3.4 prints 0x40 where later versions print 0x02
            part("flags.rb", 15, 1, note("reserved, zero", "保留，为 0", HEADER)),
            part("flags.df", 14, 1, note("do not fragment", "不允许分片", HEADER)),
            part("flags.mf", 13, 1, note("more fragments follow", "后面还有分片", HEADER)),
            # Wireshark shows bytes in its label; the field's value, which tshark prints, is in units of 8
            part(
                "frag_offset",
                0,
                13,
                note("where this fragment begins, in units of 8 bytes", "片偏移，以 8 字节为单位", HEADER),
            ),
        ),
        "ttl"
        / Int8ub
        * note(
            "hops left; a router that makes it 0 drops the datagram",
            "生存时间：剩余跳数，减为 0 时路由器丢弃数据报",
            HEADER,
        ),
        "proto"
        / Int8ub
        * note("protocol of the payload: 1 ICMP, 6 TCP, 17 UDP", "上层协议：1 ICMP，6 TCP，17 UDP", HEADER),
        "checksum" / Int16ub * note("over the header only", "首部检验和（只检验首部）", HEADER, base=16),
        "src" / Ipv4Address * note("address of the sender", "源地址", HEADER),
        "dst" / Ipv4Address * note("address of the receiver", "目的地址", HEADER),
        "options"
        / FixedSized(this.hdr_len - 20, OPTIONS)
        * note("options, padded to a multiple of 4 bytes", "选项，填充到 4 字节的整数倍", HEADER),
        # only the first fragment begins with a header of the next protocol
        "_next" / Worked(lambda header: header.proto if header.frag_offset == 0 else None),
    ),
    derived=(
        Derived("checksum.status", int, note("0 bad, 1 good, 2 not checked", "0 错误，1 正确，2 未检验")),
        Derived("reassembled_in", int, note("frame in which the datagram is whole", "重组完成的帧号")),
        Derived("reassembled.length", int, note("bytes of the reassembled payload", "重组后的数据长度，字节")),
        Derived(
            "stream",
            int,
            note("number that Wireshark (4.4 on) gives the pair of addresses", "Wireshark（4.4 起）给地址对的编号"),
        ),
    ),
)
