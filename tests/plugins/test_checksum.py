from __future__ import annotations

import pytest

from labdissect.plugins.checksum import folded, ip_header_checksum, is_ipv4, pseudo_header_sum
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


def test_what_is_an_address() -> None:
    assert [is_ipv4(text) for text in ("10.0.0.1", "10.1", "host.a.b.c", "fd00::1", "", None)] == [True] + 5 * [False]
