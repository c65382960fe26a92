from __future__ import annotations

from tests.conftest import judged


def test_a_receiver_that_does_not_read() -> None:
    stalled = judged("tcp-zero-window")
    assert stalled.frames("tcp.flow.probe") == [9, 11, 12]
    assert [stalled.verdict(frame, "tcp.flow.zero-window").wording for frame in (8, 10, 13)] == ["", "still", "still"]
    assert stalled.frames("tcp.flow.zero-window") == [8, 10, 13]
    assert stalled.verdict(14, "tcp.flow.update").wording == "opened"
    assert 7 in stalled.frames("tcp.flow.window-full")
    assert not judged("tcp-keepalive").frames("tcp.flow.probe")


def test_no_window_is_full_where_the_window_is_large() -> None:
    assert not judged("seed-web").frames("tcp.flow.window-full")
    assert not judged("seed-web").frames("tcp.flow.zero-window")


def test_urgent_data_has_an_end() -> None:
    urgent = judged("tcp-urgent")
    assert urgent.frames("tcp.urgent") == [9]
    assert urgent.verdict(9, "tcp.urgent").params == {"pointer": 1, "end": 19}


def test_a_congestion_mark_its_echo_and_the_answer() -> None:
    marked = judged("tcp-ecn")
    wordings: dict[str, list[int]] = {}
    for frame in marked.frames("tcp.ecn"):
        wordings.setdefault(marked.verdict(frame, "tcp.ecn").wording, []).append(frame)
    assert wordings == {"marked": [10], "echo": [11], "echo-again": list(range(13, 34, 2)), "reduced": [34]}
    assert not judged("seed-web").frames("tcp.ecn")


def test_round_trips_follow_rfc_6298() -> None:
    closed = judged("tcp-four-way-close")
    estimated: dict[str, float] = {}
    deviation: dict[str, float] = {}
    for packet in closed.packets:
        found = [verdict for verdict in closed.verdicts[packet.number] if verdict.rule.code == "tcp.rtt"]
        for verdict in found:
            assert packet.segment is not None
            side, rtt = packet.segment.receiver.address, verdict.params["rtt"]
            if side in estimated:
                deviation[side] = 0.75 * deviation[side] + 0.25 * abs(estimated[side] - rtt)
                estimated[side] = 0.875 * estimated[side] + 0.125 * rtt
            else:
                estimated[side], deviation[side] = rtt, rtt / 2
            assert abs(verdict.params["estimated"] - estimated[side]) < 1e-9
            assert abs(verdict.params["deviation"] - deviation[side]) < 1e-9
    assert len(estimated) == 2


def test_an_ack_of_bytes_sent_twice_gives_no_round_trip() -> None:
    assert "tcp.rtt" not in judged("tcp-rto").codes(10)


def test_a_probe_of_one_byte_and_windows_that_grow() -> None:
    windows = judged("built/tcp-windows")
    assert windows.verdict(6, "tcp.flow.probe").wording == "byte"
    assert [windows.verdict(frame, "tcp.flow.zero-window").wording for frame in (5, 7)] == ["", "still"]
    assert [windows.verdict(frame, "tcp.flow.update").wording for frame in (8, 9)] == ["opened", ""]


def test_an_echo_of_a_mark_that_the_capture_lacks() -> None:
    echoes = judged("built/tcp-mark-missed")
    assert {echoes.verdict(frame, "tcp.ecn").wording for frame in echoes.frames("tcp.ecn")} == {
        "echo-unseen",
        "echo-again",
        "reduced",
    }


def test_urgent_means_nothing_where_the_segment_is_dropped() -> None:
    assert not judged("built/tcp-scans").frames("tcp.urgent")
