"""A UDP exchange: what went back and forth between two ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .packet import Packet


class Party:
    """One end of the exchange."""

    __slots__ = ("address", "bytes", "last_frame", "last_time", "packets", "port")

    def __init__(self, address: str, port: int) -> None:
        self.address = address
        self.port = port
        self.packets = 0
        self.bytes = 0
        """Payload sent."""
        self.last_frame: int | None = None
        """Its newest datagram."""
        self.last_time: int | None = None
        """Nanoseconds since 1970."""


class Exchange:
    """Datagrams between two addresses and ports; the client is who sent first. UDP itself knows no connection."""

    proto = "udp"

    def __init__(self, stream: int | None, packet: Packet, source: str, destination: str) -> None:
        self.stream = stream
        self.client = Party(source, packet.udp.srcport)
        self.server = Party(destination, packet.udp.dstport)
        self.sender = self.client
        """Who sent the newest datagram."""
        self.first_frame = self.last_frame = packet.number
        self.first_time = self.last_time = packet.time

    def observe(self, packet: Packet, source: str) -> None:
        """Takes the packet in."""
        udp = packet.udp
        from_client = (source, udp.srcport) == (self.client.address, self.client.port)
        party = self.sender = self.client if from_client else self.server
        party.packets += 1
        if udp.length is not None:
            party.bytes += max(0, udp.length - 8)
        party.last_frame, party.last_time = packet.number, packet.time
        self.last_frame, self.last_time = packet.number, packet.time
        packet.conversation, packet.conn_state, packet.history = self, self.conn_state, self.history

    @property
    def receiver(self) -> Party:
        """To whom the newest datagram was sent."""
        return self.server if self.sender is self.client else self.client

    @property
    def conn_state(self) -> str:
        """Zeek's conn_state for UDP: SF both sent, S0 only the client, SHR only the server."""
        if self.client.packets and self.server.packets:
            return "SF"
        return "S0" if self.client.packets else "SHR"

    @property
    def history(self) -> str:
        """Zeek's history for UDP: a direction that carried payload."""
        return ("D" if self.client.bytes else "") + ("d" if self.server.bytes else "")
