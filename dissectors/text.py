"""Text in a header that remembers its bytes, so that what was parsed builds the same bytes again."""

from __future__ import annotations

from .layer import TextOf


class WireText(str):
    """A ``str`` whose bytes on the wire were ``wire``: compressed names, padding, invalid UTF-8."""

    __slots__ = ("wire",)
    wire: bytes

    def __new__(cls, text: str, wire: bytes) -> WireText:
        made = super().__new__(cls, text)
        made.wire = wire
        return made


def shown(data: bytes) -> str:
    """Bytes as tshark shows text: what is not UTF-8 replaced, cut at the first NUL."""
    return data.partition(b"\0")[0].decode("utf-8", "replace")


def wire(text: str) -> bytes:
    """The bytes that a text came from, else those that it makes."""
    return text.wire if isinstance(text, WireText) else text.encode()


def text_of(size: int | None = None) -> TextOf:
    """Text of so many bytes, filled up with NUL; without ``size`` all that are left."""
    return TextOf(size, lambda raw: WireText(shown(raw), raw), lambda text: wire(text).ljust(size or 0, b"\0"))
