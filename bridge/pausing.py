"""An output that a key press holds, and the terminal's keys.

While it is held, packets are still captured and judged; only the rows wait.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import BinaryIO

from labdissect.dissectors.bilingual import Text

HELD_LIMIT = 16 << 20
"""Bytes of output that may wait; the oldest are given up."""

PAUSED = Text("── paused: packets are still captured; space goes on ──", "── 已暂停：仍在捕获；按空格键继续 ──")
GIVEN_UP = Text("── {count} lines were too many to keep ──", "── 有 {count} 行因过多而未保留 ──")

try:
    import termios
    import tty
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]


class PausingOutput(io.BufferedIOBase):
    """A binary stream that can be held.

    :param out: where it goes
    :param language: of the lines that say so
    """

    def __init__(self, out: BinaryIO, language: str, limit: int = HELD_LIMIT) -> None:
        self._out = out
        self._chinese = language == "zh"
        self._limit = limit
        self._held: deque[bytes] = deque()
        self._size = self._given_up = 0
        self._lock = threading.Lock()
        self.paused = False

    def write(self, data: object) -> int:
        """Writes, or keeps for later."""
        piece = bytes(data)  # type: ignore[call-overload]
        with self._lock:
            if not self.paused:
                return self._out.write(piece)
            self._held.append(piece)
            self._size += len(piece)
            while self._size > self._limit:
                oldest = self._held.popleft()
                self._size -= len(oldest)
                self._given_up += oldest.count(b"\n")
        return len(piece)

    def flush(self) -> None:
        """Likewise."""
        with self._lock:
            if not self.paused:
                self._out.flush()

    def toggle(self) -> None:
        """Holds it, or lets it go on."""
        if self.paused:
            self.go_on()
            return
        with self._lock:
            self._out.write(self._line(PAUSED))
            self._out.flush()
            self.paused = True

    def go_on(self) -> None:
        """Writes what waits."""
        with self._lock:
            if self._given_up:
                self._out.write(self._line(GIVEN_UP, self._given_up))
            for piece in self._held:
                self._out.write(piece)
            self._out.flush()
            self._held.clear()
            self._size = self._given_up = 0
            self.paused = False

    def _line(self, text: Text, count: int = 0) -> bytes:
        return ((text.zh if self._chinese else text.en).format(count=f"{count:,}") + "\n").encode()


@contextmanager
def keys(pressed: Callable[[str], None]) -> Iterator[None]:
    """Calls ``pressed`` (from another thread) with each key that is pressed on the terminal, until the context ends.

    The terminal does not show the keys meanwhile; it is as it was before when the context ends, when the program is
    stopped with Ctrl-Z, and when it is ended by a signal that Python handles. Nothing happens where stdin is no
    terminal, or belongs to another program at the moment (``labdissect live &``).
    """
    if not _is_ours():
        yield
    elif termios is None:
        with _windows_keys(pressed):
            yield
    else:
        with _terminal_without_lines(sys.stdin.fileno()), _reading(sys.stdin.fileno(), pressed):
            yield


def _is_ours() -> bool:
    with suppress(OSError, ValueError, AttributeError):
        return sys.stdin.isatty() and (termios is None or os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp())
    return False


@contextmanager
def _terminal_without_lines(terminal: int) -> Iterator[None]:
    """Keys come at once and are not shown; Ctrl-C and Ctrl-Z still are signals."""
    before = termios.tcgetattr(terminal)

    def restore() -> None:
        with suppress(termios.error, OSError):
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)

    def stopped(number: int, frame: FrameType | None) -> None:
        restore()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # comes back when the shell says fg or bg
        signal.signal(signal.SIGTSTP, stopped)
        if _is_ours():
            tty.setcbreak(terminal)

    handler = signal.signal(signal.SIGTSTP, stopped)
    tty.setcbreak(terminal)
    try:
        yield
    finally:
        restore()
        signal.signal(signal.SIGTSTP, handler)


@contextmanager
def _reading(terminal: int, pressed: Callable[[str], None]) -> Iterator[None]:
    """A thread that reads keys until it is told to end: it must not eat what is typed afterwards."""
    import select

    ended, end = os.pipe()

    def read() -> None:
        while True:
            ready, _, _ = select.select([terminal, ended], [], [])
            if ended in ready:
                return
            try:
                typed = os.read(terminal, 64)
            except OSError:  # it was closed, or is another program's for the moment
                return
            if not typed:
                return
            for key in typed.decode("utf-8", "replace"):
                pressed(key)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.write(end, b"\n")
        thread.join()
        os.close(ended)
        os.close(end)


@contextmanager
def _windows_keys(pressed: Callable[[str], None]) -> Iterator[None]:
    import msvcrt

    ended = threading.Event()

    def read() -> None:
        while not ended.wait(0.05):
            while msvcrt.kbhit():  # type: ignore[attr-defined]
                pressed(msvcrt.getwch())  # type: ignore[attr-defined]

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
