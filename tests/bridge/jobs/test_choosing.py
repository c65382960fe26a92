"""When several tsharks read a capture, when one does, and what happens when something ends too early."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from labdissect.bridge.jobs import choosing
from labdissect.bridge.jobs.choosing import sharded
from labdissect.bridge.jobs.packets import NotSplit
from labdissect.bridge.tshark import find
from labdissect.bridge.tshark_options import Options
from labdissect.testing import Frame, write_pcap
from tests.bridge.asked import asked
from tests.bridge.jobs.made import connection
from tests.bridge.program import COMMAND, environment, labdissect, quiet
from tests.conftest import CAPTURES

TWO = CAPTURES / "tcp-two-connections.pcapng"
ONE = CAPTURES / "tcp-four-way-close.pcapng"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,300 packets of 300 connections."""
    frames: list[Frame] = [frame for number in range(300) for frame in connection(number)]
    return write_pcap(tmp_path_factory.mktemp("many") / "many.pcap", frames)


def why(capture: Path, options: Options | None = None, jobs: int | None = 2, fields: str = "frame.number") -> str:
    some = asked("jsonl")
    some = replace(some, types={**some.types, fields: "FT_UINT32"})
    with pytest.raises(NotSplit) as raised:
        sharded(find(), str(capture), some, options or Options(), jobs)
    return str(raised.value)


def test_the_command_line_gives_the_same_and_says_why_not() -> None:
    one = quiet(labdissect(TWO, "-o", "jsonl"))
    assert quiet(labdissect(TWO, "-o", "jsonl", "--jobs", "2")).out == one.out
    ran = labdissect(ONE, "-o", "jsonl", "--jobs", "2")
    assert ran.code == 0 and ran.out == quiet(labdissect(ONE, "-o", "jsonl")).out
    assert ran.err.count("\n") == 1 and "is read by one tshark: all of its packets belong together" in ran.err


def test_whole_packets_are_printed_by_one() -> None:
    ran = labdissect(TWO, "-o", "ek", "--jobs", "2")
    assert ran.code == 0 and ran.out == quiet(labdissect(TWO, "-o", "ek")).out
    assert "is read by one tshark: this output, or a plugin's layer, needs packets whole" in ran.err
    assert quiet(labdissect(TWO, "-o", "ek", "--jobs", "1")).out == ran.out


def test_a_display_filter_chooses_by_the_numbers_of_the_file() -> None:
    chosen = ("-o", "jsonl", "-Y", "tcp.flags.fin == 1 or frame.number == 5")
    one = quiet(labdissect(TWO, *chosen))
    assert one.lines
    assert quiet(labdissect(TWO, *chosen, "--jobs", "2")).out == one.out


def test_small_captures_are_read_by_one(monkeypatch: pytest.MonkeyPatch, many: Path) -> None:
    assert why(many, jobs=None) == "it is small"
    monkeypatch.setattr(choosing, "LARGE", 1000)
    monkeypatch.setattr(choosing, "cores", lambda: 1)
    assert why(many, jobs=None) == "it is small"
    monkeypatch.setattr(choosing, "cores", lambda: 8)
    several = sharded(find(), str(many), asked("jsonl"), Options(), None)[1]
    several.stop()
    assert len(several._running) == choosing.AT_MOST
    lopsided = write_pcap(many.with_name("lopsided.pcap"), connection(1) * 30 + connection(2)[:1])
    assert "most of its packets" in why(lopsided, jobs=None)


@pytest.mark.parametrize(
    ("options", "fields", "reason"),
    [
        (Options(two_passes=True), "frame.number", "-2"),
        (Options(decode_as=["tcp.port==80,ftp"]), "frame.number", "-d"),
        (Options(preferences=["tcp.desegment_tcp_streams:FALSE"]), "frame.number", "preferences"),
        (Options(), "frame.time_delta", "frame.time_delta counts"),
        (Options(), "ip.stream", "ip.stream counts"),
        (Options(), "rtp.setup", "rtp.setup may depend"),
    ],
)
def test_what_may_depend_on_other_conversations(options: Options, fields: str, reason: str) -> None:
    assert reason in why(TWO, options, fields=fields)


def test_the_column_info_has_frame_numbers() -> None:
    with pytest.raises(NotSplit, match="Info"):
        sharded(find(), str(TWO), asked("csv"), Options(), 2)


def test_a_cut_capture_says_what_it_always_says(tmp_path: Path, many: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(many.read_bytes()[:-7])
    one, two = labdissect(cut, "-o", "jsonl"), labdissect(cut, "-o", "jsonl", "--jobs", "2")
    assert one.code == two.code == 4
    assert one.out == two.out != b""
    assert "cut short" in one.err and one.err in two.err


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
        assert process.wait(60) == 130
        assert process.stdout.read().endswith(b"\n")


def test_nothing_is_left_behind(many: Path) -> None:
    threads = threading.active_count()
    several = sharded(find(), str(many), asked("jsonl"), Options(), 3)[1]
    running = [one._process.pid for one in several._running]
    assert several.stream.read().startswith(b'{"timestamp"')
    several.stop()
    deadline = time.monotonic() + 20
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() == threads
    for pid in running:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
