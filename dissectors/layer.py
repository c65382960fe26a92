"""What a protocol layer is: one Construct ``Struct`` and what every member of it means.

A layer's ``Struct`` is written once and used four ways: as the schema from which the decoders of tshark's EK, PDML and
``-e`` output are derived (members bear tshark's field names), as the parser of raw bytes, as the check of one against
the other, and as the documentation that ``labdissect layers NAME`` prints.

The words of this module:

* :func:`note` says what a member means and which document says so; it hangs on a member with Construct's ``*``.
* :func:`bits` splits one integer of the header into members, as ``tcp.hdr_len`` and ``tcp.flags`` share 16 bits.
* :class:`Derived` is a field that Wireshark works out and no byte holds, such as ``tcp.stream``.
* :class:`Header` is one layer of one packet, decoded: ``header.srcport``.
"""

from __future__ import annotations

import math
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

import msgspec
from construct import (
    Adapter,
    Array,
    Bytes,
    BytesInteger,
    Computed,
    Construct,
    ConstructError,
    FixedSized,
    FormatField,
    GreedyBytes,
    IfThenElse,
    Pass,
    Rebuild,
    Renamed,
    this,
)
from construct import Flag as ConstructFlag

from .bilingual import Text as Text
from .reading import compiled, read

Fields = dict[str, list[Any]]
"""tshark's fields of one layer: name with underscores (``tcp_seq_raw``) → its values in tshark's order.

A value is what tshark printed: ``str``, ``bool`` or ``None`` (a node without a value)."""


class Note(str):
    """The documentation of a member, in the form that Construct keeps (its ``docs``). Made by :func:`note`."""

    zh: str
    source: str
    base: int
    name: str | None
    once: str | None


def note(
    en: str, zh: str, source: str = "", *, base: int = 10, name: str | None = None, once: str | None = None
) -> Note:
    """Documents a member: ``"ttl" / Int8ub * note("hops left", "剩余跳数", "RFC 791 §3.1")``.

    :param base: 16 where tshark prints the number in hex
    :param name: tshark's whole field name where it is not the layer's name, a dot and the member's
    :param once: tshark's whole field name in older versions
    """
    made = Note(en)
    made.zh, made.source, made.base, made.name, made.once = zh, source, base, name, once
    return made


class Part(msgspec.Struct, frozen=True):
    """One member within a shared integer, for :func:`bits`."""

    name: str
    shift: int
    width: int
    note: Note
    scale: int = 1
    flag: bool = False


def part(name: str, shift: int, width: int, doc: Note, *, scale: int = 1, flag: bool | None = None) -> Part:
    """A member of ``width`` bits, ``shift`` bits from the integer's end, shown times ``scale``.

    One bit alone is a boolean unless ``flag`` says otherwise.
    """
    return Part(name, shift, width, doc, scale, width == 1 if flag is None else flag)


def bits(carrier: str, subcon: Construct, *parts: Part, when: Any = None) -> Iterator[Construct]:
    """Members that share one integer: reads ``subcon`` once, computes each part, and builds it back from them.

    ``carrier`` begins with an underscore when tshark has no field for the whole integer. Parts may overlap (``flags``
    and ``flags.syn``): the wider ones, named first, are what is built.

    :param when: a condition on the members before; unless it holds, integer and parts are None
    """
    built, covered = 0, 0
    for piece in parts:
        mask = ((1 << piece.width) - 1) << piece.shift
        if not covered & mask:
            covered |= mask
            value = this[piece.name] * 1 if piece.flag and piece.width == 1 else this[piece.name] // piece.scale
            built = built + (value << piece.shift)
    whole = Rebuild(subcon, built)
    yield carrier / (whole if when is None else When(when, whole))
    for piece in parts:
        value = (this[carrier] >> piece.shift) & ((1 << piece.width) - 1)
        if piece.flag:
            value = value != 0
        elif piece.scale != 1:
            value = value * piece.scale
        yield piece.name / _PartOf(value if when is None else _Unless(carrier, value), piece, carrier) * piece.note


class _Unless:
    """An expression that is None where the integer it looks at is."""

    def __init__(self, carrier: str, expression: Any) -> None:
        self._carrier, self._expression = carrier, expression

    def __call__(self, context: Any) -> Any:
        return None if context[self._carrier] is None else self._expression(context)

    def __repr__(self) -> str:
        """Python, as Construct compiles expressions by their text."""
        return f"(None if this[{self._carrier!r}] is None else {self._expression!r})"


class _PartOf(Computed):  # type: ignore[misc]
    """A :class:`Computed` that still knows which bits it stands for (for documentation and type)."""

    def __init__(self, expression: Any, piece: Part, carrier: str) -> None:
        super().__init__(expression)
        self.piece, self.carrier = piece, carrier


class TextOf(Adapter):  # type: ignore[misc]
    """Bytes on the wire, text in the member: an address, a name.

    :param size: bytes, None for all that are left
    """

    def __init__(self, size: int | None, decode: Callable[[bytes], str], encode: Callable[[str], bytes]) -> None:
        super().__init__(GreedyBytes if size is None else Bytes(size))
        self.to_text, self._to_bytes = decode, encode

    def _decode(self, obj: bytes, context: Any, path: Any) -> str:
        return self.to_text(bytes(obj))

    def _encode(self, obj: str, context: Any, path: Any) -> bytes:
        return self._to_bytes(obj)


def _mac_text(raw: bytes) -> str:
    return raw.hex(":")


def _mac_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


MacAddress = TextOf(6, _mac_text, _mac_bytes)
Ipv4Address = TextOf(4, socket.inet_ntoa, socket.inet_aton)
Ipv6Address = TextOf(
    16, lambda raw: socket.inet_ntop(socket.AF_INET6, raw), lambda text: socket.inet_pton(socket.AF_INET6, text)
)


class Worked(Computed):  # type: ignore[misc]
    """A :class:`Computed` whose function is Python, not an expression of ``this``; those Construct cannot compile.

    :param shape: for public members, the construct that reads the same kind of value
    """

    def __init__(self, function: Callable[[Any], Any], shape: Construct | None = None) -> None:
        super().__init__(function)
        self.shape = shape

    def _emitparse(self, code: Any) -> str:
        raise NotImplementedError  # Construct's way of saying: call the object

    _emitbuild = _emitparse


class When(IfThenElse):  # type: ignore[misc]
    """A member that is there under a condition, else None; unlike Construct's ``If`` it may be missing in building."""

    def __init__(self, condition: Any, subcon: Construct) -> None:
        super().__init__(condition, subcon, Pass)
        self.flagbuildnone = True


class Rebuilt(Rebuild):  # type: ignore[misc]
    """A :class:`Rebuild` whose function is Python, likewise."""

    def _emitbuild(self, code: Any) -> str:
        raise NotImplementedError


class Time(float):
    """Seconds since 1970, UTC, to the microsecond; tshark prints it as a number or, since 4.4, in ISO 8601."""


class Derived(msgspec.Struct, frozen=True):
    """A field that Wireshark derives: ``Derived("stream", int, note(…))`` is ``tcp.stream``."""

    name: str
    type: type
    note: Note
    after: str = ""
    """The member that tshark prints it behind; empty for behind all others."""


class Field(msgspec.Struct, frozen=True):
    """A member of a layer seen from outside."""

    name: str
    """As in the Struct: ``flags.syn``."""
    attribute: str
    """As in Python: ``flags_syn``."""
    tshark: str
    """tshark's name: ``tcp.flags.syn``."""
    kind: str
    """``int``, ``hex``, ``bool``, ``float``, ``time``, ``str``, ``bytes``, ``parsed`` (what ``subcon`` reads from
    bytes), or ``list`` (what only :attr:`Layer.assemble` makes of tshark's fields)."""
    subcon: Construct | None
    note: Note
    offset: int | None
    """Bytes from the header's start; None when it depends on the packet, or no byte holds it."""
    size: int | None
    """Bytes."""
    bits: tuple[int, int] | None = None
    """For a part of an integer: shift and width."""

    @property
    def stored(self) -> str:
        """The attribute of a Header that holds the value as it came; the same when that needs no conversion."""
        return (
            self.attribute
            if self.kind in ("int", "bool", "float", "str") and not self.note.once
            else f"{self.attribute}_"
        )

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest integer that it can be: input that claims more was not written by tshark. What
        Wireshark derives has 32 bits; lengths may be larger than the bytes that hold them (segmentation offload)."""
        return (-(2**63), 2**64 - 1) if self.size is not None and self.size > 4 else (-(2**31), 2**32 - 1)

    def convert(self, printed: Any) -> Any:
        """What tshark printed of it as a value of its kind; None when that is not possible."""
        return _convert(printed, self)


class Header(msgspec.Struct):
    """One layer of one packet. Each layer has its own subclass, whose attributes are the members' names with ``_`` for
    ``.`` and ``-``; a member that the input did not have is None. Made by :class:`Layer`, not by hand."""

    layer: ClassVar[Layer]
    members: ClassVar[tuple[Field, ...]]
    """Those that it has: all of the layer's, or those that were asked for (:meth:`Layer.partial_header_type`)."""
    printed_as: ClassVar[tuple[tuple[Field, str, str | None], ...]]
    """Each member, and the names that tshark prints it under, now and in older versions."""
    stored_as: ClassVar[Mapping[str, str]]
    """:attr:`Field.stored` by the member's name."""
    inner: Any = msgspec.field(default=(), name="(inner)")
    """Headers within this one, such as those quoted in an ICMP error: (layer name, Header) in tshark's order."""

    if TYPE_CHECKING:  # the members are made at run time

        def __getattr__(self, name: str) -> Any: ...

    def __getitem__(self, name: str) -> Any:
        """By tshark's name, with or without the layer's: ``header["flags.syn"]``."""
        found = self.layer.field(name)
        return getattr(self, found.attribute)

    def items(self) -> Iterator[tuple[str, Any]]:
        """tshark's name and value of each member that is there, in the header's order."""
        for one in self.members:
            value = getattr(self, one.attribute)
            if value is not None:
                yield one.tshark, value

    def differences(self, other: Header) -> list[tuple[str, Any, Any]]:
        """Members that both have and that differ: (tshark's name, mine, the other's)."""
        found = []
        for one in self.members:
            mine, theirs = getattr(self, one.attribute), getattr(other, one.attribute, None)
            if _differ(mine, theirs):
                found.append((one.tshark, mine, theirs))
        return found


def _differ(mine: Any, theirs: Any) -> bool:
    """Whether two values contradict each other; None, and a key that only one has, says nothing."""
    if mine is None or theirs is None:
        return False
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        shared = [key for key in mine if key in theirs and not key.startswith("_")]
        return any(_differ(mine[key], theirs[key]) for key in shared)
    if isinstance(mine, list) and isinstance(theirs, list):
        return len(mine) != len(theirs) or any(map(_differ, mine, theirs))
    if isinstance(mine, str) and isinstance(theirs, str) and "\ufffd" in mine + theirs:
        return False  # bytes that were no text, of which each version of tshark makes something else
    return bool(mine != theirs)


def attribute_name(name: str) -> str:
    """The Python attribute of a member: ``flags.syn`` → ``flags_syn``."""
    return name.replace(".", "_").replace("-", "_")


@lru_cache(maxsize=8192)
def flat_name(ek_key: str) -> str:
    """tshark's field name with underscores from an EK key, which may name the protocol first.

    ``tcp_tcp_seq_raw`` → ``tcp_seq_raw``; ``ipv6_hopopts_ipv6_hopopts_nxt`` → ``ipv6_hopopts_nxt``.
    """
    doubled = _DOUBLED.match(ek_key)
    return ek_key[doubled.end(1) + 1 :] if doubled else ek_key


_DOUBLED = re.compile(r"(.{1,40}?)_\1_")


@dataclass(frozen=True, eq=False)
class Layer:
    """A protocol's field definition.

    :param name: tshark's protocol name (``tcp``), unlike any of tshark's for a protocol of one's own
    :param title: the protocol's name for people
    :param struct: its header in Construct, members named as tshark names them; those with a leading underscore are ours
    :param source: where it is specified, ``RFC 9293 §3.1``
    :param over: what it rides on, as Wireshark's dissector tables have it: ``(("ip.proto", 6),)``
    :param selects: the table and the member that choose the next layer: ``("udp.port", "_ports")``; the member may hold
        None (nothing follows) or a list, the likeliest first
    :param payload_length: bytes of payload by a parsed header, where the header tells (IP, UDP); else all that is left
    :param derived: fields that Wireshark adds
    :param assemble: for headers whose fields tshark prints in pieces (parallel arrays, options): makes members out of
        tshark's fields; what it returns wins over the plain decoding
    :param pieces: tshark's names of the fields that ``assemble`` reads and that are no members
    :param message_length: over TCP, how many bytes the message is long that ``data`` begins with; None when more bytes
        are needed to tell. Without it the Struct tells: it waits for what it cannot read yet
    :param irregular: where only some headers need ``assemble`` (IPv4 with options): tells which, from a plainly
        decoded one
    :param single: members of an assembled header that it can have but once: two in a packet are of two headers, which
        tshark's flat output mixes
    :param matches: whether bytes look like this layer. A layer that has it is tried on what its tables leave unbound,
        as Wireshark's heuristic dissectors are, and refuses bytes that do not match
    :param quotes: whether what follows is quoted from another packet (ICMP errors), so that it is no layer of this one
    """

    name: str
    title: Text
    struct: Construct
    source: str = ""
    over: tuple[tuple[str, int | str], ...] = ()
    selects: tuple[str, str] | None = None
    payload_length: Callable[[Any], int | None] | None = None
    derived: tuple[Derived, ...] = ()
    assemble: Callable[[Fields], dict[str, Any]] | None = None
    pieces: tuple[str, ...] = ()
    single: tuple[str, ...] = ()
    matches: Callable[[bytes], bool] | None = None
    quotes: bool = False
    irregular: Callable[[Any], bool] | None = None
    message_length: Callable[[bytes], int | None] | None = None
    _by_name: dict[str, Field] = field(default_factory=dict, repr=False)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every public member in the header's order, then the derived ones."""
        found: list[Field] = []
        offset: int | None = 0
        carriers: dict[str, tuple[int | None, int | None]] = {}
        for member in getattr(self.struct, "subcons", ()):
            name, docs, subcon = _unwrapped(member)
            size = _size(subcon)
            if isinstance(subcon, _PartOf):
                at, wide = carriers.get(subcon.carrier, (None, None))
                piece = subcon.piece
                found.append(self._field(name, docs, subcon, at, wide, (piece.shift, piece.width)))
                continue
            if name:
                carriers[name] = (offset, size)
                if not name.startswith("_"):
                    found.append(self._field(name, docs, subcon, offset, size, None))
            offset = None if offset is None or size is None else offset + size
        for extra in self.derived:
            kind = "hex" if extra.note.base == 16 else extra.type.__name__.lower()
            tshark = extra.note.name or f"{self.name}.{extra.name}"
            found.append(Field(extra.name, attribute_name(extra.name), tshark, kind, None, extra.note, None, None))
        return tuple(found)

    def _field(
        self,
        name: str,
        docs: Note,
        subcon: Construct,
        offset: int | None,
        size: int | None,
        position: tuple[int, int] | None,
    ) -> Field:
        tshark = docs.name or f"{self.name}.{name}"
        subcon = _content(subcon)
        return Field(name, attribute_name(name), tshark, _kind(subcon, docs), subcon, docs, offset, size, position)

    def field(self, name: str) -> Field:
        """The field of this name (``flags.syn``, ``tcp.flags.syn`` or ``flags_syn``). Raises KeyError."""
        if not self._by_name:
            for one in reversed(self.fields):
                self._by_name.update({one.attribute: one, one.name: one, one.tshark: one})
        return self._by_name[name]

    @cached_property
    def header_type(self) -> type[Header]:
        """The :class:`Header` class of this layer; msgspec decodes plain EK objects straight into it."""
        return self._header_type(self.fields, {})

    def as_printed(self, fields: Sequence[Field]) -> list[Field]:
        """These members in the order in which headers take their values."""
        return sorted(fields, key=lambda one: self._places[one.attribute])

    @cached_property
    def _places(self) -> dict[str, int]:
        """Each attribute's place in tshark's output. msgspec looks for a key behind the one before first: with the
        members of a header in this order a TCP header is read in five sixths of the time."""
        order = list(self.fields)
        for one in self.derived:
            if one.after:
                derived = self.field(one.name)
                order.remove(derived)
                order.insert(order.index(self.field(one.after)) + 1, derived)
        return {one.attribute: place for place, one in enumerate(order)}

    def partial_header_type(self, fields: Sequence[Field]) -> type[Header]:
        """A :class:`Header` class with these members of the layer only; to read another raises AttributeError."""
        asked = frozenset(one.attribute for one in fields)
        others = {one.attribute: one.tshark for one in self.fields if one.attribute not in asked}

        def not_asked_for(header: Header, name: str) -> Any:
            if name not in others:
                raise AttributeError(f"{self.name} has no member {name!r}")
            raise AttributeError(f"tshark was not asked for {others[name]}; name it in the `fields` of what reads it")

        return self._header_type(fields, {"__getattr__": not_asked_for})

    def _header_type(self, fields: Sequence[Field], namespace: dict[str, Any]) -> type[Header]:
        members: list[Any] = []
        namespace |= {"layer": self, "members": tuple(fields), "__module__": __name__} | _looked_up(fields)
        for one in self.as_printed(fields):
            key = self._ek_key(one.tshark)
            if one.stored == one.attribute:
                members.append((one.attribute, _native(one), msgspec.field(default=None, name=key)))
                continue
            # tshark prints these in forms that differ by version: kept as they came, converted when read
            members.append((one.stored, Any, msgspec.field(default=None, name=key)))
            older = None
            if one.note.once is not None:
                older = f"_{one.stored}"
                members.append((older, Any, msgspec.field(default=None, name=self._ek_key(one.note.once))))
            namespace[one.attribute] = _converted(one, older, assembled=self.assemble is not None)
        made = msgspec.defstruct(f"{self.name}_header", members, bases=(Header,), namespace=namespace)
        return cast("type[Header]", made)

    def _ek_key(self, tshark: str) -> str:
        """tshark puts the protocol that registered the field before its name; ``ieee8021ah.etype`` is a guest."""
        owner = self.name if tshark.startswith(f"{self.name}.") else tshark.partition(".")[0]
        return f"{owner}_{tshark}".replace(".", "_")

    def header(
        self, values: Mapping[str, Any], inner: Sequence[tuple[str, Header]] = (), kind: type[Header] | None = None
    ) -> Header:
        """A header from values by member name, as a parsed Container or :attr:`assemble` gives them."""
        kind = kind or self.header_type
        stored = kind.stored_as
        members = {stored[name]: value for name, value in values.items() if value is not None and name in stored}
        return kind(inner=tuple(inner), **members)

    @cached_property
    def parsed_type(self) -> type[Header]:
        """The :class:`Header` class of headers that were parsed from bytes: values as Construct gives them."""
        fields = tuple(one for one in self.fields if one.subcon is not None)
        members: list[Any] = [(one.attribute, Any, None) for one in fields]
        namespace = {"layer": self, "members": fields, "__module__": __name__} | _looked_up(fields)
        made = msgspec.defstruct(f"{self.name}_parsed", members, bases=(Header,), namespace=namespace)
        return cast("type[Header]", made)

    def parsed(self, container: Mapping[str, Any]) -> Header:
        """A header from what :meth:`parse` gave, its values as they are."""
        names, several = self._parsed_names
        try:
            values = several(container) if len(names) > 1 else [container[name] for name in names]
        except KeyError:  # a StopIf ended it
            values = [container.get(name) for name in names]
        return self.parsed_type((), *values)

    @cached_property
    def _parsed_names(self) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
        names = tuple(one.name for one in self.fields if one.subcon is not None)
        return names, itemgetter(*names or ("",))

    def decode(
        self, fields: Fields, inner: Sequence[tuple[str, Header]] = (), kind: type[Header] | None = None
    ) -> Header:
        """A header from tshark's fields (PDML, ``-e``, or EK of an irregular layer).

        A value that cannot be read as the member's type is left out, as tshark's output is not ours to judge.

        :param kind: of :meth:`partial_header_type`, where not every member was asked for
        """
        kind = kind or self.header_type
        values: dict[str, Any] = {}
        for one, key, older in kind.printed_as:
            given = fields.get(key)
            if given is None and older is not None:
                given = fields.get(older)
            if given:
                value = _convert(given[0], one)
                if value is not None:
                    values[one.name] = value
        return self.completed(self.header(values, inner, kind), fields)

    def completed(self, header: Header, fields: Fields) -> Header:
        """The header with the members that are made of pieces, if the layer has any."""
        if self.assemble is not None:
            stored = header.stored_as
            for name, value in self.assemble(fields).items():
                if name in stored:
                    setattr(header, stored[name], value)
        return header

    @cached_property
    def _parser(self) -> Construct:
        return compiled(self.struct)

    def parse(self, data: bytes, **context: Any) -> Any:
        """The Container that Construct reads from ``data``. Raises construct.ConstructError."""
        return read(self._parser, data, **context)[0]

    def parse_sized(self, data: bytes, **context: Any) -> tuple[Any, int]:
        """The Container and how many bytes it took. Raises construct.ConstructError.

        :param context: ``table``, the dissector table by which the bytes were found, where that matters (DNS)
        """
        return read(self._parser, data, **context)

    def parse_header(self, data: bytes, **context: Any) -> Header:
        """A header from bytes. Raises construct.ConstructError when they do not hold one."""
        return self.header(self.parse(data, **context))

    def build(self, values: Any) -> bytes:
        """Bytes of a header: build(parse(data)) is the part of ``data`` that was parsed."""
        built: bytes = self.struct.build(values)
        return built

    @cached_property
    def regular(self) -> bool:
        """Whether plain EK of it can be decoded without looking at its pieces, those excepted that :attr:`irregular`
        tells of."""
        return self.assemble is None or self.irregular is not None


def _looked_up(fields: Sequence[Field]) -> dict[str, Any]:
    """What a :class:`Header` class knows of its members, worked out once: it is asked for with every packet."""
    printed = [
        (one, one.tshark.replace(".", "_"), None if one.note.once is None else one.note.once.replace(".", "_"))
        for one in fields
    ]
    return {"printed_as": tuple(printed), "stored_as": {one.name: one.stored for one in fields}}


def _unwrapped(member: Construct) -> tuple[str, Note, Construct]:
    name, docs = "", ""
    while isinstance(member, Renamed):
        name, docs = name or member.name or "", docs or member.docs
        member = member.subcon
    return name, docs if isinstance(docs, Note) else note(docs, docs), member


def _content(subcon: Construct) -> Construct:
    """Without what only says whether it is there and how long: tshark's values have that behind them."""
    while True:
        if isinstance(subcon, FixedSized | Rebuild):
            subcon = subcon.subcon
        elif isinstance(subcon, When) or (
            isinstance(subcon, IfThenElse) and type(subcon.elsesubcon) is type(subcon.thensubcon)
        ):
            subcon = subcon.thensubcon
        elif isinstance(subcon, Worked) and subcon.shape is not None:
            subcon = subcon.shape
        else:
            return subcon


def _size(subcon: Construct) -> int | None:
    try:
        size: int = subcon.sizeof()
    except (ConstructError, KeyError, AttributeError, TypeError):  # it depends on members that are not read yet
        return None
    return size


def _kind(subcon: Construct, docs: Note) -> str:
    if isinstance(subcon, _PartOf):
        if subcon.piece.flag:
            return "bool"
        return "hex" if docs.base == 16 else "int"
    if isinstance(subcon, Worked | Array):
        return "list"
    if isinstance(subcon, TextOf):
        return "str"
    if subcon is ConstructFlag:
        return "bool"
    if isinstance(subcon, BytesInteger) or (isinstance(subcon, FormatField) and subcon.fmtstr[-1] in "bBhHiIlLqQ"):
        return "hex" if docs.base == 16 else "int"
    if isinstance(subcon, FormatField):
        return "float"
    if isinstance(subcon, Bytes) or subcon is GreedyBytes:
        return "bytes"
    return "parsed"


def _converted(one: Field, older: str | None, *, assembled: bool) -> property:
    """The property of a member that is kept as tshark printed it until somebody asks.

    :param older: where the value is kept that came under the field's older name
    :param assembled: whether what is kept is text or was made by :attr:`Layer.assemble`, of which a list is right
    """

    stored = one.stored

    as_printed = _TEXT if assembled and one.kind in ("list", "parsed") else _JSON - {_OWN.get(one.kind)}

    def get(header: Header) -> Any:
        value = getattr(header, stored)
        if type(value) in as_printed:
            value = _convert(value, one)
            setattr(header, stored, value)  # once is enough
            return value
        if value is None and older is not None:
            value = getattr(header, older)
            return _convert(value, one) if type(value) in as_printed else value
        return value

    return property(get, doc=str(one.note))


_TEXT = frozenset((str,))
_JSON = frozenset((str, int, float, bool, list, dict))
"""What a value is as it came; Construct makes objects of classes of its own."""
_OWN = {"int": int, "hex": int, "float": float, "time": float, "bool": bool}
"""What a value is once it is converted, where that is a type of JSON, too."""


def _native(one: Field) -> Any:
    """The type as which msgspec decodes a member that needs no conversion."""
    least, greatest = one.limits
    match one.kind:
        case "int":  # msgspec's bounds have 64 bits themselves
            return Annotated[int, msgspec.Meta(ge=least, le=min(greatest, 2**63 - 1))] | None
        case "float":  # neither infinite nor NaN
            return Annotated[float, msgspec.Meta(ge=-sys.float_info.max, le=sys.float_info.max)] | None
        case "bool":
            return bool | None
    return str | None


def as_bytes(value: Any) -> bytes | None:
    """Bytes from tshark's hex, with or without colons; None for what is no hex."""
    if type(value) is not str:
        return None
    try:
        return bytes.fromhex(value.replace(":", ""))
    except ValueError:
        return None


def as_integer(value: Any) -> int | None:
    """An integer from what tshark printed, decimal or hex; None for what is none."""
    try:
        return int(value, 0)
    except (ValueError, TypeError):
        return None


def _seconds(value: str) -> float:
    """Seconds since 1970 from ``1700000000.123456000`` or ``2023-11-14T22:13:20.123456000Z``."""
    if "T" not in value:
        return float(value)
    whole, _, fraction = value.removesuffix("Z").partition(".")
    return datetime.fromisoformat(whole + "+00:00").timestamp() + float(f"0.{fraction or 0}")


def _convert(value: Any, one: Field) -> Any:
    """What tshark printed as the member's own type; None when that is not possible."""
    if type(value) is not str:
        if type(value) is list:
            return _convert(value[0], one) if value and type(value[0]) is not list else None
        return value if type(value) is bool and one.kind == "bool" else None
    try:
        match one.kind:
            case "int" | "hex":
                integer = int(value, 0)
                return integer if 0 <= integer < 2**32 or one.limits[0] <= integer <= one.limits[1] else None
            case "bool":
                return value in ("1", "True", "true")
            case "float" | "time":
                number = _seconds(value) if one.kind == "time" else float(value)
                return number if math.isfinite(number) else None
            case "str":
                return value
            case "bytes":
                return bytes.fromhex(value.replace(":", ""))
            case "parsed" if one.subcon is not None:
                return read(one.subcon, bytes.fromhex(value.replace(":", "")))[0]
    except (ValueError, OverflowError, ConstructError):
        pass
    return None
