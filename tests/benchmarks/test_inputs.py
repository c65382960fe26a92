"""Made captures: tshark reads them, finds nothing wrong, and counts what they were said to hold."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.inputs import WRITERS, write_names, write_short, write_small, write_web

CHECKED = [f"-o{protocol}.check_checksum:TRUE" for protocol in ("ip", "tcp", "udp")]
FEW: dict[str, tuple[Callable[[Path, int], int], int, int]] = {
    "web": (write_web, 1, 1981),
    "small": (write_small, 3, 3 * (7 + 4 * 23)),
    "short": (write_short, 20, 20 * 10),
    "names": (write_names, 20, 20 * 6),
}
"""How each is made small: the writer, how many of its connections or lookups, and the packets that these are."""


def fields(capture: Path, *names: str, only: str = "frame") -> list[tuple[str, ...]]:
    asked = [argument for name in names for argument in ("-e", name)]
    command = ["tshark", "-n", "-r", str(capture), *CHECKED, "-Y", only, "-T", "fields", *asked]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return [tuple(line.split("\t")) for line in printed.splitlines()]


@pytest.fixture(scope="module", params=FEW)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, int]:
    write, count, _ = FEW[request.param]
    path = tmp_path_factory.mktemp("made") / f"{request.param}.pcap"
    return request.param, path, write(path, count)


def test_every_kind_is_tested() -> None:
    assert FEW.keys() == WRITERS.keys()


def test_tshark_reads_as_many_packets_as_were_written(made: tuple[str, Path, int]) -> None:
    name, path, packets = made
    assert packets == FEW[name][2] == len(fields(path, "frame.number"))


def test_tshark_finds_nothing_wrong(made: tuple[str, Path, int]) -> None:
    _, path, _ = made
    # 6291456 is a warning; the number is what every version takes
    only = "_ws.expert.severity >= 6291456 || _ws.malformed || _ws.short || tcp.analysis.flags"
    assert fields(path, "frame.number", "_ws.expert.message", only=only) == []


def test_every_checksum_was_checked_and_is_right(made: tuple[str, Path, int]) -> None:
    name, path, packets = made
    counted = Counter(fields(path, "ip.checksum.status", "tcp.checksum.status", "udp.checksum.status"))
    expected = {("1", "", "1"): 80, ("", "", ""): 40} if name == "names" else {("1", "1", ""): packets}
    assert counted == expected


def test_frames_go_back_to_where_they_came_from(tmp_path: Path) -> None:
    write_short(tmp_path / "one.pcap", 1)
    ends = fields(tmp_path / "one.pcap", "eth.src", "eth.dst", "ip.src", "ip.dst")
    by_address = {(source, address) for source, _, address, _ in ends}
    assert len(by_address) == 2 and by_address == {(target, address) for _, target, _, address in ends}


def test_each_short_connection_opens_and_closes(tmp_path: Path) -> None:
    write_short(tmp_path / "short.pcap", 20)
    last = fields(tmp_path / "short.pcap", "tcp.stream", "tcp.completeness", only="tcp.flags.fin == 0 && tcp.len == 0")
    assert {int(stream) for stream, _ in last} == set(range(20))
    complete = fields(tmp_path / "short.pcap", "tcp.completeness")
    assert complete[-1] == ("31",)  # SYN, SYN-ACK, ACK, data, FIN


def test_bodies_of_the_web_are_put_together(tmp_path: Path) -> None:
    write_web(tmp_path / "web.pcap", 1)
    answers = fields(tmp_path / "web.pcap", "http.content_length", "http.response.code", only="http.response")
    assert answers == [(size, "200") for size in ("2847", "62000", "2400000", "60000")]


def test_every_name_is_answered_and_one_in_ten_is_not_there(tmp_path: Path) -> None:
    write_names(tmp_path / "names.pcap", 20)
    answers = fields(
        tmp_path / "names.pcap", "dns.flags.rcode", "dns.qry.type", "dns.a", "dns.aaaa", "dns.cname", only="dns.time"
    )
    assert len(answers) == 40
    assert answers[:2] == [
        ("0", "1", "10.2.0.0", "", "host-0.lab.test"),
        ("0", "28", "", "2001:db8::a02:0", "host-0.lab.test"),
    ]
    assert Counter(code for code, *_ in answers) == {"0": 36, "3": 4}
    assert len(fields(tmp_path / "names.pcap", "arp.opcode", only="arp.opcode == 2")) == 20
