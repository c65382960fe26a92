"""`python -m labdissect`, and the program `labdissect`."""

import os
import sys

INTERRUPTED = 130
"""As bridge/failures.py has it."""

KEPT = 1 << 24
"""Bytes: what the C library gives back once in one piece it afterwards keeps (mallopt(3), M_MMAP_THRESHOLD)."""

try:
    import signal
except KeyboardInterrupt:  # the first import that takes more than an instant
    os._exit(INTERRUPTED)


def run() -> None:
    """The program. Ctrl-C ends it quietly also while it is still being imported, and a tshark that is faster than the
    import finds room in the pipe for what it prints meanwhile."""
    try:
        before = signal.getsignal(signal.SIGINT)
        if before is signal.default_int_handler:  # else somebody wants Ctrl-C ignored
            signal.signal(signal.SIGINT, _ended)
        _made_ready()
        from labdissect.bridge.cli import main

        signal.signal(signal.SIGINT, before)
        main()
    except KeyboardInterrupt:  # between two of these lines, or while an end was being told
        os._exit(INTERRUPTED)


def _made_ready() -> None:
    """The standard streams: each is open, and a pipe into us holds what comes before we read. Memory that large lines
    were read into is kept for the next ones: fetched anew from the system each time, it costs a tenth of our time, and
    tshark waits at the pipe meanwhile (docs/decisions/0003-the-pipe-costs-little.md)."""
    bytes(KEPT)
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _occupy_closed()
    from labdissect.bridge.pipe import enlarge_pipe

    if sys.stdin is not None:
        enlarge_pipe(sys.stdin.fileno())


def _occupy_closed() -> None:
    """Where the shell closed a standard stream (``>&-``), the first file that is opened would become it, and what
    tshark or a worker prints would go into that file."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _ended(number: int, frame: object) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    run()
