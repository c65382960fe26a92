"""EK out: each line as it came, with the layer ``labdissect`` as its last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from labdissect.bridge.escape import json_text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Verdict, render
from labdissect.plugins.writer import Record, WriterFormat, WriterSettings

from .gathering import GatheringWriter
from .layers import ek_members

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet


PREFIX = b"labdissect_labdissect_"
"""How EK names a field: its protocol, then the field, which begins with the protocol once more."""
REMEMBERED_LIMIT = 4096
"""Sets of rules and states whose part of the layer is remembered as JSON."""


def _named(member: str) -> str:
    return PREFIX.decode() + member


class Texts(msgspec.Struct, omit_defaults=True, rename=_named):
    """The layer's first members."""

    headline: str | None = None
    verdict: list[str] = []


class Ending(msgspec.Struct, omit_defaults=True, rename=_named):
    """The layer's members behind headline, verdict, code and about, in the order of the public contract."""

    severity: str | None = None
    state_client: str | None = None
    state_server: str | None = None
    conn_state: str | None = None
    history: str | None = None


class EkWriter(GatheringWriter):
    """Writes EK. Numbers are text, as tshark's are."""

    passes_on = True

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        super().__init__(out)
        self._language = settings.language
        self._columns = settings.columns
        self.patient = not settings.columns
        self._known: dict[Any, tuple[bytes, bytes]] = {}
        """Of a packet with these rules and states, what is before and what is behind the frames in its layer."""

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """The line with our layer."""
        layer = self._layer(packet, verdicts)
        if self._columns:
            layer = (self._with_columns(b"".join(layer), packet),)
        if packet.messages:
            layer = (ek_members(packet.messages), b",", *layer)
        self._out.add(record.spliced(*layer))

    def _layer(self, packet: Packet, verdicts: Sequence[Verdict]) -> Sequence[bytes]:
        """``"labdissect":{…}`` in parts. Only texts and frames are new with every packet; the rest is made once and
        remembered."""
        segment, known = packet.segment, packet.conversation is not None
        texts, rules = [], []
        for verdict in verdicts:
            texts.append(render(verdict, self._language))
            rules.append(verdict.rule)
        key = (
            tuple(rules),
            None if segment is None else segment.client_state,
            None if segment is None else segment.server_state,
            packet.conn_state if known else None,
            packet.history if known else None,
        )
        before, behind = self._known.get(key) or self._remembered(key)
        if not verdicts:
            return before, behind
        number = packet.number
        listed = json_text(Texts(texts[0] if verdicts[0].about == number else None, texts))
        if verdicts[-1].about == number:  # those about other packets come last
            about = b'","'.join([b"%d" % number] * len(verdicts))
        else:
            about = b'","'.join([b"%d" % verdict.about for verdict in verdicts])
        return b'"labdissect":', listed[:-1], before, about, behind

    def _remembered(self, key: Any) -> tuple[bytes, bytes]:
        """Pieces of JSON, kept for next time."""
        rules, *states = key
        severity = max(rules, key=lambda rule: rule.level).severity if rules else None
        ending = msgspec.json.encode(Ending(severity, *states))
        if rules:
            codes = msgspec.json.encode([rule.code for rule in rules])
            made = b',"%bcode":%b,"%babout":["' % (PREFIX, codes, PREFIX), b'"],' + ending[1:]
        else:
            made = b'"labdissect":', ending
        if len(self._known) < REMEMBERED_LIMIT:
            self._known[key] = made
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
