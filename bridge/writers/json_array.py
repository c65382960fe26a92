"""json: one array with an object a packet, for programs that read whole files (``jq``, ``JSON.parse``, R).

An object has ``number``, ``epoch`` (seconds since 1970 as text, to the nanosecond), ``time``, ``source``,
``destination``, ``protocol``, ``length``, ``info``, ``stream``, ``conn_state``, ``state_client``, ``state_server``,
``severity``, ``headline``, and ``verdicts``: the objects of ``-o jsonl``, the headline first. With ``--columns`` it has
those columns instead. What only the end of a connection or of the input tells comes in a last object whose number is
null, if there is any. The array is closed however the input ends, by Ctrl-C too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from labdissect.bridge.escape import json_text
from labdissect.bridge.tables import PACKETS
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.writer import Record, Summary, WriterFormat, WriterSettings

from .cells import FIELDS, Showing, chosen_columns
from .gathering import GatheringWriter
from .jsonl import as_object

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Verdict
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange

    from .cells import Shown, ShownColumn

COLUMNS = tuple(name for name in PACKETS if name not in ("about", "code", "verdict"))
"""The keys besides ``verdicts``."""


class JsonWriter(GatheringWriter):
    """Writes the array, an element a line."""

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        super().__init__(out)
        self._language = settings.language
        self._showing = Showing(settings.language)
        self._columns = chosen_columns(settings, COLUMNS)
        self._with_verdicts = not settings.chosen
        self._late: list[dict[str, Any]] = []
        self._out.add_one(b"[")
        self._any = False

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """One element."""
        shown = self._showing(packet, verdicts, record)
        made = {column.name: json_value(column, shown) for column in self._columns}
        if self._with_verdicts:
            made["verdicts"] = self._objects(verdicts)
        self._add(made)

    def _objects(self, verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
        return [as_object(verdict, self._language) for verdict in verdicts]

    def _add(self, element: dict[str, Any]) -> None:
        self._out.add((b",\n" if self._any else b"\n", json_text(element)))
        self._any = True

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """What its end told comes last."""
        if self._with_verdicts:
            self._late += self._objects(verdicts)

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """Writes what the end told, and closes the array."""
        if self._with_verdicts:
            self._late += self._objects(verdicts)
        if self._late:
            self._add({"number": None, "verdicts": self._late})
        self._out.add_one(b"\n]\n" if self._any else b"]\n")
        self.flush()


def json_value(column: ShownColumn, shown: Shown) -> Any:
    """A column's value in JSON, which has no times and no precise long numbers for them."""
    return column.text(shown) or None if column.kind == "time" else column.value(shown)


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    about = "one JSON array, an object a packet"
    return [WriterFormat("json", about, JsonWriter, rows=True, joins=False, fields=FIELDS)]
