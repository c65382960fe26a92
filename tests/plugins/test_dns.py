from __future__ import annotations

import re

import pytest

from labdissect.bridge.engine import Engine
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.dns import NAMES_LIMIT, WAITING_LIMIT, Dns
from labdissect.plugins.rule import render
from tests.conftest import Registry, ek, judge, judged
from tests.plugins.built_captures import built


def test_the_second_seeds_lookup() -> None:
    web = judged("seed-stack-web")
    assert "Asks 10.1.1.3 for the IPv4 addresses (A) of www.baidu.com. Id 0x3f1c" in render(web.verdict(1, "dns.query"))
    answer = web.verdict(2, "dns.response")
    assert (answer.params["query"], round(answer.params["elapsed"], 6)) == (1, 0.002417)
    assert answer.params["values"] == "183.232.231.172, 183.232.231.174"
    assert web.verdict(2, "dns.cname").params["chain"] == "www.baidu.com → www.a.shifen.com"
    assert web.frames("dns.recursive") == [2]  # once for client and server


def test_the_syn_shows_which_address_was_picked() -> None:
    verdict = judged("seed-stack-web").verdict(2, "dns.many-addresses")
    assert (verdict.frame, verdict.params["frame"], verdict.params["address"]) == (3, 3, "183.232.231.172")
    answers = built("dns-answers")
    assert answers.verdict(10, "dns.many-addresses").wording == "unused"
    datagram = answers.verdict(12, "dns.many-addresses")
    assert (datagram.wording, datagram.params["frame"]) == ("udp", 14)  # frame 13 is another host's
    assert not judged("dns-basic").frames("dns.many-addresses")


def test_every_answer_of_a_real_resolver_is_paired_as_wireshark_pairs_it() -> None:
    for name in ("dns-basic", "dns-edns", "dns-nxdomain", "dns-truncated-tcp", "dns-retransmitted", "seed-stack-web"):
        result = judged(name)
        for packet in result.packets:
            if packet.dns is not None and packet.dns.response_to is not None:
                verdict = result.verdict(packet.number, "dns.response")
                assert verdict.params["query"] == packet.dns.response_to
                assert verdict.params["elapsed"] == pytest.approx(packet.dns.time, abs=1e-6)


def test_records_of_every_type() -> None:
    basic = judged("dns-basic")
    assert [basic.verdict(frame, "dns.query").wording for frame in range(1, 14, 2)] == [
        "a",
        "aaaa",
        "a",
        "mx",
        "txt",
        "srv",
        "ptr",
    ]
    reverse = render(basic.verdict(13, "dns.query"))
    assert "for the name of the address 10.0.0.2, which DNS keeps under 2.0.0.10.in-addr.arpa (PTR)" in reverse
    values = [basic.verdict(frame, "dns.response").params["values"] for frame in range(2, 15, 2)]
    assert values == [
        "10.0.0.2",
        "fd00:1::2",
        "10.0.0.7",
        "10 mail.lab.test",
        '"a short text"',
        "0 0 8000 www.lab.test",
        "www.lab.test",
    ]
    assert basic.frames("dns.cname") == [6]
    assert not basic.frames("dns.recursive")  # authoritative


def test_a_pointer_need_not_be_an_address() -> None:
    services = judge(ek("dns-basic").replace(b"2.0.0.10.in-addr.arpa", b"_http._tcp.lab.test"))
    asked = services.verdict(13, "dns.query")
    assert asked.wording == "pointer"
    assert "for the name that _http._tcp.lab.test points to (PTR)" in render(asked)


def test_each_failure_has_its_own_cause() -> None:
    assert judged("dns-nxdomain").frames("dns.nxdomain") == [2, 4]
    assert judged("dns-refused").codes(2)[0] == "dns.refused"
    assert judged("dns-servfail").codes(2)[0] == "dns.servfail"
    answers = built("dns-answers")
    assert {frame: answers.verdict(frame, "dns.nodata").wording for frame in answers.frames("dns.nodata")} == {
        2: "",
        4: "alias",
    }
    assert answers.verdict(6, "dns.nxdomain").wording == "alias"
    assert "it is web.lab.test, the last name, that does not" in render(answers.verdict(6, "dns.nxdomain"))
    assert answers.verdict(8, "dns.response").wording == "paired-referral"
    assert answers.verdict(18, "dns.cname").wording == "circle"


def test_truncation_and_the_same_question_over_tcp() -> None:
    cut = judged("dns-truncated-tcp")
    assert cut.codes(2)[0] == "dns.truncated"
    assert cut.verdict(2, "dns.truncated").params["room"] == 512
    assert cut.verdict(2, "dns.over-tcp").params["again"] == 6
    assert cut.verdict(6, "dns.over-tcp").params["cut"] == 2
    assert cut.verdict(8, "dns.response").params["query"] == 6
    assert not cut.frames("dns.retry")
    assert not built("dns-answers").frames("dns.over-tcp")


def test_edns_makes_room() -> None:
    edns = judged("dns-edns")
    assert edns.verdict(1, "dns.edns").wording == "signatures"
    large = edns.verdict(4, "dns.edns")
    assert (large.wording, large.params["size"], large.params["room"]) == ("large", 857, 4096)
    assert not judged("dns-basic").frames("dns.edns")


def test_repeated_questions_and_the_answer_to_the_second() -> None:
    again = judged("dns-retransmitted")
    retry = again.verdict(2, "dns.retry")
    assert (retry.params["before"], round(retry.params["waited"], 3)) == (1, 1.001)
    assert again.verdict(3, "dns.response").params["query"] == 2
    assert not again.frames("dns.unanswered")
    silent = judged("dns-no-answer")
    assert silent.frames("dns.retry") == [2, 3]
    assert silent.frames("dns.unanswered") == [1]
    assert silent.verdict(1, "dns.unanswered").params["frames"] == [1, 2, 3]


def test_a_closed_port_is_no_silence() -> None:
    closed = judged("dns-port-closed")
    assert closed.verdict(3, "dns.retry").wording == "error"
    unanswered = closed.verdict(1, "dns.unanswered")
    assert (unanswered.wording, unanswered.params["error"]) == ("error", 4)
    assert not [code for frame in (2, 4) for code in closed.codes(frame) if code.startswith("dns.")]  # quoted headers


def test_answers_are_not_paired_falsely() -> None:
    pairs = built("dns-pairs")
    wordings = {frame: pairs.verdict(frame, "dns.response").wording for frame in pairs.frames("dns.response")}
    assert wordings == {
        3: "unseen-data",  # another port
        4: "unseen-records",  # another question
        5: "unseen-data",  # another id
        6: "paired-data",
        7: "copy",
        11: "paired-data",  # the case of letters does not matter
    }
    assert 2 in pairs.frames("dns.unanswered")  # another client's, with the same id and port
    assert {frame: pairs.verdict(frame, "dns.retry").wording for frame in pairs.frames("dns.retry")} == {
        9: "",
        10: "server",
    }
    assert 8 not in pairs.frames("dns.unanswered")  # answered by the other server


def test_both_kinds_of_address_are_no_duplicate() -> None:
    pairs = built("dns-pairs")
    assert pairs.frames("dns.dual-stack") == [13]
    assert pairs.verdict(13, "dns.dual-stack").params["other"] == 12
    assert not judged("dns-basic").frames("dns.dual-stack")  # different names


def test_lookups_on_the_link() -> None:
    lan = judged("seed-stack-lan")
    assert lan.frames("dns.on-link") == [3, 6]
    assert lan.verdict(3, "dns.on-link").params["name"] == "printer-3f"
    pairs = built("dns-pairs")
    assert [pairs.verdict(frame, "dns.on-link").wording for frame in (15, 16)] == ["mdns-query", "mdns-response"]


def test_state_is_bounded(registry: Registry) -> None:
    line = ek("dns-no-answer").split(b"\n")[1]
    assert b'"dns_dns_id":"0xbd96"' in line
    lines = []
    for count in range(WAITING_LIMIT + 100):
        one = line.replace(b'"dns_dns_id":"0xbd96"', b'"dns_dns_id":"0x%04x"' % (count % 65536))
        one = one.replace(b'"www.lab.test"', b'"host%d.lab.test"' % count)
        lines.append(re.sub(rb'"frame_frame_number":"\d+"', b'"frame_frame_number":"%d"' % (count + 1), one))
    engine = Engine(registry, Settings(), lambda problem: None)
    (analyzer,) = [one for one in engine._analyzers if isinstance(one, Dns)]
    codes = []
    for record in registry.readers["ek"].make(registry.layers, lambda problem: None).records(b"\n".join(lines) + b"\n"):
        assert record.packet is not None
        codes += [verdict.rule.code for verdict in engine.annotate(record.packet)]
    assert len(analyzer._waiting) == WAITING_LIMIT
    assert len(analyzer._newest) <= NAMES_LIMIT
    assert len(analyzer._lookups) <= NAMES_LIMIT
    assert codes.count("dns.unanswered") == 100
    assert "dns.retry" not in codes
