"""Which tshark gets which packets of a capture: one look at all headers, then groups dealt out by their size."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .groups import ETHERNET, IP_AT, RAW, Groups
from .packets import Batch, CaptureFile, NotSplit

SHARDS_LIMIT = 64
"""tsharks at once."""

_FRAGMENTED = 0xBFFF
"""Bits of an IPv4 header's flags and offset: all but "don't fragment"."""
_PLAIN_IPV4 = {ETHERNET: b"\x08\x00\x45", RAW: b"\x45"}
"""How an IPv4 header without options begins, with the EtherType before it."""


@dataclass(frozen=True)
class Plan:
    """Who reads what."""

    file: CaptureFile
    order: bytes
    """Of each packet in the file, the number of its shard: a byte."""
    counts: tuple[int, ...]
    """Packets of each shard."""


def planned(path: Path, shards: int) -> Plan:
    """A plan for at most so many shards, of which none is empty.

    :raises NotSplit: when there would be one only
    """
    file, groups, found = CaptureFile(path), Groups(), bytearray()
    for batch in file.batches():
        _look(batch, groups, found)
    sizes = _sizes(found, groups)
    shard_of = dealt(sizes, min(shards, SHARDS_LIMIT))
    if len(set(shard_of.values())) < 2:
        raise NotSplit("all of its packets belong together")
    table = bytes(shard_of.get(groups.root(group), 0) for group in range(256))
    order = bytes(found.translate(table))
    counts = [0] * (max(shard_of.values()) + 1)
    for group, count in sizes.items():
        counts[shard_of[group]] += count
    return Plan(file, order, tuple(counts))


def _look(batch: Batch, groups: Groups, found: bytearray) -> None:
    """Appends the group of each packet of a batch. Most packets are of conversations that are known already: these few
    lines are all that happens to them."""
    buffer, data, packet = batch.buffer, batch.data, groups.packet
    link = batch.links[0] if len(set(batch.links)) == 1 else -1
    if link not in _PLAIN_IPV4:
        for begin, end in zip((batch.begin, *batch.ends), batch.ends, strict=False):
            found.append(packet(buffer, begin + data, _captured_end(batch, begin, end), _link(batch, begin)))
        return
    plain = _PLAIN_IPV4[link]
    read = struct.Struct(f">{data + IP_AT[link] + 1 - len(plain)}x{len(plain)}s5xHxB2x12s")
    unpack, least, settled, append = read.unpack_from, read.size, groups.settled, found.append
    begin = batch.begin
    for end in batch.ends:
        if end - begin >= least:
            first, offset, protocol, ends = unpack(buffer, begin)
            if first == plain and not offset & _FRAGMENTED and ends in (known := settled[protocol]):
                append(known[ends])
                begin = end
                continue
        append(packet(buffer, begin + data, _captured_end(batch, begin, end), link))
        begin = end


def _captured_end(batch: Batch, begin: int, end: int) -> int:
    """Where the packet ends in its record."""
    if batch.length is None:
        return end
    return begin + batch.data + int(batch.length.unpack_from(batch.buffer, begin)[0])


def _link(batch: Batch, begin: int) -> int:
    """The link type of a packet's interface."""
    interface = 0 if batch.interface is None else int(batch.interface.unpack_from(batch.buffer, begin)[0])
    if interface >= len(batch.links):
        raise NotSplit("a packet is of no interface")
    return batch.links[interface]


def _sizes(found: bytearray, groups: Groups) -> dict[int, int]:
    """Packets of each group that is none's part, in the order in which they appear."""
    sizes: dict[int, int] = {}
    for group, count in Counter(found).items():
        root = groups.root(group)
        sizes[root] = sizes.get(root, 0) + count
    return sizes


def dealt(sizes: dict[int, int], shards: int) -> dict[int, int]:
    """The shard of each group: the largest first, each to the shard that has least; of equals the first first, so that
    conversations that follow one another alternate. Shards are numbered from 0, none is left out."""
    loads = [0] * shards
    shard_of: dict[int, int] = {}
    for group in sorted(sizes, key=lambda one: -sizes[one]):
        shard = loads.index(min(loads))
        shard_of[group] = shard
        loads[shard] += sizes[group]
    return shard_of
