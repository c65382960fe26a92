"""Taking apart tshark's parallel arrays: one key for all options, records or extensions of a header."""

from __future__ import annotations

from typing import Any

from .layer import Fields, as_bytes, as_integer


class Pieces:
    """The values of a layer's fields, taken from the front while the header is walked. A value that is not there, or
    not of its kind, is None."""

    def __init__(self, fields: Fields, prefix: str) -> None:
        """:param prefix: what the names begin with: ``dns_`` makes ``next("resp_name")`` read ``dns_resp_name``"""
        self._fields, self._prefix = fields, prefix
        self._taken: dict[str, int] = {}

    def left(self, name: str) -> int:
        """How many values of the field were not taken yet."""
        return len(self._fields.get(self._prefix + name, ())) - self._taken.get(name, 0)

    def next(self, name: str) -> Any:
        """The next value as tshark printed it."""
        values = self._fields.get(self._prefix + name, ())
        position = self._taken.get(name, 0)
        if position >= len(values):
            return None
        self._taken[name] = position + 1
        return values[position]

    def integer(self, name: str) -> int | None:
        return as_integer(self.next(name))

    def octets(self, name: str) -> bytes | None:
        return as_bytes(self.next(name))

    def text(self, name: str) -> str | None:
        value = self.next(name)
        return value if isinstance(value, str) else None

    def flag(self, name: str) -> bool | None:
        value = self.next(name)
        return None if value is None else value in (True, "1", "True", "true")
