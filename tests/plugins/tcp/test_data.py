from __future__ import annotations

import pytest

from labdissect.plugins.rule import render
from tests.conftest import CAPTURES, judged


def test_keep_alives_of_the_first_seed_and_their_answers() -> None:
    web = judged("seed-web")
    assert web.frames("tcp.keepalive") == [2118, 2120]
    assert web.frames("tcp.keepalive-ack") == [2119, 2121]
    assert "10.0 s of silence" in render(web.verdict(2118, "tcp.keepalive"))
    assert "0.095 ms later" in render(web.verdict(2119, "tcp.keepalive-ack"))
    assert web.states(2121) == "ESTABLISHED / ESTABLISHED"


def test_zero_window_probes_are_no_keep_alives() -> None:
    assert not judged("tcp-zero-window").frames("tcp.keepalive")
    assert judged("tcp-keepalive").frames("tcp.keepalive") == [8, 10, 12]


def test_data_says_its_bytes_and_who_had_them_before() -> None:
    web = judged("seed-web")
    assert "bytes 1 to 395" in render(web.verdict(4, "tcp.data.segment"))
    timeout = judged("tcp-rto")
    again = timeout.verdict(9, "tcp.data.segment")
    assert (again.wording, again.params["earlier"], round(again.params["waited"], 3)) == ("again", 8, 0.209)
    assert judged("tcp-out-of-order").verdict(20, "tcp.data.segment").wording == "late"
    assert judged("tcp-out-of-order").verdict(8, "tcp.data.segment").params["gap"] == 1448


def test_acknowledgments_name_the_frames_they_cover() -> None:
    web = judged("seed-web")
    assert web.verdict(9, "tcp.ack.pure").params["frame"] == 5
    assert web.verdict(11, "tcp.ack.cumulative").params["frames"] == (7, 8)
    assert web.verdict(5, "tcp.ack.piggybacked").params["frames"] == (4,)


def test_a_delayed_ack_is_told_from_the_paths_own_delay() -> None:
    delayed = judged("tcp-delayed-ack")
    assert 42 in delayed.frames("tcp.ack.delayed")
    assert round(delayed.verdict(42, "tcp.ack.delayed").params["delay"], 3) == 0.042
    assert not judged("tcp-simultaneous-close").frames("tcp.ack.delayed")  # 60 ms of path, no delay
    assert 13 not in judged("tcp-spurious-retransmission").frames("tcp.ack.delayed")


def test_an_ack_of_two_full_segments_did_not_wait_for_a_second_one() -> None:
    """Frame 8 acknowledges 2 × 1448 bytes, by the MSS less the timestamps (RFC 5681 §4.2), 51 ms after the first."""
    assert "tcp.ack.delayed" not in judged("tcp-zero-window").codes(8)
    assert judged("tcp-zero-window").verdict(8, "tcp.ack.cumulative").params["frames"] == (5, 7)
    assert "tcp.ack.delayed" in judged("tcp-urgent").codes(10)  # two as well, of 7 bytes and 1


def test_the_ack_of_a_smaller_copy_names_the_frame_that_has_it() -> None:
    """Path MTU discovery cuts frames 4 to 8 anew; each of the first seven pieces gets an ACK of its own."""
    path = judged("tcp-path-mtu-discovery")
    assert {ack: path.verdict(ack, "tcp.ack.pure").params["frame"] for ack in range(24, 31)} == {
        ack: ack - 8 for ack in range(24, 31)
    }


def test_sequence_numbers_past_two_to_the_32() -> None:
    wrapped = judged("tcp-seq-wrap")
    (connection,) = wrapped.conversations
    assert connection.client.bytes == 20010
    assert connection.client.retransmissions == 0
    assert all(
        verdict.wording in ("", "acks", "one", "one-acks")
        for found in wrapped.verdicts.values()
        for verdict in found
        if verdict.rule.code == "tcp.data.segment"
    )


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.pcapng")), ids=lambda path: path.stem)
def test_every_tcp_packet_of_every_capture_has_a_headline(path: object) -> None:
    result = judged(path.stem)  # type: ignore[attr-defined]
    assert not result.problems
    for packet in result.packets:
        if packet.tcp is not None:
            assert result.verdicts.get(packet.number), packet
            assert any(verdict.frame == packet.number for verdict in result.verdicts[packet.number])
            assert packet.segment is not None


def test_an_ack_that_waited_for_a_gap_was_not_delayed() -> None:
    resent = judged("built/tcp-resent")
    assert not resent.frames("tcp.ack.delayed")
    assert resent.verdict(19, "tcp.ack.cumulative").params["frames"] == (17, 18)
    assert "tcp.rtt" not in resent.codes(19)


def test_the_first_ack_of_a_capture_says_which_of_its_frames_it_covers() -> None:
    middle = judged("built/tcp-starts-with-an-ack")
    assert middle.verdict(1, "tcp.ack.pure").wording == "first"
    assert middle.verdict(3, "tcp.ack.pure").wording == "first-frames"
    assert middle.verdict(3, "tcp.ack.pure").params["frames"] == (2,)


def test_a_fin_is_no_byte_that_data_acknowledges() -> None:
    """Connection 1: the answer acknowledges the FIN alone; connection 2: 20 bytes and the FIN."""
    result = judged("built/tcp-answer-acknowledges-fin")
    assert result.frames("tcp.ack.piggybacked") == [14]
    assert result.verdict(14, "tcp.ack.piggybacked").params["newly"] == 20
    assert result.frames("tcp.fin.acked") == [6, 14]
