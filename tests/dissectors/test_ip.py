from pathlib import Path

import pytest

from labdissect.dissectors.ip import OPTIONS
from labdissect.dissectors.stack import dissect

from .agreement import BINDINGS, LAYERS
from .synthetic import RAW, check, ipv4, needs_tshark, packed, udp

IP = LAYERS["ip"]


@needs_tshark
@pytest.mark.parametrize(
    "options",
    [
        "94040000",
        "830b08 01020304 05060708 00",
        "440c0d01 01020304 00000005",
        "440c0d00 00000001 00000005",
        "01010100",
        "8606 00000001 0101",
    ],
    ids=["router-alert", "loose-route", "timestamp-address", "timestamps", "padding", "cipso"],
)
def test_options(tmp_path: Path, options: str) -> None:
    check(tmp_path, RAW, ipv4(17, udp(), packed(options)), "raw", "ip", "udp")


def test_options_have_their_fields() -> None:
    route, end = OPTIONS.parse(packed("830b08 01020304 05060708 00")).list
    assert (route.type, route.len, route.value.ptr) == (131, 11, 8)
    assert route.value.route == ["1.2.3.4", "5.6.7.8"]
    assert end.type == 0


def test_only_the_first_fragment_has_a_header_in_it() -> None:
    packet = bytearray(ipv4(17, udp()))
    packet[6:8] = packed("2000")
    assert [one.name for one in dissect(bytes(packet), "ip", BINDINGS)] == ["ip", "udp"]
    packet[6:8] = packed("0001")
    assert [one.name for one in dissect(bytes(packet), "ip", BINDINGS)] == ["ip"]


def test_length_zero_of_segmentation_offload_leaves_all_as_payload() -> None:
    assert IP.payload_length is not None
    header = IP.parse(ipv4(6, b""))
    assert IP.payload_length(header) == 0
    header.len = 0
    assert IP.payload_length(header) is None
