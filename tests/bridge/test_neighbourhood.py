"""What `labdissect why` gathers about one packet, on real captures."""

from __future__ import annotations

import pytest

from labdissect.bridge.neighbourhood import NEIGHBOURS, Neighbourhood
from labdissect.bridge.run import annotate
from labdissect.plugins.registry import Registry
from tests.conftest import ek, judged


def around(registry: Registry, name: str, number: int) -> Neighbourhood:
    found = Neighbourhood(number)
    annotate([ek(name)], registry.readers["ek"], found, registry, lambda problem: None)
    return found


@pytest.mark.parametrize("name", ["tcp-four-way-close", "dns-basic", "rdt-stop-and-wait", "tcp-rto"])
def test_neighbours_are_the_nearest_of_the_same_conversation(registry: Registry, name: str) -> None:
    packets = judged(name).packets
    streams = [
        (
            packet.number,
            None if packet.conversation is None else (packet.conversation.proto, packet.conversation.stream),
        )
        for packet in packets
    ]
    for number in {1, 2, len(packets) // 2, len(packets)}:
        found = around(registry, name, number)
        assert found.packet_there is not None and found.packet_there.number == number
        own = dict(streams)[number]
        same = [other for other, stream in streams if stream == own]
        place = same.index(number)
        assert [one.number for one in found.before] == same[max(0, place - NEIGHBOURS) : place]
        assert [one.number for one in found.after] == same[place + 1 : place + 1 + NEIGHBOURS]
        for one in (*found.before, *found.after):
            assert one.verdict is None or one.verdict.about == one.number


@pytest.mark.parametrize("name", ["http-redirect", "dns-no-answer"])
def test_what_later_packets_and_the_end_tell_of_it_is_kept(registry: Registry, name: str) -> None:
    told = []
    for number in range(1, len(judged(name).packets) + 1):
        later = around(registry, name, number).later
        assert all(verdict.about == number for verdict in later)
        told += [verdict.decided[0] for verdict in later]
        assert all(frame is None or frame > number for frame in told[-len(later) :] if later)
    assert told


@pytest.mark.parametrize("number", [0, 10_000])
def test_a_frame_that_is_not_there(registry: Registry, number: int) -> None:
    found = around(registry, "tcp-four-way-close", number)
    assert found.packet_there is None
    assert (found.verdicts, found.later, found.after) == ((), [], [])
