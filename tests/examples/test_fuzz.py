"""Whatever bytes come, in whatever pieces: no example raises, and the stream goes on.

Hypothesis makes a few hundred payloads for each layer, and shrinks what fails. A plain generator makes many more in the
same time: a thousand by default, ``LABDISSECT_FUZZ=100000`` for as many as that, each read alone and all of them by the
loop."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from construct import ConstructError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labdissect.testing import Frame, run, tcp, udp
from tests.data.examples.make_captures import beacon, message
from tests.examples.loaded import EXAMPLES, module

PAYLOADS = int(os.environ.get("LABDISSECT_FUZZ", "1000"))
BATCH = 1000
"""Payloads of one run of the loop."""
fuzzed = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
batches = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
"""For what runs the whole loop over some dozen packets at a time."""

LAYERS = {"labrdt": "LABRDT", "labchat": "LABCHAT", "labbeacon": "LABBEACON"}


def rdt(seq: int, ack: int, flags: int, window: int, data: bytes, checksum: int | None) -> bytes:
    """A packet of labrdt, its checksum right unless one is given."""
    labrdt = module("labrdt")
    values = {"seq": seq, "ack": ack, "flags": flags, "reserved": 0, "window": window, "length": len(data)}
    values |= {"checksum": checksum or 0, "payload": data}
    if checksum is None:
        values["checksum"] = labrdt.computed_checksum(labrdt.LABRDT.parse_header(labrdt.LABRDT.build(values)))
    made: bytes = labrdt.LABRDT.build(values)
    return made


small = st.integers(0, 12)
right_rdt = st.builds(
    rdt,
    small | st.integers(0, 2**32 - 1),
    small | st.integers(0, 2**32 - 1),
    st.sampled_from([0, 0, 0, 1, 2, 2, 3, 4, 6, 7, 255]),
    small,
    st.binary(max_size=6),
    st.none() | st.integers(0, 65535),
)
right_chat = st.builds(message, st.integers(0, 4), st.text(max_size=20), st.text(max_size=40))
right_beacon = st.builds(beacon, small, small, device=small, name=st.text(max_size=20))
RIGHT = {"labrdt": right_rdt, "labchat": right_chat, "labbeacon": right_beacon}


def payloads(example: str) -> st.SearchStrategy[bytes]:
    """Messages that are right, some that a byte of was changed in, some that were cut, and plain noise."""

    def changed(data: bytes, at: int, to: int) -> bytes:
        place = at % max(len(data), 1)
        return data[:place] + bytes([to]) + data[place + 1 :]

    right = RIGHT[example]
    damaged = st.builds(changed, right, st.integers(0, 100), st.integers(0, 255))
    cut = st.builds(lambda data, to: data[:to], right, small)
    return right | damaged | cut | st.binary(max_size=80)


def reads_or_refuses(example: str, data: bytes) -> None:
    """A layer reads bytes as Construct would build them, or refuses them; nothing else may happen."""
    layer = getattr(module(example), LAYERS[example])
    if layer.matches is not None:
        assert layer.matches(data) in (True, False)
    try:
        container, size = layer.parse_sized(data)
    except ConstructError:
        return
    assert layer.build(container) == data[:size]


@pytest.mark.parametrize("example", LAYERS)
def test_bytes_are_a_message_or_an_error_of_construct(example: str) -> None:
    @fuzzed
    @given(payloads(example))
    def check(data: bytes) -> None:
        reads_or_refuses(example, data)

    check()


def sent_by_udp(payloads: list[bytes], die: Any) -> list[Frame]:
    """Datagrams in both directions."""
    ends = ({"sport": 9001, "dport": 9000}, {"sport": 9000, "dport": 9001, "src": "10.0.0.2", "dst": "10.0.0.1"})
    return [udp(payload, **ends[die.random() < 0.4]) for payload in payloads if payload]


def sent_by_tcp(payloads: list[bytes], die: Any) -> list[Frame]:
    """The payloads as a stream of bytes, cut anywhere; pieces are lost, doubled, overlap and come in any order."""
    stream = b"".join(payloads)
    start = die.randrange(2**32)
    frames = [
        tcp(seq=start - 1, dport=9001, flags="S"),
        tcp(seq=99, ack=start, sport=9001, dport=40000, src="10.0.0.2", dst="10.0.0.1", flags="SA"),
    ]
    pieces, at = [], 0
    while at < len(stream):
        end = at + die.randrange(1, 60)
        pieces.append((max(0, at - die.choice((0, 0, 7))), end))
        at = end
    for number in range(len(pieces)):
        if die.random() < 0.2:
            other = die.randrange(max(0, number - 3), min(len(pieces), number + 4))
            pieces[number], pieces[other] = pieces[other], pieces[number]
    for begin, end in pieces:
        if die.random() > 0.05:
            for _ in range(1 + (die.random() < 0.1)):
                frames.append(tcp(stream[begin:end], seq=start + begin, ack=100, dport=9001, flags="PA"))
    return frames


every_way = pytest.mark.parametrize(
    ("example", "sent"), [("labrdt", sent_by_udp), ("labbeacon", sent_by_udp), ("labchat", sent_by_tcp)]
)


@every_way
def test_nothing_escapes_from_the_loop(example: str, sent: Callable[[list[bytes], Any], list[Frame]]) -> None:
    @batches
    @given(st.lists(payloads(example), min_size=20, max_size=60), st.randoms(use_true_random=False))
    def check(data: list[bytes], die: Any) -> None:
        frames = sent(data, die)
        result = run(EXAMPLES / f"{example}.py", frames)  # raises when the plugin failed, or no sentence can be made
        assert len(result.packets) == len(frames)
        result.texts("en"), result.texts("zh")

    check()


def made(example: str, die: random.Random) -> bytes:
    """One payload, right or not."""

    def number() -> int:
        return die.randrange(13) if die.random() < 0.9 else die.randrange(2**32)

    def text() -> str:
        return "".join(die.choice("aZ 0é中\x1b\u202e\U0001f600\n=") for _ in range(die.randrange(20)))

    if example == "labrdt":
        checksum = None if die.random() < 0.9 else die.randrange(65536)
        flags = die.choice((0, 0, 0, 1, 2, 2, 3, 4, 6, 7, 255))
        data = rdt(number(), number(), flags, die.randrange(9), die.randbytes(die.randrange(6)), checksum)
    elif example == "labchat":
        data = message(die.randrange(5), text(), text())
    else:
        data = beacon(number(), number(), device=die.randrange(9), name=text())
    match die.randrange(8):
        case 0:
            at = die.randrange(len(data))
            return data[:at] + die.randbytes(1) + data[at + 1 :]
        case 1:
            return data[: die.randrange(len(data))]
        case 2:
            return die.randbytes(die.randrange(80))
    return data


@every_way
def test_many_payloads(example: str, sent: Callable[[list[bytes], Any], list[Frame]]) -> None:
    die = random.Random(f"{example} {PAYLOADS}")
    for _ in range(max(1, PAYLOADS // BATCH)):
        data = [made(example, die) for _ in range(BATCH)]
        for one in data:
            reads_or_refuses(example, one)
        frames = sent(data, die)
        result = run(EXAMPLES / f"{example}.py", frames)
        assert len(result.packets) == len(frames)
