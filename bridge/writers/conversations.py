"""conversations: a JSON object a line for each TCP connection and UDP exchange, when it is over.

``proto``, ``stream`` (tshark's number); ``client``, ``client_port``, ``server``, ``server_port``; ``conn_state`` and
``history`` (Zeek's meaning); ``opened`` and ``closed`` (see :class:`labdissect.plugins.tcp.summary.Outcome`; null for
UDP); ``packets_…``; ``bytes_…`` (payload, for TCP repeated bytes once); ``retransmissions_…`` (null for UDP);
``bytes_per_second_…``, the throughput: the payload that was acknowledged, over the time from the first segment with
payload to the last acknowledgment of one, pauses between requests included (null for UDP, for a single segment, and
where the capture does not show both); ``window_min_…`` and ``window_max_…``, the smallest and the largest receive
window that this end announced, in bytes, its SYN's included (null for UDP, and where the scale is not in the capture);
``bytes_per_round_…``, a list: the payload that this end newly sent in each of its first 16 round trips, a round ending
with the first acknowledgment of something in it (null for UDP, and for an end at which the capture was not taken, as
far as the handshake's times tell);
``handshake_seconds`` from the first SYN to the ACK that opened the connection, null where it is not in the capture;
``duration_seconds`` from the first packet to the last; ``first_frame``, ``last_frame``. Several files on one output get
a first key ``file``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from labdissect.bridge.escape import json_text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.tcp.conversation import Conversation, seconds
from labdissect.plugins.tcp.rounds import rounds
from labdissect.plugins.tcp.summary import outcome
from labdissect.plugins.writer import Record, WriterFormat, WriterSettings

from .gathering import GatheringWriter

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Verdict
    from labdissect.plugins.tcp.endpoint import Endpoint
    from labdissect.plugins.udp import Exchange


class ConversationsWriter(GatheringWriter):
    """Writes conversations as they end: for want of room, or with the input, the one that began first first."""

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        super().__init__(out)
        self._first = {} if settings.file is None else {"file": settings.file}
        self._latest: int | None = None

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """Only how late it is."""
        self._latest = later(self._latest, packet.time)

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """Its line."""
        self._out.add((json_text({**self._first, **as_object(conversation, self._latest)}), b"\n"))


def later(one: int | None, other: int | None) -> int | None:
    """The later of two times, where known."""
    return other if one is None or (other is not None and other > one) else one


def as_object(conversation: Conversation | Exchange, until: int | None = None) -> dict[str, Any]:
    """The conversation as scripts read it.

    :param until: the time of the capture's last packet, ns since 1970
    """
    client, server = conversation.client, conversation.server
    tcp = conversation if isinstance(conversation, Conversation) else None
    ended = None if tcp is None else outcome(tcp, until)
    history = conversation.history
    return {
        "proto": conversation.proto,
        "stream": conversation.stream,
        "client": client.address,
        "client_port": client.port,
        "server": server.address,
        "server_port": server.port,
        "conn_state": conversation.conn_state,
        "history": history,
        "opened": None if ended is None else ended.opened,
        "closed": None if ended is None else ended.closed,
        "packets_client": client.packets,
        "packets_server": server.packets,
        "bytes_client": client.bytes,
        "bytes_server": server.bytes,
        "retransmissions_client": None if tcp is None else tcp.client.retransmissions,
        "retransmissions_server": None if tcp is None else tcp.server.retransmissions,
        "bytes_per_second_client": None if tcp is None else throughput(tcp.client),
        "bytes_per_second_server": None if tcp is None else throughput(tcp.server),
        "window_min_client": None if tcp is None else scaled(tcp.client, tcp.client.smallest_window),
        "window_max_client": None if tcp is None else scaled(tcp.client, tcp.client.largest_window),
        "window_min_server": None if tcp is None else scaled(tcp.server, tcp.server.smallest_window),
        "window_max_server": None if tcp is None else scaled(tcp.server, tcp.server.largest_window),
        "bytes_per_round_client": None if tcp is None else rounds(tcp, tcp.client),
        "bytes_per_round_server": None if tcp is None else rounds(tcp, tcp.server),
        "handshake_seconds": None if tcp is None else seconds(tcp.client.syn_time, tcp.handshake_time),
        "duration_seconds": seconds(conversation.first_time, conversation.last_time),
        "first_frame": conversation.first_frame,
        "last_frame": conversation.last_frame,
    }


def throughput(end: Endpoint) -> float | None:
    """Bytes per second, to a tenth."""
    found = end.throughput
    return None if found is None else round(found, 1)


def scaled(end: Endpoint, window: int | None) -> int | None:
    """The window, if it is known in bytes."""
    return window if end.window_scaled else None


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    return [WriterFormat("conversations", "a JSON object for each connection", ConversationsWriter, fields=())]
