"""DHCP: how a host gets its address, keeps it, and gives it back (RFC 2131)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.dissectors.layer import Header

from .analyzer import BaseAnalyzer, Settings
from .conversations import addresses
from .dhcp_rules import (
    ACK,
    DECLINE,
    DISCOVER,
    INFORM,
    NAK,
    OFFER,
    RELAY,
    RELEASE,
    RENEW,
    REQUEST,
    RULES,
    UNANSWERED,
    ZERO_SOURCE,
)
from .hookspecs import hookimpl
from .icmp_errors import latest
from .rule import Evidence, Rule, Verdict

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .packet import Packet
    from .tcp.conversation import Conversation
    from .udp import Exchange

EXCHANGES_LIMIT = 1024
"""Transactions, and clients with a lease, in memory; the oldest go first."""
COPIES_LIMIT = 32
"""Repetitions of a message, and offers, that are remembered."""
LATE_ANSWER = 1_000_000_000
"""Nanoseconds before the end of the capture within which an answer may still have been on its way."""
EARLY = 0.9
"""Part of T1 before which a renewal is called early; the timer may be off by some rounding."""

UNSPECIFIED = "0.0.0.0"
BROADCAST = "255.255.255.255"
MASK, ROUTER, NAME_SERVERS, HOST_NAME, REQUESTED, LEASE, SERVER, REASON, T1, T2 = 1, 3, 6, 12, 50, 51, 54, 56, 58, 59
FOREVER = 0xFFFFFFFF

Options = dict[int, Any]


class Sent(msgspec.Struct):
    """A message that waits for its answer, and its repetitions."""

    kind: str
    """``discover``, ``request``, ``renew`` or ``inform``."""
    frames: list[int]
    first: int | None
    """Time of the first, ns."""
    last: int | None
    answer: int | None = None
    """Frame of the first answer."""


class Transaction(msgspec.Struct):
    """The messages of one client that bear the same transaction id."""

    client: str
    xid: int
    sent: list[Sent] = []
    offers: list[tuple[int, str]] = []
    """Frame and server."""
    said: set[str] = set()

    def newest(self, *kinds: str) -> Sent | None:
        """The newest message of these kinds."""
        return next((one for one in reversed(self.sent) if one.kind in kinds), None)


class Lease(msgspec.Struct):
    """What a client has."""

    address: str
    server: str
    frame: int
    time: int | None
    seconds: int | None
    renewal: int | None
    """T1, seconds."""
    rebinding: int | None
    """T2, seconds."""


class Dhcp(BaseAnalyzer):
    """Follows each transaction by its id and the client's hardware address."""

    layers = ("dhcp", "udp", "arp", "icmp", "icmpv6")  # the others show how long the capture goes on
    fields = (
        "dhcp",
        "ip.src",
        "ip.dst",
    )

    def __init__(self) -> None:
        self._transactions: OrderedDict[tuple[int, str, str], Transaction] = OrderedDict()
        self._leases: OrderedDict[str, Lease] = OrderedDict()
        self._last_time: int | None = None

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """The verdicts of a DHCP message; none of BOOTP, which has no kinds of message."""
        self._last_time = packet.time
        if not packet.protocols.endswith(":dhcp") or ":icmp" in packet.protocols:  # not quoted in an error
            return None
        message = packet.dhcp
        if message is None or packet.udp is None or message.id is None:
            return None
        options = _options(message)
        kind = message.option_dhcp if message.option_dhcp is not None else options.get(53)
        reader = READERS.get(kind) if kind is not None else None
        if reader is None:
            return None
        client = message.hw_mac_addr or (message.hw_addr.hex(":") if message.hw_addr else "?")
        relay = message.ip_relay or UNSPECIFIED
        transaction = self._transaction(message.id, client, relay)
        verdicts = list(reader(self, Message(packet, message, options, transaction)))
        if relay != UNSPECIFIED and "relay" not in transaction.said:
            transaction.said.add("relay")
            evidence = (Evidence(packet.number, "dhcp.ip.relay", relay),)
            verdicts.append(Verdict(RELAY, packet.number, {"relay": relay}, evidence))
        return verdicts

    def ended(self, conversation: Conversation | Exchange) -> Iterable[Verdict] | None:
        """Says nothing, but shows how long the capture goes on."""
        self._last_time = latest(self._last_time, conversation.last_time)
        return None

    def finish(self) -> Iterable[Verdict] | None:
        """What stayed without an answer."""
        return [
            self._unanswered(transaction, sent)
            for transaction in self._transactions.values()
            for sent in transaction.sent
            if sent.answer is None
        ]

    def _transaction(self, xid: int, client: str, relay: str) -> Transaction:
        key = (xid, client, relay)  # what a relay passes on is no repetition
        found = self._transactions.get(key)
        if found is None:
            found = self._transactions[key] = Transaction(client, xid)
            if len(self._transactions) > EXCHANGES_LIMIT:
                self._transactions.popitem(last=False)
        return found

    # -- from the client ----------------------------------------------------------------------------------------------

    def discover(self, message: Message) -> Iterator[Verdict]:
        """It looks for servers."""
        params = message.params
        before = message.transaction.newest("discover")
        again = message.sends("discover", before)
        wording = "again" if again else "wish" if message.address(REQUESTED) else ""
        params["wish"] = message.address(REQUESTED)
        yield Verdict(DISCOVER, message.number, params, message.evidence(), wording)
        yield from message.zero_source("discover")

    def request(self, message: Message) -> Iterator[Verdict]:
        """It takes an offer, asks for its old address after a restart, or prolongs its lease (RFC 2131 §4.3.2)."""
        own = message.header.ip_client
        if own not in (None, UNSPECIFIED):
            yield self._renewal(message, own)
            return
        params, server, wanted = message.params, message.address(SERVER), message.address(REQUESTED)
        before = message.transaction.newest("request")
        again = message.sends("request", before)
        params |= {"server": server or "?", "address": wanted or "?"}
        evidence = message.evidence()
        wording = "again" if again else "reboot"
        if server and not again:
            offers = [frame for frame, who in message.transaction.offers if who == server]
            wording = "selecting" if offers else "unseen"
            if offers:
                params |= {"offer": offers[-1], "offers": len({who for _, who in message.transaction.offers})}
                evidence += (Evidence(offers[-1], "dhcp.option.dhcp_server_id", server),)
                wording = "several" if params["offers"] > 1 else wording
        yield Verdict(REQUEST, message.number, params, evidence, wording)
        yield from message.zero_source("request" if server else "reboot")

    def _renewal(self, message: Message, own: str) -> Verdict:
        number, params = message.number, message.params
        target = addresses(message.packet)[1]
        unicast = target != BROADCAST
        message.sends("renew", message.transaction.newest("renew"))
        params |= {"address": own, "server": target}
        evidence = (*message.evidence(), Evidence(number, "dhcp.ip.client", own), Evidence(number, "ip.dst", target))
        lease = self._leases.get(message.transaction.client)
        if lease is None or lease.address != own or lease.time is None or message.packet.time is None:
            return Verdict(RENEW, number, params, evidence, "unseen" if unicast else "rebind-unseen")
        params |= {"ack": lease.frame, "lease": lease.seconds, "held": (message.packet.time - lease.time) / 1e9}
        params |= {"t1": lease.renewal, "t2": lease.rebinding}
        evidence += (Evidence(lease.frame, "dhcp.option.ip_address_lease_time", lease.seconds),)
        if not unicast:
            return Verdict(RENEW, number, params, evidence, "rebind" if lease.rebinding else "rebind-unseen")
        if lease.renewal is None:
            return Verdict(RENEW, number, params, evidence, "unseen")
        early = params["held"] < lease.renewal * EARLY
        return Verdict(RENEW, number, params, evidence, "early" if early else "")

    def release(self, message: Message) -> Iterator[Verdict]:
        """It gives its address back."""
        params = message.params
        own = message.header.ip_client or UNSPECIFIED
        params |= {"address": own, "server": message.address(SERVER) or addresses(message.packet)[1]}
        evidence = (*message.evidence(), Evidence(message.number, "dhcp.ip.client", own))
        lease = self._leases.pop(message.transaction.client, None)
        if lease is None or lease.address != own or lease.time is None or message.packet.time is None:
            yield Verdict(RELEASE, message.number, params, evidence, "unseen")
            return
        params |= {"ack": lease.frame, "held": (message.packet.time - lease.time) / 1e9}
        yield Verdict(RELEASE, message.number, params, (*evidence, Evidence(lease.frame, "dhcp.ip.your", own)))

    def decline(self, message: Message) -> Iterator[Verdict]:
        """It found the address in use."""
        params = message.params | {"address": message.address(REQUESTED) or "?"}
        self._leases.pop(message.transaction.client, None)
        yield Verdict(DECLINE, message.number, params, message.evidence())

    def inform(self, message: Message) -> Iterator[Verdict]:
        """It has an address and wants the other settings."""
        message.sends("inform", message.transaction.newest("inform"))
        params = message.params | {"address": message.header.ip_client or "?"}
        yield Verdict(INFORM, message.number, params, message.evidence())

    # -- from the server ----------------------------------------------------------------------------------------------

    def offer(self, message: Message) -> Iterator[Verdict]:
        """A server proposes an address."""
        params, transaction = message.answers("discover"), message.transaction
        known = {who for _, who in transaction.offers}
        another = bool(known) and params["server"] not in known
        transaction.offers = [*transaction.offers[-COPIES_LIMIT + 1 :], (message.number, params["server"])]
        wording = "unseen" if params["asked"] is None else "another" if another else ""
        yield Verdict(OFFER, message.number, params, message.evidence("discover"), message.timed(wording, params))

    def ack(self, message: Message) -> Iterator[Verdict]:
        """A server confirms: address, renewal, or settings only."""
        params = message.answers("request", "renew", "inform")
        address, lease = params["address"], params["lease"]
        sent = message.transaction.newest("request", "renew", "inform")
        wording = "unseen" if sent is None else {"renew": "renewed", "inform": "settings"}.get(sent.kind, "")
        evidence = message.evidence("request", "renew", "inform")
        if address == UNSPECIFIED:
            wording = "settings" if sent is not None else "settings-unseen"
        elif lease is not None:
            evidence += (Evidence(message.number, "dhcp.option.ip_address_lease_time", lease),)
            self._grant(message, address, params["server"], lease)
        yield Verdict(ACK, message.number, params, evidence, message.timed(wording, params))

    def _grant(self, message: Message, address: str, server: str, lease: int) -> None:
        infinite = lease == FOREVER
        renewal, rebinding = message.options.get(T1), message.options.get(T2)
        granted = Lease(
            address,
            server,
            message.number,
            message.packet.time,
            lease,
            None if infinite else renewal or lease // 2,
            None if infinite else rebinding or lease * 7 // 8,
        )
        self._leases[message.transaction.client] = granted
        self._leases.move_to_end(message.transaction.client)
        if len(self._leases) > EXCHANGES_LIMIT:
            self._leases.popitem(last=False)

    def nak(self, message: Message) -> Iterator[Verdict]:
        """A server refuses."""
        params = message.answers("request", "renew")
        self._leases.pop(message.transaction.client, None)
        reason = message.options.get(REASON)
        params["reason"] = reason
        wording = "unseen" if params["asked"] is None else "reason" if reason else ""
        yield Verdict(NAK, message.number, params, message.evidence("request", "renew"), wording)

    def _unanswered(self, transaction: Transaction, sent: Sent) -> Verdict:
        about, number = sent.frames[0], len(sent.frames)
        params: dict[str, Any] = {"client": transaction.client, "times": number, "frames": sent.frames}
        evidence = tuple(Evidence(frame, "dhcp.id", f"0x{transaction.xid:08x}") for frame in sent.frames)
        wording = sent.kind
        if number > 1 and sent.first is not None and sent.last is not None:
            params["span"] = (sent.last - sent.first) / 1e9
            wording = f"{sent.kind}-times"
        elif self._last_time is not None and sent.last is not None and 0 < self._last_time - sent.last < LATE_ANSWER:
            params["left"], wording = (self._last_time - sent.last) / 1e9, "soon"
        return Verdict(UNANSWERED, about, params, evidence, wording)


class Message:
    """One DHCP message and its transaction."""

    def __init__(self, packet: Packet, header: Header, options: Options, transaction: Transaction) -> None:
        self.packet = packet
        self.number = packet.number
        self.header = header
        self.options = options
        self.transaction = transaction

    @property
    def params(self) -> dict[str, Any]:
        """What every sentence may use."""
        return {"client": self.transaction.client, "xid": f"0x{self.transaction.xid:08x}"}

    def address(self, option: int) -> str | None:
        """An option that holds an address."""
        found = self.options.get(option)
        return found if isinstance(found, str) else None

    def evidence(self, *kinds: str) -> tuple[Evidence, ...]:
        """The transaction id, of the message that this one answers as well."""
        xid = f"0x{self.transaction.xid:08x}"
        sent = self.transaction.newest(*kinds) if kinds else None
        asked = (Evidence(sent.frames[-1], "dhcp.id", xid),) if sent is not None else ()
        return (*asked, Evidence(self.number, "dhcp.id", xid))

    def sends(self, kind: str, before: Sent | None) -> bool:
        """Waits for an answer; whether this repeats a message that has none yet."""
        if before is not None and before.answer is None:
            before.frames = [*before.frames[-COPIES_LIMIT + 1 :], self.number]
            before.last = self.packet.time
            return True
        sent = Sent(kind, [self.number], self.packet.time, self.packet.time)
        self.transaction.sent = [*self.transaction.sent[-COPIES_LIMIT + 1 :], sent]
        return False

    def answers(self, *kinds: str) -> dict[str, Any]:
        """Notes that this answers the newest message of these kinds; returns the parameters of an answer."""
        sent = self.transaction.newest(*kinds)
        params = self.params | {
            "server": self.address(SERVER) or addresses(self.packet)[0],
            "address": self.header.ip_your or UNSPECIFIED,
            "lease": self.options.get(LEASE),
            "asked": sent.frames[-1] if sent is not None else None,
            "router": _first(self.options.get(ROUTER)),
            "mask": self.address(MASK) or "?",
            "resolver": _first(self.options.get(NAME_SERVERS)),
        }
        if sent is None:
            return params
        if sent.answer is None:
            sent.answer = self.number
        if self.packet.time is not None and sent.last is not None:
            params["elapsed"] = (self.packet.time - sent.last) / 1e9
        return params

    def timed(self, wording: str, params: dict[str, Any]) -> str:
        """The wording for an answer without a lease time, where there is such."""
        if params["lease"] is None and wording in ("", "another", "renewed", "unseen"):
            return "no-lease"
        if params["lease"] == FOREVER and wording in ("", "another", "renewed", "unseen"):
            return "forever"
        if "elapsed" not in params and wording in ("", "another", "renewed"):
            return "unseen"
        return wording

    def zero_source(self, kind: str) -> Iterator[Verdict]:
        """Why a client without an address sends from 0.0.0.0; said once for each kind of message."""
        source, target = addresses(self.packet)
        if source != UNSPECIFIED or kind in self.transaction.said:
            return
        self.transaction.said.add(kind)
        evidence = (Evidence(self.number, "ip.src", source), Evidence(self.number, "ip.dst", target))
        yield Verdict(ZERO_SOURCE, self.number, {"target": target}, evidence, kind)


def _first(addresses_given: object) -> str:
    """The addresses of an option as a reader lists them."""
    if isinstance(addresses_given, list | tuple):
        return ", ".join(map(str, addresses_given)) or "?"
    return str(addresses_given) if addresses_given else "?"


def _options(message: Header) -> Options:
    """Option number → its value: a number, text, an address, or a list of them; none of an option whose bytes are not
    as many as its kind has."""
    found: Options = {}
    for option in (message.options or {}).get("list", ()):
        value = option.get("value")
        if value is not None and hasattr(value, "items"):
            values = [one for name, one in value.items() if not str(name).startswith("_") and name != "data"]
            if values:
                found.setdefault(option.get("type"), values[0])
    return found


READERS: dict[int, Callable[[Dhcp, Message], Iterator[Verdict]]] = {
    1: Dhcp.discover,
    2: Dhcp.offer,
    3: Dhcp.request,
    4: Dhcp.decline,
    5: Dhcp.ack,
    6: Dhcp.nak,
    7: Dhcp.release,
    8: Dhcp.inform,
}
"""By the value of option 53 (RFC 2132 §9.6)."""


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Dhcp()]
