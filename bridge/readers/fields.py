"""From what tshark printed of one packet to the fields of each layer: EK (plain and ``-x``), flat EK (``-e``), PDML.

The readers look into a packet with faster means first; this is the thorough way, which loses no repeated key, no
repeated layer and no header within a header. All three forms end as the same list of :class:`Entry`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.dissectors.layer import Fields, Header, Layer, as_bytes, flat_name

if TYPE_CHECKING:
    from xml.etree import ElementTree

OWN = "labdissect"
"""The layer that carries our columns, where the input has been annotated before; it says nothing of the packet."""
TRANSPORTS = ("tcp", "udp")
QUOTING = ("icmp", "icmpv6")
"""Protocols that hold headers of another packet: what frame.protocols names after them is theirs."""
LAYER_LIMIT = 64 * 1024 * 1024
"""Bytes of a layer that are put together; a size in PDML that claims more is not believed."""
EXTENSIONS = ("hopopts", "routing", "fraghdr", "dstopts")
"""IPv6 extension headers: the only layers with a dot in their names, which EK prints as an underscore."""


class Entry(msgspec.Struct, eq=False):
    """One layer of one packet as tshark printed it."""

    name: str
    """tshark's name of the protocol: ``tcp``, ``ipv6.hopopts``."""
    fields: Fields = msgspec.field(default_factory=dict)
    inner: list[Entry] = msgspec.field(default_factory=list)
    """Layers within it: what an ICMP error quotes, the data of a ping."""
    raw: bytes | None = None
    """Its bytes, where the output has them all (EK with ``-x``, PDML)."""

    def add(self, name: str, values: Sequence[Any]) -> None:
        """A field that is there has a value, None at least."""
        if values:
            self.fields.setdefault(name, []).extend(values)


def first_value(entries: Sequence[Entry], layer: str, name: str) -> Any:
    """A field's first value as tshark printed it, from the first layer of that name; None when there is none."""
    found = next((entry for entry in entries if entry.name == layer), None)
    return found.fields.get(name, [None])[0] if found is not None else None


def header(layer: Layer, entry: Entry, layers: Mapping[str, Layer]) -> Header:
    """The entry decoded, and the layers within it that ``layers`` knows by name."""
    inner = [(one.name, header(layers[one.name], one, layers)) for one in entry.inner if one.name in layers]
    return layer.decode(entry.fields, inner)


class EntriesSource:
    """A packet's source of layers where it was taken apart into entries; they are decoded when asked for."""

    __slots__ = ("_columns", "_entries", "_headers", "_layers")

    def __init__(self, layers: Mapping[str, Layer], entries: Sequence[Entry], columns: Mapping[str, str]) -> None:
        self._layers, self._entries, self._columns = layers, entries, columns
        self._headers: list[tuple[str, Header]] | None = None

    def header(self, name: str) -> Header | None:
        if name not in self._layers:
            raise KeyError(name)
        if not any(entry.name == name for entry in self._entries):
            return None
        return next((found for layer, found in reversed(self.headers()) if layer == name), None)

    def headers(self) -> Sequence[tuple[str, Header]]:
        if self._headers is None:
            known = self._layers
            self._headers = [
                (entry.name, header(known[entry.name], entry, known)) for entry in self._entries if entry.name in known
            ]
        return self._headers

    def columns(self) -> Mapping[str, str]:
        return self._columns


# EK


class Pairs(list[tuple[str, Any]]):
    """A JSON object with all its keys: tshark 3.4 and 4.0 repeat them."""


def ek_layers(text: bytes, own: Sequence[str] = (OWN,)) -> list[Entry]:
    """The layers of a packet, outermost first, from a line of EK or from its ``layers`` object.

    :param own: layers that an earlier run has added, which are passed over

    Flat lines (``-e``) are read too. Raises ValueError for what is no JSON object.
    """
    decoded = text.decode("utf-8", "replace")  # tshark 3.4 and 4.0 print invalid UTF-8
    try:
        parsed = json.loads(decoded, strict=False, object_pairs_hook=Pairs)
    except RecursionError as error:
        raise ValueError("objects nested too deep for a packet") from error
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than Python reads
        parsed = json.loads(decoded, strict=False, object_pairs_hook=Pairs, parse_int=str)
    if not isinstance(parsed, Pairs):
        raise ValueError("an object was expected")
    return layers_in(parsed, own)


def layers_in(parsed: Pairs, own: Sequence[str] = (OWN,)) -> list[Entry]:
    """The same from the line's, or the object's, keys and values."""
    layers = next((value for key, value in parsed if key == "layers"), parsed)
    if not isinstance(layers, Pairs):
        raise ValueError("layers is no object")
    layers = Pairs(one for one in layers if one[0] not in own)
    if layers and all(_is_flat(key, value) for key, value in layers):
        return _flat(layers)
    try:
        return _nested(layers)
    except RecursionError as error:
        raise ValueError("objects nested too deep for a packet") from error


def _is_flat(key: str, value: Any) -> bool:
    return type(value) is list and flat_name(key) == key and not any(isinstance(one, Pairs) for one in value)


def _nested(layers: Pairs) -> list[Entry]:
    with_hex = _has_hex(layers)
    found: list[Entry] = []
    loose: list[tuple[str, list[Any]]] = []
    for key, value, hexes in _companions(layers, with_hex):
        objects = _objects(value)
        if objects:
            found += _entries(key, objects, hexes, with_hex)
        elif flat_name(key) != key:
            loose.append((key, _values(value)))
        elif key != "text":
            found.append(Entry(_protocol_name(key)))
    for key, values in loose:
        _owner(found, key.partition("_")[0]).add(flat_name(key), values)
    _share_comment(found)
    return _quoted_within(_ordered(_with_extensions(found)))


def _has_hex(layers: Pairs) -> bool:
    """Whether ``-x`` was given: some layer has its bytes beside it."""
    names = {key for key, _ in layers}
    return any(f"{key}_raw" in names for key, value in layers if _objects(value))


def _companions(pairs: Pairs, with_hex: bool) -> Iterator[tuple[str, Any, list[bytes | None]]]:
    """Keys and values, each with the bytes that ``-x`` puts right before it under the key with ``_raw``.

    By name alone they cannot be told apart: the bytes of ``tcp.seq`` bear the name of the field ``tcp.seq_raw``.
    """
    position = 0
    while position < len(pairs):
        key, value = pairs[position]
        position += 1
        hexes: list[bytes | None] = []
        if with_hex and position < len(pairs) and key == f"{pairs[position][0]}_raw":
            hexes = [as_bytes(one) for one in _values(value)]
            key, value = pairs[position]
            position += 1
        yield key, value, hexes


def _objects(value: Any) -> list[Pairs]:
    """The objects that a value is or holds."""
    if isinstance(value, Pairs):
        return [value]
    return [one for one in value if isinstance(one, Pairs)] if type(value) is list else []


def _values(value: Any) -> list[Any]:
    return value if type(value) is list else [value]


def _entries(key: str, objects: list[Pairs], hexes: Sequence[bytes | None], with_hex: bool) -> Iterator[Entry]:
    for position, one in enumerate(objects):
        entry = Entry(_protocol_name(key), raw=hexes[position] if len(hexes) == len(objects) else None)
        _fill(entry, one, with_hex)
        yield entry


def _fill(entry: Entry, pairs: Pairs, with_hex: bool) -> None:
    """Reads a layer's object; groups of fields in it dissolve, layers in it become inner entries."""
    for key, value, hexes in _companions(pairs, with_hex):
        objects = _objects(value)
        if not objects:
            # an empty object is a layer without fields, or a mark such as _ws_malformed
            entry.add(flat_name(key), _values(value))
        elif key.startswith("_ws_") or flat_name(key) != key:
            entry.add(flat_name(key), [None] * len(objects))
            for one in objects:
                _fill(entry, one, with_hex)
        else:
            entry.inner += _entries(key, objects, hexes, with_hex)


def _protocol_name(key: str) -> str:
    """tshark's name of a protocol from its key in EK."""
    first, _, rest = key.partition("_")
    return f"{first}.{rest}" if first == "ipv6" and rest in EXTENSIONS else key


def _owner(found: list[Entry], name: str) -> Entry:
    """The innermost layer of this name, which fields belong to that stand outside of any layer (reassembly)."""
    for entry in reversed(found):
        if entry.name == name:
            return entry
    found.append(Entry(name))
    return found[-1]


def _share_comment(found: list[Entry]) -> None:
    """The packet's comment is a field of ``frame`` that tshark prints in a layer of its own."""
    comments = [one for entry in found if entry.name == "pkt_comment" for one in entry.fields.get("frame_comment", ())]
    frame = next((entry for entry in found if entry.name == "frame"), None)
    if comments and frame is not None and "frame_comment" not in frame.fields:
        frame.add("frame_comment", comments)


def _with_extensions(found: list[Entry]) -> list[Entry]:
    """IPv6 extension headers as layers of their own, as ``frame.protocols`` has them: tshark nests them in ``ipv6``."""
    apart: list[Entry] = []
    for entry in found:
        apart.append(entry)
        if entry.name == "ipv6" and entry.inner:
            apart += [one for one in entry.inner if one.name.startswith("ipv6.")]
            entry.inner = [one for one in entry.inner if not one.name.startswith("ipv6.")]
    return apart


def _ordered(found: list[Entry]) -> list[Entry]:
    """Outermost first, as ``frame.protocols`` has it; what it does not name keeps its place behind the others.

    Needed as EK puts repeated layers together, and since 4.4 has no order at all.
    """
    names = _protocols(found)
    return _by_names(found, ["pkt_comment", "frame", *names], names)


def _by_names(entries: list[Entry], names: Sequence[str], all_names: Sequence[str]) -> list[Entry]:
    waiting, ordered = list(entries), []
    for name in names:
        entry = next((one for one in waiting if one.name == name), None)
        if entry is not None:
            waiting.remove(entry)
            ordered.append(entry)
    for entry in entries:
        if len(entry.inner) > 1:
            within = all_names[all_names.index(entry.name) + 1 :] if entry.name in all_names else []
            entry.inner = _by_names(entry.inner, within, within)
    return ordered + waiting


def _quoted_within(found: list[Entry]) -> list[Entry]:
    """What an ICMP error quotes, all of it within the error: tshark before 4.4 leaves the innermost (DNS, data)
    outside, as if it were this packet's."""
    names = _protocols(found)
    error = next((one for one in found if one.name in QUOTING and one.name in names), None)
    if error is None:
        return found
    after = names[names.index(error.name) + 1 :]
    inside = [one for one in found[found.index(error) + 1 :] if one.name in after]
    error.inner += inside
    return [one for one in found if one not in inside]


def _protocols(found: list[Entry]) -> list[str]:
    for entry in found:
        if entry.name == "frame":
            names = entry.fields.get("frame_protocols") or [""]
            return str(names[0]).split(":")
    return []


# Flat EK, of -e


def _flat(layers: Pairs) -> list[Entry]:
    """Layers from ``{"frame_number": ["1"], "ip_src": ["10.0.0.1", "10.0.0.2"]}``.

    Values of one field come in one list even when its protocol is there twice: they are dealt out where their number
    tells how, and left out where it does not.
    """
    given = dict(layers)
    if _may_be_quoted(given):
        given = {key: values for key, values in given.items() if _flat_owner(key, {}) not in TRANSPORTS}
    names = _flat_protocols(given)
    outline, by_name, quoted = _outline(names)
    for key, values in given.items():
        name = _flat_owner(key, by_name)
        entries = by_name.get(name)
        if entries is None:
            entry = Entry(name)
            outline.append(entry)
            entries = by_name[name] = [entry]
        _deal(entries, key, values, name in quoted)
    return [entry for entry in outline if entry.fields or entry.inner]


def _may_be_quoted(given: Mapping[str, list[Any]]) -> bool:
    """Whether the ports may be those of a packet that an ICMP error quotes: two IP headers, and nothing tells an error
    from a tunnel. tshark counts the data (``tcp.len``) of a packet's own segment only."""
    told = ("frame_protocols", "icmp_type", "icmpv6_type", "ip_proto", "ipv6_nxt", "tcp_len")
    if any(given.get(name) for name in told) or any(key.startswith(("icmp_", "icmpv6_")) for key in given):
        return False
    headers = sum(max(len(given.get(f"{name}_{end}", ())) for end in ("src", "dst")) for name in ("ip", "ipv6"))
    return headers > 1


def _flat_protocols(given: Mapping[str, list[Any]]) -> list[str]:
    """``frame.protocols``, or what the fields let guess: a packet with ICMP fields, or with ICMP's number in its first
    IP header, quotes the rest."""
    if given.get("frame_protocols"):
        return ["frame", *str(given["frame_protocols"][0]).split(":")]
    present = {_flat_owner(key, {}) for key in given}
    for field_name, number, error in (("ip_proto", "1", "icmp"), ("ipv6_nxt", "58", "icmpv6")):
        if [str(one) for one in given.get(field_name, ())[:1]] == [number]:
            present.add(error)
    names = [name for name in ("frame", "eth", "sll", "vlan", "ip", "ipv6") if name in present]
    for error in QUOTING:
        if error in present:
            network = "ip" if error == "icmp" else "ipv6"
            twice = len(given.get(f"{network}_src", ())) > 1
            return [*names, error, *([network] if twice else []), *(one for one in ("tcp", "udp") if one in present)]
    return [*names, *(one for one in ("tcp", "udp") if one in present)]


def _outline(names: Sequence[str]) -> tuple[list[Entry], dict[str, list[Entry]], set[str]]:
    """Empty entries for the protocols, the same by name, and which names appear inside an ICMP error too."""
    outline: list[Entry] = []
    by_name: dict[str, list[Entry]] = {}
    quoted: set[str] = set()
    error: Entry | None = None
    for name in names:
        if name == "ethertype":  # never a layer
            continue
        entry = Entry(name)
        by_name.setdefault(name, []).append(entry)
        if error is not None:
            error.inner.append(entry)
            quoted.add(name)
        else:
            outline.append(entry)
        if name in QUOTING and error is None:
            error = entry
    return outline, by_name, quoted


def _flat_owner(key: str, by_name: Mapping[str, Any]) -> str:
    """The protocol that a field belongs to by its name: of those known the one with the longest name that fits."""
    fits = [name for name in by_name if key.startswith(name.replace(".", "_") + "_")]
    if fits:
        return max(fits, key=len)
    if key.startswith("_ws_"):
        return "_ws.col" if key.startswith("_ws_col_") else "_ws"
    first, _, rest = key.partition("_")
    extension = rest.partition("_")[0]
    return f"{first}.{extension}" if first == "ipv6" and extension in EXTENSIONS else first


def _deal(entries: list[Entry], key: str, values: list[Any], quoted: bool) -> None:
    """Gives a field's values to the headers that are called alike."""
    if len(entries) == 1:
        entries[0].add(key, values)
    elif len(values) == len(entries) or (quoted and len(values) < len(entries)):
        for entry, value in zip(entries, values, strict=False):
            entry.add(key, [value])


# PDML

_NO_XML = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|&#x(?:0?[0-8bcefBCEF]|1[0-9a-fA-F]);"
_LINE_IN_ATTRIBUTE = r"(?<!>)\n"


def pdml_layers(packet: bytes) -> list[Entry]:
    """The layers of a packet, outermost first, from the bytes of its ``<packet>`` element.

    Raises ValueError when they are not well-formed.
    """
    from xml.etree import ElementTree  # EK needs none of it

    text = re.sub(_NO_XML, "\ufffd", packet.decode("utf-8", "replace").strip())
    # XML would make blanks of what tshark did not escape in a string: line ends and tabs
    text = re.sub(_LINE_IN_ATTRIBUTE, "&#10;", text.replace("\r", "&#13;").replace("\t", "&#9;"))
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"not well-formed: {error}") from error
    found: list[Entry] = []
    for proto in root:
        name = proto.get("name", "")
        if name == "fake-field-wrapper":
            _fill_loose(found, proto)
        elif proto.tag == "proto" and name != "geninfo":
            found.append(_proto(proto))
    _share_comment(found)
    return _quoted_within(_with_extensions(found))


def _fill_loose(found: list[Entry], wrapper: ElementTree.Element) -> None:
    """Fields outside of any layer (reassembly) go to the innermost layer that they are named after; ``data`` is one."""
    for one in wrapper:
        name = one.get("name", "")
        if _is_layer(one, name):
            found.append(_proto(one))
        else:
            _fill_from(_owner(found, name.partition(".")[0]), [one])


def _proto(element: ElementTree.Element) -> Entry:
    entry = Entry(element.get("name", ""), raw=_bytes_of(element))
    _fill_from(entry, element)
    return entry


def _fill_from(entry: Entry, elements: Iterable[ElementTree.Element]) -> None:
    for one in elements:
        name = one.get("name", "")
        if (one.tag == "proto" and not name.startswith("_ws.")) or _is_layer(one, name):
            entry.inner.append(_proto(one))
            continue
        entry.add(flat_name(name.replace(".", "_")) if name else "text", [one.get("show")])
        _fill_from(entry, one)


def _is_layer(element: ElementTree.Element, name: str) -> bool:
    """Whether a ``<field>`` is a layer nevertheless, as the data of a ping is: ``data`` with ``data.data`` in it."""
    return "." not in name and any(child.get("name", "").startswith(f"{name}.") for child in element) and name != ""


def _number(element: ElementTree.Element, name: str) -> int:
    """An attribute that counts bytes; 0 for one that does not."""
    text = element.get(name, "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _bytes_of(element: ElementTree.Element) -> bytes | None:
    """The bytes of a layer, put together from its fields; None when they leave gaps."""
    if element.tag == "field":
        return as_bytes(element.get("value"))
    start, size = _number(element, "pos"), _number(element, "size")
    if size > LAYER_LIMIT:
        return None
    data, known = bytearray(size), bytearray(size)
    for one in element.iter("field"):
        value = as_bytes(one.get("unmaskedvalue") or one.get("value"))
        offset = _number(one, "pos") - start
        if value and len(value) == _number(one, "size") and 0 <= offset <= size - len(value):
            data[offset : offset + len(value)] = value
            known[offset : offset + len(value)] = b"\1" * len(value)
    return bytes(data) if size and all(known) else None
