"""What Wireshark flags, labdissect explains, or says why it disagrees."""

from __future__ import annotations

import pytest

from tests.conftest import CAPTURES, judged, tshark

NAMES = sorted(path.stem for path in CAPTURES.glob("*.pcapng"))
EXPLAINED = {
    "retransmission": {
        "tcp.loss.fast-retransmit",
        "tcp.loss.rto",
        "tcp.loss.tail",
        "tcp.loss.path-mtu",
        "tcp.loss.spurious",
        "tcp.loss.out-of-order",  # Wireshark takes the late segment of tcp-out-of-order for a retransmission
        "tcp.open.syn-retransmitted",
        "tcp.open.syn-ack-retransmitted",
        "tcp.open.simultaneous",  # and the SYN-ACKs of a simultaneous open
        "tcp.close.fin-retransmitted",
    },
    "out_of_order": {"tcp.loss.out-of-order", "tcp.loss.fast-retransmit", "tcp.loss.path-mtu"},
    "duplicate_ack": {
        "tcp.loss.dup-ack",
        "tcp.loss.sack",
        "tcp.ack.pure",  # nothing was missing: it answers a copy
    },
    "keep_alive": {"tcp.keepalive", "tcp.flow.probe"},  # Linux's zero-window probes look like keep-alives
    "keep_alive_ack": {"tcp.keepalive-ack", "tcp.flow.zero-window"},
    "zero_window": {"tcp.flow.zero-window"},
    "window_full": {"tcp.flow.window-full"},
    "window_update": {"tcp.flow.update", "tcp.loss.dup-ack", "tcp.loss.sack", "tcp.ack.pure"},
    "lost_segment": {"tcp.data.segment", "tcp.fin.first", "tcp.fin.second"},
    "ack_lost_segment": {"tcp.loss.acked-unseen"},
    "reused_ports": {"tcp.open.port-reused"},
}
"""Wireshark's flag, after ``tcp.analysis.``, and the verdicts that speak of it."""


@pytest.mark.parametrize("name", NAMES)
def test_every_flagged_packet_is_explained(name: str) -> None:
    fields = [argument for flag in EXPLAINED for argument in ("-e", f"tcp.analysis.{flag}")]
    printed = tshark(name, "-Y", "tcp.analysis.flags && !icmp", "-T", "fields", "-e", "frame.number", *fields)
    for line in printed.decode().splitlines():
        number, *values = line.split("\t")
        found = set(judged(name).codes(int(number)))
        for flag, value in zip(EXPLAINED, values, strict=False):
            assert not value or found & EXPLAINED[flag], (number, flag, found)
