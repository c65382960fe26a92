from pathlib import Path

from .synthetic import ETHERNET, check, ethernet, ipv4, needs_tshark, packed, udp


@needs_tshark
def test_service_tag_around_a_customer_tag(tmp_path: Path) -> None:
    tags = packed("f00a 8100 2064 0800")
    check(tmp_path, ETHERNET, ethernet(0x88A8, tags + ipv4(17, udp())), "eth", "ieee8021ad", "vlan", "ip", "udp")


@needs_tshark
def test_service_tag_alone(tmp_path: Path) -> None:
    check(tmp_path, ETHERNET, ethernet(0x88A8, packed("e00a 0800") + ipv4(17, udp())), "eth", "ieee8021ad", "ip", "udp")
