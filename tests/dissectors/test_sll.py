import struct
from pathlib import Path

import pytest

from .synthetic import COOKED, COOKED_2, check, ipv4, needs_tshark, packed, udp

ADDRESS = bytes(range(8))


@needs_tshark
@pytest.mark.parametrize("size", [0, 4, 6, 7, 8, 9])
def test_addresses_of_every_size(tmp_path: Path, size: int) -> None:
    data = ipv4(17, udp())
    check(tmp_path, COOKED, struct.pack(">HHH8sH", 0, 1, size, ADDRESS, 0x0800) + data, "sll", "ip", "udp")
    check(tmp_path, COOKED_2, struct.pack(">HHIHBB8s", 0x0800, 0, 3, 1, 4, size, ADDRESS) + data, "sll", "ip", "udp")


@needs_tshark
@pytest.mark.parametrize(("device", "protocol", "payload"), [(778, 0x0800, "ip"), (1, 4, "llc")])
def test_other_protocol_numbers(tmp_path: Path, device: int, protocol: int, payload: str) -> None:
    data = ipv4(17, udp()) if payload == "ip" else packed("424203 0000")
    check(tmp_path, COOKED, struct.pack(">HHH8sH", 0, device, 4, ADDRESS, protocol) + data, "sll", payload)
    check(tmp_path, COOKED_2, struct.pack(">HHIHBB8s", protocol, 0, 3, device, 4, 4, ADDRESS) + data, "sll", payload)
