"""What ends the program before its time, each with its exit code.

::

    Failure                 1 is never used: it is left to crashes
    ├── ReaderFailure       4  a plugin cannot read the input (on)
    ├── UsageFailure        2  the command line asks for what there is not
    └── TsharkFailure       3  tshark is missing, or gave up before the first packet
"""

from __future__ import annotations

DONE, WRONG_USAGE, NO_TSHARK, INCOMPLETE, INTERRUPTED = 0, 2, 3, 4, 130
"""Exit codes; INCOMPLETE: done, but the input was cut, had bad lines, or a plugin failed."""


class Failure(Exception):
    """Ends the program; the message is for people, says what to do, and may hold text from outside: escape it."""

    exit_code = INCOMPLETE


class ReaderFailure(Failure):
    """A plugin's reader failed: there are no more packets, and the loop ends as at the input's end."""


class UsageFailure(Failure):
    """The command line asks for what there is not."""

    exit_code = WRONG_USAGE


class TsharkFailure(Failure):
    """tshark is missing, or gave up before the first packet."""

    exit_code = NO_TSHARK
