"""Several tsharks at work, and what happens when one of them, or what merges their output, ends too early."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from labdissect.bridge.jobs.choosing import sharded
from labdissect.bridge.tshark import find
from labdissect.bridge.tshark_options import Options
from tests.bridge.asked import asked
from tests.bridge.program import COMMAND, environment, labdissect, quiet
from tests.conftest import CAPTURES

TWO = CAPTURES / "tcp-two-connections.pcapng"


def dying(folder: Path, how: str) -> dict[str, str]:
    """A tshark that, fed by a pipe, does not come to its end."""
    path = folder / "tshark"
    real = shutil.which("tshark")
    path.write_text(f'#!/bin/sh\ncase "$*" in *"-r - "*) {how} ;; esac\nexec {real} "$@"\n')
    path.chmod(0o755)
    return {"LABDISSECT_TSHARK": str(path)}


def test_a_tshark_that_dies_is_told(tmp_path: Path, many: Path) -> None:
    dies = f"{shutil.which('tshark')} \"$@\" 2>/dev/null | head -c 200000; echo 'tshark: it hurts.' >&2; exit 2"
    ran = labdissect(many, "-o", "jsonl", "--jobs", "2", changes=dying(tmp_path, dies))
    assert ran.code == 4
    assert "tshark stopped after" in ran.err and "it hurts" in ran.err
    whole = quiet(labdissect(many, "-o", "jsonl")).lines
    frames = [json.loads(line)["frame"] for line in ran.lines]
    last = max(frame for frame in frames if frame is not None)
    before = [line for line in whole if (json.loads(line)["frame"] or 10**9) <= last - 50]
    assert before and set(before) <= set(ran.lines)


def test_a_tshark_that_ends_early_and_says_nothing(tmp_path: Path, many: Path) -> None:
    ends = f'{shutil.which("tshark")} "$@" 2>/dev/null | head -n 400; exit 0'
    ran = labdissect(many, "-o", "jsonl", "--jobs", "2", changes=dying(tmp_path, ends))
    assert ran.code == 4
    assert "of the 3300 packets" in ran.err and "--jobs 1" in ran.err


def test_a_merging_process_that_is_killed_is_told(many: Path) -> None:
    name = str(many)
    several = sharded(find(), name, asked("jsonl"), Options(), 2)[1]
    try:
        assert several.stream.read(1 << 20).startswith(b'{"timestamp"')
        several._merging._process.kill()
        problem = several.outcome(name, 7)
        assert problem is not None
        assert "stopped after 7 packets" in problem.message and "exit code -9" in problem.message
        assert "--jobs 1" in problem.message
    finally:
        several.stop()


def test_modules_of_the_working_directory_are_not_run(tmp_path: Path, many: Path) -> None:
    for name in ("json", "pickle", "struct", "labdissect"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger')\n")
    command = [sys.executable, "-P", "-m", "labdissect", str(many), "-o", "jsonl", "--jobs", "2"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout == quiet(labdissect(many, "-o", "jsonl")).out


def test_a_tshark_that_never_begins(tmp_path: Path) -> None:
    fails = "echo 'tshark: no.' >&2; exit 2"
    ran = labdissect(TWO, "-o", "jsonl", "--jobs", "2", changes=dying(tmp_path, fails))
    assert (ran.code, ran.out) == (3, b"")
    assert "tshark cannot read" in ran.err and "no." in ran.err


def test_whoever_reads_may_have_enough(many: Path) -> None:
    command = [*COMMAND, str(many), "-o", "jsonl", "--jobs", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_ctrl_c(tmp_path: Path, many: Path) -> None:
    slow = f'{shutil.which("tshark")} "$@" 2>/dev/null | head -n 100; sleep 60'
    command = [*COMMAND, str(many), "-o", "jsonl", "--jobs", "2"]
    env = environment(dying(tmp_path, slow))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"{")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0].endswith(b"\n")
        assert process.returncode == 130


def test_nothing_is_left_behind(many: Path) -> None:
    threads = threading.active_count()
    several = sharded(find(), str(many), asked("jsonl"), Options(), 3)[1]
    running = [one._process.pid for one in (several._merging, *several._running)]
    assert several.stream.read().startswith(b'{"timestamp"')
    several.stop()
    deadline = time.monotonic() + 20
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() == threads
    for pid in running:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
