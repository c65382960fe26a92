"""The order of verdicts, what the headline is, and that each packet goes to the analyzers of its layers once."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.engine import Engine, arranged, headline
from labdissect.dissectors.layer import Text
from labdissect.plugins.analyzer import BaseAnalyzer, Settings
from labdissect.plugins.packet import Packet
from labdissect.plugins.registry import Registry
from labdissect.plugins.rule import Rule, Verdict
from labdissect.plugins.writer import Problem
from tests.bridge.program import labdissect
from tests.conftest import capture_path, ek, judged

PACKETS = judged("tcp-four-way-close").packets
RANKS = [Rule(f"lab.r{rank}", "tcp", "note", rank, Text("Said.", "已说。")) for rank in range(6)]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([3, 3, 3, 1, 2])), max_size=8))
def test_verdicts_about_the_packet_come_first_then_by_rank(made: list[tuple[int, int]]) -> None:
    packet = PACKETS[2]
    verdicts = [Verdict(RANKS[rank], about, {"place": place}) for place, (rank, about) in enumerate(made)]
    found = arranged(list(verdicts), packet)
    keys = [(one.about != packet.number, -one.rule.rank, one.params["place"]) for one in found]
    assert keys == sorted(keys)  # equals stay in the order in which they were said
    assert sorted(map(id, found)) == sorted(map(id, verdicts))
    assert all(one.decided == (3, "tcp", packet.conversation.stream) for one in found)
    first = headline(found, packet)
    own = [one for one in verdicts if one.about == packet.number]
    assert (first is None) == (not own)
    assert first is None or (first.about == packet.number and first.rule.rank == max(one.rule.rank for one in own))


class Counting(BaseAnalyzer):
    """Notes the frames that it is shown."""

    def __init__(self, layers: tuple[str, ...], *, routine: bool = True) -> None:
        self.layers = layers
        self.wants_routine = routine
        self.seen: Counter[int] = Counter()
        self.finished = 0

    def analyze(self, packet: Packet) -> None:
        self.seen[packet.number] += 1

    def finish(self) -> list[Verdict]:
        self.finished += 1
        return [Verdict(RANKS[0], 1, {})]


def engine_with(registry: Registry, *analyzers: BaseAnalyzer) -> tuple[Engine, list[Problem]]:
    problems: list[Problem] = []
    return Engine(registry, Settings(), problems.append, analyzers=analyzers), problems


def run(engine: Engine, registry: Registry, name: str) -> list[list[Verdict]]:
    reader = registry.readers["ek"].make(registry.layers, lambda problem: None, engine.wanted, ())
    records = [*reader.records(ek(name)), *reader.end()]
    return [engine.annotate(record.packet) for record in records if record.packet is not None]


@pytest.mark.parametrize(
    ("layers", "name", "frames"),
    [
        (("tcp",), "tcp-four-way-close", range(1, 14)),
        (("tcp", "ip", "eth"), "tcp-four-way-close", range(1, 14)),  # of several layers it is shown a packet once
        (("udp",), "tcp-four-way-close", range(0)),
        (("frame",), "dns-basic", range(1, len(judged("dns-basic").packets) + 1)),
    ],
)
def test_an_analyzer_sees_the_packets_of_its_layers_once(
    registry: Registry, layers: tuple[str, ...], name: str, frames: range
) -> None:
    counting = Counting(layers)
    engine, problems = engine_with(registry, counting)
    run(engine, registry, name)
    assert counting.seen == Counter(frames)
    assert [verdict.rule for verdict in engine.finish()] == [RANKS[0]]
    assert counting.finished == 1 and problems == []


CUT = 34
"""Bytes: Ethernet's and IPv4's header. Of what ``frame.protocols`` names behind them, nothing is there."""


@pytest.mark.parametrize(("name", "layer"), [("http-get", "tcp"), ("icmp-echo", "icmp"), ("dns-basic", "udp")])
def test_a_packet_whose_layer_was_cut_away_is_still_one_of_its_other_layers(
    registry: Registry, tmp_path: Path, name: str, layer: str
) -> None:
    path = tmp_path / "cut.pcapng"
    subprocess.run(["editcap", "-s", str(CUT), capture_path(name), path], check=True, capture_output=True)
    full = subprocess.run(["tshark", "-n", "-r", path, "-T", "ek"], check=True, capture_output=True).stdout
    alone, with_ip = Counting((layer,)), Counting((layer, "ip"))
    engine, _ = engine_with(registry, alone, with_ip)
    reader = registry.readers["ek"].make(registry.layers, lambda problem: None, engine.wanted, ())
    packets = [one.packet for one in (*reader.records(full), *reader.end()) if one.packet is not None]
    for packet in packets:
        engine.annotate(packet)
    cut = [packet.number for packet in packets if layer in packet.protocols.split(":")]
    assert not alone.seen and cut and with_ip.seen.keys() >= set(cut)
    said = [json.loads(line) for line in labdissect("-o", "jsonl", stdin=full).lines]
    assert {one["code"] for one in said} >= {"frame.snapped", "eth.type"}
    assert said == [json.loads(line) for line in labdissect(path, "-o", "jsonl").lines]


def test_who_wants_no_routine_segments_is_spared_them(registry: Registry) -> None:
    every, some = Counting(("tcp",)), Counting(("tcp",), routine=False)
    engine, _ = engine_with(registry, every, some)
    run(engine, registry, "tcp-rto")
    assert some.seen.keys() < every.seen.keys() and some.seen


def test_one_that_fails_is_switched_off_and_the_others_go_on(registry: Registry) -> None:
    class Failing(Counting):
        def analyze(self, packet: Packet) -> None:
            super().analyze(packet)
            if packet.number == 5:
                raise ValueError("here")

    failing, other = Failing(("tcp",)), Counting(("tcp",))
    engine, problems = engine_with(registry, failing, other)
    verdicts = run(engine, registry, "tcp-four-way-close")
    assert failing.seen == Counter(range(1, 6)) and other.seen == Counter(range(1, 14))
    assert [len(found) for found in verdicts] == [0] * 4 + [1] + [0] * 8
    (failed,) = verdicts[4]
    assert (failed.rule.code, failed.about, failed.params["file"]) == ("plugin.failed", 5, "test_engine.py")
    engine.finish()
    assert failing.finished == 0 and engine.failures == 1
    assert len(problems) == 1 and problems[0].fatal and "failed at frame 5: ValueError: here" in problems[0].message
