"""The Domain Name System (RFC 1035), with EDNS (RFC 6891)."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from construct import (
    Array,
    Construct,
    ConstructError,
    Container,
    GreedyBytes,
    Int8ub,
    Int16ub,
    Int32ub,
    Peek,
    Prefixed,
    SizeofError,
    Struct,
    this,
)
from construct.core import stream_read, stream_write

from .layer import Derived, Fields, Ipv4Address, Ipv6Address, Layer, Text, When, as_integer, bits, note, part
from .options import All, Options, Values
from .pieces import Pieces
from .text import WireText, shown, text_of

HEADER = "RFC 1035 §4.1.1"
QUESTION = "RFC 1035 §4.1.2"
RECORD = "RFC 1035 §4.1.3"
EDNS = "RFC 6891 §6.1"

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, OPT = 1, 2, 5, 6, 12, 15, 16, 28, 33, 41
ROOT = "<Root>"
"""tshark's name for the empty name."""
LONGEST_NAME = 255
POINTER = 0xC0


class Name(Construct):  # type: ignore[misc]
    """A domain name, which may end in a pointer to an earlier one (RFC 1035 §4.1.4). The bytes of the message are
    ``_message`` of the outermost Struct, or ``message`` among the parameters."""

    def _parse(self, stream: Any, context: Any, path: str) -> WireText:
        labels, wire, target = [], b"", None
        while target is None:
            length = stream_read(stream, 1, path)
            wire += length
            if length[0] == 0:
                break
            rest = stream_read(stream, 1 if length[0] >= POINTER else length[0], path)
            wire += rest
            if length[0] >= POINTER:
                target = int.from_bytes(wire[-2:], "big") & 0x3FFF
            elif length[0] < 0x40:
                labels.append(rest)
            else:
                raise ConstructError("label of an unknown kind", path)
        if target is not None:
            message = context._params.get("message") or context._root.get("_message") or b""
            labels += _labels_at(message, target)
        return WireText(shown(b".".join(labels)) or ROOT, wire)

    def _build(self, obj: str, stream: Any, context: Any, path: str) -> str:
        data = obj.wire if isinstance(obj, WireText) else _uncompressed(obj)
        stream_write(stream, data, len(data), path)
        return obj

    def _sizeof(self, context: Any, path: str) -> int:
        raise SizeofError("a name has no fixed size", path=path)


def _labels_at(message: bytes, position: int) -> list[bytes]:
    """The labels of the name that begins there; each pointer must go further back, so that they end."""
    labels: list[bytes] = []
    limit = len(message)
    while position < limit and (length := message[position]):
        if length >= POINTER:
            limit, position = position, int.from_bytes(message[position : position + 2], "big") & 0x3FFF
            if position < limit:
                continue
            raise ConstructError("pointer that does not point back")
        label = message[position + 1 : position + 1 + length]
        if len(label) < length or length >= 0x40:
            break
        labels.append(label)
        position += 1 + length
        if sum(map(len, labels)) + len(labels) > LONGEST_NAME:
            break
    else:
        if position < limit:
            return labels
    raise ConstructError("name that does not end")


def _uncompressed(name: str) -> bytes:
    labels = [] if name in (ROOT, "", ".") else name.rstrip(".").encode().split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


NAME = Name()
EDNS_OPTIONS = Options({}, names=("code", "len"), width=2)

DATA = Values(
    {
        A: Struct("a" / Ipv4Address),
        NS: Struct("ns" / NAME),
        CNAME: Struct("cname" / NAME),
        SOA: Struct(
            "soa.mname" / NAME,
            "soa.rname" / NAME,
            "soa.serial_number" / Int32ub,
            "soa.refresh_interval" / Int32ub,
            "soa.retry_interval" / Int32ub,
            "soa.expire_limit" / Int32ub,
            "soa.minimum_ttl" / Int32ub,
        ),
        PTR: Struct("ptr.domain_name" / NAME),
        MX: Struct("mx.preference" / Int16ub, "mx.mail_exchange" / NAME),
        TXT: Struct("txt" / All(Prefixed(Int8ub, text_of()))),
        AAAA: Struct("aaaa" / Ipv6Address),
        SRV: Struct("srv.priority" / Int16ub, "srv.weight" / Int16ub, "srv.port" / Int16ub, "srv.target" / NAME),
        OPT: Struct("options" / EDNS_OPTIONS),
    }
)
"""What a record of each type holds, named as tshark does; others are ``data``."""


class _RecordData(Construct):  # type: ignore[misc]
    """The data of a record, as long as ``len`` before it says."""

    def _parse(self, stream: Any, context: Any, path: str) -> Container:
        data = stream_read(stream, context.len, path)
        return DATA.parse(context.type, data, message=context._root.get("_message"))

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        data = DATA.build(context.type, obj)
        stream_write(stream, data, len(data), path)
        return obj


_QUESTION = Struct("name" / NAME, "type" / Int16ub, "class" / Int16ub)
_RECORD = Struct(
    "name" / NAME,
    "type" / Int16ub,
    # EDNS made other use of class and time to live (RFC 6891 §6.1.2)
    "class" / When(this.type != OPT, Int16ub),
    "ttl" / When(this.type != OPT, Int32ub),
    "udp_payload_size" / When(this.type == OPT, Int16ub),
    "ext_rcode" / When(this.type == OPT, Int8ub),
    "edns0_version" / When(this.type == OPT, Int8ub),
    "z" / When(this.type == OPT, Int16ub),
    "len" / Int16ub,
    "data" / _RecordData(),
)


def _has_length(header: Any) -> bool:
    """Whether the length stands before the message, as it does over TCP (RFC 1035 §4.2.2)."""
    if header._building:
        return header.get("length") is not None
    table = header._params.get("table")
    if table:
        return bool(table == "tcp.port")
    data = header._io.getvalue()
    return int.from_bytes(data[:2], "big") == len(data) - 2


_COUNTS = ("dns_count_queries", "dns_count_answers", "dns_count_auth_rr", "dns_count_add_rr")
_NONE = (None,)


def assemble(fields: Fields) -> dict[str, Any]:
    """Questions and records, from tshark's parallel arrays over all sections."""
    questions = _questions(fields)
    pieces = Pieces(fields, "dns_")
    records = [_record(pieces) for _ in fields.get("dns_resp_type", ())]
    queries, answers, authorities, additionals = [as_integer(fields.get(name, _NONE)[0]) for name in _COUNTS]
    if queries != len(questions) or answers is None or authorities is None or additionals is None:
        return {}  # a cut message, or one whose sections have other names (dynamic update)
    before = answers + authorities
    if before + additionals != len(records):
        return {}
    return {
        "queries": questions,
        "answers": records[:answers],
        "authorities": records[answers:before],
        "additionals": records[before:],
    }


def _questions(fields: Fields) -> list[dict[str, Any]]:
    names = fields.get("dns_qry_name", ())
    kinds = fields.get("dns_qry_type", ())[: len(names)]
    classes = fields.get("dns_qry_class", ())[: len(names)]
    return [
        {"name": name if isinstance(name, str) else None, "type": as_integer(kind), "class": as_integer(of)}
        for name, kind, of in zip_longest(names, kinds, classes)
    ]


def _record(pieces: Pieces) -> dict[str, Any]:
    named = pieces.left("resp_name") == pieces.left("resp_type")
    kind, size = pieces.integer("resp_type"), pieces.integer("resp_len")
    record: dict[str, Any] = {"name": _record_name(kind, named, pieces), "type": kind, "len": size}
    if kind == OPT:
        record["udp_payload_size"] = pieces.integer("rr_udp_payload_size")
        record["ext_rcode"] = pieces.integer("resp_ext_rcode")
        record["edns0_version"] = pieces.integer("resp_edns0_version")
        record["z"] = pieces.integer("resp_z")
    else:
        record["class"], record["ttl"] = pieces.integer("resp_class"), pieces.integer("resp_ttl")
    record["data"] = _record_data(kind, size or 0, pieces)
    return record


def _record_name(kind: int | None, named: bool, pieces: Pieces) -> str | None:
    """The name of a record; of a service record tshark may print the labels apart instead."""
    if kind != SRV or named:
        return pieces.text("resp_name")
    labels = (pieces.text("srv_service"), pieces.text("srv_proto"), pieces.text("srv_name"))
    return ".".join(label for label in labels if label) or None


_ONE_TEXT = {
    A: ("a", "a"),
    NS: ("ns", "ns"),
    CNAME: ("cname", "cname"),
    PTR: ("ptr.domain_name", "ptr_domain_name"),
    AAAA: ("aaaa", "aaaa"),
}
"""Data that is one text: the member, and what tshark's field ends with."""
_SEVERAL = {
    SOA: (
        "soa",
        ("mname", "rname", "serial_number", "refresh_interval", "retry_interval", "expire_limit", "minimum_ttl"),
    ),
    MX: ("mx", ("preference", "mail_exchange")),
    SRV: ("srv", ("priority", "weight", "port", "target")),
}
"""Data of several members: their group and names."""
_TEXTS = ("mname", "rname", "mail_exchange", "target")
"""Those of them that are no integers."""


def _record_data(kind: int | None, size: int, pieces: Pieces) -> dict[str, Any] | None:
    """What tshark printed of a record's data; None for types that it prints in its own way."""
    if kind in _ONE_TEXT:
        member, name = _ONE_TEXT[kind]
        return {member: pieces.text(name)}
    if kind in _SEVERAL:
        group, names = _SEVERAL[kind]
        return {
            f"{group}.{name}": (pieces.text if name in _TEXTS else pieces.integer)(f"{group}_{name}") for name in names
        }
    if kind == TXT:
        strings = []
        while size > 0 and pieces.left("txt"):
            size -= 1 + (pieces.integer("txt_length") or 0)
            strings.append(pieces.text("txt"))
        return {"txt": strings}
    if kind == OPT:
        with_data = pieces.left("opt_code") == pieces.left("opt_data")
        options = [
            {"code": pieces.integer("opt_code"), "len": pieces.integer("opt_len")}
            | ({"value": {"data": pieces.octets("opt_data")}} if with_data else {})
            for _ in range(pieces.left("opt_code"))
        ]
        return {"options": {"list": options}}
    return None


PIECES = (
    *("dns.qry.name", "dns.qry.type", "dns.qry.class"),
    *("dns.resp.name", "dns.resp.type", "dns.resp.class", "dns.resp.ttl", "dns.resp.len"),
    *("dns.rr.udp_payload_size", "dns.resp.ext_rcode", "dns.resp.edns0_version", "dns.resp.z"),
    *("dns.a", "dns.aaaa", "dns.ns", "dns.cname", "dns.ptr.domain_name", "dns.txt", "dns.txt.length"),
    *("dns.mx.preference", "dns.mx.mail_exchange", "dns.opt.code", "dns.opt.len", "dns.opt.data"),
    *("dns.soa.mname", "dns.soa.rname", "dns.soa.serial_number", "dns.soa.refresh_interval"),
    *("dns.soa.retry_interval", "dns.soa.expire_limit", "dns.soa.minimum_ttl"),
    *("dns.srv.service", "dns.srv.proto", "dns.srv.name"),
    *("dns.srv.priority", "dns.srv.weight", "dns.srv.port", "dns.srv.target"),
)
"""tshark's fields that questions and records are made of."""

LAYER = Layer(
    name="dns",
    title=Text("Domain Name System", "域名系统（DNS）"),
    source="RFC 1035",
    over=(("udp.port", 53), ("tcp.port", 53)),
    assemble=assemble,
    pieces=PIECES,
    single=("id",),
    struct=Struct(
        "length"
        / When(_has_length, Int16ub)
        * note("bytes of the message that follows (TCP only)", "其后报文的长度，字节（仅 TCP）", "RFC 1035 §4.2.2"),
        "_message" / Peek(GreedyBytes),
        "id" / Int16ub * note("matches the answer to its query", "标识：应答与查询相同", HEADER, base=16),
        *bits(
            "_flags",
            Int16ub,
            part("flags", 0, 16, note("flags and codes", "标志与代码", HEADER, base=16)),
            part("flags.response", 15, 1, note("an answer, else a query", "应答（否则为查询）", HEADER)),
            part(
                "flags.opcode", 11, 4, note("0 query, 4 notify, 5 update", "操作码：0 标准查询，4 通知，5 更新", HEADER)
            ),
            part("flags.authoritative", 10, 1, note("the server is in charge of the name", "权威应答", HEADER)),
            part("flags.truncated", 9, 1, note("cut off; ask again by TCP", "被截断，应改用 TCP 重新查询", HEADER)),
            part("flags.recdesired", 8, 1, note("the server should ask others", "期望递归", HEADER)),
            part("flags.recavail", 7, 1, note("the server does ask others", "支持递归", HEADER)),
            part("flags.z", 6, 1, note("reserved, zero", "保留，为 0", HEADER)),
            part(
                "flags.authenticated",
                5,
                1,
                note("the data was verified (DNSSEC)", "数据已验证（DNSSEC）", "RFC 4035 §3.2.3"),
            ),
            part("flags.checkdisable", 4, 1, note("do not verify (DNSSEC)", "不要验证（DNSSEC）", "RFC 4035 §3.2.2")),
            part(
                "flags.rcode",
                0,
                4,
                note(
                    "0 no error, 2 server failure, 3 no such name, 5 refused",
                    "应答码：0 无差错，2 服务器失败，3 域名不存在，5 拒绝",
                    HEADER,
                ),
            ),
        ),
        "count.queries" / Int16ub * note("questions", "问题数", HEADER),
        "count.answers" / Int16ub * note("records that answer", "回答资源记录数", HEADER),
        "count.auth_rr" / Int16ub * note("records that name the servers in charge", "权威域名服务器资源记录数", HEADER),
        "count.add_rr" / Int16ub * note("further records", "附加资源记录数", HEADER),
        "queries"
        / Array(this["count.queries"], _QUESTION)
        * note("what is asked: name, type, class", "查询的问题：名称、类型、类", QUESTION),
        "answers" / Array(this["count.answers"], _RECORD) * note("records that answer", "回答的资源记录", RECORD),
        "authorities"
        / Array(this["count.auth_rr"], _RECORD)
        * note("servers in charge", "权威域名服务器的资源记录", RECORD),
        "additionals"
        / Array(this["count.add_rr"], _RECORD)
        * note(
            "further records, such as addresses of servers; OPT is EDNS",
            "附加资源记录，如服务器的地址；OPT 属于 EDNS",
            EDNS,
        ),
        "_rest" / GreedyBytes,
    ),
    derived=(
        Derived("response_to", int, note("frame with the query", "对应查询所在的帧")),
        Derived("response_in", int, note("frame with the answer (needs two passes)", "应答所在的帧（需两遍分析）")),
        Derived("time", float, note("seconds from query to answer", "从查询到应答的秒数")),
        Derived("retransmission", bool, note("the same query or answer was seen before", "重传的查询或应答")),
    ),
)
