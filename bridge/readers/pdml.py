"""tshark's PDML (``-T pdml``) to packets, ``<packet>`` by ``<packet>``.

The document is never parsed as a whole: a piece ends where ``</packet>`` does, so memory holds one packet, a live
capture's packets come as they are captured, and what tshark 3.4 printed that is no XML (raw control characters) spoils
no more than its own packet's text. tshark escapes ``<`` in every value, so a tag in the bytes is a tag.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping, Sequence

from labdissect.bridge.lines import LINE_LIMIT
from labdissect.dissectors.layer import Layer
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.packet import Packet
from labdissect.plugins.writer import Problem, ReaderFormat, Record

from .clock import nanoseconds
from .fields import EntriesSource, Entry, ek_layers, first_value, pdml_layers

OWN = "labdissect"
"""The ``<proto>`` that carries our columns."""

END = b"</packet>"
_BEGIN = re.compile(rb"<packet[\s>]")
_BEGIN_LENGTH = len(b"<packet>")
_BLANK = b" \t\r\n"

_ATTRIBUTES = rb'(?:\s+[^\s=<>"]+\s*=\s*"[^"]*")*'
_OWN_PROTO = rb'(?:  )?<proto%b\s+name\s*=\s*"(?:%b)"%b\s*>.*?</proto>\n?'
"""A ``<proto>`` of ours, with the indent and the line end that the writer gives it."""


_SHOW = rb'<field\s+name="%b"\s[^<>]*?\bshow="([^"]*)"'


class PdmlRecord(Record, eq=False, gc=False):
    """One ``<packet>``, with the blanks before it."""

    own: tuple[str, ...] = ()
    """Layers of ours that the packet brought along, to be replaced."""

    def spliced(self, *addition: bytes) -> Sequence[bytes | memoryview]:
        """The packet with ``addition`` (``  <proto …>…</proto>`` and a line feed) as its last child."""
        raw = self.without_own_layers() if self.own else self.raw
        return memoryview(raw)[: -len(END)], *addition, END

    def values(self, field: str) -> list[str]:
        """As :meth:`Record.values`: what ``show`` says."""
        import html  # few runs need it

        shows = re.findall(_SHOW % re.escape(field.encode()), self.raw)
        return [html.unescape(show.decode("utf-8", "replace")) for show in shows if show]

    def without_own_layers(self) -> bytes:
        """The packet as it was before any layer of ours was added."""
        names = b"|".join(re.escape(name.encode()) for name in self.own)
        return re.sub(_OWN_PROTO % (_ATTRIBUTES, names, _ATTRIBUTES), b"", self.raw, flags=re.DOTALL)


class PacketSplitter:
    """Cuts the document into packets and what is between them; linear in the input, however large a packet is."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._pending = bytearray()
        self._searched = 0
        """How far no end of the packet was found."""
        self._inside = -1
        """Where ``<packet`` begins in what is pending; -1 outside of a packet."""
        self._limit = limit

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, bool]]:
        """The pieces that ``chunk`` completes, each with whether it is a packet."""
        pending = self._pending
        pending += chunk
        while True:
            if self._inside < 0:
                found = _BEGIN.search(pending)
                yield from self._outside(found.start() if found else self._undecided())
                if found is None:
                    return
                self._inside = self._searched = len(pending) - len(pending.lstrip(_BLANK))
            end = pending.find(END, self._searched)
            if end < 0:
                self._searched = max(self._inside, len(pending) - len(END) + 1)
                if len(pending) > self._limit:
                    yield self.rest(), False
                return
            yield self._taken(end + len(END)), True

    def _undecided(self) -> int:
        """Where, at the end of what is pending, a tag may begin that the next chunk completes."""
        last = self._pending.rfind(b"<", max(0, len(self._pending) - _BEGIN_LENGTH + 1))
        return len(self._pending) if last < 0 else last

    def _outside(self, end: int) -> Iterator[tuple[bytes, bool]]:
        """What stands before ``end``; blanks go with what follows them."""
        kept = len(self._pending[:end].rstrip(_BLANK))
        if kept:
            yield self._taken(kept), False

    def _taken(self, end: int) -> bytes:
        piece = bytes(self._pending[:end])
        del self._pending[:end]
        self._inside, self._searched = -1, 0
        return piece

    @property
    def in_packet(self) -> bool:
        """Whether a packet has begun that has not ended."""
        return self._inside >= 0

    def rest(self) -> bytes:
        """What is left."""
        return self._taken(len(self._pending))


class PdmlReader:
    """Reads PDML.

    :param layers: layer definitions by name
    :param report: is told of packets that cannot be read
    :param own: layers of plugins that labdissect adds: a packet that has them was annotated before
    """

    def __init__(
        self,
        layers: Mapping[str, Layer],
        report: Callable[[Problem], None],
        wanted: Sequence[str] = (),
        own: Sequence[str] = (),
    ) -> None:
        self._layers = layers
        self._report = report
        self._splitter = PacketSplitter()
        self._count = 0
        self._any = False
        self._closed = False
        self._own = (OWN, *own)
        self._own_marks = [f'name="{name}"'.encode() for name in self._own]

    def records(self, chunk: bytes) -> Iterator[Record]:
        """The records of the packets that ``chunk`` completes, and of what is between them."""
        for piece, is_packet in self._splitter.feed(chunk):
            yield self.record(piece) if is_packet else self._other(piece)

    def end(self) -> Iterator[Record]:
        """What is left: the blanks after the last tag, or a packet that was cut."""
        in_packet = self._splitter.in_packet
        rest = self._splitter.rest()
        if rest:
            yield self._other(rest)
        if self._any and not self._closed:
            where = "within a packet" if in_packet else "after a packet: </pdml> is missing"
            self._report(Problem(f"the input ends {where}; it was cut", fatal=True, kind="cut"))

    def _other(self, piece: bytes) -> Record:
        self._any = self._any or not piece.isspace()
        self._closed = self._closed or b"</pdml>" in piece
        return Record(piece)

    def record(self, piece: bytes) -> Record:
        """One packet's record."""
        self._any = True
        self._count += 1
        information = _general_information(piece)
        number = _integer(information.get("num"))
        try:
            entries = [entry for entry in pdml_layers(piece) if entry.name not in self._own]
            columns: dict[str, str] = {}
            if not entries:
                entries, columns = flat_layers(piece)
        except (ValueError, RecursionError, OverflowError, MemoryError) as error:  # the last two: sizes that are none
            name = f"packet {number or self._count}"
            reason = str(error) or type(error).__name__
            self._report(Problem(f"{name}: {reason}", fatal=True, kind="bad line", unread=True))
            return Record(piece)
        source = EntriesSource(self._layers, entries, columns)
        frame = source.header("frame")
        if number is None:
            number = frame.number if frame is not None else None
        number = self._count = self._count if number is None else number
        time = nanoseconds(information.get("timestamp"))
        if time is None:
            time = nanoseconds(first_value(entries, "frame", "frame_time_epoch"))
        length = _integer(information.get("len"))
        if length is None and frame is not None:
            length = frame.len
        protocols = (frame.protocols if frame is not None else None) or ":".join(entry.name for entry in entries)
        marked = [name for name, mark in zip(self._own, self._own_marks, strict=True) if mark in piece]
        own = tuple(name for name in marked if name not in protocols.split(":"))
        packet = Packet(source, number, time, length, protocols)
        packet.size = len(piece)
        return PdmlRecord(piece, packet, own)


_INFORMATION = rb'(?s)<proto\s+name="geninfo".*?</proto>'
_ITEM = rb'<field\s+name="(num|len|timestamp)"[^>]*?\sshow="([^"]*)"(?:[^>]*?\svalue="([^"]*)")?'


def _general_information(piece: bytes) -> dict[str, str]:
    """Number and length (``show``) and time (``value``) of the ``geninfo`` that every packet begins with."""
    found = re.search(_INFORMATION, piece[:8192])
    if found is None:
        return {}
    items = ((name.decode(), show, value) for name, show, value in re.findall(_ITEM, found[0]))
    return {name: (value if name == "timestamp" else show).decode("ascii", "replace") for name, show, value in items}


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None


_NO_XML = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"


def flat_layers(piece: bytes) -> tuple[list[Entry], dict[str, str]]:
    """The layers and Wireshark's columns of a packet that ``-e`` made: its fields stand right in ``<packet>``.

    Read as the same fields of flat EK are. Raises ValueError when it is not well-formed.
    """
    from xml.etree import ElementTree  # EK needs none of it

    try:
        root = ElementTree.fromstring(re.sub(_NO_XML, "\ufffd", piece.decode("utf-8", "replace")).strip())
    except ElementTree.ParseError as error:
        raise ValueError(f"not well-formed: {error}") from error
    fields: dict[str, list[str]] = {}
    columns: dict[str, str] = {}
    for one in root.iterfind("field"):
        name, value = one.get("name", ""), one.get("value") or one.get("show") or ""
        if name.startswith("_ws.col."):
            columns[name.removeprefix("_ws.col.").lower()] = value
        else:
            fields.setdefault(name.replace(".", "_"), []).append(value)
    return ek_layers(json.dumps(fields).encode()), columns


def detects(head: bytes) -> bool:
    """PDML is XML whose document element is ``pdml``, or a fragment that begins with a packet."""
    head = head.removeprefix(BOM_UTF8).lstrip(_BLANK)
    if not head.startswith(b"<") or b"<psml" in head:  # of PSML the packets are called so, too
        return False
    return b"<pdml" in head or b"<packet" in head or head.startswith(b"<?xml")


@hookimpl
def labdissect_readers() -> Sequence[ReaderFormat]:
    return [ReaderFormat("pdml", "tshark -T pdml (with or without -e)", detects, PdmlReader)]
