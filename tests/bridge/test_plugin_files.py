"""Which files plugins are made of."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labdissect.bridge.loading import loaded
from labdissect.bridge.plugin_files import plugin_files

FILES = {
    "grades.py": "import json, pytest, lab_points.http, lab_installed",
    "lab_points/__init__.py": "",
    "lab_points/http.py": "",
    "lab_points/unused.py": "",
    "lab_course/__init__.py": "",
    "lab_course/names.py": "",
    "lab_course/rubrics/__init__.py": "",
    "lab_course/rubrics/first.py": "import lab_course.names, lab_points",
    "venv/site-packages/lab_installed.py": "",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A TA's, with what is installed for the course within; what is imported is forgotten afterwards."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "venv" / "site-packages")
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith(("lab_", "labdissect_plugin_"))]:
        del sys.modules[name]


def found(folder: Path, plugin: str | Path, *, look: bool = False) -> list[str]:
    files = plugin_files(loaded([str(plugin)] if plugin else [], look=look))
    return [file.relative_to(folder.resolve()).as_posix() for file in files]


def test_what_is_built_in_has_none() -> None:
    assert plugin_files(loaded(look=False)) == []


@pytest.mark.parametrize("linked", [False, True])
def test_a_file_and_what_it_imports_from_its_folder(folder: Path, linked: bool) -> None:
    plugin = folder / "grades.py"
    if linked:
        plugin = folder / "venv" / "linked.py"
        plugin.symlink_to(folder / "grades.py")
    assert found(folder, plugin) == ["grades.py", "lab_points/__init__.py", "lab_points/http.py"]


def test_a_module_and_what_it_imports_from_its_package(folder: Path) -> None:
    assert found(folder, "lab_course.rubrics.first") == [
        "lab_course/rubrics/first.py",
        *("lab_course/__init__.py", "lab_course/names.py", "lab_course/rubrics/__init__.py"),
    ]


def test_what_is_installed_is_its_own_file(folder: Path) -> None:
    assert found(folder, "lab_installed") == ["venv/site-packages/lab_installed.py"]


def test_what_the_environment_names_is_a_plugin_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABDISSECT_PLUGINS", str(folder / "grades.py"))
    assert found(folder, "", look=True)[0] == "grades.py"
