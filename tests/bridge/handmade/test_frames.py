"""Frames made by hand are good packets: tshark verifies every checksum and reads what was meant."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labdissect.bridge.handmade.frames import (
    BEGIN,
    CLIENT,
    SERVER,
    Frame,
    ethernet,
    ip,
    tcp,
    tcp_connection,
    timed,
    udp,
    write_pcap,
)

VERIFY = [f"-o{name}:TRUE" for name in ("ip.check_checksum", "tcp.check_checksum", "udp.check_checksum")]
GOOD, NOT_GIVEN = "1", "3"


def fields(path: Path, *names: str, options: Sequence[str] = ()) -> list[list[str]]:
    """What tshark reads of each frame."""
    command = ["tshark", "-n", "-r", str(path), *VERIFY, *options, "-T", "fields"]
    command += [argument for name in names for argument in ("-e", name)]
    ran = subprocess.run(command, capture_output=True, check=True, text=True)
    return [line.split("\t") for line in ran.stdout.splitlines()]


PAYLOADS = st.binary(max_size=40)
PORTS = st.integers(1024, 65535)
ADDRESSES = st.sampled_from([(CLIENT, SERVER), ("fd00::1", "fd00:2::ffff")])


@settings(max_examples=1, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(PAYLOADS, PORTS, PORTS, ADDRESSES, st.booleans()), min_size=200, max_size=300))
def test_checksums_are_good(tmp_path: Path, drawn: list[tuple[bytes, int, int, tuple[str, str], bool]]) -> None:
    frames = [
        udp(payload, sport=sport, dport=dport, src=src, dst=dst)
        if over_udp
        else tcp(payload, sport=sport, dport=dport, src=src, dst=dst, seq=sport * dport, flags="PA")
        for payload, sport, dport, (src, dst), over_udp in drawn
    ]
    path = write_pcap(tmp_path / "drawn.pcap", frames)
    statuses = fields(path, "ip.version", "ip.checksum.status", "udp.checksum.status", "tcp.checksum.status")
    assert len(statuses) == len(drawn)
    for (version, of_ip, of_udp, of_tcp), (*_, over_udp) in zip(statuses, drawn, strict=True):
        assert (of_udp if over_udp else of_tcp) == GOOD
        assert of_ip == (GOOD if version else "")


def test_what_shall_be_wrong_is_wrong(tmp_path: Path) -> None:
    frames = [
        udp(b"x", dport=9, checksum=0),
        udp(b"x", dport=9, checksum=0xBAD),
        udp(b"x", dport=9, length=7),
        tcp(b"x", dport=9, seq=2**32 + 5, flags="SFU", urgent_pointer=3, ttl=3),
        ip(b"x", proto=253, flags_df=False, id=0xBEEF),
    ]
    path = write_pcap(tmp_path / "wrong.pcap", frames)
    read = fields(path, "udp.checksum.status", "udp.length", "tcp.seq_raw", "tcp.urgent_pointer", "ip.ttl", "ip.id")
    assert [one[0] for one in read[:2]] == [NOT_GIVEN, "0"]
    assert read[2][1] == "7"
    assert read[3][2:5] == ["5", "3", "3"]
    assert read[4][5] == "0xbeef"


def test_a_member_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="chekcsum is no member of the udp header: srcport"):
        udp(b"", dport=9, chekcsum=1)


def test_a_connection_is_one_in_which_nothing_goes_wrong(tmp_path: Path) -> None:
    frames = tcp_connection([("client", b"a" * 3000), ("server", b"ok")], dport=9001, src="fd00::1", dst="fd00::2")
    path = write_pcap(tmp_path / "connection.pcap", frames)
    read = fields(path, "tcp.flags.str", "tcp.len", "tcp.stream", "tcp.analysis.flags", "tcp.completeness")
    assert [one[0].replace("·", "") for one in read] == [
        *("S", "AS", "A"),
        *("A", "A", "AP", "A", "AP", "A"),
        *("AF", "A", "AF", "A"),
    ]
    assert [int(one[1]) for one in read if one[1] != "0"] == [1460, 1460, 80, 2]
    assert {(stream, flags) for _, _, stream, flags, _ in read} == {("0", "")}
    assert read[-1][4] == "31"  # SYN, SYN-ACK, ACK, data, FIN


def test_times_go_on_from_the_last_given() -> None:
    empty = b""
    frames = [Frame(empty), Frame(empty, 2.0), Frame(empty), Frame(empty, 0.5)]
    assert [time - BEGIN * 10**6 for time, _ in timed(frames)] == [0, 2_000_000, 2_010_000, 500_000]


def test_any_ethernet_type(tmp_path: Path) -> None:
    path = write_pcap(tmp_path / "other.pcap", [ethernet(b"payload", type=0x88B5, src="02:00:00:00:00:09")])
    assert fields(path, "eth.type", "eth.src", "frame.len") == [["0x88b5", "02:00:00:00:00:09", "21"]]
