"""Writes a new plugin from the templates: one file and its test, or a package.

The templates are the files of bridge/templates. In them ``$name`` is the plugin's name, ``$module`` the module that
holds it and ``$port`` its UDP port (string.Template).
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Collection
from pathlib import Path
from string import Template

from labdissect.plugins.packet import is_taken

from .failures import TsharkFailure, UsageFailure

TEMPLATES = Path(__file__).parent / "templates"
LONGEST = 32
"""Characters of a name: it stands before every field."""
IMPORTED = ("construct", "labdissect", "pytest")
"""What the plugin or its test imports; a file of that name would hide it."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def write_single(name: str, folder: str, port: int, layers: Collection[str]) -> list[Path]:
    """``FOLDER/NAME.py`` and the test beside it; their paths.

    :param layers: names of layers that are there already
    :raises UsageFailure: when the name cannot be used, or something is in the way
    """
    check_name(name, layers)
    into = _existing(folder)
    contents = {
        into / f"{name}.py": _filled("plugin.py", name, name, port),
        into / f"test_{name}.py": _filled("test_plugin.py", name, name, port),
    }
    return _write(contents)


def write_package(name: str, folder: str, port: int, layers: Collection[str]) -> list[Path]:
    """The folder ``FOLDER/NAME`` with all that pip wants; the paths of the folder and of its files.

    :raises UsageFailure: as :func:`write_single`
    """
    check_name(name, layers)
    module = f"labdissect_{name}"
    root = _existing(folder) / name
    parts = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"src/{module}/__init__.py": "plugin.py",
        f"tests/test_{name}.py": "test_plugin.py",
    }
    contents = {root / path: _filled(template, name, module, port) for path, template in parts.items()}
    try:
        root.mkdir()
    except FileExistsError as error:
        raise UsageFailure(f"already there: {root}; nothing was written") from error
    except OSError as error:
        raise UsageFailure(f"cannot write {root}: {error.strerror}") from error
    return [root, *_write(contents)]


def next_steps(written: Path, *, package: bool) -> list[tuple[str, str]]:
    """What to do with it: a command and what that is for."""
    if package:
        return [
            (f"pip install -e {written}", "beside labdissect, which then finds it by itself"),
            (f"python -m pytest {written}", "runs its tests"),
        ]
    return [
        (f"labdissect plugins check {written} CAPTURE", "what it adds and finds, and what it still lacks"),
        (f"labdissect CAPTURE --plugin {written}", "the packets with its verdicts"),
        (f"python -m pytest {written.with_name(f'test_{written.name}')}", "runs its tests"),
    ]


def check_name(name: str, layers: Collection[str]) -> None:
    """Whether a plugin, its file, its layer and the layer's attribute of a packet can have this name.

    :raises UsageFailure: when not; the message says why and what would do
    """
    reason = _why_not(name, layers)
    if reason is not None:
        raise UsageFailure(f"{name!r} cannot be the plugin's name: {reason}")


def _why_not(name: str, layers: Collection[str]) -> str | None:
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        return f"write a word of at most {LONGEST} letters a-z, digits and _, beginning with a letter, as labnote"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in sys.stdlib_module_names or name in IMPORTED:
        return f"Python has a use for this word; lab{name} would do"
    if name.startswith("test"):
        return "pytest would take it for a test"
    if name in layers or is_taken(name):
        return f"packet.{name} is something else already; lab{name} would do"
    theirs = _of_wireshark(name)
    if theirs is not None:
        return f"Wireshark has a protocol of that name ({theirs}); lab{name} would do"
    return None


def _of_wireshark(name: str) -> str | None:
    """What Wireshark calls so; None when nothing, or when there is no tshark to ask."""
    from .tshark import find
    from .wireshark_names import protocols

    try:
        return protocols(find()).get(name)
    except TsharkFailure:
        return None


def _filled(template: str, name: str, module: str, port: int) -> str:
    text = (TEMPLATES / f"{template}.template").read_text(encoding="utf-8")
    return Template(text).substitute(name=name, module=module, port=port)


def _existing(folder: str) -> Path:
    path = Path(folder)
    if not path.is_dir():
        raise UsageFailure(f"{folder} is no folder")
    return path


def _write(contents: dict[Path, str]) -> list[Path]:
    """Writes files that are not there yet, all or none."""
    there = [str(path) for path in contents if path.exists() or path.is_symlink()]
    if there:
        raise UsageFailure(f"already there: {', '.join(there)}; nothing was written")
    for path, text in contents.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise UsageFailure(f"cannot write {path}: {error.strerror}") from error
    return list(contents)
