"""The Internet checksum (RFC 1071), recomputed from the fields of headers, and of TCP and UDP from their data too."""

from __future__ import annotations

import socket
from functools import lru_cache
from typing import Any

from labdissect.dissectors.layer import as_bytes

ALL_ONES = 0xFFFF


@lru_cache(maxsize=16384)
def number(address: str) -> int:
    """An IPv4 address as the 32-bit number that it is.

    :raises OSError: when it is none
    """
    try:
        return int.from_bytes(socket.inet_aton(address))
    except ValueError as error:
        raise _no_address(address) from error


@lru_cache(maxsize=16384)
def is_ipv4(address: str | None) -> bool:
    """Whether it is an IPv4 address as tshark prints it: four numbers."""
    try:
        return address is not None and address.count(".") == 3 and number(address) >= 0
    except OSError:
        return False


@lru_cache(maxsize=16384)
def _number_6(address: str) -> int:
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, address))
    except ValueError as error:
        raise _no_address(address) from error


def _no_address(text: str) -> OSError:
    """What the socket functions raise themselves, unless a text holds a NUL or half a character."""
    return OSError(f"{text!r} is no address")


def folded(total: int) -> int:
    """The ones' complement sum of 16-bit words whose plain sum is ``total``; longer words may be added whole, as
    2**16 counts as 1."""
    return (total % ALL_ONES or ALL_ONES) if total else 0


def ip_header_checksum(ip: Any) -> int | None:
    """What the checksum field of an IPv4 header should hold (RFC 791 §3.1): the complement of the sum of its other
    words. None with options, whose bytes are not at hand, with fields missing, and where segmentation offload left the
    length 0."""
    if ip.hdr_len != 20 or not ip.len or not is_ipv4(ip.src) or not is_ipv4(ip.dst):
        return None
    identification, service, offset = ip.id, ip.dsfield, ip.frag_offset
    if identification is None or service is None or offset is None or ip.ttl is None or ip.proto is None:
        return None
    flags = (0x8000 if ip.flags_rb else 0) | (0x4000 if ip.flags_df else 0) | (0x2000 if ip.flags_mf else 0)
    total = 0x4500 + service + ip.len + identification + flags + offset + (ip.ttl << 8) + ip.proto
    return ALL_ONES - folded(total + number(ip.src) + number(ip.dst))


def pseudo_header_sum(source: str, destination: str, protocol: int, length: int) -> int:
    """The bare sum over the pseudo header (RFC 9293 §3.1, RFC 768, RFC 8200 §8.1): what a driver leaves in the field
    for the card to complete. A finished checksum would be the complement of a sum over everything.

    :param protocol: 6 TCP, 17 UDP
    :param length: bytes of TCP or UDP header and data
    """
    convert = _number_6 if ":" in source else number
    return folded(convert(source) + convert(destination) + protocol + length)


def word_sum(data: bytes) -> int:
    """The ones' complement sum of the 16-bit words in ``data``, to which an odd byte at the end counts as the high one.
    One division of a long number: a microsecond for a full segment."""
    return folded(int.from_bytes(data + b"\0" if len(data) & 1 else data))


def tcp_checksum(tcp: Any, source: str, destination: str, header: bytes | None = None) -> int | None:
    """What the checksum field of a TCP segment should hold (RFC 9293 §3.1); None where bytes of it are not at hand.

    :param header: the segment's header as it came, where that is at hand: quicker than to put it together again
    :raises OSError: when an address is none
    """
    length = tcp.len or 0
    data = getattr(tcp, "payload", None) or b""  # a FILE is dissected without it: it is most of what tshark would print
    if len(data) != length or tcp.hdr_len is None or tcp.hdr_len < 20:
        return None
    words = _tcp_header_sum(tcp) if header is None else int.from_bytes(header) + ALL_ONES - tcp.checksum
    if words is None:
        return None
    pseudo_header = pseudo_header_sum(source, destination, 6, tcp.hdr_len + length)
    return ALL_ONES - folded(words + pseudo_header + word_sum(data))


def _tcp_header_sum(tcp: Any) -> int | None:
    """The sum of the words of a TCP header but for its checksum; None where some are not at hand."""
    options = b""
    if tcp.hdr_len > 20:
        if tcp.options is None:
            return None
        printed = tcp.options_  # as tshark prints it, until somebody asks for its meaning
        built = None if type(printed) is str else tcp.layer.field("options").subcon.build(tcp.options)
        options = as_bytes(printed) or b"" if built is None else built
        if len(options) != tcp.hdr_len - 20:
            return None
    words = (tcp.srcport, tcp.dstport, tcp.seq_raw, tcp.ack_raw, tcp.window_size_value, tcp.urgent_pointer, tcp.flags)
    return None if None in words else sum(words) + (tcp.hdr_len << 10) + word_sum(options)


def udp_checksum(udp: Any, source: str, destination: str) -> int | None:
    """What the checksum field of a UDP datagram should hold (RFC 768); None where bytes of it are not at hand.

    :raises OSError: when an address is none
    """
    data = getattr(udp, "payload", None) or b""
    if udp.length is None or len(data) != udp.length - 8 or udp.srcport is None or udp.dstport is None:
        return None
    header = udp.srcport + udp.dstport + udp.length + pseudo_header_sum(source, destination, 17, udp.length)
    return ALL_ONES - folded(header + word_sum(data)) or ALL_ONES
