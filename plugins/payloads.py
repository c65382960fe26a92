"""Protocols of plugins: finds the payloads that belong to their layers, and reads them.

tshark prints what a protocol carries that it does not know: ``udp.payload``, ``tcp.payload``, and ``data.data`` above
an Ethernet type or an IP protocol number. Plugins' layers are bound to these by the same tables as Wireshark's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from construct import ConstructError

from labdissect.dissectors.layer import Header, Layer
from labdissect.dissectors.stack import Bindings, Dissected, Place, walked

from .packet import Message
from .payload_rules import unparsed
from .rule import Verdict
from .writer import Problem

if TYPE_CHECKING:
    from .packet import Packet

NUMBERED: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("ip.proto", (("ip", "proto"), ("ipv6", "nxt"))),
    ("ethertype", (("vlan", "etype"), ("ieee8021ad", "etype"), ("eth", "type"), ("sll", "etype"))),
)
"""Tables of what is neither TCP nor UDP: the headers that tell the number, the innermost first."""

PAYLOADS = {"udp.port": "udp.payload", "tcp.port": "tcp.payload"}
"""Tables and the fields in which tshark prints what they carry; ``data.data`` for the others."""

Failed = Callable[[Layer, Exception, int], Verdict]
"""Told that a plugin's layer raised at a frame; what there is to say of it."""


class Payloads:
    """Reads the payloads of one input.

    :param layers: of plugins, those that ride on something
    :param rebound: ``--decode-as``: places and the names of layers that they belong to
    :param failed: told of a layer that raises, which is not asked again
    :param report: told, once each, of what keeps a layer from being read
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        rebound: Mapping[Place, str],
        failed: Failed,
        report: Callable[[Problem], None] = lambda problem: None,
    ) -> None:
        self._layers = list(layers)
        self._report = report
        self._reported: set[str] = set()
        self._rebound = rebound
        self._failed = failed
        self._bind()

    def _bind(self) -> None:
        self._bindings = bindings = _Reading(self._layers, self._rebound, self._raised)
        tables: dict[str, set[Any]] = {}
        for table, value in bindings.places:
            tables.setdefault(table, set()).add(value)
        self._udp = tables.get("udp.port", set())
        self._guesses_udp = bindings.guesses("udp.port")
        self._numbered = [(table, places) for table, places in NUMBERED if table in tables]

    def observe(self, packet: Packet) -> Sequence[Verdict]:
        """Leaves the messages that a packet completes on it, and returns the verdicts about them."""
        if packet.tcp is not None:
            return ()
        udp = packet.udp
        if udp is not None:
            one, other = udp.srcport, udp.dstport
            if one in self._udp or other in self._udp or self._guesses_udp:
                payload = udp.payload
                if payload:
                    return self._datagram(packet, payload, "udp.port", sorted((one or 0, other or 0)))
            return ()
        if self._numbered and packet.protocols.endswith(":data"):
            return self._numbered_payload(packet)
        return ()

    def _numbered_payload(self, packet: Packet) -> Sequence[Verdict]:
        """What Wireshark calls data, above an IP protocol number or an Ethernet type."""
        payload = packet.data.data if packet.data is not None else None
        if not payload:
            return ()
        for table, places in self._numbered:
            for layer, member in places:
                header = getattr(packet, layer)
                if header is not None:
                    number = getattr(header, member)
                    return () if number is None else self._datagram(packet, payload, table, number)
        return ()

    def _datagram(self, packet: Packet, payload: bytes, table: str, values: Any) -> Sequence[Verdict]:
        bindings = self._bindings
        bindings.begin(packet.number, PAYLOADS.get(table, "data.data"))
        found = walked(payload, table, values, bindings)
        if found:
            frames = (packet.number,)
            self._leave(packet, [message(one, payload, frames, 0) for one in found])
        return bindings.verdicts

    def _leave(self, packet: Packet, messages: list[Message]) -> None:
        """Puts messages on the packet that completes them, as if tshark had dissected them."""
        protocols = packet.protocols.removesuffix(":data")
        taken = protocols.split(":")
        for name in {one.layer for one in messages if one.layer in taken}:
            self._once(
                f"frame {packet.number} has a layer {name} of Wireshark's own; the plugin's layer of that name is left out "
                "where it has: choose a name that `tshark -G protocols` does not list"
            )
            messages = [one for one in messages if one.layer != name]
        if messages:
            packet.messages = messages
            headers: dict[str, Header] = {one.layer: one.header for one in messages}
            packet.__dict__.update(headers)
            packet.protocols = ":".join([protocols, *headers])

    def _once(self, what: str) -> None:
        """Reports what is the same for every packet."""
        subject = what.partition(" ")[2].partition(" ")[2]
        if subject not in self._reported:
            self._reported.add(subject)
            self._report(Problem(what, fatal=True, kind="plugin"))

    def _raised(self, layer: Layer, error: Exception, frame: int) -> Verdict:
        """A layer that raised is taken out."""
        self._layers = [one for one in self._layers if one is not layer]
        verdicts = self._bindings.verdicts
        self._bind()
        self._bindings.verdicts = verdicts
        return self._failed(layer, error, frame)


class _Reading(Bindings):
    """Bindings that keep what could not be read, and outlive a plugin's mistakes."""

    def __init__(self, layers: Iterable[Layer], rebound: Mapping[Place, str], raised: Failed) -> None:
        super().__init__(layers, rebound)
        self._raised = raised
        self._frame, self._source = 0, ""
        self.verdicts: list[Verdict] = []

    def begin(self, frame: int, source: str) -> None:
        """A payload of this frame is read next, from this field of tshark's."""
        self._frame, self._source = frame, source
        self.verdicts = []

    def recognizes(self, layer: Layer, data: bytes) -> bool:
        if layer.matches is None:
            return True
        try:
            return bool(layer.matches(data))
        except Exception as error:
            self.verdicts.append(self._raised(layer, error, self._frame))
            return False

    def read(self, layer: Layer, data: bytes, table: str) -> tuple[Any, int] | None:
        try:
            return layer.parse_sized(data, table=table)
        except ConstructError as error:
            self.verdicts.append(unparsed(layer, data, error, self._frame, self._source))
        except Exception as error:
            self.verdicts.append(self._raised(layer, error, self._frame))
        return None


def message(found: Dissected, data: bytes, frames: tuple[int, ...], offset: int) -> Message:
    """What was found in ``data``, which begins ``offset`` bytes into the stream."""
    at = found.offset
    return Message(found.name, found.layer.parsed(found.header), data[at:] if at else data, frames, offset + at)
