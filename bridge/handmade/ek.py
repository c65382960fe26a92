"""What tshark would print of frames, without tshark: EK lines with the fields of link, network and transport layer.

What follows them is plain data, as it is to tshark where it has no dissector for a port. Where a plugin looks at what
tshark makes of DNS or ICMP, write the frames to a capture and let tshark read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from labdissect.bridge.escape import json_text
from labdissect.dissectors import builtin_layers
from labdissect.dissectors.layer import Field
from labdissect.dissectors.stack import Bindings, Dissected, dissect

from .frames import ACK, FIN, SYN, Frame, timed

WRITTEN = ("eth", "vlan", "arp", "ip", "ipv6", "udp", "tcp")
"""Layers that are written; they have no field that tshark prints in pieces."""
ETHERNET = 1
"""``frame.encap_type``."""
NOT_VERIFIED, NOT_GIVEN = "2", "3"
"""``udp.checksum.status``: tshark computes no checksum unless it is told to."""
NO_SCALING, SCALING_UNKNOWN = "-2", "-1"
"""``tcp.window_size_scalefactor``."""

Members = dict[str, Any]
"""tshark's field names (``udp.srcport``) and what it prints of them."""


def ek_lines(frames: Iterable[Frame]) -> bytes:
    """EK as ``tshark -T ek`` prints it: an index line and a packet line for each frame."""
    return b"".join(_lines(frames))


def _lines(frames: Iterable[Frame]) -> Iterator[bytes]:
    streams = _Streams()
    first = before = None
    for number, (time, data) in enumerate(timed(frames), 1):
        first = time if first is None else first
        before = time if before is None else before
        packet = {
            "frame.encap_type": str(ETHERNET),
            "frame.time_epoch": _seconds(time),
            "frame.time_delta": _seconds(time - before),
            "frame.time_relative": _seconds(time - first),
            "frame.number": str(number),
            "frame.len": str(len(data)),
            "frame.cap_len": str(len(data)),
        }
        layers = _layers(data, time, streams)
        packet["frame.protocols"] = ":".join(_protocols(name for name, _ in layers))
        before = time
        yield b'{"index":{"_index":"packets","_type":"doc"}}\n'
        line = {"timestamp": str(time // 1000), "layers": _joined([("frame", packet), *layers])}
        yield json_text(line) + b"\n"


def _layers(data: bytes, time: int, streams: _Streams) -> list[tuple[str, Members]]:
    """Name and members of each layer of a frame, outermost first; what no layer reads is ``data``."""
    made: list[tuple[str, Members]] = []
    ends: tuple[str, str] | None = None
    payload = data
    for found in dissect(data, ETHERNET, _bindings()):
        payload = payload[found.size :]
        if found.layer.payload_length is not None:
            payload = payload[: found.layer.payload_length(found.header)]
        members = _members(found)
        if found.name in ("ip", "ipv6"):
            ends = found.header.src, found.header.dst
            members |= {"ip.checksum.status": NOT_VERIFIED} if found.name == "ip" else {}
        elif found.name == "udp" and ends is not None:
            members |= streams.udp(found.header, payload, ends, time)
        elif found.name == "tcp" and ends is not None:
            members |= streams.tcp(found.header, payload, ends)
        made.append((found.name, members))
    if payload:
        made.append(("data", {"data.data": payload.hex(":"), "data.len": str(len(payload))}))
    return made


@lru_cache(maxsize=1)
def _bindings() -> Bindings:
    return Bindings(layer for layer in builtin_layers() if layer.name in WRITTEN)


def _protocols(names: Iterable[str]) -> Iterator[str]:
    """As ``frame.protocols`` has them: the type field of Ethernet counts as a protocol, which has no layer."""
    for name in names:
        yield name
        if name == "eth":
            yield "ethertype"


def _members(found: Dissected) -> Members:
    """The fields that the header's bytes hold."""
    made = {}
    for one in found.layer.fields:
        value = found.header.get(one.name)
        if value is not None and one.subcon is not None:
            printed = _printed(value, one)
            if printed != "":
                made[one.tshark] = printed
    return made


def _printed(value: Any, one: Field) -> Any:
    """A value as tshark 4.0 prints it."""
    match one.kind:
        case "bool":
            return value
        case "hex":
            return f"0x{value:0{2 * _bytes(one)}x}"
        case "bytes":
            return value.hex(":")
        case "parsed" if one.subcon is not None:
            return one.subcon.build(value).hex(":")
    return str(value)


def _bytes(one: Field) -> int:
    """How large the field is for Wireshark: whole bytes."""
    if one.bits is not None:
        return (one.bits[1] + 7) // 8
    size: int = one.subcon.sizeof() if one.subcon is not None else 1
    return size


def _joined(layers: Iterable[tuple[str, Members]]) -> dict[str, Any]:
    """Layers by name, their keys as EK has them; a layer that is there again makes it a list."""
    made: dict[str, Any] = {}
    for name, members in layers:
        keyed = {f"{name}_{key}".replace(".", "_"): value for key, value in members.items()}
        if name not in made:
            made[name] = keyed
        elif isinstance(made[name], list):
            made[name].append(keyed)
        else:
            made[name] = [made[name], keyed]
    return made


def _seconds(microseconds: int) -> str:
    sign = "-" if microseconds < 0 else ""
    whole, rest = divmod(abs(microseconds), 1_000_000)
    return f"{sign}{whole}.{rest:06}000"


End = tuple[str, int]
"""Address and port."""


@dataclass
class _Stream:
    """What Wireshark remembers of a UDP exchange or a TCP connection."""

    number: int
    began: int = 0
    latest: int = 0
    bases: dict[End, int] = field(default_factory=dict)
    """The number that each end's relative ones count from."""
    scaling: dict[End, str] = field(default_factory=dict)
    """By the end that sent a SYN: its ``window_size_scalefactor``, empty where only tshark would know it."""


class _Streams:
    """Numbers exchanges and connections as Wireshark does, each protocol from 0."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, frozenset[End]], _Stream] = {}
        self._counts = {"udp": 0, "tcp": 0}

    def _begin(self, proto: str, ends: frozenset[End], time: int = 0) -> _Stream:
        made = self._known[proto, ends] = _Stream(self._counts[proto], time, time)
        self._counts[proto] += 1
        return made

    def udp(self, header: Any, payload: bytes, addresses: tuple[str, str], time: int) -> Members:
        """The fields of UDP that Wireshark derives."""
        ends = frozenset(zip(addresses, (header.srcport, header.dstport), strict=True))
        stream = self._known.get(("udp", ends)) or self._begin("udp", ends, time)
        members = {
            "udp.stream": str(stream.number),
            "udp.checksum.status": NOT_VERIFIED if header.checksum else NOT_GIVEN,
        }
        if payload:
            members["udp.time_relative"] = _seconds(time - stream.began)
            members["udp.time_delta"] = _seconds(time - stream.latest)
            members["udp.payload"] = payload.hex(":")
            stream.latest = time
        return members

    def tcp(self, header: Any, payload: bytes, addresses: tuple[str, str]) -> Members:
        """The fields of TCP that Wireshark derives: numbers relative to the first seen, a SYN counting as 0."""
        sender, receiver = zip(addresses, (header.srcport, header.dstport), strict=True)
        ends = frozenset((sender, receiver))
        flags, seq, ack = header.flags, header.seq_raw, header.ack_raw
        stream = self._known.get(("tcp", ends))
        opens_another = flags & (SYN | ACK) == SYN and stream is not None and stream.bases.get(sender, seq) != seq
        if stream is None or opens_another:
            stream = self._begin("tcp", ends)
        base = stream.bases.setdefault(sender, seq if flags & SYN else (seq - 1) % 2**32)
        acked = 0
        if flags & ACK:
            acked = (ack - stream.bases.setdefault(receiver, (ack - 1) % 2**32)) % 2**32
        if flags & SYN:
            stream.scaling[sender] = NO_SCALING if header.hdr_len == 20 else ""
        relative = (seq - base) % 2**32
        taken = len(payload) + bool(flags & SYN) + bool(flags & FIN)
        members = {
            "tcp.stream": str(stream.number),
            "tcp.len": str(len(payload)),
            "tcp.seq": str(relative),
            "tcp.ack": str(acked),
            "tcp.nxtseq": str((relative + taken) % 2**32),
            "tcp.checksum.status": NOT_VERIFIED,
        }
        scaling = stream.scaling.get(sender, SCALING_UNKNOWN)
        if flags & SYN or scaling:
            members["tcp.window_size"] = str(header.window_size_value)
        if scaling and not flags & SYN:
            members["tcp.window_size_scalefactor"] = scaling
        return members | ({"tcp.payload": payload.hex(":")} if payload else {})
