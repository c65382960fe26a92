"""The truth about each capture, written down when it was made, against what labdissect says of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.conftest import CAPTURES, judged, tshark

MANIFEST: list[dict[str, Any]] = yaml.safe_load((CAPTURES / "manifest.yaml").read_text(encoding="utf-8"))["captures"]
NAMES = [capture["file"].removesuffix(".pcapng") for capture in MANIFEST]
EVENTS = [(name, event) for name, capture in zip(NAMES, MANIFEST, strict=True) for event in capture.get("events", ())]

STEPS = {
    "tcp.flags.syn == 1 && tcp.flags.ack == 0": r"tcp\.open\.(syn|syn-retransmitted|simultaneous)",
    "tcp.flags.syn == 1 && tcp.flags.ack == 1": r"tcp\.open\.(syn-ack|syn-ack-retransmitted|simultaneous)",
    "tcp.flags.fin == 1": r"tcp\.(fin\.first|fin\.second|close\.fin-retransmitted)",
    "tcp.flags.reset == 1": r"tcp\.(rst\.abort|rst\.after-fin|open\.refused)",
}
"""What Wireshark's filter finds, and the verdicts of which such a packet has one, and no other packet any."""

RARE = re.compile(
    r"tcp\.(keepalive|keepalive-ack|flow\.zero-window|flow\.probe|urgent|ecn"
    r"|loss\.(dup-ack|fast-retransmit|rto|tail|path-mtu|spurious|out-of-order|gap-capture|gap-network|acked-unseen)"
    r"|open\.(refused|simultaneous|fast-open|ecn-setup|port-reused|midstream|syn-retransmitted|syn-ack-retransmitted)"
    r"|close\.(simultaneous|fin-retransmitted|last-ack-lost)|rst\.middlebox|fin\.no-ack|flags\.invalid)$"
)
"""Verdicts that only provoked events may have. Where they follow from an event without being it, IMPLIED says so."""

IMPLIED: dict[str, dict[int, str]] = {
    "tcp-out-of-order": dict.fromkeys((9, 11, 13, 15, 17, 19), "tcp.loss.dup-ack"),
    "tcp-spurious-retransmission": {12: "tcp.loss.rto"},
    "tcp-simultaneous-close": {11: "tcp.close.simultaneous"},
    "tls12": {22: "tcp.close.simultaneous"},
    "tcp-tail-loss-probe": {17: "tcp.loss.dup-ack"},
    "tcp-path-mtu-discovery": {15: "tcp.loss.dup-ack", 23: "tcp.loss.path-mtu"},
}


@pytest.mark.parametrize(("name", "event"), EVENTS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_event_has_its_verdict_on_its_frame(name: str, event: dict[str, Any]) -> None:
    result = judged(name)
    assert event.get("expect") or event.get("expect_once"), event
    for codes in event.get("expect", ()):
        for frame in event["frames"]:
            assert set(codes.split("|")) & set(result.codes(frame)), (frame, codes, result.codes(frame))
    for code in event.get("expect_once", ()):
        assert any(code in result.codes(frame) for frame in event["frames"]), (code, event)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("found_by", STEPS)
def test_steps_are_on_the_packets_that_wireshark_finds_and_on_no_other(name: str, found_by: str) -> None:
    printed = tshark(name, "-Y", f"tcp && !icmp && !icmpv6 && ({found_by})", "-T", "fields", "-e", "frame.number")
    frames = {int(number) for number in printed.split()}
    code = re.compile(STEPS[found_by] + "$")
    ours = {
        frame
        for frame, verdicts in judged(name).verdicts.items()
        if any(code.match(verdict.rule.code) and _fits(verdict.wording, found_by) for verdict in verdicts)
    }
    assert ours == frames


def _fits(wording: str, found_by: str) -> bool:
    """The simultaneous open has one rule for its SYNs and its SYN-ACKs."""
    return wording != ("syn-ack" if "ack == 0" in found_by else "syn")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_rare_is_said_only_where_it_was_provoked(name: str) -> None:
    (capture,) = [capture for capture in MANIFEST if capture["file"] == f"{name}.pcapng"]
    expected: dict[int, set[str]] = {frame: {code} for frame, code in IMPLIED.get(name, {}).items()}
    for event in capture.get("events", ()):
        for frame in event["frames"]:
            for codes in event.get("expect", ()):
                expected.setdefault(frame, set()).update(codes.split("|"))
    for frame, verdicts in judged(name).verdicts.items():
        rare = {verdict.rule.code for verdict in verdicts if RARE.match(verdict.rule.code)}
        assert rare <= expected.get(frame, set()), (frame, rare)


def test_every_packet_of_every_capture_has_a_verdict() -> None:
    for name in NAMES:
        result = judged(name)
        for packet in result.packets:
            assert any(verdict.frame == packet.number for verdict in result.verdicts.get(packet.number, ())), packet
