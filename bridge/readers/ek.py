"""tshark's EK JSON (``-T ek``) to packets, line by line.

A plain line is decoded in one pass straight into the headers that the analyzers want (msgspec skips the rest,
reassembled bodies included); other layers are decoded when somebody asks. Lines that are not so plain (repeated layers'
odd values, ``-x``, ``-e``, invalid UTF-8, ICMP errors in tunnels, IPv6 extension headers) take a slower way that keeps
every repeated key.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from labdissect.bridge.lines import LineSplitter
from labdissect.dissectors.layer import Header, Layer, attribute_name, flat_name
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.packet import Packet
from labdissect.plugins.writer import Problem, ReaderFormat, Record

from .clock import nanoseconds
from .fields import OWN, QUOTING, EntriesSource, Entry, Pairs, ek_layers, first_value, header, layers_in

COPY_AT_MOST = 4096
"""Bytes of a line up to which one copy costs less than another buffer in a gathered write."""

INDEX = b'{"index":'
"""How the line begins that tells Elasticsearch where the document on the next line belongs."""
COMMENT = "pkt_comment"
"""The layer in which tshark prints ``frame.comment``, which is a field of ``frame``."""
LAYERS_END = b"}}\n"
"""How a line ends that nothing follows the layers in."""
_WHITE = b" \t\r\n"


class EkRecord(Record, eq=False, gc=False):
    """A packet's line of EK, and the index line before it if there is one: for _bulk the two are one document."""

    plain: bool = False
    """Nothing follows the layers, so what the line ends with tells where they end."""
    own: tuple[str, ...] = ()
    """Layers of ours that the line brought along, to be replaced."""
    index: bytes = b""

    def spliced(self, *addition: bytes) -> Sequence[bytes | memoryview]:
        """The line with ``addition`` (``"name":{…}``) as the last member of its layers; the index line before it."""
        raw = self.raw
        if self.plain and not self.own and raw[-3:] == LAYERS_END:
            if len(raw) < COPY_AT_MOST:
                return (b"".join((self.index, raw[:-3], b",", *addition, LAYERS_END)),)
            return self.index, memoryview(raw)[:-3], b"".join((b",", *addition, LAYERS_END))
        begin, end = layers_span(raw)
        inside = without_members(raw[begin:end], self.own) if self.own else raw[begin:end]
        body = inside[:-1]
        comma = b"" if body.strip(_WHITE) == b"{" else b","
        return (self.index, raw[:begin], body, comma, *addition, b"}", raw[end:])

    def values(self, field: str) -> list[str]:
        """As :meth:`Record.values`: True and False as ``-e`` prints them, whatever the version."""
        return printed_values(self.raw, field)

    def without_own_layers(self) -> bytes:
        """The lines as they were before any layer of ours was added."""
        begin, end = layers_span(self.raw)
        return self.index + self.raw[:begin] + without_members(self.raw[begin:end], self.own) + self.raw[end:]


def layers_span(line: bytes) -> tuple[int, int]:
    """Where the object of the last top-level key ``layers`` begins and ends.

    :raises ValueError: when there is none
    """
    span: tuple[int, int] | None = None
    for key, _, begin, end in _members(line.decode("latin-1")):
        if key == "layers" and line[begin : begin + 1] == b"{":
            span = begin, end
    if span is None:
        raise ValueError("no object layers")
    return span


def without_members(layers: bytes, names: Sequence[str]) -> bytes:
    """A JSON object without these members; everything else stays byte for byte."""
    text = layers.decode("latin-1")
    found = list(_members(text))
    kept, at = [], 0
    for index, (key, key_begin, _, end) in enumerate(found):
        if key not in names:
            continue
        if index:
            kept.append(text[at : found[index - 1][3]])  # with the comma before it
            at = end
        elif len(found) > 1:
            kept.append(text[at:key_begin])  # the first one: with the comma behind it
            at = found[1][1]
        else:
            kept.append(text[at:key_begin])
            at = end
    kept.append(text[at:])
    return "".join(kept).encode("latin-1")


def printed_values(line: bytes, field: str) -> list[str]:
    """What a line of EK has of a field, found by its key: most of the line is not looked at.

    A quote within a JSON string is escaped, so a quoted name with a colon behind it is a key.
    """
    name = field.replace(".", "_")
    mark = f'{name}":'.encode()
    hexes = b'"frame_raw":' in line  # -x has the bytes of tcp.seq under the key of tcp.seq_raw
    if hexes:
        return [_as_printed(one) for one in _values_of_entries(ek_layers(line), name)]
    found: list[str] = []
    at = line.find(mark)
    while at >= 0:
        begin = line.rfind(b'"', 0, at) + 1
        key = line[begin : at + len(name)].decode("latin-1")
        at += len(mark)
        if flat_name(key) == name:
            value = _value_at(line, at)
            found += [_as_printed(one) for one in (value if type(value) is list else [value])]
        at = line.find(mark, at)
    return [one for one in found if one]


def _value_at(line: bytes, at: int) -> Any:
    """The JSON value that begins there; None for an object, which is a layer or a group of fields."""
    end = line.find(b"\n", at)
    text = line[at : end if end >= 0 else len(line)]
    if text.lstrip(_WHITE).startswith(b"{"):
        return None
    try:
        value, _ = _decoder.raw_decode(text.decode("utf-8", "replace").lstrip())
    except (ValueError, RecursionError):
        return None
    return value


def _values_of_entries(entries: Sequence[Entry], name: str) -> Iterator[Any]:
    for entry in entries:
        yield from entry.fields.get(name, ())
        yield from _values_of_entries(entry.inner, name)


def _as_printed(value: Any) -> str:
    """Text; empty for a node without a value, and for what is no value of a field."""
    return str(value) if isinstance(value, str | bool | int | float) else ""


BODY = b'"http_http_file_data":'
"""The key of a whole body, megabytes in hex or text. No layer declares it; parsing it took longer than all the rest."""


def without_string(data: bytes, key: bytes) -> bytes:
    """A JSON object whose string under ``key`` is emptied."""
    begin = data.find(key)
    if begin < 0 or data[begin + len(key) : begin + len(key) + 1] != b'"':
        return data
    start = begin + len(key) + 1
    end = data.find(b'"', start)
    while end > 0 and _is_escaped(data, end):
        end = data.find(b'"', end + 1)
    return data if end < 0 else data[:start] + data[end:]


def _is_escaped(data: bytes, quote: int) -> bool:
    backslashes = 0
    while data[quote - 1 - backslashes : quote - backslashes] == b"\\":
        backslashes += 1
    return backslashes % 2 == 1


_decoder = json.JSONDecoder(strict=False)


def _members(text: str) -> Iterator[tuple[str, int, int, int]]:
    """Key, where the key begins, where its value begins and ends, of each member of the object ``text`` begins with."""
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError("not an object")
    at = _skip(text, at + 1)
    while text[at : at + 1] == '"':
        key, end = _decoder.raw_decode(text, at)
        colon = _skip(text, end)
        begin = _skip(text, colon + 1)
        _, end = _decoder.raw_decode(text, begin)
        yield key, at, begin, end
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


class EkReader:
    """Reads EK.

    :param layers: layer definitions by name
    :param report: is told of lines that cannot be read
    :param wanted: layers to decode at once; others are decoded when asked for
    :param own: layers of plugins that labdissect adds: a line that has them was annotated before
    """

    def __init__(
        self,
        layers: Mapping[str, Layer],
        report: Callable[[Problem], None],
        wanted: Sequence[str] = ("frame", "tcp"),
        own: Sequence[str] = (),
    ) -> None:
        self._layers = layers
        self._report = report
        self._splitter = LineSplitter()
        self._count = 0
        self._lines = 0
        self._index = b""
        """An index line whose packet has not come yet."""
        self._own = (OWN, *own)
        at_once = {
            name for name in wanted if name in layers and layers[name].assemble is None and not layers[name].quotes
        } | {"frame"}
        self._tcp_at_once = "tcp" in at_once
        members: list[Any] = []
        known = _Known(layers)
        for name, layer in layers.items():
            attribute = known.attributes[name] = attribute_name(name)
            key = name.replace(".", "_")
            if name in own:  # what an earlier run said of it counts no more
                known.attributes[name] = "_absent"
                members.append((f"_own_{attribute}", msgspec.Raw, msgspec.field(default=msgspec.Raw(), name=key)))
            elif name in at_once:
                kind: Any = layer.header_type
                members.append((attribute, kind | list[kind] | None, msgspec.field(default=None, name=key)))
            else:
                members.append((attribute, msgspec.Raw, msgspec.field(default=msgspec.Raw(), name=key)))
        members.append(("_bytes", msgspec.Raw, msgspec.field(default=msgspec.Raw(), name="frame_raw")))
        members.append(("_comment", msgspec.Raw, msgspec.field(default=msgspec.Raw(), name=COMMENT)))
        members.append(("_own", msgspec.Raw, msgspec.field(default=msgspec.Raw(), name=OWN)))
        members.append(("_absent", None, msgspec.field(default=None, name="")))
        self._carried = [(name, f"_own_{attribute_name(name)}") for name in own]
        kinds = msgspec.defstruct("EkLayers", members, gc=False)
        text = str | None
        # the columns that -P -V adds by default; other titles take the slower way, so that a line that ends in }} is
        # known to end with its layers
        columns: list[Any] = [(name, text, None) for name in ("timestamp", *COLUMNS)]
        envelope = msgspec.defstruct(
            "EkLine",
            [("layers", kinds), *columns],
            bases=(_PlainSource,),
            namespace={"known": known},
            gc=False,
            forbid_unknown_fields=True,
        )
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(envelope, strict=False).decode

    def records(self, chunk: bytes) -> Iterator[Record]:
        """The records of the lines that ``chunk`` completes. An index line waits for its packet.

        The byte order mark that Windows' programs put before UTF-8 belongs to no line, and is passed on as it came.
        """
        lines = self._splitter.feed(chunk)
        if not self._lines and lines and lines[0].startswith(BOM_UTF8):
            yield Record(BOM_UTF8)
            lines[0] = lines[0][len(BOM_UTF8) :]
        for line in lines:
            if line.startswith(INDEX) and not self._index:
                self._index = line
                self._lines += 1
                continue
            record = self.record(line)
            if self._index:
                yield from self._lone_index()
            yield record

    def end(self) -> Iterator[Record]:
        """The line that has no line feed, if any: the input may have been cut there."""
        rest = self._splitter.rest()
        if not self._lines and rest.startswith(BOM_UTF8):
            yield Record(BOM_UTF8)
            rest = rest[len(BOM_UTF8) :]
        if rest:
            why = f"line {self._lines + 1} has no end: the input was cut there; what came before is complete"
            self._report(Problem(why, fatal=True, kind="cut"))
            record = self.record(rest)
            yield from self._lone_index()
            yield record
        yield from self._lone_index()

    def _lone_index(self) -> Iterator[Record]:
        """The index line that waits, when no packet follows it."""
        if self._index:
            yield Record(self._index)
            self._index = b""

    def record(self, line: bytes) -> Record:
        """One line's record; a packet's takes the index line that waits."""
        self._lines += 1
        try:
            source = self._decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._slow(line)
        layers = source.layers
        frame = layers.frame
        if frame is None or type(frame) is list or layers._bytes or frame.number is None:
            return self._slow(line)
        protocols = frame.protocols or ""
        if ":icmp" in protocols and _quotes_another(protocols) and not source.take_in_quoted():
            return self._slow(line)
        if ":ipv6." in protocols:
            return self._slow(line)  # extension headers, which tshark nests in ipv6
        if layers._comment:
            frame.comment = _first_comment(layers._comment)
        self._count = number = frame.number
        time = nanoseconds(frame.time_epoch_)
        if time is None:
            time = _from_timestamp(source.timestamp)
        packet = Packet(source, number, time, frame.len, protocols)
        packet.size = len(line)
        if self._tcp_at_once and type(layers.tcp) is not list:
            packet.tcp = layers.tcp  # nearly everybody asks for it: spare them the asking
        index, self._index = self._index, b""
        own = self._brought(layers, protocols) if layers._own or self._carried else ()
        return EkRecord(line, packet, True, own, index)

    def _brought(self, layers: Any, protocols: str) -> tuple[str, ...]:
        """Layers of ours that a plain line has; one that ``frame.protocols`` names is tshark's own."""
        found = [name for name, attribute in self._carried if getattr(layers, attribute)]
        if layers._own:
            found.append(OWN)
        return tuple(name for name in found if name not in protocols.split(":")) if found else ()

    def _slow(self, line: bytes) -> Record:
        """A line that the plain decoder did not take."""
        text = line.decode("utf-8", "replace")
        if not text.strip():
            return Record(line)
        try:
            whole = json.loads(text, strict=False, object_pairs_hook=Pairs)
            layers = dict(whole).get("layers") if isinstance(whole, Pairs) else None
            if not isinstance(layers, Pairs):
                return Record(line)
            entries = layers_in(whole, self._own)
        except (ValueError, RecursionError) as error:
            why = f"line {self._lines}: not JSON ({_reason(error)})"
            self._report(Problem(why, fatal=True, kind="bad line", unread=True))
            return Record(line)
        source = EntriesSource(self._layers, entries, _columns(whole, layers))
        frame = source.header("frame")
        number = frame.number if frame is not None and frame.number is not None else self._count + 1
        self._count = number
        time = nanoseconds(first_value(entries, "frame", "frame_time_epoch"))
        if time is None:
            time = _from_timestamp(dict(whole).get("timestamp"))
        length = frame.len if frame is not None else None
        protocols = (frame.protocols if frame is not None else None) or ":".join(entry.name for entry in entries)
        theirs = protocols.split(":")
        names = {name for name, _ in layers}
        own = tuple(name for name in self._own if name in names and name not in theirs)
        packet = Packet(source, number, time, length, protocols)
        packet.size = len(line)
        index, self._index = self._index, b""
        return EkRecord(line, packet, bool(layers) and whole[-1][1] is layers, own, index)


COLUMNS = ("no_", "time", "source", "destination", "protocol", "length", "info")
"""Wireshark's default columns as ``-P -V`` names them."""


def _quotes_another(protocols: str) -> bool:
    return ":icmp:ip" in protocols or ":icmpv6:ip" in protocols


def _key(layer: str) -> bytes:
    return layer.replace(".", "_").encode()


def _is_object(raw: msgspec.Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b"{"


@lru_cache(256)
def _parted(protocols: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """ICMP's name among the protocols of a packet, then those up to it, then what is within it; empty without ICMP."""
    names = protocols.split(":")
    at = next((place for place, name in enumerate(names) if name in QUOTING), None)
    return ("", (), ()) if at is None else (names[at], tuple(names[: at + 1]), tuple(names[at + 1 :]))


def _first_comment(layer: msgspec.Raw) -> str | None:
    """tshark makes an array of several comments of one packet."""
    try:
        text = first_value(ek_layers(b'{"%b":%b}' % (COMMENT.encode(), layer)), COMMENT, "frame_comment")
    except ValueError:  # nested too deep: not written by tshark
        return None
    return text if isinstance(text, str) else None


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.removesuffix(' at')} at column {error.colno}"  # "Unterminated string starting at"
    too_deep = isinstance(error, RecursionError) or isinstance(error.__cause__, RecursionError)
    return "nested too deep" if too_deep else "a number of thousands of digits"


def _from_timestamp(text: object) -> int | None:
    """EK's own timestamp: milliseconds, truncated."""
    if type(text) is not str:
        return None
    digits = text.removeprefix("-")
    return int(text) * 1_000_000 if digits.isascii() and digits.isdigit() and len(digits) < 14 else None


def _columns(whole: Pairs, layers: Pairs) -> dict[str, str]:
    """Wireshark's columns, from ``-P -V`` or ``-e _ws.col.…``."""
    found = {key: value for key, value in whole if key != "layers" and isinstance(value, str)}
    for key, value in layers:
        if key.startswith("_ws_col_"):
            found[key[len("_ws_col_") :].lower()] = str(value[0]) if isinstance(value, list) and value else str(value)
    return found


class _Known:
    """What the layers of a line are decoded with.

    It knows nothing of its reader: Python's search for cycles does not see lines (``gc=False``, which spares it most of
    its work), so what a line reaches must not reach the line. A reader does, by way of what it reports to.
    """

    def __init__(self, layers: Mapping[str, Layer]) -> None:
        self.layers = layers
        self.attributes: dict[str, str] = {}
        """Of a line's struct, by layer."""
        self._decoders: dict[str, Callable[[Any], Any]] = {}
        self._within: Callable[[bytes], Any] | None = None

    def within(self, data: bytes) -> dict[str, msgspec.Raw]:
        """The layers that the object of a layer holds, not decoded yet. Raises msgspec.DecodeError."""
        if self._within is None:
            members = [
                (attribute_name(name), msgspec.Raw, msgspec.field(default=msgspec.Raw(), name=name.replace(".", "_")))
                for name in self.layers
            ]
            self._within = msgspec.json.Decoder(msgspec.defstruct("EkWithin", members, gc=False)).decode
        found = msgspec.structs.astuple(self._within(data))
        return {name: one for name, one in zip(self.layers, found, strict=True) if one}

    def decoder(self, name: str) -> Callable[[Any], Any]:
        """Decodes the object of a regular layer, or the list of them that a tunnel has."""
        decode = self._decoders.get(name)
        if decode is None:
            kind: Any = self.layers[name].header_type
            decode = self._decoders[name] = msgspec.json.Decoder(kind | list[kind], strict=False).decode
        return decode


class _PlainSource(msgspec.Struct):
    """A plain line, whose layers are decoded already, or bytes of JSON that are decoded when asked for. Its members are
    the reader's choice (:class:`EkReader`)."""

    known: ClassVar[_Known]
    if TYPE_CHECKING:
        layers: Any

    def header(self, name: str) -> Header | None:
        found = getattr(self.layers, self.known.attributes[name])
        if found is None:
            return None
        if type(found) is msgspec.Raw:
            found = self._decoded(name, found, self.layers.frame.protocols or "")
            setattr(self.layers, self.known.attributes[name], found)
        if type(found) is list:
            return found[-1] if found else None
        header: Header = found
        return header

    def _decoded(self, name: str, raw: msgspec.Raw, protocols: str) -> list[Header]:
        """Every header that the raw value of a layer holds.

        :param protocols: ``frame.protocols``, which tells what is within it, or the end of it
        """
        data = without_string(bytes(raw), BODY) if len(raw) > COPY_AT_MOST else bytes(raw)
        layer = self.known.layers[name]
        if layer.regular and data.startswith((b"[", b"{")):
            try:
                plain = self.known.decoder(name)(data)
                headers = plain if type(plain) is list else [plain]
                if layer.irregular is None or not any(map(layer.irregular, headers)):
                    if not layer.quotes:
                        return headers
                    inner = self._within(name, data, protocols) if type(plain) is not list else None
                    if inner is not None:
                        plain.inner = inner
                        return headers
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass
        if not data or data in (b"null", b"true", b"false"):
            return []
        known = self.known.layers
        text = b'"%b":%b' % (_key(name), data)
        if layer.quotes:
            text = b'"frame":{"frame_frame_protocols":%b},%b' % (msgspec.json.encode(protocols), text)
        return [header(known[name], entry, known) for entry in ek_layers(b"{%b}" % text) if entry.name == name]

    def _within(self, name: str, data: bytes, protocols: str) -> tuple[tuple[str, Header], ...] | None:
        """The headers within an ICMP message; None where they are not just those that the protocols name, each once:
        one of them may be within another (data in GRE).

        :raises msgspec.DecodeError: where they are no headers
        """
        found = self.known.within(data)
        error, _, names = _parted(protocols)
        expected = [one for one in names if one in self.known.layers]
        if error != name or len(expected) != len(found) or found.keys() != set(expected):
            return None
        if not all(_is_object(one) for one in found.values()):
            return None
        rest = ":".join(names)
        return tuple((one, header) for one in expected for header in self._decoded(one, found[one], rest))

    def take_in_quoted(self) -> bool:
        """Puts into an ICMP error what it quotes and tshark before 4.4 leaves beside it (DNS, data), as if it were this
        packet's; False where one may be taken for the other."""
        layers, attributes = self.layers, self.known.attributes
        error, own, quoted = _parted(layers.frame.protocols)
        data = bytes(getattr(layers, attributes[error]))
        if not data.startswith(b'{"'):
            return False
        beside: list[str] = []
        for name in quoted:
            found = getattr(layers, attributes.get(name, "_absent"))
            if not found or name in beside:
                continue
            if name in own:
                if own.count(name) > 1 or type(found) is list or (type(found) is msgspec.Raw and not _is_object(found)):
                    return False
            elif type(found) is not msgspec.Raw or b'"%b":{' % _key(name) in data:
                return False
            else:
                beside.append(name)
        for name in beside:
            data = b'%b,"%b":%b}' % (data[:-1], _key(name), getattr(layers, attributes[name]))
            setattr(layers, attributes[name], msgspec.Raw())
        if beside:
            setattr(layers, attributes[error], msgspec.Raw(data))
        return True

    def headers(self) -> Sequence[tuple[str, Header]]:
        layers = self.layers
        by_name: dict[str, list[Header]] = {}
        for name, attribute in self.known.attributes.items():
            found = getattr(layers, attribute)
            if type(found) is msgspec.Raw:
                found = self._decoded(name, found, layers.frame.protocols or "")
                setattr(layers, attribute, found)
            if found:
                by_name[name] = found.copy() if type(found) is list else [found]
        ordered: list[tuple[str, Header]] = []
        for name in ("frame", *(layers.frame.protocols or "").split(":")):
            if by_name.get(name):
                ordered.append((name, by_name[name].pop(0)))
        ordered += [(name, one) for name, rest in by_name.items() for one in rest]
        return ordered

    def columns(self) -> Mapping[str, str]:
        return {name: value for name in COLUMNS if (value := getattr(self, name)) is not None}


def detects(head: bytes) -> bool:
    """EK begins with an object on its first line."""
    return head.removeprefix(BOM_UTF8).lstrip(_WHITE).startswith(b"{")


@hookimpl
def labdissect_readers() -> Sequence[ReaderFormat]:
    return [ReaderFormat("ek", "tshark -T ek (with or without -x, -j, -J, -e)", detects, EkReader)]
