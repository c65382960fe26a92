"""EK made without tshark says nothing else than tshark's."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labdissect.bridge.handmade.ek import ek_lines
from labdissect.bridge.handmade.frames import CLIENT, SERVER, Frame, ethernet, ip, tcp, tcp_connection, udp, write_pcap
from labdissect.bridge.readers.clock import nanoseconds
from tests.conftest import capture_path, judge


def packets(ek: bytes) -> list[dict[str, Any]]:
    return [json.loads(line)["layers"] for line in ek.splitlines() if not line.startswith(b'{"index"')]


def by_tshark(frames: list[Frame], folder: Path) -> bytes:
    path = write_pcap(folder / "frames.pcap", frames)
    return subprocess.run(["tshark", "-n", "-r", str(path), "-T", "ek"], capture_output=True, check=True).stdout


def differences(mine: dict[str, Any], real: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Fields of mine that tshark prints otherwise or not at all; hex is compared as the number it is, and times, which
    tshark 4.4 prints as dates, as what they mean."""
    found = []
    for name, members in mine.items():
        if real.get(name) is None:
            found.append((name, members, None))
            continue
        for key, value in members.items():
            there = real[name].get(key)
            if key == "frame_frame_time_epoch":
                value, there = nanoseconds(value), nanoseconds(there)
            if value != there and not (str(value).startswith("0x") and there and int(value, 0) == int(there, 0)):
                found.append((key, value, there))
    return found


def agree(frames: list[Frame], folder: Path) -> None:
    mine, real = packets(ek_lines(frames)), packets(by_tshark(frames, folder))
    assert len(mine) == len(real) == len(frames)
    for one, other in zip(mine, real, strict=True):
        assert differences(one, other) == []
        assert one.keys() == other.keys()


ADDRESSES = st.sampled_from([(CLIENT, SERVER), (SERVER, CLIENT), ("fd00::1", "fd00::2")])
PORTS = st.integers(40000, 40003)
PAYLOADS = st.binary(max_size=20)
DATAGRAMS = st.builds(
    lambda payload, sport, dport, ends: udp(payload, sport=sport, dport=dport, src=ends[0], dst=ends[1]),
    PAYLOADS,
    PORTS,
    PORTS,
    ADDRESSES,
)


@settings(max_examples=1, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(DATAGRAMS, min_size=150, max_size=200))
def test_datagrams(tmp_path: Path, frames: list[Frame]) -> None:
    agree(frames, tmp_path)


def test_connections(tmp_path: Path) -> None:
    frames = tcp_connection([("client", b"x" * 2000), ("server", b"ok"), ("client", b"bye")], dport=40001)
    frames += tcp_connection([("server", b"hello")], dport=40002, src="fd00::1", dst="fd00::2", close=False)
    frames += [  # not from port 40000, which tshark 4.4 takes for SAP's
        tcp(b"in the middle", sport=50000, dport=40005, seq=2**32 - 30, ack=9, flags="PA"),
        tcp(b"", sport=40005, dport=50000, src=SERVER, dst=CLIENT, seq=9, ack=10, flags="RA"),
        tcp(sport=50000, dport=40005, seq=99, flags="S"),
        tcp(dport=40006, seq=5, flags="R"),
    ]
    agree(frames, tmp_path)


def test_other_payloads(tmp_path: Path) -> None:
    agree([ip(b"abc", proto=253), ethernet(b"zz" * 30, type=0x88B5), udp(b"a", dport=40000, checksum=0)], tmp_path)


def test_what_labdissect_says_of_them_is_what_it_says_of_tsharks(tmp_path: Path) -> None:
    frames = tcp_connection([("client", b"x" * 2000), ("server", b"ok")], dport=40001)
    frames += [udp(b"a", dport=40001), udp(b"b", sport=40001, dport=40000, src=SERVER, dst=CLIENT)]
    mine, real = judge(ek_lines(frames)), judge(by_tshark(frames, tmp_path))
    codes = [[verdict.rule.code for verdict in found] for found in mine.verdicts.values()]
    assert codes == [[verdict.rule.code for verdict in found] for found in real.verdicts.values()]
    assert "tcp.open.syn" in codes[0] and mine.problems == []


def test_the_bundled_capture_of_a_student_protocol_comes_out_alike() -> None:
    from labdissect.bridge.handmade.frames import BEGIN
    from tests.conftest import ek

    path = capture_path("rdt-go-back-n")
    hexes = subprocess.run(["tshark", "-n", "-r", str(path), "-T", "ek", "-x"], capture_output=True, check=True).stdout
    frames = [
        Frame(bytes.fromhex(one["frame_raw"]), (nanoseconds(one["frame"]["frame_frame_time_epoch"]) or 0) / 1e9 - BEGIN)
        for one in packets(hexes)
    ]
    for one, other in zip(packets(ek_lines(frames)), packets(ek("rdt-go-back-n")), strict=True):
        assert differences(one, other) == []
