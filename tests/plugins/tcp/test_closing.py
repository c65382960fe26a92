from __future__ import annotations

from labdissect.plugins.rule import Evidence, render
from tests.conftest import judged


def test_the_first_seed_closes_in_four_steps() -> None:
    web = judged("seed-web")
    assert [web.codes(frame)[0] for frame in (2122, 2123, 2124, 2125)] == [
        "tcp.fin.first",
        "tcp.fin.acked",
        "tcp.fin.second",
        "tcp.fin.last-ack",
    ]
    assert [web.states(frame) for frame in (2122, 2123, 2124, 2125)] == [
        "FIN-WAIT-1 / ESTABLISHED",
        "FIN-WAIT-2 / CLOSE-WAIT",
        "FIN-WAIT-2 / LAST-ACK",
        "TIME-WAIT / CLOSED",
    ]
    assert "tcp.close.four" in web.codes(2125)
    assert "2 MSL" in render(web.verdict(2125, "tcp.close.time-wait"))


def test_nothing_was_pending_on_the_first_seeds_fin() -> None:
    routine = judged("seed-web").verdict(2122, "tcp.fin.ack-routine")
    assert routine.evidence == (Evidence(2117, "tcp.ack", 2601806),)
    assert "2601806 already in frame 2117" in render(routine)
    assert "tcp.fin.ack-pending" not in judged("seed-web").codes(2122)


def test_a_fin_that_does_acknowledge_says_what() -> None:
    four = judged("tcp-four-way-close")
    pending = four.verdict(10, "tcp.fin.ack-pending")
    assert (pending.params["newly"], pending.params["ack"], pending.params["ack_frame"]) == (11, 23, 7)
    assert "tcp.fin.ack-routine" not in four.codes(10)
    three = judged("tcp-three-segment-close")
    assert three.verdict(14, "tcp.fin.ack-pending").wording == "fin"


def test_a_first_fin_says_that_data_comes_with_it() -> None:
    last_line = judged("ipv6-tcp-http").verdict(8, "tcp.fin.first")
    assert (last_line.wording, last_line.params["length"]) == ("routine-data", 5)
    assert Evidence(8, "tcp.len", 5) in last_line.evidence
    assert "after these last 5 bytes the server has nothing more to send" in render(last_line)
    assert "发完这最后 5 字节，服务器不再发送数据" in render(last_line, "zh")
    assert judged("tcp-zero-window").verdict(82, "tcp.fin.first").params["length"] == 632
    answer = judged("built/tcp-answered-in-one-segment").verdict(5, "tcp.fin.first")
    assert answer.wording == "pending-data"
    assert (answer.params["length"], answer.params["newly"], answer.params["ack"]) == (100, 20, 21)
    assert judged("seed-web").verdict(2122, "tcp.fin.first").wording == "routine"


def test_the_second_seed_waits_two_msl() -> None:
    stack = judged("seed-stack-web")
    assert [stack.codes(frame)[0] for frame in (304, 309, 310, 311)] == [
        "tcp.fin.first",
        "tcp.fin.acked",
        "tcp.fin.second",
        "tcp.fin.last-ack",
    ]
    assert stack.states(311) == "TIME-WAIT / CLOSED"
    assert "2 MSL" in render(stack.verdict(311, "tcp.fin.last-ack"))
    assert "2 MSL" in render(stack.verdict(311, "tcp.close.time-wait"), "zh")


def test_three_segments() -> None:
    three = judged("tcp-three-segment-close")
    assert three.verdict(14, "tcp.fin.second").wording == "merged"
    assert "tcp.close.three" in three.codes(15)
    assert [three.states(frame) for frame in (13, 14, 15)] == [
        "FIN-WAIT-1 / ESTABLISHED",
        "FIN-WAIT-1 / LAST-ACK",
        "TIME-WAIT / CLOSED",
    ]


def test_fins_that_cross() -> None:
    crossed = judged("tcp-simultaneous-close")
    assert crossed.verdict(9, "tcp.fin.second").wording == "crossed"
    assert "tcp.close.simultaneous" in crossed.codes(11)
    assert not crossed.frames("tcp.close.four") + crossed.frames("tcp.close.three")
    assert [crossed.states(frame) for frame in (8, 9, 10, 11)] == [
        "FIN-WAIT-1 / ESTABLISHED",
        "FIN-WAIT-1 / FIN-WAIT-1",
        "CLOSING / FIN-WAIT-1",
        "TIME-WAIT / TIME-WAIT",
    ]


def test_data_after_a_fin_is_legal() -> None:
    half = judged("tcp-half-close")
    assert half.verdict(8, "tcp.close.half").wording == "data"
    assert half.verdict(17, "tcp.close.half").params["count"] == 700 + 701 + 702 + 703
    assert half.frames("tcp.close.half") == [8, 17]
    assert half.states(8) == half.states(14) == "FIN-WAIT-2 / CLOSE-WAIT"


def test_the_server_may_close_first() -> None:
    server = judged("tcp-server-closes-first")
    assert server.verdict(8, "tcp.fin.first").params["who"] == "server"
    assert server.states(11) == "CLOSED / TIME-WAIT"
    assert server.verdict(11, "tcp.close.time-wait").params["who"] == "server"


def test_a_lost_fin_is_sent_again() -> None:
    lost = judged("tcp-lost-fin")
    assert lost.codes(9)[0] == "tcp.close.fin-retransmitted"
    assert round(lost.verdict(9, "tcp.close.fin-retransmitted").params["waited"], 2) == 0.21
    assert "tcp.fin.ack-routine" not in lost.codes(9)
    assert lost.states(9) == "FIN-WAIT-1 / ESTABLISHED"


def test_resets_abort_both_ends_and_do_not_guess_why() -> None:
    for name, frame in (("tcp-close-unread-data", 6), ("tcp-linger0-abort", 8), ("tcp-two-connections", 23)):
        result = judged(name)
        assert result.codes(frame)[0] == "tcp.rst.abort"
        assert "look alike" in render(result.verdicts[frame][0])
        assert result.states(frame) == "CLOSED / CLOSED"
        assert not result.frames("tcp.rst.middlebox")


def test_a_fin_counts_one_number() -> None:
    web = judged("seed-web")
    assert "1569 + 1 = 1570" in render(web.verdict(2123, "tcp.fin.sequence"))
    with_data = judged("ipv6-tcp-http").verdict(9, "tcp.fin.sequence")
    assert with_data.wording == "data"
    assert with_data.params["seq"] + with_data.params["length"] + 1 == with_data.params["ack"]


def test_the_end_of_the_capture_is_not_the_end_of_the_connection() -> None:
    assert judged("tcp-cut-off-end").verdict(12, "tcp.close.unseen").wording == "open"
    assert judged("tcp-one-sided").verdict(14, "tcp.close.unseen").wording == "half"
    assert not judged("seed-web").frames("tcp.close.unseen")


def test_one_side_alone_cannot_tell_first_from_second() -> None:
    alone = judged("tcp-one-sided")
    assert alone.verdict(13, "tcp.fin.first").wording == "one-sided"
    assert alone.verdict(14, "tcp.fin.last-ack").wording == "one-sided"


def test_a_fin_after_the_last_ack_steps_back_to_last_ack() -> None:
    lost = judged("built/tcp-last-ack-lost")
    assert lost.codes(10)[:2] == ["tcp.close.last-ack-lost", "tcp.close.fin-retransmitted"]
    assert lost.verdict(10, "tcp.close.fin-retransmitted").params["answer"] == 9
    assert lost.verdict(11, "tcp.ack.pure").wording == "fin-again"
    assert [lost.states(frame) for frame in (9, 10, 11)] == [
        "TIME-WAIT / CLOSED",
        "TIME-WAIT / LAST-ACK",
        "TIME-WAIT / CLOSED",
    ]
    assert not lost.frames("tcp.loss.dup-ack")


def test_resets_after_a_fin_with_and_without_late_data() -> None:
    late = judged("built/tcp-reset-after-fin")
    assert late.verdict(7, "tcp.rst.after-fin").wording == "data"
    assert late.verdict(7, "tcp.rst.after-fin").params["data"] == 6
    assert late.verdict(14, "tcp.rst.after-fin").wording == ""
    assert [late.states(frame) for frame in (5, 6, 7)] == [
        "CLOSE-WAIT / FIN-WAIT-2",
        "CLOSE-WAIT / FIN-WAIT-2",
        "CLOSED / CLOSED",
    ]
    assert late.states(14) == "CLOSED / CLOSED"
    assert not late.frames("tcp.rst.abort") + late.frames("tcp.rst.middlebox")


def test_an_rst_with_another_ttl_may_come_from_between() -> None:
    forged = judged("built/tcp-reset-from-between")
    found = forged.verdict(5, "tcp.rst.middlebox")
    assert (found.params["ttl"], found.params["usual"]) == (250, 57)
    assert forged.frames("tcp.rst.middlebox") == [5]
    assert [forged.states(frame) for frame in (5, 6, 7)] == ["CLOSED / CLOSED", "CLOSED / ?", "CLOSED / CLOSED"]


def test_an_rst_with_a_wrong_number_closes_only_its_sender() -> None:
    odd = judged("built/tcp-resets-that-do-not-close")
    assert [odd.verdict(frame, "tcp.rst.abort").wording for frame in (4, 7, 8)] == ["unacceptable", "", "again"]
    assert [odd.states(frame) for frame in (4, 5, 6, 7)] == [
        "ESTABLISHED / CLOSED",
        "ESTABLISHED / CLOSED",
        "ESTABLISHED / ?",
        "CLOSED / CLOSED",
    ]


def test_scans_and_what_a_host_without_such_a_connection_answers() -> None:
    scans = judged("built/tcp-scans")
    senseless = scans.frames("tcp.flags.invalid")
    assert {frame: scans.verdict(frame, "tcp.flags.invalid").wording for frame in senseless} == {
        1: "no-ack",
        2: "no-ack",
        8: "syn-fin",
        9: "syn-rst",
        10: "fin-rst",
    }
    assert all(scans.codes(frame)[0] == "tcp.flags.invalid" for frame in senseless)
    assert scans.frames("tcp.fin.no-ack") == [4, 6]
    assert [scans.verdict(frame, "tcp.rst.abort").wording for frame in (3, 5, 7, 12)] == [
        "no-ack",
        "no-ack",
        "no-ack",
        "no-connection",
    ]
    assert scans.verdict(10, "tcp.rst.abort").wording == "alone"
    assert [scans.states(frame) for frame in (1, 4, 6)] == ["? / ?"] * 3


def test_a_fin_behind_a_gap_closes_once_it_is_acknowledged() -> None:
    gap = judged("built/tcp-data-missed-before-the-fin")
    assert gap.verdict(4, "tcp.fin.first").wording == "unknown"
    assert not gap.frames("tcp.fin.ack-pending")
    assert [gap.states(frame) for frame in (4, 6, 15, 16)] == [
        "FIN-WAIT-1 / ESTABLISHED",
        "FIN-WAIT-2 / CLOSE-WAIT",
        "FIN-WAIT-2 / LAST-ACK",
        "TIME-WAIT / CLOSED",
    ]


def test_the_last_fin_may_be_left_without_an_ack() -> None:
    cut = judged("built/tcp-cut-before-the-last-ack")
    assert cut.verdict(12, "tcp.close.unseen").wording == "unacked"
    assert cut.states(12) == "FIN-WAIT-2 / LAST-ACK"
