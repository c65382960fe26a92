"""The first bytes of each frame of a capture file, in the order in which tshark counts them.

Of pcap and pcapng, Ethernet's; of all else (compressed, other programs' formats, other links) tshark is asked for all.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from .pcapng.blocks import (
    ENHANCED_PACKET,
    INTERFACE,
    NO_PACKETS,
    OBSOLETE_PACKET,
    SECTION,
    SIMPLE_PACKET,
    Block,
    Damaged,
    blocks,
)

HEAD = 134
"""Bytes kept of a frame: at least Ethernet's header, a VLAN tag, IPv6's header and the longest of TCP's."""
CHUNK = 1 << 20
ETHERNET = 1
"""LINKTYPE_ETHERNET."""

_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""How pcap files begin: byte order, nanoseconds in a unit of time (draft-ietf-opsawg-pcap §4)."""
_PCAP_HEADER, _VERSION, _RECORD = 24, (2, 4), 16
_LARGEST = 256 << 20
"""Bytes that a record may claim: twice the largest packet that Wireshark reads."""
_TIME_RESOLUTION, _TIME_OFFSET = 9, 14
"""Options of an interface (draft-ietf-opsawg-pcapng §4.2)."""
_MICROSECONDS = 1_000_000


class Frame(msgspec.Struct, frozen=True, gc=False):
    """What a capture file says of one packet."""

    time: int | None
    """Nanoseconds since 1970, UTC; None when the file has no time for it."""
    length: int
    """Bytes on the wire."""
    captured: int
    """Bytes in the file."""
    head: bytes
    """The first of them, :data:`HEAD` at most; none of a frame that is not Ethernet's."""


def frames(path: Path) -> Iterator[Frame] | None:
    """The frames of a capture, each read when it is asked for; None when tshark had better read all of it.

    They end without a word where the file is damaged, as tshark tells of that.

    :raises OSError: when it cannot be read
    """
    if not path.is_file():
        return None
    with path.open("rb") as file:
        begin = file.read(_PCAP_HEADER)
    order, unit = _MAGIC.get(begin[:4], ("", 0))
    if order:
        if len(begin) < _PCAP_HEADER:
            return None
        major, minor, _, _, _, link = struct.unpack_from(f"{order}HHiIII", begin, 4)
        return _pcap(path, order, unit) if (major, minor) == _VERSION and link & 0xFFFF == ETHERNET else None
    return _pcapng(path) if begin[:4] == b"\n\r\r\n" and _begins_with_ethernet(path) else None


def _pcap(path: Path, order: str, unit: int) -> Iterator[Frame]:
    record = struct.Struct(f"{order}IIII").unpack_from
    with path.open("rb") as file:
        file.seek(_PCAP_HEADER)
        buffer, at, end = b"", 0, 0
        while True:
            if end - at < _RECORD:
                buffer = buffer[at:] + file.read(CHUNK)
                at, end = 0, len(buffer)
                if end < _RECORD:
                    return
            seconds, fraction, captured, length = record(buffer, at)
            at += _RECORD
            if end - at < captured:
                if captured > _LARGEST:
                    return
                buffer = buffer[at:] + file.read(max(CHUNK, captured))
                at, end = 0, len(buffer)
                if end < captured:
                    return
            yield Frame(
                seconds * 1_000_000_000 + fraction * unit,
                length,
                captured,
                buffer[at : at + (captured if captured < HEAD else HEAD)],
            )
            at += captured


class _Interface(NamedTuple):
    """What packets of an interface need to be understood."""

    ethernet: bool
    snaplen: int
    units_per_second: int
    offset: int
    """Seconds."""


def _pcapng(path: Path) -> Iterator[Frame]:
    from .pcapng.capture import FrameCounter

    counter = FrameCounter()
    interfaces: list[_Interface] = []
    with path.open("rb") as file:
        try:
            for block in blocks(file):
                if block.kind == SECTION:
                    interfaces = []
                elif block.kind == INTERFACE:
                    interfaces.append(_interface(block))
                elif block.kind in (ENHANCED_PACKET, OBSOLETE_PACKET):
                    yield _packet(block, interfaces)
                elif block.kind == SIMPLE_PACKET:
                    yield _simple_packet(block, interfaces)
                elif block.kind not in NO_PACKETS and counter.counts(block):
                    yield Frame(None, 0, 0, b"")
        except (Damaged, struct.error, IndexError):
            return


def _begins_with_ethernet(path: Path) -> bool:
    """Whether the interfaces before the first packet are Ethernet's."""
    some = False
    with path.open("rb") as file:
        try:
            for block in blocks(file):
                if block.kind == INTERFACE:
                    some = True
                    if not _interface(block).ethernet:
                        return False
                elif block.kind not in NO_PACKETS:
                    break
        except (Damaged, struct.error):
            return False
    return some


def _interface(block: Block) -> _Interface:
    order = block.order.u32.format[0]
    link, _, snaplen = struct.unpack_from(f"{order}HHI", block.data, 8)
    units, offset = _MICROSECONDS, 0
    at, end = 16, len(block.data) - 4
    while end - at >= 4:
        code, size = struct.unpack_from(f"{order}HH", block.data, at)
        value = block.data[at + 4 : at + 4 + size]
        at += 4 + size + (-size & 3)
        if not code:
            break
        if code == _TIME_RESOLUTION and size == 1:
            units = 1 << (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == _TIME_OFFSET and size == 8:
            (offset,) = struct.unpack(f"{order}q", value)
    return _Interface(link == ETHERNET, snaplen, units, offset)


def _packet(block: Block, interfaces: list[_Interface]) -> Frame:
    """Of an enhanced packet block, or an obsolete one, which differs in its first four bytes."""
    data, order = block.data, block.order.u32.format[0]
    number = struct.unpack_from(f"{order}I" if block.kind == ENHANCED_PACKET else f"{order}H", data, 8)[0]
    high, low, captured, length = struct.unpack_from(f"{order}IIII", data, 12)
    interface = interfaces[number]
    seconds, rest = divmod(high << 32 | low, interface.units_per_second)
    time = (seconds + interface.offset) * 1_000_000_000 + rest * 1_000_000_000 // interface.units_per_second
    return Frame(time, length, captured, _head(data, 28, captured, interface))


def _simple_packet(block: Block, interfaces: list[_Interface]) -> Frame:
    (length,) = struct.unpack_from(f"{block.order.u32.format[0]}I", block.data, 8)
    interface = interfaces[0]
    captured = min(length, interface.snaplen or length)
    return Frame(None, length, captured, _head(block.data, 12, captured, interface))


def _head(data: bytes, at: int, captured: int, interface: _Interface) -> bytes:
    return data[at : at + min(captured, HEAD)] if interface.ethernet else b""
