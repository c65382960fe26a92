"""Ctrl-C stops the reading, not the writing: what was read is still annotated and written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """While the program waits for input, Ctrl-C raises KeyboardInterrupt there; while it works, Ctrl-C is kept until it
    waits again. A second Ctrl-C raises at once."""

    signals: tuple[signal.Signals, ...] = (signal.SIGINT,)

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False

    def read(self, read: object, size: int) -> bytes:
        """``read(size)``, which Ctrl-C may end with KeyboardInterrupt."""
        self._waiting = True
        try:
            if self.asked:
                raise KeyboardInterrupt
            data: bytes | None = read(size)  # type: ignore[operator]
        finally:
            self._waiting = False
        return data or b""

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again, self.asked = self.asked, True
        if self._waiting or again:
            raise KeyboardInterrupt

    @contextmanager
    def installed(self) -> Iterator[Interruption]:
        """Handles the signals meanwhile; only the main thread may."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.signal(number, self._handle) for number in self.signals}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
