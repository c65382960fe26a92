"""What goes into a spool comes out, in order, whoever is faster."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.spool import Spool

STEPS = st.lists(st.one_of(st.binary(min_size=1, max_size=50), st.integers(1, 60)), max_size=40)


@given(steps=STEPS, memory=st.integers(0, 100))
def test_what_goes_in_comes_out_in_order(steps: list[bytes | int], memory: int) -> None:
    spool, put, taken = Spool(memory), b"", b""
    for step in steps:
        if isinstance(step, bytes):
            assert spool.put(step)
            put += step
        elif spool.waiting:
            taken += spool.take(step)
        assert spool.waiting == len(put) - len(taken)
    spool.end()
    while piece := spool.take(7):
        taken += piece
    assert taken == put
    assert spool.take(7) == b""


def test_a_full_spool_refuses_and_keeps_what_it_has() -> None:
    spool = Spool(memory=4, limit=10)
    assert spool.put(b"12345678")
    assert not spool.put(b"abc")
    assert spool.put(b"90")
    spool.end()
    assert spool.take(100) == b"1234567890"
    assert not spool.put(b"late")


def test_the_taker_waits_for_the_putter() -> None:
    spool, taken = Spool(), bytearray()

    def take() -> None:
        while piece := spool.take(1000):
            taken.extend(piece)

    taker = threading.Thread(target=take)
    taker.start()
    for number in range(1000):
        spool.put(number.to_bytes(2))
    spool.end()
    taker.join(10)
    assert bytes(taken) == b"".join(number.to_bytes(2) for number in range(1000))


def test_closing_frees_a_taker_that_waits() -> None:
    spool = Spool()
    taken: list[bytes] = []
    taker = threading.Thread(target=lambda: taken.append(spool.take(1)))
    taker.start()
    spool.close()
    taker.join(10)
    assert taken == [b""]
    assert not spool.put(b"late")
