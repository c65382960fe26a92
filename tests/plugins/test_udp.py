"""An exchange of datagrams: who is who, what each sent, and Zeek's words for it."""

from __future__ import annotations

from itertools import groupby

import pytest

from labdissect.plugins.udp import Exchange
from tests.conftest import judged

CAPTURES = ("dns-basic", "rdt-stop-and-wait", "rdt-stop-and-wait-loss", "udp-exchange", "icmp-port-unreachable")


@pytest.mark.parametrize("name", CAPTURES)
def test_every_datagram_is_counted_once_at_who_sent_it(name: str) -> None:
    found = judged(name)
    datagrams = [one for one in found.packets if isinstance(one.conversation, Exchange) and one.icmp is None]
    assert datagrams
    for _, group in groupby(sorted(datagrams, key=lambda one: id(one.conversation)), lambda one: id(one.conversation)):
        packets = sorted(group, key=lambda one: one.number)
        exchange, first = packets[0].conversation, packets[0]
        assert isinstance(exchange, Exchange)
        assert (exchange.client.port, exchange.server.port) == (first.udp.srcport, first.udp.dstport)
        assert (exchange.first_frame, exchange.first_time) == (first.number, first.time)
        assert (exchange.last_frame, exchange.last_time) == (packets[-1].number, packets[-1].time)
        from_client = [one for one in packets if one.udp.srcport == exchange.client.port]
        from_server = [one for one in packets if one not in from_client]
        for party, sent in ((exchange.client, from_client), (exchange.server, from_server)):
            assert party.packets == len(sent)
            assert party.bytes == sum(one.udp.length - 8 for one in sent)
            assert party.last_frame == (sent[-1].number if sent else None)
        assert exchange.conn_state == ("SF" if from_server else "S0")
        assert exchange.history == ("D" if exchange.client.bytes else "") + ("d" if exchange.server.bytes else "")
        assert exchange.sender is (exchange.client if packets[-1] in from_client else exchange.server)
        assert exchange.receiver is not exchange.sender


def test_a_packet_shows_the_state_as_of_itself() -> None:
    packets = [one for one in judged("dns-basic").packets if one.udp is not None]
    first = packets[0]
    assert (first.conn_state, first.history) == ("S0", "D")
    answer = next(one for one in packets[1:] if one.conversation is first.conversation)
    assert (answer.conn_state, answer.history) == ("SF", "Dd")
