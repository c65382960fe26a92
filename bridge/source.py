"""Where the bytes come from: standard input, a file, or tshark on a capture. Large chunks; the format is detected."""

from __future__ import annotations

import os
import stat
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import msgspec

from labdissect.plugins.writer import Problem, ReaderFormat

from .failures import UsageFailure
from .interruption import Interruption
from .pipe import PIPE_SIZE, pipe_room

if TYPE_CHECKING:
    from .jobs.shards import Shards
    from .tshark import Running, WholeFrames

CHUNK = 1 << 20
"""Bytes asked for at once: what is there comes at once, however little; a busy pipe is emptied with few calls."""
HEAD = 4096
"""Bytes that readers may look at to know their format."""

BUSY = 0.0005
"""Seconds: a chunk that came this soon means that whoever writes is at work."""
NAP = 0.002
"""Seconds in which a busy writer fills the pipe undisturbed. tshark writes 4 KiB at a time, and each write that wakes a
sleeping reader costs it several microseconds (docs/decisions/0003-the-pipe-costs-little.md)."""

_CAPTURES = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x0a\x0d\x0d\x0a")
"""How pcap and pcapng begin."""


class Source(msgspec.Struct):
    """One open input."""

    name: str
    """``standard input`` or the file's name."""
    reader: ReaderFormat
    stream: BinaryIO
    head: bytes = b""
    """What was read already, to detect the format."""
    tshark: Running | Shards | None = None
    """Who makes the bytes, when it is a tshark of ours, or several."""
    interruption: Interruption = msgspec.field(default_factory=Interruption)
    whole: WholeFrames | None = None
    """Where packets are looked at again, when tshark was asked for some fields only."""
    lacking: Sequence[str] = ()
    """Fields that somebody wants to read and that this tshark does not have."""
    one_job: str = ""
    """Why there is but one tshark."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes, as they come. Raises KeyboardInterrupt on Ctrl-C."""
        if self.head:
            yield self.head
        read, wait = self.stream.read, self.interruption.read
        roomy = pipe_room(_descriptor(self.stream)) >= PIPE_SIZE
        began = perf_counter()
        while chunk := wait(read, CHUNK):
            busy = perf_counter() - began < BUSY
            yield chunk
            if roomy and busy and len(chunk) < PIPE_SIZE // 4:
                sleep(NAP)
            began = perf_counter()

    def close(self) -> None:
        """Ends tshark, if it still runs, and closes the file."""
        if self.tshark is not None:
            self.tshark.stop()
        if self.whole is not None:
            self.whole.close()
        if self.stream is not sys.stdin:
            with suppress(OSError):
                self.stream.close()


def detected(head: bytes, readers: Iterable[ReaderFormat]) -> ReaderFormat | None:
    """The first reader that knows these first bytes."""
    return next((reader for reader in readers if reader.detects(head)), None)


def standard_input(readers: Iterable[ReaderFormat], interruption: Interruption, default: ReaderFormat) -> Source:
    """Standard input.

    :param default: the format of an empty input, for the writer's sake
    :raises UsageFailure: when it is in no format that we read
    """
    if sys.stdin is None:
        raise UsageFailure("standard input is closed; pipe tshark into labdissect, or name a file")
    stream = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115 (for the program's lifetime)
    known = list(readers)
    head = _head(lambda size: interruption.read(stream.read, size), known)
    reader = detected(head, known) or (default if _is_blank(head) else None)
    if reader is None:
        raise UsageFailure(f"standard input is {_looks_like(head)}")
    return Source("standard input", reader, stream, _content(head), interruption=interruption)


def no_such_file(name: str) -> UsageFailure:
    """Of a name under which there is nothing."""
    if "://" in name:
        return UsageFailure(f"cannot read {name}: only batch reads URLs: labdissect batch {name} -w FOLDER")
    return UsageFailure(f"cannot read {name}: there is no such file")


def text_file(
    name: str | os.PathLike[str], readers: Iterable[ReaderFormat], interruption: Interruption, default: ReaderFormat
) -> Source | None:
    """A FILE of tshark's EK or PDML; None when it is something else, a capture perhaps.

    :param default: the format of a file of nothing but blanks, which tshark would take for a packet
    :raises UsageFailure: when it cannot be read
    """
    path = Path(name)
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            raise UsageFailure(f"{path} is a folder; name a capture in it")
        stream = path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise no_such_file(os.fspath(name)) from error  # of a URL, a Path keeps one slash
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror or error}") from error
    known = list(readers)
    head = _head(stream.read, known)
    reader = detected(head, known) or (default if head and _is_blank(head) else None)
    if reader is not None:
        return Source(str(path), reader, stream, _content(head), interruption=interruption)
    regular = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    stream.close()
    text = _text_kind(head)
    if text is not None:
        raise UsageFailure(f"{path} is {text}")
    if not regular:
        raise UsageFailure(f"{path} is {_looks_like(head)}")
    return None


class OthersStream:
    """A stream that a caller opened: read as the bytes come, and left open, as it is the caller's to close."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._read = getattr(stream, "read1", None) or stream.read

    def read(self, size: int) -> bytes:
        """What is there, up to so many bytes; none at the end.

        :raises UsageFailure: when it reads text
        """
        data = self._read(size)
        if isinstance(data, str):
            raise UsageFailure("the stream reads text; open it in binary mode: open(name, 'rb')")
        return data or b""

    def fileno(self) -> int:
        """The caller's, where there is one."""
        return _descriptor(self._stream)

    def close(self) -> None:
        """Nothing: see above."""


def others_stream(stream: Any, readers: Iterable[ReaderFormat], default: ReaderFormat) -> Source:
    """What a caller of the library opened: a pipe of tshark's, a decompressed file, bytes in memory.

    :raises UsageFailure: when it is in no format that we read
    """
    own = cast("BinaryIO", OthersStream(stream))
    known = list(readers)
    head = _head(own.read, known)
    reader = detected(head, known) or (default if _is_blank(head) else None)
    if reader is None:
        raise UsageFailure(f"the stream is {_looks_like(head)}")
    name = getattr(stream, "name", None)
    return Source(name if isinstance(name, str) else "the stream", reader, own, _content(head))


def _is_blank(head: bytes) -> bool:
    return not head.removeprefix(BOM_UTF8).strip()


def _content(head: bytes) -> bytes:
    """A byte order mark alone is how some editors save an empty file."""
    return b"" if head == BOM_UTF8 else head


def _head(read: Callable[[int], bytes | None], readers: list[ReaderFormat]) -> bytes:
    """Reads until a reader knows the format or nobody can any more; a live input must not wait longer than that."""
    head = b""
    while len(head) < HEAD and detected(head, readers) is None:
        chunk = read(CHUNK)
        if not chunk:
            break
        head += chunk
    return head


def _looks_like(head: bytes) -> str:
    """What it is instead, and what to do."""
    if head.startswith(_CAPTURES):
        return "a capture; pipe `tshark -r - -T ek` in between, or name the file: labdissect FILE"
    return _text_kind(head) or "neither tshark's EK nor PDML; pipe `tshark -r FILE -T ek | labdissect`"


def _text_kind(head: bytes) -> str | None:
    """Text that people mistake for EK or PDML."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16 text, as PowerShell's > writes it; let tshark write in cmd, or use a pipe there"
    start = head.removeprefix(BOM_UTF8).lstrip()
    if start.startswith(b"["):
        return "JSON of `tshark -T json`; use `tshark -T ek`, which has one packet a line"
    if start.startswith(b"<") and b"<psml" in head:
        return "PSML, which has no fields; use `tshark -T pdml` or `tshark -T ek`"
    return None


def _descriptor(stream: BinaryIO) -> int:
    """Of the stream; -1 of one that has none, which nothing can be done with."""
    try:
        return stream.fileno()
    except (OSError, AttributeError):
        return -1


def cut(problem: str) -> Problem:
    """The input ended too early."""
    return Problem(problem, fatal=True, kind="cut")
