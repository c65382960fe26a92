"""Reads each tshark's output ahead of whoever puts their lines in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from time import sleep
from typing import BinaryIO

from .packets import CHUNK

AHEAD = 2 << 20
"""Bytes of output kept of a tshark that is ahead of the others: enough for some thousand packets in a row of another's,
little enough for the tsharks not to have finished long before their lines are read."""
NAP = 0.02
"""Seconds in which a tshark fills its pipe undisturbed."""


class Ahead(threading.Thread):
    """Reads a tshark's output ahead of whoever wants it, as far as :data:`AHEAD`."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(daemon=True, name="reader of tshark")
        self._stream = stream
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._over = False
        self._changed = threading.Condition()

    def run(self) -> None:
        """Until the output ends."""
        while not self._over:
            chunk = self._stream.read(CHUNK)
            with self._changed:
                self._over = not chunk
                self._waiting.append(chunk)
                self._size += len(chunk)
                self._changed.notify_all()
                while self._size > AHEAD:
                    self._changed.wait()
            if len(chunk) < CHUNK // 4:
                sleep(NAP)

    def chunks(self) -> Iterator[bytes]:
        """What was read."""
        while True:
            with self._changed:
                while not self._waiting:
                    if self._over:
                        return
                    self._changed.wait()
                chunk = self._waiting.popleft()
                self._size -= len(chunk)
                self._changed.notify_all()
            if not chunk:
                return
            yield chunk
