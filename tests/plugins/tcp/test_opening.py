from __future__ import annotations

import pytest

from labdissect.plugins.rule import render
from tests.conftest import judged


def test_the_first_seed_opens_in_three_steps_with_raw_and_relative_numbers() -> None:
    web = judged("seed-web")
    assert [web.codes(frame)[0] for frame in (1, 2, 3)] == ["tcp.open.syn", "tcp.open.syn-ack", "tcp.open.ack"]
    assert [web.states(frame) for frame in (1, 2, 3)] == [
        "SYN-SENT / LISTEN",
        "SYN-SENT / SYN-RECEIVED",
        "ESTABLISHED / ESTABLISHED",
    ]
    syn, syn_ack, ack = (web.verdicts[frame][0] for frame in (1, 2, 3))
    assert "1379304481, shown as 0" in render(syn)
    assert "1379304481 + 1 = 1379304482 (shown as 1)" in render(syn_ack)
    assert "1932206060 + 1 = 1932206061 (shown as 1)" in render(ack)
    assert "0.423 ms after the SYN" in render(ack)
    assert "1379304481 + 1 = 1379304482(显示为 1)" in render(syn_ack, "zh")


def test_options_are_explained_once_for_each_end() -> None:
    web = judged("seed-web")
    assert web.verdict(1, "tcp.open.window-scale").wording == "offered"
    assert web.verdict(2, "tcp.open.window-scale").params["factor"] == 256
    assert web.verdict(2, "tcp.open.timestamps").params["payload"] == 1448
    assert web.verdict(1, "tcp.open.mss").params["mtu"] == 1500
    for code in ("tcp.open.mss", "tcp.open.window-scale", "tcp.open.timestamps", "tcp.open.sack-permitted"):
        assert web.frames(code) == [1, 2]
    bare = judged("tcp-no-options")
    assert bare.frames("tcp.open.mss") == [1, 2]
    assert not bare.frames("tcp.open.window-scale") + bare.frames("tcp.open.timestamps")


def test_seed_stack_scale_and_mss_of_the_syn_ack() -> None:
    stack = judged("seed-stack-web")
    assert stack.verdict(6, "tcp.open.mss").params["mss"] == 1400
    assert stack.verdict(6, "tcp.open.window-scale").params["factor"] == 32


def test_repeated_syns_say_how_long_they_waited() -> None:
    lonely = judged("tcp-syn-no-answer")
    again = [lonely.verdict(frame, "tcp.open.syn-retransmitted") for frame in (2, 3, 4)]
    assert [round(verdict.params["waited"]) for verdict in again] == [1, 2, 4]
    assert lonely.verdict(1, "tcp.open.no-answer").params["count"] == 4
    assert all(lonely.states(frame) == "SYN-SENT / LISTEN" for frame in (1, 2, 3, 4))


def test_a_lost_syn_ack() -> None:
    lost = judged("tcp-synack-lost")
    assert lost.verdict(3, "tcp.open.syn-ack-retransmitted").wording == ""
    assert lost.verdict(4, "tcp.open.syn-retransmitted").params["answer"] == 2
    assert lost.verdict(5, "tcp.open.syn-ack-retransmitted").wording == "asked"
    assert lost.codes(6)[0] == "tcp.open.ack"
    assert lost.states(5) == "SYN-SENT / SYN-RECEIVED"


def test_refused_is_not_unanswered() -> None:
    refused = judged("tcp-rst-closed-port")
    assert refused.codes(2) == ["tcp.open.refused"]
    assert refused.states(2) == "CLOSED / CLOSED"
    assert not refused.frames("tcp.open.no-answer")
    filtered = judged("tcp-syn-filtered-icmp")
    assert filtered.verdict(1, "tcp.open.no-answer").wording == "icmp"
    assert filtered.verdict(1, "tcp.open.no-answer").params == {"icmp_frame": 2, "reason": "type 3, code 13"}


def test_simultaneous_open_is_no_retransmission() -> None:
    crossed = judged("tcp-simultaneous-open")
    assert crossed.frames("tcp.open.simultaneous") == [2, 3, 4]
    assert not crossed.frames("tcp.open.syn-ack-retransmitted")
    assert [crossed.states(frame) for frame in (2, 3, 4)] == [
        "SYN-SENT / SYN-SENT",
        "SYN-RECEIVED / SYN-SENT",
        "ESTABLISHED / ESTABLISHED",
    ]


def test_fast_open_asks_grants_and_uses_a_cookie() -> None:
    fast = judged("tcp-fast-open")
    wordings = {frame: fast.verdict(frame, "tcp.open.fast-open").wording for frame in (1, 2, 10, 11)}
    assert wordings == {1: "request", 2: "cookie", 10: "data", 11: "accepted"}
    assert fast.verdict(11, "tcp.open.syn-ack").wording == "data"
    assert fast.frames("tcp.open.fast-open") == [1, 2, 10, 11]


def test_ecn_is_offered_and_accepted() -> None:
    ecn = judged("tcp-ecn")
    assert [ecn.verdict(frame, "tcp.open.ecn-setup").wording for frame in (1, 2)] == ["offered", "agreed"]
    assert ecn.frames("tcp.open.ecn-setup") == [1, 2]


def test_ports_used_again_are_another_connection() -> None:
    reused = judged("tcp-port-reuse")
    assert reused.frames("tcp.open.port-reused") == [12]
    assert reused.verdict(12, "tcp.open.port-reused").params["before"] == 11
    assert len(reused.conversations) == 2
    assert not judged("tcp-two-connections").frames("tcp.open.port-reused")


def test_a_capture_from_the_middle_says_so() -> None:
    middle = judged("tcp-mid-capture")
    assert middle.frames("tcp.open.midstream") == [1]
    assert [middle.states(frame) for frame in (1, 2)] == ["? / ?", "ESTABLISHED / ESTABLISHED"]
    assert not judged("tcp-four-way-close").frames("tcp.open.midstream")


def test_one_side_alone_proves_little() -> None:
    alone = judged("tcp-one-sided")
    assert alone.verdict(2, "tcp.open.ack").wording == "unseen"
    assert [alone.states(frame) for frame in (1, 2, 6)] == ["SYN-SENT / LISTEN", "ESTABLISHED / ?", "? / ?"]


@pytest.mark.parametrize("name", ["seed-web", "tcp-four-way-close", "tcp-seq-wrap"])
def test_normal_openings_have_no_abnormal_verdict(name: str) -> None:
    result = judged(name)
    for code in ("syn-retransmitted", "syn-ack-retransmitted", "refused", "no-answer", "simultaneous", "fast-open"):
        assert not result.frames(f"tcp.open.{code}")
