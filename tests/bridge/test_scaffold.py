"""Names of new plugins, and what is written where."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labdissect.bridge.failures import UsageFailure
from labdissect.bridge.scaffold import LONGEST, TEMPLATES, check_name, next_steps, write_package, write_single
from labdissect.plugins.registry import Registry
from tests.bridge.program import ROOT, environment


@pytest.mark.parametrize("name", ["labnote", "lab_2", "x9", "a" * LONGEST])
def test_names_that_will_do(name: str, registry: Registry) -> None:
    check_name(name, registry.layers)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "a word of at most"),
        ("a" * (LONGEST + 1), "a word of at most"),
        ("LabNote", "a word of at most"),
        ("lab-note", "a word of at most"),
        ("9lab", "a word of at most"),
        ("../lab", "a word of at most"),
        ("/etc/lab", "a word of at most"),
        ("lab\nnote", "a word of at most"),
        ("lab\n", "a word of at most"),
        ("便条", "a word of at most"),
        ("class", "Python has a use for this word; labclass would do"),
        ("match", "Python has a use for this word"),
        ("json", "Python has a use for this word"),
        ("construct", "Python has a use for this word"),
        ("test_note", "pytest would take it for a test"),
        ("tcp", "packet.tcp is something else already; labtcp would do"),
        ("conversation", "packet.conversation is something else"),
        ("stack", "packet.stack is something else"),
        ("messages", "packet.messages is something else"),
        ("rdt", "Wireshark has a protocol of that name (Real Data Transport); labrdt would do"),
    ],
)
def test_names_that_will_not(name: str, reason: str, registry: Registry) -> None:
    with pytest.raises(UsageFailure) as raised:
        check_name(name, registry.layers)
    assert reason in str(raised.value)


def test_without_tshark_wiresharks_names_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABDISSECT_TSHARK", "/nowhere/tshark")
    check_name("rdt", ())


def test_one_file_and_its_test(tmp_path: Path) -> None:
    written = write_single("labnote", str(tmp_path), 9007, ())
    assert written == [tmp_path / "labnote.py", tmp_path / "test_labnote.py"]
    source = written[0].read_text(encoding="utf-8")
    assert "PORT = 9007" in source and '"labnote.gap"' in source and "$" not in source


def test_a_package(tmp_path: Path) -> None:
    root, *files = write_package("labnote", str(tmp_path), 9007, ())
    assert root == tmp_path / "labnote"
    assert {path.relative_to(root).as_posix() for path in files} == {
        "pyproject.toml",
        "README.md",
        "src/labdissect_labnote/__init__.py",
        "tests/test_labnote.py",
    }
    assert all("$" not in path.read_text(encoding="utf-8") for path in files)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "test_labnote.py").write_text("mine")
    with pytest.raises(UsageFailure, match=r"already there: .*test_labnote\.py; nothing was written"):
        write_single("labnote", str(tmp_path), 9002, ())
    assert [path.name for path in tmp_path.iterdir()] == ["test_labnote.py"]
    assert (tmp_path / "test_labnote.py").read_text() == "mine"


def test_a_link_to_nowhere_is_in_the_way_too(tmp_path: Path) -> None:
    (tmp_path / "labnote.py").symlink_to(tmp_path / "elsewhere.py")
    with pytest.raises(UsageFailure, match="already there"):
        write_single("labnote", str(tmp_path), 9002, ())
    assert not (tmp_path / "elsewhere.py").exists()


def test_no_package_into_a_folder_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "labnote").mkdir()
    with pytest.raises(UsageFailure, match="already there"):
        write_package("labnote", str(tmp_path), 9002, ())
    assert list((tmp_path / "labnote").iterdir()) == []


def test_no_folder_to_write_to(tmp_path: Path) -> None:
    with pytest.raises(UsageFailure, match="is no folder"):
        write_single("labnote", str(tmp_path / "none"), 9002, ())
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageFailure, match="is no folder"):
        write_package("labnote", str(tmp_path / "file"), 9002, ())


def test_next_steps_name_what_was_written(tmp_path: Path) -> None:
    single = dict(next_steps(tmp_path / "labnote.py", package=False))
    assert f"labdissect plugins check {tmp_path}/labnote.py CAPTURE" in single
    assert f"python -m pytest {tmp_path}/test_labnote.py" in single
    assert f"pip install -e {tmp_path}" in dict(next_steps(tmp_path, package=True))


def test_every_template_is_used() -> None:
    assert sorted(path.name for path in TEMPLATES.iterdir()) == [
        "README.md.template",
        "plugin.py.template",
        "pyproject.toml.template",
        "test_plugin.py.template",
    ]


def test_what_is_written_is_tidy_and_its_tests_pass(tmp_path: Path) -> None:
    write_single("labnote", str(tmp_path), 9002, ())
    write_package("labpost", str(tmp_path), 9003, ())
    ruff = Path(sys.executable).with_name("ruff")
    if ruff.exists():
        for arguments in (["check"], ["format", "--check"]):
            command = [ruff, *arguments, "--no-cache", "--config", ROOT / "pyproject.toml", tmp_path]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            assert ran.returncode == 0, ran.stdout + ran.stderr
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_labnote.py"],
        capture_output=True,
        env=environment(),
        cwd=tmp_path,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "6 passed" in ran.stdout
