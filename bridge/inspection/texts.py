"""Sentences in two languages: whether both are there and ask for the same."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator

from labdissect.dissectors.layer import Text
from labdissect.plugins.rule import placeholders

from .author import Finding, Place

_CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_LETTERS = re.compile(r"[A-Za-z]{2}")


def has_chinese(text: Text) -> bool:
    """Whether the Chinese text is one; where no word is to be translated (numbers, one name) it may be the English."""
    if _CHINESE.search(text.zh):
        return True
    return not _LETTERS.search(re.sub(r"\{[^}]*\}", "", text.en))


def about_template(text: object, what: str, place: Place) -> Iterator[Finding]:
    """Findings about a text with placeholders.

    :param what: what it is, for the message: ``rule lab.x``
    """
    if not isinstance(text, Text):
        yield place.error(f"{what}: its text is {type(text).__name__}; write Text(English, Chinese)")
        return
    for language, template in (("English", text.en), ("Chinese", text.zh)):
        reason = _broken(template)
        if reason:
            yield place.error(f"{what}: its {language} text {template!r}: {reason}")
            return
    english, chinese = placeholders(text.en), placeholders(text.zh)
    if not text.zh.strip() or not has_chinese(text):
        yield place.warning(f"{what}: there is no Chinese text for {text.en!r}")
    elif english != chinese:
        yield place.error(
            f"{what}: its texts have different placeholders: {braced(english)} in English, {braced(chinese)} in Chinese"
        )


def _broken(template: str) -> str | None:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        return f"{error}; a brace that is to be seen is written twice"
    odd = [name for name in names if not name.isidentifier()]
    return f"{{{odd[0]}}} is no parameter's name" if odd else None


def braced(names: Iterable[str]) -> str:
    """Parameters as texts have them: ``{before}, {seq}``."""
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "none"
