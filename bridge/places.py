"""Where Wireshark's programs are: in PATH, or where its installers put them; never in the working directory.

Captures are often unpacked from an archive that somebody else made, and a program beside them is not the user's.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath


def program(name: str, before: Iterable[Path] = ()) -> Path | None:
    """The first of this name (``tshark``) that can be run; None when there is none.

    :param before: folders that are looked into first
    """
    suffix = ".exe" if sys.platform == "win32" else ""
    beside = (str(folder / f"{name}{suffix}") for folder in before)
    for place in (*beside, *places(name, sys.platform, os.environ)):
        found = shutil.which(place)  # with its folder: Windows looks for a bare name in the working directory first
        if found is not None:
            return Path(found)
    return None


def places(name: str, platform: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Where it may be, the likeliest first.

    :param platform: ``sys.platform``
    :param environment: ``os.environ``; PATH counts without its relative folders
    """
    windows = platform == "win32"
    path_type: type[PurePath] = PureWindowsPath if windows else PurePosixPath
    in_path = environment.get("PATH", "").split(";" if windows else ":")
    for folder in (*in_path, *_installed(platform, environment)):
        if path_type(folder).is_absolute():
            yield str(path_type(folder) / (f"{name}.exe" if windows else name))


def _installed(platform: str, environment: Mapping[str, str]) -> list[str]:
    """The folders of Wireshark's own installers, of Homebrew and of MacPorts; on Linux all are in PATH."""
    if platform == "darwin":
        programs = "Wireshark.app/Contents/MacOS"
        home = environment.get("HOME", "")
        own = [f"{home}/Applications/{programs}"] if home else []
        return [f"/Applications/{programs}", *own, "/opt/homebrew/bin", "/usr/local/bin", "/opt/local/bin"]
    if platform == "win32":
        variables = ("ProgramFiles", "ProgramW6432", "ProgramFiles(x86)")
        return list(dict.fromkeys(f"{environment[name]}\\Wireshark" for name in variables if environment.get(name)))
    return []
