"""However a stream of bytes is cut, repeated and shuffled, it comes out once and in order."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from labdissect.plugins.streams import BYTES_LIMIT, SEGMENTS_LIMIT, Stream

START = 1


@st.composite
def cut_streams(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int]]]:
    """Bytes, and segments (begin and end) that cover them: overlapping, repeated, in any order."""
    data = draw(st.binary(min_size=1, max_size=60))
    place = st.integers(0, len(data))
    extra = draw(st.lists(st.tuples(place, place).map(lambda pair: (min(pair), max(pair))), max_size=12))
    cuts = sorted({0, len(data), *draw(st.lists(place, max_size=6))})
    segments = [*pairwise(cuts), *(one for one in extra if one[0] < one[1])]
    return data, draw(st.permutations(segments))


@given(cut_streams())
def test_every_byte_comes_once_and_in_order(cut: tuple[bytes, list[tuple[int, int]]]) -> None:
    data, segments = cut
    stream = Stream(START)
    for frame, (begin, end) in enumerate(segments, 1):
        before = len(stream.data)
        assert stream.add(START + begin, data[begin:end], frame) == (len(stream.data) > before)
        assert data.startswith(bytes(stream.data))
        assert stream.held <= len(data)
        if stream.gap is not None:
            missing = range(*stream.gap)
            assert missing.start == stream.end and len(missing) > 0
    assert bytes(stream.data) == data
    assert stream.gap is None and stream.held == len(data)


@given(cut_streams(), st.data())
def test_the_frames_of_a_message_are_those_that_first_brought_its_bytes(
    cut: tuple[bytes, list[tuple[int, int]]], draw: st.DataObject
) -> None:
    data, segments = cut
    stream, brought = Stream(START), [0] * len(data)
    for frame, (begin, end) in enumerate(segments, 1):
        stream.add(START + begin, data[begin:end], frame)
        for at in range(begin, end):
            brought[at] = brought[at] or frame
    at = 0
    while at < len(data):
        size = draw.draw(st.integers(1, len(data) - at))
        assert stream.take(size) == tuple(sorted(set(brought[at : at + size])))
        at += size
    assert not stream.held and stream.start == START + len(data)


def test_the_first_copy_counts() -> None:
    stream = Stream(0)
    stream.add(2, b"CD", 1)
    stream.add(0, b"abcde", 2)
    assert bytes(stream.data) == b"abCDe"
    assert stream.take(5) == (1, 2)


def test_a_gap_is_passed() -> None:
    stream = Stream(0)
    stream.add(0, b"ab", 1)
    stream.add(5, b"fg", 2)
    stream.add(9, b"j", 3)
    assert stream.gap == (2, 5)
    assert stream.pass_gap() == 3
    assert (stream.start, bytes(stream.data), stream.gap) == (5, b"fg", (7, 9))
    assert stream.add(7, b"hi", 4)
    assert bytes(stream.data) == b"fghij"
    assert stream.segments_from(0) == [9, 7, 5] and stream.segments_from(8) == [9]


def test_it_knows_when_it_is_full() -> None:
    stream = Stream(0)
    stream.add(1, bytes(BYTES_LIMIT), 1)
    assert not stream.full
    stream.add(0, b"x", 2)
    assert stream.full
    many = Stream(0)
    for number in range(SEGMENTS_LIMIT + 1):
        assert not many.full
        many.add(2 + 2 * number, b"x", number)
    assert many.full
