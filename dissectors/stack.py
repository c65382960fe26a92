"""Walks the bytes of a frame, or of a payload, through its layers, as the layers' tables bind them to each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from construct import ConstructError

from .layer import Layer

DEEPEST = 32
"""Headers that one frame is walked through, quoted ones counted: more are no honest packet."""


class Dissected(msgspec.Struct, frozen=True):
    """One header found in bytes."""

    name: str
    layer: Layer
    header: Any
    """Construct's Container; ``layer.header(found.header)`` makes a Header of it."""
    offset: int
    """Bytes from the frame's start to the header's."""
    size: int
    """Bytes of the header; of what is no header (DNS, TLS), all that was read."""
    inner: list[Dissected] = msgspec.field(default_factory=list)
    """The headers that an ICMP error quotes."""


Place = tuple[str, int | str]
"""Where a layer is found: the dissector table and the value, ``("udp.port", 9000)``."""

ANY = "*"
"""The value of a layer that no value of its table chooses, but :attr:`Layer.matches` alone: ``("udp.port", "*")``."""


class Bindings:
    """Which layer follows which: made once from layers, used for every frame.

    :param rebound: places that belong to the layer of this name alone, whatever the layers themselves say
    """

    def __init__(self, layers: Iterable[Layer], rebound: Mapping[Place, str] | None = None) -> None:
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
        for place, name in (rebound or {}).items():
            if name in self.named:
                self._bound[place] = [self.named[name]]

    @property
    def places(self) -> set[Place]:
        """Everything that some layer is bound to."""
        return set(self._bound)

    def bound(self, table: str, value: int | str) -> Sequence[Layer]:
        """The layers that a place belongs to, in the order of their definition."""
        return self._bound.get((table, value), ())

    def guesses(self, table: str) -> bool:
        """Whether some layer recognizes payloads of this table by their bytes."""
        return table in self._guessed

    def recognizes(self, layer: Layer, data: bytes) -> bool:
        """Whether bytes look like a layer; True for one that does not look."""
        return layer.matches is None or layer.matches(data)

    def read(self, layer: Layer, data: bytes, table: str) -> tuple[Any, int] | None:
        """A header and its size in bytes; None when the bytes do not hold one."""
        try:
            return layer.parse_sized(data, table=table)
        except ConstructError:
            return None

    def payload_length(self, layer: Layer, header: Any) -> int | None:
        """Bytes of payload behind a header, where the layer tells."""
        return None if layer.payload_length is None else layer.payload_length(header)

    def candidates(self, table: str, values: Any, data: bytes) -> Iterator[Layer]:
        """Layers that may read ``data``: those that the table binds to the values, then those that recognize it.

        :param values: what the layer before says of the next: a number, a name, several, or None
        """
        for value in values if isinstance(values, list | tuple) else [values]:
            for layer in reversed(self._bound.get((table, value), ())):  # a plugin's wins over a built-in one
                if self.recognizes(layer, data):
                    yield layer
        for layer in self._guessed.get(table, ()):
            if self.recognizes(layer, data):
                yield layer


def dissect(data: bytes, encap: int | str, layers: Sequence[Layer] | Bindings) -> list[Dissected]:
    """The headers of a frame, outermost first, as far as its bytes and the bindings reach. Never raises.

    :param encap: ``frame.encap_type`` as tshark prints it, or the name of the first layer
    """
    bindings = layers if isinstance(layers, Bindings) else Bindings(layers)
    return walked(data, "wtap_encap" if isinstance(encap, int) else "", encap, bindings)


def walked(data: bytes, table: str, values: Any, bindings: Bindings) -> list[Dissected]:
    """The headers in ``data``, outermost first, from where a table and its values say what comes first.

    :param values: as for :meth:`Bindings.candidates`; with no table the name of the first layer
    """
    found: list[Dissected] = []
    into, offset, end = found, 0, len(data)
    for _ in range(DEEPEST):
        payload = data[offset:end]
        one = _first(bindings, table, values, payload, offset)
        if one is None:
            break
        into.append(one)
        if one.layer.quotes:
            into = one.inner
        offset += one.size
        length = bindings.payload_length(one.layer, one.header)
        if length is not None:  # padding and trailers are behind it
            end = min(end, offset + max(length, 0))
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
        read = bindings.read(layer, data, table)
        if read is not None:
            return Dissected(layer.name, layer, read[0], offset, read[1])
    return None
