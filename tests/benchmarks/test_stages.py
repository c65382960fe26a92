"""The profile runs the whole loop on what tshark prints; no time that it takes is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.inputs import write_small
from benchmarks.stages import STAGES, Loop, Watched, stages
from labdissect import BaseAnalyzer


@pytest.mark.parametrize("output", ["ek", "jsonl"])
def test_every_stage_and_every_analyzer_has_its_share(output: str, tmp_path: Path) -> None:
    packets = write_small(tmp_path / "small.pcap", 2)
    loop = Loop(tmp_path / "small.pcap", packets, output)
    assert tuple(stages(loop, 1)) == STAGES
    took = loop.analyzers()
    assert took["plugins.tcp.opening.Opening"] and took["plugins.tcp.data.Data"]  # exactly 0 if never asked


def test_packets_that_are_lost_are_noticed(tmp_path: Path) -> None:
    packets = write_small(tmp_path / "small.pcap", 1)
    with pytest.raises(ValueError, match=f"{packets} packets were read of {packets + 1}"):
        Loop(tmp_path / "small.pcap", packets + 1, "jsonl").stage("read")


def test_an_analyzer_that_is_watched_says_what_it_says() -> None:
    class Speaks(BaseAnalyzer):
        layers = ("tcp",)
        wants_routine = False

        def analyze(self, packet):
            yield packet

    watched = Watched(Speaks())
    assert watched.analyze("said") == ["said"] and watched.calls == 1
    assert watched.layers == ("tcp",) and not watched.wants_routine and watched.finish() is None
