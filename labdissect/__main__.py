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
    from labdissect.bridge.pipe import enlarge_pipe

    if sys.stdin is not None:
        enlarge_pipe(sys.stdin.fileno())
    from labdissect.bridge.cli import main

    signal.signal(signal.SIGINT, before)
    main()


def _ended(number: int, frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    run()
