from pathlib import Path

import pytest

from .synthetic import RAW, check, ethernet, ipv4, needs_tshark, packed, udp

INNER = ipv4(17, udp())


@needs_tshark
@pytest.mark.parametrize(
    "header",
    [
        "0000 0800",
        "b000 0800 1234 0000 00000007 00000009",
        "1000 0800 00000005",
        "4000 0800 0000 0000 0002 0004 01020304 0000 0000",
    ],
    ids=["plain", "all", "sequence", "source-route"],
)
def test_ip_in_gre(tmp_path: Path, header: str) -> None:
    check(tmp_path, RAW, ipv4(47, packed(header) + INNER), "raw", "ip", "gre", "ip", "udp")


@needs_tshark
@pytest.mark.parametrize("header", ["3081 880b 0010 0001 00000001 00000002", "2081 880b 0010 0001 00000002"])
def test_pptp_has_a_key_of_two_halves(tmp_path: Path, header: str) -> None:
    check(tmp_path, RAW, ipv4(47, packed(header) + packed("ff03") + bytes(14)), "raw", "ip", "gre")


@needs_tshark
def test_ethernet_in_gre(tmp_path: Path) -> None:
    check(
        tmp_path, RAW, ipv4(47, packed("0000 6558") + ethernet(0x0800, INNER)), "raw", "ip", "gre", "eth", "ip", "udp"
    )
