"""pcapng files, block by block: packets' comments are added or replaced, everything else stays byte for byte.

The format is draft-ietf-opsawg-pcapng. Of its blocks only the beginning of a section and the packets are looked into;
interfaces, names, statistics, secrets, custom and unknown blocks are passed on as they came.

Our comments go before the options that a packet has (Wireshark shows comments in their order), and each of them ends
with :data:`MARK`, by which they are found again. Taking them out gives back the block as it was; so that this holds for
every block, the end-of-options option tells what was there: a packet without options gets one behind our comments (as
the format wants it), a packet with nothing but an end of options loses it, and all others keep what they have.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, NamedTuple, Protocol, cast

from construct import Bytes, FormatField, Struct

SECTION, INTERFACE, OBSOLETE_PACKET, SIMPLE_PACKET, NAMES, STATISTICS, ENHANCED_PACKET, SECRETS = (
    *(0x0A0D0D0A, 1, 2, 3, 4, 5, 6),
    0x0A,
)
"""Block types (§11.1)."""
PACKETS = frozenset((OBSOLETE_PACKET, SIMPLE_PACKET, ENHANCED_PACKET))
NO_PACKETS = frozenset((SECTION, INTERFACE, NAMES, STATISTICS, SECRETS))

MARK = b" [labdissect]"
"""How each comment of ours ends."""
COMMENT_LIMIT = 0xFFFF
"""Bytes of an option's value (§3.5)."""
BLOCK_LIMIT = 256 << 20
"""Bytes that a block may have: twice the largest packet that Wireshark reads."""
CHUNK = 1 << 20
SECTION_MEMORY = 8 << 20
"""Bytes of a section whose length is announced in its header that are kept in memory; more go to a temporary file."""

COMMENT_OPTION, END_OF_OPTIONS = 1, b"\0\0\0\0"
UNKNOWN_LENGTH = -1
"""A section's length that nobody announced (§4.1)."""


class ByteOrder:
    """The headers of one byte order: defined in Construct, and, as these run for every packet, read by ``struct``.

    :param order: ``<`` or ``>``
    """

    def __init__(self, order: str) -> None:
        u16, u32, s64 = (FormatField(order, code) for code in "HLq")
        self.block = Struct("type" / u32, "total_length" / u32)
        self.section = Struct(
            *("block" / self.block, "magic" / Bytes(4), "major" / u16, "minor" / u16, "section_length" / s64)
        )
        self.enhanced_packet = Struct(
            *("type" / u32, "total_length" / u32, "interface_id" / u32, "timestamp_high" / u32, "timestamp_low" / u32),
            *("captured_length" / u32, "original_length" / u32),
        )
        # its interface id is half as wide, behind it stands a count of drops; the rest is alike
        self.obsolete_packet = Struct(
            *("type" / u32, "total_length" / u32, "interface_id" / u16, "drops_count" / u16),
            *("timestamp_high" / u32, "timestamp_low" / u32, "captured_length" / u32, "original_length" / u32),
        )
        self.simple_packet = Struct("type" / u32, "total_length" / u32, "original_length" / u32)
        self.option = Struct("code" / u16, "length" / u16)
        self.u32 = struct.Struct(f"{order}L")
        self.read_block = _quick(self.block).unpack_from
        self.lengths = struct.Struct(f"{order}LL").unpack_from
        self.quick_option = _quick(self.option)


def _quick(definition: Struct) -> struct.Struct:
    """The same fixed fields for Python's ``struct``."""
    formats = [member.subcon.fmtstr for member in definition.subcons]
    return struct.Struct(formats[0][0] + "".join(one[1:] for one in formats))


LITTLE, BIG = ByteOrder("<"), ByteOrder(">")
_MAGIC = {b"\x4d\x3c\x2b\x1a": LITTLE, b"\x1a\x2b\x3c\x4d": BIG}
_SECTION_TYPE = SECTION.to_bytes(4, "big")
"""The same bytes in both orders."""
PACKET_HEADER = LITTLE.enhanced_packet.sizeof()
_LENGTHS = 20
"""Where a packet's captured and original length stand, in enhanced and obsolete blocks."""


class Damaged(Exception):
    """What cannot be a pcapng file; the message says where."""


class CutShort(Damaged):
    """The file ends within a block."""


class Block(NamedTuple):
    """A whole block as it stands in the file."""

    kind: int
    data: bytes
    order: ByteOrder


class Readable(Protocol):
    """What blocks are read from: ``read`` may give less than was asked for, and gives nothing at the end."""

    def read(self, size: int, /) -> bytes | None:
        """Bytes."""


def blocks(stream: Readable) -> Iterator[Block]:
    """The blocks of a file, one after another; memory holds one of them and a chunk.

    :raises Damaged: behind the last whole block, when what follows is none
    """
    order: ByteOrder | None = None
    buffer, at, position = b"", 0, 0
    while True:
        if len(buffer) - at < 12:
            buffer, at = _filled(stream, buffer[at:], 12), 0
            if not buffer:
                return
            if len(buffer) < 12:
                raise CutShort(f"it ends within a block, after {position + len(buffer)} bytes")
        if buffer[at : at + 4] == _SECTION_TYPE:
            order = _MAGIC.get(buffer[at + 8 : at + 12])
        if order is None:
            raise Damaged(f"at byte {position} no section begins")
        kind, size = order.read_block(buffer, at)
        if size < 12 or size > BLOCK_LIMIT:
            raise Damaged(f"the block at byte {position} claims to have {size} bytes")
        if len(buffer) - at < size:
            buffer, at = _filled(stream, buffer[at:], size), 0
            if len(buffer) < size:
                raise CutShort(f"it ends within a block, after {position + len(buffer)} bytes")
        if order.u32.unpack_from(buffer, at + size - 4)[0] != size:
            raise Damaged(f"the block at byte {position} has two different lengths")
        yield Block(kind, buffer[at : at + size], order)
        at += size
        position += size


def _filled(stream: Readable, begun: bytes, size: int) -> bytes:
    """At least so many bytes, unless the stream ends before."""
    parts, have = [begun], len(begun)
    while have < size and (chunk := stream.read(max(CHUNK, size - have))):
        parts.append(chunk)
        have += len(chunk)
    return b"".join(parts)


def original_length(block: Block) -> int:
    """Bytes that the packet had on the wire.

    :raises Damaged: when the block is too short for a packet
    """
    at = 8 if block.kind == SIMPLE_PACKET else _LENGTHS + 4
    if len(block.data) < at + 8:
        raise Damaged("a packet's block is too short for its header")
    length: int = block.order.u32.unpack_from(block.data, at)[0]
    return length


def commented(block: Block, comments: Sequence[bytes]) -> bytes:
    """The block of a packet with these comments, each of which ends with :data:`MARK`, instead of those of ours that it
    had.

    A simple packet block has no room for any (:func:`has_room`) and stays as it is.

    :raises Damaged: when the packet does not fit into its block
    """
    kind, data, order = block
    if kind == SIMPLE_PACKET:
        return data
    size = len(data)
    if size < PACKET_HEADER + 4:
        raise Damaged("a packet's block is too short for its header")
    captured = order.lengths(data, _LENGTHS)[0]
    begin = PACKET_HEADER + captured + (-captured & 3)
    if begin > size - 4:
        raise Damaged(f"a packet claims {captured} captured bytes, which are more than its block has")
    before = data[begin : size - 4]
    options = without_ours(before, order) if MARK in before else before
    if comments:
        ours = b"".join([_option(COMMENT_OPTION, comment, order) for comment in comments])
        options = ours if options == END_OF_OPTIONS else ours + (options or END_OF_OPTIONS)
    elif options is before:
        return data
    total = order.u32.pack(begin + len(options) + 4)
    return b"".join((data[:4], total, data[8:begin], options, total))


def emptied(block: Block) -> bytes:
    """A packet's block without the packet's bytes and options; its time and its length on the wire stay."""
    if block.kind != ENHANCED_PACKET:
        return block.data
    header, order = block.data[:PACKET_HEADER], block.order
    total = order.u32.pack(PACKET_HEADER + 4)
    nothing = order.u32.pack(0)
    return b"".join((header[:4], total, header[8:_LENGTHS], nothing, header[_LENGTHS + 4 :], total))


def has_room(block: Block) -> bool:
    """Whether a packet's block can have comments."""
    return block.kind in (ENHANCED_PACKET, OBSOLETE_PACKET)


def _option(code: int, value: bytes, order: ByteOrder) -> bytes:
    return order.quick_option.pack(code, len(value)) + value + bytes(-len(value) & 3)


def without_ours(options: bytes, order: ByteOrder) -> bytes:
    """A packet's options as they were before :func:`commented`."""
    kept, at, removed = [], 0, False
    while at + 4 <= len(options):
        code, length = order.quick_option.unpack_from(options, at)
        end = at + 4 + length + (-length & 3)
        if code == 0 or end > len(options):  # what follows is nobody's options
            break
        if code == COMMENT_OPTION and options[at + 4 : at + 4 + length].endswith(MARK):
            removed = True
        else:
            kept.append(options[at:end])
        at = end
    kept.append(options[at:])
    left = b"".join(kept)
    if not removed:
        return left
    return b"" if left == END_OF_OPTIONS else left or END_OF_OPTIONS


def fitted(text: str) -> tuple[bytes, bool]:
    """A comment of ours: the text with the mark behind it, in at most :data:`COMMENT_LIMIT` bytes of UTF-8; and whether
    its end had to be left out."""
    encoded = text.encode()
    room = COMMENT_LIMIT - len(MARK)
    if len(encoded) <= room:
        return encoded + MARK, False
    ellipsis = "…".encode()
    return encoded[: room - len(ellipsis)].decode("utf-8", "ignore").encode() + ellipsis + MARK, True


class BlockWriter:
    """Writes blocks; where a section's header announces its length, the length of what was written.

    Such a section waits until it is over, in a temporary file when it is long; others are written as they come.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._waiting: list[bytes] = []
        self._size = 0
        self._section: Block | None = None
        """Header of the section that waits."""
        self._body: SpooledTemporaryFile[bytes] | None = None

    def write(self, block: Block) -> None:
        """A block as it is; sections must be written by this."""
        if block.kind == SECTION:
            self.end_section()
            if announced_length(block) != UNKNOWN_LENGTH:
                self._section = block
                self._body = SpooledTemporaryFile(max_size=SECTION_MEMORY)  # noqa: SIM115 (see end_section)
                return
        self.write_bytes(block.data)

    def write_bytes(self, data: bytes) -> None:
        """A block that is no section."""
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Everything but a section that waits goes out."""
        if self._waiting:
            out = cast(BinaryIO, self._out if self._body is None else self._body)
            out.write(b"".join(self._waiting))
            self._waiting, self._size = [], 0
        if self._body is None:
            self._out.flush()

    def end_section(self) -> None:
        """The section is over, or the file is."""
        self.flush()
        if self._body is None or self._section is None:
            return
        with self._body as body:
            length = body.tell()
            self._out.write(with_length(self._section, length))
            body.seek(0)
            while chunk := body.read(CHUNK):
                self._out.write(chunk)
        self._section = self._body = None
        self._out.flush()

    def close(self) -> None:
        """Forgets what waits."""
        if self._body is not None:
            self._body.close()


def announced_length(section: Block) -> int:
    """Bytes of the section behind its header, as that announces; :data:`UNKNOWN_LENGTH` where it does not.

    :raises Damaged: when the header is too short, or of a version that is not known
    """
    if len(section.data) < section.order.section.sizeof() + 4:
        raise Damaged("a section's header is too short")
    parsed = section.order.section.parse(section.data)
    if parsed.major != 1:
        raise Damaged(f"a section is of pcapng's version {parsed.major}.{parsed.minor}; 1.0 to 1.2 are known")
    length: int = parsed.section_length
    return length


def with_length(section: Block, length: int) -> bytes:
    """A section's header that announces so many bytes."""
    definition, size = section.order.section, section.order.section.sizeof()
    parsed = definition.parse(section.data)
    parsed.section_length = length
    header: bytes = definition.build(parsed)
    return header + section.data[size:]
