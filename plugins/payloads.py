"""Protocols of plugins: finds the payloads that belong to their layers, and reads them.

tshark prints what a protocol carries that it does not know: ``udp.payload``, ``tcp.payload``, and ``data.data`` above
an Ethernet type or an IP protocol number. Plugins' layers are bound to these by the same tables as Wireshark's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from construct import ConstructError

from labdissect.dissectors.layer import Layer
from labdissect.dissectors.stack import Bindings, Dissected, Place, walked

from .guard import survived
from .packet import Message, made
from .payload_rules import unparsed
from .rule import Verdict
from .tcp.conversation import Conversation
from .tcp_payloads import Connections, LayerFailed
from .time_limit import limited
from .writer import Problem

if TYPE_CHECKING:
    from .packet import Packet
    from .udp import Exchange

CARRIERS = {
    "ip": ("ip.proto", "proto"),
    **dict.fromkeys(("ipv6", "ipv6.hopopts", "ipv6.routing", "ipv6.dstopts", "ipv6.fraghdr"), ("ip.proto", "nxt")),
    "eth": ("ethertype", "type"),
    "vlan": ("ethertype", "etype"),
    "ieee8021ad": ("ethertype", "etype"),
    "sll": ("ethertype", "etype"),
    "gre": ("gre.proto", "proto"),
}
"""Protocols whose payload is plain data to tshark when it does not know the number: the table and the member with it."""

PROTOCOLS_LIMIT = 4096
"""Different stacks of protocols that are remembered."""

ASK = "give tshark -T ek or -T pdml without -e and -J, or add -e for it"

Failed = Callable[[Layer, Exception, int], Verdict]
"""Told that a plugin's layer raised at a frame; what there is to say of it."""


class Payloads:
    """Reads the payloads of one input.

    :param layers: of plugins, those that ride on something
    :param rebound: ``--decode-as``: places and the names of layers that they belong to
    :param failed: told of a layer that raises, which is not asked again
    :param report: told, once each, of what keeps layers from being read
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        rebound: Mapping[Place, str],
        failed: Failed,
        report: Callable[[Problem], None] = lambda problem: None,
    ) -> None:
        self._failed = failed
        self._report = report
        self._reported: set[str] = set()
        self._reading = reading = Reading(layers, rebound)
        self._connections = Connections(reading)
        tables: dict[str, set[Any]] = {}
        for table, value in reading.places:
            tables.setdefault(table, set()).add(value)
        self._udp, self._tcp = tables.get("udp.port", set()), tables.get("tcp.port", set())
        self._alone = {
            port: bound[0]
            for port in self._udp
            if len(bound := reading.bound("udp.port", port)) == 1
            and bound[0].matches is None
            and bound[0].selects is None
        }
        self._protocols: dict[tuple[str, tuple[str, ...]], str] = {}
        self._guesses_udp, self._guesses_tcp = reading.guesses("udp.port"), reading.guesses("tcp.port")
        self._numbered = {name: (table, member) for name, (table, member) in CARRIERS.items() if table in tables}

    def observe(self, packet: Packet) -> Sequence[Verdict]:
        """Leaves the messages that a packet completes on it, and returns the verdicts about them."""
        tcp = packet.tcp
        if tcp is not None:
            if tcp.srcport in self._tcp or tcp.dstport in self._tcp or (self._guesses_tcp and _unclaimed(packet)):
                return self._segment(packet)
            return ()
        udp = packet.udp
        if udp is not None:
            low, high = udp.srcport or 0, udp.dstport or 0
            if low > high:
                low, high = high, low
            if low in self._udp or high in self._udp or (self._guesses_udp and _unclaimed(packet)):
                payload = udp.payload or _data(packet)
                if payload:
                    layer = self._alone.get(low if low in self._udp else high)
                    if layer is not None:
                        return self._read_alone(packet, payload, layer)
                    return self._datagram(packet, payload, "udp.port", (low, high), "udp.payload")
                if payload is None and udp.length != 8:
                    self._missing(packet.number, "udp.payload")
            return ()
        if self._numbered and packet.protocols.endswith(":data"):
            return self._numbered_payload(packet)
        return ()

    def ended(self, conversation: Conversation | Exchange) -> list[Verdict]:
        """What is left of a conversation that is over."""
        return self._connections.ended(conversation) if isinstance(conversation, Conversation) else []

    def _numbered_payload(self, packet: Packet) -> Sequence[Verdict]:
        """What Wireshark calls data, above a header that tells a protocol's number."""
        name = next((name for name in reversed(packet.protocols.split(":")) if name not in ("data", "ethertype")), "")
        place, payload = self._numbered.get(name), _data(packet)
        if place is None or not payload:
            return ()
        header = getattr(packet, name)
        number = None if header is None else getattr(header, place[1])
        return () if number is None else self._datagram(packet, payload, place[0], number, "data.data")

    @limited
    def _read_alone(self, packet: Packet, payload: bytes, layer: Layer) -> Sequence[Verdict]:
        """The usual case made short: one layer on the port, and none over it."""
        number = packet.number
        try:
            header, _ = layer.parse_sized(payload)
        except ConstructError as error:
            return [unparsed(layer, payload, error, number, "udp.payload")]
        except BaseException as error:
            return [self._gone(LayerFailed(layer, survived(error)), number)]
        self._leave(packet, [Message(layer.name, layer.parsed(header), payload, number, (number,), 0)])
        return ()

    def _datagram(self, packet: Packet, payload: bytes, table: str, values: Any, source: str) -> Sequence[Verdict]:
        reading = self._reading
        reading.refused.clear()
        number = packet.number
        verdicts: list[Verdict] = []
        try:
            found = walked(payload, table, values, reading)
            if found:
                self._leave(packet, [made(one, payload, number, (number,), 0) for one in found])
        except LayerFailed as failure:
            verdicts.append(self._gone(failure, number))
        if reading.refused:
            verdicts += [unparsed(layer, data, error, number, source) for layer, data, error in reading.refused]
        return verdicts

    def _segment(self, packet: Packet) -> Sequence[Verdict]:
        """A segment of a connection that may belong to a layer."""
        segment, conversation, number = packet.segment, packet.conversation, packet.number
        if segment is None or not isinstance(conversation, Conversation):
            self._missing(number, "tcp.seq_raw")
            return ()
        payload = b""
        if segment.length:
            payload = packet.tcp.payload or _data(packet) or b""
            if not payload:
                self._missing(number, "tcp.payload")
                return ()
        reading = self._reading
        reading.refused.clear()
        messages: list[Message] = []
        verdicts: list[Verdict] = []
        try:
            self._connections.observe(number, segment, conversation, payload, messages, verdicts)
        except LayerFailed as failure:
            self._connections.drop(failure.layer)
            verdicts.append(self._gone(failure, number))
        if messages:
            self._leave(packet, messages)
        if reading.refused:  # by layers over that of the stream
            verdicts += [unparsed(layer, data, error, number, "tcp.payload") for layer, data, error in reading.refused]
        return verdicts

    def _leave(self, packet: Packet, messages: list[Message]) -> None:
        """Puts messages on the packet that completes them, as if tshark had dissected them."""
        names: tuple[str, ...] = (
            (messages[0].layer,) if len(messages) == 1 else tuple({one.layer: 0 for one in messages})
        )
        known = self._protocols.get((packet.protocols, names))
        if known is None:
            known = self._with_names(packet, names)
            if not known:
                return
        packet.messages = messages
        for message in messages:  # of several the last one, as of tshark's repeated layers
            setattr(packet, message.layer, message.header)
        packet.protocols = known

    def _with_names(self, packet: Packet, names: tuple[str, ...]) -> str:
        """The packet's protocols with those of its messages in the place of ``data``; empty when one of them is there
        already, as a layer of Wireshark's own."""
        protocols = packet.protocols.removesuffix(":data")
        for name in names:
            if name in protocols.split(":"):
                self._once(
                    f"frame {packet.number} has a layer {name} of Wireshark's own, so that the plugin's is left out: choose "
                    "a name that `tshark -G protocols` does not list",
                    name,
                )
                return ""
        made = ":".join([protocols, *names])
        if len(self._protocols) < PROTOCOLS_LIMIT:
            self._protocols[packet.protocols, names] = made
        return made

    def _missing(self, frame: int, field: str) -> None:
        self._once(f"frame {frame} comes without {field}, which a plugin's layer is read from; {ASK}", field)

    def _once(self, what: str, subject: str) -> None:
        """Reports what is the same for every packet."""
        if subject not in self._reported:
            self._reported.add(subject)
            self._report(Problem(what, fatal=True, kind="plugin"))

    def _gone(self, failure: LayerFailed, frame: int) -> Verdict:
        """A layer that raised is not asked again."""
        self._reading.off.add(failure.layer)
        self._alone = {port: layer for port, layer in self._alone.items() if layer is not failure.layer}
        return self._failed(failure.layer, failure.error, frame)


def _unclaimed(packet: Packet) -> bool:
    """Whether no dissector of tshark's has read the payload, so that heuristics may look at it."""
    return not packet.protocols or packet.protocols.endswith((":data", ":udp", ":tcp"))


def _data(packet: Packet) -> bytes | None:
    data = packet.data
    payload: bytes | None = None if data is None else data.data
    return payload


class Reading(Bindings):
    """Bindings that keep what could not be read, and tell a plugin's mistakes from bytes that do not fit."""

    def __init__(self, layers: Iterable[Layer], rebound: Mapping[Place, str]) -> None:
        super().__init__(layers, rebound)
        self.refused: list[tuple[Layer, bytes, ConstructError]] = []
        """Layers whose definition did not fit, with the bytes and why."""
        self.off: set[Layer] = set()
        """Layers that raised."""

    def recognizes(self, layer: Layer, data: bytes) -> bool:
        """Whether bytes look like a layer.

        :raises LayerFailed: when the plugin's function does
        """
        if layer in self.off:
            return False
        return layer.matches is None or bool(self._asked(layer, layer.matches, data))

    def read(self, layer: Layer, data: bytes, table: str) -> tuple[Any, int] | None:
        """A header and its size; what does not fit is kept in :attr:`refused`."""
        try:
            return self.parse(layer, data)
        except ConstructError as error:
            self.refused.append((layer, data, error))
            return None

    def parse(self, layer: Layer, data: bytes) -> tuple[Any, int]:
        """A header and its size.

        :raises ConstructError: when the bytes do not fit
        :raises LayerFailed: when the plugin's own code raises
        """
        return self._asked(layer, layer.parse_sized, data)  # type: ignore[no-any-return]

    @limited
    def _asked(self, layer: Layer, function: Callable[[Any], Any], argument: Any) -> Any:
        """What a plugin's function says."""
        try:
            return function(argument)
        except ConstructError:
            raise
        except BaseException as error:
            raise LayerFailed(layer, survived(error)) from error

    def payload_length(self, layer: Layer, header: Any) -> int | None:
        """Bytes of payload behind a header, where the layer tells.

        :raises LayerFailed: when the plugin's function raises, or gives no number
        """
        if layer.payload_length is None:
            return None
        length = self._asked(layer, layer.payload_length, header)
        if length is not None and type(length) is not int:
            raise LayerFailed(layer, TypeError(f"payload_length gives {length!r}, which is no number of bytes"))
        return length

    def message(self, layer: Layer, header: Any, size: int, data: bytes) -> list[Dissected]:
        """The headers of a whole message, those of the layers over it included."""
        if layer.selects is None:
            return [Dissected(layer.name, layer, header, 0, size)]
        return walked(data, "", layer.name, self)

    def length(self, layer: Layer, data: bytes) -> Any:
        """What the layer's ``message_length`` says.

        :raises LayerFailed: when it raises
        """
        assert layer.message_length is not None
        return self._asked(layer, layer.message_length, data)
