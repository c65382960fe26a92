"""Walks the bytes of a frame through its layers, as the layers' tables bind them to each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from construct import ConstructError

from .layer import Layer

DEEPEST = 32
"""Headers that one frame is walked through, quoted ones counted: more are no honest packet."""


@dataclass(frozen=True, slots=True)
class Dissected:
    """One header found in bytes."""

    name: str
    layer: Layer
    header: Any
    """Construct's Container; ``layer.header(found.header)`` makes a Header of it."""
    offset: int
    """Bytes from the frame's start to the header's."""
    size: int
    """Bytes of the header; of what is no header (DNS, TLS), all that was read."""
    inner: list[Dissected] = field(default_factory=list)
    """The headers that an ICMP error quotes."""


class Bindings:
    """Which layer follows which: made once from layers, used for every frame."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        self._bound: dict[tuple[str, int | str], list[Layer]] = {}
        self._guessed: dict[str, list[Layer]] = {}
        self.named: dict[str, Layer] = {}
        for layer in layers:
            self.named.setdefault(layer.name, layer)
            for table, value in layer.over:
                self._bound.setdefault((table, value), []).append(layer)
            if layer.matches is not None:
                for table in dict.fromkeys(table for table, _ in layer.over):
                    self._guessed.setdefault(table, []).append(layer)

    def candidates(self, table: str, values: Any, data: bytes) -> Iterator[Layer]:
        """Layers that may read ``data``: those that the table binds to the values, then those that recognize it.

        :param values: what the layer before says of the next: a number, a name, several, or None
        """
        for value in values if isinstance(values, list | tuple) else [values]:
            for layer in reversed(self._bound.get((table, value), ())):  # a plugin's wins over a built-in one
                if layer.matches is None or layer.matches(data):
                    yield layer
        for layer in self._guessed.get(table, ()):
            if layer.matches is not None and layer.matches(data):
                yield layer


def dissect(data: bytes, encap: int | str, layers: Sequence[Layer] | Bindings) -> list[Dissected]:
    """The headers of a frame, outermost first, as far as its bytes and the bindings reach. Never raises.

    :param encap: ``frame.encap_type`` as tshark prints it, or the name of the first layer
    """
    bindings = layers if isinstance(layers, Bindings) else Bindings(layers)
    found: list[Dissected] = []
    into, offset, end = found, 0, len(data)
    table, values = ("wtap_encap", encap) if isinstance(encap, int) else ("", encap)
    for _ in range(DEEPEST):
        payload = data[offset:end]
        one = _first(bindings, table, values, payload, offset)
        if one is None:
            break
        into.append(one)
        if one.layer.quotes:
            into = one.inner
        offset += one.size
        end = _end(one, offset, end)
        if one.layer.selects is None or offset >= end:
            break
        table, member = one.layer.selects
        values = one.header.get(member)
        if values is None:
            break
    return found


def _first(bindings: Bindings, table: str, values: Any, data: bytes, offset: int) -> Dissected | None:
    """The first candidate that can read the bytes."""
    named = bindings.named.get(values) if not table else None
    for layer in [named] if named else bindings.candidates(table, values, data):
        try:
            header, size = layer.parse_sized(data, table=table)
        except ConstructError:
            continue
        return Dissected(layer.name, layer, header, offset, size)
    return None


def _end(one: Dissected, offset: int, end: int) -> int:
    """Where the payload ends: earlier than the bytes when the header says so (padding, trailers)."""
    if one.layer.payload_length is None:
        return end
    length = one.layer.payload_length(one.header)
    return end if length is None else min(end, offset + max(length, 0))
