"""Reading bytes with compiled Construct, without its two traps.

Construct's compiled parsers are several times faster than plain ones, but they read without checks: bytes that end too
early come back short, and a negative length reads everything. :class:`StrictStream` raises instead.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

from construct import Construct, ConstructError, StreamError


class StrictStream(BytesIO):
    """Bytes of which :meth:`read` gives exactly as many as were asked for."""

    def read(self, size: int | None = None, /) -> bytes:
        if size is None:
            return super().read()
        data = super().read(size)
        if size < 0 or len(data) != size:
            raise StreamError(f"{size} bytes wanted, {len(data)} there")
        return data


def compiled(subcon: Construct) -> Construct:
    """The same construct, several times faster where Construct can compile it."""
    try:
        made = subcon.compile()
        made.module.BytesIO = StrictStream  # for the streams within streams that it makes
        return made
    except Exception:  # Construct raises many kinds for what it cannot compile; the plain one parses all the same
        return subcon


def read(parser: Construct, data: bytes, **context: Any) -> tuple[Any, int]:
    """What ``parser`` reads from the beginning of ``data``, and how many bytes that took.

    :param context: what the parser may look at besides, as ``this._params.NAME``
    :raises construct.ConstructError: for whatever reason
    """
    stream = StrictStream(data)
    try:
        value = parser.parse_stream(stream, **context)
    except (struct.error, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # functions of members see values that a hostile packet made up, or None for what was not there
        raise ConstructError(str(error)) from error
    if isinstance(value, dict):
        value.pop("_io", None)
    return value, stream.tell()
