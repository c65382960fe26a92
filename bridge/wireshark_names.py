"""The names that Wireshark has already, asked of tshark once a run."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path

from .failures import TsharkFailure

SECONDS = 60
"""How long tshark may take to list its quarter of a million fields; it takes about one."""


@lru_cache(maxsize=1)
def protocols(tshark: Path) -> dict[str, str]:
    """Names as in a display filter (``rdt``) and what they stand for (Real Data Transport).

    :raises TsharkFailure: when tshark does not say
    """
    # full name, short name, name of the filter
    rows = (line.split("\t") for line in _listed(tshark, "protocols"))
    return {row[2]: row[0] for row in rows if len(row) > 2}


@lru_cache(maxsize=1)
def fields(tshark: Path) -> frozenset[str]:
    """Names of all fields, ``rdt.packet``.

    :raises TsharkFailure: when tshark does not say
    """
    # P or F, what it stands for, the field's name; P lines are protocols
    rows = (line.split("\t", 3) for line in _listed(tshark, "fields"))
    return frozenset(row[2] for row in rows if row[0] == "F" and len(row) > 2)


def _listed(tshark: Path, what: str) -> list[str]:
    try:
        ran = subprocess.run(
            [tshark, "-G", what], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TsharkFailure(f"{tshark} cannot be run: {error}") from error
    lines = ran.stdout.decode("utf-8", "replace").split("\n")
    if len(lines) < 2:
        raise TsharkFailure(f"`{tshark} -G {what}` lists nothing (exit code {ran.returncode})")
    return lines
