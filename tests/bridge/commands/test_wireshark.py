"""wireshark install and uninstall: a profile that Wireshark reads, and nothing of the user's is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labdissect.bridge import tshark
from labdissect.bridge.wireshark_profile import BUTTONS, COLORS, COLUMNS, files
from tests.bridge.program import Ran, labdissect, quiet


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder, so that the user's own Wireshark stays as it is."""
    return tmp_path


def wireshark(home: Path, *arguments: str) -> Ran:
    return labdissect("wireshark", *arguments, changes={"HOME": str(home), "XDG_CONFIG_HOME": ""})


def folder(home: Path) -> Path:
    return home / ".config" / "wireshark" / "profiles" / "labdissect"


def everything(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


def test_install_writes_the_profile_and_says_how_to_open_it(home: Path) -> None:
    text = quiet(wireshark(home, "install")).text
    assert "wireshark -C labdissect annotated.pcapng" in text
    names = {path.name for path in folder(home).iterdir()}
    assert names == {"preferences", "colorfilters", "dfilter_buttons", "recent", "labdissect-installed.json"}
    for name in names - {"labdissect-installed.json"}:
        assert str(folder(home) / name) in text
        assert (folder(home) / name).read_text(encoding="utf-8") == files("en")[name]


def test_titles_in_chinese(home: Path) -> None:
    quiet(wireshark(home, "install", "--lang", "zh"))
    assert '"解读", "%Cus:frame.comment:1:R"' in (folder(home) / "preferences").read_text(encoding="utf-8")
    assert '"TRUE","建立连接"' in (folder(home) / "dfilter_buttons").read_text(encoding="utf-8")


def test_uninstall_leaves_nothing(home: Path) -> None:
    before = everything(home)
    quiet(wireshark(home, "install", "--extcap"))
    assert everything(home) != before
    text = quiet(wireshark(home, "uninstall")).text
    assert "removed" in text and "left" not in text
    assert everything(home) == before
    assert not folder(home).exists()


def test_uninstall_leaves_what_the_user_added_or_changed(home: Path) -> None:
    quiet(wireshark(home, "install"))
    (folder(home) / "dfilters").write_text('"mine" tcp\n')
    changed = folder(home) / "colorfilters"
    changed.write_text(changed.read_text() + "@mine@udp@[0,0,0][65535,65535,65535]\n")
    (folder(home) / "recent").write_text("# Wireshark itself has written this anew\n")
    text = quiet(wireshark(home, "uninstall")).text
    assert {path.name for path in folder(home).iterdir()} == {"dfilters", "colorfilters", "labdissect-installed.json"}
    left = text[text.index("\nleft") :]
    assert "dfilters" in left and "colorfilters" in left and "preferences" not in left
    quiet(wireshark(home, "uninstall", "--force"))
    assert {path.name for path in folder(home).iterdir()} == {"dfilters"}


def test_installing_again_is_no_harm_and_keeps_what_the_user_changed(home: Path) -> None:
    quiet(wireshark(home, "install"))
    once = everything(home)
    quiet(wireshark(home, "install", "--lang", "zh"))
    assert everything(home) == once
    changed = folder(home) / "preferences"
    changed.write_text("mine\n")
    assert "left, changed" in quiet(wireshark(home, "install")).text
    assert changed.read_text() == "mine\n"
    text = quiet(wireshark(home, "install", "--force")).text
    assert "kept a copy" in text
    assert (folder(home) / "preferences.before-labdissect").read_text() == "mine\n"
    assert changed.read_text(encoding="utf-8") == files("en")["preferences"]


@pytest.mark.parametrize("name", ["preferences", "dfilters"])
def test_a_profile_of_somebody_elses_is_not_touched(home: Path, name: str) -> None:
    folder(home).mkdir(parents=True)
    (folder(home) / name).write_text("mine\n")
    ran = wireshark(home, "install")
    assert (ran.code, ran.out) == (2, b"")
    assert "not written by labdissect" in ran.err and "--force" in ran.err
    assert [path.name for path in folder(home).iterdir()] == [name]
    assert wireshark(home, "uninstall").code == 2
    assert (folder(home) / name).read_text() == "mine\n"


def test_a_damaged_record_is_said(home: Path) -> None:
    quiet(wireshark(home, "install"))
    (folder(home) / "labdissect-installed.json").write_text("{")
    ran = wireshark(home, "uninstall")
    assert ran.code == 2 and "cannot be read" in ran.err


def test_the_record_names_every_file_that_was_written(home: Path) -> None:
    quiet(wireshark(home, "install", "--extcap"))
    recorded = set(json.loads((folder(home) / "labdissect-installed.json").read_text())["files"])
    assert recorded == {str(home / name) for name in everything(home)} - {
        str(folder(home) / "labdissect-installed.json")
    }


def test_folders_are_what_tshark_says(tmp_path: Path) -> None:
    said = tmp_path / "tshark"
    said.write_text(
        "#!/bin/sh\nprintf 'Temp:\\t/tmp\\nPersonal configuration:\\t/home/a b/.config/wireshark\\n'\n"
        "printf 'Personal Extcap path:\\t/home/a b/.local/lib/wireshark/extcap\\nMaxMind DB path:\\t/1\\n'\n"
    )
    said.chmod(0o755)
    found = tshark.folders(said)
    assert found["Personal configuration"] == Path("/home/a b/.config/wireshark")
    assert found["Personal Extcap path"] == Path("/home/a b/.local/lib/wireshark/extcap")


def test_titles_differ_and_filters_have_nothing_that_breaks_the_files() -> None:
    for language in ("en", "zh"):
        for line in files(language)["colorfilters"].splitlines()[1:]:
            assert line.count("@") == 3
    assert len({column.title for column in COLUMNS}) == len(COLUMNS)
    assert all("\\" not in one.filter for one in (*COLORS, *BUTTONS))
