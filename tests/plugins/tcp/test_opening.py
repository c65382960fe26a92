from __future__ import annotations

import pytest

from labdissect.plugins.rule import render
from tests.conftest import ek, judge, judged


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
    assert "1379304481 + 1 = 1379304482（显示为 1）" in render(syn_ack, "zh")


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
    assert refused.codes(2)[0] == "tcp.open.refused"
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


def test_nobody_accepts_ecn_that_the_syn_did_not_offer() -> None:
    index, syn, *others = ek("tcp-ecn").splitlines()
    for offered, bare in (
        (b"0x00c2", b"0x0002"),
        (b'flags_cwr":true', b'flags_cwr":false'),
        (b'ece":true', b'ece":false'),
    ):
        assert offered in syn
        syn = syn.replace(offered, bare)
    plain = judge(b"\n".join([index, syn, *others]))
    assert not plain.frames("tcp.open.ecn-setup") + plain.frames("tcp.ecn")


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


def test_a_syn_with_the_same_number_goes_on_though_tshark_counts_another_stream() -> None:
    """As tshark 4.4 does from frame 4 on, behind the RST."""
    one, lines = judged("built/tcp-answer-to-an-old-syn"), ek("built/tcp-answer-to-an-old-syn").splitlines(True)
    later = b"".join(lines[6:])
    number = b"0" if b'"tcp_tcp_stream":"0"' in later else b"1"  # other versions have one stream
    for stream in (b"0", b"1"):
        parted = later.replace(b'"tcp_tcp_stream":"%b"' % number, b'"tcp_tcp_stream":"%b"' % stream)
        found = judge(b"".join(lines[:6]) + parted)
        assert [found.codes(frame) for frame in range(1, 9)] == [one.codes(frame) for frame in range(1, 9)]
        assert [found.states(frame) for frame in range(1, 9)] == [one.states(frame) for frame in range(1, 9)]
        assert len(found.conversations) == 1


@pytest.mark.parametrize("name", ["seed-web", "tcp-four-way-close", "tcp-seq-wrap"])
def test_normal_openings_have_no_abnormal_verdict(name: str) -> None:
    result = judged(name)
    for code in ("syn-retransmitted", "syn-ack-retransmitted", "refused", "no-answer", "simultaneous", "fast-open"):
        assert not result.frames(f"tcp.open.{code}")


def test_the_answer_to_an_old_syn_is_rejected_and_the_client_goes_on() -> None:
    """RFC 9293 §3.5, figure 8."""
    old = judged("built/tcp-answer-to-an-old-syn")
    assert old.verdict(2, "tcp.open.syn-ack").wording == "other"
    assert old.verdict(3, "tcp.rst.abort").wording == "wrong-answer"
    assert old.verdict(4, "tcp.open.syn-retransmitted").wording == ""
    assert old.verdict(5, "tcp.open.syn-ack").wording == ""
    assert old.codes(6)[0] == "tcp.open.ack"
    assert [old.states(frame) for frame in range(1, 7)] == [
        "SYN-SENT / LISTEN",
        "SYN-SENT / SYN-RECEIVED",
        "SYN-SENT / LISTEN",
        "SYN-SENT / LISTEN",
        "SYN-SENT / SYN-RECEIVED",
        "ESTABLISHED / ESTABLISHED",
    ]
    assert not old.frames("tcp.loss.acked-unseen")


def test_an_rst_that_acknowledges_nothing_refuses_nothing() -> None:
    odd = judged("built/tcp-resets-that-do-not-close")
    assert odd.verdict(10, "tcp.rst.abort").wording == "syn-sent"
    assert not odd.frames("tcp.open.refused")
    assert odd.states(10).startswith("SYN-SENT / ")
    assert [odd.states(frame) for frame in (11, 13)] == ["SYN-SENT / LISTEN", "ESTABLISHED / ESTABLISHED"]


def test_the_servers_syn_ack_again_steps_back() -> None:
    lost = judged("built/tcp-handshake-ack-lost")
    assert lost.verdict(4, "tcp.open.syn-ack-retransmitted").wording == "acked"
    assert [lost.states(frame) for frame in (3, 4, 5)] == [
        "ESTABLISHED / ESTABLISHED",
        "ESTABLISHED / SYN-RECEIVED",
        "ESTABLISHED / ESTABLISHED",
    ]
    assert lost.verdict(5, "tcp.ack.pure").wording == "syn-again"
    assert not lost.frames("tcp.loss.dup-ack")


def test_fast_open_that_is_declined_and_one_that_is_answered_at_once() -> None:
    fast = judged("built/tcp-fast-open-two-ways")
    assert [fast.verdict(frame, "tcp.open.fast-open").wording for frame in (2, 6)] == ["declined", "accepted"]
    assert not [code for code in fast.codes(3) if code.startswith("tcp.loss")]
    assert fast.frames("tcp.open.ack") == [3, 8]
    assert fast.verdict(8, "tcp.open.ack").wording == "more"
    assert [fast.states(frame) for frame in (7, 8)] == ["SYN-SENT / SYN-RECEIVED", "ESTABLISHED / ESTABLISHED"]


def test_a_capture_that_begins_with_the_syn_ack() -> None:
    late = judged("built/tcp-syn-missed")
    assert late.verdict(1, "tcp.open.syn-ack").wording == "unseen"
    assert [late.states(frame) for frame in (1, 2)] == ["SYN-SENT / SYN-RECEIVED", "ESTABLISHED / ESTABLISHED"]
    assert not late.frames("tcp.open.midstream")


def test_the_servers_side_alone_takes_no_step_of_the_clients() -> None:
    assert not judged("built/tcp-server-side-only").frames("tcp.open.ack")


def test_scans_open_nothing() -> None:
    scans = judged("built/tcp-scans")
    assert not scans.frames("tcp.open.refused") + scans.frames("tcp.close.unseen")
    assert scans.frames("tcp.open.midstream") == [11]  # an ACK may belong to a connection, the others cannot


def test_numbers_shown_as_sent() -> None:
    raw = judge(ek("tcp-four-way-close", "-o", "tcp.relative_sequence_numbers:FALSE"))
    assert raw.verdict(1, "tcp.open.relative").wording == "raw"
    assert raw.codes(3)[0] == "tcp.open.ack"
