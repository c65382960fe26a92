"""One direction of a TCP connection as its receiver's program reads it: every byte once, in order (RFC 9293 §3.4).

Segments come as they were captured: again, out of turn, overlapping, or not at all. :class:`Stream` puts them in order and
remembers which frame brought which bytes. Of bytes that came twice the first copy counts, as it does for most receivers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

import msgspec

BYTES_LIMIT = 1 << 20
"""Bytes of one direction that wait for a message to be complete or for a gap to be filled."""
SEGMENTS_LIMIT = 4096
"""Segments that these bytes came in."""


class Waiting(msgspec.Struct, frozen=True):
    """Bytes beyond a gap."""

    start: int
    """Their position in the stream."""
    data: bytes
    frame: int

    @property
    def end(self) -> int:
        """Position behind them."""
        return self.start + len(self.data)


class Stream:
    """Bytes of one direction, in order.

    :param start: position of the first byte
    """

    __slots__ = ("_pieces", "_waiting", "_waiting_bytes", "data", "origin", "start")

    def __init__(self, start: int) -> None:
        self.origin = start
        """Where it began."""
        self.start = start
        """Position of the first byte of :attr:`data`."""
        self.data = bytearray()
        """What is in order and was not taken yet."""
        self._pieces: deque[tuple[int, int]] = deque()
        """Of :attr:`data`: position behind each piece, and the frame that brought it."""
        self._waiting: list[Waiting] = []
        """In order, without overlaps."""
        self._waiting_bytes = 0

    @property
    def end(self) -> int:
        """Position behind what is in order."""
        return self.start + len(self.data)

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return len(self.data) + self._waiting_bytes

    @property
    def full(self) -> bool:
        """Whether it holds as much as it may."""
        return self.held > BYTES_LIMIT or len(self._pieces) + len(self._waiting) > SEGMENTS_LIMIT

    @property
    def gap(self) -> tuple[int, int] | None:
        """Positions where the missing bytes begin and end, when later ones are there already."""
        return (self.end, self._waiting[0].start) if self._waiting else None

    def add(self, position: int, data: bytes, frame: int) -> bool:
        """Takes a segment in; whether more is in order now."""
        end = self.start + len(self.data)
        if position > end:
            self._wait(position, data, frame)
            return False
        if position < end:
            data = data[end - position :]
            if not data:
                return False
        if self._waiting and end + len(data) > self._waiting[0].start:
            self._wait(end, data, frame)  # what waits was there first
        else:
            self._append(data, frame)
        self._join()
        return True

    def _join(self) -> None:
        """What waited for the bytes that are there now is in order."""
        while self._waiting and self._waiting[0].start == self.end:
            first = self._waiting.pop(0)
            self._waiting_bytes -= len(first.data)
            self._append(first.data, first.frame)

    def _append(self, data: bytes, frame: int) -> None:
        self.data += data
        self._pieces.append((self.end, frame))

    def _wait(self, position: int, data: bytes, frame: int) -> None:
        """Keeps those of the bytes that no waiting segment has."""
        at, end = position, position + len(data)
        index = bisect_left(self._waiting, position, key=lambda one: one.end)
        while at < end:
            later = self._waiting[index] if index < len(self._waiting) else None
            until = end if later is None else min(end, later.start)
            if at < until:
                self._waiting.insert(index, Waiting(at, data[at - position : until - position], frame))
                self._waiting_bytes += until - at
                index += 1
            if later is None:
                return
            at = max(at, later.end)
            index += 1

    def take(self, size: int) -> tuple[int, ...]:
        """Lets go of the first ``size`` bytes; the frames that brought them, in the order of the capture."""
        self.start += size
        del self.data[:size]
        pieces = self._pieces
        end, frame = pieces[0]
        if self.start < end:  # one segment, and more in it
            return (frame,)
        frames = set()
        while pieces:
            end, frame = pieces[0]
            frames.add(frame)
            if end > self.start:
                break
            pieces.popleft()
            if end == self.start:
                break
        return tuple(sorted(frames))

    def segments_from(self, position: int) -> list[int]:
        """Where the pieces of :attr:`data` begin that came in a segment each, none of them before ``position``."""
        found = []
        for end, _ in reversed(self._pieces):
            if end < self.end and end >= position:
                found.append(end)
            elif end < position:
                return found
        if self._pieces and self.start >= position:
            found.append(self.start)
        return found

    def pass_gap(self) -> int:
        """Gives up what is missing and what came before it without being a message; how many bytes are missing."""
        start = self._waiting[0].start
        missing = start - self.end
        self._pieces.clear()
        self.data.clear()
        self.start = start
        self._join()
        return missing
