"""`labdissect plugins new`."""

from __future__ import annotations

from pathlib import Path

from tests.bridge.program import labdissect, quiet


def test_it_says_what_it_wrote_and_what_to_do_next(tmp_path: Path) -> None:
    ran = quiet(labdissect("plugins", "new", "labnote", "--port", "9005", folder=tmp_path))
    assert "wrote  labnote.py" in ran.text and "labdissect plugins check labnote.py CAPTURE" in ran.text
    assert "PORT = 9005" in (tmp_path / "labnote.py").read_text(encoding="utf-8")


def test_into_another_folder(tmp_path: Path) -> None:
    ran = quiet(labdissect("plugins", "new", "labnote", "--package", "-w", tmp_path))
    assert f"pip install -e {tmp_path}/labnote" in ran.text
    assert (tmp_path / "labnote" / "pyproject.toml").is_file()


def test_it_is_read_like_any_other_plugin(tmp_path: Path) -> None:
    quiet(labdissect("plugins", "new", "labnote", "-w", tmp_path))
    assert "labnote.seq" in quiet(labdissect("layers", "labnote", "--plugin", tmp_path / "labnote.py")).text
    assert (
        "缺少" in quiet(labdissect("explain", "labnote.gap", "--lang", "zh", "--plugin", tmp_path / "labnote.py")).text
    )


def test_wrong_usage(tmp_path: Path) -> None:
    ran = labdissect("plugins", "new", "../evil", "-w", tmp_path)
    assert (ran.code, ran.out) == (2, b"")
    assert "'../evil' cannot be the plugin's name" in ran.err
    assert labdissect("plugins", "new", "labnote", "--port", "0", "-w", tmp_path).code == 2
    assert labdissect("plugins", "new").code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_second_time(tmp_path: Path) -> None:
    quiet(labdissect("plugins", "new", "labnote", "-w", tmp_path))
    ran = labdissect("plugins", "new", "labnote", "-w", tmp_path)
    assert ran.code == 2 and "nothing was written" in ran.err
