"""Frames byte for byte: a payload in UDP or TCP, IP and Ethernet, every header built from its layer's Construct
definition, with lengths and checksums that Wireshark finds good."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labdissect.dissectors import eth, ipv6
from labdissect.dissectors import ip as ipv4
from labdissect.dissectors import tcp as tcp_header
from labdissect.dissectors import udp as udp_header
from labdissect.dissectors.layer import Layer
from labdissect.plugins.checksum import ALL_ONES, folded, pseudo_header_sum

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
CLIENT_PORT = 40000
BEGIN = 1_700_000_000
"""Seconds since 1970 of :attr:`Frame.time` 0."""
STEP = 0.01
"""Seconds between frames that have no time of their own."""

UDP, TCP = 17, 6
IPV4, IPV6 = 0x0800, 0x86DD
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128
FLAGS = {"F": FIN, "S": SYN, "R": RST, "P": PSH, "A": ACK, "U": URG, "E": ECE, "C": CWR}
"""TCP's flags by letter, as tcpdump and Scapy abbreviate them."""

_PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
"""Microseconds, Ethernet (draft-ietf-opsawg-pcap)."""


@dataclass(frozen=True)
class Frame:
    """An Ethernet frame as it was captured.

    :param data: its bytes
    :param time: seconds since the capture began; None: :data:`STEP` after the frame before
    """

    data: bytes
    time: float | None = None


def udp(
    payload: bytes,
    *,
    sport: int = CLIENT_PORT,
    dport: int,
    src: str = CLIENT,
    dst: str = SERVER,
    ttl: int = 64,
    time: float | None = None,
    **fields: Any,
) -> Frame:
    """A UDP datagram: ``udp(LABNOTE.build({"seq": 1, …}), dport=9002)``.

    :param src: IPv4 or IPv6 address, as ``dst``
    :param ttl: IPv6's hop limit likewise
    :param fields: members of the UDP header that shall be other than right, ``length=4``, ``checksum=0xBAD``
    """
    length = 8 + len(payload)
    values = {"srcport": sport, "dstport": dport, "length": length, "checksum": 0, **_members(udp_header.LAYER, fields)}
    if "checksum" not in fields:
        # a sum of zero is sent as all ones, because zero means that there is none (RFC 768)
        values["checksum"] = _checksum(src, dst, UDP, udp_header.LAYER.build(values) + payload) or ALL_ONES
    return ip(udp_header.LAYER.build(values) + payload, proto=UDP, src=src, dst=dst, ttl=ttl, time=time)


def tcp(
    payload: bytes = b"",
    *,
    sport: int = CLIENT_PORT,
    dport: int,
    seq: int,
    ack: int = 0,
    flags: str = "A",
    window: int = 65535,
    src: str = CLIENT,
    dst: str = SERVER,
    ttl: int = 64,
    time: float | None = None,
    **fields: Any,
) -> Frame:
    """A TCP segment without options.

    :param seq: the number in the header, modulo 2**32, as ``ack``
    :param flags: letters of FSRPAUEC
    :param fields: members of the TCP header that shall be other than right
    """
    values = {
        "srcport": sport,
        "dstport": dport,
        "seq_raw": seq % 2**32,
        "ack_raw": ack % 2**32,
        "hdr_len": 20,
        "flags": sum(FLAGS[letter] for letter in flags),
        "window_size_value": window,
        "checksum": 0,
        "urgent_pointer": 0,
        "options": {"list": []},
        **_members(tcp_header.LAYER, fields),
    }
    if "checksum" not in fields:
        values["checksum"] = _checksum(src, dst, TCP, tcp_header.LAYER.build(values) + payload)
    return ip(tcp_header.LAYER.build(values) + payload, proto=TCP, src=src, dst=dst, ttl=ttl, time=time)


def tcp_connection(
    messages: Sequence[tuple[str, bytes]],
    *,
    sport: int = CLIENT_PORT,
    dport: int,
    src: str = CLIENT,
    dst: str = SERVER,
    mss: int = 1460,
    close: bool = True,
) -> list[Frame]:
    """A whole connection in which nothing goes wrong: handshake, the messages one after the other, close.

    Reorder, drop or repeat what it returns to see how a plugin takes that.

    :param messages: who sends, ``client`` or ``server``, and what; more than ``mss`` bytes go in several segments
    :param close: whether both ends send FIN, the client first
    """
    parties = {
        "client": _Sender(sport, dport, src, dst, number=1000),
        "server": _Sender(dport, sport, dst, src, number=5000),
    }
    client, server = parties.values()
    frames = [client.segment("S"), server.segment("SA", client), client.segment("A", server)]
    for who, data in messages:
        sender, receiver = parties[who], server if who == "client" else client
        for at in range(0, len(data), mss):
            piece = data[at : at + mss]
            frames.append(sender.segment("PA" if at + mss >= len(data) else "A", receiver, piece))
        frames.append(receiver.segment("A", sender))
    if close:
        frames += [client.segment("FA", server), server.segment("A", client)]
        frames += [server.segment("FA", client), client.segment("A", server)]
    return frames


@dataclass
class _Sender:
    """One end of a connection and the number that it sends next."""

    port: int
    peer_port: int
    address: str
    peer_address: str
    number: int

    def segment(self, flags: str, peer: _Sender | None = None, data: bytes = b"") -> Frame:
        made = tcp(
            data,
            sport=self.port,
            dport=self.peer_port,
            src=self.address,
            dst=self.peer_address,
            seq=self.number,
            ack=0 if peer is None else peer.number,
            flags=flags,
        )
        self.number += len(data) + ("S" in flags) + ("F" in flags)  # SYN and FIN take a number (RFC 9293 §3.4)
        return made


def ip(
    payload: bytes,
    *,
    proto: int,
    src: str = CLIENT,
    dst: str = SERVER,
    ttl: int = 64,
    time: float | None = None,
    **fields: Any,
) -> Frame:
    """A packet of any protocol over IPv4, or over IPv6 where the addresses are.

    :param proto: IP's number of the payload's protocol
    :param fields: members of the IP header that shall be other than right
    """
    if ":" in src:
        values = {
            "version": 6,
            "tclass": 0,
            "flow": 0,
            "plen": len(payload),
            "nxt": proto,
            "hlim": ttl,
            "src": src,
            "dst": dst,
            **_members(ipv6.IPV6, fields),
        }
        return ethernet(ipv6.IPV6.build(values) + payload, type=IPV6, src=_mac(src), dst=_mac(dst), time=time)
    values = {
        "version": 4,
        "hdr_len": 20,
        "dsfield": 0,
        "len": 20 + len(payload),
        "id": 1,
        "flags.rb": False,
        "flags.df": True,
        "flags.mf": False,
        "frag_offset": 0,
        "ttl": ttl,
        "proto": proto,
        "checksum": 0,
        "src": src,
        "dst": dst,
        "options": {"list": []},
        **_members(ipv4.LAYER, fields),
    }
    if "checksum" not in fields:
        values["checksum"] = ALL_ONES - folded(_sum(ipv4.LAYER.build(values)))
    return ethernet(ipv4.LAYER.build(values) + payload, type=IPV4, src=_mac(src), dst=_mac(dst), time=time)


def ethernet(
    payload: bytes,
    *,
    type: int,
    src: str = "02:00:00:00:00:01",
    dst: str = "02:00:00:00:00:02",
    time: float | None = None,
) -> Frame:
    """Any payload in an Ethernet II frame, not padded (as a sender's own capture shows it)."""
    header = eth.LAYER.build({"dst": dst, "src": src, "type": type, "len": None})
    return Frame(header + payload, time)


def _members(layer: Layer, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields by the names of the header's members; Construct would take no notice of one that is no member.

    :raises TypeError: when one is none
    """
    members = {one.attribute: one.name for one in layer.fields if one.subcon is not None}
    for name in fields.keys() - members.keys():
        raise TypeError(f"{name} is no member of the {layer.name} header: {', '.join(members)}")
    return {members[name]: value for name, value in fields.items()}


def _mac(address: str) -> str:
    """A locally administered MAC address (IEEE 802-2014 §8.4) that ends as the IP address does."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return (b"\x02\0\0" + socket.inet_pton(family, address)[-3:]).hex(":")


def _sum(data: bytes) -> int:
    """The plain sum of 16-bit words (RFC 1071 §1)."""
    padded = data + b"\0" * (len(data) % 2)
    return sum(struct.unpack(f">{len(padded) // 2}H", padded))


def _checksum(src: str, dst: str, proto: int, data: bytes) -> int:
    """Of a transport header, its own field zero, and its payload."""
    return ALL_ONES - folded(pseudo_header_sum(src, dst, proto, len(data)) + _sum(data))


def timed(frames: Iterable[Frame]) -> Iterator[tuple[int, bytes]]:
    """Microseconds since 1970 and bytes of each frame; a capture file has no finer times."""
    now = -STEP
    for frame in frames:
        now = now + STEP if frame.time is None else frame.time
        yield round((BEGIN + now) * 1_000_000), frame.data


def write_pcap(path: str | os.PathLike[str], frames: Iterable[Frame]) -> Path:
    """Writes a capture file that tshark and Wireshark open; returns its path."""
    capture = bytearray(_PCAP_HEADER)
    for time, data in timed(frames):
        capture += struct.pack("<IIII", *divmod(time, 1_000_000), len(data), len(data)) + data
    written = Path(path)
    written.write_bytes(capture)
    return written
