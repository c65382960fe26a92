"""A run's own folder: there while it runs, gone afterwards, and never taken away from under it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from labdissect.bridge.workplace import LOCK, PREFIX, remove_abandoned, workplace
from tests.bridge.program import ROOT, environment

RUN = """
import sys
from pathlib import Path
from labdissect.bridge.workplace import workplace
with workplace(Path(sys.argv[1])) as place:
    (place / "half").write_text("an output")
    print(place, flush=True)
    sys.stdin.read()
"""


def begun(folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another process with a workplace, and where that is."""
    program = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=ROOT,
    )
    assert program.stdout is not None
    return program, Path(program.stdout.readline().rstrip("\n"))


def abandoned(folder: Path, name: str = "left") -> Path:
    """What a killed run leaves."""
    place = folder / f"{PREFIX}{name}"
    (place / "beside").mkdir(parents=True)
    (place / LOCK).touch()
    (place / "half").write_text("an output")
    (place / "beside" / "more").write_text("of a writer")
    return place


def test_it_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        assert place.parent == tmp_path and place.name.startswith(PREFIX)
        (place / "half").write_text("an output")
        (place / "more").mkdir()
    assert list(tmp_path.iterdir()) == []


def test_it_goes_also_when_the_run_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), workplace(tmp_path) as place:
        (place / "half").touch()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_killed_runs_left_goes_when_one_begins(tmp_path: Path) -> None:
    abandoned(tmp_path, "one")
    abandoned(tmp_path, "two")
    with workplace(tmp_path) as place:
        assert list(tmp_path.iterdir()) == [place]


def test_a_run_that_goes_on_keeps_its_own(tmp_path: Path) -> None:
    program, place = begun(tmp_path)
    with program:
        with workplace(tmp_path) as other:
            assert other != place
            assert (place / "half").read_text() == "an output"
        assert list(tmp_path.iterdir()) == [place]
        program.send_signal(signal.SIGKILL)
    assert (place / "half").exists()
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "out"
    folder.mkdir()
    kept = abandoned(elsewhere)
    (folder / f"{PREFIX}link").symlink_to(kept, target_is_directory=True)
    left = abandoned(folder)
    (left / "inner").symlink_to(elsewhere, target_is_directory=True)
    (left / "file").symlink_to(kept / "half")
    by_link = folder / f"{PREFIX}by-link"
    by_link.mkdir()
    (by_link / LOCK).symlink_to(kept / LOCK)
    remove_abandoned(folder)
    assert not left.exists()
    assert (folder / f"{PREFIX}link").is_symlink() and by_link.exists()
    assert (kept / "half").read_text() == "an output" and (kept / "beside" / "more").exists()


def test_what_is_no_workplace_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}file").write_text("somebody's")
    (tmp_path / f"{PREFIX}empty").mkdir()
    (tmp_path / "labdissect-x").mkdir()
    (tmp_path / "labdissect-x" / LOCK).touch()
    remove_abandoned(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    assert (tmp_path / "labdissect-x" / LOCK).exists()


def test_where_nothing_can_be_locked_it_works_and_nothing_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(95, "Operation not supported")

    left = abandoned(tmp_path)
    monkeypatch.setattr(fcntl, "flock", no_locks)
    with workplace(tmp_path) as place:
        (place / "half").touch()
        remove_abandoned(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted([place, left])
    assert list(tmp_path.iterdir()) == [left]
