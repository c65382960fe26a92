from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.plugins.checksum import (
    folded,
    ip_header_checksum,
    is_ipv4,
    pseudo_header_sum,
    tcp_checksum,
    udp_checksum,
    word_sum,
)
from tests.conftest import CAPTURES, ek, tshark
from tests.plugins.judging import packets_of


def test_the_pseudo_header_of_the_second_seeds_query() -> None:
    assert pseudo_header_sum("172.24.58.38", "10.1.1.3", 17, 39) == 0xF17A


def test_sums_are_folded_as_rfc_1071_does() -> None:
    assert [folded(total) for total in (0, 1, 0xFFFF, 0x10000, 0x1FFFE, 0x2DDF2)] == [0, 1, 0xFFFF, 1, 0xFFFF, 0xDDF4]


@pytest.mark.parametrize("name", ["seed-web", "icmp-fragmented-ping", "tcp-ecn", "udp-exchange"])
def test_real_headers_hold_what_their_fields_give(name: str) -> None:
    assert (CAPTURES / f"{name}.pcapng").exists()
    status = tshark(
        name, "-o", "ip.check_checksum:TRUE", "-Y", "ip.checksum.status == 0", "-T", "fields", "-e", "frame.number"
    )
    assert not status.strip()  # tshark finds them good
    for packet in packets_of(ek(name)):
        if packet.ip is not None:
            assert ip_header_checksum(packet.ip) == packet.ip.checksum


@pytest.mark.parametrize("name", ["tcp-corrupted-segment", "udp-exchange", "ipv6-tcp-http", "tcp-urgent", "dns-basic"])
def test_whole_segments_and_datagrams_hold_what_tshark_finds_right(name: str) -> None:
    options = ("-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
    packets = [one for one in packets_of(ek(name, *options)) if one.tcp is not None or one.udp is not None]
    assert packets
    for packet in packets:
        ends = (packet.ip.src, packet.ip.dst) if packet.ip is not None else (packet.ipv6.src, packet.ipv6.dst)
        header = packet.tcp or packet.udp
        right = (tcp_checksum if packet.tcp is not None else udp_checksum)(header, *ends)
        assert (right == header.checksum) == (header.checksum_status == 1), packet.number


@given(st.binary(max_size=70))
def test_an_odd_byte_is_the_high_one(data: bytes) -> None:
    padded = data + b"\0" * (len(data) % 2)
    words = [int.from_bytes(padded[at : at + 2]) for at in range(0, len(padded), 2)]
    assert word_sum(data) == folded(sum(words))


def test_what_is_an_address() -> None:
    assert [is_ipv4(text) for text in ("10.0.0.1", "10.1", "host.a.b.c", "fd00::1", "", None)] == [True] + 5 * [False]
