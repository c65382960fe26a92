"""A live capture: dumpcap captures, tshark dissects, and what is between them never keeps dumpcap waiting.

``tshark -i`` would show a packet half a second after it came, as dumpcap tells it of new packets that seldom; through
a pipe it takes a quarter of that. But a tshark that is slow, because there is much to dissect, would fill a plain pipe
and stop the capture, so the packets go through a :class:`~.spool.Spool`.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from labdissect.plugins.writer import Problem

from .dumpcap import Dumpcap
from .interruption import Interruption
from .source import CHUNK
from .spool import Spool
from .tshark import Running
from .tshark_options import Options


class LiveTshark(Running):
    """A tshark that dissects what a dumpcap captures. It owns the dumpcap.

    :param path: tshark's
    :param capture: at work already
    :param output: ``ek`` or ``pdml``
    :param columns: as for :func:`~.tshark.read_capture`
    """

    def __init__(self, path: Path, capture: Dumpcap, output: str, options: Options, *, columns: bool = False) -> None:
        extra = ["-P", "-V"] if columns else []
        arguments = ["-n", "-l", "-r", "-", *extra, "-T", output, *options.arguments()]
        super().__init__(path, arguments, fed=True, apart=True)
        self._capture = capture
        self._spool = Spool()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._pump, self._feed)]
        for thread in self._threads:
            thread.start()

    def _pump(self) -> None:
        """From dumpcap to the spool."""
        while chunk := self._capture.stream.read(CHUNK):
            self._spool.put(chunk)
        self._spool.end()

    def _feed(self) -> None:
        """From the spool to tshark."""
        with suppress(OSError):
            while chunk := self._spool.take(CHUNK):
                self.input.write(chunk)
        with suppress(OSError):
            self.input.close()

    def stop_capture(self) -> None:
        """Ends the capture; what was captured is still dissected."""
        self._capture.ask_to_stop()

    def outcome(self, name: str, packets: int) -> Problem | None:
        """As :meth:`.Dumpcap.outcome`, then as tshark's own."""
        self._capture.ask_to_stop()  # which it does not hear of when it is tshark that has ended
        return self._capture.outcome(name, packets) or super().outcome(name, packets)

    def stop(self) -> None:
        """Ends both."""
        self._capture.stop()
        self._spool.close()
        super().stop()


class CaptureInterruption(Interruption):
    """Ctrl-C ends a live capture, not the reading of what was captured; so do SIGTERM and a terminal that is closed.
    A second time ends the reading, too."""

    signals = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

    def __init__(self) -> None:
        super().__init__()
        self._stop: Callable[[], None] = lambda: None

    def stops(self, stop: Callable[[], None]) -> None:
        """What is to be done the first time."""
        self._stop = stop
        if self.asked:
            stop()

    def read(self, read: object, size: int) -> bytes:
        """``read(size)``, which only the second Ctrl-C ends with KeyboardInterrupt."""
        data: bytes | None = read(size)  # type: ignore[operator]
        return data or b""

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again, self.asked = self.asked, True
        if again:
            raise KeyboardInterrupt
        self._stop()
