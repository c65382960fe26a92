"""table with ``--columns``: a packet a line, its chosen columns side by side, with the usual summary at the end.

Sentences (headline, verdict) get what width is left and wrap there; on a terminal too narrow for that they stand
indented below their packet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from labdissect.bridge.escape import indented, visible, width, wrapped
from labdissect.plugins.writer import Record, Said, WriterSettings

from .cells import chosen_columns, with_later
from .table import BOLD, NOTHING_SAID, ROWS_LIMIT, TableWriter, color_of, worse

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Verdict

SENTENCES = frozenset(("headline", "verdict"))
"""Columns that hold whole sentences: they take what is left of the line."""
SENTENCE_LEAST = 30
"""Terminal columns; a sentence that has fewer stands below."""
WIDEST = 45
"""Terminal columns that any other column takes at most; what is longer wraps."""
WORDY = frozenset(("info", "code", "about"))
"""Columns of several words, which may wrap where room is short."""
WORDY_LEAST = 16
GAP = 2
"""Blanks between columns."""


class ChosenRow(msgspec.Struct, frozen=True, array_like=True):
    """A packet's cells."""

    cells: list[str]
    color: str
    level: int
    """As of :class:`.table.Row`."""


_drafts, _rows = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(ChosenRow)


class ChosenTableWriter(TableWriter):
    """Writes the table of chosen columns."""

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        super().__init__(out, settings)
        self._columns = chosen_columns(settings)
        self._titles = [visible(column.name) for column in self._columns]
        self._right = [column.kind in ("int", "float") for column in self._columns]
        self._sentences = [column.name in SENTENCES for column in self._columns]
        self._natural = [max(map(width, _parts(title))) for title in self._titles]
        """Terminal columns that each needs so far."""
        self._waiting: list[tuple[list[str], str]] = []

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """One row."""
        self._put(self._chosen_row(record, packet, verdicts))

    def draft(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> bytes:
        """The row as it is known so far."""
        return _drafts.encode(self._chosen_row(record, packet, verdicts))

    def place(self, number: int, draft: bytes, later: Sequence[Said]) -> None:
        """The row, with what was said of the packet later."""
        row = _rows.decode(draft)
        if later:
            color = worse((row.color, row.level), later)
            row = ChosenRow(with_later(self._columns, row.cells, later), *color)
        self._put(row)

    def _chosen_row(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> ChosenRow:
        shown = self._showing(packet, verdicts, record)
        self._closing.packet(packet)
        rule = verdicts[0].rule if verdicts else None
        cells = [column.text(shown) for column in self._columns]
        return ChosenRow(cells, color_of(rule), rule.level if rule is not None else NOTHING_SAID)

    def _put(self, row: ChosenRow) -> None:
        self._waiting.append(([visible(cell) for cell in row.cells], row.color))
        if len(self._waiting) >= ROWS_LIMIT:
            self.flush()

    def flush(self) -> None:
        """Writes the rows that wait."""
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        for cells, _ in rows:
            self._natural = [max(most, width(cell)) for most, cell in zip(self._natural, cells, strict=True)]
        widths = widths_within(self._width, self._natural, [column.name for column in self._columns])
        lines: list[str] = []
        if not self._begun:
            self._begun = True
            lines += self._file_line()
            lines += [self._painted(line, BOLD) for line in self._heading_lines(widths)]
        for cells, color in rows:
            lines += self._chosen_lines(cells, color, widths)
        self._write(lines)

    def _heading_lines(self, widths: Sequence[int]) -> list[str]:
        """The names, long ones broken at their dots and underscores."""
        columns = [
            ([indented(part, size) for part in parts] if right else parts, size, "")
            for title, size, right in zip(self._titles, widths, self._right, strict=True)
            if size
            for parts in (_joined(_parts(title), size),)
        ]
        return self._beside(columns)

    def _chosen_lines(self, cells: Sequence[str], color: str, widths: Sequence[int]) -> list[str]:
        """Cells side by side, each wrapped in its own column; below, those that have no width."""
        columns = [
            ([indented(part, size) for part in parts] if right else parts, size, color if sentence else "")
            for cell, size, right, sentence in zip(cells, widths, self._right, self._sentences, strict=True)
            if size
            for parts in (wrapped(cell, size),)
        ]
        lines = self._beside(columns)
        indent = widths[0] + GAP
        hidden = [at for at, size in enumerate(widths) if not size and cells[at]]
        named = [f"{self._titles[at]} {cells[at]}" for at in hidden if not self._sentences[at]]
        below = [(" · ".join(named), "")] if named else []
        below += [(cells[at], color) for at in hidden if self._sentences[at]]
        for text, paint in below:
            lines += [" " * indent + self._painted(part, paint) for part in wrapped(text, self._width - indent)]
        return lines

    def _beside(self, columns: Sequence[tuple[list[str], int, str]]) -> list[str]:
        height = max((len(parts) for parts, _, _ in columns), default=0)
        return [
            (" " * GAP).join(self._cell(parts, line, size, paint) for parts, size, paint in columns).rstrip()
            for line in range(height)
        ]


def _parts(title: str) -> list[str]:
    """``tcp.``, ``analysis.``, ``acks_``, ``frame``."""
    return re.findall(r"[^._]*[._]|[^._]+", title) or [title]


def _joined(parts: Sequence[str], size: int) -> list[str]:
    """Lines of parts, as many on each as have room."""
    lines = [""]
    for part in parts:
        if lines[-1] and width(lines[-1]) + width(part) > size:
            lines.append("")
        lines[-1] += part
    return lines


def widths_within(most: int, natural: Sequence[int], names: Sequence[str]) -> list[int]:
    """The width of each column on a terminal of ``most`` columns; 0 for those that must stand below.

    Sentences leave the line first, then wordy columns grow narrow, then the last ones leave it, too.
    """
    sentences = [at for at, name in enumerate(names) if name in SENTENCES]
    widths = [0 if at in sentences else min(size, WIDEST) for at, size in enumerate(natural)]
    spare = most - GAP * (len(widths) - 1) - sum(widths)
    if sentences and spare >= SENTENCE_LEAST * len(sentences):
        share, more = divmod(spare, len(sentences))
        for position, at in enumerate(sentences):
            widths[at] = share + (position < more)
        return widths
    for at, name in enumerate(names):
        if name in WORDY:
            widths[at] = max(min(widths[at], WORDY_LEAST), widths[at] - max(0, _taken(widths) - most))
    for at in range(len(widths) - 1, 0, -1):
        if _taken(widths) > most:
            widths[at] = 0
    widths[0] = min(widths[0], most)
    return widths


def _taken(widths: Sequence[int]) -> int:
    """Terminal columns of a line, its gaps counted."""
    shown = [size for size in widths if size]
    return sum(shown) + GAP * max(0, len(shown) - 1)
