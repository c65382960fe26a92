"""A limit to the time that a plugin's code may take at one packet.

What is marked :func:`limited` calls code of plugins. The bridge's watchdog looks now and then whether one and the same call
is still under way, and raises :class:`TookTooLong` in it; so calls cost nothing for being watched.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any, TypeVar

SECONDS = 5.0
"""The limit when the user says nothing."""

LIMITED: set[CodeType] = set()
"""Code of the functions that are watched."""
LIMITED_WORK: set[CodeType] = set()
"""Of them those of which only the processor's time counts, as they may have to wait for whoever reads what they write."""

Function = TypeVar("Function", bound=Callable[..., Any])


class TookTooLong(BaseException):
    """Raised within a plugin's code. No Exception, as those are caught by ``except Exception``, in Construct too."""


def limited(function: Function) -> Function:
    """Marks a function that calls a plugin's code, and that catches :class:`TookTooLong`."""
    LIMITED.add(function.__code__)
    return function


def limited_work(function: Function) -> Function:
    """The same for a function that writes: waiting does not count."""
    LIMITED_WORK.add(function.__code__)
    return limited(function)
