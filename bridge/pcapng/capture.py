"""A capture file as a stream of pcapng, whatever format it has.

pcapng, also compressed by gzip, comes as it is. All else that tshark reads (pcap in all its kinds, captures compressed
otherwise, other programs' formats) tshark itself turns into pcapng, which costs it no dissection.
"""

from __future__ import annotations

import gzip
import io
import struct
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

from labdissect.bridge.tshark import Running, file_argument, find
from labdissect.plugins.writer import Problem

from .blocks import NO_PACKETS, PACKETS, Block, Damaged

_SECTION = b"\n\r\r\n"
_GZIP, _ZSTD, _LZ4 = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"
KINDS_LIMIT = 64
"""Kinds of blocks that tshark is asked about."""


class CaptureStream:
    """Reads a capture as pcapng. Whoever opens it closes it.

    :param report: is told when the pcapng is tshark's making though the capture may have been pcapng
    :raises OSError: when it cannot be read
    """

    def __init__(self, path: Path, report: Callable[[Problem], None]) -> None:
        self._file = _as_it_is(path)
        self._running: Running | None = None
        if self._file is not None:
            return
        self._running = Running(find(), ["-r", file_argument(path), "-F", "pcapng", "-w", "-"])
        kind = _compression(path)
        if kind:
            report(Problem(f"{path} is compressed by {kind}: tshark rewrites it, and keeps only blocks that it knows"))

    def read(self, size: int, /) -> bytes:
        """As much as there is, up to so many bytes; nothing at the end.

        :raises Damaged: when the compression is broken
        """
        if self._running is not None:
            return self._running.stream.read(size) or b""
        file = cast(io.BufferedReader, self._file)
        try:
            return file.read1(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Damaged(f"its compression is broken: {error}") from error

    def close(self) -> None:
        """Ends a tshark that still runs."""
        if self._file is not None:
            self._file.close()
        if self._running is not None:
            self._running.stop()


def _as_it_is(path: Path) -> io.BufferedReader | None:
    """The file, when it is pcapng."""
    head = _head(path)
    if head == _SECTION:
        return path.open("rb")
    if head.startswith(_GZIP):
        unpacked = gzip.open(path)  # noqa: SIM115 (see CaptureStream.close)
        with suppress(EOFError, zlib.error, OSError):
            if unpacked.read(4) == _SECTION:
                unpacked.seek(0)
                return cast(io.BufferedReader, unpacked)  # it has all of its methods
        unpacked.close()
    return None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _compression(path: Path) -> str:
    """The compression of what may be pcapng, by its name for people."""
    head = _head(path)
    return "zstd" if head == _ZSTD else "lz4" if head == _LZ4 else ""


class FrameCounter:
    """Tells which blocks tshark counts as frames.

    Packets are. Of blocks that versions of Wireshark see differently (custom ones, the journal's, sysdig's, and what is
    not known here) tshark itself is asked, with a file that holds nothing else.
    """

    def __init__(self) -> None:
        self._asked: dict[tuple[int, bytes], bool] = {}

    def counts(self, block: Block) -> bool:
        """Whether the block is a frame."""
        if block.kind in PACKETS:
            return True
        if block.kind in NO_PACKETS:
            return False
        key = (block.kind, block.data[8:16])  # of a custom block: whose it is, and how it begins
        known = self._asked.get(key)
        if known is None:
            known = _is_frame(block)
            if len(self._asked) < KINDS_LIMIT:
                self._asked[key] = known
        return known


def _is_frame(block: Block) -> bool:
    order = block.order.u32.format[0]
    section = struct.pack(f"{order}LLLHHqL", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    interface = struct.pack(f"{order}LLHHLL", 1, 20, 1, 0, 0, 20)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "block.pcapng"
        file.write_bytes(section + interface + block.data)
        running = Running(find(), ["-n", "-r", str(file), "-T", "fields", "-e", "frame.number"])
        try:
            printed = running.stream.read(64)
            running.wait()
        finally:
            running.stop()
    return bool(printed and printed.strip())
