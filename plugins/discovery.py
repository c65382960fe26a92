"""Where plugins are looked for, and whether there are any: found out without importing what loading them takes."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

ENTRY_POINT_GROUP = "labdissect"
ENVIRONMENT_VARIABLE = "LABDISSECT_PLUGINS"


def named_in_environment() -> list[str]:
    """What LABDISSECT_PLUGINS names: files and modules."""
    return [name for name in os.environ.get(ENVIRONMENT_VARIABLE, "").split(os.pathsep) if name]


def installed() -> bool:
    """Whether anything installed names our group of entry points. Asking importlib.metadata costs 17 ms of every start,
    so it is asked only then."""
    mark = f"[{ENTRY_POINT_GROUP}]".encode()
    for folder in {path for path in sys.path if path}:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith((".dist-info", ".egg-info")):
                    with suppress(OSError), open(f"{entry.path}/entry_points.txt", "rb", buffering=0) as file:
                        if mark in file.read():
                            return True
    return False
