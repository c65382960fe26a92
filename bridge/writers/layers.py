"""Messages of plugins' layers as layers of their own, in EK and PDML, as tshark prints those of its own dissectors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from labdissect.bridge.escape import json_text, xml_attribute
from labdissect.dissectors.layer import Header, Layer, Text
from labdissect.dissectors.printed import Printed, as_text, printed
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
    objects = [_ek_object(name, header) for header in headers]
    return json_text({name: objects[0] if len(objects) == 1 else objects})[1:-1]


def _ek_object(name: str, header: Header) -> dict[str, Any]:
    """Booleans are ``true`` and ``false``, all else is text; a field that is there more than once is a list."""
    made: dict[str, Any] = {}
    for one in printed(header):
        key = _ek_key(name, one.name)
        value = one.value if one.value is True or one.value is False else one.text
        if key not in made:
            made[key] = value
        elif type(made[key]) is list:
            made[key].append(value)
        else:
            made[key] = [made[key], value]
    return made


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
