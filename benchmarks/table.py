"""What was measured, as tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .measure import Spread


@dataclass(frozen=True)
class Target:
    """What a figure should be: ``Target("≤", 1.05)``."""

    sign: Literal["≤", "≥"]
    value: float

    def met(self, measured: float) -> bool:
        """Whether it is."""
        return measured <= self.value if self.sign == "≤" else measured >= self.value

    def __str__(self) -> str:
        return f"{self.sign} {self.value:g}"


@dataclass(frozen=True)
class Row:
    """One figure; of a spread, the median counts."""

    what: str
    measured: Spread | float | str
    """A text where nothing could be measured: why."""
    target: Target | None = None
    digits: int = 3

    def cells(self) -> tuple[str, ...]:
        """What, measured, wanted, and whether it is so."""
        if isinstance(self.measured, str):
            return (self.what, self.measured, str(self.target or ""), "")
        shown = (
            self.measured.shown(self.digits)
            if isinstance(self.measured, Spread)
            else f"{self.measured:,.{self.digits}f}"
        )
        if self.target is None:
            return (self.what, shown, "", "")
        median = self.measured.median if isinstance(self.measured, Spread) else self.measured
        return (self.what, shown, str(self.target), "yes" if self.target.met(median) else "**no**")


@dataclass(frozen=True)
class Table:
    """A heading, what one must know to read it, and lines of cells."""

    title: str
    note: str
    lines: Sequence[Sequence[str]]
    columns: Sequence[str] = ("what", "measured", "wanted", "met")

    def markdown(self) -> str:
        """The table."""
        lines = [self.columns, ["---"] * len(self.columns), *self.lines]
        return "\n".join([f"## {self.title}", "", self.note, "", *(f"| {' | '.join(line)} |" for line in lines), ""])


def figures(title: str, note: str, rows: Sequence[Row]) -> Table:
    """A table of figures, with what is wanted of them."""
    return Table(title, note, [row.cells() for row in rows])
