from __future__ import annotations

import stat
from pathlib import Path

import pytest

from labdissect.bridge import places as module
from labdissect.bridge.places import places, program


def test_on_linux_it_is_in_path() -> None:
    environment = {"PATH": "/opt/wireshark/bin:.:bin::/usr/bin"}
    assert list(places("tshark", "linux", environment)) == ["/opt/wireshark/bin/tshark", "/usr/bin/tshark"]


def test_on_macos_it_is_in_the_application_too() -> None:
    found = list(places("tshark", "darwin", {"PATH": "/usr/bin", "HOME": "/Users/ada"}))
    assert found == [
        "/usr/bin/tshark",
        "/Applications/Wireshark.app/Contents/MacOS/tshark",
        "/Users/ada/Applications/Wireshark.app/Contents/MacOS/tshark",
        "/opt/homebrew/bin/tshark",
        "/usr/local/bin/tshark",
        "/opt/local/bin/tshark",
    ]


def test_on_windows_it_is_among_the_programs() -> None:
    environment = {
        "PATH": r"C:\Windows\system32;.;tools;\tools;C:;D:\portable",
        "ProgramFiles": r"C:\Program Files",
        "ProgramW6432": r"C:\Program Files",
        "ProgramFiles(x86)": r"C:\Program Files (x86)",
    }
    assert list(places("dumpcap", "win32", environment)) == [
        r"C:\Windows\system32\dumpcap.exe",
        r"D:\portable\dumpcap.exe",
        r"C:\Program Files\Wireshark\dumpcap.exe",
        r"C:\Program Files (x86)\Wireshark\dumpcap.exe",
    ]


def test_without_path_nothing_is_guessed_on_linux() -> None:
    assert list(places("tshark", "linux", {})) == []


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_first_that_can_be_run_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "tshark").write_text("no program")
    second, third = executable(tmp_path / "two" / "tshark"), executable(tmp_path / "three" / "tshark")
    monkeypatch.setenv("PATH", f"{tmp_path / 'one'}:{tmp_path / 'two'}:{tmp_path / 'three'}")
    assert program("tshark") == second
    assert program("tshark", [tmp_path / "three"]) == third


def test_the_application_is_found_on_macos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder with Wireshark in it, as on a Mac whose user has no administrator's rights."""
    own = executable(tmp_path / "Applications" / "Wireshark.app" / "Contents" / "MacOS" / "tshark")
    monkeypatch.setattr(module.sys, "platform", "darwin")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert program("tshark") == own


def test_the_working_directory_is_never_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "tshark")
    monkeypatch.chdir(tmp_path)
    for path in ("", ".", ":", ".:", "./"):
        monkeypatch.setenv("PATH", path)
        assert program("tshark") is None
