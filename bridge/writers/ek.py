"""EK out: each line as it came, with the layer ``labdissect`` as its last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import msgspec

from labdissect.bridge.escape import json_text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Verdict, highest_severity, render
from labdissect.plugins.writer import Record, WriterFormat, WriterSettings

from .gathering import GatheringWriter
from .layers import ek_members

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet


PREFIX = b"labdissect_labdissect_"
"""How EK names a field: its protocol, then the field, which begins with the protocol once more."""
REMEMBERED_LIMIT = 4096
"""Endings and lists of codes that are remembered as JSON."""


Piece = TypeVar("Piece")

_HEADLINE = b'"%bheadline":%%b,' % PREFIX
_LAYER = b'"labdissect":{%%b"%bverdict":%%b,"%bcode":%%b,"%babout":["%%b"],%%b' % (PREFIX, PREFIX, PREFIX)


def _first(listed: bytes) -> bytes:
    """The first string of a JSON list of strings: behind its own first quote, ``","`` can only part two of them."""
    end = listed.find(b'","', len(b'["'))
    return listed[1 : end + 1] if end > 0 else listed[1:-1]


class Ending(msgspec.Struct, omit_defaults=True, rename=lambda member: PREFIX.decode() + member):
    """The layer's members behind headline, verdict, code and about, in the order of the public contract."""

    severity: str | None = None
    state_client: str | None = None
    state_server: str | None = None
    conn_state: str | None = None
    history: str | None = None


class EkWriter(GatheringWriter):
    """Writes EK. Numbers are text, as tshark's are."""

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        super().__init__(out)
        self._language = settings.language
        self._columns = settings.columns
        self._endings: dict[Any, bytes] = {}
        self._codes: dict[tuple[str, ...], tuple[bytes, str | None]] = {}

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """The line with our layer."""
        layer = self._layer(packet, verdicts)
        if self._columns:
            layer = self._with_columns(layer, packet)
        if packet.messages:
            layer = ek_members(packet.messages) + b"," + layer
        self._out.add(record.spliced(layer))

    def _layer(self, packet: Packet, verdicts: Sequence[Verdict]) -> bytes:
        """``"labdissect":{…}``. Only the texts are new with every packet; the rest is made once and remembered."""
        segment, conversation = packet.segment, packet.conversation
        texts, codes, about = [], [], []
        for verdict in verdicts:
            texts.append(render(verdict, self._language))
            codes.append(verdict.rule.code)
            about.append(b"%d" % verdict.about)
        listed_codes, severity = self._codes.get(key := tuple(codes)) or self._remembered_codes(key, verdicts)
        ending = (
            severity,
            None if segment is None else segment.client_state,
            None if segment is None else segment.server_state,
            None if conversation is None else conversation.conn_state,
            None if conversation is None else conversation.history,
        )
        rest = self._endings.get(ending)
        if rest is None:
            rest = self._remembered(self._endings, ending, msgspec.json.encode(Ending(*ending)))
        if not verdicts:
            return b'"labdissect":' + rest
        listed = json_text(texts)
        return _LAYER % (
            _HEADLINE % _first(listed) if verdicts[0].about == packet.number else b"",
            listed,
            listed_codes,
            b'","'.join(about),
            rest[1:],
        )

    def _remembered_codes(self, codes: tuple[str, ...], verdicts: Sequence[Verdict]) -> tuple[bytes, str | None]:
        """Codes as JSON, and the highest severity among their rules."""
        severity = highest_severity(verdicts) if verdicts else None
        return self._remembered(self._codes, codes, (msgspec.json.encode(codes), severity))

    def _remembered(self, known: dict[Any, Piece], key: Any, made: Piece) -> Piece:
        """A piece of JSON, kept for next time."""
        if len(known) < REMEMBERED_LIMIT:
            known[key] = made
        return made

    def _with_columns(self, layer: bytes, packet: Packet) -> bytes:
        """The layer and the columns that plugins add to it."""
        values = {column.name: column.value(packet) for column in self._columns}
        members = {f"{PREFIX.decode()}{name}": str(value) for name, value in values.items() if value is not None}
        if not members:
            return layer
        return layer[:-1] + (b"" if layer.endswith(b"{}") else b",") + json_text(members)[1:]

    def other(self, record: Record) -> None:
        """As it came."""
        self._out.add_one(record.raw)


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    return [WriterFormat("ek", "the input's EK lines, each with a layer labdissect", EkWriter, ("ek",))]
