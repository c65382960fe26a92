"""What one end sends in each round trip, from which the growth of its congestion window shows (RFC 5681 §3.1).

A round ends with the first acknowledgment of something that was sent in it, one round-trip time after it began: what
was newly sent meanwhile is the next round. That is so where the capture was taken at the sender. Elsewhere the
acknowledgments pass the capture point before the sender has them, so the rounds seen there are none of its own.
"""

from __future__ import annotations

from typing import NamedTuple

from .conversation import TIMESTAMPS, Conversation
from .endpoint import Endpoint, Round

NEAR = 0.1
"""Share of the handshake's round trip that may lie between the capture point and an end at which it was taken."""
TIMESTAMPS_LENGTH = 12
"""Bytes that the timestamps option takes in each header, padding included (RFC 7323 §3.2)."""
FEWEST, MOST = 1.5, 2.1
"""By what slow start multiplies a round: 2 when every segment or byte acknowledged counts, 1.5 when ACKs count that
are sent for every second segment (RFC 5681 §3.1)."""


class Growth(NamedTuple):
    """Three rounds in a row, each about twice the one before."""

    first: Round
    second: Round
    third: Round


def captured_at(conversation: Conversation, end: Endpoint) -> bool:
    """Whether the capture was taken at this end, or so near to it that it makes no difference: nearly the whole of the
    handshake's round trip passes between the capture point and the other end. False where the capture does not tell."""
    client, server = conversation.client, conversation.server
    times = (client.syn_time, server.syn_time, conversation.handshake_time)
    if None in times or client.syn_copies or server.syn_copies or conversation.simultaneous_open:
        return False
    asked, answered, opened = (time or 0 for time in times)
    near = opened - answered if end is client else answered - asked
    return 0 <= near <= NEAR * (opened - asked)


def rounds(conversation: Conversation, end: Endpoint) -> list[int] | None:
    """Bytes of payload that it newly sent in each of its first rounds; None when no round was seen to end, or the
    capture was not taken at this end."""
    if not end.rounds or not captured_at(conversation, end):
        return None
    return [one.length for one in end.rounds]


def doubling(conversation: Conversation, end: Endpoint) -> Growth | None:
    """The newest three rounds, if nothing but the congestion window explains them: each grew by what slow start adds and
    was sent in full segments, without loss, with room left in the other end's window."""
    if len(end.rounds) < 3 or end.retransmissions:
        return None
    first, second, third = end.rounds[-3:]
    # before all else, as most rounds are as long as the one before
    if not (_doubled(second, third) and _doubled(first, second)):
        return None
    if not captured_at(conversation, end):
        return None
    other = conversation.server if end is conversation.client else conversation.client
    size = full_segment(end, other)
    if size is None or not other.window_scaled or (other.window or 0) < third.length + size:
        return None
    if any(one.length % size for one in (first, second, third)):
        return None
    return Growth(first, second, third)


def _doubled(early: Round, late: Round) -> bool:
    return FEWEST <= late.length / early.length <= MOST


def full_segment(end: Endpoint, other: Endpoint) -> int | None:
    """Payload of the largest segment that ``end`` may send; None without the other end's MSS."""
    if other.mss is None:
        return None
    both = TIMESTAMPS in end.options and TIMESTAMPS in other.options
    return other.mss - (TIMESTAMPS_LENGTH if both else 0)
