"""Reading bytes with compiled Construct, without its two traps.

Construct's compiled parsers are several times faster than plain ones, but they read without checks: bytes that end too
early come back short, and a negative length reads everything. :class:`StrictStream` raises instead.
"""

from __future__ import annotations

import re
import struct
import sys
from io import BytesIO
from itertools import groupby
from typing import Any

import msgspec
from construct import Construct, ConstructError, StreamError, Struct, Subconstruct, Terminated

_TERMINATED = type(Terminated)._parse.__code__
"""Construct's one reader that asks for a byte in order to get none."""


_UNCHECKED = re.compile(r"(?<!unpack\()(?<!parse_const\()io\.read\([^)]|restream\(i|linkedparsers\[|linkedinstances\[")
"""In the source of a compiled parser, what would not notice that bytes are missing: reads of a size that neither
``struct.unpack`` nor a constant looks at, streams within the stream, and parts that are not compiled."""


class StrictStream(BytesIO):
    """Bytes of which :meth:`read` gives exactly as many as were asked for."""

    wanted: int | None = None
    """How many bytes there would have to be for the read that failed."""

    def read(self, size: int | None = None, /) -> bytes:
        if size is None:
            return super().read()
        data = super().read(size)
        if size < 0 or len(data) != size:
            if sys._getframe(1).f_code is _TERMINATED:
                return data
            if size >= 0:
                self.wanted = self.tell() - len(data) + size
            raise StreamError(f"{size} bytes wanted, {len(data)} there")
        return data


class TooShort(ConstructError):  # type: ignore[misc]
    """The bytes ended before what was read from them did."""

    def __init__(self, error: ConstructError, wanted: int) -> None:
        super().__init__(str(error))
        self.wanted = wanted
        """How many bytes there must be at least."""


def compiled(subcon: Construct) -> Construct:
    """The same construct, several times faster where Construct can compile it."""
    try:
        made = subcon.compile()
        made.module.BytesIO = StrictStream  # for the streams within streams that it makes
        source = "".join(line for line in made.source.splitlines(keepends=True) if not line.startswith("#"))
        made.checks_itself = isinstance(subcon, Struct) and not _UNCHECKED.search(source.partition("def build_")[0])
        return made
    except Exception:  # Construct raises many kinds for what it cannot compile; the plain one parses all the same
        return subcon


def read(parser: Construct, data: bytes, **context: Any) -> tuple[Any, int]:
    """What ``parser`` reads from the beginning of ``data``, and how many bytes that took.

    :param context: what the parser may look at besides, as ``this._params.NAME``
    :raises TooShort: when the bytes ended too early
    :raises construct.ConstructError: for any other reason
    """
    if getattr(parser, "checks_itself", False):
        quick = BytesIO(data)
        try:
            return parser.parse_stream(quick, **context), quick.tell()
        except Exception:  # why, the stricter way tells
            pass
    stream = StrictStream(data)
    try:
        value = parser.parse_stream(stream, **context)
    except ConstructError as error:
        if stream.wanted is not None:
            raise TooShort(error, stream.wanted) from error
        raise
    except (struct.error, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # functions of members see values that a hostile packet made up, or None for what was not there
        raise ConstructError(str(error)) from error
    if isinstance(value, dict):
        value.pop("_io", None)
    return value, stream.tell()


class Failure(msgspec.Struct, frozen=True):
    """Why bytes were not what a construct reads."""

    path: str
    """The member, ``header.length``; empty when the construct has no members."""
    offset: int
    """Where the read began that failed, or the last one before the failure."""
    reason: str


class _Traced(StrictStream):
    """Bytes that remember where they were read last."""

    last = 0

    def read(self, size: int | None = None, /) -> bytes:
        self.last = self.tell()
        return BytesIO.read(self, size)  # Construct, not compiled, looks for itself whether these are enough


class _Watched(Subconstruct):  # type: ignore[misc]
    """A member that notes when it is read, as not all of Construct's errors name the member."""

    def __init__(self, member: Construct, entered: list[str]) -> None:
        super().__init__(member)
        self.name = member.name
        self._entered = entered

    def _parse(self, stream: Any, context: Any, path: Any) -> Any:
        self._entered.append(self.name or "")
        return self.subcon._parsereport(stream, context, path)


def why_not(subcon: Construct, data: bytes, error: ConstructError) -> Failure:
    """Where and why ``subcon`` does not read ``data``, which :func:`read` has refused with ``error``.

    Compiled parsers do not know which member they are at, so Construct reads it once more by the definition itself.
    """
    stream = _Traced(data)
    entered = [""]
    if isinstance(subcon, Struct):
        subcon = Struct(*[_Watched(member, entered) for member in subcon.subcons])
    try:
        subcon.parse_stream(stream)
    except ConstructError as found:
        error = found
    except Exception as found:
        error = ConstructError(f"{type(found).__name__}: {found}")
    reason = str(error).rpartition("\n")[2] if error.path else str(error)
    # a member is in the path once for its name and once more for its documentation
    members = [name for name, _ in groupby((error.path or "").split(" -> ")[1:])]
    return Failure(".".join(members) or entered[-1], stream.last, reason)
