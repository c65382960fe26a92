"""tshark's flat EK (``-T ek -e FIELD…``) of a tshark of ours, which printed the fields that were asked for.

The same verdicts come of it as of full EK. A packet whose fields cannot be told apart without their tree (headers
quoted in an ICMP error, tunnels, IPv4 options) is looked at again: a second tshark prints those packets whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.bridge.lines import LineSplitter
from labdissect.dissectors.layer import Fields, Header, Layer, attribute_name
from labdissect.plugins.packet import Packet
from labdissect.plugins.writer import Problem, Record

from .clock import nanoseconds
from .ek import INDEX, EkReader, EkRecord

if TYPE_CHECKING:
    from labdissect.bridge.asking import Asked
    from labdissect.dissectors.layer import Field

Whole = Callable[[int], bytes | None]
"""The full EK line of a frame, asked for in rising order; None when it cannot be had."""

VALUES = "Values"
"""Title of the column of the fields that are asked for together (:attr:`labdissect.bridge.asking.Asked.together`)."""

STACKS_LIMIT = 4096
"""Different protocol stacks whose layers are remembered."""

_NATIVE: dict[str, Any] = {"int": int, "bool": bool, "float": float}


class FlatReader:
    """Reads flat EK.

    :param layers: layer definitions by name
    :param report: is told of lines that cannot be read
    :param asked: what tshark was asked for
    :param whole: where to look again
    """

    def __init__(
        self, layers: Mapping[str, Layer], report: Callable[[Problem], None], asked: Asked, whole: Whole
    ) -> None:
        self._layers = layers
        self._thorough = EkReader(layers, report)
        self._report = report
        self._whole = whole
        self._splitter = LineSplitter()
        self._lines = 0
        self.makers: Mapping[str, Maker] = {
            name: Maker(layers[name], members, asked) for name, members in asked.members.items()
        }
        self._columns = [(title.lower(), _column_attribute(title)) for title in asked.columns]
        self._decode = decoder(layers, asked)
        self._stacks: dict[str, _Stack] = {}
        self.mixed = re.compile(mixed_stacks(layers))
        """Stacks of which flat fields do not tell what belongs where."""

    def records(self, chunk: bytes) -> Iterator[Record]:
        """The records of the lines that ``chunk`` completes."""
        for line in self._splitter.feed(chunk):
            if not line.startswith(INDEX):
                yield self.record(line)

    def end(self) -> Iterator[Record]:
        """The line that has no line feed, if any: tshark stopped there."""
        rest = self._splitter.rest()
        if rest:
            self._report(Problem("tshark's output was cut; what came before is complete", fatal=True, kind="cut"))
            yield self.record(rest)

    def record(self, line: bytes) -> Record:
        """One line's record."""
        try:
            decoded = self._decode(line)
            flat = decoded.layers
            number: int = flat.frame_number[0]
            protocols: str = flat.frame_protocols[0]
        except (msgspec.DecodeError, UnicodeDecodeError, TypeError):
            return self._again(line)  # a field that is there twice, invalid UTF-8
        stack = self._stacks.get(protocols)
        if stack is None:
            stack = self._stack(protocols)
        if stack.mixed or (stack.ip and flat.ip_hdr_len != (20,)):
            return self._again(line)
        length = flat.frame_len
        packet = Packet(
            _FlatSource(self, decoded, stack),
            number,
            nanoseconds(flat.frame_time_epoch[0]) if flat.frame_time_epoch else None,
            None if length is None else length[0],
            protocols,
        )
        packet.size = len(line)
        packet.tcp = self.makers["tcp"](flat) if stack.tcp else None  # nearly everybody asks for it
        return EkRecord(line, packet, True)

    def columns(self, line: Any) -> Mapping[str, str]:
        """What Wireshark's columns say in a decoded line."""
        values = {name: getattr(line, attribute) for name, attribute in self._columns}
        return {name: value for name, value in values.items() if value is not None}

    def _again(self, line: bytes) -> Record:
        """A packet that its full line tells of; where that is not to be had, the flat line as far as it can be read."""
        record = self._thorough.record(line)
        if record.packet is None:
            return record
        whole = self._whole(record.packet.number)
        return record if whole is None else self._thorough.record(whole)

    def _stack(self, protocols: str) -> _Stack:
        stack = _Stack(protocols, self.mixed.search(protocols) is not None)
        if len(self._stacks) < STACKS_LIMIT:
            self._stacks[protocols] = stack
        return stack


class _Stack:
    """What the protocols of a packet tell, worked out once."""

    __slots__ = ("ip", "mixed", "names", "order", "tcp")

    def __init__(self, protocols: str, mixed: bool) -> None:
        self.order = ("frame", *protocols.split(":"))
        self.names = frozenset(self.order)
        self.mixed = mixed
        self.ip, self.tcp = "ip" in self.names, "tcp" in self.names


class Maker:
    """Makes the headers of one layer out of flat lines."""

    def __init__(self, layer: Layer, members: Sequence[Field], asked: Asked) -> None:
        self._layer = layer
        self.kind = layer.partial_header_type(members)
        given = [name for name in layer_fields(layer) if name in asked.fields]
        self._keys = [name.replace(".", "_") for name in given]
        self._given = [attribute_name(name) for name in given]
        # the header's members in the order of its type: each may come under two names, or under none
        self._members = [
            attribute_name(name) if name in asked.fields and one.kind != "list" else None
            for one in layer.as_printed(members)
            for name in names_of(one)
        ]
        self._irregular = layer.irregular
        self._regular = layer.regular

    def __call__(self, flat: Any) -> Header:
        first = self._first(flat)
        if not self._regular:
            return self._assembled(flat, first)
        made: Header = self.kind((), *first)
        if self._irregular is None or not self._irregular(made):
            return made
        fields = {
            key: [one if type(one) is str else str(one) for one in values]
            for key, values in self._printed(flat).items()
        }
        return self._layer.decode(fields, kind=self.kind)

    def _assembled(self, flat: Any, texts: Sequence[str | None]) -> Header:
        """A header that is put together of pieces."""
        fields = self._printed(flat)
        try:
            made = self.kind((), *self._read_texts(texts))
        except msgspec.ValidationError:  # what cannot be read as its member's type is left out
            return self._layer.decode(fields, kind=self.kind)
        return self._layer.completed(made, fields)

    @cached_property
    def _first(self) -> Callable[[Any], Sequence[Any]]:
        """Reads the first value of each member."""
        return _reader("None" if name is None else f"line.{name} and line.{name}[0]" for name in self._members)

    @cached_property
    def _every(self) -> Callable[[Any], Sequence[Any]]:
        """Reads all values of all that is printed of the layer."""
        return _reader(f"line.{name}" for name in self._given)

    @cached_property
    def _read_texts(self) -> Callable[[Sequence[str | None]], Sequence[Any]]:
        """Reads the texts of all members as their types. Raises msgspec.ValidationError."""
        members = [(one.name, one.type) for one in msgspec.structs.fields(self.kind)[1:]]  # the first: headers within
        read = msgspec.defstruct(f"{self._layer.name}_values", members, array_like=True, gc=False)
        return lambda texts: msgspec.structs.astuple(msgspec.convert(texts, read, strict=False))

    def _printed(self, flat: Any) -> Fields:
        printed = self._every(flat)
        return dict(compress(zip(self._keys, printed, strict=False), printed))


def _reader(expressions: Iterable[str]) -> Callable[[Any], Sequence[Any]]:
    """Reads what these expressions say of a line. They are made of definitions, not of what came with a packet."""
    read: Callable[[Any], Sequence[Any]] = eval(f"lambda line: ({''.join(f'{one}, ' for one in expressions)})")
    return read


class _FlatSource:
    """The layers of a flat line, made when asked for."""

    __slots__ = ("_line", "_reader", "_stack")

    def __init__(self, reader: FlatReader, line: Any, stack: _Stack) -> None:
        self._reader, self._line, self._stack = reader, line, stack

    def header(self, name: str) -> Header | None:
        if name in self._stack.names:
            return self._reader.makers[name](self._line.layers)
        if name not in self._reader.makers:
            raise KeyError(name)
        return None

    def headers(self) -> Sequence[tuple[str, Header]]:
        makers = self._reader.makers
        return [(name, makers[name](self._line.layers)) for name in self._stack.order if name in makers]

    def columns(self) -> Mapping[str, str]:
        return self._reader.columns(self._line)


def layer_fields(layer: Layer) -> list[str]:
    """tshark's names of all that a layer is made of."""
    return [*dict.fromkeys(name for one in layer.fields for name in names_of(one)), *layer.pieces]


def names_of(one: Field) -> tuple[str, ...]:
    """tshark's names of a member, in the order in which a Header stores their values."""
    return (one.tshark,) if one.note.once is None else (one.tshark, one.note.once)


def decoder(layers: Mapping[str, Layer], asked: Asked, names: Iterable[str] | None = None) -> Callable[[bytes], Any]:
    """Decodes a line into the values of each field. More values than a layer of its kind can have make an error, which
    is how many of the lines are found that need another look.

    :param names: the fields to decode, if not all; other fields are passed over
    """
    kinds: dict[str, Any] = {}
    for layer in layers.values():
        kinds.update(dict.fromkeys(layer.pieces, list[str]))
        for one in layer.fields:
            kinds.update(dict.fromkeys(names_of(one), _values_of(layer, one)))
    members: list[Any] = []
    for name in asked.fields if names is None else names:  # as tshark prints them: msgspec looks for the next one first
        kind = kinds.get(name, list[str])
        members.append((attribute_name(name), kind | None, msgspec.field(default=None, name=name.replace(".", "_"))))
    flat = msgspec.defstruct("FlatFields", members, gc=False)
    columns = [
        (_column_attribute(title), str | None, msgspec.field(default=None, name=title.lower().replace(".", "_")))
        for title in (*asked.columns, *((VALUES,) if asked.together else ()))
    ]
    envelope = msgspec.defstruct("FlatLine", [("layers", flat), ("timestamp", int | None, None), *columns], gc=False)
    return msgspec.json.Decoder(envelope, strict=False).decode


def _column_attribute(title: str) -> str:
    return f"column_{title.lower()}"


def _values_of(layer: Layer, one: Field) -> Any:
    """The type of a member's values: one value, or any number of texts in layers that are put together of pieces."""
    if one.kind == "list" or not layer.regular:
        return tuple[str] if one.name in layer.single else list[str]
    one_value: Any = tuple
    return one_value[_NATIVE[one.kind] if one.stored == one.attribute and one.kind in _NATIVE else str]


def mixed_stacks(layers: Mapping[str, Layer]) -> str:
    """A regular expression, for Python and Wireshark alike, of the values of ``frame.protocols`` that name headers
    within a header, or a layer of ours twice."""
    twice = "|".join(re.escape(name) for name in layers if name != "frame")
    begin, end = "(?:^|:)", "(?:$|:)"
    return rf"{begin}(?:icmp(?:v6)?:ip|ipv6:ipv6\.|mpls{end}|({twice}):(?:.*:)?\1{end})"


def mixed_filter(layers: Mapping[str, Layer]) -> str:
    """A display filter for the packets of which flat fields do not tell what belongs where."""
    pattern = mixed_stacks(layers).replace("\\", "\\\\")
    twice = [layer.field(name).tshark for layer in layers.values() for name in layer.single]
    counted = [f"count({name}) > 1" for name in twice]
    return " or ".join([f'frame.protocols matches "{pattern}"', "ip.hdr_len > 20", "ip.hdr_len < 20", *counted])
