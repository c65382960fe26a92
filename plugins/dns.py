"""DNS: questions and their answers (RFC 1035), what went wrong with them, and name lookup on the link (mDNS, LLMNR)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
from construct import ConstructError

from labdissect.dissectors.dns import LAYER
from labdissect.dissectors.layer import Header

from .analyzer import BaseAnalyzer, Settings
from .conversations import addresses
from .dns_answer import Answer, read_answer, reversed_address, type_name
from .dns_rules import (
    CNAME,
    DUAL_STACK,
    EDNS,
    MANY_ADDRESSES,
    NODATA,
    NXDOMAIN,
    ON_LINK,
    OVER_TCP,
    QUERY,
    RECURSIVE,
    REFUSED,
    RESPONSE,
    RETRY,
    RULES,
    SERVFAIL,
    TRUNCATED,
    TYPES_ASKED,
    UNANSWERED,
)
from .hookspecs import hookimpl
from .icmp_errors import latest, quoted
from .rule import Evidence, Rule, Verdict
from .udp import Exchange

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .packet import Packet
    from .tcp.conversation import Conversation

WAITING_LIMIT = 4096
"""Queries that may wait for an answer in memory."""
NAMES_LIMIT = 2048
"""Names, servers and addresses about which something is remembered, of each kind."""
ASKED_LIMIT = 32
"""Repetitions of a question that are remembered."""
QUOTED_LIMIT = 64
"""Newest queries among which an ICMP error looks for the one it quotes."""

RETRY_AT_LEAST = 10_000_000
"""Nanoseconds: the same query sooner than this is a packet captured twice, not a client that has run out of patience."""
PATIENCE_AT_LEAST = 300_000_000
"""Nanoseconds: the same question under a new id sooner than this may be another program's."""
DUAL_WITHIN = 1_000_000_000
"""Nanoseconds between the A and the AAAA query of one lookup."""
LATE_ANSWER = 1_000_000_000
"""Nanoseconds before the end of the capture within which an answer may still have been on its way."""
PLAIN_UDP = 512
"""Bytes of the longest message over UDP without EDNS (RFC 1035 §4.2.1)."""

A, AAAA, OPT = 1, 28, 41
DNSSEC_OK = 0x8000
FAILURES, FAILURES_V6 = (3, 11), (1, 3)
"""Types of ICMP's and ICMPv6's errors that end a query: unreachable, time exceeded."""

Key = tuple[str, str, int, str, int, int]
"""Transport, client's address and port, server's, id."""


class Asked(msgspec.Struct, frozen=True):
    """One query."""

    frame: int
    time: int | None
    key: Key
    room: int
    """Bytes of the longest answer that its client takes over UDP."""


class Question(msgspec.Struct):
    """What one client wants to know, with all queries that asked it until an answer came."""

    name: str
    kind: int
    client: str
    asked: list[Asked]
    answered: int | None = None
    """Frame of the first answer."""
    error: int | None = None
    """Frame of an ICMP error that quotes its newest query."""
    error_type: int | None = None
    """That error's type."""

    def same(self, name: str, kind: int) -> bool:
        """Whether another query asks the same; the case of letters does not matter (RFC 4343)."""
        return self.kind == kind and self.name.lower() == name.lower()


class Choice(msgspec.Struct):
    """Several addresses of a name, of which the client has not used one yet."""

    frame: int
    name: str
    addresses: list[str]
    done: bool = False


class Dns(BaseAnalyzer):
    """Pairs questions and answers; the first packet to an address shows which one the client chose."""

    layers = ("icmp", "icmpv6", "dns", "tcp", "udp", "frame")  # an ICMP error may quote DNS
    fields = (
        "dns",
        "icmp",
        "icmpv6",
        "frame.protocols",
        "ip.src",
        "ip.dst",
        "ip.hdr_len",
        "ipv6.src",
        "ipv6.dst",
        "tcp.srcport",
        "tcp.dstport",
        "udp.srcport",
        "udp.dstport",
        "udp.length",
        "udp.payload",
    )
    wants_routine = False

    def __init__(self) -> None:
        self._waiting: OrderedDict[Key, Question] = OrderedDict()
        self._newest: OrderedDict[tuple[str, str, int], Question] = OrderedDict()
        self._lookups: OrderedDict[tuple[str, str, str], tuple[int, int, int | None]] = OrderedDict()
        self._cut: OrderedDict[tuple[str, str, str, int], int] = OrderedDict()
        self._choices: OrderedDict[tuple[str, str], Choice] = OrderedDict()
        self._said: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._last_time: int | None = None

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """The verdicts of a DNS message, and the choice that a connection's first packet shows."""
        segment = packet.segment
        if segment is not None:
            if segment.opens == "syn":
                return self._chosen(packet, segment.sender.address, segment.receiver.address, "")
            if ":dns" not in packet.protocols or not segment.length:
                return None
            return [one for message in packet.all("dns") for one in self._message(packet, message, packet.tcp)]
        self._last_time = packet.time
        if packet.udp is None or ":icmp" in packet.protocols:
            self._note_error(packet)
            return None
        if ":dns" in packet.protocols and packet.dns is not None:
            return self._message(packet, packet.dns, packet.udp)
        exchange = packet.conversation
        if packet.protocols.endswith((":mdns", ":llmnr")):
            return [_on_link(packet)]
        if isinstance(exchange, Exchange) and exchange.first_frame == packet.number:
            return self._chosen(packet, exchange.client.address, exchange.server.address, "udp")
        return None

    def ended(self, conversation: Conversation | Exchange) -> Iterable[Verdict] | None:
        """Says nothing, but shows how long the capture goes on."""
        self._last_time = latest(self._last_time, conversation.last_time)
        return None

    def finish(self) -> Iterable[Verdict] | None:
        """Questions that stayed without an answer, and addresses of which none was used."""
        questions = {id(question): question for question in self._waiting.values() if question.answered is None}
        verdicts = [self._unanswered(question) for question in questions.values()]
        choices = {id(choice): choice for choice in self._choices.values() if not choice.done}
        for choice in choices.values():
            verdicts.append(_choice(choice, "unused", {}, ()))
        return verdicts

    # -- one message --------------------------------------------------------------------------------------------------

    def _message(self, packet: Packet, message: Header, transport: Header) -> list[Verdict]:
        if message.id is None or message.flags_response is None:
            return []
        source, target = addresses(packet)
        name = "tcp" if packet.tcp is not None else "udp"
        if message.flags_response:
            key = (name, target, transport.dstport, source, transport.srcport, message.id)
            return list(self._response(packet, message, key))
        key = (name, source, transport.srcport, target, transport.dstport, message.id)
        return list(self._query(packet, message, key))

    # -- questions ----------------------------------------------------------------------------------------------------

    def _query(self, packet: Packet, message: Header, key: Key) -> Iterator[Verdict]:
        number, (_, client, _, server, _, ident) = packet.number, key
        params: dict[str, Any] = {"server": server, "client": client, "id": ident}
        evidence: tuple[Evidence, ...] = (Evidence(number, "dns.id", f"0x{ident:04x}"),)
        asked = (message.queries or [None])[0]
        if message.flags_opcode or asked is None or asked.get("type") is None:
            params["opcode"] = message.flags_opcode or 0
            yield Verdict(QUERY, number, params, evidence, "opcode" if message.flags_opcode else "unread")
            return
        name, kind = asked["name"] or "?", asked["type"]
        params |= {"name": name, "kind": type_name(kind)}
        evidence += (Evidence(number, "dns.qry.name", name), Evidence(number, "dns.qry.type", kind))
        wording = TYPES_ASKED.get(kind, "")
        if wording == "ptr":
            params["address"] = reversed_address(name)
            wording = "ptr" if params["address"] else "pointer"
        yield Verdict(QUERY, number, params, evidence, wording)
        option = _edns(message)
        room = max(PLAIN_UDP, option["udp_payload_size"] or 0) if option is not None else PLAIN_UDP
        query = Asked(number, packet.time, key, room)
        yield from self._ask(query, name, kind)
        if key[0] == "tcp":
            yield from self._over_tcp(number, key, name, kind)
        else:
            yield from self._dual_stack(query, name, kind)
        if option is not None and self._first_time("edns", client, server):
            said = {"room": room, "client": client}
            wording = "signatures" if (option["z"] or 0) & DNSSEC_OK else ""
            yield Verdict(EDNS, number, said, (Evidence(number, "dns.rr.udp_payload_size", room),), wording)

    def _ask(self, query: Asked, name: str, kind: int) -> Iterator[Verdict]:
        """Waits for the answer; tells a repetition from a new question."""
        client = query.key[1]
        question = self._waiting.get(query.key)
        if question is None or question.answered is not None or not question.same(name, kind):
            question = self._newest.get((client, name.lower(), kind))
        verdict = None
        if question is not None and question.answered is None:
            verdict = _retry(question, query)
            if verdict is None and question.asked[-1].key != query.key:
                question = None  # another program's, as far as the capture can tell
        if question is None or question.answered is not None:
            question = Question(name, kind, client, [])
        question.asked = [*question.asked[-ASKED_LIMIT + 1 :], query]
        question.error = None
        self._waiting.pop(query.key, None)
        self._waiting[query.key] = question
        _remember(self._newest, (client, name.lower(), kind), question)
        if verdict is not None:
            yield verdict
        if len(self._waiting) > WAITING_LIMIT:
            key, oldest = self._waiting.popitem(last=False)
            if oldest.answered is None and oldest.asked[-1].key == key:
                oldest.answered = 0  # not waited for any more
                yield Verdict(
                    UNANSWERED, oldest.asked[0].frame, _unanswered_params(oldest, WAITING_LIMIT), (), "evicted"
                )

    def _over_tcp(self, number: int, key: Key, name: str, kind: int) -> Iterator[Verdict]:
        cut = self._cut.pop((key[1], key[3], name.lower(), kind), None)
        if cut is None:
            yield Verdict(OVER_TCP, number, {}, (Evidence(number, "dns.length", "present"),))
            return
        evidence = (Evidence(cut, "dns.flags.truncated", True), Evidence(number, "dns.qry.name", name))
        yield Verdict(OVER_TCP, number, {"cut": cut}, evidence, "after-truncation")
        yield Verdict(OVER_TCP, cut, {"again": number}, evidence, "later")

    def _dual_stack(self, query: Asked, name: str, kind: int) -> Iterator[Verdict]:
        if kind not in (A, AAAA):
            return
        key = (query.key[1], query.key[3], name.lower())
        other, frame, time = self._lookups.pop(key, (kind, 0, None))
        if other == kind or time is None or query.time is None or not 0 <= query.time - time <= DUAL_WITHIN:
            self._lookups[key] = (kind, query.frame, query.time)
            _bound(self._lookups)
            return
        params = {"name": name, "other": frame, "kind": type_name(kind), "other_kind": type_name(other)}
        params["elapsed"] = (query.time - time) / 1e9
        evidence = (Evidence(frame, "dns.qry.type", other), Evidence(query.frame, "dns.qry.type", kind))
        yield Verdict(DUAL_STACK, query.frame, params, evidence)

    # -- answers ------------------------------------------------------------------------------------------------------

    def _response(self, packet: Packet, message: Header, key: Key) -> Iterator[Verdict]:
        number, server = packet.number, key[3]
        answer = read_answer(message)
        question = self._waiting.get(key)
        if question is not None and answer.name and not question.same(answer.name, answer.kind):
            question = None  # the same numbers by chance, or by malice
        before = question.answered if question is not None else None
        paired, params, evidence = _pair(packet, question, key)
        params |= {
            "server": server,
            "client": key[1],
            "name": answer.name or "?",
            "kind": type_name(answer.kind),
            "last": answer.last,
            "rcode": answer.rcode,
            "zone": answer.zone,
            "values": answer.values,
            "count": answer.count,
        }
        evidence += (Evidence(number, "dns.id", f"0x{key[5]:04x}"), Evidence(number, "dns.flags.rcode", answer.rcode))
        if before is not None:
            yield Verdict(RESPONSE, number, params | {"before": before}, evidence, "copy")
            return
        if question is not None:
            question.answered = number
        yield Verdict(RESPONSE, number, params, evidence, f"{paired}-{answer.content}")
        yield from self._troubles(packet, answer, question, params, key)
        yield from self._records(packet, answer, params, key)
        if answer.from_resolver and self._first_time("resolver", key[1], server):
            flags = (
                Evidence(number, "dns.flags.authoritative", False),
                Evidence(number, "dns.flags.recavail", True),
            )
            yield Verdict(RECURSIVE, number, params, flags)

    def _troubles(
        self, packet: Packet, answer: Answer, question: Question | None, params: dict[str, Any], key: Key
    ) -> Iterator[Verdict]:
        """What kept the client from what it wanted."""
        number = packet.number
        code = (Evidence(number, "dns.flags.rcode", answer.rcode),)
        aliased = "alias" if answer.aliases else ""
        match answer.content:
            case "nxdomain":
                yield Verdict(NXDOMAIN, number, params, code + answer.evidence(number), aliased)
            case "nodata":
                counts = (Evidence(number, "dns.count.answers", answer.count),)
                yield Verdict(NODATA, number, params, code + counts + answer.evidence(number), aliased)
            case "servfail":
                yield Verdict(SERVFAIL, number, params, code)
            case "refused":
                yield Verdict(REFUSED, number, params, code)
            case "truncated":
                room = question.asked[-1].room if question is not None else None
                flag = (Evidence(number, "dns.flags.truncated", True),)
                yield Verdict(TRUNCATED, number, params | {"room": room}, flag, "" if room else "unseen")
                _remember(self._cut, (key[1], key[3], (answer.name or "").lower(), answer.kind), number)
        if key[0] == "udp" and question is not None and packet.udp.length is not None:
            size, room = packet.udp.length - 8, question.asked[-1].room
            if PLAIN_UDP < size <= room:
                said = {"size": size, "room": room, "query": question.asked[-1].frame}
                yield Verdict(EDNS, number, said, (Evidence(number, "udp.length", size + 8),), "large")

    def _records(self, packet: Packet, answer: Answer, params: dict[str, Any], key: Key) -> Iterator[Verdict]:
        """Aliases, and addresses to choose from."""
        number = packet.number
        if answer.aliases and answer.content != "nxdomain":
            chain = " → ".join([answer.name, *answer.aliases])
            evidence = tuple(Evidence(number, "dns.cname", alias) for alias in answer.aliases)
            wording = "" if answer.addresses else "circle" if answer.circle else "bare"
            yield Verdict(CNAME, number, params | {"chain": chain}, evidence, wording)
        if len(answer.addresses) > 1:
            choice = Choice(number, answer.last, answer.addresses)
            for address in answer.addresses:
                _remember(self._choices, (key[1], address), choice)

    def _chosen(self, packet: Packet, client: str, address: str, wording: str) -> list[Verdict] | None:
        """The first packet to one of several addresses."""
        choice = self._choices.get((client, address)) if self._choices else None
        if choice is None or choice.done:
            return None
        choice.done = True
        for one in choice.addresses:
            if self._choices.get((client, one)) is choice:
                del self._choices[client, one]
        evidence = (Evidence(packet.number, "ipv6.dst" if ":" in address else "ip.dst", address),)
        params = {"frame": packet.number, "address": address, "client": client}
        return [_choice(choice, wording, params, evidence)]

    # -- errors and ends ----------------------------------------------------------------------------------------------

    def _note_error(self, packet: Packet) -> None:
        """An ICMP error that quotes one of the newest queries."""
        message, failures = (packet.icmp, FAILURES) if packet.icmp is not None else (packet.icmpv6, FAILURES_V6)
        if message is None or message.type not in failures:
            return
        quote = quoted(message)
        if quote is None or quote.ports is None:
            return
        wanted = (quote.kind, quote.ip.src, quote.ports[0], quote.ip.dst, quote.ports[1])
        for key in islice(reversed(self._waiting), QUOTED_LIMIT):
            question = self._waiting[key]
            if key[:5] == wanted and question.answered is None:
                question.error, question.error_type = packet.number, message.type
                return

    def _unanswered(self, question: Question) -> Verdict:
        first, last = question.asked[0], question.asked[-1]
        params = _unanswered_params(question, 0)
        evidence: tuple[Evidence, ...] = tuple(
            Evidence(one.frame, "dns.id", f"0x{one.key[5]:04x}") for one in question.asked
        )
        wording = "" if len(question.asked) == 1 else "times" if "span" in params else "untimed"
        if question.error is not None:
            wording = "error"
            field = "icmpv6.type" if ":" in first.key[1] else "icmp.type"
            evidence += (Evidence(question.error, field, question.error_type),)
        elif self._last_time is not None and last.time is not None and len(question.asked) == 1:
            left = self._last_time - last.time
            if 0 <= left < LATE_ANSWER:
                params["left"], wording = left / 1e9, "soon"
        return Verdict(UNANSWERED, first.frame, params, evidence, wording)

    def _first_time(self, what: str, client: str, server: str) -> bool:
        key = (what, client, server)
        if key in self._said:
            return False
        _remember(self._said, key, None)
        return True


def _remember(table: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    """Puts it last; drops the first when there are too many."""
    table[key] = value
    table.move_to_end(key)
    _bound(table)


def _bound(table: OrderedDict[Any, Any]) -> None:
    if len(table) > NAMES_LIMIT:
        table.popitem(last=False)


def _edns(message: Header) -> dict[str, Any] | None:
    """The OPT record."""
    for record in message.additionals or ():
        if record.get("type") == OPT:
            found: dict[str, Any] = record
            return found
    return None


def _retry(question: Question, query: Asked) -> Verdict | None:
    """The verdict if the query asks again what has no answer yet; None for a copy, or another program's."""
    before = question.asked[-1]
    same_key = before.key == query.key
    params: dict[str, Any] = {"before": before.frame, "name": question.name, "server": query.key[3]}
    params |= {"before_server": before.key[3], "error": question.error}
    evidence = (
        Evidence(before.frame, "dns.id", f"0x{before.key[5]:04x}"),
        Evidence(query.frame, "dns.id", f"0x{query.key[5]:04x}"),
    )
    if query.time is None or before.time is None:
        return Verdict(RETRY, query.frame, params, evidence, "untimed") if same_key else None
    waited = query.time - before.time
    params["waited"] = waited / 1e9
    if question.error is not None:
        return Verdict(RETRY, query.frame, params, evidence, "error")
    if waited < (RETRY_AT_LEAST if same_key else PATIENCE_AT_LEAST):
        return None
    if before.key[3] != query.key[3]:
        return Verdict(RETRY, query.frame, params, evidence, "server")
    return Verdict(RETRY, query.frame, params, evidence, "" if same_key else "anew")


def _pair(packet: Packet, question: Question | None, key: Key) -> tuple[str, dict[str, Any], tuple[Evidence, ...]]:
    """Which queries the answer belongs to: kind of pair, parameters, evidence."""
    queries = [one for one in question.asked if one.key == key] if question is not None else []
    if not queries:
        return "unseen", {}, ()
    last = queries[-1]
    params: dict[str, Any] = {"query": last.frame, "queries": [one.frame for one in queries]}
    evidence = tuple(Evidence(one.frame, "dns.id", f"0x{key[5]:04x}") for one in queries)
    if packet.time is None or last.time is None:
        return "untimed", params, evidence
    params["elapsed"] = (packet.time - last.time) / 1e9
    return "paired" if len(queries) == 1 else "retried", params, evidence


def _unanswered_params(question: Question, count: int) -> dict[str, Any]:
    first, last = question.asked[0], question.asked[-1]
    params: dict[str, Any] = {
        "name": question.name,
        "kind": type_name(question.kind),
        "server": last.key[3],
        "frames": [one.frame for one in question.asked],
        "times": len(question.asked),
        "error": question.error,
        "count": count,
    }
    if first.time is not None and last.time is not None:
        params["span"] = (last.time - first.time) / 1e9
    return params


def _choice(choice: Choice, wording: str, params: dict[str, Any], evidence: tuple[Evidence, ...]) -> Verdict:
    params |= {"count": len(choice.addresses), "name": choice.name, "addresses": ", ".join(choice.addresses)}
    rule: Rule = MANY_ADDRESSES
    found = (*evidence, *(Evidence(choice.frame, "dns.aaaa" if ":" in a else "dns.a", a) for a in choice.addresses))
    return Verdict(rule, choice.frame, params, found, wording)


def _on_link(packet: Packet) -> Verdict:
    """mDNS and LLMNR: the message of DNS, sent to everybody on the link. tshark has other layers for them."""
    protocol = packet.protocols.rpartition(":")[2]
    params: dict[str, Any] = {"source": addresses(packet)[0], "target": addresses(packet)[1], "name": "?"}
    evidence = (Evidence(packet.number, "udp.dstport", packet.udp.dstport),)
    try:
        message = LAYER.parse(bytes(packet.udp.payload or b""), table="udp.port")
    except ConstructError:
        return Verdict(ON_LINK, packet.number, params, evidence, f"{protocol}-unread")
    records = message.get("queries") or message.get("answers") or ()
    if message.get("flags.response"):
        records = message.get("answers") or message.get("queries") or ()
    if not records:
        return Verdict(ON_LINK, packet.number, params, evidence, f"{protocol}-unread")
    params |= {"name": str(records[0]["name"]), "kind": type_name(records[0]["type"])}
    role = "response" if message.get("flags.response") else "query"
    return Verdict(ON_LINK, packet.number, params, evidence, f"{protocol}-{role}")


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Dns()]
