"""tshark: found without trusting the working directory, told what the user asked for, and never left behind."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from labdissect.bridge import tshark
from labdissect.bridge.failures import TsharkFailure
from labdissect.bridge.tshark_options import Options
from tests.bridge.program import COMMAND, environment, labdissect, quiet
from tests.conftest import CAPTURES, ek

FOUR = CAPTURES / "tcp-four-way-close.pcapng"


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


# where it is


def test_the_environment_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = program(tmp_path / "my-tshark", "echo 'TShark (Wireshark) 4.6.9.'")
    monkeypatch.setenv("LABDISSECT_TSHARK", str(named))
    assert tshark.find() == named
    assert tshark.version(named) == (4, 6, 9)


@pytest.mark.parametrize(
    "line", ["TShark (Wireshark) 3.4.10 (Git v3.4.10 packaged as 3.4.10-0+deb11u1)", "TShark 3.4.10"]
)
def test_its_version(tmp_path: Path, line: str) -> None:
    assert tshark.version(program(tmp_path / "tshark", f"echo '{line}'; echo 'Copyright 1998-2021'")) == (3, 4, 10)


def test_what_has_no_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TsharkFailure, match="does not say which version"):
        tshark.version(program(tmp_path / "tshark", "echo hello"))


def test_a_wrong_name_in_the_environment(tmp_path: Path) -> None:
    ran = labdissect(FOUR, changes={"LABDISSECT_TSHARK": str(tmp_path / "nothing")})
    assert (ran.code, ran.out) == (3, b"")
    assert "LABDISSECT_TSHARK names" in ran.err


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_no_tshark(path: str) -> None:
    ran = labdissect(FOUR, changes={"PATH": path})
    assert (ran.code, ran.out) == (3, b"")
    assert ran.err.startswith("labdissect: tshark is not there; install it (")
    assert ran.err.count("\n") == 1


def test_without_tshark_a_pipe_still_works() -> None:
    quiet(labdissect(stdin=ek("tcp-four-way-close"), changes={"PATH": ""}))


def test_the_working_directory_is_not_trusted(tmp_path: Path) -> None:
    trap = program(tmp_path / "tshark", f"touch {tmp_path}/sprung; exit 1")
    (tmp_path / "config.ini").write_text(f"[tshark]\ntshark_path = {trap}\n")
    before = sorted(tmp_path.iterdir())
    path = os.pathsep.join(["", ".", os.environ["PATH"]])
    ran = labdissect(FOUR, changes={"PATH": path}, folder=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert labdissect("doctor", folder=tmp_path).code == 0
    assert labdissect("why", FOUR, "3", folder=tmp_path).code == 0
    assert sorted(tmp_path.iterdir()) == before


# what it is told


def test_a_capture_gives_what_tshark_prints_of_it() -> None:
    plain = subprocess.run(["tshark", "-r", FOUR, "-T", "ek"], capture_output=True, check=True).stdout
    assert quiet(labdissect(FOUR)).out == quiet(labdissect(stdin=plain)).out


def test_display_filter_shows_some_and_judges_all() -> None:
    everything = {verdict["frame"]: verdict for verdict in verdicts(FOUR)}
    shown = verdicts(FOUR, "-Y", "tcp.flags.fin == 1")
    assert {verdict["frame"] for verdict in shown} == {10, 12}
    assert all(everything[verdict["frame"]]["code"] for verdict in shown)
    fins = [verdict for verdict in shown if verdict["code"] == "tcp.fin.first"]
    assert fins[0]["params"]["ack_frame"] < 10


def verdicts(*arguments: str | Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in quiet(labdissect("-o", "jsonl", *arguments)).lines]


def test_display_filter_keeps_each_index_line_with_its_packet() -> None:
    every = quiet(labdissect(FOUR)).lines
    assert quiet(labdissect(FOUR, "-Y", "frame.number == 3 || frame.number > 11")).lines == [*every[4:6], *every[22:26]]
    assert quiet(labdissect(FOUR, "-Y", "udp")).lines == []


def test_preferences_and_decode_as_are_handed_on() -> None:
    plain, told = (
        subprocess.run(["tshark", "-r", FOUR, "-T", "ek", *more], capture_output=True, check=True).stdout
        for more in ([], ["-o", "tcp.relative_sequence_numbers:FALSE", "-d", "tcp.port==8000,http", "-2"])
    )
    assert plain != told
    ran = quiet(labdissect(FOUR, "-o", "tcp.relative_sequence_numbers:FALSE", "-d", "tcp.port==8000,http", "-2"))
    assert ran.out == quiet(labdissect(stdin=told)).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-Y", "foo bar"], "tshark does not take the filter foo bar: "),
        (["-o", "tcp.nonsense:1"], 'tshark does not take an option: -o flag "tcp.nonsense:1"'),
        (["-d", "nonsense==1,http"], "tshark does not take an option: Unknown layer type -- nonsense"),
    ],
)
def test_what_tshark_refuses(arguments: list[str], said: str) -> None:
    for output in ("ek", "csv"):
        ran = labdissect(FOUR, "-o", output, *arguments)
        assert ran.code == 2
        assert said in ran.err
        assert ran.err.count("\n") == 1


# what becomes of it


def test_a_missing_file() -> None:
    ran = labdissect("no-such.pcap")
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err == "labdissect: cannot read no-such.pcap: there is no such file\n"


def test_a_folder(tmp_path: Path) -> None:
    ran = labdissect(tmp_path)
    assert ran.code == 2
    assert "is a folder" in ran.err


def test_what_is_no_capture(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are my notes.\n" * 50)
    ran = labdissect(tmp_path / "notes.txt")
    assert (ran.code, ran.out) == (3, b"")
    assert "tshark cannot read" in ran.err and "isn't a capture file" in ran.err
    assert "Running as user" not in ran.err


@pytest.mark.parametrize("output", ["ek", "csv", "jsonl", "conversations"])
def test_a_capture_cut_short_keeps_what_came_before(tmp_path: Path, output: str) -> None:
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(FOUR.read_bytes()[:-150])
    ran = labdissect(cut, "-o", output)
    assert ran.code == 4
    assert "cut short" in ran.err and "tshark stopped after 11 packets" in ran.err
    assert ran.err.count("\n") == 1
    assert ran.out
    if output == "csv":  # what the end of the capture tells stands on the connection's last packet
        assert ran.lines[:11] == labdissect(FOUR, "-o", output).lines[:11] and len(ran.lines) == 12
    elif output != "conversations":  # … comes last and differs
        of_packets = [line for line in ran.lines if not line.startswith(b'{"frame":null')]
        assert of_packets == labdissect(FOUR, "-o", output).lines[: len(of_packets)]


def test_a_capture_without_packets(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000"))
    ran = labdissect(empty)
    assert (ran.code, ran.out) == (0, b"")
    assert ran.err == f"labdissect: {empty} is empty: no packets\n"


def test_a_file_that_looks_like_an_option(tmp_path: Path) -> None:
    (tmp_path / "-x.pcapng").write_bytes(FOUR.read_bytes())
    ran = quiet(labdissect("--", "-x.pcapng", folder=tmp_path))
    assert len(ran.lines) == 26


def test_stopping_ends_a_tshark_that_hangs(tmp_path: Path) -> None:
    running = tshark.Running(program(tmp_path / "tshark", "exec sleep 100"), [])
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 10
    assert running.wait() != 0


@pytest.mark.skipif(os.nice(0) > 0, reason="the tests run at a low priority themselves")
def test_giving_way_lowers_its_priority(tmp_path: Path) -> None:
    running = tshark.Running(program(tmp_path / "tshark", "echo $$; read line"), [], fed=True)
    process = int(running.stream.readline())
    assert os.getpriority(os.PRIO_PROCESS, process) == 0
    running.give_way()
    assert os.getpriority(os.PRIO_PROCESS, process) == 10
    running.stop()
    running.give_way()  # it has ended: nobody minds


def test_a_tshark_that_complains_a_lot_does_not_block(tmp_path: Path) -> None:
    noisy = program(tmp_path / "tshark", "yes 'tshark: bug' | head -200000 >&2; echo done")
    running = tshark.Running(noisy, [])
    assert running.stream.read() == b"done\n"
    assert (running.wait(), running.complaint) == (0, "bug")
    running.stop()


def appears(file: Path) -> None:
    """Waits for it, as long as a busy machine may take."""
    deadline = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < deadline, f"{file.name} does not appear"
        time.sleep(0.05)


def test_no_tshark_is_left_when_labdissect_is_killed(tmp_path: Path) -> None:
    begun, marker = tmp_path / "begun", tmp_path / "ended"
    lines = """while echo '{"index":{}}'; do :; done"""
    script = f"trap 'touch {marker}; exit' PIPE TERM\ntouch {begun}\n{lines}\ntouch {marker}"
    endless = program(tmp_path / "tshark", script)
    with subprocess.Popen(
        [*COMMAND, FOUR],
        stdout=subprocess.DEVNULL,
        env=environment({"LABDISSECT_TSHARK": str(endless)}),
        cwd=tmp_path,
    ) as running:
        appears(begun)
        running.kill()
    appears(marker)


def test_the_trial_knows_a_tshark_that_works_from_one_that_does_not(tmp_path: Path) -> None:
    assert tshark.trial(tshark.find()) is None
    assert "prints no EK" in (tshark.trial(program(tmp_path / "old", "echo hello")) or "")
    assert "exit code 7" in (tshark.trial(program(tmp_path / "bad", "exit 7")) or "")


def test_options_are_passed_in_tsharks_spelling() -> None:
    options = Options(("tcp.port==1,http",), ("a.b:1", "c.d:2"), True)
    assert options.arguments() == ["-2", "-d", "tcp.port==1,http", "-o", "a.b:1", "-o", "c.d:2"]
    assert options.any() and not Options().any()
