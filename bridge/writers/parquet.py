"""parquet: a row a packet with types, for pandas, polars, DuckDB, Spark; its schema is in :mod:`bridge.tables`.

Rows are written in groups, so memory does not grow with the capture; the file is whole when the input has ended (a
Parquet file's directory is at its end), after Ctrl-C too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from labdissect.bridge import tables
from labdissect.bridge.failures import UsageFailure
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.writer import Record, Summary, WriterFormat, WriterSettings

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


class ParquetWriter:
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
        self._rows.add(self._showing(packet, verdicts, record))
        if self._rows.count >= tables.BATCH_ROWS:
            self._writer.write_batch(self._rows.taken())

    def other(self, record: Record) -> None:
        """Nothing: it is no packet."""

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """Nothing: no row is left to carry it."""

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
    return [WriterFormat("parquet", about, ParquetWriter, rows=True, joins=False, fields=FIELDS)]
