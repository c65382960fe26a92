"""Ends a plugin's call that takes too long.

A timer signal comes several times within the limit. Its handler looks down the stack for a call that is marked
(plugins/time_limit.py): when it meets the same one until the limit is over, it raises in it. Packets pay nothing. Of a
writer's calls the processor's time counts: they may wait for hours for a person who reads on page by page.
Only the main thread of systems that have ``setitimer`` (Windows has not) can be watched; elsewhere there is no limit.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from labdissect.plugins.time_limit import LIMITED, LIMITED_WORK, TookTooLong

LOOKS = 4
"""Times that the handler looks within the limit: a call ends at most a quarter of it late."""


class Watchdog:
    """Watches the calls of one input.

    :param limit: seconds; 0 for none
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._call: FrameType | None = None
        """The marked call that was under way at the last look."""
        self._seen = 0
        self._worked = 0.0
        """Seconds that the processor had spent on this thread when the call was met first."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches meanwhile."""
        main = threading.current_thread() is threading.main_thread()
        if not self._limit or not main or not hasattr(signal, "setitimer"):
            yield
            return
        handler = signal.signal(signal.SIGALRM, self._look)
        pause = self._limit / LOOKS
        remaining = signal.setitimer(signal.ITIMER_REAL, pause, pause)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, *remaining)
            signal.signal(signal.SIGALRM, handler)
            self._call = None

    def _look(self, number: int, frame: FrameType | None) -> None:
        call = frame
        while call is not None and call.f_code not in LIMITED:
            call = call.f_back
        if call is None or call is not self._call:
            self._call, self._seen, self._worked = call, 0, time.thread_time()
            return
        self._seen += 1
        waits = call.f_code in LIMITED_WORK and time.thread_time() - self._worked < self._limit
        if self._seen >= LOOKS and not waits:
            self._call, self._seen = None, 0
            raise TookTooLong(f"it took longer than {self._limit:g} s (--plugin-timeout)")
