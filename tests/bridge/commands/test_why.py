"""`labdissect why`: one packet in full."""

from __future__ import annotations

import re
from pathlib import Path

from tests.bridge.program import labdissect, quiet
from tests.conftest import CAPTURES, ek

WEB = CAPTURES / "seed-web.pcapng"


def test_the_first_fin_of_the_seed() -> None:
    text = quiet(labdissect("why", WEB, "2122")).text
    assert text.startswith("Frame 2122 · 20.896879 s · 192.168.148.131:50570 → 192.168.148.1:8000 · TCP connection 0")
    for part in (
        "tcp.fin.ack-routine",
        "frame 2117: tcp.ack = 2601806",
        "client ESTABLISHED → FIN-WAIT-1, server ESTABLISHED",
        "2121  Answer to the keep-alive",
        "2123  Close, step 2",
        "tcp.flags                    0x0011",
        "tcp.flags.syn                False",
        "labdissect explain tcp.fin.ack-routine",
    ):
        assert part in text


def test_in_chinese() -> None:
    text = quiet(labdissect("why", WEB, "2122", "--lang", "zh")).text
    assert text.startswith("第 2122 帧") and "状态" in text and "源端口" in text


def test_of_a_packet_without_a_conversation() -> None:
    text = quiet(labdissect("why", CAPTURES / "arp-request-reply.pcapng", "1")).text
    assert "Address Resolution Protocol (arp)" in text


def test_of_ek_in_a_file_and_on_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "a.ek").write_bytes(ek("tcp-four-way-close"))
    in_file = quiet(labdissect("why", tmp_path / "a.ek", "10")).text
    assert in_file == quiet(labdissect("why", "-", "10", stdin=ek("tcp-four-way-close"))).text
    assert "tcp.fin.first" in in_file


def test_a_frame_that_is_not_there() -> None:
    ran = labdissect("why", CAPTURES / "tcp-four-way-close.pcapng", "99")
    assert (ran.code, ran.out) == (2, b"")
    assert "has no frame 99; its last is 13" in ran.err
    assert labdissect("why", WEB, "0").code == 2
    assert labdissect("why", WEB).code == 2


def test_captured_text_cannot_move_the_cursor() -> None:
    data = ek("http-get").replace(b"/index", b"/\\u001b[31m\\u202eindex").replace(b"GET /", b"GET /\\u001b[2J")
    for frame in range(1, 9):
        ran = labdissect("why", "-", str(frame), stdin=data)
        assert b"\x1b[31m" not in ran.out and b"\x1b[2J" not in ran.out and "\u202e" not in ran.text


def test_what_an_icmp_error_quotes_is_shown_as_quoted() -> None:
    text = quiet(labdissect("why", CAPTURES / "icmp-traceroute-udp.pcapng", "2")).text
    own, quoted = text.split("Quoted by icmp: Internet Protocol version 4 (ip)")
    assert re.search(r"ip\.src +10\.0\.0\.254 ", own)
    ip, udp = quoted.split("Quoted by icmp: User Datagram Protocol (udp)")
    assert re.search(r"ip\.src +10\.0\.0\.1 ", ip)
    assert re.search(r"ip\.ttl +1 ", ip)
    assert re.search(r"udp\.dstport +33434 ", udp)
