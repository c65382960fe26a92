"""PDML out: the document as it came, with ``<proto name="labdissect">`` as the last child of each packet.

Its fields are those of the EK layer: ``labdissect.headline``, ``labdissect.verdict`` (a field each, headline first),
``labdissect.code`` and ``labdissect.about`` (in the same order), ``labdissect.severity``, ``labdissect.state_client``…
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from labdissect.bridge.escape import xml_attribute
from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Verdict, highest_severity, render
from labdissect.plugins.writer import Record, WriterFormat, WriterSettings

from .gathering import GatheringWriter
from .layers import pdml_protos

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet

_NAMES = {
    "headline": Text("Headline", "要点"),
    "verdict": Text("Verdict", "解读"),
    "code": Text("Code", "代码"),
    "about": Text("About frame", "所述帧"),
    "severity": Text("Severity", "级别"),
    "state_client": Text("Client state", "客户端状态"),
    "state_server": Text("Server state", "服务器状态"),
    "conn_state": Text("Connection state (Zeek)", "连接状态（Zeek）"),
    "history": Text("History (Zeek)", "历史（Zeek）"),
}


class PdmlWriter(GatheringWriter):
    """Writes PDML."""

    passes_on = True

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        super().__init__(out)
        self._language = settings.language
        self._columns = settings.columns
        titles = {**_NAMES, **{column.name: column.title for column in settings.columns}}
        chinese = settings.language == "zh"
        self._titles = {name: title.zh if chinese else title.en for name, title in titles.items()}

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """The packet with our proto."""
        fields = list(self._fields(packet, verdicts))
        name = "labdissect"
        summary = f"{name}: {fields[0][1]}" if fields and fields[0][0] == "headline" else name
        lines = [pdml_protos(packet.messages, self._language)] if packet.messages else []
        lines += [f'  <proto name="{name}" showname="{xml_attribute(summary)}" size="0" pos="0">\n']
        for field, value in fields:
            shown = xml_attribute(f"{self._titles[field]}: {value}")
            show = xml_attribute(value)
            lines.append(f'    <field name="{name}.{field}" showname="{shown}" size="0" pos="0" show="{show}"/>\n')
        lines.append("  </proto>\n")
        self._out.add(record.spliced("".join(lines).encode()))

    def _fields(self, packet: Packet, verdicts: Sequence[Verdict]) -> Iterator[tuple[str, str]]:
        """Name and value of each field, in order."""
        texts = [render(verdict, self._language) for verdict in verdicts]
        if verdicts and verdicts[0].about == packet.number:
            yield "headline", texts[0]
        yield from (("verdict", text) for text in texts)
        yield from (("code", verdict.rule.code) for verdict in verdicts)
        yield from (("about", str(verdict.about)) for verdict in verdicts)
        if verdicts:
            yield "severity", highest_severity(verdicts)
        segment = packet.segment
        if segment is not None:
            yield "state_client", segment.client_state
            yield "state_server", segment.server_state
        if packet.conversation is not None:
            yield "conn_state", packet.conn_state
            yield "history", packet.history
        for column in self._columns:
            value = column.value(packet)
            if value is not None:
                yield column.name, str(value)

    def other(self, record: Record) -> None:
        """As it came."""
        self._out.add((record.raw,))


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    return [WriterFormat("pdml", "the input's PDML, each packet with a proto labdissect", PdmlWriter, ("pdml",))]
