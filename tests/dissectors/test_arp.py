from pathlib import Path

import pytest

from .synthetic import ETHERNET, check, ethernet, needs_tshark, packed


@needs_tshark
@pytest.mark.parametrize(
    "packet",
    [
        "0001 0800 06 04 0001 020000000001 00000000 000000000000 0a000001",
        "0001 0800 06 04 0002 020000000001 0a000001 020000000001 0a000001",
        "0006 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002",
        "0020 86dd 08 10 0008" + "01" * 48,
        "0001 0800 00 04 0001 0a000001 0a000002",
    ],
    ids=["probe", "gratuitous", "ieee-802", "other-addresses", "no-hardware-address"],
)
def test_packets(tmp_path: Path, packet: str) -> None:
    check(tmp_path, ETHERNET, ethernet(0x0806, packed(packet)), "eth", "arp")
