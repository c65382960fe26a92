"""What a DNS answer says: its aliases, its records, and whether it is an answer at all (RFC 1034 §3.6.2, RFC 2308)."""

from __future__ import annotations

import ipaddress

import msgspec

from labdissect.dissectors.layer import Header

from .rule import Evidence

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, ANY = 1, 2, 5, 6, 12, 15, 16, 28, 33, 255
NAMES = {
    A: "A",
    NS: "NS",
    CNAME: "CNAME",
    SOA: "SOA",
    PTR: "PTR",
    MX: "MX",
    TXT: "TXT",
    AAAA: "AAAA",
    SRV: "SRV",
    35: "NAPTR",
    43: "DS",
    46: "RRSIG",
    48: "DNSKEY",
    64: "SVCB",
    65: "HTTPS",
    ANY: "ANY",
    257: "CAA",
}
ERRORS = {2: "servfail", 3: "nxdomain", 5: "refused"}
CHAIN_LIMIT = 16
"""Aliases that are followed; a longer chain is no honest answer."""
SHOWN_LIMIT = 6
"""Records that a sentence names."""
TEXT_LIMIT = 60
"""Characters of a text record that a sentence quotes."""


class Answer(msgspec.Struct):
    """An answer, understood."""

    name: str
    """The name that was asked for; empty when the message does not say."""
    kind: int
    """The type that was asked for."""
    rcode: int
    content: str
    """``data``, ``records`` (none of the type asked for), ``nodata``, ``referral``, ``truncated``, ``nxdomain``,
    ``servfail``, ``refused``, ``error``, ``opcode`` or ``unread``."""
    aliases: list[str] = []
    """Names that the one asked for leads to, in order."""
    addresses: list[str] = []
    values: str = ""
    """The records of the type asked for, as people write them."""
    circle: bool = False
    """The aliases lead back to one of themselves."""
    count: int = 0
    """Records in the answer section."""
    zone: str = ""
    """Of which the authority section speaks."""
    soa: bool = False
    from_resolver: bool = False
    """It comes from a resolver that asked others: recursion available, not authoritative."""

    @property
    def last(self) -> str:
        """The name at the end of the aliases."""
        return self.aliases[-1] if self.aliases else self.name

    def evidence(self, frame: int) -> tuple[Evidence, ...]:
        """The start of authority that a negative answer brings along (RFC 2308 §3)."""
        return (Evidence(frame, "dns.resp.name", self.zone),) if self.soa else ()


def type_name(kind: int) -> str:
    """The type's name, or as RFC 3597 §5 writes those that have none."""
    return NAMES.get(kind) or f"TYPE{kind}"


def reversed_address(name: str) -> str | None:
    """The address that a name stands for: of IPv4 the bytes in reverse under in-addr.arpa, of IPv6 the hexadecimal digits
    under ip6.arpa. None for other names, those of whole networks among them."""
    labels = name.lower().split(".")
    parts, domain = labels[-3::-1], labels[-2:]
    try:
        if domain == ["in-addr", "arpa"]:
            return str(ipaddress.IPv4Address(".".join(parts)))
        if domain == ["ip6", "arpa"] and len(parts) == 32 and all(len(part) == 1 for part in parts):
            return str(ipaddress.IPv6Address(bytes.fromhex("".join(parts))))
    except ValueError:
        pass
    return None


def read_answer(message: Header) -> Answer:
    """Understands a response."""
    asked = (message.queries or [{}])[0]
    answer = Answer(asked.get("name") or "", asked.get("type") or 0, message.flags_rcode or 0, "unread")
    answer.count = message.count_answers or 0
    if message.flags_opcode:
        answer.content = "opcode"
        return answer
    records = message.answers
    if records is not None:
        _follow(answer, records)
        for record in message.authorities or ():
            if record.get("type") in (SOA, NS) and not answer.soa:
                answer.zone, answer.soa = record.get("name") or "", record["type"] == SOA
    answer.content = _content(answer, message)
    if answer.content in ("data", "nodata", "nxdomain"):
        answer.from_resolver = message.flags_authoritative is False and bool(message.flags_recavail)
    return answer


def _follow(answer: Answer, records: list[dict[str, object]]) -> None:
    """Walks the aliases from the name asked for, and collects the records at their end."""
    targets: dict[str, str] = {}
    for record in records:
        data = record.get("data")
        if record.get("type") == CNAME and isinstance(data, dict) and data.get("cname"):
            targets.setdefault(str(record.get("name")).lower(), str(data["cname"]))
    name = answer.name.lower()
    seen: set[str] = set()
    while answer.kind not in (CNAME, ANY) and name in targets and name not in seen and len(seen) < CHAIN_LIMIT:
        seen.add(name)
        answer.aliases.append(targets[name])
        name = targets[name].lower()
    answer.circle = name in seen
    values = []
    for record in records:
        if str(record.get("name")).lower() != name or record.get("type") != answer.kind != ANY:
            continue
        value = _value(record)
        values.append(value)
        if record.get("type") in (A, AAAA) and value not in answer.addresses:
            answer.addresses.append(value)
    answer.values = ", ".join(values[:SHOWN_LIMIT]) + (", …" if len(values) > SHOWN_LIMIT else "")


def _value(record: dict[str, object]) -> str:
    """A record's data as people write it."""
    data = record.get("data")
    kind = record.get("type")
    if not isinstance(data, dict):
        return type_name(kind) if isinstance(kind, int) else "?"
    if kind == TXT:
        text = " ".join(map(str, data.get("txt") or ()))
        return f'"{text[:TEXT_LIMIT]}…"' if len(text) > TEXT_LIMIT else f'"{text}"'
    if kind == SOA:
        return str(data.get("soa.mname"))
    if kind in (A, AAAA, NS, CNAME, PTR, MX, SRV):
        return " ".join(str(value) for name, value in data.items() if not name.startswith("_"))
    return type_name(kind) if isinstance(kind, int) else "?"


def _content(answer: Answer, message: Header) -> str:
    if answer.rcode:
        return ERRORS.get(answer.rcode, "error")
    if message.flags_truncated:
        return "truncated"
    if message.answers is None:
        return "unread"
    if answer.values:
        return "data"
    if answer.circle or answer.count > len(answer.aliases):
        return "records"
    if not answer.aliases and answer.zone and not answer.soa and not message.flags_authoritative:
        return "referral"
    return "nodata"
