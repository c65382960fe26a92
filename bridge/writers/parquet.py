"""parquet: a row a packet with types, for pandas, polars, DuckDB, Spark; its schema is in :mod:`bridge.tables`.

Rows are written in groups, so memory does not grow with the capture; the file is whole when the input has ended (a
Parquet file's directory is at its end), after Ctrl-C too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from labdissect.bridge import tables
from labdissect.bridge.failures import UsageFailure
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.writer import BaseWriter, Record, Said, Summary, WriterFormat, WriterSettings

from .cells import FIELDS, Showing, chosen_columns

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Verdict
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange


class Unseekable:
    """What pyarrow wants of a stream, for one that may be a pipe: it asks where it is, and must not close stdout."""

    closed = False

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._written = 0

    def write(self, data: Any) -> int:
        """Writes all."""
        self._out.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        """Bytes so far."""
        return self._written

    def flush(self) -> None:
        """Passed on."""
        self._out.flush()

    def writable(self) -> bool:
        """Yes."""
        return True

    def readable(self) -> bool:
        """No."""
        return False

    def seekable(self) -> bool:
        """No."""
        return False

    def close(self) -> None:
        """Whoever opened the stream closes it."""


class ParquetWriter(BaseWriter):
    """Writes the file."""

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        tables.arrow()
        if out.isatty():
            raise UsageFailure("Parquet is binary and a terminal shows text: name a file with -w, or use -o table")
        from pyarrow import parquet

        self._showing = Showing(settings.language)
        self._rows = tables.Rows(chosen_columns(settings, tables.PACKETS))
        self._writer = parquet.ParquetWriter(Unseekable(out), self._rows.schema, compression="zstd")

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """One row."""
        self._put(self._rows.values(self._showing(packet, verdicts, record)))

    def draft(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> bytes:
        """The row as it is known so far."""
        return msgspec.msgpack.encode(self._rows.values(self._showing(packet, verdicts, record)))

    def place(self, number: int, draft: bytes, later: Sequence[Said]) -> None:
        """The row, with what was said of the packet later."""
        self._put(msgspec.msgpack.decode(draft), later)

    def _put(self, row: Sequence[Any], later: Sequence[Said] = ()) -> None:
        self._rows.put(row, later)
        if self._rows.count >= tables.BATCH_ROWS:
            self._writer.write_batch(self._rows.taken())

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """Nothing: no row is left to carry it. (Those of a FILE are, see :meth:`place`.)"""

    def flush(self) -> None:
        """Nothing: a group is written when it is full."""

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """Writes what waits, and the directory."""
        if self._rows.count:
            self._writer.write_batch(self._rows.taken())
        self._writer.close()


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    about = "a row a packet with types (needs pyarrow)"
    return [WriterFormat("parquet", about, ParquetWriter, rows=True, joins=False, waits=None, fields=FIELDS)]
