"""Measuring commands: pairs that take turns, so that a machine's moods hit both alike; medians with their spread."""

from __future__ import annotations

import os
import re
import resource
import shlex
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time and of CPU (user and system, of all the command's processes)."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Spread:
    """A median with the quartiles around it."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f} ({self.low:.3f}–{self.high:.3f})"


def spread(values: list[float]) -> Spread:
    """Median and quartiles."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


def percentiles(values: list[float]) -> Spread:
    """Median, with the lowest and the 99th percentile around it."""
    return Spread(statistics.median(values), min(values), statistics.quantiles(values, n=100, method="inclusive")[98])


def run(command: str) -> Cost:
    """Runs a shell command to its end. Raises subprocess.CalledProcessError when it fails."""
    # as installed: Python may keep what it compiled
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True, stderr=subprocess.DEVNULL, env=environment)
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def pairs(one: str, other: str, count: int) -> list[tuple[Cost, Cost]]:
    """``count`` pairs of runs, the order changing from pair to pair; one unmeasured pair comes first."""
    run(one)
    run(other)
    measured = []
    for turn in range(count):
        if turn % 2:
            second, first = run(other), run(one)
        else:
            first, second = run(one), run(other)
        measured.append((first, second))
    return measured


def ratios(measured: list[tuple[Cost, Cost]], of: Callable[[Cost], float]) -> Spread:
    """Of each pair, the second's cost over the first's."""
    return spread([of(second) / of(first) for first, second in measured])


def memory_while_reading(producer: str, consumer: list[str], watch: Callable[[int], bool]) -> dict[int, int]:
    """Resident memory (bytes) of ``consumer`` when it has put out so many packets, for those that ``watch`` wants."""
    seen: dict[int, int] = {}
    with (
        subprocess.Popen(shlex.split(producer), stdout=subprocess.PIPE) as source,
        subprocess.Popen(consumer, stdin=source.stdout, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        packets = 0
        for line in process.stdout:
            if line.startswith(b'{"index'):
                continue
            packets += 1
            if watch(packets):
                seen[packets] = _resident(process.pid)
    return seen


def _resident(process: int) -> int:
    statm = Path(f"/proc/{process}/statm").read_text(encoding="ascii")
    return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak_memory(command: list[str]) -> int:
    """The most resident memory (bytes) that a program had, without the programs that it starts. Raises
    subprocess.CalledProcessError when it fails."""
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
            peak = max(peak, int(found[1]) << 10) if found else peak
            time.sleep(0.02)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak
