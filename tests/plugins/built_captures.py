"""The captures that tests/data/built/make_datagram.py builds, read and judged as the real ones are."""

from __future__ import annotations

import subprocess
from functools import lru_cache

from tests.conftest import DATA, Annotated, judge

BUILT = DATA / "built"


@lru_cache(maxsize=64)
def built(name: str) -> Annotated:
    """What labdissect finds in a capture of tests/data/built."""
    command = ["tshark", "-n", "-r", str(BUILT / f"{name}.pcap"), "-T", "ek"]
    return judge(subprocess.run(command, capture_output=True, check=True).stdout)
