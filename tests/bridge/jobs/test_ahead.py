"""Reading ahead: everything comes, in order, and memory stays bounded."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.jobs.ahead import AHEAD, Ahead
from labdissect.bridge.jobs.packets import CHUNK


def reading() -> tuple[Ahead, int]:
    """Somebody reading ahead of a pipe, and where to write to it."""
    out, into = os.pipe()
    return Ahead(os.fdopen(out, "rb", 0)), into


def written(into: int, data: bytes) -> None:
    """Writes all, and the end."""
    with os.fdopen(into, "wb") as pipe:
        pipe.write(data)


@given(st.binary(max_size=300_000))
def test_what_was_written_is_read(data: bytes) -> None:
    ahead, into = reading()
    ahead.start()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(written, into, data)
        assert b"".join(ahead.chunks()) == data
    ahead.join(10)
    assert not ahead.is_alive()


def test_no_more_is_read_than_may_wait() -> None:
    """Nobody takes anything: the writer is held up by a full pipe, not served by more and more memory."""
    ahead, into = reading()
    data = bytes(AHEAD + 4 * CHUNK)
    ahead.start()
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(written, into, data)
        deadline = time.monotonic() + 20
        while ahead._size <= AHEAD and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
        assert AHEAD < ahead._size <= AHEAD + CHUNK
        assert not writing.done()
        assert b"".join(ahead.chunks()) == data
