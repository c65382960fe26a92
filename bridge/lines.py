"""Bytes in chunks to whole lines."""

from __future__ import annotations

LINE_LIMIT = 512 * 1024 * 1024
"""Bytes that a line may have before it is handed on in pieces. tshark's longest seen had 15.6 MB."""


class LineSplitter:
    """Splits at line feeds only (``str.splitlines`` would also break at U+2028), keeping them; linear in the input,
    however long a line is."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._limit = limit
        self.too_long = 0
        """Lines that went over the limit."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that ``chunk`` completes, each with its line feed."""
        lines = chunk.splitlines(keepends=True) if b"\r" not in chunk else _split(chunk)
        if not lines:
            return []
        if self._pending:
            self._pending.append(lines[0])
            self._pending_size += len(lines[0])
            if lines[0].endswith(b"\n"):
                lines[0] = b"".join(self._pending)
                self._pending, self._pending_size = [], 0
            else:
                lines.pop(0)
        if lines and not lines[-1].endswith(b"\n"):
            rest = lines.pop()
            self._pending.append(rest)
            self._pending_size += len(rest)
        if self._pending_size > self._limit:
            self.too_long += 1
            lines.append(self.rest())
        return lines

    def rest(self) -> bytes:
        """What came after the last line feed."""
        rest = b"".join(self._pending)
        self._pending, self._pending_size = [], 0
        return rest


def _split(chunk: bytes) -> list[bytes]:
    """``bytes.splitlines`` also breaks at a lone carriage return; tshark's lines do not end there."""
    parts = chunk.split(b"\n")
    lines = [part + b"\n" for part in parts[:-1]]
    if parts[-1]:
        lines.append(parts[-1])
    return lines
