from pathlib import Path

import pytest

from .agreement import LAYERS
from .synthetic import ETHERNET, check, ethernet, ipv4, needs_tshark, packed, udp


@needs_tshark
@pytest.mark.parametrize("header", ["4242 03", "4243 7f", "4242 0109", "4243 0108", "aaaa 03 00000c 1234", "f0f0 03"])
def test_kinds_of_frames(tmp_path: Path, header: str) -> None:
    data = packed(header) + bytes(4)
    check(tmp_path, ETHERNET, ethernet(len(data), data), "eth", "llc")


@needs_tshark
def test_snap_with_an_ethertype(tmp_path: Path) -> None:
    data = packed("aaaa03 000000 0800") + ipv4(17, udp())
    check(tmp_path, ETHERNET, ethernet(len(data), data), "eth", "llc", "ip", "udp")


def test_information_frames_have_two_bytes_of_control() -> None:
    assert LAYERS["llc"].parse_header(packed("4242 0204")).control == 0x0402
