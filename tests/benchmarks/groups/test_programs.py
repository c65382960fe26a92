"""What is compared runs on a capture of each kind; how a line comes from what was measured."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.bench import Bench, Captured
from benchmarks.groups import programs
from benchmarks.groups.programs import COLUMNS, KINDS, OURS, Program, projected
from benchmarks.inputs import write_names, write_short, write_small, write_web
from benchmarks.measure import Cost, run
from benchmarks.table import Target

SMALL: dict[str, Callable[[Path], int]] = {
    "web": lambda path: write_web(path, 1),
    "small": lambda path: write_small(path, 1),
    "short": lambda path: write_short(path, 5),
    "names": lambda path: write_names(path, 10),
}


def test_there_is_a_small_one_of_every_kind() -> None:
    assert SMALL.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_program_reads_every_kind_of_capture(kind: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    capture = bench.capture(kind, SMALL[kind])
    few = bench.first(capture, 10)
    for program in programs.programs():
        if not program.needs or find_spec(program.needs):
            run(program.command.format(file=few.path, packets=few.packets))


def test_a_reader_that_loses_packets_is_found_out(tmp_path: Path) -> None:
    capture = Bench(tmp_path).capture("short", SMALL["short"])
    command = next(one.command for one in programs.programs() if "use_ek" in one.name)
    run(command.format(file=capture.path, packets=50))
    with pytest.raises(Exception, match="non-zero exit status"):
        run(command.format(file=capture.path, packets=51))


def test_what_the_whole_takes_is_the_start_and_the_rest_as_often() -> None:
    part, whole = Captured(Path("part"), 110), Captured(Path("whole"), 1010)
    cost = projected(Cost(3.0, 4.0, 500, 300), Cost(1.0, 2.0), part, whole)
    assert cost == Cost(1.0 + 2.0 * 10, 2.0 + 2.0 * 10, 500, 300)


def test_a_line_says_how_many_times_as_fast_and_whether_that_is_enough() -> None:
    theirs = [Cost(8.0, 8.0, 3 << 20, 2 << 20), Cost(10.0, 10.0, 5 << 20, 4 << 20), Cost(20.0, 20.0, 1 << 20, 0)]
    measured = {"slow": theirs, OURS: [Cost(2.0, 1.0), Cost(2.0, 1.0), Cost(2.0, 1.0)]}
    program = Program("slow", "", wanted={"web": Target("≥", 5)})
    line = programs._line(program, measured, "web", 1000)
    assert line == ("slow", "100", "10,000.0", "5 (4)", "5.00 (4.50–7.50)", "≥ 5", "yes")
    assert programs._line(program, measured, "names", 1000)[-2:] == ("", "")
    assert programs._line(Program(OURS, ""), measured, "web", 1000)[:5] == (OURS, "500", "1,000.0", "0 (0)", "")


def test_what_is_not_installed_has_a_line_that_says_so() -> None:
    absent = Program("absent", "", needs="no_such_module", wanted={"web": Target("≥", 5)})
    line = programs._line(absent, {OURS: [Cost(1.0, 1.0)]}, "web", 1000)
    assert len(line) == len(COLUMNS) and line[1] == "not installed: no_such_module" and line[-1] == ""
