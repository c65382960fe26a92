"""How a TCP connection opened and how it closed, in one word each, as far as the capture shows it."""

from __future__ import annotations

import msgspec

from .conversation import Conversation
from .endpoint import Endpoint, Sent

UNANSWERED_COPIES = 3
"""Repetitions without an answer after which TCP suspects the path (R1, RFC 1122 §4.2.3.5): "at least 3"."""
UNANSWERED_TIME = 100 * 10**9
"""Nanoseconds without an answer after which TCP may give a connection up (R2, RFC 1122 §4.2.3.5): "at least 100 s"."""


class Outcome(msgspec.Struct, frozen=True):
    """How a connection opened and closed.

    ``opened``: ``handshake``; ``simultaneous``; ``fast-open``, when the SYN carried data;
    ``refused``, when an RST answered the SYN; ``no-answer``, when nothing did; ``midstream``, when the capture begins
    later; None when the capture shows only part of an opening (a SYN-ACK that nobody acknowledged).

    ``closed``: ``four``, ``three``, ``simultaneous`` or ``half`` (data after the other side's FIN), when both FINs were
    acknowledged; ``rst``, when an RST that its receiver must accept came first, a refusal included; ``timeout``, when
    an end called into silence (see :func:`gave_up`); else ``unseen``.
    """

    opened: str | None
    closed: str
    closed_by: str | None
    """``client`` or ``server``: who sent the first FIN, the RST, or found no answer; None when unseen."""


def outcome(conversation: Conversation, until: int | None = None) -> Outcome:
    """What became of the connection.

    :param until: the time of the capture's last packet, ns since 1970; silence before it counts
    """
    closed, by = _closed(conversation, until)
    return Outcome(_opened(conversation), closed, None if by is None else conversation.role(by))


def _opened(conversation: Conversation) -> str | None:
    client, server = conversation.client, conversation.server
    if conversation.midstream:
        return "midstream"
    if conversation.refused_frame is not None:
        return "refused"
    if conversation.simultaneous_open:
        return "simultaneous" if min(client.peer_acked, server.peer_acked) >= 1 else None
    if conversation.fast_open:
        return "fast-open"
    if conversation.handshake_frame is not None or _one_side_shows_it_open(conversation):
        return "handshake"
    return None if server.seen or client.syn_frame is None else "no-answer"


def _one_side_shows_it_open(conversation: Conversation) -> bool:
    """A server sends bytes after its SYN-ACK only when the handshake's last ACK has reached it (RFC 9293 §3.10.7.4,
    Fast Open apart); needed where the capture lacks the client's packets."""
    server = conversation.server
    return (
        server.isn is not None and not conversation.client.seen and (server.sent_data or server.fin_frame is not None)
    )


def _closed(conversation: Conversation, until: int | None) -> tuple[str, Endpoint | None]:
    if _fin_acknowledged(conversation.client) and _fin_acknowledged(conversation.server):
        return _orderly(conversation), conversation.fins[0][0]
    if conversation.reset_by is not None and conversation.closed_frame is not None:
        return "rst", conversation.reset_by
    for end, other in ((conversation.client, conversation.server), (conversation.server, conversation.client)):
        if gave_up(end, other, until):
            return "timeout", end
    return "unseen", None


def _fin_acknowledged(end: Endpoint) -> bool:
    return end.fin_position is not None and end.peer_acked > end.fin_position


def _orderly(conversation: Conversation) -> str:
    """Which of the closes it was, by the same signs as the closing's verdict."""
    if conversation.crossed_fins:
        return "simultaneous"
    if conversation.merged_fin:
        return "three"
    return "half" if conversation.half_closed_data else "four"


def gave_up(end: Endpoint, other: Endpoint, until: int | None) -> bool:
    """Whether ``end`` called into silence: the other end has sent nothing since ``end`` first sent something that takes
    an acknowledgment (SYN, data, FIN), and that was repeated three times or has waited for 100 s when the capture ends.

    Less is no evidence: the answer may have come a moment after the capture's end.
    """
    unanswered = _first_unanswered(end, other)
    if unanswered is None or (not other.seen and not _only_syns(end)):
        return False
    if unanswered.copies >= UNANSWERED_COPIES:
        return True
    return until is not None and unanswered.time is not None and until - unanswered.time >= UNANSWERED_TIME


def _only_syns(end: Endpoint) -> bool:
    """Whether the end has sent nothing but its SYN. If it went on without the other one in sight, the capture is
    one-sided and silence says nothing."""
    return end.syn_frame is not None and end.packets == end.syn_copies + 1


def _first_unanswered(end: Endpoint, other: Endpoint) -> Sent | None:
    """The oldest segment that waits for its acknowledgment, if nothing at all came from the other end after it."""
    for sent in end.outstanding:
        if sent.end > end.peer_acked:
            return sent if other.last_frame is None or other.last_frame < sent.frame else None
    return None
