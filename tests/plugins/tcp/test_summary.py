from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.tcp.summary import UNANSWERED_TIME, Outcome, outcome
from tests.conftest import CAPTURES, judged

MANIFEST: dict[str, Any] = yaml.safe_load((CAPTURES / "manifest.yaml").read_text(encoding="utf-8"))

SAYS_CLOSED = (
    (r"half-close", "half"),
    (r"four-way", "four"),
    (r"three-segment|in three segments", "three"),
    (r"simultaneous close", "simultaneous"),
    (r"aborted|refused", "rst"),
    (r"open at the end", "unseen"),
)
ONE_SIDED = "tcp-one-sided"
"""What its manifest says is the truth, not what the capture shows."""


def connections(name: str) -> dict[int | None, Conversation]:
    """The capture's TCP connections by stream."""
    return {one.stream: one for one in judged(name).conversations if isinstance(one, Conversation)}


def described() -> list[tuple[str, int, str]]:
    """Capture, stream and outcome in words, of every connection that the manifest tells of."""
    return [
        (capture["file"].removesuffix(".pcapng"), connection["tcp_stream"], connection["outcome"])
        for capture in MANIFEST["captures"]
        for connection in capture.get("connections", ())
        if "tcp_stream" in connection and "outcome" in connection
    ]


def test_the_manifest_tells_of_connections() -> None:
    assert len(described()) > 50


@pytest.mark.parametrize(("name", "stream", "said"), [one for one in described() if one[0] != ONE_SIDED])
def test_outcomes_are_what_was_done(name: str, stream: int, said: str) -> None:
    found = outcome(connections(name)[stream])
    for pattern, closed in SAYS_CLOSED:
        if re.search(pattern, said):
            assert found.closed == closed
            break
    first = re.search(r"(client|server)(?: closes)? first|by the (client|server)", said)
    if first and found.closed not in ("simultaneous", "unseen"):
        assert found.closed_by == (first[1] or first[2])


@pytest.mark.parametrize(
    ("name", "stream", "expected"),
    [
        ("tcp-four-way-close", 0, ("handshake", "four", "client")),
        ("tcp-server-closes-first", 0, ("handshake", "four", "server")),
        ("tcp-simultaneous-open", 0, ("simultaneous", "four", "client")),
        ("tcp-simultaneous-close", 0, ("handshake", "simultaneous", None)),
        ("tcp-fast-open", 0, ("handshake", "four", "client")),
        ("tcp-fast-open", 1, ("fast-open", "four", "client")),
        ("tcp-rst-closed-port", 0, ("refused", "rst", "server")),
        ("tcp-close-unread-data", 0, ("handshake", "rst", "server")),
        ("tcp-linger0-abort", 0, ("handshake", "rst", "client")),
        ("tcp-syn-no-answer", 0, ("no-answer", "timeout", "client")),
        ("tcp-syn-filtered-icmp", 0, ("no-answer", "unseen", None)),
        ("tcp-mid-capture", 0, ("midstream", "four", "client")),
        ("tcp-cut-off-end", 0, ("handshake", "unseen", None)),
        ("tcp-one-sided", 0, ("handshake", "unseen", None)),
        ("tcp-lost-fin", 0, ("handshake", "four", None)),
        ("tcp-synack-lost", 0, ("handshake", "three", None)),
    ],
)
def test_outcomes_by_capture(name: str, stream: int, expected: tuple[str, str, str | None]) -> None:
    found = outcome(connections(name)[stream])
    opened, closed, by = expected
    assert (found.opened, found.closed) == (opened, closed)
    if by is not None:
        assert found.closed_by == by


def test_silence_counts_only_after_a_hundred_seconds() -> None:
    """One SYN, one packet filter's ICMP error: nobody repeated anything."""
    connection = connections("tcp-syn-filtered-icmp")[0]
    assert connection.last_time is not None
    assert outcome(connection, connection.last_time + UNANSWERED_TIME - 1).closed == "unseen"
    assert outcome(connection, connection.last_time + UNANSWERED_TIME) == Outcome("no-answer", "timeout", "client")


def test_an_idle_connection_has_not_timed_out() -> None:
    """All was acknowledged, so silence is allowed to last for hours."""
    connection = connections("tcp-cut-off-end")[0]
    assert connection.last_time is not None
    assert outcome(connection, connection.last_time + 100 * UNANSWERED_TIME).closed == "unseen"


def test_a_one_sided_capture_says_nothing_about_silence() -> None:
    connection = connections("tcp-one-sided")[0]
    assert connection.last_time is not None
    assert outcome(connection, connection.last_time + 100 * UNANSWERED_TIME).closed == "unseen"
