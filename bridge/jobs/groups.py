"""Which packets must stay together, told by their headers alone.

A packet's group is its conversation: addresses and ports of TCP and of DNS over UDP. Groups become one when something
has to be seen with both: fragments (whose later ones have no ports), tunnels, and protocols that announce other
conversations (FTP, SIP, RPC …). An ICMP error belongs to the conversation that it quotes. Whatever is of no such
conversation (ARP, other UDP, multicast, routing protocols) is one group, :data:`REST`. So nothing that a dissector
remembers of one packet is missing when it comes to another (docs/decisions/0012-jobs.md).

Groups have numbers below 256, so that a packet's takes one byte: the first conversations have one of their own, later
ones share them. Memory is bounded.
"""

from __future__ import annotations

from zlib import crc32

from .packets import NotSplit

REST = 0
"""The group of whatever is of no conversation."""
_OWN = 200
"""Groups below this are of one conversation each; those from here to 255 are shared."""
_SHARED = 256 - _OWN
REMEMBERED = 1 << 16
"""Pairs of hosts, and conversations by their bytes, that are remembered."""

ETHERNET, RAW, LOOP, SLL, IPV4_ONLY, IPV6_ONLY, SLL2 = 1, 101, 108, 113, 228, 229, 276
NULL = 0
_RAW_LINKS = frozenset((RAW, 12, 14, IPV4_ONLY, IPV6_ONLY))
IP_AT = {ETHERNET: 14, RAW: 0, 12: 0, 14: 0, IPV4_ONLY: 0, IPV6_ONLY: 0, NULL: 4, LOOP: 4, SLL: 16, SLL2: 20}
"""Where a packet of a link type has its IP header."""

_IPV4, _IPV6, _BRIDGED = 0x0800, 0x86DD, 0x6558
_TAGS = frozenset((0x8100, 0x88A8, 0x9100))
_ALONE = frozenset(
    # ARP, RARP, wake-on-LAN, loopback, EAPOL, LLDP, PTP, CFM, Realtek, flow control, slow protocols, PROFINET, HomePlug
    (0x0806, 0x8035, 0x0842, 0x9000, 0x888E, 0x88CC, 0x88F7, 0x8902, 0x8899, 0x8808, 0x8809, 0x8892, 0x88E1)
)
"""EtherTypes of what carries no conversations."""

_ICMP, _IGMP, _IPIP, _TCP, _UDP, _IN_IPV6, _FRAGMENT, _GRE, _ICMPV6, _NOTHING = 1, 2, 4, 6, 17, 41, 44, 47, 58, 59
_HOP_BY_HOP = 0
_ICMP_ERRORS = frozenset((3, 4, 5, 11, 12))
_ICMPV6_ERRORS = frozenset(range(128))
_ROUTING_PROTOCOLS = frozenset((_IGMP, _NOTHING, 88, 89, 112))
"""IGMP, nothing, EIGRP, OSPF, VRRP."""

_DNS = 53
_VXLAN = 4789
_CARRIERS = frozenset((1701, 2152, 3544, 3653, 4341, 4500, 4754, 5246, 5247, 6080, 6081, 6635, 8472, 37008, 51820))
"""Ports of UDP that carry other packets, which are not read here: L2TP, GTP, Teredo, TSP, LISP, IPsec, GRE, CAPWAP,
GUE, Geneve, MPLS, old VXLAN, TZSP, WireGuard."""
_ANNOUNCERS = frozenset(
    # FTP, RPC, DCE RPC, NetBIOS, SMB, RTSP, NFS, IRC, H.323, PPTP, Skinny, MGCP, Megaco, SIP, XMPP …
    (*(20, 21, 111, 135, 139, 322, 445, 554, 593, 2049, 6667, 1503, 1719, 1720, 1723, 2000, 2427, 2727, 2428),
     *(2944, 2945, 5060, 5061, 5222, 5269, 7070, 8554, 10101))
)  # fmt: skip
"""Ports of TCP where conversations to other ports or hosts are agreed upon."""
_ANNOUNCES = (b"SIP/2.0", b" sip:", b"RTSP/", b"application/sdp", b"a=rtpmap")
"""What tshark knows such protocols by on any port."""
_LOOKED_AT = 256

_NESTED = 8
"""Headers within headers that are followed."""


class _Pair:
    """Two hosts."""

    __slots__ = ("group", "members", "name", "together")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.group: int | None = None
        """Of what the two exchange besides TCP and DNS, and of all once they are together."""
        self.members = 0
        """Groups of their conversations, a bit each."""
        self.together = False


class Groups:
    """Finds the group of each packet."""

    def __init__(self) -> None:
        self._parents = list(range(256))
        self._next = REST + 1
        self._pairs: dict[bytes, _Pair] = {}
        self.settled: list[dict[bytes, int]] = [{} for _ in range(256)]
        """By IP protocol: IPv4 addresses and ports, as they stand in a packet → its group. It has what need not be
        looked at again, and may be forgotten at any time."""
        self._by_bytes: dict[bytes, int] = {}

    def root(self, group: int) -> int:
        """The group that this one has become part of."""
        while (parent := self._parents[group]) != group:
            group = parent
        return group

    def packet(self, buffer: bytes, begin: int, end: int, link: int) -> int:
        """The group of a packet.

        :param link: its link type
        :raises NotSplit: when its headers do not tell
        """
        at = IP_AT.get(link)
        if at is None:
            raise NotSplit(f"its link type is {link}")
        data = buffer[begin:end]
        if link == ETHERNET:
            return self._ethernet(data, 0, 0)
        if link in (SLL, SLL2):
            return self._typed(data, at, _u16(data, 14 if link == SLL else 0), 0)
        return self._ip(data, at, 0)

    def _one(self, group: int, other: int) -> int:
        """Makes two groups one; the smaller number stays, so that REST does."""
        group, other = self.root(group), self.root(other)
        if group == other:
            return group
        low, high = min(group, other), max(group, other)
        self._parents[high] = low
        return low

    def _group(self, pair: _Pair) -> int:
        if pair.group is None:
            pair.group = self._new(pair.name)
        return pair.group

    def _with_rest(self, pair: _Pair) -> int:
        return self._one(self._together(pair), REST)

    def _together(self, pair: _Pair) -> int:
        """From now on, all that the two hosts exchange."""
        whole = self._group(pair)
        if not pair.together:
            pair.together = True
            for group in range(256):
                if pair.members >> group & 1:
                    self._one(whole, group)
        return whole

    def _new(self, name: bytes) -> int:
        """A group for something that is called so."""
        if self._next < _OWN:
            self._next += 1
            return self._next - 1
        return _OWN + crc32(name) % _SHARED

    def _pair(self, source: bytes, destination: bytes) -> _Pair:
        name = source + destination if source < destination else destination + source
        pair = self._pairs.get(name)
        if pair is None:
            if len(self._pairs) >= REMEMBERED:  # one group for all of it, told by the name alone
                pair = _Pair(name)
                pair.group, pair.together = _OWN + crc32(name) % _SHARED, True
                return pair
            pair = self._pairs[name] = _Pair(name)
        return pair

    def _conversation(self, pair: _Pair, protocol: int, one: bytes, other: bytes) -> int:
        """The group of a conversation between two ends."""
        if pair.together:
            return self._group(pair)
        name = bytes((protocol,)) + (one + other if one < other else other + one)
        group = self._by_bytes.get(name)
        if group is None:
            full = len(self._by_bytes) >= REMEMBERED
            group = _OWN + crc32(name) % _SHARED if full else self._new(name)
            if not full:
                self._by_bytes[name] = group
            pair.members |= 1 << group
        return group

    # Link layers

    def _ethernet(self, data: bytes, at: int, depth: int) -> int:
        return self._typed(data, at + 14, _u16(data, at + 12), depth)

    def _typed(self, data: bytes, at: int, kind: int, depth: int) -> int:
        """What an EtherType announces."""
        while kind in _TAGS:
            kind = _u16(data, at + 2)
            at += 4
        if kind in (_IPV4, _IPV6):
            return self._ip(data, at, depth)
        if kind in _ALONE or (kind < 0x0600 and not _carries(data, at)):
            return REST
        raise NotSplit(f"it has frames of type {kind:#06x}")

    # Network layer

    def _ip(self, data: bytes, at: int, depth: int) -> int:
        if depth > _NESTED:
            raise NotSplit("packets are nested too deeply")
        version = data[at] >> 4 if at < len(data) else 0
        if version == 4 and len(data) >= at + 20:
            return self._ipv4(data, at, depth)
        if version == 6 and len(data) >= at + 40:
            return self._ipv6(data, at, depth)
        return REST  # cut off within the header, or malformed: tshark knows no addresses either

    def _ipv4(self, data: bytes, at: int, depth: int) -> int:
        size = (data[at] & 15) * 4
        if size < 20 or len(data) < at + size:
            return REST
        if size > 20 and any(one in data[at + 20 : at + size] for one in (131, 137)):
            raise NotSplit("source routes change what a packet's addresses are")
        length = _u16(data, at + 2)
        end = min(len(data), at + length) if length > size else len(data)
        offset = _u16(data, at + 6)
        pair = self._pair(data[at + 12 : at + 16], data[at + 16 : at + 20])
        kind = data[at + 9]
        if data[at + 16] >= 224 or data[at + 12] >= 224:
            self._with_rest(pair)
        if offset & 0x3FFF:
            self._fragment(pair, kind)
            if offset & 0x1FFF:
                return self._group(pair)
        return self._carried(data[:end], at + size, kind, pair, at + 12, 4, depth)

    def _ipv6(self, data: bytes, at: int, depth: int) -> int:
        length = _u16(data, at + 4)
        end = min(len(data), at + 40 + length) if length else len(data)
        pair = self._pair(data[at + 8 : at + 24], data[at + 24 : at + 40])
        if data[at + 24] == 0xFF:
            self._with_rest(pair)
        kind, inside = data[at + 6], at + 40
        while kind in (_HOP_BY_HOP, _FRAGMENT):
            if len(data) < inside + 8:
                return self._with_rest(pair)
            if kind == _FRAGMENT:
                kind, size = data[inside], 8
                self._fragment(pair, kind)
                if _u16(data, inside + 2) & 0xFFF8:
                    return self._group(pair)
            else:
                kind, size = data[inside], 8 + 8 * data[inside + 1]
            inside += size
        return self._carried(data[:end], inside, kind, pair, at + 8, 16, depth)

    def _carried(self, data: bytes, at: int, kind: int, pair: _Pair, addresses: int, width: int, depth: int) -> int:
        """What IP carries, with all that the two hosts exchange if that is together: an error's first fragment quotes
        another conversation, its later ones do not."""
        group = self._transport(data, at, kind, pair, addresses, width, depth)
        return self._one(self._group(pair), group) if pair.together else group

    def _fragment(self, pair: _Pair, kind: int) -> None:
        """Later fragments have no ports."""
        if kind not in (_TCP, _UDP, _ICMP, _ICMPV6):
            raise NotSplit(f"it has fragments of IP protocol {kind}")
        self._together(pair)

    def _transport(self, data: bytes, at: int, kind: int, pair: _Pair, addresses: int, width: int, depth: int) -> int:
        """The group of a packet by what IP carries.

        :param addresses: where both stand, each of them ``width`` bytes long
        """
        if kind in (_TCP, _UDP):
            if len(data) < at + 8:
                return self._together(pair)
            one = data[addresses : addresses + width] + data[at : at + 2]
            other = data[addresses + width : addresses + 2 * width] + data[at + 2 : at + 4]
            if kind == _TCP:
                return self._tcp(data, at, pair, one, other, depth)
            return self._udp(data, at, pair, one, other, depth)
        if kind in (_ICMP, _ICMPV6):
            errors = _ICMP_ERRORS if kind == _ICMP else _ICMPV6_ERRORS
            if at >= len(data) or data[at] not in errors:
                return self._group(pair)
            return self._ip(data, at + 8, depth + 1)
        if kind in _ROUTING_PROTOCOLS:
            return self._with_rest(pair)
        if kind not in (_IPIP, _IN_IPV6, _GRE):
            raise NotSplit(f"it has packets of IP protocol {kind}")
        return self._tunnel(pair, self._gre(data, at, depth) if kind == _GRE else self._ip(data, at, depth + 1))

    def _tunnel(self, pair: _Pair, inside: int) -> int:
        """Both ends of a tunnel, and what it carries."""
        return self._one(self._with_rest(pair), inside)

    def _gre(self, data: bytes, at: int, depth: int) -> int:
        flags, kind = _u16(data, at), _u16(data, at + 2)
        if flags & 0x4FFF:  # routing, version 1
            raise NotSplit("it has GRE of another version")
        inside = at + 4 + 4 * (flags >> 15 & 1) + 4 * (flags >> 13 & 1) + 4 * (flags >> 12 & 1)
        if kind == _BRIDGED:
            return self._ethernet(data, inside, depth + 1)
        return self._typed(data, inside, kind, depth + 1)

    # Transport layer

    def _tcp(self, data: bytes, at: int, pair: _Pair, one: bytes, other: bytes, depth: int) -> int:
        if not _ANNOUNCERS.isdisjoint((_u16(one, -2), _u16(other, -2))):
            return self._with_rest(pair)
        payload = at + (data[at + 12] >> 4) * 4 if len(data) > at + 12 else len(data)
        if len(data) <= payload:  # until its data was looked at
            return self._conversation(pair, _TCP, one, other)
        if _announces(data[payload : payload + _LOOKED_AT]):
            return self._with_rest(pair)
        group = self._conversation(pair, _TCP, one, other)
        if depth == 0 and len(one) == 6:
            self._settle(_TCP, one, other, group)
        return group

    def _udp(self, data: bytes, at: int, pair: _Pair, one: bytes, other: bytes, depth: int) -> int:
        ports = _u16(one, -2), _u16(other, -2)
        if _DNS in ports:
            group = self._conversation(pair, _UDP, one, other)
        elif _VXLAN in ports:
            return self._tunnel(pair, self._ethernet(data, at + 16, depth + 1))
        elif _CARRIERS.isdisjoint(ports):
            group = self._with_rest(pair)
        else:
            raise NotSplit(f"it has UDP to port {max(ports, key=_CARRIERS.__contains__)}, which carries other packets")
        if depth == 0 and len(one) == 6:
            self._settle(_UDP, one, other, group)
        return group

    def _settle(self, protocol: int, one: bytes, other: bytes, group: int) -> None:
        """Packets with the same addresses and ports need not be looked at again."""
        settled = self.settled[protocol]
        if len(settled) >= REMEMBERED:
            settled.clear()
        settled[one[:4] + other[:4] + one[4:] + other[4:]] = group


def _announces(data: bytes) -> bool:
    """Whether the first data of a TCP segment is that of a protocol that announces conversations."""
    rpc = data[0] == 5 and data[1:2] in (b"\0", b"\1") and data[2:3] <= b"\x13"
    return rpc or any(word in data for word in _ANNOUNCES)


def _carries(data: bytes, at: int) -> bool:
    """Whether what follows an 802.3 length may be a packet of IP: by its own number, or by an EtherType (RFC 1042) of
    anybody but Cisco."""
    header = data[at : at + 6]
    return header.startswith(b"\x06") or (header.startswith(b"\xaa\xaa") and header[3:6] != b"\x00\x00\x0c")


def _u16(data: bytes, at: int) -> int:
    """A number of two bytes; 0 where the packet is cut off."""
    return int.from_bytes(data[at : at + 2] if at >= 0 else data[at:], "big")
