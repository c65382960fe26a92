"""tsv and csv: a line a packet, for spreadsheets, pandas and awk.

The first line names the columns. ``time`` counts seconds from the capture's first packet, as Wireshark's own column
does (``--columns frame.time_epoch`` has the absolute time). ``about``, ``code`` and ``verdict`` hold all verdicts of
the packet in the same order, joined with ``"; "``. Several files on one output get a first column ``file``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, BinaryIO

from labdissect.bridge.escape import sheet_cell
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.writer import Record, Said, Summary, WriterFormat, WriterSettings

from .cells import FIELDS, Showing, chosen_columns, decoded_row, encoded_row, with_later

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Verdict
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange

Line = Callable[[Iterable[str]], str]


class SheetWriter:
    """Writes rows.

    :param line: makes a line of cells that are safe already
    """

    def __init__(self, out: BinaryIO, settings: WriterSettings, line: Line) -> None:
        self._out = out
        self._line = line
        self._showing = Showing(settings.language)
        columns = chosen_columns(settings)
        self._columns = columns
        self._first = [] if settings.file is None else [sheet_cell(settings.file)]
        names = [*(["file"] if self._first else []), *(column.name for column in columns)]
        self._waiting: list[str] = [] if settings.continues else [line(names)]

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """One row."""
        self._add(self._row(record, packet, verdicts))

    def draft(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> bytes:
        """The row as it is known so far."""
        return encoded_row(self._row(record, packet, verdicts))

    def place(self, number: int, draft: bytes, later: Sequence[Said]) -> None:
        """The row, with what was said of the packet later."""
        self._add(with_later(self._columns, decoded_row(draft), later))

    def _row(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> list[str]:
        shown = self._showing(packet, verdicts, record)
        return [column.text(shown) for column in self._columns]

    def _add(self, row: Iterable[str]) -> None:
        self._waiting.append(self._line([*self._first, *map(sheet_cell, row)]))

    def other(self, record: Record) -> None:
        """Nothing: it is no packet."""

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """Nothing: no row is left to carry it. (Those of a FILE are, see :meth:`place`.)"""

    def flush(self) -> None:
        """Writes the lines that are ready."""
        if self._waiting:
            self._out.write("".join(self._waiting).encode())
            self._waiting = []
            self._out.flush()

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """Writes what waits."""
        self.flush()


def tsv_line(row: Iterable[str]) -> str:
    """Cells hold no tab and no line feed: those are visible escapes by now."""
    return "\t".join(row) + "\n"


def csv_line(row: Iterable[str]) -> str:
    """Quoted as RFC 4180 has it, the line ended as Unix has it."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()


def _format(name: str, description: str, line: Line) -> WriterFormat:
    def make(out: BinaryIO, settings: WriterSettings) -> SheetWriter:
        return SheetWriter(out, settings, line)

    return WriterFormat(name, description, make, rows=True, waits=None, fields=FIELDS)


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    return [
        _format("tsv", "a line a packet, cells apart by tabs", tsv_line),
        _format("csv", "a line a packet, for spreadsheets", csv_line),
    ]
