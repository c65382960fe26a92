"""What writers of lines share: they collect, and write when there is nothing more at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from labdissect.bridge.gathered import Gathered
from labdissect.plugins.writer import BaseWriter

if TYPE_CHECKING:
    from labdissect.plugins.rule import Verdict
    from labdissect.plugins.writer import Summary


class GatheringWriter(BaseWriter):
    """Collects in ``_out``."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = Gathered(out)

    def flush(self) -> None:
        """Writes what waits."""
        self._out.flush()

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """Writes what waits."""
        self.flush()
