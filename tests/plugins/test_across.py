from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from labdissect.plugins.lookups import ADDRESSES_LIMIT, Lookups, Once
from labdissect.plugins.rule import render
from tests.conftest import judged
from tests.plugins.application import built


def test_connections_go_back_to_their_lookups() -> None:
    web = judged("seed-stack-web")
    assert web.frames("x.resolved-by") == [3, 4, 13, 14, 15, 193]
    first = web.verdict(3, "x.resolved-by")
    assert (first.wording, first.params["frame"], first.params["name"]) == ("alias", 2, "www.baidu.com")
    assert web.verdict(193, "x.resolved-by").params["frame"] == 192
    assert not web.frames("x.no-lookup")
    assert not judged("seed-web").frames("x.resolved-by")
    assert built("lookups").verdict(18, "x.resolved-by").wording == "several"


def test_no_lookup_is_no_proof_of_anything() -> None:
    assert judged("seed-web").verdict(1, "x.no-lookup").wording == "silent"
    assert judged("http-errors").frames("x.no-lookup") == [1]  # five connections, said once
    lookups = built("lookups")
    assert {frame: lookups.verdict(frame, "x.no-lookup").wording for frame in lookups.frames("x.no-lookup")} == {
        8: "unnamed",
        13: "unnamed",
        23: "other-host",
    }


def test_a_close_is_told_from_another_connections_handshake() -> None:
    web = judged("seed-stack-web")
    other = web.verdict(304, "x.other-connection")
    assert other.wording == "server"
    assert "13.107.3.128:443, opened in frame 193" in render(other)
    assert web.verdict(305, "x.other-connection").wording == "ports"
    assert "x.other-connection" not in web.codes(306)  # the first connection itself
    assert built("oddities").verdict(34, "x.other-connection").wording == "unopened"
    assert not judged("http-errors").frames("x.other-connection")  # one after the other
    assert not judged("seed-web").frames("x.other-connection")


def test_mac_addresses_the_wrong_way_round() -> None:
    directions = built("directions")
    assert directions.frames("x.mac-direction") == [2, 11]
    assert [directions.verdict(frame, "x.mac-direction").wording for frame in (2, 11)] == ["unturned", "swapped"]
    for name in ("seed-stack-web", "loopback-tso", "cooked-any", "tunnel-gre"):
        assert not judged(name).frames("x.mac-direction")


def test_clocks() -> None:
    clock = built("clock")
    assert {frame: clock.verdict(frame, "x.clock").wording for frame in clock.frames("x.clock")} == {
        5: "agrees",
        13: "zone-ahead",
        21: "behind",
        29: "ahead",
        37: "cached",
    }
    assert built("oddities").verdict(2, "x.clock").wording == "zone-behind"
    assert "8 h ahead" in render(clock.verdict(13, "x.clock"))
    assert judged("seed-web").verdict(8, "x.clock").wording == "agrees"
    assert judged("http-errors").frames("x.clock") == [6]  # the same server each time
    assert "x.clock" not in clock.codes(45)


def test_what_is_remembered_has_limits() -> None:
    lookups = Lookups()
    for number in range(ADDRESSES_LIMIT + 10):
        lookups.observe(_answer(number, f"a{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"))
    assert not lookups.gave("10.0.0.0")
    assert lookups.gave("10.0.0.20")[0].asked == "a20"
    assert not lookups.complete
    once = Once()
    assert (once.first("a"), once.first("a")) == (True, False)


def _answer(number: int, name: str, address: str) -> Any:
    record = {"name": name, "type": 1, "data": {"a": address}}
    dns = SimpleNamespace(flags_response=True, answers=[record], queries=[{"name": name}], count_answers=1)
    ip = SimpleNamespace(src="10.0.0.53", dst="10.0.0.1")
    return SimpleNamespace(number=number, dns=dns, ip=ip, ipv6=None, protocols="eth:ethertype:ip:udp:dns")
