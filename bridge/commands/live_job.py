"""The work of `labdissect live`: what it needs is imported when something is captured, not for ``--help``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from labdissect.bridge.live import CaptureInterruption
from labdissect.bridge.pausing import PausingOutput, keys

from .annotate import Job


@dataclass
class LiveJob(Job):
    """A capture on its way to one output, which a person may hold."""

    interruption: CaptureInterruption = field(kw_only=True)

    @contextmanager
    def _output(self) -> Iterator[BinaryIO]:
        with super()._output() as out:
            if not self.terminal:
                yield out
                return
            pausing = PausingOutput(out, self.language)
            with keys(lambda key: pausing.toggle() if key == " " else None):
                try:
                    yield pausing  # type: ignore[misc]
                finally:
                    pausing.go_on()
