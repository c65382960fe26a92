"""markdown: a table for lab reports, a packet a row, that GitHub, GitLab, pandoc and VS Code show (GFM §4.10).

Columns are number, time, source, destination, protocol, info, states and the headline, or those of ``--columns``. What
packets hold is text and stays text: no pipe ends a cell, nothing becomes a link, an image, emphasis or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from labdissect.bridge.escape import visible
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.writer import Record, Said, Summary, WriterFormat, WriterSettings

from .cells import FIELDS, Showing, chosen_columns, decoded_row, encoded_row, with_later

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Verdict
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange

COLUMNS = (
    *("number", "time", "source", "destination", "protocol", "info"),
    *("state_client", "state_server", "headline"),
)
"""The columns when ``--columns`` chooses none: what a report shows."""

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\\": "&#92;", "@": "&#64;"} | {
    sign: f"\\{sign}" for sign in "|`*[]~$"
}
_SPECIAL = re.compile(r"[&<>\\@|`*\[\]~$]")
"""What Markdown gives a meaning to: code, emphasis, links, images, HTML, entities, strikethrough, math, addresses."""
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""One within a word is no emphasis."""
_LINK = re.compile(r"(?i)(?<=[a-z]):(?=//|[^\s])|(?<=www)\.")
"""What would make a link of plain text: ``http:``, ``mailto:``, ``www.``"""


class MarkdownWriter:
    """Writes the table."""

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        self._out = out
        self._showing = Showing(settings.language)
        self._columns = chosen_columns(settings, COLUMNS)
        self._first = [] if settings.file is None else [markdown_text(settings.file)]
        names = [*(["file"] if self._first else []), *(column.name for column in self._columns)]
        rules = [*(["---"] if self._first else []), *map(_rule, (column.kind for column in self._columns))]
        self._waiting = [] if settings.continues else [_row([markdown_text(name) for name in names]), _row(rules)]

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

    def _add(self, row: Sequence[str]) -> None:
        self._waiting.append(_row([*self._first, *map(markdown_text, row)]))

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


def markdown_text(text: str) -> str:
    """Text that every Markdown shows as it is, on one line."""
    safe = _SPECIAL.sub(lambda match: _ESCAPES[match[0]], visible(text))
    safe = _UNDERSCORE.sub(r"\\_", safe)
    return _LINK.sub(lambda match: f"&#{ord(match[0])};", safe)


def _rule(kind: str) -> str:
    """Numbers stand to the right."""
    return "--:" if kind in ("int", "float") else "---"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    about = "a table for reports, a row a packet"
    return [WriterFormat("markdown", about, MarkdownWriter, rows=True, waits=None, fields=FIELDS)]
