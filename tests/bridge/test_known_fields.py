"""Which fields a tshark has is asked once; the answer is kept, and done without where it cannot be."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from labdissect.bridge.failures import TsharkFailure
from labdissect.bridge.known_fields import SECONDS_MISSING, cache_folder, known_fields


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def tshark(tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that lists two fields and notes that it was asked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "tshark"
    lines = r"P\tFrame\tframe\nF\tNumber\tframe.number\tFT_UINT32\tframe\t\nF\tPort\ttcp.port\tFT_UINT16\ttcp\t\n"
    path.write_text(f"#!/bin/sh\necho asked >> {calls}\nprintf '{lines}'\n")
    path.chmod(0o755)
    return path


def asked(calls: Path) -> int:
    return len(calls.read_text().splitlines())


def test_asked_once(tshark: Path, calls: Path) -> None:
    for _ in range(3):
        assert known_fields(tshark, ["tcp.port", "tcp.none"]) == {"tcp.port": "FT_UINT16"}
    assert asked(calls) == 1
    assert known_fields(tshark, ["frame.number"]) == {"frame.number": "FT_UINT32"}
    assert asked(calls) == 2


def test_another_program_is_asked_anew(tshark: Path, calls: Path) -> None:
    known_fields(tshark, ["tcp.port"])
    os.utime(tshark, ns=(1, 1))
    known_fields(tshark, ["tcp.port"])
    assert asked(calls) == 2


def test_what_was_missing_is_asked_for_again_after_a_day(tshark: Path, calls: Path) -> None:
    known_fields(tshark, ["tcp.port", "tcp.none"])
    (kept,) = cache_folder().iterdir()
    then = time.time() - SECONDS_MISSING - 10
    os.utime(kept, (then, then))
    known_fields(tshark, ["tcp.port"])
    assert asked(calls) == 1
    known_fields(tshark, ["tcp.port", "tcp.none"])
    assert asked(calls) == 2


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1]", b'{"tcp.port": 5}', b"[" * 100_000])
def test_a_corrupt_file_is_done_without(tshark: Path, content: bytes) -> None:
    known_fields(tshark, ["tcp.port"])
    (kept,) = cache_folder().iterdir()
    kept.write_bytes(content)
    assert known_fields(tshark, ["tcp.port"]) == {"tcp.port": "FT_UINT16"}


def test_a_folder_that_cannot_be_written(tshark: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert known_fields(tshark, ["tcp.port"]) == {"tcp.port": "FT_UINT16"}


def test_what_lists_no_fields_is_no_tshark(tshark: Path) -> None:
    tshark.write_text("#!/bin/sh\necho hello\n")
    with pytest.raises(TsharkFailure, match="does not list its fields"):
        known_fields(tshark, ["tcp.port"])
