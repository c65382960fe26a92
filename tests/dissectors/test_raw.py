from pathlib import Path

import pytest

from .synthetic import RAW, RAW_IPV4, RAW_IPV6, check, ipv4, ipv6, needs_tshark, udp


@needs_tshark
@pytest.mark.parametrize(
    ("link", "packet", "stack"),
    [
        (RAW, ipv4(17, udp()), ("raw", "ip", "udp")),
        (RAW, ipv6(17, udp()), ("raw", "ipv6", "udp")),
        (RAW_IPV4, ipv4(17, udp()), ("ip", "udp")),
        (RAW_IPV6, ipv6(17, udp()), ("ipv6", "udp")),
    ],
)
def test_ip_without_link_header(tmp_path: Path, link: int, packet: bytes, stack: tuple[str, ...]) -> None:
    check(tmp_path, link, packet, *stack)
