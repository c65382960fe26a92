from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.failures import Failure
from labdissect.bridge.held import HeldPackets
from labdissect.plugins.writer import Said
from tests.bridge.program import ROOT, environment


def said(about: int, text: str = "said", rank: int = 50) -> Said:
    return Said(about, "test.said", "chat", rank, text)


def test_packets_come_out_as_they_went_in_with_what_was_said_of_them() -> None:
    held = HeldPackets()
    for number in range(1, 1501):
        held.add(number, b"%d" % number)
    held.add_later(said(7, "first", 10))
    held.add_later(said(1500))
    held.add_later(said(7, "high", 90))
    held.add_later(said(7, "second", 10))
    found = list(held.taken(held.count))
    assert [(number, draft) for number, draft, _, _ in found] == [(number, b"%d" % number) for number in range(1, 1501)]
    assert [one.text for one in found[6][3]] == ["high", "first", "second"]
    assert [number for number, _, _, later in found if later] == [7, 1500]
    assert held.count == 0 and not list(held.taken(1))


def test_it_knows_who_waits() -> None:
    held = HeldPackets()
    for number in (2, 3, 9):
        held.add(number, b"")
    assert [number for number in range(12) if held.knows(number)] == [2, 3, 9]
    assert not held.knows(-1) and not held.knows(2**70)
    assert [number for number, _, _, _ in held.taken(2)] == [2, 3]
    assert [number for number in range(12) if held.knows(number)] == [9]


@given(st.lists(st.one_of(st.integers(1, 60), st.just(0)), max_size=60))
def test_some_at_a_time_is_the_same_as_all_at_once(steps: list[int]) -> None:
    """A step of 0 takes three packets; any other adds one and says something of an earlier one."""
    held = HeldPackets()
    came: list[tuple[int, str]] = []
    waiting: dict[int, list[str]] = {}
    expected: list[tuple[int, str]] = []
    for index, step in enumerate(steps, 1):
        if step:
            held.add(index, b"")
            waiting[index] = []
            if held.knows(step):
                held.add_later(said(step, f"{index}"))
                waiting[step].append(f"{index}")
            continue
        came += [(number, one.text) for number, _, _, later in held.taken(3) for one in later]
        for number in list(waiting)[:3]:
            expected += [(number, text) for text in waiting.pop(number)]
    came += [(number, one.text) for number, _, _, later in held.taken(held.count) for one in later]
    expected += [(number, text) for number, texts in waiting.items() for text in texts]
    assert came == expected


def test_a_full_disk_is_a_failure_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    held = HeldPackets()
    held._database.execute("PRAGMA max_page_count = 40")
    with pytest.raises(Failure, match=r"do not fit on the disk.*full"):
        for number in range(1, 5000):
            held.add(number, bytes(1000))


def test_sqlite_can_be_used() -> None:
    assert sqlite3.sqlite_version_info >= (3, 8)


def test_memory_does_not_grow_with_the_packets() -> None:
    """200,000 packets of 300 bytes are 60 MB."""
    program = (
        "import resource\n"
        "from labdissect.bridge.held import HeldPackets\n"
        "from labdissect.plugins.writer import Said\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "held = HeldPackets()\n"
        "def add(first, last):\n"
        "    for number in range(first, last):\n"
        "        held.add(number, bytes(300))\n"
        "        if number % 4 == 0:\n"
        "            held.add_later(Said(number - 1, 'test.said', 'chat', 1, 'said of a packet, later'))\n"
        "add(1, 20_000)\n"
        "before = peak()\n"
        "add(20_000, 200_000)\n"
        "assert sum(len(later) for *_, later in held.taken(held.count)) == 49_999\n"
        "print(peak() - before)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env=environment(), cwd=ROOT, timeout=300
    )
    assert int(ran.stdout) < 15
