"""Loss and what is taken for it over a path that kept a record of what it did (tests/data/built/make_rough.py)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from labdissect.plugins.packet import Packet
from labdissect.plugins.tcp.conversation import FIN, SYN
from tests.conftest import BUILT, Annotated, judged

ENDS = {"client": "10.9.0.1", "server": "10.9.0.2"}
SENT_AGAIN = {
    "tcp.loss.fast-retransmit",
    "tcp.loss.rto",
    "tcp.loss.tail",
    "tcp.loss.spurious",
    "tcp.open.syn-retransmitted",
    "tcp.open.syn-ack-retransmitted",
    "tcp.close.fin-retransmitted",
}


@dataclass
class Seen:
    """A packet that took sequence numbers, as an end's capture has it, and what the path says of it."""

    number: int
    codes: set[str]
    path: str
    """What the path did to it."""
    before: list[str]
    """What the path did to the packets of which it is a repetition."""
    sight: int
    """The how many-th time it is in the capture: the path doubled some."""


@cache
def record() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (BUILT / "tcp-rough.jsonl").read_text(encoding="utf-8").splitlines()]


@cache
def seen(end: str) -> tuple[Seen, ...]:
    result = judged(f"built/tcp-rough-{end}")
    sights: dict[tuple[str, int, int], int] = {}
    found = []
    for packet in result.packets:
        numbered = packet.tcp is not None and (packet.tcp.len or packet.tcp.flags & (SYN | FIN))
        if numbered and packet.ip.id:  # Linux' SYN-ACKs all have 0, and the record cannot tell them apart
            found.append(_seen(packet, result, sights))
    return tuple(found)


def _seen(packet: Packet, result: Annotated, sights: dict[tuple[str, int, int], int]) -> Seen:
    by = next(end for end, address in ENDS.items() if address == packet.ip.src)
    tcp = packet.tcp
    end_of_it = tcp.seq_raw + tcp.len + bool(tcp.flags & (SYN | FIN))
    overlapping = [
        one
        for one in record()
        if one["by"] == by
        and one["seq"] < end_of_it
        and tcp.seq_raw < one["seq"] + one["length"] + bool(one["flags"] & (SYN | FIN))
    ]
    place = next(at for at, one in enumerate(overlapping) if (one["id"], one["seq"]) == (packet.ip.id, tcp.seq_raw))
    key = (by, packet.ip.id, tcp.seq_raw)
    sights[key] = sights.get(key, 0) + 1
    earlier = [one["path"] for one in overlapping[:place]]
    return Seen(packet.number, set(result.codes(packet.number)), overlapping[place]["path"], earlier, sights[key])


@pytest.mark.parametrize("end", ENDS)
def test_what_was_sent_once_is_no_retransmission(end: str) -> None:
    """However late it came; the kinds that there are, so that none of this is true of nothing."""
    first = [one for one in seen(end) if not one.before and one.sight == 1]
    assert not [one for one in first if one.codes & SENT_AGAIN]
    late = [one for one in first if one.path == "late" and "tcp.loss.out-of-order" in one.codes]
    assert len(late) == (10 if end == "client" else 0)


@pytest.mark.parametrize("end", ENDS)
def test_what_the_path_doubled_was_seen_twice(end: str) -> None:
    doubled = [one for one in seen(end) if one.sight > 1]
    assert len(doubled) == (10 if end == "client" else 0)
    for one in doubled:
        assert "frame.captured-twice" in one.codes and not [code for code in one.codes if code.startswith("tcp.")]
    assert not [one for one in seen(end) if one.sight == 1 and "frame.captured-twice" in one.codes]


@pytest.mark.parametrize("end", ENDS)
def test_only_what_had_arrived_was_resent_needlessly(end: str) -> None:
    needless = [one for one in seen(end) if "tcp.loss.spurious" in one.codes]
    assert len(needless) == 7
    for one in needless:
        assert set(one.before) - {"lost"}, one


def test_at_the_sender_every_repetition_has_its_reason() -> None:
    """At the server, whose bytes these are: each one that repeats others, and none but these."""
    for one in seen("server"):
        if one.before and one.sight == 1:
            assert one.codes & SENT_AGAIN, one


def test_out_of_order_is_said_of_first_copies_alone() -> None:
    wordings = set()
    late = judged("built/tcp-rough-client")
    by_number = {one.number: one for one in seen("client")}
    for number in late.frames("tcp.loss.out-of-order"):
        assert not by_number[number].before and by_number[number].path == "late"
        wordings.add(late.verdict(number, "tcp.loss.out-of-order").wording)
    assert wordings == {"timestamps", "older", "id", "first-copy"}
