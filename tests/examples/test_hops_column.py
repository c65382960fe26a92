from __future__ import annotations

import json

import pytest

from tests.bridge.program import labdissect, quiet
from tests.bridge.written import fake_packet
from tests.examples.loaded import EXAMPLES, capture, judged, module

TRACEROUTE = "icmp-traceroute-udp"


@pytest.mark.parametrize(
    ("frame", "hops"),
    [(1, None), (2, 0), (3, None), (4, 1), (6, 2)],  # the probes' TTLs 1 and 2 are the program's choice
)
def test_what_routers_took_away(frame: int, hops: int | None) -> None:
    assert module("hops_column").hops(judged("hops_column", TRACEROUTE).packets[frame - 1]) == hops


def test_ipv6_counts_hops_too() -> None:
    packets = judged("hops_column", "ipv6-ndp-ping").packets
    assert {module("hops_column").hops(packet) for packet in packets} == {0}


def test_what_has_no_ip_header_has_no_hops() -> None:
    assert module("hops_column").hops(fake_packet()) is None


def test_it_is_a_column_where_asked_for_and_a_key_of_ek() -> None:
    plugin = ("--plugin", EXAMPLES / "hops_column.py")
    shown = quiet(labdissect(*plugin, "--columns", "number,hops", "-o", "csv", capture(TRACEROUTE))).text
    assert shown.splitlines() == ["number,hops", "1,", "2,0", "3,", "4,1", "5,", "6,2"]
    lines = quiet(labdissect(*plugin, "-o", "ek", capture(TRACEROUTE))).lines
    layers = [json.loads(line)["layers"]["labdissect"] for line in lines if b'"layers"' in line]
    assert [layer.get("labdissect_labdissect_hops") for layer in layers] == [None, "0", None, "1", None, "2"]
