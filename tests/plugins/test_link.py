from __future__ import annotations

import pytest

from labdissect.plugins.checksum import number
from labdissect.plugins.link import Link, Once, Remembered, Seen, common_bits, initial_ttl, is_ordinary


def test_what_is_remembered_is_bounded() -> None:
    remembered: Remembered[int, int] = Remembered(3)
    for key in range(10):
        remembered[key] = key
    assert list(remembered) == [7, 8, 9]
    assert remembered.setdefault(9, 0) == 9 and remembered.setdefault(10, 0) == 0
    assert list(remembered) == [8, 9, 10]
    once = Once(2)
    assert [once(key) for key in (1, 1, 2, 3, 1)] == [True, False, True, True, True]
    link = Link()
    link.told(f"10.{third}.0.0/16" for third in range(200))
    assert link.prefix_of(number("10.0.0.1")) is None
    assert link.prefix_of(number("10.199.0.1")) is not None


def test_the_longest_prefix_decides() -> None:
    link = Link()
    link.told(["10.0.0.0/8", "10.1.2.3/24", "fd00::1/64"])
    prefix = link.prefix_of(number("10.1.2.9"))
    assert prefix is not None and prefix.length == 24
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/40"):
        link.told(["10.0.0.1/40"])


def test_what_shows_that_a_host_is_beyond_a_router() -> None:
    link = Link()
    reason = link.off_link("172.24.58.38", "183.232.231.172")
    assert reason is not None and (reason.why, reason.value) == ("far", 3)
    assert link.off_link("10.0.0.1", "10.0.3.2") is None
    link.distant["10.0.3.2"] = Seen(63, 7)
    reason = link.off_link("10.0.0.1", "10.0.3.2")
    assert reason is not None and (reason.why, reason.frame) == ("ttl", 7)
    link.leased("10.0.0.1", "255.255.0.0", 4)
    assert link.off_link("10.0.0.1", "10.0.3.2") is None  # the mask knows better
    assert link.off_link("169.254.1.1", "10.0.0.2") is None


def test_small_arithmetic() -> None:
    assert common_bits(number("10.0.0.1"), number("10.0.0.1")) == 32
    assert common_bits(number("10.1.1.3"), number("172.24.58.38")) == 0
    assert [initial_ttl(ttl) for ttl in (1, 64, 65, 128, 129, 255)] == [64, 64, 128, 128, 255, 255]
    assert [
        is_ordinary(number(one)) for one in ("0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "8.8.8.8")
    ] == [
        False,
        False,
        False,
        False,
        True,
    ]
