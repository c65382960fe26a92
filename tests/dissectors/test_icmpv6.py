from pathlib import Path

import pytest

from labdissect.dissectors.icmpv6 import OPTIONS

from .agreement import LAYERS
from .synthetic import RAW, SOURCE_6, TARGET_6, check, ipv6, needs_tshark, packed, udp

TARGET = TARGET_6.hex()
QUOTED = ipv6(17, udp())


@needs_tshark
@pytest.mark.parametrize(
    "head", ["0104 0000 00000000", "0200 0000 000005dc", "0300 0000 00000000", "0401 0000 00000028"]
)
def test_errors(tmp_path: Path, head: str) -> None:
    check(tmp_path, RAW, ipv6(58, packed(head) + QUOTED), "raw", "ipv6", "icmpv6")


@needs_tshark
@pytest.mark.parametrize(
    "message",
    [
        "8000 0000 0001 0002 61626364",
        "8500 0000 00000000 0101 020000000001",
        "8600 0000 40 c8 0708 00000001 00000002 1903 0000 00000e10"
        + TARGET
        + "0501 0000 00000500 1802 4008 00000e10 fd00"
        + "00" * 6,
        "8600 0000 40 00 0708 00000001 00000002 0304 40c0 00000e10 00000708 00000000" + TARGET,
        "8700 0000 00000000" + TARGET + "0101 020000000001 0e01 010203040506",
        "8700 0000 00000000" + TARGET + "0102 02000000000102 0304050607080900"[:-2] + "00",
        "8800 0000 e0000000" + TARGET + "0201 020000000001",
        "8900 0000 00000000" + TARGET * 2 + "0201 020000000001",
        "8200 0000 03e8 0000" + TARGET,
        "8300 0000 0000 0000" + TARGET,
        "8f00 0000 0000 0001 04000000" + TARGET,
    ],
    ids=[
        "echo",
        "rs",
        "ra-dns-mtu-route",
        "ra-prefix",
        "ns",
        "ns-long",
        "na",
        "redirect",
        "query",
        "report",
        "report-2",
    ],
)
def test_messages(tmp_path: Path, message: str) -> None:
    check(tmp_path, RAW, ipv6(58, packed(message)), "raw", "ipv6", "icmpv6")


def test_prefix_option() -> None:
    option = OPTIONS.parse(packed("0304 40c0 00000e10 00000708 00000000") + SOURCE_6).list[0]
    assert (option.length, option.value["prefix.length"], option.value["prefix.flag.a"]) == (4, 64, True)
    assert option.value["prefix.valid_lifetime"] == 3600
    assert option.value.prefix == "fd00::1"


def test_flags_only_where_they_are() -> None:
    answer = LAYERS["icmpv6"].parse_header(packed("8800 0000 60000000") + TARGET_6)
    assert (answer.nd_na_flag_r, answer.nd_na_flag_s, answer.nd_na_flag_o) == (False, True, True)
    assert answer.nd_ra_flag_m is None
