"""Lists of options: type, length, value, again and again, as TCP, IP, DHCP, NDP and TLS have them.

Construct's ``GreedyRange(Select(…))`` reads such a list too, by running into exceptions: 300 µs for the options of a
SYN. :class:`Options` walks it in a loop and lets Construct read the values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from construct import (
    Construct,
    ConstructError,
    Container,
    GreedyBytes,
    ListContainer,
    SizeofError,
    Struct,
    Subconstruct,
)
from construct.core import stream_read_entire, stream_write

from .reading import StrictStream, compiled, read

SHORT = 4
"""Bytes of a value up to which it is remembered: an MSS, a window scale, a lease come again and again, a timestamp does
not."""
REMEMBERED_LIMIT = 1024
"""Values of one kind of list that are remembered."""

DATA = Struct("data" / GreedyBytes)
"""The value of an option that has no definition, or does not keep to it."""


class Values:
    """Values whose structure depends on a number beside them. One that has no definition, or does not keep to it, is
    ``Container(data=bytes)``. Equal short values are one object, as Construct takes 10 µs to read
    one: leave it as it is.

    :param structs: the ``Struct`` of a value by the number; it must read the value to its end. It finds the value's
        length in ``this._params.size``
    """

    def __init__(self, structs: Mapping[int, Construct]) -> None:
        self.structs = structs
        self._compiled: dict[int, Construct] = {}
        self._remembered: dict[tuple[int, bytes], Container] = {}

    def parse(self, kind: int, data: bytes, **context: Any) -> Container:
        if context or len(data) > SHORT:
            return self._parsed(kind, data, **context)
        value = self._remembered.get((kind, data))
        if value is None:
            value = self._parsed(kind, data)
            if len(self._remembered) < REMEMBERED_LIMIT:
                self._remembered[kind, data] = value
        return value

    def _parsed(self, kind: int, data: bytes, **context: Any) -> Container:
        struct = self.structs.get(kind)
        if struct is not None:
            parser = self._compiled.get(kind)
            if parser is None:
                parser = self._compiled[kind] = compiled(struct)
            try:
                value, size = read(parser, data, size=len(data), **context)
            except ConstructError:
                return Container(data=data)
            if size == len(data):
                return value
        return Container(data=data)

    def build(self, kind: int, value: Any) -> bytes:
        given = {name for name in value if not name.startswith("_")}
        struct = DATA if given == {"data"} else self.structs.get(kind, DATA)
        data: bytes = struct.build(value)
        return data


class Several(Subconstruct):  # type: ignore[misc]
    """As many of a construct as fit into the value that it is in.

    :param width: bytes of one
    :param after: bytes of the value before the first
    """

    def __init__(self, subcon: Construct, width: int, after: int = 0) -> None:
        super().__init__(subcon)
        self.width, self.after = width, after

    def _parse(self, stream: Any, context: Any, path: str) -> ListContainer:
        count = (context._params.size - self.after) // self.width
        return ListContainer(self.subcon._parsereport(stream, context, path) for _ in range(count))

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        for one in obj:
            self.subcon._build(one, stream, context, path)
        return obj


class All(Subconstruct):  # type: ignore[misc]
    """Construct after construct until the bytes end, which must be with the last one's."""

    def _parse(self, stream: Any, context: Any, path: str) -> ListContainer:
        inside = StrictStream(stream_read_entire(stream, path))
        size = len(inside.getbuffer())
        found = ListContainer()
        while inside.tell() < size:
            found.append(self.subcon._parsereport(inside, context, path))
        return found

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        for one in obj:
            self.subcon._build(one, stream, context, path)
        return obj

    def _sizeof(self, context: Any, path: str) -> int:
        raise SizeofError("as many as there are", path=path)


class Options(Construct):  # type: ignore[misc]
    """A list of options; parsed to ``Container(list=[Container(kind=…, len=…, value=Container(…)), …], rest=b"")``.

    :param values: the ``Struct`` of an option's value by its kind, as :class:`Values` has them
    :param names: what the kind and the length are called in the result
    :param width: bytes of the kind, and of the length
    :param counted: how much the length counts beside the value: 2 where it counts kind and length too
    :param unit: bytes in a unit of the length
    :param single: kinds that are one byte alone, without length
    :param end: the kind that ends the list; it is the last of ``list``, and ``rest`` holds what follows

    ``rest`` is otherwise what does not parse as an option (a cut or broken list).
    """

    def __init__(
        self,
        values: Mapping[int, Construct],
        *,
        names: tuple[str, str] = ("kind", "len"),
        width: int = 1,
        counted: int = 0,
        unit: int = 1,
        single: frozenset[int] = frozenset(),
        end: int | None = None,
    ) -> None:
        super().__init__()
        self.values = Values(values)
        self.names, self.width, self.counted, self.unit = names, width, counted, unit
        self.single, self.end = single, end

    def _parse(self, stream: Any, context: Any, path: str) -> Container:
        data: bytes = stream_read_entire(stream, path)
        found = ListContainer()
        position = 0
        while position < len(data):
            option, size = self._option(data, position)
            if option is None:
                break
            found.append(option)
            position += size
            if option[self.names[0]] == self.end:
                break
        return Container(list=found, rest=data[position:])

    def _option(self, data: bytes, position: int) -> tuple[Container | None, int]:
        """The option that begins there and the bytes it takes; None when there is none."""
        kind_name, length_name = self.names
        head = position + self.width
        kind = int.from_bytes(data[position:head], "big")
        if kind in self.single:
            return Container({kind_name: kind}), self.width
        start = head + self.width
        length = int.from_bytes(data[head:start], "big")
        size = length * self.unit - self.counted
        if size < 0 or start + size > len(data):
            return None, 0
        value = self.values.parse(kind, data[start : start + size])
        return Container({kind_name: kind, length_name: length, "value": value}), start + size - position

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        kind_name, _ = self.names
        for option in obj["list"]:
            kind = option[kind_name]
            stream_write(stream, kind.to_bytes(self.width, "big"), self.width, path)
            if kind in self.single:
                continue
            value = self.values.build(kind, option["value"])
            length = (len(value) + self.counted) // self.unit
            stream_write(stream, length.to_bytes(self.width, "big"), self.width, path)
            stream_write(stream, value, len(value), path)
        rest = obj.get("rest", b"")
        stream_write(stream, rest, len(rest), path)
        return obj

    def _sizeof(self, context: Any, path: str) -> int:
        raise SizeofError("a list of options has no fixed size", path=path)
