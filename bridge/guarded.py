"""A plugin's functions, called so that their failure names their author's line and does not end the program."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import msgspec

from labdissect.plugins.column import Column
from labdissect.plugins.guard import described, shown, survived
from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import Verdict
from labdissect.plugins.time_limit import limited, limited_work
from labdissect.plugins.writer import (
    DraftingWriter,
    Problem,
    Reader,
    ReaderFormat,
    Record,
    Said,
    Summary,
    Writer,
    WriterFormat,
    WriterSettings,
)

from .failures import ReaderFailure

if TYPE_CHECKING:
    from labdissect.plugins.registry import Registry
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange


def place(error: BaseException, function: Any) -> str:
    """``TypeError: … (file.py:12)``: the last line of the function's own file that the error passed through."""
    code = getattr(function, "__code__", None) or getattr(getattr(function, "__init__", None), "__code__", None)
    lines = traceback.extract_tb(error.__traceback__)
    own = [line for line in lines if code is not None and line.filename == code.co_filename] or lines
    where = f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
    return f"{described(error)}{where}"


def beginning(function: Any) -> str:
    """``file.py:10``, where the function begins; what it is, where Python does not tell."""
    code = getattr(function, "__code__", None)
    return repr(function) if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """``function(*arguments)``, which is a plugin's: raises an Exception whatever that raises, but for Ctrl-C."""
    try:
        return function(*arguments)
    except BaseException as error:
        raise survived(error) from None


@limited_work
def called_for_a_packet(function: Callable[..., Any], *arguments: Any) -> Any:
    """The same, ended when it takes too long."""
    try:  # called() in here would be one more call for each packet
        return function(*arguments)
    except BaseException as error:
        raise survived(error) from None


def guarded_columns(columns: Mapping[str, Column], report: Callable[[Problem], None]) -> dict[str, Column]:
    """The columns, each of which is switched off (stays empty) when its function raises."""
    return {name: msgspec.structs.replace(column, value=_guarded(column, report)) for name, column in columns.items()}


def _guarded(column: Column, report: Callable[[Problem], None]) -> Callable[[Packet], Any]:
    off = False

    @limited
    def value(packet: Packet) -> Any:
        nonlocal off
        if off:
            return None
        try:
            return column.value(packet)
        except BaseException as error:
            off = True
            failure = place(survived(error), column.value)
            why = f"column {column.name} failed at frame {packet.number}: {failure}; switched off"
            report(Problem(why, fatal=True, kind="plugin"))
            return None

    return value


def guarded_readers(registry: Registry, report: Callable[[Problem], None]) -> dict[str, ReaderFormat]:
    """The input formats by name. Of those that plugins give, one that cannot look at an input's first bytes is reported
    and knows no input from then on; one that cannot read on raises ReaderFailure."""
    return {
        name: format if registry.is_built_in("reader", name) else _guarded_reader(registry, format, report)
        for name, format in registry.readers.items()
    }


def _guarded_reader(registry: Registry, format: ReaderFormat, report: Callable[[Problem], None]) -> ReaderFormat:
    plugin = registry.givers["reader", format.name]
    off = False

    def detects(head: bytes) -> bool:
        nonlocal off
        if off:
            return False
        try:
            return bool(called(format.detects, head))
        except Exception as error:
            off = True
            why = f"failed at the first bytes: {place(error, format.detects)}; switched off"
            report(Problem(f"plugin {plugin}: reader {format.name} {why}", fatal=True, kind="plugin"))
            return False

    def make(*arguments: Any) -> GuardedReader:
        return GuardedReader(plugin, format, arguments)

    return msgspec.structs.replace(format, detects=detects, make=make)


class GuardedReader:
    """A plugin's reader, whose calls raise nothing but ReaderFailure; those for a record can be ended when they take
    too long.

    :raises ReaderFailure: as the making of the reader fails
    """

    def __init__(self, plugin: str, format: ReaderFormat, arguments: Sequence[Any]) -> None:
        self._named = f"plugin {plugin}: reader {format.name}"
        self._frame: int | None = None
        try:
            self._reader: Reader = called(format.make, *arguments)
        except Exception as error:
            raise ReaderFailure(f"{self._named} failed before the first packet: {place(error, format.make)}") from error
        if not all(callable(getattr(self._reader, method, None)) for method in ("records", "end")):
            what = f"make gave {shown(self._reader)}; a Reader, with records and end, was expected"
            raise ReaderFailure(f"{self._named}: {what} ({beginning(format.make)})")

    def records(self, chunk: bytes) -> Iterator[Record]:
        """As the plugin's."""
        return self._each(self._reader.records, chunk)

    def end(self) -> Iterator[Record]:
        """As the plugin's."""
        return self._each(self._reader.end)

    def failure(self, error: Exception) -> ReaderFailure | None:
        """What a record of the plugin's own kind has raised, when somebody asked it for something; None when the error
        came from elsewhere."""
        own = getattr(type(self._reader).records, "__code__", None)
        lines = traceback.extract_tb(error.__traceback__)
        if own is None or all(line.filename != own.co_filename for line in lines):
            return None
        what = f"{self._named} gave a packet that failed: {place(error, type(self._reader).records)}"
        return ReaderFailure(f"{what}; {_NO_MORE}")

    def _each(self, function: Callable[..., Any], *arguments: Any) -> Iterator[Record]:
        try:
            given = called_for_a_packet(function, *arguments)
            if given is not None and not isinstance(given, Iterable):
                raise _Unusable(f"{function.__name__} returned {shown(given)}; it should return or yield records")
            records = iter(given or ())
            while (record := called_for_a_packet(next, records, _END)) is not _END:
                if not _is_record(record):
                    raise _Unusable(f"{function.__name__} gave {shown(record)}; a Record(raw, packet) was expected")
                if record.packet is not None:
                    self._frame = record.packet.number
                yield record
        except Exception as error:
            when = "before the first packet" if self._frame is None else f"after frame {self._frame}"
            what = f"{error} ({beginning(function)})" if isinstance(error, _Unusable) else place(error, function)
            raise ReaderFailure(f"{self._named} failed {when}: {what}; {_NO_MORE}") from error


_NO_MORE = "the rest of the input is not read"
_END = object()


class _Unusable(Exception):
    """A plugin's function gave what it should not."""


def _is_record(value: Any) -> bool:
    if not isinstance(value, Record):
        return False
    return value.packet is None or (isinstance(value.packet, Packet) and isinstance(value.packet.number, int))


def reader_failure(error: Exception, reader: Reader | None) -> ReaderFailure | None:
    """What the loop ends with for a plugin's reader's fault; None when it is not that."""
    if isinstance(error, ReaderFailure):
        return error
    return reader.failure(error) if isinstance(reader, GuardedReader) else None


class GuardedWriter:
    """A plugin's writer, whose calls raise an Exception whatever happens in them. Those for a packet can be ended when
    they take too long; making an output's beginning and end of what there was may take its time.

    :raises Exception: as the making of the writer does
    """

    def __init__(self, format: WriterFormat, out: BinaryIO, settings: WriterSettings) -> None:
        self._writer: Writer = called(format.make, out, settings)
        self.patient: bool = getattr(self._writer, "patient", False)
        self.passes_on: bool = getattr(self._writer, "passes_on", False)

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """As the plugin's."""
        called_for_a_packet(self._writer.packet, record, packet, verdicts)

    def other(self, record: Record) -> None:
        """As the plugin's."""
        called_for_a_packet(self._writer.other, record)

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """As the plugin's."""
        called_for_a_packet(self._writer.conversation, conversation, verdicts)

    def flush(self) -> None:
        """As the plugin's."""
        called(self._writer.flush)

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """As the plugin's."""
        called(self._writer.end, summary, verdicts)

    def draft(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> bytes:
        """As the plugin's, which must be a DraftingWriter."""
        drafted: bytes = called_for_a_packet(cast(DraftingWriter, self._writer).draft, record, packet, verdicts)
        return drafted

    def place(self, number: int, draft: bytes, later: Sequence[Said]) -> None:
        """As the plugin's, which must be a DraftingWriter."""
        called_for_a_packet(cast(DraftingWriter, self._writer).place, number, draft, later)
