from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdissect.bridge.engine import Engine
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.arp import ANNOUNCE_WAIT, PROBERS_LIMIT, Arp
from labdissect.plugins.rule import render
from tests.conftest import built_in, judge, judged
from tests.plugins.built_captures import built
from tests.plugins.judging import packets_of, told


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


def test_two_hosts_that_probe_for_one_address_at_the_same_time() -> None:
    probes = built("link-probes")
    found = {number: probes.verdict(number, "arp.conflict") for number in probes.frames("arp.conflict")}
    assert {number: one.wording for number, one in found.items()} == {
        2: "probing",
        3: "probing",
        10: "probing",  # at the end of the 2 s
        15: "defended",
    }
    first, second = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
    assert found[2].params == {"address": "10.0.0.70", "mac": second, "other": first, "before": 1, "waited": 0.4}
    assert (found[3].params["mac"], found[3].params["other"], found[3].params["before"]) == (first, second, 2)
    assert {(one.frame, one.field, one.value) for one in found[2].evidence} == {
        (2, "arp.src.hw_mac", second),
        (2, "arp.dst.proto_ipv4", "10.0.0.70"),
        (1, "arp.src.hw_mac", first),
        (1, "arp.dst.proto_ipv4", "10.0.0.70"),
    }
    assert "Two hosts want one address: 02:00:00:00:00:0a" in render(found[2])


def test_what_follows_a_contest_does_not_say_that_nobody_objected() -> None:
    probes = built("link-probes")
    wordings = {number: probes.verdict(number, "arp.probe").wording for number in probes.frames("arp.probe")}
    assert {number for number, wording in wordings.items() if wording == "again"} == {7, 9}
    assert probes.verdict(9, "arp.probe").params["count"] == 3
    assert probes.verdict(5, "arp.announce").wording == ""  # contested
    assert probes.verdict(13, "arp.announce").wording == "probed"


def probe(number: int, mac: int, nanoseconds: int, target: str = "10.0.0.70") -> bytes:
    """A line of EK."""
    frame = {
        "frame_frame_number": str(number),
        "frame_frame_time_epoch": f"{1_700_000_000 + nanoseconds // 10**9}.{nanoseconds % 10**9:09d}",
        "frame_frame_protocols": "eth:ethertype:arp",
    }
    arp = {
        "arp_arp_opcode": "1",
        "arp_arp_src_hw_mac": f"02:00:00:00:00:{mac:02x}",
        "arp_arp_src_proto_ipv4": "0.0.0.0",
        "arp_arp_dst_hw_mac": "00:00:00:00:00:00",
        "arp_arp_dst_proto_ipv4": target,
    }
    layers = {"frame": frame, "arp": arp}
    return json.dumps({"timestamp": "1700000000000", "layers": layers}, separators=(",", ":")).encode() + b"\n"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 3_000_000_000), st.sampled_from("12")), max_size=15))
def test_a_probe_contests_the_latest_of_those_who_listen(steps: list[tuple[int, int, str]]) -> None:
    """RFC 5227 §2.1.1: from a host's probe to 2 s after it, another MAC address, the same target."""
    time, sent, lines = 0, list[tuple[int, int, str]](), []
    for number, (mac, after, last) in enumerate(steps, 1):
        time += after
        sent.append((mac, time, last))
        lines.append(probe(number, mac, time, f"10.0.0.{last}"))
    result = judge(b"".join(lines))
    for number, (mac, time, last) in enumerate(sent, 1):
        others = [
            at
            for at, (other, then, target) in enumerate(sent[: number - 1], 1)
            if other != mac and target == last and time - then <= ANNOUNCE_WAIT
        ]
        found = [verdict for verdict in result.verdicts[number] if verdict.rule.code == "arp.conflict"]
        assert [verdict.params["before"] for verdict in found] == others[-1:]
        assert result.verdict(number, "arp.probe")


@pytest.mark.parametrize(("apart", "conflict"), [(0, True), (ANNOUNCE_WAIT, True), (ANNOUNCE_WAIT + 1, False)])
def test_the_window_ends_two_seconds_after_the_last_probe(apart: int, *, conflict: bool) -> None:
    assert judge(probe(1, 1, 5) + probe(2, 2, 5 + apart)).frames("arp.conflict") == ([2] if conflict else [])


def test_a_time_before_the_other_probe_is_no_contest() -> None:
    assert not judge(probe(1, 1, 1_000_000_000) + probe(2, 2, 5)).frames("arp.conflict")


def test_probes_without_time_or_sender_prove_nothing() -> None:
    both = probe(1, 1, 5) + probe(2, 2, 9)
    assert judge(both).frames("arp.conflict") == [2]
    untimed = re.sub(rb'"frame_frame_time_epoch":"[^"]*",', b"", both).replace(b'"timestamp":"1700000000000",', b"")
    assert not judge(untimed).frames("arp.conflict")
    assert not judge(re.sub(rb'"arp_arp_src_hw_mac":"[^"]*",', b"", both)).frames("arp.conflict")


def test_those_who_probe_for_an_address_are_bounded() -> None:
    registry = built_in()
    engine = Engine(registry, Settings(), lambda problem: None)
    (analyzer,) = [one for one in engine._analyzers if isinstance(one, Arp)]
    for packet in packets_of(b"".join(probe(number, number, number) for number in range(1, 100))):
        engine.annotate(packet)
    (probing,) = analyzer._probes.values()
    assert list(probing) == [f"02:00:00:00:00:{mac:02x}" for mac in range(100 - PROBERS_LIMIT, 100)]


def test_a_cooked_capture_does_not_tell_where_a_frame_went() -> None:
    cooked = judged("cooked-any")
    assert cooked.verdict(1, "arp.request").wording == "cooked"
    assert cooked.verdict(2, "arp.reply").params["request"] == 1
