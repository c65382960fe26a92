"""A plugin's functions, called so that their failure names their author's line and does not end the program."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import msgspec

from labdissect.plugins.column import Column
from labdissect.plugins.guard import survived
from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import Verdict
from labdissect.plugins.time_limit import limited, limited_work
from labdissect.plugins.writer import (
    DraftingWriter,
    Problem,
    Record,
    Said,
    Summary,
    Writer,
    WriterFormat,
    WriterSettings,
)

if TYPE_CHECKING:
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange


def place(error: BaseException, function: Any) -> str:
    """``TypeError: … (file.py:12)``: the last line of the function's own file that the error passed through."""
    code = getattr(function, "__code__", None) or getattr(getattr(function, "__init__", None), "__code__", None)
    lines = traceback.extract_tb(error.__traceback__)
    own = [line for line in lines if code is not None and line.filename == code.co_filename] or lines
    where = f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{where}"


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


class GuardedWriter:
    """A plugin's writer, whose calls raise an Exception whatever happens in them. Those for a packet can be ended when
    they take too long; making an output's beginning and end of what there was may take its time.

    :raises Exception: as the making of the writer does
    """

    def __init__(self, format: WriterFormat, out: BinaryIO, settings: WriterSettings) -> None:
        self._writer: Writer = called(format.make, out, settings)
        self.patient: bool = getattr(self._writer, "patient", False)

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
