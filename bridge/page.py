"""Pages of text for people: headings, labelled paragraphs, wrapped to the terminal's width."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import zip_longest

import click

from .escape import visible, width, wrapped

WIDEST = 120
"""Longer lines are hard to read."""
NARROWEST = 24
"""Columns that a table's text has at the least."""
BELOW = 8
"""Columns by which a text is indented that has no room beside its row."""
DIGITS = 5
"""Of a COLUMNS that is meant: a line of more is no line."""


def terminal_width() -> int:
    """Columns of the terminal; COLUMNS wins, 120 where there is none."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and len(given) <= DIGITS and int(given):
        return int(given)
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            return os.get_terminal_size(stream.fileno()).columns or WIDEST  # type: ignore[union-attr]
        except (AttributeError, ValueError, OSError):
            continue
    return WIDEST


class Page:
    """Prints to stdout; whatever text it is given is made safe for a terminal."""

    def __init__(self) -> None:
        self._width = max(40, min(terminal_width(), WIDEST))

    def heading(self, text: str) -> None:
        """A line that stands out."""
        for line in wrapped(visible(text), self._width):
            click.secho(line, bold=True)

    def paragraph(self, text: str, *, indent: int = 0) -> None:
        """Wrapped lines."""
        for line in wrapped(visible(text), self._width - indent):
            click.echo(" " * indent + line)

    def labelled(self, label: str, text: str, *, indent: int = 0, column: int = 16) -> None:
        """A label and its text beside it: on the next line where the label is too long."""
        label = " " * indent + visible(label)
        lines = wrapped(visible(text), self._width - column)
        if width(label) >= column:
            click.echo(label)
            label = ""
        for line in lines:
            click.echo(padded(label, column) + line)
            label = ""

    def table(self, rows: Sequence[tuple[str, ...]]) -> None:
        """Columns as wide as they need; the last one wraps. Where the others leave it no room, the widest of those with
        more than names in them wraps too: names, people copy. Where that is not enough, it goes below its row."""
        if not rows:
            return
        cells = [[visible(cell) for cell in row] for row in rows]
        widths = [max(width(row[at]) for row in cells) + 2 for at in range(len(cells[0]) - 1)]
        lacking = sum(widths) + NARROWEST - self._width
        texts = [at for at in range(len(widths)) if any(" " in row[at].strip() for row in cells)]
        if lacking > 0 and texts:
            widest = max(texts, key=widths.__getitem__)
            widths[widest] = max(min(NARROWEST, widths[widest]), widths[widest] - lacking)
        below = bool(widths) and sum(widths) + NARROWEST > self._width
        widths.append(self._width - BELOW + 2 if below else self._width - sum(widths) + 2)
        for row in cells:
            columns = [wrapped(cell, size - 2) for cell, size in zip(row, widths, strict=False)]
            under = columns.pop() if below else []
            for parts in zip_longest(*columns, fillvalue=""):
                click.echo("".join(padded(part, size) for part, size in zip(parts, widths, strict=False)).rstrip())
            for line in under:
                click.echo(" " * BELOW + line)

    def blank(self) -> None:
        """An empty line."""
        click.echo()


def padded(text: str, columns: int) -> str:
    """Text filled up with blanks to so many columns."""
    return text + " " * (columns - width(text))
