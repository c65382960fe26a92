"""Many captures: what is found, what each becomes, what survives failure, interruption and murder."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from labdissect.bridge import batch
from labdissect.bridge.failures import UsageFailure
from tests.bridge.program import COMMAND, ROOT, environment, labdissect, unprivileged
from tests.conftest import CAPTURES

NAMES = ("arp-request-reply", "dns-basic", "tcp-four-way-close", "tcp-rto")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A class's captures: four good ones, one of them a folder deeper, and one that is none."""
    into = tmp_path / "class"
    (into / "second group").mkdir(parents=True)
    for name in NAMES[:-1]:
        shutil.copy(CAPTURES / f"{name}.pcapng", into)
    shutil.copy(CAPTURES / f"{NAMES[-1]}.pcapng", into / "second group")
    (into / "broken.pcapng").write_bytes(b"no capture at all")
    (into / "notes.txt").write_text("not looked at")
    return into


def alone(name: str, *arguments: str) -> bytes:
    """What a run of its own makes of a capture."""
    return labdissect(CAPTURES / f"{name}.pcapng", *arguments).out


def results(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / batch.JOURNAL).read_text().splitlines()]


def test_each_capture_becomes_what_a_run_of_its_own_makes_of_it(folder: Path, tmp_path: Path) -> None:
    ran = labdissect("batch", folder, "-o", "jsonl", "-w", tmp_path / "out", "--jobs", "2")
    assert ran.code == 4  # one of them is broken
    for name in NAMES[:-1]:
        assert (tmp_path / "out" / f"{name}.pcapng.jsonl").read_bytes() == alone(name, "-o", "jsonl")
    deeper = tmp_path / "out" / "second group" / f"{NAMES[-1]}.pcapng.jsonl"
    assert deeper.read_bytes() == alone(NAMES[-1], "-o", "jsonl")
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.*")) == sorted(
        [*(f"{name}.pcapng.jsonl" for name in NAMES), batch.JOURNAL]
    )


def test_the_one_that_fails_is_named_and_does_not_stop_the_others(folder: Path, tmp_path: Path) -> None:
    ran = labdissect("batch", folder, "-w", tmp_path / "out")
    assert "broken.pcapng" in ran.err and "tshark cannot read" in ran.err
    found = {Path(str(one["capture"])).stem: one for one in results(tmp_path / "out")}
    assert {name: one["exit_code"] for name, one in found.items()} == {**dict.fromkeys(NAMES, 0), "broken": 3}
    assert found["tcp-four-way-close"]["packets"] == 13
    assert "5 captures" in ran.text.splitlines()[-1]


def test_all_that_fail_give_their_own_exit_code(tmp_path: Path) -> None:
    (tmp_path / "one.pcap").write_bytes(b"no capture at all")
    assert labdissect("batch", tmp_path / "one.pcap", "-w", tmp_path / "out").code == 3


@pytest.mark.parametrize("name", ["b.pcapng", "in/../in/b.pcapng", "link.pcapng"])
def test_a_capture_is_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    for one in ("in/a.pcapng", "in/b.pcapng"):
        shutil.copy(CAPTURES / "dns-basic.pcapng", tmp_path / one)
    (tmp_path / "b.pcapng").symlink_to("in/b.pcapng")
    (tmp_path / "link.pcapng").hardlink_to(tmp_path / "in" / "a.pcapng")
    ran = labdissect("batch", "in", "-w", name, folder=tmp_path)
    assert (ran.code, ran.err) == (2, f"labdissect: -w {name} is one of the captures; choose another name\n")
    assert (tmp_path / name).read_bytes() == (CAPTURES / "dns-basic.pcapng").read_bytes()
    assert not list(tmp_path.glob("*.parts"))


def test_all_that_fail_do_not_cost_the_file_that_is_there(tmp_path: Path) -> None:
    shutil.copy(CAPTURES / "dns-basic.pcapng", tmp_path / "one.pcapng")
    arguments = ("batch", tmp_path / "one.pcapng", "-o", "csv", "-w", tmp_path / "all.csv")
    assert labdissect(*arguments).code == 0
    made = (tmp_path / "all.csv").read_bytes()
    ran = labdissect(*arguments, "-Y", "no filter")
    assert (ran.code, (tmp_path / "all.csv").read_bytes()) == (2, made)
    assert not (tmp_path / "all.csv.parts").exists()


@pytest.mark.parametrize("format", ["jsonl", "csv", "conversations"])
def test_one_file_of_all_says_which_capture_a_line_is_of(folder: Path, tmp_path: Path, format: str) -> None:
    captures = [folder / f"{name}.pcapng" for name in NAMES[:-1]]
    whole = tmp_path / f"all.{format}"
    assert labdissect("batch", *captures, "-o", format, "-w", whole).code == 0
    assert whole.read_bytes() == labdissect(*captures, "-o", format).out
    assert not (tmp_path / f"all.{format}.parts").exists()


@pytest.mark.parametrize(("name", "format"), [("all.csv", "csv"), ("all.tsv", "tsv"), ("all.jsonl", "jsonl")])
def test_the_suffix_of_the_one_file_is_its_format(tmp_path: Path, name: str, format: str) -> None:
    captures = [CAPTURES / "dns-basic.pcapng", CAPTURES / "arp-request-reply.pcapng"]
    assert labdissect("batch", *captures, "-w", tmp_path / name).code == 0
    assert (tmp_path / name).read_bytes() == labdissect(*captures, "-o", format).out


def test_a_folders_suffix_is_none(tmp_path: Path) -> None:
    assert labdissect("batch", CAPTURES / "dns-basic.pcapng", "-w", f"{tmp_path}/lab.csv/").code == 0
    assert (tmp_path / "lab.csv" / "dns-basic.pcapng.jsonl").exists()


def test_a_second_run_reads_only_what_changed(folder: Path, tmp_path: Path) -> None:
    arguments = ("batch", folder, "-w", tmp_path / "out")
    labdissect(*arguments)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.jsonl")}
    shutil.copy(CAPTURES / "dns-nxdomain.pcapng", folder / "dns-basic.pcapng")
    labdissect(*arguments)
    changed = [path.name for path, time in before.items() if path.stat().st_mtime_ns != time]
    assert sorted(changed) == ["dns-basic.pcapng.jsonl", batch.JOURNAL]
    labdissect(*arguments, "--again")
    assert all(path.stat().st_mtime_ns != time for path, time in before.items())


def test_what_a_rubric_imports_from_its_folder_is_part_of_it(tmp_path: Path, rubric: Path) -> None:
    points = tmp_path / "lab_points.py"
    points.write_text("TITLE = 'Grade'\n")
    beside = "import sys\nsys.path.insert(0, __file__.rpartition('/')[0])\nfrom lab_points import TITLE\n"
    rubric.write_text(beside + rubric.read_text().replace("'Grade: {grade}'", "TITLE + ': {grade}'"))
    output = tmp_path / "out" / "dns-basic.pcapng.jsonl"
    arguments = ("batch", CAPTURES / "dns-basic.pcapng", "-w", tmp_path / "out", "--plugin", rubric, "--only", "lab")
    labdissect(*arguments)
    made = output.stat().st_mtime_ns
    labdissect(*arguments)
    assert output.stat().st_mtime_ns == made and json.loads(output.read_text())["text"] == "Grade: 14"
    points.write_text("TITLE = 'Points'\n")
    labdissect(*arguments)
    assert json.loads(output.read_text())["text"] == "Points: 14"


def test_other_options_are_another_job(folder: Path, tmp_path: Path) -> None:
    labdissect("batch", folder / "dns-basic.pcapng", "-w", tmp_path / "out")
    labdissect("--lang", "zh", "batch", folder / "dns-basic.pcapng", "-w", tmp_path / "out")
    made = (tmp_path / "out" / "dns-basic.pcapng.jsonl").read_bytes()
    assert made == alone("dns-basic", "-o", "jsonl", "--lang", "zh")


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(12):
        shutil.copy(CAPTURES / "tcp-rto.pcapng", tmp_path / "in" / f"{number:02}.pcapng")
    command = [*COMMAND, "batch", str(tmp_path / "in"), "-w", str(tmp_path / "out"), "--jobs", "1"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as program:
        journal = tmp_path / "out" / batch.JOURNAL
        while not journal.exists():
            assert program.poll() is None
            time.sleep(0.01)
        program.send_signal(signal.SIGINT)
        assert program.stderr is not None
        said = program.stderr.read().decode()
    assert program.returncode == 130 and "the same command goes on" in said and "Traceback" not in said
    done = len(results(tmp_path / "out"))
    assert 1 <= done < 12
    first = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.pcapng.jsonl")}
    ran = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, check=True)
    assert b"12 captures" in ran.stdout and len(results(tmp_path / "out")) == 12
    assert all(path.stat().st_mtime_ns == time for path, time in first.items())
    assert {path.read_bytes() for path in (tmp_path / "out").glob("*.pcapng.jsonl")} == {
        alone("tcp-rto", "-o", "jsonl")
    }


HELD = """
from pathlib import Path
from time import sleep
from labdissect import hookimpl

@hookimpl
def labdissect_analyzers(settings):
    while Path({hold!r}).exists() and Path({journal!r}).exists():
        sleep(0.01)
    return []
"""
"""Holds up whoever reads another capture than the first ones."""


def test_what_a_killed_run_leaves_goes_with_the_next(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(6):
        shutil.copy(CAPTURES / "tcp-rto.pcapng", tmp_path / "in" / f"{number:02}.pcapng")
    out, journal = tmp_path / "out", tmp_path / "out" / batch.JOURNAL
    hold, plugin = tmp_path / "hold", tmp_path / "held.py"
    hold.touch()
    plugin.write_text(HELD.format(hold=str(hold), journal=str(journal)))
    command = [*COMMAND, "batch", str(tmp_path / "in"), "-w", str(out), "--jobs", "1", "--plugin", str(plugin)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as program:
        while not journal.exists():
            assert program.poll() is None
            time.sleep(0.01)
        meanwhile = subprocess.run(
            [*COMMAND, "batch", str(CAPTURES / "dns-basic.pcapng"), "-w", str(out)],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
        )
        assert meanwhile.returncode == 0
        assert program.poll() is None and len(list(out.glob(".labdissect-*"))) == 1  # the other run's is left alone
        program.kill()
    assert len(list(out.glob(".labdissect-*"))) == 1
    hold.unlink()
    ran = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, check=True)
    assert b"6 captures" in ran.stdout and ran.stderr == b""
    assert list(out.glob(".labdissect-*")) == []
    assert len(list(out.glob("*.pcapng.jsonl"))) == 7


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, where nobody can make a folder")
def test_a_folder_that_takes_nothing_is_said(folder: Path) -> None:
    ran = labdissect("batch", folder, "-w", "/proc")
    assert (ran.code, ran.err) == (2, "labdissect: -w /proc: No such file or directory\n")


KILLER = """
import os, pathlib, signal
from labdissect import BaseAnalyzer, hookimpl
class Killer(BaseAnalyzer):
    layers = ("tcp",)
    def analyze(self, packet):
        mark = pathlib.Path({mark!r})
        if packet.number == 5 and (not mark.exists() or {always}):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
@hookimpl
def labdissect_analyzers(settings):
    return [Killer()]
"""


@pytest.mark.parametrize("always", [False, True])
def test_a_process_that_is_killed_loses_nothing(folder: Path, tmp_path: Path, always: bool) -> None:
    plugin = tmp_path / "killer.py"
    plugin.write_text(KILLER.format(mark=str(tmp_path / "mark"), always=always))
    captures = [folder / f"{name}.pcapng" for name in NAMES[:-1]]
    ran = labdissect("batch", *captures, "-w", tmp_path / "out", "--plugin", plugin, "--jobs", "2")
    assert (tmp_path / "mark").exists()
    codes = {Path(str(one["capture"])).stem: one["exit_code"] for one in results(tmp_path / "out")}
    assert codes["tcp-four-way-close"] == (4 if always else 0)
    assert ("was killed" in ran.err) == always
    assert codes["arp-request-reply"] == 0 or always


def test_what_plugins_print_is_kept(folder: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "grader.py"
    plugin.write_text(
        "from labdissect import hookimpl\n"
        "@hookimpl\n"
        "def labdissect_finish(summary):\n"
        "    print('packets', summary.packets)\n"
    )
    ran = labdissect("batch", folder / "tcp-four-way-close.pcapng", "-w", tmp_path / "out", "--plugin", plugin)
    assert results(tmp_path / "out")[0]["printed"] == "packets 13\n"
    assert "packets 13" in ran.text


def test_results_in_parquet_say_what_the_journal_says(folder: Path, tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    labdissect("batch", folder, "-w", tmp_path / "out", "--results", tmp_path / "r.parquet")
    read = polars.read_parquet(tmp_path / "r.parquet")
    journal = results(tmp_path / "out")
    for name in ("capture", "output", "exit_code", "packets", "conversations", "verdicts", "problems", "printed"):
        assert read[name].to_list() == [one[name] for one in journal]
    assert [dict(one) for one in read["codes"].to_list()] == [one["codes"] for one in journal]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere/*.pcap", "-w", "out"), "no file matches"),
        (("-", "-w", "out"), "batch does not read standard input"),
        ((str(CAPTURES / "dns-basic.pcapng"), "-w", "s3://course/out"), "-w s3://course/out: outputs go to"),
        ((str(CAPTURES / "dns-basic.pcapng"), "-w", "-"), "-w -: outputs go to a folder or FILE on this machine"),
        ((str(CAPTURES / "dns-basic.pcapng"), "-o", "pdml", "-w", "all.xml"), "cannot hold several captures"),
        ((str(CAPTURES / "dns-basic.pcapng"), "-w", "out", "--results", "r.txt"), "FILE.jsonl or FILE.parquet"),
        ((str(CAPTURES / "dns-basic.pcapng"), "-w", "out", "--only", "no.such"), "there is no code no.such"),
        (
            (str(CAPTURES / "dns-basic.pcapng"), "-o", "csv", "-w", "a.csv", "--columns", "no"),
            "'no' is neither a column",
        ),
        ((str(CAPTURES / "dns-basic.pcapng"), "-w", "out", "--columns", "number"), "-o jsonl has no columns"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_read(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    ran = labdissect("batch", *arguments, folder=tmp_path)
    assert ran.code == 2 and says in ran.err
    assert not list(tmp_path.iterdir())


def test_names_stay_within_the_folder(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for one in (first, second):
        one.mkdir()
        shutil.copy(CAPTURES / "dns-basic.pcapng", one / "..odd\n:name.pcapng")
    found = batch.captures([str(first), str(second), str(first / "..odd\n:name.pcapng")])
    assert [one.output for one in found] == ["odd__name.pcapng", "odd__name.pcapng~2"]


def test_processes_end_with_the_first_one(tmp_path: Path) -> None:
    """They hold its stderr: it comes to its end when the last of them has."""
    plugin = tmp_path / "slow.py"
    plugin.write_text(
        "import multiprocessing, sys, time\n"
        "if multiprocessing.parent_process() is not None:\n"
        "    print('begun', file=sys.stderr, flush=True)\n"
        "    time.sleep(100)\n"
    )
    capture = CAPTURES / "dns-basic.pcapng"
    command = [*COMMAND, "batch", str(capture), "-w", str(tmp_path / "out"), "--plugin", str(plugin), "--jobs", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment(), cwd=ROOT) as program:
        assert program.stderr is not None
        assert program.stderr.readline() == b"begun\n"
        program.kill()
        began = time.monotonic()
        program.stderr.read()
        assert time.monotonic() - began < 50


def test_no_two_captures_have_one_output(tmp_path: Path) -> None:
    names = ["a?b.pcap", "a*b.pcap", "a_b.pcap~2", "A_B.pcap", "results", "-o", "..x", "\udcff.pcap"]
    paths = [tmp_path / str(at) / name for at, name in enumerate(names)]
    for path in paths:
        path.parent.mkdir()
        path.touch()
    outputs = [one.output for one in batch.captures(map(str, paths))]
    assert outputs == [
        *("a_b.pcap", "a_b.pcap~2", "a_b.pcap~2~2", "A_B.pcap~3", "results~2"),
        *("-o", "x", "_.pcap"),
    ]


def test_a_long_name_has_room_for_suffixes(tmp_path: Path) -> None:
    long = tmp_path / ("包" * 81 + ".pcapng")
    shutil.copy(CAPTURES / "dns-basic.pcapng", long)
    ran = labdissect("batch", long, long, "-o", "conversations", "-w", tmp_path / "out")
    assert (ran.code, ran.err) == (0, "")
    assert sorted(len(one.name.encode()) for one in (tmp_path / "out").iterdir()) == [13, 198 + 20]


def test_a_folder_in_the_way_of_an_output_costs_that_output_alone(tmp_path: Path) -> None:
    (tmp_path / "in" / "a.pcapng.jsonl").mkdir(parents=True)
    shutil.copy(CAPTURES / "dns-basic.pcapng", tmp_path / "in" / "a.pcapng")
    shutil.copy(CAPTURES / "tcp-rto.pcapng", tmp_path / "in" / "a.pcapng.jsonl" / "b.pcapng")
    ran = labdissect("batch", tmp_path / "in", "-w", tmp_path / "out", "--jobs", "1")
    assert ran.code == 4
    assert "; nothing was kept" in ran.err
    assert sorted(one["exit_code"] for one in results(tmp_path / "out")) == [0, 4]  # type: ignore[type-var]
    assert not list((tmp_path / "out").rglob(".*"))


def test_outputs_do_not_change_places_with_the_captures(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(CAPTURES / "tcp-rto.pcapng", other / "dns-basic.pcapng")
    both, out = [folder / "dns-basic.pcapng", other / "dns-basic.pcapng"], tmp_path / "out"
    for inputs in (both, both[::-1], both):
        assert labdissect("batch", *inputs, "-o", "csv", "-w", out).code == 0
        for at, capture in enumerate(inputs):
            written = (out / f"dns-basic.pcapng{'~2' if at else ''}.csv").read_bytes()
            assert written == labdissect(capture, "-o", "csv").out


def test_of_two_captures_of_one_output_the_later_is_in_it(tmp_path: Path) -> None:
    journal = tmp_path / batch.JOURNAL
    lines = [batch.Outcome(name, "x", 0, fingerprint=name) for name in ("before", "after")]
    journal.write_text("".join(map(batch.record, lines)))
    assert set(batch.Journal(journal).known) == {"after"}


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_a_batch_needs_no_standard_stream(closed: str, tmp_path: Path) -> None:
    script = f'exec "$@" {closed}'
    arguments = ["batch", str(CAPTURES / "dns-basic.pcapng"), "-w", str(tmp_path / "out")]
    ran = subprocess.run(
        ["sh", "-c", script, "sh", *COMMAND, *arguments],
        capture_output=True,
        env=environment(),
        cwd=ROOT,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert (tmp_path / "out" / "dns-basic.pcapng.jsonl").read_bytes() == alone("dns-basic", "-o", "jsonl")


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageFailure, match="no capture in this folder"):
        batch.captures([str(tmp_path)])


def test_captures_come_from_any_file_system_that_fsspec_knows(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    ran = labdissect("batch", f"file://{CAPTURES}/dns-b*.pcapng", "-w", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert (tmp_path / "out" / "dns-basic.pcapng.jsonl").read_bytes() == alone("dns-basic", "-o", "jsonl")


def test_a_url_that_is_not_there_fails_alone(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    ran = labdissect(
        "batch", f"file://{tmp_path}/none.pcap", CAPTURES / "dns-basic.pcapng", "-w", tmp_path / "out", "--jobs", "1"
    )
    assert ran.code == 4 and "cannot be fetched" in ran.err
    assert (tmp_path / "out" / "dns-basic.pcapng.jsonl").exists()


def test_what_went_wrong_with_a_url_names_the_url(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes((CAPTURES / "tcp-four-way-close.pcapng").read_bytes()[:-50])
    ran = labdissect("batch", f"file://{cut}", "-w", tmp_path / "out", "--results", tmp_path / "results.jsonl")
    (result,) = map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())
    assert ran.code == 4 and f"packets of file://{cut}" in ran.err and "labdissect-" not in ran.err
    assert any(f"packets of file://{cut}" in problem for problem in result["problems"])


def test_a_journal_whose_last_line_is_cut_is_read_as_far_as_it_goes(folder: Path, tmp_path: Path) -> None:
    labdissect("batch", folder, "-w", tmp_path / "out")
    journal = tmp_path / "out" / batch.JOURNAL
    journal.write_bytes(journal.read_bytes()[:-40])
    assert len(batch.Journal(journal).known) == 4


def test_outputs_have_the_permissions_that_files_have_here(folder: Path, tmp_path: Path) -> None:
    labdissect("batch", folder / "dns-basic.pcapng", "-w", tmp_path / "out")
    (tmp_path / "plain").touch()
    made = tmp_path / "out" / "dns-basic.pcapng.jsonl"
    assert made.stat().st_mode == (tmp_path / "plain").stat().st_mode


# what is in the way


def test_a_locked_folder_is_named_and_does_not_stop_the_others(tmp_path: Path) -> None:
    locked = tmp_path / "class" / "group 7"
    locked.mkdir(parents=True)
    shutil.copy(CAPTURES / "dns-basic.pcapng", locked)
    shutil.copy(CAPTURES / "dns-basic.pcapng", tmp_path / "class")
    locked.chmod(0)
    try:
        ran = unprivileged("batch", tmp_path / "class", "-w", tmp_path / "out")
        inside = unprivileged("batch", locked / "dns-basic.pcapng", "-w", tmp_path / "inside")
        alone = unprivileged("batch", locked, "-w", tmp_path / "alone")
    finally:
        locked.chmod(0o700)
    assert (ran.code, ran.err) == (4, f"labdissect: cannot search {locked}: Permission denied\n")
    assert [one["exit_code"] for one in results(tmp_path / "out")] == [0, 2]
    assert (inside.code, inside.err) == (2, f"labdissect: cannot read {locked}/dns-basic.pcapng: Permission denied\n")
    assert (alone.code, alone.err) == (2, f"labdissect: cannot search {locked}: Permission denied\n")


def test_a_plugin_in_a_locked_folder(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    for before in ((), ("batch", "-w", tmp_path / "out")):
        ran = unprivileged(*before, CAPTURES / "dns-basic.pcapng", "--plugin", locked / "rubric.py")
        assert (ran.code, ran.err) == (2, f"labdissect: plugin {locked}/rubric.py: Permission denied\n")


def test_a_locked_folder_of_outputs_costs_only_those(folder: Path, tmp_path: Path) -> None:
    locked = tmp_path / "out" / "second group"
    locked.mkdir(parents=True)
    locked.chmod(0o500)
    ran = unprivileged("batch", folder, "-w", tmp_path / "out")
    locked.chmod(0o700)
    assert ran.code == 4 and f"{locked}/tcp-rto.pcapng.jsonl: Permission denied; nothing was kept\n" in ran.err
    found = {Path(str(one["capture"])).stem: one["exit_code"] for one in results(tmp_path / "out")}
    assert found == {**dict.fromkeys(NAMES, 0), "broken": 3, NAMES[-1]: 4}
    assert not list((tmp_path / "out").rglob(".*"))


def test_a_journal_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / batch.JOURNAL).mkdir()
    ran = labdissect("batch", CAPTURES / "dns-basic.pcapng", "-w", tmp_path)
    assert ran.code == 4
    assert ran.err == (
        f"labdissect: {tmp_path}/{batch.JOURNAL}: Is a directory; when that is mended, the same command goes on\n"
    )


def test_a_journal_that_is_none_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / batch.JOURNAL).write_bytes(b"\xff\xfe no journal\n[1]\n")
    assert labdissect("batch", CAPTURES / "dns-basic.pcapng", "-w", tmp_path).code == 0
    assert [one["exit_code"] for one in results(tmp_path)] == [0]


@pytest.mark.parametrize("name", ["nowhere/r.jsonl", "nowhere/r.parquet", "x" * 300 + ".jsonl", "r.d.jsonl/"])
def test_where_results_cannot_go_is_said_before_anything_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "r.d.jsonl").mkdir()
    ran = labdissect("batch", CAPTURES / "dns-basic.pcapng", "-w", tmp_path / "out", "--results", tmp_path / name)
    assert ran.code == 2 and ran.err.startswith("labdissect: --results ") and ran.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_name_too_long_for_a_file_is_a_capture_that_fails(tmp_path: Path) -> None:
    ran = labdissect("batch", "x" * 300, CAPTURES / "dns-basic.pcapng", "-w", tmp_path / "out")
    assert ran.code == 4 and "File name too long" in ran.err and "Traceback" not in ran.err
    assert labdissect("batch", CAPTURES / "dns-basic.pcapng", "-w", "x" * 300 + ".jsonl").code == 2


def test_what_is_no_plain_file_is_not_searched(folder: Path) -> None:
    os.mkfifo(folder / "pipe.pcap")
    (folder / "nothing.pcap").symlink_to("nowhere.pcap")
    (folder / "other").symlink_to(folder / "second group")
    names = [Path(one.name).name for one in batch.captures([str(folder)])]
    assert sorted(names) == sorted([*(f"{name}.pcapng" for name in NAMES), "broken.pcapng"])


def test_a_slash_makes_a_folder(tmp_path: Path) -> None:
    assert labdissect("batch", CAPTURES / "dns-basic.pcapng", "-w", f"{tmp_path}/lab.2026/").code == 0
    assert (tmp_path / "lab.2026" / "dns-basic.pcapng.jsonl").exists()


# what is said


@pytest.fixture
def rubric(tmp_path: Path) -> Path:
    """Says of every capture how many packets it has."""
    plugin = tmp_path / "rubric.py"
    plugin.write_text(
        "from labdissect import BaseAnalyzer, Rule, Text, Verdict, hookimpl\n"
        "GRADE = Rule('lab.grade', 'frame', 'note', 90, Text('Grade: {grade}', '成绩：{grade}'))\n"
        "class Rubric(BaseAnalyzer):\n"
        "    layers = ('frame',)\n"
        "    packets = 0\n"
        "    def analyze(self, packet):\n"
        "        self.packets += 1\n"
        "    def finish(self):\n"
        "        yield Verdict(GRADE, self.packets, {'grade': self.packets})\n"
        "@hookimpl\n"
        "def labdissect_rules():\n"
        "    return [GRADE]\n"
        "@hookimpl\n"
        "def labdissect_analyzers(settings):\n"
        "    return [Rubric()]\n"
    )
    return plugin


def test_an_empty_capture_is_graded_like_the_others(tmp_path: Path, rubric: Path) -> None:
    (tmp_path / "a.pcap").touch()
    shutil.copy(CAPTURES / "dns-basic.pcapng", tmp_path / "b.pcap")
    arguments = ("batch", tmp_path / "a.pcap", tmp_path / "b.pcap", "--plugin", rubric, "--only", "lab")
    for destination in ("all.jsonl", "all.csv"):
        ran = labdissect(*arguments, "-o", destination[4:], "-w", tmp_path / destination)
        assert ran.code == 0 and f"{tmp_path}/a.pcap is empty: no packets" in ran.err
    graded = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [(Path(one["file"]).name, one["text"]) for one in graded] == [
        ("a.pcap", "Grade: 0"),
        ("b.pcap", "Grade: 14"),
    ]
    rows = list(csv.DictReader((tmp_path / "all.csv").open()))
    assert [(Path(row["file"]).name, row["number"], row["code"], row["verdict"]) for row in rows] == [
        ("a.pcap", "", "lab.grade", "Grade: 0"),
        ("b.pcap", "14", "lab.grade", "Grade: 14"),
    ]


def test_what_was_wrong_is_said_again_by_a_run_that_has_nothing_to_do(folder: Path, tmp_path: Path) -> None:
    cut = folder / "cut\n.pcapng"
    cut.write_bytes((CAPTURES / "tcp-rto.pcapng").read_bytes()[:-70])
    (folder / "broken.pcapng").unlink()
    first, second = (labdissect("batch", folder, "-w", tmp_path / "out") for _ in range(2))
    assert (first.code, second.code) == (4, 4)
    assert first.err == second.err and first.err.count("cut\\n.pcapng") == 1
    assert first.text == second.text


def test_how_much_was_left_out_is_said_once(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.pcapng").unlink()
    ran = labdissect("batch", folder, "-w", tmp_path / "out", "--only", "arp")
    left_out = [one["left_out"] for one in results(tmp_path / "out")]
    alone = labdissect(folder / "dns-basic.pcapng", "-o", "jsonl", "--only", "arp")
    assert f"labdissect: {left_out[1]} verdicts left out of " in alone.err
    assert ran.err == (
        f"labdissect: {sum(left_out)} verdicts left out of 4 captures, "  # type: ignore[arg-type]
        "as --only, --ignore or --min-severity asks\n"
    )
