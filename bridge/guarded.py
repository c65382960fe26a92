"""A plugin's functions, called so that their failure names their author's line and does not end the program."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from labdissect.plugins.column import Column
from labdissect.plugins.packet import Packet
from labdissect.plugins.time_limit import TookTooLong, limited
from labdissect.plugins.writer import Problem


def place(error: BaseException, function: Any) -> str:
    """``TypeError: … (file.py:12)``: the last line of the function's own file that the error passed through."""
    code = getattr(function, "__code__", None) or getattr(getattr(function, "__init__", None), "__code__", None)
    lines = traceback.extract_tb(error.__traceback__)
    own = [line for line in lines if code is not None and line.filename == code.co_filename] or lines
    where = f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{where}"


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
        except (Exception, TookTooLong) as error:
            off = True
            why = f"column {column.name} failed at frame {packet.number}: {place(error, column.value)}; switched off"
            report(Problem(why, fatal=True, kind="plugin"))
            return None

    return value
