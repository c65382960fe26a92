"""Messages on TCP: cut, joined, repeated, overtaken, overlapping, missing; in step, out of step, too long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdissect.bridge.trial import Result
from labdissect.plugins import streams, tcp_payloads
from labdissect.plugins.packet import Message
from labdissect.testing import Frame, run, tcp
from tests.conftest import ROOT

PLUGIN = ROOT / "tests" / "data" / "plugins" / "labline.py"
BY_LENGTH, BY_STRUCT = 9101, 9102
BOTH_WAYS = pytest.mark.parametrize("port", [BY_LENGTH, BY_STRUCT])
CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
FIRST = 2**32 - 40
"""The client's initial number: the numbers wrap within the first messages."""


def line(number: int, text: bytes = b"") -> bytes:
    """A message."""
    return (4 + len(text)).to_bytes(2, "big") + bytes([number % 256]) + b"#" + text


class Capture:
    """Frames of one connection to ``port``; positions count from the client's first byte of data."""

    def __init__(self, port: int, data: bytes, *, handshake: bool = True) -> None:
        self.port, self.data = port, data
        self.frames: list[Frame] = []
        if handshake:
            self.client(b"", FIRST, flags="S", ack=0)
            self.server(0, flags="SA", seq=7000)
            self.client(b"", FIRST + 1)

    def client(self, payload: bytes, seq: int, flags: str = "A", ack: int = 7001) -> int:
        """A segment of the client's; its frame number."""
        self.frames.append(
            tcp(payload, sport=40000, dport=self.port, seq=seq, ack=ack, flags=flags, src=CLIENT, dst=SERVER)
        )
        return len(self.frames)

    def server(self, acked: int, flags: str = "A", seq: int = 7001) -> int:
        """A segment without data of the server's, which acknowledges so many bytes."""
        self.frames.append(
            tcp(sport=self.port, dport=40000, seq=seq, ack=FIRST + 1 + acked, flags=flags, src=SERVER, dst=CLIENT)
        )
        return len(self.frames)

    def send(self, begin: int, end: int, flags: str = "A") -> int:
        """The bytes from ``begin`` to ``end``."""
        return self.client(self.data[begin:end], FIRST + 1 + begin, flags)

    def result(self) -> Result:
        """What comes of it."""
        return run(PLUGIN, self.frames)


def messages(result: Result) -> list[Message]:
    """All messages, in the order in which they were completed."""
    return [message for packet in result.packets for message in packet.messages]


def numbers(result: Result) -> list[int]:
    """What the messages call themselves."""
    return [message.header.number for message in messages(result)]


def codes(result: Result) -> list[tuple[int, str, str]]:
    """Frame, code and wording of the verdicts."""
    return [(one.about, one.rule.code, one.wording) for one in result.verdicts]


@st.composite
def captured(draw: st.DrawFn) -> tuple[list[bytes], list[tuple[int, int]]]:
    """Messages, and the segments in which their bytes come: each byte at least once, in any order."""
    said = draw(st.lists(st.binary(max_size=12), min_size=1, max_size=8))
    size = sum(len(line(0, text)) for text in said)
    place = st.integers(0, size)
    cuts = sorted({0, size, *draw(st.lists(place, max_size=8))})
    again = [(min(pair), max(pair)) for pair in draw(st.lists(st.tuples(place, place), max_size=8))]
    segments = [*pairwise(cuts), *(pair for pair in again if pair[0] < pair[1])]
    return said, draw(st.permutations(segments))


@BOTH_WAYS
@settings(deadline=None)
@given(case=captured())
def test_however_they_are_cut_and_shuffled_the_messages_are_those_that_were_sent(
    port: int, case: tuple[list[bytes], list[tuple[int, int]]]
) -> None:
    said, segments = case
    sent = [line(number, text) for number, text in enumerate(said)]
    capture = Capture(port, b"".join(sent))
    brought = [0] * len(capture.data)
    for begin, end in segments:
        frame = capture.send(begin, end)
        for at in range(begin, end):
            brought[at] = brought[at] or frame
    result = capture.result()
    found = messages(result)
    assert [message.data for message in found] == sent
    assert [message.header.text for message in found] == said
    for message in found:
        place = range(message.offset, message.offset + len(message.data))
        assert message.frames == tuple(sorted({brought[at] for at in place}))
        complete = max(brought[: place.stop])
        assert message.frame == complete and message in result.packet(complete).messages
    assert not codes(result) and not result.problems


@BOTH_WAYS
def test_one_segment_may_complete_many(port: int) -> None:
    data = b"".join(line(number, b"text") for number in range(5))
    capture = Capture(port, data)
    capture.send(20, len(data))
    filling = capture.send(0, 20)
    result = capture.result()
    assert numbers(result) == [0, 1, 2, 3, 4]
    assert len(result.packet(filling).messages) == 5
    assert [header.number for header in result.packet(filling).all("labline" if port == BY_LENGTH else "labplain")] == [
        0,
        1,
        2,
        3,
        4,
    ]


@BOTH_WAYS
def test_a_gap_that_the_peer_acknowledged_is_passed(port: int) -> None:
    data = b"".join(line(number, b"text") for number in range(6))
    capture = Capture(port, data)
    capture.send(0, 12)  # one message and a half
    beyond = capture.send(24, 40)  # 12 bytes are missing; a message begins here
    capture.server(40)
    then = capture.send(40, 48)
    result = capture.result()
    assert numbers(result) == [0, 3, 4, 5]
    assert codes(result) == [(then, "layer.gap", "acked-within")]
    (verdict,) = result.verdicts
    assert (verdict.params["missing"], verdict.params["at"], verdict.params["broken_off"]) == (12, 12, 4)
    assert [message.frames for message in messages(result)][1:] == [(beyond,), (beyond,), (then,)]


def test_framing_outlives_a_gap_within_a_message_whose_length_is_known() -> None:
    data = line(0, b"a" * 96) + line(1) + line(2)
    capture = Capture(BY_LENGTH, data)
    capture.send(0, 30)
    capture.send(60, 102)  # the end of it, and half of the next
    capture.server(102)
    capture.send(102, len(data))
    result = capture.result()
    assert numbers(result) == [1, 2]
    assert [code for _, code, _ in codes(result)] == ["layer.gap"]


def test_what_comes_late_after_all_is_read() -> None:
    """The capture may have an acknowledgment before the segment that it acknowledges."""
    data = line(0, b"text") + line(1, b"text")
    capture = Capture(BY_LENGTH, data)
    capture.send(8, 16)
    capture.server(16)
    capture.send(0, 8)
    result = capture.result()
    assert numbers(result) == [0, 1] and not codes(result)


def test_a_gap_at_the_end_is_told() -> None:
    data = line(0, b"text") + line(1, b"text")
    capture = Capture(BY_LENGTH, data)
    last = capture.send(8, 16)
    result = capture.result()
    assert not messages(result)
    assert codes(result) == [(last, "layer.gap", "end")]


def test_a_message_that_has_begun_at_the_end_is_told() -> None:
    data = line(0) + line(1, b"text")
    capture = Capture(BY_LENGTH, data)
    last = capture.send(0, 9)
    result = capture.result()
    assert numbers(result) == [0]
    assert codes(result) == [(last, "layer.unfinished", "")]
    assert result.verdicts[0].params == {"layer": "labline", "role": "client", "size": 5, "at": 4}


def test_a_bad_message_does_not_stop_those_behind_it_when_its_length_is_known() -> None:
    bad = line(1, b"text").replace(b"#", b"!")
    data = line(0) + bad + line(2)
    capture = Capture(BY_LENGTH, data)
    frame = capture.send(0, len(data))
    result = capture.result()
    assert numbers(result) == [0, 2]
    assert codes(result) == [(frame, "layer.unparsed", "stream")]
    params = result.verdicts[0].params
    assert (params["at"], params["size"], params["offset"], params["field"]) == (4, 8, 3, "labline.mark")
    assert "b'#'" in params["reason"]


@BOTH_WAYS
def test_out_of_step_it_finds_a_segment_that_begins_a_message(port: int) -> None:
    data = b"\0\0\0\0junk" + line(5, b"text") + line(6)
    capture = Capture(port, data)
    bad = capture.send(0, 8)
    good = capture.send(8, len(data))
    result = capture.result()
    assert numbers(result) == [5, 6]
    assert codes(result) == [(bad, "layer.unparsed", "lost"), (good, "layer.skipped", "found")]
    reason = "message_length gives 0" if port == BY_LENGTH else "parsing expected b'#' but parsed b'\\x00'"
    assert reason in result.verdicts[0].params["reason"]


@BOTH_WAYS
def test_a_capture_that_begins_within_a_message(port: int) -> None:
    data = line(0, b"x" * 30) + line(1, b"y" * 30) + line(2)
    capture = Capture(port, data, handshake=False)
    capture.send(10, 34)  # the end of a message that began before
    found = capture.send(34, len(data))
    result = capture.result()
    assert numbers(result) == [1, 2]
    assert codes(result) == [(found, "layer.skipped", "found")]
    assert result.verdicts[0].params["size"] == 24
    assert messages(result)[0].offset == 24


def test_a_capture_that_begins_with_a_long_message() -> None:
    data = line(0, b"x" * 300) + line(1)
    capture = Capture(BY_LENGTH, data, handshake=False)
    for begin in range(0, len(data), 50):
        capture.send(begin, begin + 50)
    result = capture.result()
    assert numbers(result) == [0, 1] and not codes(result)


def test_one_side_alone() -> None:
    data = b"".join(line(number, b"text") for number in range(4))
    capture = Capture(BY_LENGTH, data, handshake=False)
    capture.send(0, 12)
    capture.send(16, 32)
    capture.send(12, 16)
    assert numbers(capture.result()) == [0, 1, 2, 3]


def test_what_an_rst_carries_is_no_part_of_the_stream() -> None:
    data = line(0) + line(1)
    capture = Capture(BY_LENGTH, data)
    capture.send(0, 4)
    capture.send(4, 8, flags="R")
    assert numbers(capture.result()) == [0]


def test_data_in_the_syn_begins_the_stream() -> None:
    data = line(0, b"fast") + line(1)
    capture = Capture(BY_LENGTH, data, handshake=False)
    capture.client(data[:8], FIRST, flags="S", ack=0)
    capture.server(8, flags="SA", seq=7000)
    capture.send(8, len(data))
    assert numbers(capture.result()) == [0, 1]


def test_both_directions_are_apart() -> None:
    capture = Capture(BY_LENGTH, line(0) + line(1))
    capture.send(0, 6)
    answer = line(9, b"answer")
    capture.frames.append(
        tcp(answer, sport=BY_LENGTH, dport=40000, seq=7001, ack=FIRST + 7, flags="PA", src=SERVER, dst=CLIENT)
    )
    capture.send(6, 8)
    assert numbers(capture.result()) == [0, 9, 1]


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Sets the bound of one direction."""

    def limited(size: int) -> None:
        monkeypatch.setattr(streams, "BYTES_LIMIT", size)
        monkeypatch.setattr(tcp_payloads, "BYTES_LIMIT", size)

    yield limited


def test_a_message_that_is_too_long_is_passed_over(small_limits: Callable[[int], None]) -> None:
    small_limits(100)
    data = line(0) + line(1, b"x" * 300) + line(2)
    capture = Capture(BY_LENGTH, data)
    for begin in range(0, len(data), 50):
        capture.send(begin, begin + 50)
    result = capture.result()
    assert numbers(result) == [0, 2]
    assert [(code, wording) for _, code, wording in codes(result)] == [("layer.too-long", "known")]


def test_bytes_behind_a_gap_are_bounded(small_limits: Callable[[int], None]) -> None:
    small_limits(100)
    data = b"".join(line(number, b"text") for number in range(40))
    capture = Capture(BY_LENGTH, data)
    capture.send(0, 8)
    for begin in range(16, len(data), 8):
        capture.send(begin, begin + 8)
    result = capture.result()
    assert numbers(result) == [0, *range(2, 40)]
    assert [(code, wording) for _, code, wording in codes(result)] == [("layer.gap", "limit")]


def test_all_streams_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_payloads, "TOTAL_LIMIT", 1000)
    whole = line(1, b"x" * 596)
    ports = (30001, 30002, 30003)
    frames = [tcp(sport=port, dport=BY_LENGTH, seq=0, flags="S") for port in ports]
    frames += [tcp(whole[:400], sport=port, dport=BY_LENGTH, seq=1) for port in ports]
    frames += [tcp(whole[400:], sport=port, dport=BY_LENGTH, seq=401) for port in ports]
    result = run(PLUGIN, frames)
    assert [message.frame for message in messages(result)] == [8, 9]
    assert codes(result)[0] == (6, "layer.too-long", "unknown")


def test_the_messages_come_out_of_tshark_itself(tmp_path: Any) -> None:
    data = b"".join(line(number, b"text") for number in range(4))
    capture = Capture(BY_LENGTH, data)
    capture.send(8, 20)
    capture.send(0, 14)
    capture.send(6, 32)
    by_hand, by_tshark = capture.result(), run(PLUGIN, capture.frames, tshark=True)
    hand, of_tshark = (
        [(one.data, one.frame, one.frames, one.offset) for one in messages(result)] for result in (by_hand, by_tshark)
    )
    assert hand == of_tshark
    assert numbers(by_tshark) == [0, 1, 2, 3]
