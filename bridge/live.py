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
from typing import Protocol

from labdissect.plugins.writer import Problem

from .interruption import Interruption
from .pcapng.blocks import Block, Damaged, Readable, blocks, emptied
from .pcapng.capture import FrameCounter
from .source import CHUNK, cut
from .spool import Spool
from .tshark import SECONDS_TO_STOP, Running
from .tshark_options import Options

ROOM = 1 << 30
"""Bytes that tshark may be behind."""


class Capture(Protocol):
    """What captures: a :class:`~.dumpcap.Dumpcap`, or what takes its place."""

    @property
    def stream(self) -> Readable:
        """pcapng."""

    def ask_to_stop(self) -> None:
        """Ends the capture; what was captured can still be read."""

    def outcome(self, name: str, packets: int) -> Problem | None:
        """As :meth:`.Running.outcome`."""

    def stop(self) -> None:
        """Ends it and frees what it held."""


class Tap(Protocol):
    """Sees every block that is captured, in order."""

    def put(self, block: Block, number: int | None, judged: bool) -> None:
        """A block; the number that it has as a frame, if it is one; whether tshark gets to see all of it."""

    def end(self) -> None:
        """No more come."""


class LiveTshark(Running):
    """A tshark that dissects what is captured. It owns the capture.

    Where it falls :data:`ROOM` bytes behind, packets go to it without their bytes, so that it keeps counting them
    and catches up; they are counted and told.

    :param path: tshark's
    :param capture: at work already
    :param output: ``ek`` or ``pdml``
    :param columns: as for :func:`~.tshark.read_capture`
    :param tap: sees what is captured
    """

    def __init__(
        self,
        path: Path,
        capture: Capture,
        output: str,
        options: Options,
        *,
        columns: bool = False,
        tap: Tap | None = None,
        room: int = ROOM,
    ) -> None:
        extra = ["-P", "-V"] if columns else []
        arguments = ["-n", "-l", "-r", "-", *extra, "-T", output, *options.arguments()]
        super().__init__(path, arguments, fed=True, apart=True)
        self._capture = capture
        self._tap = tap
        self._room = room
        self._spool = Spool(limit=2 * room)
        self.unjudged = 0
        """Packets that tshark got without their bytes."""
        self.damage: Damaged | None = None
        """Why what was captured could not be read to its end."""
        self._pumping, feeding = (threading.Thread(target=work, daemon=True) for work in (self._pump, self._feed))
        self._pumping.start()
        feeding.start()

    def _pump(self) -> None:
        """From the capture to the spool."""
        try:
            self._pump_blocks()
        except Damaged as damage:
            self.damage = damage
        except (OSError, ValueError):  # it was closed
            pass
        self._spool.end()
        if self._tap is not None:
            self._tap.end()

    def _pump_blocks(self) -> None:
        frames, number = FrameCounter(), 0
        for block in blocks(self._capture.stream):
            is_frame = frames.counts(block)
            number += is_frame
            whole = not (is_frame and self._spool.waiting > self._room)
            self.unjudged += not whole
            if self._tap is not None:
                self._tap.put(block, number if is_frame else None, whole)
            if not self._spool.put(block.data if whole else emptied(block)):
                self._spool.end()  # twice as much: tshark has come to a stand

    def _feed(self) -> None:
        """From the spool to tshark."""
        with suppress(OSError):
            while chunk := self._spool.take(CHUNK):
                left = memoryview(chunk)
                while left:  # a signal can cut a write short
                    left = left[self.input.write(left) :]
        with suppress(OSError):
            self.input.close()

    def stop_capture(self) -> None:
        """Ends the capture; what was captured is still dissected."""
        self._capture.ask_to_stop()

    def outcome(self, name: str, packets: int) -> Problem | None:
        """As that of the capture, then as tshark's own."""
        self._capture.ask_to_stop()  # which it does not hear of when it is tshark that has ended
        problem = self._capture.outcome(name, packets) or super().outcome(name, packets)
        if problem is None and self.damage is not None:
            problem = cut(f"{name}: {self.damage}")
        if problem is None and self.unjudged:
            problem = cut(
                f"packets that came too fast to be judged: {self.unjudged}; tshark was {self._room:,} bytes behind"
            )
        return problem

    def stop(self) -> None:
        """Ends both."""
        self._capture.ask_to_stop()
        self._spool.close()
        self._pumping.join(SECONDS_TO_STOP)
        self._capture.stop()
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
