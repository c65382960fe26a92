"""What the outputs with a row a packet have in common: columns, rows that wait for what is said later, a heading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, BinaryIO

from labdissect.plugins.writer import Record, Said, WriterSettings

from .cells import Showing, decoded_row, encoded_row, with_later
from .gathering import GatheringWriter

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Verdict

    from .cells import ShownColumn


class RowWriter(GatheringWriter):
    """Writes rows.

    :param columns: of each row; several files on one output get a first one with the file's name
    :param cell: makes captured text safe
    :param line: makes a line of cells that are safe already
    :param rule: what stands below a column's heading, by the kind of its values; None when nothing does
    """

    def __init__(
        self,
        out: BinaryIO,
        settings: WriterSettings,
        columns: Sequence[ShownColumn],
        cell: Callable[[str], str],
        line: Callable[[Iterable[str]], str],
        rule: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__(out)
        self._showing = Showing(settings.language)
        self._columns = columns
        self._cell, self._line = cell, line
        self._first = [] if settings.file is None else [cell(settings.file)]
        if not settings.continues:
            names = [*(["file"] if self._first else []), *(column.name for column in columns)]
            self._out.add_one(line(map(cell, names)).encode())
        if rule is not None and not settings.continues:
            kinds = [*(["str"] if self._first else []), *(column.kind for column in columns)]
            self._out.add_one(line(map(rule, kinds)).encode())

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """One row."""
        self._add(self._row(record, packet, verdicts))

    def draft(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> bytes:
        """The row as it is known so far."""
        return encoded_row(self._row(record, packet, verdicts))

    def blank(self) -> bytes:
        """The draft of a row that is no packet's."""
        return encoded_row([""] * len(self._columns))

    def place(self, number: int, draft: bytes, later: Sequence[Said]) -> None:
        """The row, with what was said of the packet later."""
        self._add(with_later(self._columns, decoded_row(draft), later))

    def _row(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> list[str]:
        shown = self._showing(packet, verdicts, record)
        return [column.text(shown) for column in self._columns]

    def _add(self, row: Iterable[str]) -> None:
        self._out.add_one(self._line([*self._first, *map(self._cell, row)]).encode())
