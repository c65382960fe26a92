"""Where the packets of a pcap or pcapng file begin and end, batch by batch; nothing is looked into but lengths.

What one tshark would complain about, or would see differently, is not split: :class:`NotSplit`.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20
"""Bytes read at once."""
PACKET_LIMIT = 262_144
"""Bytes of a packet from which on Wireshark calls a record damaged."""

_PCAP = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\x4d\x3c\xb2\xa1": "<",  # nanoseconds
    b"\xa1\xb2\x3c\x4d": ">",
}
_PCAP_HEADER = 24
_RECORD_HEADER = 16
_SECTION = b"\n\r\r\n"
_BYTE_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_BLOCK_LIMIT = 16 << 20
_INTERFACE, _NAMES, _STATISTICS, _PACKET = 1, 4, 5, 6
_PACKET_HEADER = 28


class NotSplit(Exception):
    """One tshark reads this capture; the message says why."""


@dataclass(slots=True)
class Batch:
    """Packets that stand together in the file."""

    before: bytes
    """Headers and blocks without packets that stand before them; whoever reads one of the packets needs them."""
    buffer: bytes
    begin: int
    """Where the record, or block, of the first packet begins in the buffer."""
    ends: list[int]
    """Where that of each packet ends, and the next one's begins."""
    data: int
    """Bytes from a record's begin to the packet's own."""
    links: tuple[int, ...]
    """Link type of each interface (LINKTYPE_… of tcpdump.org)."""
    interface: struct.Struct | None = None
    """Reads the number of a record's interface; None when there is but one."""
    length: struct.Struct | None = None
    """Reads the bytes that were captured; None when the record ends with them."""


class CaptureFile:
    """A capture file as it is at this moment: what is appended later is not read.

    :raises NotSplit: when it is no plain pcap or pcapng
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                head = file.read(_PCAP_HEADER)
        except OSError as error:
            raise NotSplit(f"it cannot be read: {error.strerror}") from error
        if not stat.S_ISREG(found.st_mode):
            raise NotSplit("it is no regular file")
        self.size = found.st_size
        self.is_pcapng = head.startswith(_SECTION)
        if not self.is_pcapng and (head[:4] not in _PCAP or len(head) < _PCAP_HEADER):
            raise NotSplit("it is neither pcap nor pcapng, or it is compressed")

    def batches(self) -> Iterator[Batch]:
        """From the beginning to the end.

        :raises NotSplit: when a record is damaged, or of a kind that is not known here
        """
        with self.path.open("rb", buffering=0) as file:
            yield from _pcapng(file, self.size) if self.is_pcapng else _pcap(file, self.size)


def _chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        chunk = file.read(min(CHUNK, size))
        if not chunk:
            raise NotSplit("it was cut meanwhile")
        size -= len(chunk)
        yield chunk


def _pcap(file: BinaryIO, size: int) -> Iterator[Batch]:
    header = file.read(_PCAP_HEADER)
    order = _PCAP.get(header[:4], "<")
    major, minor = struct.unpack_from(f"{order}HH", header, 4)
    network: int = struct.unpack_from(f"{order}L", header, 20)[0]
    if (major, minor) != (2, 4) or network > 0xFFFF:
        raise NotSplit("it is a pcap of another version")
    captured = struct.Struct(f"{order}L").unpack_from
    before, rest = header, b""
    for chunk in _chunks(file, size - _PCAP_HEADER):
        buffer = rest + chunk
        readable = len(buffer) - _RECORD_HEADER
        ends: list[int] = []
        add = ends.append
        at = 0
        while at <= readable:
            (length,) = captured(buffer, at + 8)
            if length > PACKET_LIMIT:
                raise NotSplit("a record is damaged")
            at += _RECORD_HEADER + length
            add(at)
        if at > len(buffer):
            ends.pop()
        yield Batch(before, buffer, 0, ends, _RECORD_HEADER, (network,))
        before, rest = b"", buffer[ends[-1] if ends else 0 :]
    if rest:
        raise NotSplit("it is cut")


def _pcapng(file: BinaryIO, size: int) -> Iterator[Batch]:
    order = "<"
    lengths = struct.Struct("<LL").unpack_from
    captured = struct.Struct("<L").unpack_from
    fields = _fields_of(order)
    links: tuple[int, ...] = ()
    before: list[bytes] = []
    rest = b""
    for chunk in _chunks(file, size):
        buffer = rest + chunk
        readable = len(buffer) - 12
        ends: list[int] = []
        begin = at = 0
        while at <= readable:
            kind, length = lengths(buffer, at)
            if kind == _PACKET:
                end = at + length
                if end > len(buffer) and length <= _BLOCK_LIMIT:
                    break
                fits = _PACKET_HEADER + 4 <= length <= _BLOCK_LIMIT and not length & 3
                if not fits or captured(buffer, end - 4)[0] != length:
                    raise NotSplit("a block is damaged")
                (bytes_there,) = captured(buffer, at + 20)
                if bytes_there > PACKET_LIMIT or _PACKET_HEADER + bytes_there + 4 > length:
                    raise NotSplit("a block is damaged")
                ends.append(end)
                at = end
                continue
            if buffer[at : at + 4] == _SECTION:
                order = _BYTE_ORDERS.get(buffer[at + 8 : at + 12], "")
                if not order:
                    raise NotSplit("a section is damaged")
                (length,) = struct.unpack_from(f"{order}L", buffer, at + 4)
            end = at + length
            if end > len(buffer) and length <= _BLOCK_LIMIT:
                break
            trailer = struct.unpack_from(f"{order}L", buffer, end - 4)[0] if 12 <= length <= _BLOCK_LIMIT else None
            if trailer != length or length & 3:
                raise NotSplit("a block is damaged")
            if ends:
                yield Batch(b"".join(before), buffer, begin, ends, _PACKET_HEADER, links, *fields)
                before, ends = [], []
            block = buffer[at:end]
            if block.startswith(_SECTION):
                lengths, captured = struct.Struct(f"{order}LL").unpack_from, struct.Struct(f"{order}L").unpack_from
                fields, links = _fields_of(order), ()
                before.append(_of_unknown_length(block))
            elif kind == _INTERFACE and length >= 20:
                links = (*links, struct.unpack_from(f"{order}H", block, 8)[0])
                before.append(block)
            elif kind in (_NAMES, _STATISTICS):
                before.append(block)
            else:
                raise NotSplit(f"it has a block of type {kind:#x}")
            begin = at = end
        if ends:
            yield Batch(b"".join(before), buffer, begin, ends, _PACKET_HEADER, links, *fields)
            before = []
        rest = buffer[at:]
    if rest:
        raise NotSplit("it is cut")


def _fields_of(order: str) -> tuple[struct.Struct, struct.Struct]:
    """Of a packet's block: its interface, the bytes captured."""
    return struct.Struct(f"{order}8xL"), struct.Struct(f"{order}20xL")


def _of_unknown_length(section: bytes) -> bytes:
    """A section's header that does not announce how long the section is, as only some of it follows."""
    if len(section) < 28:
        raise NotSplit("a section is damaged")
    return section[:16] + b"\xff" * 8 + section[24:]
