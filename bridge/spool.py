"""Bytes on their way from a thread that must not wait to one that may be slow."""

from __future__ import annotations

import threading
from tempfile import SpooledTemporaryFile

MEMORY = 8 << 20
"""Bytes that wait in memory; more than these wait in a temporary file."""
LIMIT = 1 << 30
"""Bytes that may wait altogether."""


class Spool:
    """First in, first out; one thread puts in, another takes out.

    :param memory: bytes that may wait in memory
    :param limit: bytes that may wait altogether
    """

    def __init__(self, memory: int = MEMORY, limit: int = LIMIT) -> None:
        # a file of nobody else's, which is gone with the process: captured bytes are private
        self._file = SpooledTemporaryFile(max_size=memory)  # noqa: SIM115 (see close)
        self._limit = limit
        self._begin = self._end = 0
        self._ended = False
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """Bytes that wait."""
        return self._end - self._begin

    def put(self, data: bytes) -> bool:
        """Appends; False when there is no room left (or the disk has none), and then nothing of it is kept."""
        with self._changed:
            if self.waiting + len(data) > self._limit or self._ended:
                return False
            try:
                self._file.seek(self._end)
                self._file.write(data)
            except OSError:
                return False
            self._end += len(data)
            self._changed.notify()
            return True

    def end(self) -> None:
        """Nothing more comes."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def take(self, size: int) -> bytes:
        """Up to ``size`` bytes as soon as there are any; none at the end."""
        with self._changed:
            while not self.waiting and not self._ended:
                self._changed.wait()
            if not self.waiting:
                return b""
            self._file.seek(self._begin)
            data = self._file.read(min(size, self.waiting))
            self._begin += len(data)
            if not self.waiting:  # start over, so that the file does not grow with the capture
                self._file.seek(0)
                self._file.truncate()
                self._begin = self._end = 0
            return data

    def close(self) -> None:
        """Ends it and forgets what waits."""
        with self._changed:
            self._ended = True
            self._begin = self._end = 0
            self._file.close()
            self._changed.notify()
