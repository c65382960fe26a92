from __future__ import annotations

from labdissect.plugins.rule import render
from tests.conftest import judged
from tests.plugins.built_captures import built
from tests.plugins.judging import told


def test_the_request_of_the_second_seed_is_broadcast_and_leaves_the_target_open() -> None:
    lan = judged("seed-stack-lan")
    request = lan.verdict(10, "arp.request")
    assert lan.codes(10)[0] == "arp.request"
    assert "broadcast" in render(request) and "00:00:00:00:00:00" in render(request)
    values = {one.field: one.value for one in request.evidence}
    assert values["eth.dst"] == "ff:ff:ff:ff:ff:ff" and values["arp.dst.hw_mac"] == "00:00:00:00:00:00"


def test_replies_go_to_the_asker_and_pair_with_its_request() -> None:
    lan = judged("seed-stack-lan")
    reply = lan.verdict(11, "arp.reply")
    assert lan.codes(11)[0] == "arp.reply"
    assert reply.params["request"] == 10
    assert round(reply.params["delay"], 6) == 0.000623
    assert lan.codes(22)[0] == "arp.request"
    answer = lan.verdict(23, "arp.reply")
    assert (answer.params["request"], round(answer.params["delay"], 6)) == (22, 0.000022)


def test_requests_of_other_hosts_are_no_failure() -> None:
    lan = judged("seed-stack-lan")
    assert lan.frames("arp.request") == [1, 2, 4, 5, 7, 9, 10, 15, 17, 22, 24]
    assert lan.verdict(4, "arp.request").wording == "again"
    assert not lan.frames("arp.unanswered")
    assert lan.verdict(9, "arp.gateway").wording == "popular"


def test_a_host_that_was_asked_needs_not_ask() -> None:
    lan = judged("seed-stack-lan")
    assert lan.frames("arp.learned") == [13]
    assert lan.verdict(13, "arp.learned").params["request"] == 10
    assert judged("arp-request-reply").frames("arp.learned") == [4]
    assert not judged("arp-unicast-refresh").frames("arp.learned")


def test_a_check_of_a_known_entry() -> None:
    assert judged("arp-unicast-refresh").codes(1)[0] == "arp.unicast-check"
    assert judged("arp-unicast-refresh").verdict(2, "arp.reply").params["request"] == 1
    known = built("link-gateway").verdict(9, "arp.unicast-check")
    assert known.params["known"] == 2


def test_probes_and_announcements() -> None:
    probes = judged("arp-probe-announce")
    assert probes.frames("arp.probe") == [1, 2, 3]
    assert probes.frames("arp.announce") == [4, 5]
    assert probes.verdict(4, "arp.announce").params["count"] == 3
    assert judged("arp-gratuitous").verdict(1, "arp.announce").wording == ""
    assert judged("arp-gratuitous").verdict(2, "arp.announce").wording == "reply"


def test_nobody_answers_the_capturing_host() -> None:
    silent = judged("arp-unanswered")
    assert silent.frames("arp.unanswered") == [3]
    verdict = silent.verdict(3, "arp.unanswered")
    assert verdict.params["frames"] == (1, 2, 3)
    assert round(verdict.params["span"], 2) == 2.03
    assert verdict.frame is None  # the end decided it
    known, _ = told("arp-unanswered", captured_on="10.0.0.1")
    assert known.verdict(3, "arp.unanswered").wording == ""
    elsewhere, _ = told("arp-unanswered", captured_on="10.0.0.2")
    assert not elsewhere.frames("arp.unanswered")


def test_the_gateway_is_asked_for_not_the_server() -> None:
    gateway = built("link-gateway")
    assert gateway.frames("arp.gateway") == [1]
    verdict = gateway.verdict(1, "arp.gateway")
    assert (verdict.frame, verdict.params["gateway"], verdict.params["destination"]) == (
        3,
        "10.0.0.254",
        "93.184.216.34",
    )
    assert judged("dhcp-release").verdict(5, "arp.gateway").wording == "dhcp"
    assert not judged("arp-request-reply").frames("arp.gateway")


def test_two_hosts_with_one_address() -> None:
    conflict = built("link-conflict")
    found = {number: conflict.verdict(number, "arp.conflict").wording for number in conflict.frames("arp.conflict")}
    assert found == {2: "moved", 3: "both", 5: "defended", 7: ""}
    assert conflict.verdict(6, "arp.reply").wording == "broadcast"
    assert conflict.verdict(8, "arp.request").wording == "filled"


def test_a_cooked_capture_does_not_tell_where_a_frame_went() -> None:
    cooked = judged("cooked-any")
    assert cooked.verdict(1, "arp.request").wording == "cooked"
    assert cooked.verdict(2, "arp.reply").params["request"] == 1
