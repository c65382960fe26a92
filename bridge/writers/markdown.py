"""markdown: a table for lab reports, a packet a row, that GitHub, GitLab, pandoc and VS Code show (GFM §4.10).

Columns are number, time, source, destination, protocol, info, states and the headline, or those of ``--columns``. What
packets hold is text and stays text: no pipe ends a cell, nothing becomes a link, an image, emphasis or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from labdissect.bridge.escape import visible
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.writer import WriterFormat, WriterSettings

from .cells import FIELDS, chosen_columns
from .rows import RowWriter

COLUMNS = (
    *("number", "time", "source", "destination", "protocol", "info"),
    *("state_client", "state_server", "headline"),
)
"""The columns when ``--columns`` chooses none: what a report shows."""

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\\": "&#92;", "@": "&#64;"} | {
    sign: f"\\{sign}" for sign in "|`*[]~$"
}
_SPECIAL = r"[&<>\\@|`*\[\]~$]"
"""What Markdown gives a meaning to: code, emphasis, links, images, HTML, entities, strikethrough, math, addresses."""
_UNDERSCORE = r"(?<![^\W_])_|_(?![^\W_])"
"""One within a word is no emphasis."""
_LINK = r"(?i)(?<=[a-z]):(?=//|[^\s])|(?<=www)\."
"""What would make a link of plain text: ``http:``, ``mailto:``, ``www.``"""


def make(out: BinaryIO, settings: WriterSettings) -> RowWriter:
    """Opens the writer of a table."""
    return RowWriter(out, settings, chosen_columns(settings, COLUMNS), markdown_text, _row, _rule)


def markdown_text(text: str) -> str:
    """Text that every Markdown shows as it is, on one line."""
    safe = re.sub(_SPECIAL, lambda match: _ESCAPES[match[0]], visible(text))
    safe = re.sub(_UNDERSCORE, r"\\_", safe)
    return re.sub(_LINK, lambda match: f"&#{ord(match[0])};", safe)


def _rule(kind: str) -> str:
    """Numbers stand to the right."""
    return "--:" if kind in ("int", "float") else "---"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    about = "a table for reports, a row a packet"
    return [WriterFormat("markdown", about, make, rows=True, waits=None, fields=FIELDS)]
