"""Which fields a tshark has: asked once of each tshark, remembered in the user's cache folder.

One unknown ``-e`` ends tshark, so they must be known before. ``tshark -G fields`` takes a second and prints 20 MB; what
is kept of it is the type of each field that somebody asked for. The file's name goes by the program's path, size and
time of change; a file that cannot be read, or written, is done without.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from time import time

from .failures import TsharkFailure
from .tshark_fields import fields_of

SECONDS_MISSING = 24 * 3600
"""What was not there is asked for again after so long: a Lua script of the user's may have brought it."""


def cache_folder() -> Path:
    """Where this system keeps what can be made again."""
    if os.environ.get("XDG_CACHE_HOME"):
        base = Path(os.environ["XDG_CACHE_HOME"])
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path.home() / ".cache"
    return base / "labdissect"


def known_fields(tshark: Path, names: Iterable[str]) -> dict[str, str]:
    """The type, as ``FT_UINT32``, of each of these fields that this tshark has, in the order asked.

    :raises TsharkFailure: when it does not say
    """
    wanted = dict.fromkeys(names)
    file = _cache_file(tshark)
    remembered = {} if file is None else _read(file)
    asked_long_ago = file is None or not remembered or _age(file) > SECONDS_MISSING
    missing = [name for name in wanted if remembered.get(name) is None]
    if missing and (asked_long_ago or any(name not in remembered for name in missing)):
        found = fields_of(tshark)
        if "frame.number" not in found:
            raise TsharkFailure(f"{tshark} does not list its fields (-G fields); is it Wireshark's tshark?")
        remembered = {name: found.get(name) for name in wanted | remembered}
        if file is not None:
            _write(file, remembered)
    return {name: kind for name in wanted if (kind := remembered.get(name)) is not None}


def _cache_file(tshark: Path) -> Path | None:
    try:
        program = tshark.resolve()
        there = program.stat()
        key = f"{program}\0{there.st_size}\0{there.st_mtime_ns}"
        return cache_folder() / f"fields-{zlib.crc32(os.fsencode(key)):08x}.json"
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return None


def _read(file: Path) -> dict[str, str | None]:
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {name: kind for name, kind in content.items() if kind is None or isinstance(kind, str)}


def _age(file: Path) -> float:
    try:
        return time() - file.stat().st_mtime
    except OSError:
        return 0.0


def _write(file: Path, remembered: dict[str, str | None]) -> None:
    """At once or not at all, as another run may read it meanwhile."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.{os.getpid()}")
        new.write_text(json.dumps(remembered, sort_keys=True), encoding="utf-8")
        new.replace(file)
