from pathlib import Path

import pytest

from labdissect.dissectors.stack import dissect

from .agreement import BINDINGS, LAYERS
from .synthetic import RAW, check, ipv4, needs_tshark, packed, udp

QUOTED = ipv4(17, udp())


@needs_tshark
@pytest.mark.parametrize(
    "message",
    [
        "0800 0000 0001 0002 616263",
        "0d00 0000 0001 0002 00000001 00000002 00000003",
        "1100 0000 0001 0002 ffffff00",
        "0f00 0000 0001 0002",
        "0900 0000 0102 0708 0a000001 80000000",
        "0a00 0000 00000000",
    ],
    ids=["echo", "timestamp", "address-mask", "information", "router-advertisement", "router-solicitation"],
)
def test_queries(tmp_path: Path, message: str) -> None:
    check(tmp_path, RAW, ipv4(1, packed(message)), "raw", "ip", "icmp")


@needs_tshark
@pytest.mark.parametrize(
    "head",
    [
        "0303 0000 00000000",
        "0304 0000 000005dc",
        "0b00 0000 00000000",
        "0c00 0000 14000000",
        "0501 0000 0a000009",
        "0400 0000 00000000",
    ],
    ids=["port-unreachable", "fragmentation-needed", "time-exceeded", "parameter-problem", "redirect", "source-quench"],
)
def test_errors(tmp_path: Path, head: str) -> None:
    check(tmp_path, RAW, ipv4(1, packed(head) + QUOTED), "raw", "ip", "icmp")


def test_quoted_headers_are_inner() -> None:
    outer, error = dissect(ipv4(1, packed("0303 0000 00000000") + QUOTED), "ip", BINDINGS)
    assert (outer.name, error.name) == ("ip", "icmp")
    assert [one.name for one in error.inner] == ["ip", "udp"]
    assert error.inner[1].header.dstport == 5002
    assert error.inner[1].offset == 20 + 8 + 20


def test_next_hop_mtu_only_where_it_is_one() -> None:
    assert LAYERS["icmp"].parse_header(packed("0304 0000 000005dc")).mtu == 1500
    assert LAYERS["icmp"].parse_header(packed("0303 0000 000005dc")).mtu is None
