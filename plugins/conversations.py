"""The conversations that are being followed: a bounded, least-recently-used table of TCP connections and UDP exchanges."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .tcp.conversation import ACK, SYN, Conversation
from .tcp.endpoint import IcmpError
from .udp import Exchange

if TYPE_CHECKING:
    from .packet import Packet

CONVERSATIONS_LIMIT = 5000
"""Conversations in memory at once; the one that was silent longest goes first, with its end-of-life verdicts."""

FIELDS = (
    *("ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "icmp", "icmpv6"),
    *("tcp.srcport", "tcp.dstport", "tcp.stream", "tcp.seq_raw", "tcp.ack_raw", "tcp.seq", "tcp.ack", "tcp.flags"),
    *("tcp.len", "tcp.options", "tcp.window_size", "tcp.window_size_value", "tcp.window_size_scalefactor"),
    *("udp.srcport", "udp.dstport", "udp.length", "udp.stream"),
)
"""What following conversations reads, as :attr:`labdissect.plugins.analyzer.Analyzer.fields` has it."""

FourTuple = tuple[str, int, str, int]
Key = int | tuple[str, FourTuple]
"""tshark's number of a TCP connection; protocol and addresses where that is not known, and for UDP."""


class ConversationTable:
    """Finds or begins a packet's conversation and lets it observe the packet.

    :param ended: is told of each conversation that leaves the table
    """

    def __init__(self, ended: Callable[[Conversation | Exchange], None], limit: int = CONVERSATIONS_LIMIT) -> None:
        self._ended = ended
        self._limit = limit
        self._table: OrderedDict[Key, Conversation | Exchange] = OrderedDict()
        self._latest: dict[FourTuple, Conversation] = {}
        self.evicted = 0
        """Conversations that left for want of room."""
        self.incomplete = 0
        """TCP packets whose ports, numbers or flags the input does not have."""

    def observe_tcp(self, packet: Packet) -> bool:
        """Leaves ``conversation`` and ``segment`` on a TCP packet; False when it lacks what that needs."""
        tcp = packet.tcp
        source_port = tcp.srcport
        flags = tcp.flags_
        if type(flags) is not int:  # as it is where they were read from the capture's bytes
            try:
                flags = _FLAGS.get(flags)
            except TypeError:  # a list: several values for one header, which no tshark prints
                flags = None
        if flags is None:
            flags = _read_flags(tcp)
        if source_port is None or tcp.dstport is None or flags is None or (tcp.seq_raw is None and tcp.seq is None):
            self.incomplete += 1
            return False
        key: Key = tcp.stream if tcp.stream is not None else ("tcp", _four_tuple(*addresses(packet), tcp))
        conversation = self._table.get(key)
        if isinstance(conversation, Conversation):
            client, server = conversation.client, conversation.server
            if client.port != server.port:
                from_client = source_port == client.port
                same = from_client or source_port == server.port
            else:
                from_client = addresses(packet)[0] == client.address
                same = source_port == client.port
            if same and not (flags & SYN and _opens_another(conversation, packet, from_client)):
                self._table.move_to_end(key)
                conversation.observe(packet, tcp, flags, from_client)
                return True
            self._leave(key, conversation)
        self._begin_tcp(key, packet)
        return True

    def observe_udp(self, packet: Packet) -> bool:
        """Leaves ``conversation`` on a UDP packet; False when it has no ports."""
        udp = packet.udp
        if udp.srcport is None or udp.dstport is None:
            return False
        # by addresses, not udp.stream: tshark numbers streams anew for each file, and old versions have none with -e
        source, destination = addresses(packet)
        key: Key = ("udp", _four_tuple(source, destination, udp))
        exchange = self._table.get(key)
        if isinstance(exchange, Exchange):
            self._table.move_to_end(key)
        else:
            exchange = Exchange(udp.stream, packet, source, destination)
            self._add(key, exchange)
        exchange.observe(packet, source)
        return True

    def observe_icmp(self, packet: Packet) -> None:
        """An ICMP error that quotes a packet of a connection tells that connection."""
        icmp = packet.icmp if packet.icmp is not None else packet.icmpv6
        quoted = dict(icmp.inner)
        ip, tcp = quoted.get("ip") or quoted.get("ipv6"), quoted.get("tcp")
        if ip is None or tcp is None or tcp.srcport is None or tcp.dstport is None:
            return
        one, other = (ip.src or "", tcp.srcport), (ip.dst or "", tcp.dstport)
        conversation = self._latest.get(one + other if one <= other else other + one)
        if conversation is not None:
            error = IcmpError(packet.number, icmp.layer.name, icmp.type, icmp.code)
            conversation.note_icmp(error, one, tcp.seq_raw if tcp.seq_raw is not None else tcp.seq)

    def _begin_tcp(self, key: Key, packet: Packet) -> None:
        source, destination = addresses(packet)
        pair = _four_tuple(source, destination, packet.tcp)
        previous = self._latest.get(pair)
        if previous is not None and self._table.get(previous.key) is previous and _asks_again(previous, packet, source):
            # after an RST it is another stream to Wireshark 4.4, though the same end asks with the same number
            del self._table[previous.key]
            previous.key = key
            self._table[key] = previous
            previous.observe(packet, packet.tcp, packet.tcp.flags, from_client=True)
            return
        reused = previous.last_frame if previous is not None and packet.tcp.flags & (SYN | ACK) == SYN else None
        conversation = Conversation(packet.tcp.stream, packet, source, destination, reused=reused)
        conversation.key, conversation.pair = key, pair
        self._latest[pair] = conversation
        self._add(key, conversation)
        from_client = (packet.tcp.srcport, source) == (conversation.client.port, conversation.client.address)
        conversation.observe(packet, packet.tcp, packet.tcp.flags, from_client)

    def _add(self, key: Key, conversation: Conversation | Exchange) -> None:
        self._table[key] = conversation
        if len(self._table) > self._limit:
            oldest_key = next(iter(self._table))
            self.evicted += 1
            self._leave(oldest_key, self._table[oldest_key])

    def _leave(self, key: Key, conversation: Conversation | Exchange) -> None:
        del self._table[key]
        # a port used again is recognized for as long as there is room
        crowded = len(self._latest) > self._limit // 2
        if crowded and isinstance(conversation, Conversation) and self._latest.get(conversation.pair) is conversation:
            del self._latest[conversation.pair]
        self._ended(conversation)

    def end(self) -> None:
        """The input ended: every conversation leaves, the one that began first first."""
        left = sorted(self._table.values(), key=lambda one: one.first_frame)
        self._table.clear()
        self._latest.clear()
        for conversation in left:
            self._ended(conversation)


_FLAGS: dict[Any, int] = {}
"""Flags by what tshark printed, ``0x0018``: few different ones, so most are looked up instead of converted."""


def _read_flags(tcp: Any) -> int | None:
    printed = tcp.flags_
    flags: int | None = tcp.flags
    if type(printed) is str and flags is not None and len(_FLAGS) < 4096:
        _FLAGS[printed] = flags
    return flags


def addresses(packet: Packet) -> tuple[str, str]:
    """Source and destination of the packet's innermost IP header; empty text where the input has none."""
    ip = packet.ip
    if ip is None or ":ipv6" in packet.protocols:
        ip = _innermost_ip(packet)
    if ip is None:
        return "", ""
    return ip.src or "", ip.dst or ""


def _innermost_ip(packet: Packet) -> Any:
    """Of IPv4 and IPv6 the one that ``frame.protocols`` names last, before what an ICMP error quotes."""
    four, six = packet.ip, packet.ipv6
    if four is None or six is None:
        return six if four is None else four
    own = packet.protocols.partition(":icmp")[0] + ":"
    return six if own.rfind(":ipv6:") > own.rfind(":ip:") else four


def _four_tuple(source: str, destination: str, ports: object) -> FourTuple:
    """The same key for both directions."""
    one, other = (source, ports.srcport), (destination, ports.dstport)  # type: ignore[attr-defined]
    return one + other if one <= other else other + one


def _asks_again(conversation: Conversation, packet: Packet, source: str) -> bool:
    """Whether a packet is the SYN with which the connection was asked for before: of the same end, with the same
    number."""
    tcp, client = packet.tcp, conversation.client
    return (
        tcp.flags & (SYN | ACK) == SYN
        and (tcp.srcport, source) == (client.port, client.address)
        and client.isn is not None
        and client.isn == tcp.seq_raw
    )


def _opens_another(conversation: Conversation, packet: Packet, from_client: bool) -> bool:
    """Whether a SYN opens another connection with the same addresses and ports (RFC 9293 §3.6.1, RFC 6191)."""
    tcp = packet.tcp
    if tcp.flags & ACK:
        return False
    sender = conversation.client if from_client else conversation.server
    number = tcp.seq_raw if tcp.seq_raw is not None else tcp.seq
    if sender.isn == number:
        return False
    return sender.isn is not None or conversation.closed_frame is not None or conversation.midstream
