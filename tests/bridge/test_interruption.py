"""Ctrl-C ends a wait at once, work only when it waits again; a second Ctrl-C ends anything."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from labdissect.bridge.interruption import Interruption


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_work_goes_on_and_the_next_wait_ends() -> None:
    interruption, read = Interruption(), []
    with interruption.installed():
        press()
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            interruption.read(lambda size: read.append(size) or b"", 1)
    assert read == []  # nothing is taken from the input that would be lost


def test_a_wait_ends_at_once() -> None:
    interruption = Interruption()
    incoming, outgoing = os.pipe()
    pressing = threading.Timer(0.1, press)
    with interruption.installed(), pytest.raises(KeyboardInterrupt):
        pressing.start()
        interruption.read(lambda size: os.read(incoming, size), 1)
    pressing.join()
    os.close(incoming)
    os.close(outgoing)


def test_a_second_one_ends_work() -> None:
    interruption = Interruption()
    with interruption.installed():
        press()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_what_is_read_comes_through() -> None:
    interruption = Interruption()
    with interruption.installed():
        assert interruption.read(lambda size: b"x" * size, 3) == b"xxx"
        assert interruption.read(lambda size: None, 3) == b""


@pytest.mark.parametrize("fails", [False, True])
def test_the_handler_is_put_back(fails: bool) -> None:
    before = signal.getsignal(signal.SIGINT)
    interruption = Interruption()
    try:
        with interruption.installed():
            assert signal.getsignal(signal.SIGINT) == interruption._handle
            if fails:
                raise OSError
    except OSError:
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_than_the_first_leaves_signals_alone() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def elsewhere() -> None:
        with Interruption().installed() as interruption:
            seen.append((signal.getsignal(signal.SIGINT), interruption.read(lambda size: b"x", 1)))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [(before, b"x")]
