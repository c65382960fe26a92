"""A parsed header as tshark would print it: fields by name, nested members as fields of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from construct import ConstructError, EnumInteger, EnumIntegerString

from .layer import Field, Header

Atom = bool | int | float | str | bytes


class Printed(msgspec.Struct, frozen=True):
    """One value of one field. A field that is there more than once (arrays) has several of these."""

    name: str
    """``labrdt.flags.syn``"""
    value: Atom
    field: Field
    """The member of the Struct that it is, or is part of."""
    label: str = ""
    """What an ``Enum`` calls the number."""

    @property
    def text(self) -> str:
        """As tshark prints values in EK: decimal or hex, bytes with colons."""
        return as_text(self.value, hex_digits(self.field) if self.field.kind == "hex" else 0)


def printed(header: Header) -> Iterator[Printed]:
    """The values of a header, in its order; what is missing (None) is left out, as are names that begin with ``_``."""
    for field in header.layer.fields:
        if field.subcon is not None:
            yield from printed_value(field, getattr(header, field.attribute))


def printed_value(field: Field, value: Any) -> Iterator[Printed]:
    """The values of one member."""
    if type(value) in _ATOMS:
        yield Printed(field.tshark, value, field)
    else:
        yield from _within(field.tshark, value, field)


_ATOMS = frozenset((bool, int, float, str, bytes))


def _within(name: str, value: Any, field: Field) -> Iterator[Printed]:
    """What a member of several parts, or of one of Construct's own types, holds."""
    if isinstance(value, EnumIntegerString):
        yield Printed(name, value.intvalue, field, str(value))
    elif isinstance(value, Mapping):
        for key, part in value.items():
            if not str(key).startswith("_"):
                yield from _within(f"{name}.{key}", part, field)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _within(name, part, field)
    elif isinstance(value, EnumInteger):
        yield Printed(name, int(value), field)
    elif isinstance(value, bytes | bytearray | memoryview):
        yield Printed(name, bytes(value), field)
    elif isinstance(value, bool | int | float | str):
        yield Printed(name, value, field)
    elif value is not None:
        try:
            yield Printed(name, str(value), field)
        except Exception:  # an object of a plugin's own that has no text
            yield Printed(name, type(value).__name__, field)


def as_text(value: Atom, digits: int = 0) -> str:
    """A value as tshark prints it.

    :param digits: for a number that is printed in hex
    """
    if isinstance(value, bytes):
        return value.hex(":")
    if digits and isinstance(value, int):
        return f"0x{value:0{digits}x}"
    return str(value)


_DIGITS = {"ipv6.tclass": 8, "eth.fcs": 8}
"""Where tshark prints more hex digits than the header tells: its own field is wider."""
_USUAL_SIZE = 2
"""Bytes of hex fields whose size depends on the packet: types and versions."""


def hex_digits(field: Field) -> int:
    """How many tshark 4 prints: those of the whole bytes that the field takes."""
    if field.tshark in _DIGITS:
        return _DIGITS[field.tshark]
    if field.bits is not None:
        return (field.bits[1] + 7) // 8 * 2
    size = field.size
    if not size and field.subcon is not None:
        try:
            size = field.subcon.sizeof()
        except ConstructError:
            size = None
    return (size or _USUAL_SIZE) * 2
