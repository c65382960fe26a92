"""Runs the real program in a process of its own, as a shell would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "labdissect"]


@dataclass(frozen=True)
class Ran:
    """What came of it."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """stdout as text."""
        return self.out.decode()

    @property
    def lines(self) -> list[bytes]:
        """stdout's lines."""
        return self.out.split(b"\n")[:-1]


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with the package in reach, English, and without what the user's shell sets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LABDISSECT", "COLUMNS"))}
    return {**kept, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **(changes or {})}


def labdissect(
    *arguments: str | Path,
    stdin: bytes = b"",
    changes: Mapping[str, str] | None = None,
    folder: Path = ROOT,
) -> Ran:
    """``labdissect ARGUMENTS`` with these bytes piped in."""
    ran = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=environment(changes),
        cwd=folder,
        timeout=120,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr.decode())


def unprivileged(*arguments: str | Path, folder: Path = ROOT) -> Ran:
    """``labdissect ARGUMENTS`` of one whom file permissions bind; a test as root without setpriv is skipped."""
    without: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv: permissions do not bind root")
        capabilities = "-dac_override,-dac_read_search"
        without = ["setpriv", "--bounding-set", capabilities, "--inh-caps", capabilities]
    ran = subprocess.run(
        [*without, *COMMAND, *map(str, arguments)], capture_output=True, env=environment(), cwd=folder, check=False
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr.decode())


LEFT_OUT = re.compile(r"labdissect: \d+ verdicts? left out of .*\n")
"""What ``--only`` and its like make the program say."""


def quiet(ran: Ran) -> Ran:
    """A run in which all was well: exit code 0, nothing on stderr but how many verdicts were not asked for."""
    assert (ran.code, LEFT_OUT.sub("", ran.err)) == (0, "")
    return ran
