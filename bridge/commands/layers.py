"""`labdissect layers [NAME]`: the protocols that are known, and one protocol's header field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import shared
from labdissect.dissectors.bilingual import Text

if TYPE_CHECKING:
    from labdissect.dissectors.layer import Field

_TITLES = (
    Text("offset", "偏移"),
    Text("bits", "位"),
    Text("field", "字段"),
    Text("source", "出处"),
    Text("meaning", "含义"),
)
_OVER = Text("rides on", "承载于")
_SOURCE = Text("specified in", "规范")
_DERIVED = Text("Wireshark adds", "Wireshark 附加字段")
_ELSEWHERE = Text("offset — : behind parts of varying length", "偏移 —：位于变长部分之后")


@click.command("layers")
@click.argument("name", required=False)
@shared
def command(invocation: Invocation, name: str | None) -> None:
    """All protocol layers; or the header of one: offsets, bits, meaning, source."""
    from labdissect.bridge.page import Page

    layers = invocation.registry.layers
    language = invocation.language()
    page = Page()
    if name is None:
        page.table([(layer.name, layer.source, _said(layer.title, language)) for layer in layers.values()])
        return
    if name not in layers:
        from labdissect.bridge.failures import UsageFailure
        from labdissect.bridge.request import unknown

        raise UsageFailure(unknown("layer", name, layers) + "; `labdissect layers` lists them")
    layer = layers[name]
    page.heading(f"{layer.name} · {_said(layer.title, language)}")
    if layer.source:
        page.labelled(_said(_SOURCE, language), layer.source, indent=2)
    if layer.over:
        page.labelled(_said(_OVER, language), ", ".join(f"{table} {value}" for table, value in layer.over), indent=2)
    if invocation.registry.carried:
        from labdissect.bridge.claims import contested

        for claim in contested(invocation.registry, {}, of=layer):
            page.paragraph(claim, indent=2)
    page.blank()
    in_header = [field for field in layer.fields if field.subcon is not None]
    page.table(
        [
            tuple(_said(title, language) for title in _TITLES),
            *(
                (_offset(field), _bits(field), field.tshark, field.note.source, _meaning(field, language))
                for field in in_header
            ),
        ]
    )
    if any(field.offset is None for field in in_header):
        page.paragraph(_said(_ELSEWHERE, language))
    derived = [field for field in layer.fields if field.subcon is None]
    if derived:
        page.blank()
        page.heading(_said(_DERIVED, language))
        page.table([(field.tshark, _meaning(field, language)) for field in derived])


def _said(text: Text, language: str) -> str:
    return text.zh if language == "zh" else text.en


def _meaning(field: Field, language: str) -> str:
    return field.note.zh if language == "zh" else str(field.note)


def _offset(field: Field) -> str:
    """Byte offset; ``12.4`` is the fourth bit from the left of byte 12."""
    if field.offset is None:
        return "—"
    if field.bits is None or field.size is None:
        return str(field.offset)
    shift, wide = field.bits
    from_left = field.size * 8 - shift - wide
    whole, bit = divmod(from_left, 8)
    return f"{field.offset + whole}.{bit}" if bit or wide % 8 else str(field.offset + whole)


def _bits(field: Field) -> str:
    """How many; none of a member that is worked out of others."""
    if field.bits is not None:
        return str(field.bits[1])
    if field.size is None:
        return "…"
    return str(field.size * 8) if field.size else "—"
