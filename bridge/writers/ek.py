"""EK out: each line as it came, with the layer ``labdissect`` as its last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from labdissect.bridge.gathered import Gathered
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Verdict, highest_severity, render
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.writer import Record, Summary, WriterFormat, WriterSettings

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.udp import Exchange

_encode = msgspec.json.encode


class EkWriter:
    """Writes EK. Numbers are text, as tshark's are."""

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        self._out = Gathered(out)
        self._language = settings.language
        self._columns = settings.columns

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """The line with our layer."""
        self._out.add(record.spliced(b'"labdissect":' + _encode(self._layer(packet, verdicts))))

    def _layer(self, packet: Packet, verdicts: Sequence[Verdict]) -> dict[str, object]:
        language = self._language
        texts = [render(verdict, language) for verdict in verdicts]
        layer: dict[str, object] = {}
        if verdicts:
            if verdicts[0].about == packet.number:
                layer["labdissect_labdissect_headline"] = texts[0]
            layer["labdissect_labdissect_verdict"] = texts
            layer["labdissect_labdissect_code"] = [verdict.rule.code for verdict in verdicts]
            layer["labdissect_labdissect_about"] = [str(verdict.about) for verdict in verdicts]
            layer["labdissect_labdissect_severity"] = highest_severity(verdicts)
        segment = packet.segment
        if segment is not None:
            layer["labdissect_labdissect_state_client"] = segment.client_state
            layer["labdissect_labdissect_state_server"] = segment.server_state
        conversation = packet.conversation
        if conversation is not None:
            layer["labdissect_labdissect_conn_state"] = conversation.conn_state
            layer["labdissect_labdissect_history"] = (
                conversation.zeek.history if isinstance(conversation, Conversation) else conversation.history
            )
        for column in self._columns:
            value = column.value(packet)
            if value is not None:
                layer[f"labdissect_labdissect_{column.name}"] = str(value)
        return layer

    def other(self, record: Record) -> None:
        """As it came."""
        self._out.add((record.raw,))

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
