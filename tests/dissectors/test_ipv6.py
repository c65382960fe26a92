from pathlib import Path

import pytest

from labdissect.dissectors.ipv6 import OPTIONS

from .agreement import LAYERS
from .synthetic import RAW, SOURCE_6, check, ipv6, needs_tshark, packed, udp

HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60


@needs_tshark
@pytest.mark.parametrize(
    ("number", "header", "name"),
    [
        (HOP_BY_HOP, "11 00 00 010102 0000", "ipv6"),
        (HOP_BY_HOP, "11 01 05020000 c20400010000 c3020102", "ipv6"),
        (DESTINATION, "11 00 1e04 01020304", "ipv6"),
        (ROUTING, "11 02 00 01 00000000" + SOURCE_6.hex(), "ipv6"),
        (ROUTING, "11 02 02 01 00000000" + SOURCE_6.hex(), "ipv6"),
        (ROUTING, "11 04 04 00 01 00 0000" + SOURCE_6.hex() * 2, "ipv6"),
    ],
    ids=["pads", "router-alert-and-jumbo", "experimental", "source-route", "home-address", "segments"],
)
def test_extension_headers(tmp_path: Path, number: int, header: str, name: str) -> None:
    check(tmp_path, RAW, ipv6(number, packed(header) + udp()), "raw", name)


@needs_tshark
def test_later_fragment(tmp_path: Path) -> None:
    check(tmp_path, RAW, ipv6(FRAGMENT, packed("11 00 0560 12345678") + udp()), "raw", "ipv6")


def test_first_word_holds_three_members() -> None:
    header = LAYERS["ipv6"].parse_header(packed("6ab12345 0000 3b 40") + SOURCE_6 * 2)
    assert (header.version, header.tclass, header.tclass_dscp, header.tclass_ecn, header.flow) == (
        6,
        0xAB,
        42,
        3,
        0x12345,
    )


def test_options_without_and_with_length() -> None:
    pad, router_alert, unknown = OPTIONS.parse(packed("00 05020000 c3021234")).list
    assert (pad.type, "length" in pad) == (0, False)
    assert router_alert.value.router_alert == 0
    assert unknown.value.data == packed("1234")
