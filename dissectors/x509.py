"""What an X.509 certificate says in plain words (RFC 5280 §4.1): whose it is, who issued it, for which names, how long.

Only these few values are read, from the DER bytes (ITU-T X.690) that TLS up to 1.2 carries in the clear. Nothing is
verified: that a certificate names somebody proves nothing yet.
"""

from __future__ import annotations

from typing import Any

import msgspec
from construct import Construct, ConstructError, GreedyBytes, Int8ub, Prefixed, SizeofError, Struct
from construct.core import stream_read

from .options import All
from .reading import read
from .text import shown

VERSION, EXTENSIONS, DNS_NAME, UTC_TIME, TELETEX, BMP = 0xA0, 0xA3, 0x82, 23, 20, 30
"""Tags of ASN.1: the two optional members by which others are found, a host's name, and what is written otherwise."""
COMMON_NAME, ORGANIZATION = bytes.fromhex("550403"), bytes.fromhex("55040a")
SUBJECT_ALTERNATIVE_NAME = bytes.fromhex("551d11")
NAMES_LIMIT = 8
"""Names of one certificate that are told."""


class Certificate(msgspec.Struct, frozen=True):
    """What a certificate says."""

    subject: str
    """Common name of its owner, else the organization; empty when it has neither."""
    issuer: str
    """The same of who signed it."""
    self_issued: bool
    """Owner and issuer are the same."""
    names: tuple[str, ...]
    """Names of hosts that it is for (subjectAltName), at most :data:`NAMES_LIMIT`."""
    until: str
    """Last day on which it is valid: ``2026-12-21``; empty when that cannot be read."""


class _Length(Construct):  # type: ignore[misc]
    """A length in DER: one byte up to 127, else how many bytes it has and these."""

    def _parse(self, stream: Any, context: Any, path: str) -> int:
        first: int = Int8ub._parsereport(stream, context, path)
        return first if first < 0x80 else int.from_bytes(stream_read(stream, first & 0x7F, path), "big")

    def _sizeof(self, context: Any, path: str) -> int:
        raise SizeofError("one byte or several", path=path)


_ELEMENT = Struct("tag" / Int8ub, "content" / Prefixed(_Length(), GreedyBytes))
_ELEMENTS = All(_ELEMENT)


def certificate(data: bytes) -> Certificate | None:
    """What a certificate says; None for bytes that are none.

    :param data: in DER, as ``tls.handshake.certificate`` has it
    """
    try:
        whole, *_ = _elements(_elements(data)[0].content)
        parts = _elements(whole.content)
        if parts[0].tag == VERSION:
            del parts[0]
        _number, _algorithm, issuer, validity, subject, *rest = parts
        extensions = next((one.content for one in rest if one.tag == EXTENSIONS), b"")
        return Certificate(
            _name(subject.content),
            _name(issuer.content),
            subject.content == issuer.content,
            tuple(_host_names(extensions))[:NAMES_LIMIT],
            _day(_elements(validity.content)[1]),
        )
    except (ConstructError, LookupError, ValueError):
        return None


def _elements(data: bytes) -> list[Any]:
    return list(read(_ELEMENTS, data)[0])


def _name(data: bytes) -> str:
    """The common name within a distinguished name, else the organization."""
    found: dict[bytes, str] = {}
    for group in _elements(data):
        for attribute in _elements(group.content):
            kind, value = _elements(attribute.content)
            found.setdefault(kind.content, _text(value))
    return found.get(COMMON_NAME) or found.get(ORGANIZATION, "")


def _text(element: Any) -> str:
    if element.tag in (TELETEX, BMP):
        encoding = "latin-1" if element.tag == TELETEX else "utf-16-be"
        text: str = element.content.decode(encoding, "replace")
        return text
    return shown(element.content)


def _host_names(extensions: bytes) -> list[str]:
    """The host names of the subjectAltName extension (RFC 5280 §4.2.1.6)."""
    if not extensions:
        return []
    for extension in _elements(_elements(extensions)[0].content):
        kind, *_, value = _elements(extension.content)
        if kind.content == SUBJECT_ALTERNATIVE_NAME:
            names = _elements(_elements(value.content)[0].content)
            return [shown(name.content) for name in names if name.tag == DNS_NAME]
    return []


def _day(element: Any) -> str:
    """The day of a UTCTime ``YYMMDD…``, which means 1950 to 2049, or of a GeneralizedTime ``YYYYMMDD…``
    (RFC 5280 §4.1.2.5)."""
    digits = element.content.decode("ascii", "replace")
    if element.tag == UTC_TIME:
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    day = digits[:8]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 and day.isdecimal() else ""
