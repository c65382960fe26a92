from labdissect.dissectors.stack import dissect

from .agreement import BINDINGS, LAYERS
from .synthetic import ipv4, packed, udp


def test_lower_port_is_tried_first() -> None:
    header, _ = LAYERS["udp"].parse_sized(udp(source=40000, target=53))
    assert header["_ports"] == [53, 40000]


def test_length_ends_the_payload() -> None:
    query = packed("0001 0100 0001 0000 0000 0000 00 0001 0001")
    found = dissect(ipv4(17, udp(query, target=53)) + b"trailer", "ip", BINDINGS)
    assert [one.name for one in found] == ["ip", "udp", "dns"]
    assert found[-1].header["_rest"] == b""
