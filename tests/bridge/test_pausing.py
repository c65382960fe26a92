"""A held output keeps what is written, up to its limit, and says what it gave up."""

from __future__ import annotations

import io

import pytest

from labdissect.bridge.pausing import PausingOutput, keys


@pytest.fixture
def out() -> io.BytesIO:
    return io.BytesIO()


def test_what_is_held_comes_later_in_its_order(out: io.BytesIO) -> None:
    pausing = PausingOutput(out, "en")
    pausing.write(b"one\n")
    pausing.toggle()
    said = out.getvalue()
    assert said.startswith(b"one\n") and "paused" in said.decode() and "space" in said.decode()
    pausing.write(b"two\n")
    pausing.write(b"three\n")
    pausing.flush()
    assert out.getvalue() == said
    pausing.toggle()
    assert out.getvalue() == said + b"two\nthree\n"
    pausing.write(b"four\n")
    assert out.getvalue() == said + b"two\nthree\nfour\n"


def test_too_much_gives_up_the_oldest_and_says_so(out: io.BytesIO) -> None:
    pausing = PausingOutput(out, "zh", limit=12)
    pausing.toggle()
    assert "已暂停" in out.getvalue().decode()
    out.seek(0)
    out.truncate()
    for text in (b"a\nb\n", b"c\n", b"d\ne\nf\n", b"g\nh\n"):
        pausing.write(text)
    pausing.go_on()
    assert out.getvalue().decode() == "── 有 2 行因过多而未保留 ──\nc\nd\ne\nf\ng\nh\n"


def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(" "))
    pressed: list[str] = []
    with keys(pressed.append):
        pass
    assert pressed == []
