"""Times of every tshark come out as the same whole nanoseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.readers.clock import nanoseconds

SECOND = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(-(2**33), 2**33), st.integers(0, SECOND - 1))
def test_seconds_as_tshark_prints_them_to_4_2(second: int, fraction: int) -> None:
    """epan prints a negative time as the sign, then what it measures."""
    whole = second * SECOND + fraction
    sign, size = ("-", -whole) if whole < 0 else ("", whole)
    assert nanoseconds(f"{sign}{size // SECOND}.{size % SECOND:09}") == whole


@given(st.integers(0, 2**33), st.integers(0, SECOND - 1), st.integers(0, 9))
def test_dates_as_tshark_prints_them_from_4_4(second: int, fraction: int, digits: int) -> None:
    kept = f"{fraction:09}"[:digits]
    date = (EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")
    text = f"{date}.{kept}Z" if kept else f"{date}Z"
    assert nanoseconds(text) == second * SECOND + int(kept.ljust(9, "0"))


@given(st.integers(0, 2**33), st.integers(0, SECOND - 1))
def test_both_forms_are_one_time(second: int, fraction: int) -> None:
    date = (EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")
    assert nanoseconds(f"{second}.{fraction:09}") == nanoseconds(f"{date}.{fraction:09}Z")


def test_digits_beyond_nanoseconds_are_let_go() -> None:
    assert nanoseconds("1.1234567899") == 1_123_456_789
    assert nanoseconds("1") == SECOND


@pytest.mark.parametrize(
    "wrong",
    ["", ".", "-", "x", "1.x", "12T", "2023-13-45T00:00:00Z", "9" * 30, "1700000000.12345678x", None, 1.5, []],
)
def test_anything_else_is_no_time(wrong: object) -> None:
    assert nanoseconds(wrong) is None


@given(st.text(max_size=30))
def test_no_text_raises(text: str) -> None:
    found = nanoseconds(text)
    assert found is None or abs(found) < 2**63 + 10**18
