"""What tshark is asked for: the fields that analyzers, columns and the output read, and no others.

Printing is what costs tshark most, so a capture's packets come several times as fast with the 130 fields that the rules
read as with all (docs/decisions/0011-ask-for-less.md), and faster still where the plain headers are read from the
capture's own bytes (docs/decisions/0013-own-headers.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .known_fields import known_fields
from .readers.headers import HEADERS
from .tshark import COLUMN_FORMATS

if TYPE_CHECKING:
    from labdissect.dissectors.layer import Field, Layer

OF_EVERY_PACKET = ("frame.number", "frame.time_epoch", "frame.len", "frame.protocols", "ip.hdr_len")
"""What a :class:`labdissect.plugins.packet.Packet` is made with, and what tells of options."""
CAPTURED = ("frame.time_epoch", "frame.len", "frame.cap_len")
"""What a capture says of each packet."""
TOGETHER = (
    *("frame.number", "tcp.stream", "frame.protocols", "udp.stream"),
    *("ip.checksum.status", "udp.checksum.status", "tcp.checksum.status"),
    *("tcp.seq", "tcp.ack", "tcp.len", "tcp.window_size", "tcp.window_size_scalefactor"),
)
"""What nearly every packet has beside its bytes: one column of tshark's says all of it for half of what the fields cost
one by one. In this order it is told what belongs where: digits before the protocols are TCP's streams, digits behind
them, up to the first word (a status), UDP's; and the only field that some segments do without, those with SYN, is the
last."""
COLUMN = "_ws.col."
"""How the names of Wireshark's columns begin; ``tshark -G fields`` does not list them all."""


@dataclass(frozen=True)
class Asked:
    """The fields asked for."""

    fields: tuple[str, ...]
    """tshark's names, for ``-e``; Wireshark's columns are not among them."""
    types: Mapping[str, str]
    """Their types in Wireshark, ``FT_UINT32``."""
    members: Mapping[str, tuple[Field, ...]]
    """Of each layer the members that can be read."""
    lacking: tuple[str, ...] = ()
    """Fields that were named and that this tshark does not have, under no name."""
    columns: tuple[str, ...] = ()
    """Titles of Wireshark's columns: ``Info``."""
    together: tuple[str, ...] = ()
    """Fields that are asked for as one column; where the capture's own bytes are read, and only there."""
    own: frozenset[str] = frozenset()
    """Fields that tshark is not asked for, as the capture's own bytes tell them."""

    @property
    def references(self) -> tuple[str, ...]:
        """Those that name other frames."""
        return tuple(name for name, kind in self.types.items() if kind == "FT_FRAMENUM")


def asked_for(
    wanted: Iterable[Sequence[str] | None], layers: Mapping[str, Layer], tshark: Path, *, bytes_at_hand: bool = False
) -> Asked:
    """What to ask this tshark for.

    :param wanted: what each reader of fields names: fields, and layers of which every field may be read; one that
        names nothing (None) may read any field
    :param bytes_at_hand: whether the packets' bytes can be read beside tshark, which then need not print what they tell
    :raises TsharkFailure: when tshark does not say which fields it has
    """
    names: dict[str, None] = dict.fromkeys(OF_EVERY_PACKET)
    for some in wanted:
        names.update(dict.fromkeys(layers if some is None else some))
    owners = _owners(layers)
    candidates = dict.fromkeys(OF_EVERY_PACKET)
    for name in names:
        for layer, members in _members(name, layers, owners).items():
            for one in members:
                candidates[one.tshark] = None
                if one.note.once is not None:
                    candidates[one.note.once] = None
            candidates.update(dict.fromkeys(layers[layer].pieces))
        if name not in layers and name not in owners:
            candidates[name] = None
    columns = [name for name in candidates if name.startswith(COLUMN)]
    if not all(name.removeprefix(COLUMN) in COLUMN_FORMATS for name in columns):
        bytes_at_hand = False  # a column of the user's own can be had only beside all of theirs, not beside ours
    types = known_fields(tshark, [name for name in candidates if name not in columns])
    read: dict[str, dict[str, Field]] = {name: {} for name in layers}
    for name in names:
        for layer, members in _members(name, layers, owners).items():
            read[layer].update({one.name: one for one in members})
    asked = {name: tuple(one for one in layers[name].fields if one.name in read[name]) for name in layers}
    own = frozenset(_told_by_bytes(asked) if bytes_at_hand else ())
    fields = {name: types[name] for name in candidates if name in types and name not in own}
    together = tuple(name for name in TOGETHER if name in fields) if bytes_at_hand else ()
    return Asked(
        fields=tuple(name for name in fields if name not in together),
        together=together,
        types=fields,
        members=asked,
        own=own,
        lacking=tuple(name for name in names if _is_lacking(name, layers, owners, types)),
        columns=tuple(name.removeprefix(COLUMN) for name in columns),
    )


def _told_by_bytes(members: Mapping[str, Sequence[Field]]) -> Iterator[str]:
    """tshark's names of what no tshark is needed for: what a capture says of each packet, and what stands in the plain
    headers. What Wireshark derives of them stays its own."""
    yield from CAPTURED
    for layer in HEADERS:
        for one in members[layer]:
            if one.subcon is not None:
                yield one.tshark
                if one.note.once is not None:
                    yield one.note.once


def _owners(layers: Mapping[str, Layer]) -> dict[str, list[tuple[str, Field]]]:
    """tshark's name of a field → the layers that have it (``sll.pkttype`` is of two), each with its member."""
    owners: dict[str, list[tuple[str, Field]]] = {}
    for name, layer in layers.items():
        for one in layer.fields:
            owners.setdefault(one.tshark, []).append((name, one))
    return owners


def _members(
    name: str, layers: Mapping[str, Layer], owners: Mapping[str, list[tuple[str, Field]]]
) -> dict[str, Sequence[Field]]:
    """The members that are meant by the name of a layer or of a field."""
    if name in layers:
        return {name: layers[name].fields}
    return {layer: (one,) for layer, one in owners.get(name, ())}


def _is_lacking(
    name: str, layers: Mapping[str, Layer], owners: Mapping[str, list[tuple[str, Field]]], types: Mapping[str, str]
) -> bool:
    """Whether a field that was named itself cannot be had."""
    if name in layers or name in types or name.startswith(COLUMN):
        return False
    for layer, one in owners.get(name, ()):
        if one.note.once in types or layers[layer].assemble is not None:
            return False
    return True
