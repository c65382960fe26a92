"""What stays together."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.jobs import groups as module
from labdissect.bridge.jobs.groups import ETHERNET, RAW, REST, Groups
from labdissect.bridge.jobs.packets import NotSplit
from labdissect.testing import Frame, ethernet, ip, tcp, udp
from tests.bridge.jobs.made import (
    connection,
    dns,
    echoes,
    fragments,
    in_gre,
    in_ip,
    in_vxlan,
    mixture,
    packet,
    unreachable,
)


def grouped(frames: Iterable[Frame], groups: Groups | None = None) -> list[int]:
    """The group of each, once all were seen."""
    groups = groups or Groups()
    found = [groups.packet(frame.data, 0, len(frame.data), ETHERNET) for frame in frames]
    return [groups.root(group) for group in found]


def together(*flows: Iterable[Frame]) -> bool:
    """Whether everything is one group."""
    return len(set(grouped(frame for flow in flows for frame in flow))) == 1


@pytest.mark.parametrize("server", ["10.0.1.1", "2001:db8::1"])
def test_a_connection_is_one_group_and_another_another(server: str) -> None:
    client = "2001:db8::2" if ":" in server else "10.0.0.1"

    def both(port: int) -> list[Frame]:
        there = tcp(b"x", sport=port, dport=80, seq=1, src=client, dst=server)
        return [there, tcp(b"y", sport=80, dport=port, seq=1, src=server, dst=client)] * 2

    one, other = both(1000), both(1001)
    assert together(one) and together(other) and not together(one, other)


def test_dns_lookups_are_apart_and_other_udp_is_not() -> None:
    assert together([dns(1, answer=False), dns(1, answer=True)])
    assert not together([dns(1, answer=False), dns(2, answer=False)])
    other = [udp(b"x", dport=port, dst=f"10.0.7.{port % 256}") for port in (123, 443, 5060, 9000)]
    assert set(grouped(other)) == {REST}


def test_what_has_no_conversation() -> None:
    arp = ethernet(bytes(28), type=0x0806)
    spanning_tree = Frame(bytes.fromhex("0180c2000000020000000001002642420300") + bytes(35))
    multicast = udp(b"x", sport=53, dport=53, dst="224.0.0.251")
    assert set(grouped([arp, spanning_tree, multicast, ip(bytes(8), proto=2), Frame(b""), Frame(b"\0" * 14)])) == {REST}


def test_fragments_are_with_all_that_the_two_hosts_exchange() -> None:
    before, after = dns(1, answer=False), dns(2, answer=False)
    pieces = fragments(udp(b"x" * 1000, sport=53, dport=20001, src="10.0.0.53", dst="10.0.0.1"))
    assert len(pieces) == 3
    assert together([before], pieces, [after], reversed(pieces))


def test_an_error_is_with_what_it_quotes() -> None:
    flow = connection(1)
    assert together(flow, [unreachable(flow[2])])
    assert together([unreachable(flow[2])], flow)
    assert not together([unreachable(flow[2])], connection(2))


def test_the_fragments_of_an_error_are_with_what_the_first_one_quotes() -> None:
    flow = connection(1)
    quoted = packet(flow[3]) + bytes(500)
    error = ip(b"\3\1" + bytes(6) + quoted, proto=1, src="10.9.9.9", dst="10.0.0.1")
    pieces = fragments(error, 304)
    assert len(pieces) == 2
    assert together(flow, pieces)
    assert together(pieces[::-1], flow)


def test_an_error_to_a_group_of_hosts_is_with_what_it_quotes_too() -> None:
    flow = connection(1)
    error = ip(b"\3\1" + bytes(6) + packet(flow[2])[:28], proto=1, src="10.9.9.9", dst="224.0.0.9")
    assert together([error], flow) and set(grouped([error, *flow])) == {REST}


def test_echoes_are_by_pair() -> None:
    assert together(echoes(1), echoes(2))
    assert not together(echoes(1), connection(1))


@pytest.mark.parametrize("tunnel", [in_ip, in_gre, in_vxlan])
def test_a_tunnel_is_with_what_it_carries(tunnel) -> None:  # type: ignore[no-untyped-def]
    flow = connection(1)
    outside = ip(b"\x08\0" + bytes(6), proto=1, src="192.0.2.1", dst="192.0.2.2")
    assert together(flow, [tunnel(frame) for frame in flow])
    assert together([tunnel(frame) for frame in flow], flow)
    assert not together([tunnel(frame) for frame in flow], connection(2))
    if tunnel is in_ip:
        assert together([tunnel(frame) for frame in flow], [outside])


@pytest.mark.parametrize("port", [21, 5060, 554, 135])
def test_protocols_that_announce_conversations_are_with_the_rest(port: int) -> None:
    flow = [tcp(b"", dport=port, seq=1, flags="S"), tcp(b"hello", dport=9000, seq=1)]
    assert set(grouped(flow)) == {REST}


@pytest.mark.parametrize("data", [b"INVITE sip:a@b SIP/2.0\r\n", b"\5\0\x0b\3\x10\0\0\0", b"RTSP/1.0 200 OK\r\n\r\n"])
def test_they_are_known_by_their_first_data_too(data: bytes) -> None:
    syn = tcp(b"", dport=9000, seq=1, flags="S")
    assert set(grouped([syn, syn, tcp(data, dport=9000, seq=2), tcp(b"x", dport=9000, seq=3)])) == {REST}


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (ethernet(bytes(40), type=0x8864), "0x8864"),
        (ethernet(bytes(40), type=0x8847), "0x8847"),
        (Frame(bytes(12) + b"\0\x26\xaa\xaa\3\0\0\0\x08\0" + bytes(40)), "0x0026"),
        (Frame(bytes(12) + b"\0\x26\6\6\3" + bytes(40)), "0x0026"),
        (ip(bytes(40), proto=50), "protocol 50"),
        (ip(bytes(40), proto=132), "protocol 132"),
        (udp(bytes(40), dport=2152), "port 2152"),
        (udp(bytes(40), sport=3544, dport=9000), "port 3544"),
        (ip(b"\0\0\x88\x0b" + bytes(40), proto=47), "0x880b"),
        (ip(b"\x30\1\x88\x0b" + bytes(40), proto=47), "GRE"),
        (ip(bytes(40), proto=4, flags_mf=True), "fragments"),
        (ip(bytes(40), proto=43, src="2001:db8::1", dst="2001:db8::2"), "protocol 43"),
    ],
)
def test_what_headers_do_not_tell(frame: Frame, why: str) -> None:
    with pytest.raises(NotSplit, match=why):
        grouped([frame])


def test_a_source_route_changes_the_addresses() -> None:
    plain = packet(tcp(b"x", dport=80, seq=1))
    routed = b"\x48" + plain[1:20] + b"\x83\x07\x04\x0a\x00\x00\x09\x00" + bytes(4) + plain[20:]
    with pytest.raises(NotSplit, match="source routes"):
        grouped([ethernet(routed, type=0x0800)])


def test_tunnels_in_tunnels_end() -> None:
    frame = connection(1)[0]
    for _ in range(12):
        frame = in_ip(frame)
    with pytest.raises(NotSplit, match="nested"):
        grouped([frame])


def test_vlan_tags_and_link_types() -> None:
    one = connection(1)[3]
    tagged = Frame(one.data[:12] + b"\x81\0\0\7" + one.data[12:])
    twice = Frame(one.data[:12] + b"\x88\xa8\0\7\x81\0\0\7" + one.data[12:])
    groups = Groups()
    (first,) = grouped([one], groups)
    assert grouped([tagged, twice], groups) == [first, first]
    cooked = bytes(14) + one.data[12:]
    cooked2 = one.data[12:14] + bytes(18) + packet(one)
    for data, link in ((packet(one), RAW), (cooked, 113), (cooked2, 276), (b"\2\0\0\0" + packet(one), 0)):
        assert groups.root(groups.packet(data, 0, len(data), link)) == first
    with pytest.raises(NotSplit, match="link type is 147"):
        groups.packet(b"", 0, 0, 147)


def test_memory_is_bounded_and_conversations_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 20)
    groups = Groups()
    flows = [connection(number, server=f"10.1.{number % 50}.1") for number in range(600)]
    found = grouped([frame for flow in flows for frame in flow], groups)
    again = grouped([frame for flow in flows for frame in flow], groups)
    assert found == again
    at = 0
    for flow in flows:
        assert len(set(found[at : at + len(flow)])) == 1
        at += len(flow)
    assert len(set(found)) > 60
    assert max(found) < 256
    assert all(len(settled) <= 20 for settled in groups.settled)


@given(data=st.binary(max_size=120), link=st.sampled_from(sorted(module.IP_AT)))
def test_hostile_packets(data: bytes, link: int) -> None:
    try:
        assert 0 <= Groups().packet(data, 0, len(data), link) < 256
    except NotSplit as why:
        assert str(why)


MIXTURE = mixture()
CHANGES = st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=3)


@given(number=st.integers(0), changes=CHANGES, cut=st.integers(0, 200))
def test_hostile_headers(number: int, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(MIXTURE[number % len(MIXTURE)].data)
    for at, value in changes:
        data[at % len(data)] = value
    try:
        assert 0 <= Groups().packet(bytes(data), 0, max(0, len(data) - cut), ETHERNET) < 256
    except NotSplit as why:
        assert str(why)


def test_a_cut_packet_is_with_its_pair() -> None:
    flow = connection(1)
    data = flow[0].data[: 14 + 20 + 3]
    assert together(flow, [Frame(data)], connection(2))
    assert struct.unpack(">H", data[12:14]) == (0x0800,)
