"""A folder where outputs are made until they are complete: it goes when its run ends, or when the next one begins.

A run that is killed can remove nothing. It had locked a file in its folder, though, and a lock ends with its process,
however that ends; so the next run knows the folders that nobody works in any more. On systems without such locks
(Windows) a file that is open cannot be removed, which tells the same.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = ".labdissect-"
LOCK = "lock"
"""The file in it that its run holds open and locked."""


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """A new folder in ``folder`` for this run alone; those that killed runs have left there go first.

    :raises OSError: when none can be made
    """
    remove_abandoned(folder)
    made, lock = _locked(folder)
    try:
        yield made
    finally:
        _remove(made, lock)


def remove_abandoned(folder: Path) -> None:
    """Removes the workplaces in ``folder`` whose runs are over. Symbolic links are not followed, and what is no
    workplace is left alone, whatever it is called."""
    with os.scandir(folder) as inside:
        found = [Path(one) for one in inside if one.name.startswith(PREFIX) and one.is_dir(follow_symlinks=False)]
    for place in found:
        with suppress(OSError):  # another's, or another run is faster
            lock = _try_lock(place / LOCK)
            if lock is not None:
                _remove(place, lock)


def _locked(folder: Path) -> tuple[Path, int]:
    """A new workplace, and its lock's descriptor."""
    while True:
        made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
        try:
            (made / LOCK).touch()
            lock = _try_lock(made / LOCK)
        except FileNotFoundError:  # between two of these lines another run may have taken it for abandoned
            continue
        except OSError:  # a file system without locks: nobody else will get one either
            return made, os.open(made / LOCK, os.O_RDWR)
        if lock is not None:
            return made, lock


def _try_lock(path: Path) -> int | None:
    """The descriptor of a file that is there and that nobody else holds, locked; None when somebody does.

    :raises OSError: when it is not there, is a link, or cannot be locked
    """
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    ours = False
    try:
        with suppress(ImportError, BlockingIOError):
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ours = os.path.samestat(os.fstat(descriptor), path.lstat())
        ours = ours or os.name == "nt"
    finally:
        if not ours:
            os.close(descriptor)
    return descriptor if ours else None


def _remove(place: Path, lock: int) -> None:
    """What is in it, the lock last: as long as that is there, a later run can end what this one could not."""
    if os.name == "nt":  # an open file cannot be removed: first of all it shows whether another run has it open
        os.close(lock)
        (place / LOCK).unlink()
    with suppress(OSError), os.scandir(place) as inside:
        for one in inside:
            if one.is_dir(follow_symlinks=False):
                shutil.rmtree(one.path, ignore_errors=True)
            elif one.name != LOCK:
                with suppress(OSError):
                    Path(one).unlink()
    with suppress(OSError):
        (place / LOCK).unlink(missing_ok=True)
        place.rmdir()
    if os.name != "nt":
        os.close(lock)
