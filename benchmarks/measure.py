"""Measuring commands: they take turns, so that a machine's moods hit all alike; medians with their spread."""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SAMPLING = 0.1
"""Seconds between two looks at a command's memory; each takes a fraction of a millisecond."""


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds of wall time, seconds of CPU (user and system, of all its processes), and, where it
    was looked at, bytes of memory."""

    wall: float
    cpu: float
    memory: int = 0
    """The most that its processes had resident at one time, together."""
    tshark_memory: int = 0
    """tshark's part of that."""


@dataclass(frozen=True)
class Spread:
    """A median with the quartiles around it."""

    median: float
    low: float
    high: float

    def shown(self, digits: int = 3) -> str:
        """As tables have it."""
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f}–{self.high:,.{digits}f})"

    def __str__(self) -> str:
        return self.shown()


def spread(values: list[float]) -> Spread:
    """Median and quartiles."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


def percentiles(values: list[float]) -> Spread:
    """Median, with the lowest and the 99th percentile around it."""
    return Spread(statistics.median(values), min(values), statistics.quantiles(values, n=100, method="inclusive")[98])


def wall(cost: Cost) -> float:
    """Seconds on the clock."""
    return cost.wall


def cpu(cost: Cost) -> float:
    """Seconds of CPU."""
    return cost.cpu


def run(command: str, *, memory: bool = False) -> Cost:
    """Runs a shell command to its end.

    :param memory: also look at its memory, now and then
    :raises subprocess.CalledProcessError: when it fails
    """
    # as installed: Python may keep what it compiled
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    shell = ["bash", "-o", "pipefail", "-c", command]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    with subprocess.Popen(shell, stderr=subprocess.PIPE, env=environment) as process:
        looked_at = _Memory(process.pid) if memory else None
        errors = process.communicate()[1]
    took = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if looked_at is not None:
        looked_at.stop()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=errors)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(took, seconds, *((looked_at.most, looked_at.tshark) if looked_at else ()))


class _Memory(threading.Thread):
    """Looks at what a process and its descendants have resident (on Linux; elsewhere it sees nothing)."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.most = self.tshark = 0
        self._process = process
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._ended.wait(SAMPLING):
            seen = [_program(process) for process in _descendants(self._process)]
            together = sum(size for name, size in seen if name != "bash")
            if together > self.most:
                self.most = together
                self.tshark = sum(size for name, size in seen if name == "tshark")

    def stop(self) -> None:
        """Looks no more."""
        self._ended.set()
        self.join()


def _descendants(process: int) -> list[int]:
    """The process itself, and all that it and they have started; those that ended meanwhile are left out."""
    try:
        threads = list(Path(f"/proc/{process}/task").iterdir())
        children = [int(one) for thread in threads for one in (thread / "children").read_text("ascii").split()]
    except OSError:
        return []
    return [process, *(one for child in children for one in _descendants(child))]


def _program(process: int) -> tuple[str, int]:
    """Its name, and the bytes that it has resident."""
    try:
        return Path(f"/proc/{process}/comm").read_text("utf-8").strip(), resident(process)
    except OSError:
        return "", 0


def resident(process: int) -> int:
    """Bytes of memory that a process has now. Raises OSError when it has ended."""
    statm = Path(f"/proc/{process}/statm").read_text(encoding="ascii")
    return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def rounds(commands: Mapping[str, str], count: int, *, memory: bool = False) -> dict[str, list[Cost]]:
    """``count`` times all commands in turn, each time another one first; by name what each run took."""
    names = list(commands)
    measured: dict[str, list[Cost]] = {name: [] for name in names}
    for turn in range(count):
        first = turn % len(names)
        for name in (*names[first:], *names[:first]):
            measured[name].append(run(commands[name], memory=memory))
    return measured


def pairs(one: str, other: str, count: int) -> list[tuple[Cost, Cost]]:
    """``count`` pairs of runs, the order changing from pair to pair; one unmeasured pair comes first."""
    commands = {"one": one, "other": other}
    rounds(commands, 1)
    measured = rounds(commands, count)
    return list(zip(measured["one"], measured["other"], strict=True))


def ratios(measured: list[tuple[Cost, Cost]], of: Callable[[Cost], float]) -> Spread:
    """Of each pair, the second's cost over the first's."""
    return spread([of(second) / of(first) for first, second in measured])


def memory_while_writing(
    consumer: list[str], blocks: Iterable[tuple[int, bytes]], watch: Collection[int]
) -> dict[int, int]:
    """Resident memory (bytes) of ``consumer`` when it was given so many packets, for those numbers that ``watch`` has
    (what waits in the pipe is counted as given).

    :param blocks: its input, each block with the number of packets that there are with it
    :raises subprocess.CalledProcessError: when it fails
    """
    seen: dict[int, int] = {}
    with subprocess.Popen(consumer, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        for packets, block in blocks:
            process.stdin.write(block)
            if packets in watch:
                seen[packets] = resident(process.pid)
        process.stdin.close()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, consumer)
    return seen


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
