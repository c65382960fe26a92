"""Evidence is what a student looks up: that field of that frame has that value, by tshark's own account."""

from __future__ import annotations

from collections import defaultdict

import pytest

from labdissect.plugins.rule import Evidence

from .conftest import judged, tshark

CAPTURES = (
    "arp-request-reply",
    "built/application-clock",
    "built/link-twice",
    "dns-port-closed",
    "dns-retransmitted",
    "http-10-curl",
    "http-pipelining",
    "icmp-echo-loss",
    "icmp-redirect",
    "ipv6-dad-and-router",
    "ipv6-tcp-http",
    "tcp-delayed-ack",
    "tcp-fast-retransmit-sack",
    "tcp-out-of-order",
    "tcp-path-mtu-discovery",
    "tcp-simultaneous-close",
    "tcp-spurious-retransmission",
    "tcp-syn-filtered-icmp",
    "tcp-urgent",
    "tcp-zero-window",
)
QUOTED = frozenset({"http.request.line", "http.response.line"})
"""Of these a line, or a part of it, is quoted."""
SEPARATOR = "\x1f"


@pytest.mark.parametrize("name", CAPTURES)
def test_evidence_is_what_tshark_says_of_that_frame(name: str) -> None:
    result = judged(name)
    found = {
        evidence
        for verdicts in result.verdicts.values()
        for verdict in verdicts
        for evidence in verdict.evidence
        if evidence.value not in ("present", "absent")
    }
    assert found
    fields = sorted({evidence.field for evidence in found})
    said = _said(name, fields)
    wrong = [evidence for evidence in found if not _holds(evidence, said[evidence.frame][evidence.field])]
    assert not wrong, sorted(wrong, key=lambda one: one.frame)


def _said(name: str, fields: list[str]) -> dict[int, dict[str, list[str]]]:
    """Frame → field → its values."""
    chosen = [option for field in ("frame.number", *fields) for option in ("-e", field)]
    printed = tshark(name, "-T", "fields", "-E", "occurrence=a", "-E", f"aggregator={SEPARATOR}", *chosen)
    said: dict[int, dict[str, list[str]]] = defaultdict(dict)
    for line in printed.decode().splitlines():
        number, *values = line.split("\t")
        said[int(number)] = {field: value.split(SEPARATOR) for field, value in zip(fields, values, strict=True)}
    return said


def _holds(evidence: Evidence, said: list[str]) -> bool:
    if evidence.field in QUOTED:
        return any(str(evidence.value).lower() in one.lower() for one in said)
    return _comparable(evidence.value) in [_comparable(one) for one in said]


def _comparable(value: object) -> object:
    """A number, however it is written, or a text; bytes without what separates them."""
    text = {"True": "1", "False": "0"}.get(str(value), str(value)).replace(":", "").lower()
    try:
        return int(text, 0)
    except ValueError:
        return text
