"""A packet: one record of tshark's, seen through its layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from labdissect.dissectors.layer import Header

if TYPE_CHECKING:
    from labdissect.dissectors.stack import Dissected

    from .tcp.conversation import Conversation, Segment
    from .udp import Exchange


def time_epoch(time: int) -> str:
    """A packet's time (ns since 1970, UTC) in seconds, as tshark prints ``frame.time_epoch``."""
    return f"{'-' if time < 0 else ''}{abs(time) // 10**9}.{abs(time) % 10**9:09}"


class Message(msgspec.Struct, gc=False, frozen=True):
    """A message of a plugin's layer: a datagram, or what its framing tells apart on a TCP stream."""

    layer: str
    """Its layer's name."""
    header: Header
    """The layer's members."""
    data: bytes
    """All of its bytes, those included that a layer over it reads."""
    frame: int
    """The frame that completed it: with it, all bytes up to its last were there."""
    frames: tuple[int, ...]
    """The frames that carried it, in the order of the capture. Of bytes that came twice the first copy counts."""
    offset: int
    """Bytes before it: in its datagram, or in its direction of the TCP stream as far as the capture shows that."""


def made(found: Dissected, data: bytes, frame: int, frames: tuple[int, ...], offset: int) -> Message:
    """The message that was found in ``data``, which begins ``offset`` bytes into the stream."""
    at = found.offset
    return Message(found.name, found.layer.parsed(found.header), data[at:] if at else data, frame, frames, offset + at)


class Source(Protocol):
    """Where a packet gets its layers from: a reader's record."""

    def header(self, name: str) -> Header | None:
        """The innermost layer of this name, decoded; None when the packet has none. Raises KeyError for a name that is
        no layer at all."""

    def headers(self) -> Sequence[tuple[str, Header]]:
        """All layers, outermost first, that a definition exists for."""

    def columns(self) -> Mapping[str, str]:
        """What Wireshark's own columns say where the input has them: ``protocol``, ``info``, ``source``…"""


class Packet:
    """One packet. Its layers are attributes, decoded when asked for: ``packet.tcp.seq``; None when it has none.

    Of a layer that is there twice (a tunnel) the attribute is the innermost; :meth:`all` gives every one.
    """

    source: Source  # not for plugins
    number: int
    """As tshark counts frames."""
    time: int | None
    """Nanoseconds since 1970, UTC; None when the input has no time."""
    length: int | None
    """Bytes on the wire."""
    protocols: str
    """``eth:ethertype:ip:tcp``; empty when the input does not say."""
    conversation: Conversation | Exchange | None
    """The TCP connection or UDP exchange it belongs to, when it is tracked."""
    segment: Segment | None
    """What the packet did to its TCP connection."""
    conn_state: str
    """Zeek's conn_state of its conversation with this packet; empty without one."""
    history: str
    """Zeek's history of its conversation with this packet."""
    copy_of: int | None
    """The frame in which the capture had this same packet before, when that is certain."""
    messages: Sequence[Message]
    """Messages of plugins' layers that it completes, in the order of their bytes."""
    size: int
    """Bytes of the input that it was read from: what keeping it keeps in memory."""
    if TYPE_CHECKING:
        tcp: Any
        """Like every layer a :class:`LayerAttribute`, but readers may set this one, which nearly everybody asks for."""

        def __getattr__(self, name: str) -> Any:
            """Any layer."""

    def __init__(self, source: Source, number: int, time: int | None, length: int | None, protocols: str) -> None:
        self.source = source
        self.number = number
        self.time = time
        self.length = length
        self.protocols = protocols
        # not defaults of the class: Python 3.11 takes the long way to what only the class has
        self.conversation = self.segment = self.copy_of = None
        self.conn_state = self.history = ""
        self.messages = ()
        self.size = 0

    @cached_property
    def stack(self) -> Sequence[tuple[str, Header]]:
        """All layers that a definition exists for, outermost first: (name, header)."""
        found = self.source.headers()
        if not self.messages:
            return found
        # what plugins' layers read is no "data" any more
        carriers = [one for one in found if one[0] != "data"]
        return [*carriers, *((message.layer, message.header) for message in self.messages)]

    def tcp_header(self) -> bytes | None:
        """The bytes of its TCP header, with options, where the reader has the capture's own."""
        read = getattr(self.source, "tcp_header", None)
        found: bytes | None = None if read is None else read()
        return found

    def all(self, name: str) -> list[Header]:
        """Every layer of this name, outermost first."""
        return [header for layer, header in self.stack if layer == name]

    def __repr__(self) -> str:
        return f"<Packet {self.number} {self.protocols}>"


class LayerAttribute:
    """A layer as an attribute of packets, decoded when it is asked for the first time."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, packet: Packet | None, owner: type[Packet]) -> Any:
        if packet is None:
            return self
        name = self._name
        try:
            header = packet.source.header(name)
        except KeyError:
            raise AttributeError(f"packet {packet.number}: its input has no layer {name!r}") from None
        setattr(packet, name, header)
        return header


def make_attribute(layer: str) -> None:
    """Makes a layer an attribute of packets.

    ``Packet.__getattr__`` would do without, but of a class that has one, Python 3.11 looks up every attribute the long
    way: 240 instructions instead of 36, and each packet is asked for some 36 attributes.
    """
    if not hasattr(Packet, layer):
        setattr(Packet, layer, LayerAttribute(layer))


def is_taken(name: str) -> bool:
    """Whether ``packet.NAME`` means something else than a layer already."""
    member = getattr(Packet, name, None)
    return name in Packet.__annotations__ or (member is not None and not isinstance(member, LayerAttribute))
