"""Captured text made safe for where it goes: a terminal, a spreadsheet, JSON, XML.

What a packet holds was chosen by whoever sent it. Printed as it came, an escape sequence moves the reader's cursor, a
bidirectional mark turns the sentence round, a cell that begins with ``=`` runs as a formula. So every writer passes
its text through one function of this file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

_HARMFUL = (
    r"\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: ESC and CSI among them
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that reorder the text (Unicode TR 9)
    r"\u2028\u2029"  # line and paragraph separator
    r"\ufeff\ufffe\uffff"  # byte order mark and noncharacters, which XML forbids
    r"\ud800-\udfff"  # lone surrogates, which UTF-8 cannot hold
)
_harmful = f"[{_HARMFUL}]"
"""Compiled by :mod:`re` when there is something to escape: all of these are unprintable, which is quick to know."""
_FAMILIAR = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}

LOST_AT_MOST = 8
"""Characters of a word that :func:`shortened` gives up rather than cutting the word."""

_number = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for a formula's beginning (OWASP, CSV injection); East Asian ones know the wide forms."""


def visible(text: str) -> str:
    r"""Text for a terminal: what would act instead of being seen becomes ``\x1b``, ``\u202e``, ``\n``.

    A backslash stays as it is: the result is to be read, not to be turned back.
    """
    return text if text.isprintable() else re.sub(_harmful, _escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    return _FAMILIAR.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def sheet_cell(text: str) -> str:
    """Text for a cell of CSV or TSV: visible, and with an apostrophe before it where a spreadsheet would calculate.

    Plain numbers stay numbers.
    """
    if text.startswith(_FORMULA_STARTS) and not re.fullmatch(_number, text):
        text = "'" + text
    return visible(text)


def xml_attribute(text: str) -> str:
    """Text for an attribute in double quotes; it holds nothing that XML 1.0 forbids."""
    text = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#x27;")


def json_text(value: Any) -> bytes:
    r"""A JSON value that is as safe to look at as to parse: harmful characters are ``\u….``, so nothing is lost.

    Bytes become hex; what JSON has no form for becomes its ``str``.
    """
    try:
        encoded = _encode(value)
    except UnicodeEncodeError:  # a lone surrogate
        plain = msgspec.to_builtins(value, enc_hook=str)
        return _escaped_json(json.dumps(plain, ensure_ascii=False, separators=(",", ":"))).encode()
    if encoded.isascii() and 0x7F not in encoded:
        return encoded
    text = encoded.decode()
    return encoded if text.isprintable() else _escaped_json(text).encode()  # a quick look: hardly ever is it not


_encode = msgspec.json.Encoder(enc_hook=str).encode


def _escaped_json(text: str) -> str:
    return re.sub(_harmful, lambda match: f"\\u{ord(match[0]):04x}", text)


# how wide text is on a terminal


def width(text: str) -> int:
    """Terminal columns that visible text takes: East Asian characters take two."""
    return len(text) if text.isascii() else _cell_len(text)


@lru_cache(maxsize=4096)
def _cell_len(text: str) -> int:
    from rich.cells import cell_len  # only tables need it, and it is slow to import

    return cell_len(text)


def indented(text: str, columns: int) -> str:
    """Text with blanks before it, so many columns together."""
    return " " * (columns - width(text)) + text


def shortened(text: str, columns: int) -> str:
    """Text that takes at most so many columns, its end replaced by an ellipsis where there is more."""
    if width(text) <= columns:
        return text
    kept = next(_pieces(text, columns - 1), "")
    if width(kept) >= columns:  # one wide character
        return "…"
    blank = kept.rfind(" ")
    if blank > 0 and len(kept) - blank <= LOST_AT_MOST:
        kept = kept[: blank + 1]
    return kept + "…"


def wrapped(text: str, columns: int) -> list[str]:
    """Text in lines of at most so many columns, broken at blanks and between Chinese characters.

    A word longer than a line is cut.
    """
    lines, line, used = [], "", 0
    for word in _words(text):
        size = width(word)
        if line and used + width(word.rstrip()) > columns:
            lines.append(line.rstrip())
            line, used = "", 0
        while size > columns and width(word.rstrip()) > columns:
            piece = next(_pieces(word, columns))
            lines.append(piece)
            word = word[len(piece) :]
            size = width(word)
        line, used = line + word, used + size
    if line or not lines:
        lines.append(line.rstrip())
    return lines


_WIDE = r"\u2e80-\u303f\u3041-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60"
_CLOSING = r"[,.:;!?)\]\u3001\u3002\uff01\uff09\uff0c\uff1a\uff1b\uff1f\u300b\u300d\u2019\u201d]*"
"""What must not begin a line."""
_OPENING = r"(?:[(\[\u201c\u2018\u300a\u300c\uff08]|第\s(?=\d))*"
"""What must not end a line; 第 stays with its number."""
_QUANTITY = r"\d[\d.,–]*\s(?:(?:ns|µs|ms|s|min|h)(?![A-Za-z])|字节|帧|条|次|个|步)"
"""A number stays with its unit."""


@lru_cache(maxsize=1)
def _word() -> re.Pattern[str]:
    """Compiled when the first text is wrapped: it takes longer than some whole runs."""
    return re.compile(rf"{_OPENING}(?:{_QUANTITY}|[{_WIDE}]|[^\s{_WIDE}]+){_CLOSING}\s*|\s+")


def _words(text: str) -> Iterator[str]:
    """Pieces between which a line may break, each with the blanks behind it."""
    return (match[0] for match in _word().finditer(text))


def _pieces(text: str, columns: int) -> Iterator[str]:
    """The text cut into pieces of at most so many columns, each of at least one character."""
    piece, used = "", 0
    for character in text:
        size = width(character)
        if piece and used + size > columns:
            yield piece
            piece, used = "", 0
        piece, used = piece + character, used + size
    if piece:
        yield piece
