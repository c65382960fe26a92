"""Messages of plugins' layers as layers of their own, in EK and PDML, as tshark prints those of its own dissectors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from construct import Container, FlagsEnum

from labdissect.bridge.escape import json_text, xml_attribute
from labdissect.dissectors.layer import Field, Header, Layer, Text
from labdissect.dissectors.printed import Printed, as_text, hex_digits, printed, printed_value
from labdissect.plugins.packet import Message


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
    parts: list[str] = []
    for attribute, key, digits, flags, field in _ek_plan(header.layer):
        value = getattr(header, attribute)
        kind = type(value)
        if kind is int:
            parts.append(f'{key}"0x{value:0{digits}x}"' if digits else f'{key}"{value}"')
        elif kind is bytes:
            parts.append(f'{key}"{value.hex(":")}"')
        elif kind is bool:
            parts.append(f"{key}true" if value else f"{key}false")
        elif flags and kind is Container:
            parts += [when_set if value[name] else when_not for name, when_set, when_not in flags]
        elif value is not None:
            parts += _ek_parts(header.layer.name, field, value)
    return f"{{{','.join(parts)}}}".encode()


Flags = tuple[tuple[str, str, str], ...]


@lru_cache(maxsize=256)
def _ek_plan(layer: Layer) -> tuple[tuple[str, str, int, Flags, Field], ...]:
    """Of each member its attribute, its key, the digits it has in hex (0: it is decimal), what is written for each flag
    of a ``FlagsEnum``, and itself."""
    plan = []
    for one in layer.fields:
        if one.subcon is not None:
            key = _ek_key(layer.name, one.tshark)
            names = one.subcon.flags if isinstance(one.subcon, FlagsEnum) else ()
            flags = tuple((name, f'"{key}_{name}":true', f'"{key}_{name}":false') for name in names)
            digits = hex_digits(one) if one.kind == "hex" else 0
            plan.append((one.attribute, f'"{key}":', digits, flags, one))
    return tuple(plan)


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
