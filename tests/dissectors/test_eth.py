from pathlib import Path

from .agreement import LAYERS
from .synthetic import ETHERNET, check, ethernet, ipv4, needs_tshark, packed, udp

ETH = LAYERS["eth"]


def test_small_numbers_are_lengths() -> None:
    frame = ETH.parse_header(ethernet(46, b""))
    assert (frame.type, frame.len) == (None, 46)
    assert ETH.parse_header(ethernet(0x0800, b"")).type == 0x0800


def test_builds_from_values_alone() -> None:
    values = {"dst": "02:00:00:00:00:02", "src": "02:00:00:00:00:01", "type": 0x86DD}
    assert ETH.build(values) == ethernet(0x86DD, b"")


@needs_tshark
def test_ethernet_2_with_padding(tmp_path: Path) -> None:
    check(tmp_path, ETHERNET, ethernet(0x0800, ipv4(17, udp())) + bytes(18), "eth", "ip", "udp")


@needs_tshark
def test_ieee_802_3(tmp_path: Path) -> None:
    check(tmp_path, ETHERNET, ethernet(5, packed("424203 0000")), "eth", "llc")
