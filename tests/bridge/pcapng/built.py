"""pcapng files built for tests, block by block, by Hypothesis or by hand."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from labdissect.bridge.pcapng.blocks import MARK

ARP = bytes.fromhex("ffffffffffff0200000000010806000108000604000102000000000ac0000201000000000000c0000202")
TIME = 1_700_000_000_000_000


def option(code: int, value: bytes, order: str = "<") -> bytes:
    """An option, padded."""
    return struct.pack(f"{order}HH", code, len(value)) + value + bytes(-len(value) & 3)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """Any block, padded."""
    body += bytes(-len(body) & 3)
    size = len(body) + 12
    return struct.pack(f"{order}LL", kind, size) + body + struct.pack(f"{order}L", size)


def section(order: str = "<", options: bytes = b"", length: int = -1) -> bytes:
    """A section's header."""
    return block(0x0A0D0D0A, struct.pack(f"{order}LHHq", 0x1A2B3C4D, 1, 0, length) + options, order)


def interface(order: str = "<", link: int = 1, options: bytes = b"") -> bytes:
    """An interface."""
    return block(1, struct.pack(f"{order}HHL", link, 0, 0) + options, order)


def enhanced(
    order: str = "<",
    *,
    data: bytes = ARP,
    time: int = TIME,
    options: bytes = b"",
    interface: int = 0,
    original: int = 0,
) -> bytes:
    """An enhanced packet block."""
    head = struct.pack(f"{order}LLLLL", interface, time >> 32, time & 0xFFFFFFFF, len(data), max(original, len(data)))
    return block(6, head + data + bytes(-len(data) & 3) + options, order)


def obsolete(order: str = "<", *, data: bytes = ARP, time: int = TIME, options: bytes = b"") -> bytes:
    """An obsolete packet block."""
    head = struct.pack(f"{order}HHLLLL", 0, 7, time >> 32, time & 0xFFFFFFFF, len(data), len(data))
    return block(2, head + data + bytes(-len(data) & 3) + options, order)


def simple(order: str = "<", *, data: bytes = ARP) -> bytes:
    """A simple packet block."""
    return block(3, struct.pack(f"{order}L", len(data)) + data, order)


def option_lists(order: str) -> st.SearchStrategy[bytes]:
    """Options as writers leave them: none, with and without an end, an end alone, something behind the end."""
    codes = st.sampled_from((1, 1, 2, 4, 2988, 40000))
    values = st.binary(max_size=40).filter(lambda value: not value.endswith(MARK))
    some = st.lists(st.builds(option, codes, values, st.just(order)), max_size=4).map(b"".join)
    ends = st.sampled_from((b"", bytes(4), bytes(8)))
    return st.tuples(some, ends).map(b"".join)


def any_blocks(order: str) -> st.SearchStrategy[bytes]:
    """Packets of each kind, and blocks that are none."""
    byte_order, data = st.just(order), st.binary(max_size=80)
    times, options = st.integers(0, 2**64 - 1), option_lists(order)
    packets = st.one_of(
        st.builds(enhanced, byte_order, data=data, time=times, options=options),
        st.builds(obsolete, byte_order, data=data, time=times, options=options),
        st.builds(simple, byte_order, data=data),
    )
    kinds = st.sampled_from((4, 5, 10, 0xBAD, 0x40000BAD, 0x12345, 0x80000001))
    return st.one_of(packets, packets, st.builds(block, kinds, st.binary(max_size=60), byte_order))


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Whole files: several sections in both byte orders, all kinds of blocks; some sections announce their length."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        order = draw(st.sampled_from("<>"))
        body = b"".join([interface(order), *draw(st.lists(any_blocks(order), max_size=6))])
        announced = len(body) if draw(st.booleans()) else -1
        parts.append(section(order, draw(option_lists(order)), announced) + body)
    return b"".join(parts)
