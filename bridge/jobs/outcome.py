"""How merging ended."""

from __future__ import annotations

from typing import NamedTuple


class Outcome(NamedTuple):
    """What the merging process says at its end."""

    done: int
    """Packets whose lines were handed on."""
    ended: int | None
    """The shard whose output ended too early."""
    disordered: bool
    """Whether it did so by printing another packet than the next."""
    problem: str | None
    """What kept the tsharks from being fed."""
