"""Messages of plugins' layers as layers of their own, in EK and PDML, as tshark prints those of its own dissectors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

from construct import FlagsEnum

from labdissect.bridge.escape import json_text, xml_attribute
from labdissect.dissectors.layer import Field, Header, Layer, Text
from labdissect.dissectors.printed import Printed, as_text, hex_digits, printed, printed_value
from labdissect.plugins.packet import Message

Flags = tuple[tuple[str, str, str], ...]
"""Name, and what is written when it is set and when not."""


def ek_members(messages: Sequence[Message]) -> bytes:
    """``"labrdt":{"labrdt_labrdt_seq":"5",…}``; the layer is a list when there are several messages of it."""
    if len(messages) == 1:
        return ek_member(messages[0].layer, [messages[0].header])
    by_layer: dict[str, list[Header]] = {}
    for message in messages:
        by_layer.setdefault(message.layer, []).append(message.header)
    return b",".join([ek_member(name, headers) for name, headers in by_layer.items()])


def ek_member(name: str, headers: Sequence[Header]) -> bytes:
    """One member of a packet's ``layers``."""
    objects = [_ek_object(header) for header in headers]
    return b'"%b":%b' % (name.encode(), objects[0] if len(objects) == 1 else b"[%b]" % b",".join(objects))


def _ek_object(header: Header) -> bytes:
    """Booleans are ``true`` and ``false``, all else is text; a field that is there more than once is a list.

    Plain numbers and bytes, which most members are, are written right away.
    """
    try:
        return _ek_plan(header.layer).filled(header)
    except (TypeError, AttributeError, KeyError):  # something is missing, or of several parts
        return _ek_object_by_parts(header)


def _ek_object_by_parts(header: Header) -> bytes:
    """The same, member by member."""
    parts: list[str] = []
    for one in header.layer.fields:
        value = getattr(header, one.attribute, None) if one.subcon is not None else None
        if value is not None:
            parts += _ek_parts(header.layer.name, one, value)
    return f"{{{','.join(parts)}}}".encode()


class _EkPlan:
    """What a layer's members are in EK when each of them is there, and is a number, bytes or a ``FlagsEnum``."""

    def __init__(self, layer: Layer) -> None:
        members = [one for one in layer.fields if one.subcon is not None]
        pieces: list[str] = []
        self._bytes: list[int] = []
        self._bools: list[int] = []
        self._flags: list[tuple[int, Flags]] = []
        for at, one in enumerate(members):
            key = _ek_key(layer.name, one.tshark)
            if isinstance(one.subcon, FlagsEnum) and one.subcon.flags:
                made = tuple((name, f'"{key}_{name}":true', f'"{key}_{name}":false') for name in one.subcon.flags)
                self._flags.append((at, made))
                pieces.append("%s")
            elif one.kind == "bytes":
                self._bytes.append(at)
                pieces.append(f'"{key}":"%s"')
            elif one.kind == "bool":
                self._bools.append(at)
                pieces.append(f'"{key}":%s')
            elif one.kind in ("int", "hex"):
                pieces.append(f'"{key}":"0x%0{hex_digits(one)}x"' if one.kind == "hex" else f'"{key}":"%d"')
        self._plain = len(pieces) == len(members) > 1
        self._template = f"{{{','.join(pieces)}}}"
        self._values = attrgetter(*[one.attribute for one in members] or ("layer",))

    def filled(self, header: Header) -> bytes:
        """The object. Raises TypeError, AttributeError or KeyError when a member is something else."""
        if not self._plain:
            raise TypeError
        values = list(self._values(header))
        for at in self._bytes:
            values[at] = values[at].hex(":")
        for at in self._bools:
            values[at] = _BOOLS[values[at]]
        for at, flags in self._flags:
            container = values[at]
            values[at] = ",".join([when_set if container[name] else when_not for name, when_set, when_not in flags])
        return (self._template % tuple(values)).encode()


_BOOLS = {True: "true", False: "false"}


@lru_cache(maxsize=256)
def _ek_plan(layer: Layer) -> _EkPlan:
    return _EkPlan(layer)


def _ek_parts(layer: str, field: Field, value: Any) -> list[str]:
    """Texts, and members of several parts."""
    made: dict[str, Any] = {}
    for one in printed_value(field, value):
        key = _ek_key(layer, one.name)
        shown = one.value if one.value is True or one.value is False else one.text
        if key not in made:
            made[key] = shown
        elif type(made[key]) is list:
            made[key].append(shown)
        else:
            made[key] = [made[key], shown]
    return [json_text(made)[1:-1].decode()] if made else []


@lru_cache(maxsize=4096)
def _ek_key(layer: str, field: str) -> str:
    return f"{layer}_{field}".replace(".", "_")


def pdml_protos(messages: Sequence[Message], language: str) -> str:
    """``<proto name="labrdt" …><field name="labrdt.seq" …/></proto>`` for each message."""
    return "".join(_pdml_proto(message, language) for message in messages)


def _pdml_proto(message: Message, language: str) -> str:
    layer = message.header.layer
    title = xml_attribute(_said(layer.title, language))
    size = len(message.data)
    lines = [f'  <proto name="{layer.name}" showname="{title}" size="{size}" pos="{message.offset}">\n']
    lines += [_pdml_field(layer, one, message.offset, language) for one in printed(message.header)]
    lines.append("  </proto>\n")
    return "".join(lines)


def _pdml_field(layer: Layer, one: Printed, offset: int, language: str) -> str:
    title = _said(Text(one.field.note, one.field.note.zh), language) or one.name.removeprefix(f"{layer.name}.")
    said = f"{one.label} ({one.text})" if one.label else as_text(one.value) if one.value is True else one.text
    place = f'size="{one.field.size or 0}" pos="{offset + (one.field.offset or 0)}"'
    shown = xml_attribute(f"{title}: {said}")
    show = xml_attribute("1" if one.value is True else "0" if one.value is False else one.text)
    value = f' value="{one.value.hex()}"' if isinstance(one.value, bytes) else ""
    return f'    <field name="{xml_attribute(one.name)}" showname="{shown}" {place} show="{show}"{value}/>\n'


def _said(text: Text, language: str) -> str:
    return text.zh if language == "zh" else text.en
