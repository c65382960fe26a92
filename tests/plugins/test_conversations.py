"""Which packets are one conversation, that not too many are kept, and that each is ended once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdissect.bridge.engine import Engine
from labdissect.bridge.handmade.ek import ek_lines
from labdissect.bridge.handmade.frames import CLIENT, SERVER, Frame, tcp, tcp_connection, udp
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.conversations import ConversationTable, addresses
from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import Verdict
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.udp import Exchange
from tests.conftest import built_in, ek, judged
from tests.plugins.judging import packets_of

OTHER = "10.0.0.9"


def packets(frames: Iterable[Frame], streams: Sequence[int | None] | None = None, **others: str) -> list[Packet]:
    """The frames, read.

    :param streams: tshark's number for each, instead of those that it would give them; None for no number
    :param others: values in place of those of every packet, by their EK key
    """
    lines = []
    for line in ek_lines(frames).splitlines():
        record = json.loads(line)
        if "layers" in record:
            layer = record["layers"].get("tcp") or record["layers"]["udp"]
            layer |= {key: value for key, value in others.items() if key in layer}
            if streams is not None:
                number = streams[int(record["layers"]["frame"]["frame_frame_number"]) - 1]
                layer.pop("tcp_tcp_stream")
                layer |= {} if number is None else {"tcp_tcp_stream": str(number)}
        lines.append(json.dumps(record, separators=(",", ":")))
    return packets_of("".join(f"{line}\n" for line in lines).encode())


def follow(found: Iterable[Packet], limit: int = 100) -> tuple[ConversationTable, list[Any]]:
    """A table that has seen these packets, and what has left it."""
    ended: list[Any] = []
    table = ConversationTable(ended.append, limit)
    for packet in found:
        assert table.observe_tcp(packet) if packet.tcp is not None else table.observe_udp(packet)
    return table, ended


def conversations(found: Sequence[Packet]) -> list[int]:
    """For each packet the frame with which its conversation began."""
    follow(found)
    assert all(packet.conversation is not None for packet in found)
    return [packet.conversation.first_frame for packet in found if packet.conversation is not None]


def syn(seq: int, *, sport: int = 40000, flags: str = "S", **rest: Any) -> Frame:
    return tcp(sport=sport, dport=80, seq=seq, flags=flags, **rest)


def back(seq: int, ack: int, flags: str) -> Frame:
    return tcp(sport=80, dport=40000, seq=seq, ack=ack, flags=flags, src=SERVER, dst=CLIENT)


# -- which packets are one connection ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["seed-web", "seed-stack-web", "tcp-two-connections", "tcp-port-reuse", "udp-exchange"]
)
def test_real_traffic_falls_into_the_conversations_that_tshark_counts(name: str) -> None:
    found: dict[tuple[str, int], set[int]] = {}
    for packet in judged(name).packets:
        for proto, layer in (("tcp", packet.tcp), ("udp", packet.udp)):
            if layer is not None and packet.conversation is not None and packet.icmp is None:
                found.setdefault((proto, layer.stream), set()).add(packet.conversation.first_frame)
    assert found and all(len(first) == 1 for first in found.values())
    assert len({one for first in found.values() for one in first}) == len(found)


def test_a_syn_with_the_same_number_under_another_stream_goes_on_with_its_connection() -> None:
    """As tshark 4.4 counts one behind an RST (RFC 9293 §3.5, figure 8)."""
    rejected = [syn(1000), back(7, 501, "SA"), syn(501, flags="R")]
    opened = [syn(1000, time=1.0), back(9000, 1001, "SA"), syn(1001, ack=9001, flags="A")]
    found = packets([*rejected, *opened], streams=(0, 0, 0, 1, 1, 1))
    table, ended = follow(found)
    (connection,) = {id(packet.conversation): packet.conversation for packet in found}.values()
    assert isinstance(connection, Conversation)
    assert not ended and found[3].segment is not None and found[3].segment.opens == "syn-again"
    assert connection.handshake_frame == 6 and connection.client.syn_copies == 1
    table.end()
    assert ended == [connection]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(syn(5000), id="another number"),
        pytest.param(syn(1000, flags="SA"), id="an answer"),
        pytest.param(syn(1000, flags="A"), id="no SYN"),
        pytest.param(back(1000, 0, "S"), id="the other end"),
        pytest.param(syn(1000, sport=40001), id="another port"),
        pytest.param(syn(1000, src=OTHER), id="another address"),
    ],
)
def test_anything_else_under_another_stream_is_another_connection(second: Frame) -> None:
    assert conversations(packets([syn(1000), second], streams=(0, 1))) == [1, 2]


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_the_number_of_the_syn_decides(first: int, second: int) -> None:
    same = conversations(packets([syn(first), syn(second)], streams=(0, 1)))
    assert same == ([1, 1] if first == second else [1, 2])
    unnumbered = conversations(packets([syn(first), syn(second)], streams=(None, None)))
    assert unnumbered == same


def test_a_syn_with_another_number_opens_another_connection_which_knows_the_one_before() -> None:
    found = packets([syn(1000), back(9000, 1001, "SA"), syn(5000)], streams=(0, 0, 0))
    _, ended = follow(found)
    assert [one.first_frame for one in ended] == [1]
    again = found[2].conversation
    assert isinstance(again, Conversation) and again.reused_after == 2


def test_a_second_syn_of_the_other_end_opens_no_other_connection() -> None:
    crossed = packets([syn(1000), back(9000, 0, "S"), syn(1000, flags="SA", ack=9001)], streams=(0, 0, 0))
    assert conversations(crossed) == [1, 1, 1]
    connection = crossed[0].conversation
    assert isinstance(connection, Conversation) and connection.simultaneous_open


def test_a_syn_behind_a_close_that_the_capture_lacks_the_beginning_of_opens_another() -> None:
    middle = [syn(500, flags="PA", payload=b"x", ack=1), back(1, 501, "A")]
    assert conversations(packets([*middle, syn(9)], streams=(0, 0, 0))) == [1, 1, 3]


def test_a_stream_number_that_another_pair_of_ports_has_is_no_conversation_of_it() -> None:
    """Two files, one behind the other: each begins with stream 0."""
    found = packets([syn(1), syn(1, sport=40001)], streams=(0, 0))
    _, ended = follow(found)
    assert [one.first_frame for one in ended] == [1]
    assert [packet.conversation.first_frame for packet in found if packet.conversation] == [1, 2]


def test_equal_ports_are_told_apart_by_address() -> None:
    frames = [
        tcp(sport=179, dport=179, seq=1, flags="S"),
        tcp(sport=179, dport=179, seq=8, ack=2, flags="SA", src=SERVER, dst=CLIENT),
        tcp(sport=179, dport=179, seq=2, ack=9, flags="A"),
    ]
    found = packets(frames)
    assert conversations(found) == [1, 1, 1]
    assert [packet.segment.from_client for packet in found if packet.segment] == [True, False, True]


def test_without_numbers_addresses_and_ports_decide_in_both_directions() -> None:
    frames = tcp_connection([("client", b"question"), ("server", b"answer")], dport=80)
    assert set(conversations(packets(frames, streams=[None] * len(list(frames))))) == {1}


def test_udp_goes_by_addresses_whatever_number_tshark_gives_it() -> None:
    there, home = udp(b"a", dport=53), udp(b"b", sport=53, dport=40000, src=SERVER, dst=CLIENT)
    found = packets([there, home, udp(b"c", dport=53, src=OTHER)], udp_udp_stream="7")
    assert conversations(found) == [1, 1, 3]
    exchange = found[0].conversation
    assert isinstance(exchange, Exchange) and exchange.conn_state == "SF"


# -- what cannot be followed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", ["srcport", "dstport", "flags", "seq"])
def test_a_packet_without_what_following_takes_is_counted_and_passed_over(lacking: str) -> None:
    data = json.loads(ek_lines([syn(1)]).splitlines()[-1])
    for key in [one for one in data["layers"]["tcp"] if one.startswith(f"tcp_tcp_{lacking}")]:
        del data["layers"]["tcp"][key]
    (packet,) = packets_of(json.dumps(data, separators=(",", ":")).encode() + b"\n")
    ended: list[Any] = []
    table = ConversationTable(ended.append)
    assert not table.observe_tcp(packet)
    assert table.incomplete == 1 and packet.conversation is None and packet.segment is None
    table.end()
    assert not ended


def test_an_icmp_error_tells_the_connection_whose_packet_it_quotes() -> None:
    connections = {packet.stream: packet for packet in judged("tcp-syn-filtered-icmp").conversations}
    error = next(packet for packet in judged("tcp-syn-filtered-icmp").packets if packet.icmp is not None)
    (connection,) = connections.values()
    assert isinstance(connection, Conversation)
    assert connection.icmp is not None
    assert (connection.icmp.frame, connection.icmp.protocol) == (error.number, "icmp")
    assert connection.icmp.reason == f"type {error.icmp.type}, code {error.icmp.code}"


def test_of_a_tunnel_the_innermost_addresses_count() -> None:
    for name in ("tunnel-gre", "tunnel-ipip"):
        packet = next(packet for packet in packets_of(ek(name)) if packet.protocols.count(":ip") > 1)
        inner, outer = packet.all("ip")[-1], packet.all("ip")[0]
        assert addresses(packet) == (inner.src, inner.dst) != (outer.src, outer.dst)


# -- how many are kept ------------------------------------------------------------------------------------------------


def test_the_one_that_was_silent_longest_leaves_first() -> None:
    order = [1, 2, 3, 1, 4, 2, 5]  # which client port speaks
    found = packets([syn(100 * port, sport=40000 + port) for port in order])
    table, ended = follow(found, limit=3)
    assert [one.client.port - 40000 for one in ended] == [2, 3, 1]
    assert table.evicted == 3
    table.end()
    assert [one.client.port - 40000 for one in ended] == [2, 3, 1, 4, 2, 5]
    assert table.evicted == 3


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 2)), max_size=60), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_bounded_and_each_ended_once(steps: list[tuple[bool, int, int]], limit: int) -> None:
    """Whatever comes: as many as there is room for, all that began have ended, none twice."""
    frames = [
        syn(number, sport=41000 + port) if over_tcp else udp(b"", sport=41000 + port, dport=53)
        for over_tcp, port, number in steps
    ]
    found = packets(frames)
    ended: list[Any] = []
    table = ConversationTable(ended.append, limit)
    for packet in found:
        assert table.observe_tcp(packet) if packet.tcp is not None else table.observe_udp(packet)
        assert len(table._table) <= limit
        assert len(table._latest) <= limit + limit // 2 + 1
        assert all(one.key == key for key, one in table._table.items() if isinstance(one, Conversation))
        assert packet.conversation in table._table.values()
    assert table.evicted <= len(ended)
    table.end()
    assert not table._table and not table._latest
    began = {id(packet.conversation) for packet in found}
    assert len(ended) == len(began) and {id(one) for one in ended} == began


def test_the_end_of_the_input_ends_them_in_the_order_in_which_they_began() -> None:
    found = packets([syn(port, sport=40000 + port) for port in (1, 2, 3, 1)])
    table, ended = follow(found)
    table.end()
    assert [one.first_frame for one in ended] == [1, 2, 3]


def engine_of(limit: int) -> tuple[Engine, list[tuple[Conversation | Exchange, list[Verdict]]]]:
    """An engine with room for so many conversations, and what it tells of their ends."""
    told: list[tuple[Conversation | Exchange, list[Verdict]]] = []
    engine = Engine(
        built_in(),
        Settings(),
        lambda problem: None,
        lambda one, verdicts: told.append((one, list(verdicts))),
        conversations=limit,
    )
    return engine, told


def test_one_that_leaves_for_want_of_room_has_its_verdicts_of_the_end() -> None:
    """A SYN that nobody answered: said when the connection leaves, not only at the end of the input."""
    lonely = packets_of(ek("tcp-syn-no-answer"))
    engine, told = engine_of(1)
    for packet in lonely:
        engine.annotate(packet)
    assert not told
    (unanswered,) = {packet.conversation for packet in lonely if packet.segment is not None}
    engine.annotate(packets([syn(1, sport=45000)], streams=(9,))[0])
    ((left, verdicts),) = told
    assert left is unanswered and engine.table.evicted == 1
    codes = {verdict.rule.code for verdict in verdicts}
    whole = judged("tcp-syn-no-answer")
    late = {verdict.rule.code for found in whole.verdicts.values() for verdict in found if verdict.frame is None}
    assert "tcp.open.no-answer" in codes and codes == late
    engine.finish()
    assert [one for one, _ in told].count(left) == 1


def test_a_conversation_that_left_early_is_another_when_it_goes_on() -> None:
    frames = [syn(1), udp(b"", dport=53), tcp(sport=40000, dport=80, seq=2, ack=9, flags="A")]
    engine, told = engine_of(1)
    found = packets(frames)
    for packet in found:
        engine.annotate(packet)
    assert [one.proto for one, _ in told] == ["tcp", "udp"]
    again = found[2].conversation
    assert isinstance(again, Conversation) and again.midstream and again is not found[0].conversation
