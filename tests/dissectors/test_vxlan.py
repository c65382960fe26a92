from pathlib import Path

import pytest

from .synthetic import RAW, check, ethernet, ipv4, needs_tshark, packed, udp


@needs_tshark
@pytest.mark.parametrize("header", ["0800 0000 00002a 00", "8848 1234 00002a 07"])
def test_ethernet_in_vxlan(tmp_path: Path, header: str) -> None:
    frame = ipv4(17, udp(packed(header) + ethernet(0x0800, ipv4(17, udp())), target=4789))
    check(tmp_path, RAW, frame, "raw", "ip", "udp", "vxlan", "eth", "ip", "udp")
