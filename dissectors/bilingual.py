"""A sentence in both languages."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """The same sentence in both languages, with the same placeholders."""

    en: str
    zh: str
