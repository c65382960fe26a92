"""What is installed is what git has: the three rooms under labdissect, nothing else, nothing missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("bridge", "dissectors", "plugins")


def in_git() -> set[str]:
    """The package's files as they are installed, by what git tracks or would track."""
    ran = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *ROOMS, "labdissect"],
        capture_output=True,
        cwd=ROOT,
        check=True,
        text=True,
    )
    files = [Path(name) for name in ran.stdout.splitlines()]
    kept = [path for path in files if not (ROOT / path).is_symlink() and (ROOT / path).exists()]
    return {path.as_posix() if path.parts[0] == "labdissect" else f"labdissect/{path.as_posix()}" for path in kept}


def in_wheel(wheel: Path) -> set[str]:
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, a wheel of the checkout, and in ``again`` a wheel of the sdist; no network is used."""
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("built")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir"]
    subprocess.run([*build, folder, "--sdist", ROOT], check=True, capture_output=True)
    subprocess.run([*build, folder, "--wheel", ROOT], check=True, capture_output=True)
    (sdist,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(sdist, folder / "source")
    (source,) = (folder / "source").iterdir()
    subprocess.run([*build, folder / "again", "--wheel", source], check=True, capture_output=True)
    return folder


def test_the_wheel_holds_gits_files(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert in_wheel(wheel) == in_git()


def test_the_wheel_of_the_sdist_is_the_same(built: Path) -> None:
    (wheel,), (again,) = built.glob("*.whl"), (built / "again").glob("*.whl")
    assert in_wheel(again) == in_wheel(wheel)


def test_nothing_is_installed_outside_labdissect(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"labdissect"}


def test_the_wheel_works_where_there_is_no_checkout(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import labdissect\n"
        "assert labdissect.__file__.startswith(sys.argv[1]), labdissect.__file__\n"
        "from labdissect.bridge.cli import code_of\n"
        "sys.exit(code_of(['layers']))"
    )
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "site")], capture_output=True, cwd=tmp_path, text=True, check=True
    )
    assert "Transmission Control Protocol" in ran.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_refuses_its_bare_name(room: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", f"import {room}"], capture_output=True, cwd=ROOT, text=True, check=False
    )
    assert ran.returncode == 1
    assert f"labdissect.{room}" in ran.stderr.splitlines()[-1]


def test_the_version_is_written_once_more_in_the_project_file() -> None:
    import tomllib

    import labdissect

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == labdissect.__version__
    assert f"## {labdissect.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
