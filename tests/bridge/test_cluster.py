"""A batch on Dask: a real scheduler, real workers, one of which is killed while it works."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from labdissect.bridge import batch
from tests.bridge.program import COMMAND, ROOT, environment, labdissect
from tests.conftest import CAPTURES

pytest.importorskip("distributed")
CLASS = 24


@pytest.fixture
def captures(tmp_path: Path) -> Path:
    """A class's captures."""
    into = tmp_path / "class"
    into.mkdir()
    names = ("tcp-rto", "dns-basic", "http-get", "tls13")
    for number in range(CLASS):
        shutil.copy(CAPTURES / f"{names[number % 4]}.pcapng", into / f"{number:02}.pcapng")
    return into


@contextmanager
def scheduler_with_workers(folder: Path, count: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler's address, and its workers' processes."""
    file = folder / "scheduler.json"
    options: dict[str, Any] = {
        "env": environment({"PYTHONPATH": str(ROOT)}),
        "stderr": subprocess.DEVNULL,
        "cwd": folder,
    }
    dask = [sys.executable, "-m", "dask"]
    meeting = ["--scheduler-file", str(file), "--no-dashboard"]
    scheduler = subprocess.Popen([*dask, "scheduler", *meeting, "--port", "0"], **options)
    workers: list[subprocess.Popen[bytes]] = []
    try:
        until(file.exists)
        workers += [
            subprocess.Popen([*dask, "worker", *meeting, "--nthreads", "1", "--no-nanny"], **options)
            for _ in range(count)
        ]
        yield json.loads(file.read_text())["address"], workers
    finally:
        for one in (*workers, scheduler):
            one.kill()
            one.wait()


def until(happened: Callable[[], bool], seconds: float = 60) -> None:
    """Waits."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_worker_that_dies_loses_nothing(captures: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    assert labdissect("batch", captures, "-w", here, "--jobs", "2").code == 0
    there = tmp_path / "there"
    with scheduler_with_workers(tmp_path, 2) as (address, workers):
        command = [*COMMAND, "batch", str(captures), "-w", str(there), "--cluster", address]
        with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE) as program:
            until((there / batch.JOURNAL).exists)
            workers[0].send_signal(signal.SIGKILL)
            assert program.stdout is not None
            summary = program.stdout.read().decode()
        assert program.returncode == 0, summary
        assert workers[0].wait() == -signal.SIGKILL and workers[1].poll() is None
    assert f"{CLASS} captures" in summary
    assert contents(there) == contents(here)


def test_a_cluster_of_our_own_gives_the_same_bytes(captures: Path, tmp_path: Path) -> None:
    few = [captures / f"{number:02}.pcapng" for number in range(4)]
    labdissect("batch", *few, "-w", tmp_path / "here.jsonl")
    ran = labdissect("batch", *few, "-w", tmp_path / "there.jsonl", "--cluster", "local", "--jobs", "2")
    assert ran.code == 0, ran.err
    assert (tmp_path / "there.jsonl").read_bytes() == (tmp_path / "here.jsonl").read_bytes()


def test_a_failing_capture_is_named_and_the_others_are_there(tmp_path: Path) -> None:
    (tmp_path / "broken.pcap").write_bytes(b"no capture")
    ran = labdissect(
        "batch", tmp_path / "broken.pcap", CAPTURES / "dns-basic.pcapng", "-w", tmp_path / "out", "--cluster", "local",
        "--jobs", "1",
    )  # fmt: skip
    assert ran.code == 4 and "broken.pcap" in ran.err
    assert (tmp_path / "out" / "dns-basic.pcapng.jsonl").exists()


def test_a_scheduler_that_is_not_there_is_said(tmp_path: Path) -> None:
    ran = labdissect("batch", CAPTURES / "dns-basic.pcapng", "-w", tmp_path / "out", "--cluster", "tcp://127.0.0.1:1")
    assert ran.code == 2 and "no scheduler answers" in ran.err and "Traceback" not in ran.err
