"""`python -m labdissect`, and the program `labdissect`."""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130
"""As bridge/failures.py has it."""


def run() -> None:
    """The program. Ctrl-C ends it quietly also while it is still being imported, and a tshark that is faster than the
    import finds room in the pipe for what it prints meanwhile."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else somebody wants Ctrl-C ignored
        signal.signal(signal.SIGINT, _ended)
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _occupy_closed()
    from labdissect.bridge.pipe import enlarge_pipe

    if sys.stdin is not None:
        enlarge_pipe(sys.stdin.fileno())
    from labdissect.bridge.cli import main

    signal.signal(signal.SIGINT, before)
    main()


def _occupy_closed() -> None:
    """Where the shell closed a standard stream (``>&-``), the first file that is opened would become it, and what
    tshark or a worker prints would go into that file."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _ended(number: int, frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    run()
