"""A plugin package from the template: installed with pip beside labdissect, found by its entry point, its tests pass.

As an author does it, in a virtual environment of its own. What labdissect and the tests need besides is lent from the
environment that runs this, so that only the two packages are built; without a network there is nothing to build with.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.bridge.program import ROOT
from tests.conftest import capture_path


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Without this process's PYTHONPATH: what is not installed is not there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LABDISSECT"))}
    return subprocess.run(
        [str(part) for part in command], capture_output=True, cwd=folder, env=kept, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a virtual environment ``venv`` and the plugin package ``labpost``, installed in it."""
    folder = tmp_path_factory.mktemp("package")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    ran = run(*pip, ROOT, folder=folder)
    if ran.returncode and "hatchling" in ran.stderr and "No matching distribution" in ran.stderr:
        pytest.skip("pip cannot fetch hatchling: no package registry within reach")
    assert ran.returncode == 0, ran.stderr
    ran = run(folder / "venv" / "bin" / "labdissect", "plugins", "new", "labpost", "--package", folder=folder)
    assert ran.returncode == 0, ran.stderr
    ran = run(*pip, folder / "labpost", folder=folder)
    assert ran.returncode == 0, ran.stderr
    return folder


def test_it_is_found_without_being_named(installed: Path) -> None:
    labdissect = installed / "venv" / "bin" / "labdissect"
    listed = run(labdissect, "plugins", folder=installed)
    assert listed.returncode == 0, listed.stderr
    assert "labpost  entry point labdissect_labpost  analyzers, layers, rules" in listed.stdout
    assert "labpost.seq" in run(labdissect, "layers", "labpost", folder=installed).stdout
    ran = run(labdissect, capture_path("udp-exchange"), "-o", "tsv", folder=installed)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_its_own_tests_pass(installed: Path) -> None:
    python = installed / "venv" / "bin" / "python"
    ran = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder=installed / "labpost")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "6 passed" in ran.stdout


def test_it_can_be_checked_by_its_modules_name(installed: Path) -> None:
    ran = run(installed / "venv" / "bin" / "labdissect", "plugins", "check", "labdissect_labpost", folder=installed)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("labdissect_labpost adds\n  layer     labpost ")


def test_labdissect_is_the_installed_one(installed: Path) -> None:
    script = "import labdissect.testing as t, sys; print(t.__file__)"
    ran = run(installed / "venv" / "bin" / "python", "-c", script, folder=installed)
    assert Path(ran.stdout.strip()).is_relative_to(installed), sys.path
