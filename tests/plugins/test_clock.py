"""HTTP's Date against the capture's clock: what is said of an offset, and that nothing is said where nothing can be."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.plugins.clock import AGREES_WITHIN, FARTHEST_ZONE, QUARTER, clock_verdict
from labdissect.plugins.rule import Verdict, render
from tests.conftest import judged

PACKET = judged("tcp-four-way-close").packets[0]
NOW = 1_700_000_000
"""Seconds since 1970."""
SECOND = 1_000_000_000


def said(offset: int, age: str | None = None, *, asked: int = 0) -> Verdict:
    """Of a Date so many seconds ahead of the frame, whose request came ``asked`` seconds before."""
    date = formatdate(NOW + offset, usegmt=True)
    found = clock_verdict(PACKET, date, age, (NOW - asked) * SECOND, NOW * SECOND)
    assert found is not None
    assert found.params["date"] == date and found.params["captured"] == "2023-11-14 22:13:20"
    assert render(found, "en") and render(found, "zh")
    return found


@given(st.integers(0, 600), st.data())
def test_a_date_between_request_and_response_agrees(asked: int, data: st.DataObject) -> None:
    offset = data.draw(st.integers(-asked - int(AGREES_WITHIN), int(AGREES_WITHIN)))
    assert said(offset, asked=asked).wording == "agrees"


@given(st.integers(3, 10**8))
def test_any_other_offset_is_said_with_its_direction(seconds: int) -> None:
    quarters = round(seconds / QUARTER)
    near = abs(seconds - quarters * QUARTER) <= AGREES_WITHIN
    zone = quarters > 0 and near and seconds <= FARTHEST_ZONE + AGREES_WITHIN
    for sign, direction in ((1, "ahead"), (-1, "behind")):
        found = said(sign * seconds)
        assert found.wording == f"{'zone-' if zone else ''}{direction}"
        assert found.params["offset"] == (quarters * QUARTER if zone else seconds)


@pytest.mark.parametrize(
    ("offset", "age", "wording"),
    [
        (-500, "500", "cached"),
        (-500, "498", "cached"),
        (-500, "490", "behind"),
        (-3600, "3600", "cached"),  # an hour, and the Age explains it
        (500, "500", "ahead"),  # what a cache keeps is not newer than now
        (-500, "-500", "behind"),
        (-500, "٥٠٠", "behind"),
        (-500, "5" * 12, "behind"),
    ],
)
def test_an_age_explains_an_old_date(offset: int, age: str, wording: str) -> None:
    found = said(offset, age)
    assert found.wording == wording
    assert ("age" in found.params) == (wording == "cached") == (len(found.evidence) == 3)


@pytest.mark.parametrize("date", [None, "", "yesterday", "Tue, 99 Foo 2023 22:13:20 GMT", "\x00" * 99])
def test_no_date_no_verdict(date: str | None) -> None:
    assert clock_verdict(PACKET, date, None, None, NOW * SECOND) is None


def test_no_time_no_verdict() -> None:
    date = formatdate(NOW, usegmt=True)
    assert clock_verdict(PACKET, date, None, NOW, None) is None
    assert clock_verdict(PACKET, date, None, None, 2**63) is not None  # the year 2262
    assert clock_verdict(PACKET, date, None, None, 10**22) is None  # no year at all


@given(st.text(max_size=80), st.none() | st.text(max_size=14), st.integers(-(2**63), 2**63))
def test_hostile_headers_raise_nothing(date: str, age: str | None, until: int) -> None:
    found = clock_verdict(PACKET, date, age, None, until)
    assert found is None or len(found.params["date"]) <= 40
