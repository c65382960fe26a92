"""The fields that the tshark at hand knows: names for ``--columns``, types for tables and mappings.

Asking takes most of a second, so it is done only when a name is used that no layer of ours declares, and once.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from .failures import TsharkFailure

SECONDS_AT_MOST = 60


@lru_cache(maxsize=1)
def known_fields() -> Mapping[str, str]:
    """Type (``FT_UINT16``) by field name, of all that ``tshark -G fields`` lists; empty where there is no tshark, or it
    does not say."""
    from .tshark import find

    try:
        return fields_of(find())
    except TsharkFailure:
        return {}


def fields_of(path: Path) -> Mapping[str, str]:
    """The same of one tshark.

    :raises TsharkFailure: when it cannot be run
    """
    try:
        ran = subprocess.run(
            [path, "-G", "fields"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_AT_MOST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TsharkFailure(f"{path} cannot be run: {error}") from error
    found: dict[str, str] = {}
    for line in ran.stdout.decode("utf-8", "replace").split("\n"):
        if line.startswith("F\t"):
            _, _, name, kind, _ = line.split("\t", 4)
            found[name] = kind
    return found
