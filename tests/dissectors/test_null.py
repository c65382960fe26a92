import struct
from pathlib import Path

import pytest

from .synthetic import BSD_LOOPBACK, check, ipv4, ipv6, needs_tshark, udp


@needs_tshark
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("family", "name"), [(2, "ip"), (24, "ipv6"), (28, "ipv6"), (30, "ipv6")])
def test_families_in_both_byte_orders(tmp_path: Path, order: str, family: int, name: str) -> None:
    packet = ipv4(17, udp()) if name == "ip" else ipv6(17, udp())
    check(tmp_path, BSD_LOOPBACK, struct.pack(f"{order}I", family) + packet, "null", name, "udp")
