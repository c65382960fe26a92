"""An example of each rule, from a capture of the repository: what ``labdissect explain`` and docs/rules show.

The examples are in examples.json beside this file, so that an installed labdissect has them without the captures;
``make docs`` writes it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

FILE = Path(__file__).with_name("examples.json")


class Example(msgspec.Struct, frozen=True):
    """A verdict as it was given once."""

    capture: str
    """Path in the repository."""
    frame: int
    """The frame that it is about."""
    text: str
    evidence: tuple[tuple[int, str, str], ...]
    """Frame, tshark's field, value."""
    plugins: tuple[str, ...] = ()
    """Paths in the repository of the plugins that it takes."""

    @property
    def name(self) -> str:
        """The capture's file name."""
        return self.capture.rpartition("/")[2]


def example(code: str, language: str = "en") -> Example | None:
    """The example of a rule; None for one that has none, such as a plugin's.

    :param language: ``en`` or ``zh``
    """
    stored = _stored().get(code)
    if stored is None:
        return None
    evidence = tuple((frame, field, value) for frame, field, value in stored["evidence"])
    return Example(stored["capture"], stored["frame"], stored[language], evidence, tuple(stored.get("plugins", ())))


@cache
def _stored() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    return found


def forget() -> None:
    """Reads the file again when next asked."""
    _stored.cache_clear()
