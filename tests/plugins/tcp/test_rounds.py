"""Rounds of a sender, counted anew from tshark's columns."""

from __future__ import annotations

from itertools import pairwise

import pytest

from labdissect.plugins.rule import render
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.tcp.endpoint import ROUNDS_LIMIT
from labdissect.plugins.tcp.rounds import captured_at, full_segment, rounds
from tests.conftest import judged, tshark


def connection(name: str) -> Conversation:
    (found,) = (one for one in judged(name).conversations if isinstance(one, Conversation))
    return found


def counted(name: str, sender: int) -> list[int]:
    """Bytes of each round: new bytes up to the first ACK of something in it."""
    printed = tshark(name, "-T", "fields", "-e", "tcp.srcport", "-e", "tcp.seq", "-e", "tcp.len", "-e", "tcp.ack")
    found: list[int] = []
    begin = highest = 1
    for source, seq, length, ack in (map(int, line.split("\t")) for line in printed.decode().splitlines()):
        if source == sender:
            highest = max(highest, seq + length)
        elif ack > begin and highest > begin:
            found.append(highest - begin)
            begin = highest
    return found[:ROUNDS_LIMIT]


@pytest.mark.parametrize(
    "name", ["tcp-slow-start", "tcp-zero-window", "tcp-fast-retransmit-sack", "tcp-tiny-mss", "http-keepalive"]
)
def test_rounds_are_those_of_the_segments(name: str) -> None:
    one = connection(name)
    assert rounds(one, one.client) == counted(name, one.client.port)


def test_slow_start_and_what_follows_the_loss() -> None:
    one = connection("tcp-slow-start")
    found = rounds(one, one.client) or []
    assert found[:3] == [10 * 1448, 20 * 1448, 40 * 1448]
    assert sum(found) == 450_000
    after = found[4:7]  # the fourth round is the one of the repair
    assert [late - early for early, late in pairwise(after)] == [1448, 1448]
    assert full_segment(one.client, one.server) == 1448


def test_slow_start_is_said_once_when_the_third_round_is_over() -> None:
    slow = judged("tcp-slow-start")
    (frame,) = slow.frames("tcp.flow.slow-start")
    verdict = slow.verdict(frame, "tcp.flow.slow-start")
    assert verdict.params == {"who": "client", "first": 14480, "second": 28960, "third": 57920}
    assert [one.value for one in verdict.evidence] == [1449, 15929, 44889]
    assert "14480, 28960 and 57920 bytes" in render(verdict)


def test_the_receiver_cannot_see_the_senders_rounds() -> None:
    one = connection("tcp-slow-start-at-the-receiver")
    assert one.client.rounds
    assert not captured_at(one, one.client) and captured_at(one, one.server)
    assert rounds(one, one.client) is None
    assert not judged("tcp-slow-start-at-the-receiver").frames("tcp.flow.slow-start")


@pytest.mark.parametrize("name", ["tcp-mid-capture", "tcp-one-sided", "tcp-syn-lost", "tcp-simultaneous-open"])
def test_without_the_handshakes_times_nothing_is_said(name: str) -> None:
    one = connection(name)
    assert rounds(one, one.client) is rounds(one, one.server) is None


def test_a_program_that_writes_little_by_little_is_no_slow_start() -> None:
    for name in ("http-keepalive", "tcp-zero-window", "tcp-delayed-ack", "web-django-curl", "tcp-nagle"):
        assert not judged(name).frames("tcp.flow.slow-start")
