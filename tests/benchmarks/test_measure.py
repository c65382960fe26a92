"""Commands are run, in turns; no time that they take is tested."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.measure import Cost, memory_while_writing, pairs, peak_memory, ratios, rounds, run, spread, wall

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")


def test_runs_take_turns_and_each_comes_first_at_times(tmp_path: Path) -> None:
    said = tmp_path / "said"
    measured = rounds({name: f"echo -n {name} >> {said}" for name in "abc"}, 3)
    assert said.read_text() == "abc" + "bca" + "cab"
    assert {name: len(costs) for name, costs in measured.items()} == {"a": 3, "b": 3, "c": 3}


def test_pairs_begin_with_one_that_does_not_count(tmp_path: Path) -> None:
    said = tmp_path / "said"
    measured = pairs(f"echo -n a >> {said}", f"echo -n b >> {said}", 2)
    assert said.read_text() == "ab" + "ab" + "ba" and len(measured) == 2


def test_a_command_that_fails_ends_the_measurement_and_says_why() -> None:
    with pytest.raises(subprocess.CalledProcessError) as raised:
        run("echo no such thing >&2; exit 3")
    assert raised.value.returncode == 3 and raised.value.stderr == b"no such thing\n"


def test_a_failure_within_a_pipe_counts() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run("false | true")


def test_ratios_are_of_each_pair() -> None:
    measured = [(Cost(1, 0), Cost(2, 0)), (Cost(4, 0), Cost(4, 0)), (Cost(2, 0), Cost(8, 0))]
    assert ratios(measured, wall).median == 2


def test_the_spread_of_one_value_is_that_value() -> None:
    assert spread([4.0]) == spread([4.0, 4.0, 4.0])


@linux
def test_the_memory_of_a_command_is_that_of_all_its_processes() -> None:
    held = f"{sys.executable} -c 'import time; held = bytearray(60_000_000); time.sleep(0.6)'"
    alone, both = (run(command, memory=True).memory for command in (held, f"{held} | {held}"))
    assert 60_000_000 < alone < 110_000_000 and both - alone > 60_000_000


@linux
def test_a_programs_peak_is_seen_though_it_frees_it() -> None:
    held = "held = bytearray(80_000_000); del held; import time; time.sleep(0.3)"
    assert peak_memory([sys.executable, "-c", held]) > 80_000_000


@linux
def test_memory_is_looked_at_when_so_many_packets_were_given() -> None:
    def blocks() -> Iterator[tuple[int, bytes]]:
        for packets in range(1000, 41_000, 1000):
            yield packets, bytes(1_000_000)

    keep = "import sys, time; held = []\nwhile piece := sys.stdin.buffer.read(1_000_000): held.append(piece)"
    seen = memory_while_writing([sys.executable, "-c", keep], blocks(), {2000, 40_000})
    assert seen.keys() == {2000, 40_000} and seen[40_000] - seen[2000] > 30_000_000
