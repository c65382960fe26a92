"""The captures that tests/data/built/make_application.py builds, judged."""

from __future__ import annotations

import subprocess
from functools import lru_cache

from tests.conftest import DATA, Annotated, judge


@lru_cache(maxsize=16)
def built(name: str) -> Annotated:
    """What labdissect finds in ``tests/data/built/application-NAME.pcap``."""
    path = DATA / "built" / f"application-{name}.pcap"
    command = ["tshark", "-n", "-r", str(path), "-T", "ek"]
    return judge(subprocess.run(command, capture_output=True, check=True).stdout)
