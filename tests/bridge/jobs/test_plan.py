"""Who reads what."""

from __future__ import annotations

from collections.abc import Sequence
from io import RawIOBase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.jobs.feeding import Feeder
from labdissect.bridge.jobs.packets import NotSplit
from labdissect.bridge.jobs.plan import Plan, dealt, planned
from tests.bridge.jobs.made import mixture, pcap, pcapng
from tests.bridge.jobs.test_packets import records

MIXTURE = [frame.data for frame in mixture()]


class Pipe(RawIOBase):
    """Takes what a feeder writes, a little at a time."""

    def __init__(self, at_once: int = 1000) -> None:
        self.data = bytearray()
        self._at_once = at_once

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        some = bytes(data)[: self._at_once]
        self.data += some
        return len(some)


def fed(plan: Plan, folder: Path) -> list[list[bytes]]:
    """The packets that each shard gets."""
    shards = []
    for shard in range(len(plan.counts)):
        pipe = Pipe()
        feeder = Feeder(plan, shard, pipe)
        feeder.run()
        assert feeder.problem is None and pipe.closed
        (folder / "shard").write_bytes(pipe.data)
        shards.append(records(folder / "shard"))
    return shards


@given(
    picked=st.lists(st.integers(0, len(MIXTURE) - 1), max_size=40),
    jobs=st.integers(2, 6),
    order=st.sampled_from("<>"),
    form=st.booleans(),
    names=st.integers(0, 3),
)
def test_every_packet_is_in_one_shard_and_order_is_kept(
    tmp_path_factory: pytest.TempPathFactory, picked: Sequence[int], jobs: int, order: str, form: bool, names: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    packets = [MIXTURE[number] for number in picked]
    file = folder / "capture"
    file.write_bytes(pcapng(packets, order, links=[1, 1], names_every=names) if form else pcap(packets, order))
    try:
        plan = planned(file, jobs)
    except NotSplit:
        return
    shards = fed(plan, folder)
    assert 2 <= len(shards) <= jobs
    assert [len(shard) for shard in shards] == list(plan.counts)
    assert all(plan.counts)
    left = [iter(shard) for shard in shards]
    assert [next(left[shard]) for shard in plan.order] == packets


@given(sizes=st.dictionaries(st.integers(0, 255), st.integers(1, 1000), max_size=60), shards=st.integers(1, 8))
def test_shards_are_about_as_large(sizes: dict[int, int], shards: int) -> None:
    shard_of = dealt(sizes, shards)
    loads = [sum(size for group, size in sizes.items() if shard_of[group] == one) for one in range(shards)]
    assert sum(loads) == sum(sizes.values())
    assert max(loads) - min(loads) <= max(sizes.values(), default=0)
    assert set(shard_of.values()) == set(range(min(shards, len(sizes))))


def test_conversations_that_follow_one_another_alternate() -> None:
    assert list(dealt({5: 10, 3: 10, 9: 10, 1: 10}, 2).values()) == [0, 1, 0, 1]


def test_a_capture_that_changes_is_told(tmp_path: Path) -> None:
    file = tmp_path / "capture"
    file.write_bytes(pcap(MIXTURE))
    plan = planned(file, 2)
    file.write_bytes(pcap(MIXTURE)[:-100])
    feeder = Feeder(plan, 0, Pipe())  # type: ignore[arg-type]
    feeder.run()
    assert feeder.problem == "it was cut meanwhile"
