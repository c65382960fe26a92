"""Output that is collected in parts and written at once, without joining what is large."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from typing import BinaryIO

PARTS_LIMIT = 512
"""Parts in one system call; POSIX promises 16, Linux and macOS take 1024."""
SIZE_LIMIT = 1 << 20
"""Bytes that may wait before they are written unasked."""


class Gathered:
    """Collects parts for a stream; :meth:`flush` writes them with ``os.writev`` where the stream has a descriptor."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._parts: list[bytes | memoryview] = []
        self._size = 0
        self._descriptor = _descriptor(out)

    def add(self, parts: Iterable[bytes | memoryview]) -> None:
        """Appends to what waits."""
        for part in parts:
            self._parts.append(part)
            self._size += len(part)
        if self._size >= SIZE_LIMIT or len(self._parts) >= PARTS_LIMIT:
            self.flush()

    def add_one(self, part: bytes) -> None:
        """Appends one part to what waits."""
        self._parts.append(part)
        self._size += len(part)
        if self._size >= SIZE_LIMIT or len(self._parts) >= PARTS_LIMIT:
            self.flush()

    def flush(self) -> None:
        """Writes all that waits. Raises OSError, BrokenPipeError for one, as the stream does."""
        parts, size = self._parts, self._size
        self._parts, self._size = [], 0
        if not parts:
            return
        if self._descriptor is None:
            self._out.write(b"".join(parts))
            self._out.flush()
            return
        while size:
            written = os.writev(self._descriptor, parts[:PARTS_LIMIT])
            size -= written
            parts = _after(parts, written) if size else []


def _after(parts: list[bytes | memoryview], written: int) -> list[bytes | memoryview]:
    """What is left when ``written`` bytes are gone."""
    for index, part in enumerate(parts):
        if written < len(part):
            return [memoryview(part)[written:], *parts[index + 1 :]]
        written -= len(part)
    return []


def _descriptor(out: BinaryIO) -> int | None:
    """The stream's file descriptor, if writing there directly is the same as writing to the stream."""
    if not hasattr(os, "writev"):  # Windows
        return None
    try:
        out.flush()
        return out.fileno()
    except (OSError, AttributeError, io.UnsupportedOperation):
        return None
