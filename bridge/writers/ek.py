"""EK out: each line as it came, with the layer ``labdissect`` as its last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from labdissect.bridge.escape import json_text
from labdissect.bridge.gathered import Gathered
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Verdict, highest_severity, render
from labdissect.plugins.writer import Record, Summary, WriterFormat, WriterSettings

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange


PREFIX = "labdissect_labdissect_"
"""How EK names a field: its protocol, then the field, which begins with the protocol once more."""


class OwnLayer(
    msgspec.Struct,
    omit_defaults=True,
    gc=False,
    rename=lambda member: PREFIX + member,
):
    """The layer ``labdissect``, its members in the order of the public contract."""

    headline: str | None = None
    verdict: list[str] | None = None
    code: list[str] | None = None
    about: list[str] | None = None
    severity: str | None = None
    state_client: str | None = None
    state_server: str | None = None
    conn_state: str | None = None
    history: str | None = None


class EkWriter:
    """Writes EK. Numbers are text, as tshark's are."""

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        self._out = Gathered(out)
        self._language = settings.language
        self._columns = settings.columns

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """The line with our layer."""
        self._out.add(record.spliced(b'"labdissect":' + json_text(self._layer(packet, verdicts))))

    def _layer(self, packet: Packet, verdicts: Sequence[Verdict]) -> object:
        language = self._language
        layer = OwnLayer()
        if verdicts:
            number = packet.number
            shown = str(number)
            layer.verdict = texts = [render(verdict, language) for verdict in verdicts]
            layer.code = [verdict.rule.code for verdict in verdicts]
            layer.about = [shown if verdict.about == number else str(verdict.about) for verdict in verdicts]
            layer.severity = highest_severity(verdicts)
            if verdicts[0].about == number:
                layer.headline = texts[0]
        segment, conversation = packet.segment, packet.conversation
        if segment is not None:
            layer.state_client, layer.state_server = segment.client_state, segment.server_state
        if conversation is not None:
            layer.conn_state, layer.history = conversation.conn_state, conversation.history
        return self._with_columns(layer, packet) if self._columns else layer

    def _with_columns(self, layer: OwnLayer, packet: Packet) -> dict[str, object]:
        """The layer and the columns that plugins add to it."""
        members: dict[str, object] = msgspec.to_builtins(layer)
        for column in self._columns:
            value = column.value(packet)
            if value is not None:
                members[f"{PREFIX}{column.name}"] = str(value)
        return members

    def other(self, record: Record) -> None:
        """As it came."""
        self._out.add_one(record.raw)

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """Nothing: in a stream there is no packet left to carry it."""

    def flush(self) -> None:
        """Writes what waits."""
        self._out.flush()

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """Writes what waits."""
        self.flush()


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    return [WriterFormat("ek", "the input's EK lines, each with a layer labdissect", EkWriter, ("ek",))]
