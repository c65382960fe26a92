"""tshark's flat EK (``-T ek -e FIELD…``) of a tshark of ours, which printed the fields that were asked for.

The same verdicts come of it as of full EK. A packet whose fields cannot be told apart without their tree (headers
quoted in an ICMP error, tunnels, IPv4 options) is looked at again: a second tshark prints those packets whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
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
        self._makers = {name: _Maker(layers[name], members, asked) for name, members in asked.members.items()}
        self._columns = [
            (title.lower(), f"_ws_col_{word}") for title in asked.columns for word in (title, title.lower())
        ]
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(_line_type(layers, asked), strict=False).decode
        self._stacks: dict[str, _Stack] = {}
        self._mixed = re.compile(mixed_stacks(layers))

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
            flat = self._decode(line).layers
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
            _FlatSource(self, flat, stack),
            number,
            nanoseconds(flat.frame_time_epoch[0]) if flat.frame_time_epoch else None,
            None if length is None else length[0],
            protocols,
        )
        packet.size = len(line)
        packet.tcp = self._makers["tcp"](flat) if stack.tcp else None  # nearly everybody asks for it
        return EkRecord(line, packet, True)

    def _again(self, line: bytes) -> Record:
        """A packet that its full line tells of; where that is not to be had, the flat line as far as it can be read."""
        record = self._thorough.record(line)
        if record.packet is None:
            return record
        whole = self._whole(record.packet.number)
        return record if whole is None else self._thorough.record(whole)

    def _stack(self, protocols: str) -> _Stack:
        stack = _Stack(protocols, self._mixed.search(protocols) is not None)
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


class _Maker:
    """Makes the headers of one layer out of flat lines."""

    def __init__(self, layer: Layer, members: Sequence[Field], asked: Asked) -> None:
        self._layer = layer
        self._kind = layer.partial_header_type(members)
        self._given = [*dict.fromkeys(name for one in layer.fields for name in _names(one)), *layer.pieces]
        self._given = [name for name in self._given if name in asked.types]
        # the header's members in the order of its type: each may come under two names, or under none
        names = [name for one in layer.as_printed(members) for name in _names(one)]
        attributes = [attribute_name(name) if name in asked.types else _NOTHING for name in names]
        self._values: Callable[[Any], Any] = attrgetter(*attributes, _NOTHING, _NOTHING)
        self._irregular = layer.irregular
        self._regular = layer.regular

    def __call__(self, flat: Any) -> Header:
        if self._regular:
            *values, _, _ = self._values(flat)
            made: Header = self._kind((), *[value and value[0] for value in values])
            if self._irregular is None or not self._irregular(made):
                return made
        return self._layer.decode(self._fields(flat), kind=self._kind)

    def _fields(self, flat: Any) -> Fields:
        found: Fields = {}
        for name in self._given:
            values = getattr(flat, attribute_name(name))
            if values is not None:
                found[name.replace(".", "_")] = [one if type(one) is str else str(one) for one in values]
        return found


class _FlatSource:
    """The layers of a flat line, made when asked for."""

    __slots__ = ("_flat", "_reader", "_stack")

    def __init__(self, reader: FlatReader, flat: Any, stack: _Stack) -> None:
        self._reader, self._flat, self._stack = reader, flat, stack

    def header(self, name: str) -> Header | None:
        if name in self._stack.names:
            return self._reader._makers[name](self._flat)
        if name not in self._reader._makers:
            raise KeyError(name)
        return None

    def headers(self) -> Sequence[tuple[str, Header]]:
        makers = self._reader._makers
        return [(name, makers[name](self._flat)) for name in self._stack.order if name in makers]

    def columns(self) -> Mapping[str, str]:
        found = {}
        for name, attribute in self._reader._columns:
            values = getattr(self._flat, attribute)
            if values:
                found[name] = values[0]
        return found


_NOTHING = "_nothing"


def _names(one: Field) -> tuple[str, ...]:
    """tshark's names of a member, in the order in which a Header stores their values."""
    return (one.tshark,) if one.note.once is None else (one.tshark, one.note.once)


def _line_type(layers: Mapping[str, Layer], asked: Asked) -> Any:
    """What msgspec decodes a line into: the values of each field. More values than a layer of its kind can have make an
    error, which is how many of the lines are found that need another look."""
    kinds: dict[str, Any] = {}
    for layer in layers.values():
        kinds.update(dict.fromkeys(layer.pieces, list[str]))
        for one in layer.fields:
            kinds.update(dict.fromkeys(_names(one), _values_of(layer, one)))
    members: list[Any] = []
    for name in asked.types:  # in the order in which tshark prints them: msgspec looks for the next one first
        kind = kinds.get(name, list[str])
        members.append((attribute_name(name), kind | None, msgspec.field(default=None, name=name.replace(".", "_"))))
    for title in asked.columns:  # tshark prints their names in lower case since 4.4
        members += [(f"_ws_col_{word}", list[str] | None, None) for word in dict.fromkeys((title, title.lower()))]
    members.append((_NOTHING, None, None))
    flat = msgspec.defstruct("FlatFields", members, gc=False)
    return msgspec.defstruct("FlatLine", [("layers", flat)], gc=False)


def _values_of(layer: Layer, one: Field) -> Any:
    """The type of a member's values: one value, or any number of texts in layers that are put together of pieces."""
    if one.kind == "list" or (not layer.regular and one.name not in layer.single):
        return list[str]
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
