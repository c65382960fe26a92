from pathlib import Path

from .agreement import LAYERS
from .synthetic import ETHERNET, check, ethernet, ipv4, needs_tshark, packed, udp


def test_tag() -> None:
    tag = LAYERS["vlan"].parse_header(packed("b00a 0800"))
    assert (tag.priority, tag.dei, tag.id, tag.etype) == (5, True, 10, 0x0800)


@needs_tshark
def test_two_tags(tmp_path: Path) -> None:
    inner = packed("2064 0800") + ipv4(17, udp())
    check(tmp_path, ETHERNET, ethernet(0x8100, packed("e00a 8100") + inner), "eth", "vlan", "vlan", "ip", "udp")


@needs_tshark
def test_ieee_802_3_in_a_tag(tmp_path: Path) -> None:
    check(tmp_path, ETHERNET, ethernet(0x8100, packed("000a 0005 424203 0000")), "eth", "vlan", "llc")
