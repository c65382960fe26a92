"""Positions that never wrap, holes, and rounds, against plain sets of positions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labdissect.plugins.tcp.endpoint import (
    HALF,
    HOLES_LIMIT,
    MODULUS,
    NEVER,
    OUTSTANDING_LIMIT,
    ROUNDS_LIMIT,
    Endpoint,
    Overtaker,
    Sent,
)

RAW = st.integers(min_value=0, max_value=MODULUS - 1)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)).map(lambda span: (span[0], sum(span))), max_size=8)


def end() -> Endpoint:
    return Endpoint("10.0.0.1", 40000)


@given(RAW, st.integers(-HALF + 1, HALF - 1))
def test_a_raw_number_is_placed_next_to_where_the_end_is(isn: int, distance: int) -> None:
    one = end()
    one.start_at(isn)
    assert one.place((isn + distance) % MODULUS) == distance


def test_positions_grow_past_the_wrap() -> None:
    one = end()
    one.start_at(MODULUS - 10)
    for _ in range(3):
        one.position, one.raw = one.position + HALF - 1, (one.raw + HALF - 1) % MODULUS
    assert one.place((one.raw + 5) % MODULUS) == 3 * (HALF - 1) + 5


@given(SPANS, st.tuples(st.integers(0, 60), st.integers(1, 30)))
def test_holes_are_the_positions_that_were_not_seen(spans: list[tuple[int, int]], seen: tuple[int, int]) -> None:
    one, missing = end(), set[int]()
    for start, stop in spans:
        new = [at for at in range(start, stop) if at not in missing]
        if len(new) == stop - start:  # holes do not overlap
            one.add_hole(start, stop)
            missing.update(new)
    start, stop = seen[0], sum(seen)
    assert one.fill_hole(start, stop) == len(missing & set(range(start, stop)))
    missing -= set(range(start, stop))
    assert {at for low, high in one.holes for at in range(low, high)} == missing
    assert one.forget_holes_before(30) == len({at for at in missing if at < 30})
    assert {at for low, high in one.holes for at in range(low, high)} == {at for at in missing if at >= 30}


def test_holes_that_fall_to_pieces_are_bounded_too() -> None:
    one = end()
    one.add_hole(0, 10_000)
    for number in range(1, 400):
        assert one.fill_hole(number * 10, number * 10 + 5) == 5
    assert len(one.holes) == HOLES_LIMIT and one.dropped == 400 - HOLES_LIMIT
    assert one.holes[-1] == (3995, 10_000) and one.holes[0] == ((400 - HOLES_LIMIT) * 10 + 5, (401 - HOLES_LIMIT) * 10)


def test_an_overtaker_goes_with_its_hole() -> None:
    one = end()
    one.add_hole(0, 5)
    one.overtakers[0] = Overtaker(1, None, None, None)
    for number in range(1, 1000):
        one.add_hole(number * 10, number * 10 + 5)
        one.overtakers[number * 10] = Overtaker(number + 1, None, None, None)
        assert one.overtaker_of(number * 10 + 2) == one.overtakers[number * 10]
        assert one.fill_hole(number * 10, number * 10 + 5) == 5
    assert one.holes == [(0, 5)] and one.overtaker_of(3) == Overtaker(1, None, None, None)
    assert len(one.overtakers) <= HOLES_LIMIT + 1


def test_what_is_remembered_is_bounded_and_counted() -> None:
    one = end()
    for number in range(HOLES_LIMIT + 3):
        one.add_hole(number * 10, number * 10 + 5)
    assert len(one.holes) == HOLES_LIMIT and one.dropped == 3
    for number in range(OUTSTANDING_LIMIT + 2):
        one.remember(Sent(number, number + 1, number, None, 0))
    assert len(one.outstanding) == OUTSTANDING_LIMIT and one.dropped == 5
    assert one.outstanding[0].start == 2


def test_windows_are_kept_at_both_extremes() -> None:
    one = end()
    for window in (500, 0, 700, 300):
        one.announce(window)
    assert (one.smallest_window, one.largest_window) == (0, 700)


def test_throughput_needs_two_segments_and_an_acknowledgment() -> None:
    one = end()
    one.bytes, one.position, one.peer_acked = 3000, 3001, 3001
    one.first_data, one.last_data_frame, one.data_acked_time = (4, 1_000_000_000), 4, 1_500_000_000
    assert one.throughput is None  # a single segment
    one.last_data_frame = 6
    assert one.throughput == 6000.0
    one.peer_acked = 1001  # 2000 bytes are not acknowledged yet
    assert one.throughput == 2000.0
    one.data_acked_time = None
    assert one.throughput is None


def test_rounds_end_with_the_fin_or_the_limit() -> None:
    one = end()
    one.round_start = 1
    for number in range(ROUNDS_LIMIT + 2):
        one.position += 1 + 100
        if one.round_start != NEVER:
            one.end_round(number, one.position)
    assert len(one.rounds) == ROUNDS_LIMIT and one.round_start == NEVER
    closing = end()
    closing.round_start, closing.position, closing.fin_position = 1, 502, 501
    closing.end_round(9, 2)
    assert [(item.length, item.acked_frame, item.ack) for item in closing.rounds] == [(500, 9, 2)]
    closing.end_round(10, 502)  # the FIN alone
    assert len(closing.rounds) == 1 and closing.round_start == NEVER
