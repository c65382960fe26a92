from __future__ import annotations

from labdissect.bridge.readers.ek import EkReader
from labdissect.plugins.conversations import addresses
from labdissect.plugins.rule import render
from tests.conftest import built_in, ek, judge, judged
from tests.plugins.built_captures import built


def test_a_neighbor_is_asked_by_its_group() -> None:
    ping = judged("ipv6-ndp-ping")
    assert ping.codes(1)[0] == "ipv6.ndp-solicitation"
    assert "ff02::1:ff00:2, made of the address's last 24 bits (00:00:02)" in render(
        ping.verdict(1, "ipv6.ndp-solicitation")
    )
    answer = ping.verdict(2, "ipv6.ndp-advertisement")
    assert (answer.params["request"], answer.params["mac"]) == (1, "02:00:00:00:00:0b")
    assert round(answer.params["delay"], 5) == 0.00638


def test_a_host_comes_up() -> None:
    up = judged("ipv6-dad-and-router")
    assert up.frames("ipv6.ndp-dad") == [1, 3, 6]
    assert up.frames("ipv6.ndp-router-solicitation") == [4]
    assert up.frames("ipv6.ndp-router-advertisement") == [5]
    answer = up.verdict(5, "ipv6.ndp-router-advertisement")
    assert (answer.wording, answer.params["request"], answer.params["prefix"]) == ("answer", 4, "fd00:1::/64")
    assert up.frames("ipv6.ndp-router-ignored") == [2]
    ignored = up.verdict(2, "ipv6.ndp-router-ignored")
    assert "fd00:1::2, which is no link-local address: hosts must ignore it" in render(ignored)
    assert ignored.rule.severity == "warn"
    assert not up.frames("ipv6.ndp-solicitation")


def test_a_lifetime_of_zero_makes_no_default_router() -> None:
    data = ek("ipv6-dad-and-router")
    prefix_only = judge(data.replace(b'router_lifetime":"1800"', b'router_lifetime":"0"')).verdict(
        5, "ipv6.ndp-router-advertisement"
    )
    assert prefix_only.wording == "prefix-only"
    assert "is no default router (lifetime 0), but gives the prefix fd00:1::/64" in render(prefix_only)
    without_prefix = judge(data.replace(b'prefix_flag_a":true', b'prefix_flag_a":false'))
    assert without_prefix.verdict(5, "ipv6.ndp-router-advertisement").wording == "plain"


def test_addresses_that_are_none_end_nothing() -> None:
    data = ek("ipv6-dad-and-router").replace(b'"fd00:1::2"', b'"zz"')
    strange = judge(
        data.replace(b'"icmpv6_icmpv6_nd_ns_target_address":"fe80', b'"icmpv6_icmpv6_nd_ns_target_address":"zz')
    )
    assert strange.verdict(2, "ipv6.ndp-router-ignored").params["source"] == "zz"
    assert strange.verdict(1, "ipv6.ndp-dad").params["bits"] == ""
    assert "plugin.failed" not in {one.rule.code for verdicts in strange.verdicts.values() for one in verdicts}


def test_rarer_messages() -> None:
    rare = built("link-neighbors6")
    wordings = [rare.verdict(number, "ipv6.ndp-solicitation").wording for number in (1, 2, 4)]
    assert wordings == ["", "again", "unicast"]
    wordings = [rare.verdict(number, "ipv6.ndp-advertisement").wording for number in (3, 5, 8, 9, 10)]
    assert wordings == ["", "", "duplicate", "unsolicited", "unpaired"]
    assert rare.verdict(7, "ipv6.ndp-dad").wording == "again"
    assert rare.verdict(12, "ipv6.ndp-router-advertisement").wording == "withdrawn"  # no prefix, and a lifetime of 0
    assert rare.frames("ipv6.ndp-redirect") == [13]
    wordings = [rare.verdict(number, "ipv6.ndp-router-advertisement").wording for number in (15, 16, 17)]
    assert wordings == ["plain", "", "prefix-only"]


def test_hop_limits() -> None:
    assert judged("ipv6-tcp-http").frames("ipv6.hop-limit") == [1, 2]
    assert judged("ipv6-ndp-ping").verdict(1, "ipv6.hop-limit").wording == "ndp"
    assert built("link-neighbors6").verdict(14, "ipv6.hop-limit").params == {"limit": 57, "initial": 64, "hops": 7}


def test_extension_headers_are_a_chain() -> None:
    chain = judged("ipv6-extension-headers").verdict(1, "ipv6.extension")
    assert chain.params["chain"] == "hop-by-hop options (0) → destination options (60) → UDP"
    assert judged("ipv6-port-unreachable").frames("ipv6.extension") == [3, 5]
    assert not judged("ipv6-tcp-http").frames("ipv6.extension")


def test_addresses_are_those_of_the_innermost_header() -> None:
    four = '"ip":{"ip_ip_src":"192.0.2.1","ip_ip_dst":"192.0.2.2"}'
    six = '"ipv6":{"ipv6_ipv6_src":"fd00::1","ipv6_ipv6_dst":"fd00::2"}'
    reader = EkReader(built_in().layers, lambda problem: None)
    found = {}
    for stack in ("ip:ipv6:udp", "ipv6:ip:udp", "ip:ipv6:ipv6.dstopts:udp", "ip:icmp:ipv6"):
        frame = f'"frame":{{"frame_frame_number":"1","frame_frame_protocols":"eth:ethertype:{stack}"}}'
        packet = reader.record(f'{{"layers":{{{frame},{four},{six}}}}}\n'.encode()).packet
        assert packet is not None
        found[stack] = addresses(packet)[0]
    assert found == {
        "ip:ipv6:udp": "fd00::1",
        "ipv6:ip:udp": "192.0.2.1",
        "ip:ipv6:ipv6.dstopts:udp": "fd00::1",
        "ip:icmp:ipv6": "192.0.2.1",
    }
