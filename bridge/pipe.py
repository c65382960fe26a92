"""How much a pipe may hold. Imports next to nothing: the program enlarges its standard input before all else."""

from __future__ import annotations

import os
import stat

PIPE_SIZE = 1 << 20
"""Bytes that a pipe may hold, so that tshark need not wait for us; Linux allows a user this much."""

_F_SETPIPE_SZ, _F_GETPIPE_SZ = 1031, 1032


def enlarge_pipe(descriptor: int) -> None:
    """Gives a pipe more room where the system lets us; anything else, closed or no pipe, stays as it is."""
    _pipe_control(descriptor, _F_SETPIPE_SZ, PIPE_SIZE)


def pipe_room(descriptor: int) -> int:
    """Bytes that a pipe may hold; 0 for what is no pipe, or where it cannot be known."""
    return _pipe_control(descriptor, _F_GETPIPE_SZ, 0)


def _pipe_control(descriptor: int, command: int, argument: int) -> int:
    try:
        import fcntl

        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return fcntl.fcntl(descriptor, command, argument)
    except (ImportError, OSError, ValueError):
        pass
    return 0
