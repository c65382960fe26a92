"""Times as tshark prints them, to nanoseconds since 1970 (UTC)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def nanoseconds(text: object) -> int | None:
    """From ``1700000000.123456000`` (tshark to 4.2, ``-e``, PDML) or ``2023-11-14T22:13:20.123456000Z`` (4.4 on).

    None for anything else.
    """
    if type(text) is not str:
        return None
    try:
        if len(text) == 20 and text[10] == ".":  # the usual form of this century
            return int(text.replace(".", "", 1))
        whole, point, fraction = text.partition(".")
        if "T" in text:
            return _second(whole.rstrip("Z")) * 1_000_000_000 + _fraction(fraction.rstrip("Z"))
        negative = whole.startswith("-")
        size = int(whole.lstrip("-")) * 1_000_000_000 + (_fraction(fraction) if point else 0)
    except ValueError:
        return None
    return (-size if negative else size) if size < 2**63 else None


def _fraction(digits: str) -> int:
    return int(digits[:9].ljust(9, "0")) if digits else 0


@lru_cache(maxsize=64)
def _second(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
