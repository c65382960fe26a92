"""Compares what tshark prints of a packet, in each of its forms, with what the layers read from its bytes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from construct import ConstructError

from labdissect.bridge.readers.fields import QUOTING, Entry, ek_layers, header, pdml_layers
from labdissect.dissectors import builtin_layers
from labdissect.dissectors.layer import Layer
from labdissect.dissectors.stack import Bindings, Dissected, dissect

LAYERS = {layer.name: layer for layer in builtin_layers() if layer.name != "data"}
"""Without what tshark calls whatever it has no layer for; no byte tells that."""
BINDINGS = Bindings(LAYERS.values())
COOKED_2 = 210

NOT_PRINTED = {
    "dns": {
        "dns.flags.authoritative",
        "dns.flags.recavail",
        "dns.flags.rcode",
        "dns.flags.authenticated",
        "dns.flags.z",
    },
    "gre": {"gre.flags.ack"},
    "icmp": {"icmp.length"},
    "llc": {"llc.pid"},
    "tls": {"tls.records"},
    "tcp": {"tcp.seq_raw"},
}
"""Members that tshark leaves out where they say nothing: answers' flags of a query, a zero length, the sequence number
of a segment that is quoted in part; or that have a name for each organization (llc.cisco_pid)."""

NOT_IN_BYTES = {"http.request.uri"}
"""Members that tshark also works out, from another packet: a response's URI (4.4 on)."""

SHORT = {"http", "icmp", "icmpv6", "ipv6", "raw"}
"""Layers of which tshark counts the payload, or a part of it, to the layer."""


@dataclass(frozen=True)
class Seen:
    """One packet in all of tshark's forms."""

    ek: list[Entry]
    hex: list[Entry] | None = None
    pdml: list[Entry] | None = None
    frame: bytes | None = None


def ek_packets(text: bytes) -> list[list[Entry]]:
    return [ek_layers(line) for line in text.split(b"\n") if b'"layers"' in line]


def pdml_packets(text: bytes) -> list[list[Entry]]:
    parts = text.split(b"<packet>")[1:]
    return [pdml_layers(b"<packet>" + part.partition(b"</packet>")[0] + b"</packet>") for part in parts]


def every_form(capture: Path) -> list[Seen]:
    """Each packet of a capture as tshark prints it: EK, EK with -x, PDML."""
    running = [
        subprocess.Popen(
            ["tshark", "-n", "-r", capture, "-T", *form], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        for form in (["ek"], ["ek", "-x"], ["pdml"])
    ]
    with ThreadPoolExecutor() as pool:
        plain, with_hex, pdml = pool.map(lambda one: one.communicate()[0], running)
    forms = zip(ek_packets(plain), ek_packets(with_hex), pdml_packets(pdml), strict=True)
    packets = [Seen(*one) for one in forms]
    assert packets and not any(one.returncode for one in running)
    return packets


def walk(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Every entry, those within others after the one that holds them."""
    for entry in entries:
        yield entry
        yield from walk(entry.inner)


def known(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in walk(entries) if entry.name in LAYERS and entry.name != "frame"]


def layer_of(entry: Entry, seen: Seen) -> Layer:
    return LAYERS["sll2" if entry.name == "sll" and encapsulation(seen) == COOKED_2 else entry.name]


def encapsulation(seen: Seen) -> int:
    frame = next(entry for entry in seen.ek if entry.name == "frame")
    return int(frame.fields["frame_encap_type"][0])


def disagreements(seen: Seen) -> list[Any]:
    """Everything that two forms of the packet tell differently."""
    found: list[Any] = []
    for other in (seen.hex, seen.pdml):
        if other is not None:
            found += _between(seen, other)
    quoted = {id(one) for entry in walk(seen.hex or []) if entry.name in QUOTING for one in walk(entry.inner)}
    for entry in known(seen.hex or []):
        layer = layer_of(entry, seen)
        if entry.raw is not None and not (id(entry) in quoted and is_cut(layer, entry.raw)):
            found += against_bytes(layer, entry)
    return found


def is_cut(layer: Layer, data: bytes) -> bool:
    """Whether a header is not all there, as those that ICMP errors quote."""
    try:
        layer.parse(data)
    except ConstructError:
        return True
    return False


def _between(seen: Seen, other: Sequence[Entry]) -> list[Any]:
    """Between two forms that tshark printed of the same packet: they must give the same members."""
    mine, theirs = known(seen.ek), known(other)
    if sorted(one.name for one in mine) != sorted(one.name for one in theirs):
        return [("layers", [one.name for one in mine], [one.name for one in theirs])]
    found: list[Any] = []
    for entry in mine:
        twin = next(one for one in theirs if one.name == entry.name)
        theirs.remove(twin)
        layer = layer_of(entry, seen)
        one, another = header(layer, entry, LAYERS), header(layer, twin, LAYERS)
        found += one.differences(another)
        found += [("only in one", name) for name in dict(one.items()).keys() ^ dict(another.items()).keys()]
        if None not in (entry.raw, twin.raw) and entry.raw != twin.raw:
            found.append((entry.name, "raw", entry.raw, twin.raw))
    return found


def against_bytes(layer: Layer, entry: Entry) -> list[Any]:
    """Between tshark's fields of a layer and its bytes; and the bytes against those built again."""
    assert entry.raw is not None
    try:
        parsed, size = layer.parse_sized(entry.raw)
    except ConstructError as error:
        return [(layer.name, "does not parse", str(error), entry.raw.hex())]
    fields, own = header(layer, entry, LAYERS), layer.header(parsed)
    found: list[Any] = list(fields.differences(own))
    found += [("only in bytes", name) for name in _said(own) - _said(fields) - NOT_PRINTED.get(layer.name, set())]
    found += [
        ("only in fields", name)
        for name in _said(fields) - _said(own)
        if name not in NOT_IN_BYTES and layer.field(name).subcon is not None
    ]
    if layer.build(parsed) != entry.raw[:size]:
        found.append((layer.name, "builds", layer.build(parsed).hex(), entry.raw.hex()))
    if size != len(entry.raw) and layer.name not in SHORT:
        found.append((layer.name, "size", size, len(entry.raw)))
    return found


def _said(one: Any) -> set[str]:
    """Members that are there and not an empty list of options."""
    return {name for name, value in one.items() if not (isinstance(value, dict) and value.get("list") == [])}


def flattened(found: Sequence[Dissected]) -> Iterator[Dissected]:
    for one in found:
        yield one
        yield from flattened(one.inner)


def walked(seen: Seen, data: bytes) -> list[Any]:
    """What walking the frame's bytes finds different from tshark, in the headers that both have."""
    mine = list(flattened(dissect(data, encapsulation(seen), BINDINGS)))
    theirs = [(entry, layer_of(entry, seen)) for entry in known(seen.ek)]
    stacks = [one.name for one in mine], [layer.name for _, layer in theirs]
    found: list[Any] = [] if stacks[0] == stacks[1] else [("stack", *stacks)]
    for one, (entry, layer) in zip(mine, theirs, strict=False):
        if one.layer is not layer:
            break
        found += header(layer, entry, LAYERS).differences(layer.header(one.header))
    return found


def pcap_frames(path: Path) -> list[bytes]:
    """The packets of a little-endian pcap file (not pcapng)."""
    data, position, found = path.read_bytes(), 24, []
    while position < len(data):
        size = int.from_bytes(data[position + 8 : position + 12], "little")
        found.append(data[position + 16 : position + 16 + size])
        position += 16 + size
    return found
