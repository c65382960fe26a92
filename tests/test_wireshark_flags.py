"""What Wireshark flags, labdissect explains, or says why it disagrees."""

from __future__ import annotations

import re

import pytest

from tests.conftest import BUILT, CAPTURES, judged, tshark

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
    "reused_ports": {
        "tcp.open.port-reused",
        "tcp.open.syn-retransmitted",  # the same SYN behind a reset: 4.4 counts another, the verdict does not
    },
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


EXPERT: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"Connection establish (request|acknowledge)", ("tcp.open.", "tcp.flags.invalid")),
    (r"Connection finish \(FIN\)", ("tcp.fin.", "tcp.close.", "tcp.flags.invalid")),
    (r"This frame (initiates|undergoes) the connection closing", ("tcp.fin.", "tcp.close.", "tcp.flags.invalid")),
    (r"Connection reset", ("tcp.rst.", "tcp.open.refused", "tcp.flags.invalid")),
    (  # from 4.4 on, and for each copy, too
        r"The SYN packet does not contain a SACK PERM option",
        ("tcp.open.sack-absent", "tcp.flags.invalid", "tcp.open.syn-retransmitted", "tcp.open.syn-ack-retransmitted"),
    ),
    (r"TCP SYN.*TFO", ("tcp.open.fast-open",)),
    (r"A new tcp session is started with the same ports", tuple(EXPLAINED["reused_ports"])),
    (
        r"This frame is a \(suspected\) (fast |spurious )?retransmission",
        (*EXPLAINED["retransmission"], "frame.captured-twice"),
    ),
    (r"This frame is a \(suspected\) out-of-order segment", tuple(EXPLAINED["out_of_order"])),
    (r"Duplicate ACK", tuple(EXPLAINED["duplicate_ack"])),
    (r"D-SACK", ("tcp.loss.sack",)),
    (r"Previous segment\(s\) not captured", tuple(EXPLAINED["lost_segment"])),
    (r"ACKed segment that wasn't captured", (*EXPLAINED["ack_lost_segment"], "tcp.loss.gap-capture")),
    (r"TCP window specified by the receiver is now completely full", tuple(EXPLAINED["window_full"])),
    (r"TCP window update", tuple(EXPLAINED["window_update"])),
    (r"TCP Zero Window segment", tuple(EXPLAINED["zero_window"])),
    (r"(ACK to a )?TCP Zero Window Probe", ("tcp.flow.probe", "tcp.flow.zero-window")),
    (r"TCP keep-alive segment", tuple(EXPLAINED["keep_alive"])),
    (r"ACK to a TCP keep-alive segment", tuple(EXPLAINED["keep_alive_ack"])),
    (r"HTTP/1\.[01] \d", ("http.response", "http.continue")),
    (r"[A-Z-]+ \S+ HTTP/1\.[01]", ("http.request", "frame.protocol")),  # over UDP, SSDP borrows HTTP's form
    # Wireshark did not recognise the body, an audio file here, as what Content-Type says: nothing is wrong with it
    (r"HTTP body subdissector failed", ("http.response",)),
    # which number is acknowledged, and of Fast Open's data that it is not
    (r"Partial Acknowledgement of a segment", ("tcp.ack.pure", "tcp.open.fast-open")),
    (r"This legacy_version field MUST be ignored", ("tls.version",)),
    (r"This session reuses previously negotiated keys", ("tls.resumed",)),
    (r'"Time To Live" only', ("ip.ttl-", "icmp.")),
    (r'"Time To Live" != 255', ("ip.ttl-", "dns.on-link")),
    (r"Possible traceroute", ("ip.ttl-probe", "icmp.")),
    (r"Duplicate IP address configured", ("arp.conflict",)),
    (r"DNS response retransmission", ("dns.",)),
    (r"Illegal checksum value \(0\)", ("udp.checksum-zero",)),
    (r"Bad length value", ("udp.length-wrong",)),
    (r"Didn't find padding of zeros", ("frame.padded",)),
)
"""Messages of Wireshark's expert information and the verdicts that speak of the same, each code or its beginning."""

BOOKKEEPING = "the bytes are in the frame that the verdict names; Wireshark has lost count since what it missed before"
REPAIR = "the data's verdict says that they come again; why, the ACK just before makes ambiguous: a repair goes on"
DISAGREED: dict[tuple[str, int], str] = {
    ("built/application-messages", 9): BOOKKEEPING,
    ("built/tcp-ack-without-its-data", 6): BOOKKEEPING,
    ("built/tcp-ack-without-its-data", 8): BOOKKEEPING,
    ("built/tcp-answer-to-an-old-syn", 5): "it took frame 2, which answers an older SYN, for this connection's SYN-ACK",
    ("built/tcp-answer-to-an-old-syn", 6): BOOKKEEPING,
    ("built/tcp-mark-missed", 12): BOOKKEEPING,
    ("built/tcp-resent", 13): BOOKKEEPING,
    **{("built/tcp-repairs", frame): REPAIR for frame in (30, 41, 42)},
    ("built/tcp-answer-to-an-old-syn", 2): "its ACK is none for this SYN, with Fast Open or without",
    ("built/tcp-fast-open-two-ways", 3): "the server left the SYN's data unacknowledged on purpose, as frame 2 says",
    ("built/tcp-resets-that-do-not-close", 12): "it answers the SYN of frame 11, the same as that of frame 9",
    ("built/udp-headers", 2): "said once for the two hosts, in frame 1",
    ("built/udp-headers", 3): "said once for the two hosts, in frame 1",
    (
        "built/payload-streams",
        22,
    ): "the bytes of the hole come late, as the verdict says; sent late or sent again, who knows",
    ("built/link-noise", 2): "LLDP has an end of its own: what follows it is of no interest to the verdicts",
}
"""Frames of which the verdicts say something else than Wireshark does, or nothing again, and why."""


@pytest.mark.parametrize("name", NAMES + [f"built/{path.stem}" for path in sorted(BUILT.glob("*.pcap"))])
def test_every_expert_message_is_explained(name: str) -> None:
    fields = ("-e", "frame.number", "-e", "_ws.expert.message")
    printed = tshark(name, "-Y", "_ws.expert && !icmp", "-T", "fields", "-E", "aggregator=\x1f", *fields)
    missing = []
    for line in printed.decode().splitlines():
        number, messages = line.split("\t")
        if (name, int(number)) in DISAGREED:
            continue
        codes = judged(name).codes(int(number))
        for message in messages.split("\x1f"):
            wanted = [found for pattern, found in EXPERT if re.match(pattern, message)]
            if not wanted or not any(code.startswith(wanted[0]) for code in codes):
                missing.append((number, message, codes))
    assert not missing
