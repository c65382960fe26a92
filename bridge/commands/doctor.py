"""`labdissect doctor`: whether everything that is needed is there, and what to do if not."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

import click

from labdissect.bridge.failures import DONE, NO_TSHARK
from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import shared

if TYPE_CHECKING:
    from labdissect.bridge.page import Page

TESTED = ((3, 4), (4, 6))
"""tshark versions between which everything was tried."""
PACKAGES = ("click", "construct", "msgspec", "pluggy", "pyshark", "rich")


@click.command("doctor")
@shared
def command(invocation: Invocation) -> int:
    """Looks for tshark, tries it, and lists versions. Exit code 3 when tshark is missing or does not work."""
    from labdissect.bridge.page import Page

    page = Page()
    page.labelled("labdissect", _version("labdissect"))
    page.labelled("Python", f"{platform.python_version()} ({sys.executable})")
    page.labelled("packages", ", ".join(f"{name} {_version(name)}" for name in PACKAGES))
    registry = invocation.registry
    page.labelled(
        "known", f"{len(registry.layers)} layers, {len(registry.rules)} rules, formats {', '.join(registry.writers)}"
    )
    return _tshark(page)


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    from labdissect import __version__

    try:
        return version(package)
    except PackageNotFoundError:
        return __version__ if package == "labdissect" else "missing: install it with pip"


def _tshark(page: Page) -> int:
    from labdissect.bridge import tshark
    from labdissect.bridge.failures import TsharkFailure

    try:
        path = tshark.find()
        version = tshark.version(path)
    except TsharkFailure as failure:
        page.labelled("tshark", str(failure))
        page.labelled("", "labdissect still reads EK or PDML that was made elsewhere, from a pipe or a file")
        return NO_TSHARK
    page.labelled("tshark", f"{'.'.join(map(str, version))} ({path})")
    if not TESTED[0] <= version[:2] <= TESTED[1]:
        page.labelled("", f"untested: {TESTED[0][0]}.{TESTED[0][1]} to {TESTED[1][0]}.{TESTED[1][1]} are tested")
    problem = tshark.trial(path)
    page.labelled("trial", problem or "tshark turned a packet of 60 bytes into EK, as it should")
    return NO_TSHARK if problem else DONE
