"""tsv and csv: a line a packet, for spreadsheets, pandas and awk.

The first line names the columns. ``time`` counts seconds from the capture's first packet, as Wireshark's own column
does (``--columns frame.time_epoch`` has the absolute time). ``about``, ``code`` and ``verdict`` hold all verdicts of
the packet in the same order, joined with ``"; "``. Several files on one output get a first column ``file``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO

from labdissect.bridge.escape import sheet_cell
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.writer import WriterFormat, WriterSettings

from .cells import FIELDS, chosen_columns
from .rows import RowWriter


def tsv_line(row: Iterable[str]) -> str:
    """Cells hold no tab and no line feed: those are visible escapes by now."""
    return "\t".join(row) + "\n"


def csv_line(row: Iterable[str]) -> str:
    """Quoted as RFC 4180 has it, the line ended as Unix has it."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()


def _format(name: str, description: str, line: Callable[[Iterable[str]], str]) -> WriterFormat:
    def make(out: BinaryIO, settings: WriterSettings) -> RowWriter:
        return RowWriter(out, settings, chosen_columns(settings), sheet_cell, line)

    return WriterFormat(name, description, make, rows=True, waits=None, fields=FIELDS)


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    return [
        _format("tsv", "a line a packet, cells apart by tabs", tsv_line),
        _format("csv", "a line a packet, for spreadsheets", csv_line),
    ]
