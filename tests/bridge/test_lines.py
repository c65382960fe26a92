"""Lines come out whole however the input is cut into chunks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.lines import LineSplitter

chunks = st.lists(st.binary(max_size=6) | st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\x0b"])).map(b"".join))


def through(splitter: LineSplitter, cut: list[bytes]) -> list[bytes]:
    return [line for chunk in cut for line in splitter.feed(chunk)]


@given(chunks)
def test_lines_end_at_line_feeds_only_wherever_chunks_end(cut: list[bytes]) -> None:
    splitter = LineSplitter()
    lines = through(splitter, cut)
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    rest = splitter.rest()
    assert b"\n" not in rest
    assert b"".join(lines) + rest == b"".join(cut)
    assert splitter.rest() == b""


def test_a_line_without_end_is_handed_on_in_pieces() -> None:
    splitter = LineSplitter(limit=8)
    assert through(splitter, [b"12345", b"67890", b"ab\n", b"c\nd"]) == [b"1234567890", b"ab\n", b"c\n"]
    assert splitter.too_long == 1
    assert splitter.rest() == b"d"
