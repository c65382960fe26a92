"""Which host captured: what the user says, else what the packets show.

A packet that its sender's card has not finished yet was captured before the card, thus on (or at) its sender. Three
things show that: an IPv4 header checksum of 0, a TCP or UDP checksum that is the bare pseudo-header sum, a frame below
Ethernet's minimum. One such packet does not decide: on a virtual link nothing is ever finished, in both directions. So
the host is inferred when another host's packet is finished where this one's is not, and given up when both ends look so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from .checksum import ip_header_checksum, pseudo_header_sum
from .link import Link, Remembered

if TYPE_CHECKING:
    from .packet import Packet

SMALLEST_FRAME = 60
"""Bytes, the frame check sequence not counted (IEEE 802.3 §4.2.8); a card pads what is shorter."""
OUTGOING = 4
"""``sll.pkttype`` of a packet that the capturing host sent."""
LOOPBACK_MAC = "00:00:00:00:00:00"
PATIENCE = 1000
"""Packets that are looked at; a capture that has shown nothing by then will hardly show it later."""
CONTRADICTIONS = 2
"""Unfinished packets of a second host after which a virtual link is believed: one may be chance."""
TCP, UDP = 6, 17

_MAC = r"(?i)[0-9a-f]{2}(:[0-9a-f]{2}){5}"


class Trace(msgspec.Struct, frozen=True):
    """A packet that shows on which side of the card it was captured."""

    kind: str
    """``ip-checksum``, ``partial``, ``short`` or ``cooked``."""
    frame: int
    field: str
    value: int
    mac: str
    address: str
    """IP address of the sender; empty when unknown."""
    expected: int = 0
    """What a finished packet would have: checksum, or bytes."""


class Inference(msgspec.Struct, frozen=True):
    """What was concluded, and from what."""

    outcome: str
    """``host``: one host captured; ``both``: both ends look like it; ``loopback``: they are the same host."""
    sent: Trace
    other: Trace | None = None


class CaptureHost:
    """The host on which the capture was taken, as far as it is known; and the link that it is on.

    One for each input. :meth:`observe` is called for packets that may tell something; :meth:`sent` is cheap.
    """

    def __init__(self) -> None:
        self.link = Link()
        self.inference: Inference | None = None
        """Set once, changed at most once: from ``host`` to ``both``."""
        self._settled = False
        self._mac = ""
        self._addresses: Remembered[str, bool] = Remembered()
        """IP addresses that were looked at: whether they are this host's."""
        self._candidates: dict[str, list[Trace]] = {}
        self._told = ""
        self._looked = 0

    def told(self, address: str | None) -> None:
        """Takes what the user said: an IP address, or a MAC address."""
        if address is None:
            return
        self._told = address
        if re.fullmatch(_MAC, address):
            self._mac = address.lower()
            self._settled = True
        else:
            self._addresses[address] = True

    @property
    def known(self) -> bool:
        """Whether it is known which host captured."""
        return bool(self._told) or (self.inference is not None and self.inference.outcome == "host")

    # -- who sent a packet --------------------------------------------------------------------------------------------

    def sent(self, packet: Packet) -> bool | None:
        """Whether the capturing host sent this packet; None when that is not known."""
        if packet.protocols.startswith("sll"):
            kind = None if packet.sll is None else packet.sll.pkttype
            return None if kind is None else kind == OUTGOING
        if not self.known:
            return None
        segment = packet.segment
        address = segment.sender.address if segment is not None else sender_address(packet)
        found = self._addresses.get(address) if address else None
        if found is None:
            found = self._is_mine(packet, address)
        return found

    def _is_mine(self, packet: Packet, address: str) -> bool | None:
        """Decides by the link-layer address, and remembers that for the IP address."""
        mac = sender_mac(packet)
        if not self._mac:
            # all that is known is one IP address; its card shows with the first packet that it sends
            return False if address and (":" in address) == (":" in self._told) else None
        if not mac:
            return None
        if address:
            self._addresses[address] = mac == self._mac
        return mac == self._mac

    def looks_sent(self, packet: Packet) -> bool:
        """Whether the packet was sent by the host that captured, or by the only one that looks like it so far."""
        found = self.sent(packet)
        if found is not None:
            return found
        return self.inference is None and len(self._candidates) == 1 and sender_mac(packet) in self._candidates

    def trace_of(self, packet: Packet) -> Trace | None:
        """What makes its sender look like the capturing host."""
        traces = self._candidates.get(sender_mac(packet))
        return traces[0] if traces else None

    # -- inference ----------------------------------------------------------------------------------------------------

    def observe(self, packet: Packet) -> Inference | None:
        """Looks at a packet; returns what it settled, if anything."""
        if self._settled:
            return None
        self._looked += 1
        if self._told:
            self._learn_card(packet)
            return None
        self._settled = self._looked >= PATIENCE
        if packet.protocols.startswith("sll"):
            return self._observe_cooked(packet)
        if not packet.protocols.startswith("eth"):
            return None
        mac = sender_mac(packet)
        if mac == LOOPBACK_MAC:
            self._settled = True
            return self._concluded(Inference("loopback", Trace("loopback", packet.number, "eth.src", 0, mac, "")))
        trace = unfinished(packet, mac)
        if trace is not None:
            return self._candidate(mac, trace)
        return self._counterpart(packet, mac) if self.inference is None and len(self._candidates) == 1 else None

    def _learn_card(self, packet: Packet) -> None:
        if self._addresses.get(sender_address(packet)):
            self._mac = sender_mac(packet)
            self._settled = True

    def _observe_cooked(self, packet: Packet) -> Inference | None:
        if packet.sll is None or packet.sll.pkttype != OUTGOING:
            return None
        self._settled = True
        mac, address = sender_mac(packet), sender_address(packet)
        self._mac = mac
        self._addresses[address] = True
        return self._concluded(Inference("host", Trace("cooked", packet.number, "sll.pkttype", OUTGOING, mac, address)))

    def _candidate(self, mac: str, trace: Trace) -> Inference | None:
        traces = self._candidates.setdefault(mac, [])
        if len(traces) < CONTRADICTIONS:
            traces.append(trace)
        if len(self._candidates) == 1:
            return None
        first, second = list(self._candidates.values())[:2]
        if self.inference is not None and len(second) < CONTRADICTIONS:
            return None
        self._settled = True
        return self._concluded(Inference("both", first[0], second[-1]))

    def _counterpart(self, packet: Packet, mac: str) -> Inference | None:
        """Whether this packet is finished in the way in which the candidate's are not."""
        ((candidate, (sign, *_)),) = self._candidates.items()
        if mac == candidate:
            return None
        other = finished(packet, sign.kind, mac)
        if other is None:
            return None
        self._mac = candidate
        if sign.address:
            self._addresses[sign.address] = True
        return self._concluded(Inference("host", sign, other))

    def _concluded(self, inference: Inference) -> Inference:
        self.inference = inference
        return inference


def unfinished(packet: Packet, mac: str) -> Trace | None:
    """What shows that the sender's card has not seen the packet yet."""
    number, ip = packet.number, packet.ip
    if ip is not None and ip.checksum == 0 and packet.protocols.count(":ip") == 1:
        right = ip_header_checksum(ip)
        if right:
            return Trace("ip-checksum", number, "ip.checksum", 0, mac, ip.src, right)
    partial = _partial(packet)
    if partial is not None and partial[1] == partial[2]:
        return Trace("partial", number, partial[0], partial[1], mac, sender_address(packet), partial[2])
    if packet.length is not None and packet.length < SMALLEST_FRAME:
        address = sender_address(packet)
        return Trace("short", number, "frame.len", packet.length, mac, address, SMALLEST_FRAME)
    return None


def finished(packet: Packet, kind: str, mac: str) -> Trace | None:
    """The opposite of :func:`unfinished`, of the same kind."""
    number, ip = packet.number, packet.ip
    if kind == "ip-checksum" and ip is not None and ip.checksum and ip.checksum == ip_header_checksum(ip):
        return Trace(kind, number, "ip.checksum", ip.checksum, mac, ip.src, ip.checksum)
    if kind == "partial":
        partial = _partial(packet)
        if partial is not None and partial[1] not in (0, partial[2]):
            return Trace(kind, number, partial[0], partial[1], mac, sender_address(packet), partial[2])
    if kind == "short" and packet.length == SMALLEST_FRAME and packet.eth is not None and packet.eth.padding:
        return Trace(kind, number, "frame.len", SMALLEST_FRAME, mac, sender_address(packet), SMALLEST_FRAME)
    return None


def _partial(packet: Packet) -> tuple[str, int, int] | None:
    """Name and value of the TCP or UDP checksum, and the bare pseudo-header sum."""
    ip = packet.ip if packet.ip is not None else packet.ipv6
    if ip is None or not ip.src or not ip.dst or packet.protocols.count(":ip") != 1:
        return None
    if packet.tcp is not None:
        header, name, protocol = packet.tcp, "tcp.checksum", TCP
        length = (ip.len or 0) - (ip.hdr_len or 0) if packet.ip is not None else ip.plen or 0
    elif packet.udp is not None:
        header, name, protocol = packet.udp, "udp.checksum", UDP
        length = packet.udp.length or 0
    else:
        return None
    if header.checksum is None or header.checksum_status == 1 or length <= 0:
        return None
    try:
        return name, header.checksum, pseudo_header_sum(ip.src, ip.dst, protocol, length)
    except OSError:  # what the input calls an address is none
        return None


def sender_address(packet: Packet) -> str:
    """IP address of the sender, an ARP packet's included; empty when there is none."""
    for name in ("ip", "ipv6"):
        header = getattr(packet, name)
        if header is not None:
            return header.src or ""
    return "" if packet.arp is None else packet.arp.src_proto_ipv4 or ""


def sender_mac(packet: Packet) -> str:
    """Link-layer address of the sender; empty when there is none."""
    if packet.eth is not None:
        return packet.eth.src or ""
    return "" if packet.sll is None else packet.sll.src_eth or ""
