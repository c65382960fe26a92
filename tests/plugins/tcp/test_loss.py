from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from labdissect.plugins.rule import render
from labdissect.plugins.tcp.endpoint import TOO_LARGE_LIMIT, Endpoint, IcmpError, Sent
from tests.conftest import CAPTURES, Annotated, judge, judged
from tests.plugins.tcp.test_conversation import line, lines

RESENT = ("fast-retransmit", "rto", "tail", "path-mtu", "spurious", "out-of-order", "gap-capture", "acked-unseen")


def without(name: str, frames: str, folder: Path) -> Annotated:
    """A capture that missed some frames: editcap takes them out."""
    cut = folder / "cut.pcapng"
    subprocess.run(
        ["editcap", str(CAPTURES / f"{name}.pcapng"), str(cut), *frames.split()], check=True, capture_output=True
    )
    printed = subprocess.run(["tshark", "-n", "-r", str(cut), "-T", "ek"], check=True, capture_output=True)
    return judge(printed.stdout)


@pytest.mark.parametrize("name", ["seed-web", "tcp-four-way-close", "tcp-seq-wrap", "tcp-keepalive", "tcp-zero-window"])
def test_where_nothing_was_lost_nothing_is_said_of_loss(name: str) -> None:
    for code in (*RESENT, "dup-ack", "sack", "gap-network"):
        assert not judged(name).frames(f"tcp.loss.{code}")


def test_duplicate_acks_are_counted_and_the_third_brings_the_retransmission() -> None:
    classic = judged("tcp-fast-retransmit-classic")
    assert classic.frames("tcp.loss.dup-ack") == [18, 19, 20, 22, 23, 24]
    assert classic.frames("tcp.loss.fast-retransmit") == [21]
    assert classic.verdict(21, "tcp.loss.fast-retransmit").params["count"] == 3


@pytest.mark.parametrize(
    ("name", "duplicates", "resent"),
    [
        ("tcp-fast-retransmit-sack", [21, 25, 26, 28, 29, 31, 32, 34, 35, 37, 38, 39, 41], 27),
        ("tcp-fast-retransmit-nosack", [22, 23, 27, 29, 30, 32, 33, 35, 36, 38, 39, 40, 41, 42], 28),
    ],
)
def test_duplicate_acks_with_and_without_sack(name: str, duplicates: list[int], resent: int) -> None:
    result = judged(name)
    assert result.frames("tcp.loss.dup-ack") == duplicates
    assert result.frames("tcp.loss.fast-retransmit") == [resent]
    assert not result.frames("tcp.loss.rto") + result.frames("tcp.loss.out-of-order")


def test_reordering_is_no_loss_whatever_tshark_says() -> None:
    late = judged("tcp-out-of-order")
    assert late.frames("tcp.loss.out-of-order") == [20]
    assert not late.frames("tcp.loss.fast-retransmit") + late.frames("tcp.loss.gap-network")


def test_only_a_timer_can_repair_a_lonely_loss() -> None:
    assert judged("tcp-rto").frames("tcp.loss.rto") == [9]
    assert judged("tcp-corrupted-segment").frames("tcp.loss.rto") == [9]


def test_a_tail_loss_probe_resends_the_last_not_the_first() -> None:
    tail = judged("tcp-tail-loss-probe")
    assert tail.frames("tcp.loss.tail") == [16]
    assert tail.verdict(18, "tcp.loss.fast-retransmit").wording == "sack"


def test_a_d_sack_says_later_that_the_copy_was_needless() -> None:
    needless = judged("tcp-spurious-retransmission")
    spurious = needless.verdict(12, "tcp.loss.spurious")
    assert (spurious.wording, spurious.frame, spurious.about) == ("d-sack", 14, 12)
    assert not needless.frames("tcp.loss.dup-ack")


D_SACK = "01:01:05:0a:00:00:00:01:00:00:00:0b"
"""Options of an ACK of 11 that reports the bytes 1 to 10 as received twice."""


@pytest.mark.parametrize(("reporter_is_client", "judged_frames"), [(False, [5]), (True, [])])
def test_a_d_sack_judges_the_other_ends_retransmissions_alone(
    reporter_is_client: bool, judged_frames: list[int]
) -> None:
    """Both ends number their bytes alike; the client sends its own again."""

    def one(client: bool, flags: int, seq: int, ack: int, length: int, time: int) -> dict[str, Any]:
        return {"client": client, "flags": flags, "seq": seq, "ack": ack, "len": length, "window": 90, "time": time}

    steps = [
        one(True, 0x02, 0, 0, 0, 0),
        one(False, 0x12, 0, 1, 0, 1_000_000),
        one(True, 0x10, 1, 1, 0, 2_000_000),
        one(True, 0x18, 1, 1, 10, 3_000_000),
        one(True, 0x18, 1, 1, 10, 303_000_000),
        one(False, 0x18, 1, 11, 10, 304_000_000),
    ]
    report = one(reporter_is_client, 0x10, 11, 11, 0, 305_000_000)
    result = judge(lines(steps) + line(len(steps) + 1, report, tcp_tcp_options=D_SACK).encode())
    assert result.codes(5)[0] == "tcp.loss.rto"
    assert result.frames("tcp.loss.spurious") == judged_frames


def test_path_mtu_discovery_is_named_for_what_it_is() -> None:
    path = judged("tcp-path-mtu-discovery")
    assert path.frames("tcp.loss.path-mtu") == list(range(16, 24))
    errors = [path.verdict(frame, "tcp.loss.path-mtu").params["icmp_frame"] for frame in range(16, 24)]
    assert errors == [9, 9, 10, 10, 11, 12, 12, 13]  # each quotes the segment that had the first of these bytes


def test_a_router_need_not_report_every_segment_that_is_too_large(tmp_path: Path) -> None:
    """Without frames 10 to 13: routers limit how many errors they send (RFC 1812 §4.3.2.8)."""
    path = without("tcp-path-mtu-discovery", "10-13", tmp_path)
    assert path.frames("tcp.loss.path-mtu") == list(range(12, 20))
    assert [path.verdict(frame, "tcp.loss.path-mtu").wording for frame in range(12, 20)] == ["", "", *["other"] * 6]
    assert {path.verdict(frame, "tcp.loss.path-mtu").params["icmp_frame"] for frame in range(12, 20)} == {9}


def test_icmp_errors_are_kept_by_the_segment_that_they_quote() -> None:
    report = IcmpError(5, "icmp", 3, 4)
    client = Endpoint("10.0.0.1", 50000)
    client.start_at(1000)
    client.remember(Sent(0, 100, 1, None, 0))
    client.remember(Sent(100, 300, 2, None, 0))
    first, second = client.outstanding
    assert client.too_large_after(first) is None
    client.note_too_large(report, 1100)
    assert client.too_large_after(second) == (report, True)
    assert client.too_large_after(first) == (report, False)
    assert client.too_large_after(Sent(300, 400, 6, None, 0)) is None
    for number in range(2 * TOO_LARGE_LIMIT):
        client.note_too_large(IcmpError(10 + number, "icmp", 3, 4), None)
    assert len(client.too_large) == TOO_LARGE_LIMIT


def test_what_the_capture_missed_is_acknowledged_and_never_resent(tmp_path: Path) -> None:
    missed = without("seed-web", "7", tmp_path)
    (frame,) = missed.frames("tcp.loss.gap-capture")
    assert missed.verdict(frame, "tcp.loss.gap-capture").params["missing"] == 1448
    assert not missed.frames("tcp.loss.gap-network") + missed.frames("tcp.loss.out-of-order")


def test_what_the_network_lost_comes_again(tmp_path: Path) -> None:
    lost = without("tcp-fast-retransmit-sack", "7", tmp_path)
    assert lost.frames("tcp.loss.gap-network") == [7]
    assert lost.verdict(26, "tcp.loss.fast-retransmit").wording == "gap"
    assert not lost.frames("tcp.loss.gap-capture")


def test_an_ack_of_bytes_that_the_capture_has_not(tmp_path: Path) -> None:
    unseen = without("tcp-four-way-close", "4", tmp_path)
    assert unseen.frames("tcp.loss.acked-unseen") == [4]
    assert unseen.states(4) == "? / ?"
    assert unseen.states(7) == "ESTABLISHED / ESTABLISHED"


def test_the_second_acknowledgment_of_a_syn_is_no_duplicate() -> None:
    """Frame 10 answers the SYN-ACK that came twice: one data segment is under way, none beyond it."""
    assert not judged("tcp-synack-lost").frames("tcp.loss.dup-ack")


def test_bundled_cuts_tell_the_capture_from_the_network() -> None:
    missed = judged("built/tcp-missed-by-the-capture")
    assert missed.frames("tcp.loss.gap-capture") == [10]
    assert not missed.frames("tcp.loss.gap-network")
    lost = judged("built/tcp-lost-before-the-capture")
    assert lost.frames("tcp.loss.gap-network") == [10]
    assert lost.verdict(10, "tcp.loss.gap-network").wording == "asked"
    assert lost.verdict(20, "tcp.loss.fast-retransmit").wording == "gap"
    assert not lost.frames("tcp.loss.gap-capture")


def test_one_duplicate_ack_long_past_fills_no_gap() -> None:
    result = judged("built/tcp-timer-fills-the-gap")
    assert not result.frames("tcp.loss.fast-retransmit")
    timeout = result.verdict(7, "tcp.loss.rto")
    assert (timeout.wording, timeout.params["last_heard"]) == ("gap-stalled", 6)
    assert timeout.params["silence"] == pytest.approx(0.4)
    assert "asked with 1 duplicate ACK." in render(result.verdict(5, "tcp.loss.gap-network"))


def test_an_older_timestamp_tells_what_was_sent_first_whatever_the_ids() -> None:
    result = judged("built/tcp-drawn-ids")
    assert result.verdict(7, "tcp.loss.out-of-order").wording == "older"
    assert not result.frames("tcp.loss.fast-retransmit") + result.frames("tcp.loss.gap-network")


def test_each_kind_of_retransmission() -> None:
    resent = judged("built/tcp-resent")
    found = {
        frame: (code, resent.verdict(frame, code).wording)
        for code in [f"tcp.loss.{kind}" for kind in (*RESENT, "gap-network")]
        for frame in resent.frames(code)
    }
    assert found == {
        6: ("tcp.loss.spurious", "acked"),
        12: ("tcp.loss.rto", ""),
        17: ("tcp.loss.gap-network", ""),
        18: ("tcp.loss.rto", "gap"),
        24: ("tcp.loss.out-of-order", ""),
        30: ("tcp.loss.tail", "alone"),
    }
    assert resent.verdict(12, "tcp.loss.rto").params["last"] == 100  # 150 of its bytes are new
    assert resent.verdict(12, "tcp.data.segment").wording == "partly"


def test_a_segment_that_grows_a_probe_is_no_retransmission() -> None:
    windows = judged("built/tcp-windows")
    assert not [code for code in windows.codes(10) if code.startswith("tcp.loss")]


def test_duplicate_acks_that_are_long_past_set_nothing_off() -> None:
    """The copy that three duplicate ACKs brought is lost, too; and one SACK block alone brings none."""
    twice = judged("built/tcp-lost-twice")
    assert twice.frames("tcp.loss.fast-retransmit") == [11]
    timeout = twice.verdict(12, "tcp.loss.rto")
    assert (timeout.wording, timeout.params["last_heard"]) == ("stalled", 10)
    assert timeout.params["silence"] == pytest.approx(0.401)
    single = judged("built/tcp-single-bytes")
    assert single.verdict(10, "tcp.loss.rto").wording == "stalled"
    assert not single.frames("tcp.loss.fast-retransmit")


def test_one_byte_is_no_span() -> None:
    single = judged("built/tcp-single-bytes")
    assert render(single.verdict(9, "tcp.loss.dup-ack")).endswith("but has 3, as SACK reports.")
    assert "byte 2 again" in render(single.verdict(10, "tcp.loss.rto"))
    assert "第 2 字节再次" in render(single.verdict(10, "tcp.loss.rto"), "zh")


def test_an_ack_of_bytes_that_one_frame_brought_twice_names_it_once() -> None:
    """Frame 12 repeats what frame 11 had, and goes on: one segment, acknowledged by frame 13."""
    resent = judged("built/tcp-resent")
    assert resent.verdict(13, "tcp.ack.pure").params["frame"] == 12
    assert not resent.frames("tcp.ack.cumulative") or 13 not in resent.frames("tcp.ack.cumulative")


def test_a_timer_that_an_acknowledgment_restarted_brings_nothing() -> None:
    repairs = judged("built/tcp-repairs")
    assert repairs.frames("tcp.loss.fast-retransmit") == [12, 28]
    assert repairs.frames("tcp.loss.rto") == [
        13,
        39,
    ]  # 30: a partial ACK has just come; 41 to 44: the rest of the flight
