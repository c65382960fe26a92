from __future__ import annotations

import pytest

from labdissect.plugins.rule import render
from tests.conftest import CAPTURES, judged
from tests.plugins.built_captures import built
from tests.plugins.judging import told


def test_the_and_of_the_second_seed() -> None:
    lan, _ = told("seed-stack-lan", subnets=("172.24.58.38/19",))
    sentence = "172.24.58.38 AND 255.255.224.0 = 172.24.32.0, 172.24.50.191 AND 255.255.224.0 = 172.24.32.0"
    assert sentence in render(lan.verdict(10, "ip.same-subnet"))
    assert sentence in render(lan.verdict(12, "ip.same-subnet"))
    web, _ = told("seed-stack-web", subnets=("172.24.58.38/19",))
    off = web.verdict(3, "ip.same-subnet")
    assert off.wording == "off"
    assert "183.232.231.172 AND 255.255.224.0 = 183.232.224.0" in render(off)


def test_without_a_mask_the_inference_is_stated() -> None:
    lan = judged("seed-stack-lan")
    assert lan.verdict(12, "ip.same-subnet").wording == "asked"
    assert lan.verdict(12, "ip.same-subnet").params["told"] == 10
    assert judged("seed-stack-web").verdict(1, "ip.same-subnet").wording == "far"
    assert not judged("icmp-redirect").frames("ip.same-subnet")  # 10.0.0.1 and 10.0.3.2: the mask decides


def test_dhcp_tells_the_mask() -> None:
    release = judged("dhcp-release")
    assert release.frames("ip.same-subnet") == [5, 7]
    assert release.verdict(7, "ip.same-subnet").params["told"] == 4


def test_checksums_that_the_card_fills_in() -> None:
    lan = judged("seed-stack-lan")
    assert lan.frames("ip.checksum-zero") == [12]
    assert lan.verdict(12, "ip.checksum-zero").params["right"] == 0x4BAA
    assert not judged("seed-web").frames("ip.checksum-zero")


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.pcapng")), ids=lambda path: path.stem)
def test_no_real_header_is_damaged(path: object) -> None:
    assert not judged(path.stem).frames("ip.checksum-bad")  # type: ignore[attr-defined]


def test_a_damaged_header() -> None:
    headers = built("link-headers")
    assert headers.frames("ip.checksum-bad") == [2]
    assert headers.verdict(2, "ip.checksum-bad").params == {"found": 0x1234, "right": 0x26A8}


def test_how_far_a_packet_came() -> None:
    web = judged("seed-stack-web")
    assert web.verdict(1, "ip.ttl-origin").wording == "64"
    assert web.verdict(2, "ip.ttl-hops").params == {"ttl": 61, "initial": 64, "hops": 3}
    assert web.verdict(6, "ip.ttl-hops").params["hops"] == 12
    assert judged("seed-web").verdict(2, "ip.ttl-origin").wording == "128"
    assert judged("seed-stack-lan").verdict(3, "ip.ttl-origin").wording == "link"
    assert judged("seed-stack-lan").verdict(8, "ip.ttl-origin").wording == "group"
    assert not built("link-headers").codes(5).count("ip.ttl-hops")


def test_traceroute_is_no_error() -> None:
    trace = judged("icmp-traceroute-udp")
    assert trace.frames("ip.ttl-probe") == [1, 3, 5]
    first = trace.verdict(1, "ip.ttl-probe")
    assert (first.frame, first.params["router"], first.params["report"]) == (3, "10.0.0.254", 2)
    assert not judged("icmp-net-unreachable").frames("ip.ttl-probe")
    assert not built("link-headers").frames("ip.ttl-probe")  # one low TTL alone


def test_fragments_and_their_bytes() -> None:
    ping = judged("icmp-fragmented-ping")
    assert ping.frames("ip.fragment") == [1, 2, 3, 4, 5, 6]
    assert "1480–2959 (185 × 8 = 1480)" in render(ping.verdict(2, "ip.fragment"))
    last = ping.verdict(3, "ip.fragment")
    assert (last.wording, last.params["frames"], last.params["total"]) == ("last", (1, 2, 3), 4008)
    assert judged("udp-large-fragmented").verdict(4, "ip.fragment").params["total"] == 5008
    assert built("link-headers").verdict(4, "ip.fragment").wording == "last-gap"
    assert not judged("tcp-path-mtu-discovery").frames("ip.fragment")


def test_facts_of_a_host_are_said_once() -> None:
    web = judged("seed-web")
    for code in ("ip.df", "ip.id", "ip.unfragmented", "ip.ttl-origin"):
        assert web.frames(code) == [1, 2]
    assert web.frames("ip.checksum-unverified") == [1]


def test_private_addresses_need_translation() -> None:
    web = judged("seed-stack-web")
    assert web.frames("ip.private") == [3]
    assert web.verdict(3, "ip.private").params["block"] == "172.16.0.0/12"
    assert not judged("seed-web").frames("ip.private")


def test_details_never_outrank_the_story() -> None:
    for name in ("seed-web", "seed-stack-web", "http-get", "icmp-echo", "dns-basic", "dhcp-dora"):
        result = judged(name)
        for packet in result.packets:
            assert not result.codes(packet.number)[0].startswith(("ip.", "eth.", "frame.", "vlan."))
