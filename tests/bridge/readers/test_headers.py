"""Headers read from the capture's own bytes: the same as those of full EK, member by member."""

from __future__ import annotations

import json
import re
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from labdissect.bridge.frames import Frame, frames
from labdissect.bridge.interruption import Interruption
from labdissect.bridge.opening import opened
from labdissect.bridge.readers.headers import READABLE, HeadersReader, again_filter
from labdissect.bridge.tshark_options import Options
from labdissect.dissectors.layer import Header
from labdissect.plugins.packet import Packet
from labdissect.plugins.writer import Problem
from tests.bridge.asked import asked, asking, read
from tests.bridge.readers.test_flat import EVERY, without_checksums
from tests.conftest import built_in

MACS = bytes.fromhex("020000000002020000000001")
IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
NODES = socket.inet_aton("10.0.0.1"), socket.inet_aton("10.0.0.2")
NODES_6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1"), socket.inet_pton(socket.AF_INET6, "2001:db8::2")


def tcp(data: bytes = b"", *, words: int = 5, options: bytes = b"") -> bytes:
    return struct.pack(">HHIIBBHHH", 1000, 9100, 1, 1, words << 4, 0x18, 100, 0, 0) + options + data


def udp(data: bytes, length: int | None = None) -> bytes:
    return struct.pack(">HHHH", 1000, 9000, 8 + len(data) if length is None else length, 0) + data


def ip(payload: bytes, *, length: int | None = None, first: int = 0x45, offset: int = 0x4000, proto: int = 6) -> bytes:
    size = 20 + len(payload) if length is None else length
    return struct.pack(">BBHHHBBH", first, 0, size, 7, offset, 64, proto, 0) + b"".join(NODES) + payload


def ipv6(payload: bytes, *, length: int | None = None, version: int = 6, nxt: int = 6) -> bytes:
    size = len(payload) if length is None else length
    return struct.pack(">IHBB", version << 28 | 0x12345, size, nxt, 64) + b"".join(NODES_6) + payload


def ethernet(payload: bytes, kind: bytes = IPV4) -> bytes:
    return MACS + kind + payload


SYN_OPTIONS = bytes.fromhex("020405b40402080a000000010000000001030307")
ODD = {
    "plain": ethernet(ip(tcp(b"data"))),
    "options": ethernet(ip(tcp(words=10, options=SYN_OPTIONS))),
    "plain udp": ethernet(ip(udp(b"hello"), proto=17)),
    "plain ipv6": ethernet(ipv6(tcp(b"data", words=10, options=SYN_OPTIONS)), IPV6),
    "plain ipv6 udp": ethernet(ipv6(udp(b"hello"), nxt=17), IPV6),
    "padded": ethernet(ip(tcp())).ljust(60, b"\0"),
    "vlan": ethernet(b"\0\5" + IPV4 + ip(tcp(b"data")), b"\x81\0"),
    "vlan ipv6": ethernet(b"\0\5" + IPV6 + ipv6(udp(b"data"), nxt=17), b"\x81\0"),
    "segmentation offload": ethernet(ip(tcp(b"abc"), length=0)),
    "no length": ethernet(ip(tcp(b"abc"), length=19)),
    "shorter than TCP": ethernet(ip(tcp(b"abc"), length=30)),
    "longer than the frame": ethernet(ip(tcp(b"abc"), length=300)),
    "TCP header too short": ethernet(ip(tcp(b"abc", words=4))),
    "TCP header beyond the packet": ethernet(ip(tcp(b"abc", words=8))),
    "TCP options beyond the packet": ethernet(ip(tcp(b"abcdef", words=6, options=b"\1" * 4), length=42)) + bytes(4),
    "version 5": ethernet(ip(tcp(), first=0x55)),
    "IHL 4": ethernet(ip(tcp(), first=0x44)),
    "IP options": ethernet(ip(b"\1" * 4 + tcp(), first=0x46)),
    "first fragment": ethernet(ip(tcp(b"x" * 24), offset=0x2000)),
    "fragment": ethernet(ip(tcp(b"x" * 24), offset=3)),
    "reserved flag": ethernet(ip(tcp(), offset=0x8000)),
    "IPv6 without length": ethernet(ipv6(tcp(b"abc"), length=0), IPV6),
    "IPv6 too short": ethernet(ipv6(tcp(), length=10), IPV6),
    "IPv6 version 5": ethernet(ipv6(tcp(), version=5), IPV6),
    "IPv6 UDP too short": ethernet(ipv6(udp(b"abc"), length=5, nxt=17), IPV6),
    "UDP length 0": ethernet(ip(udp(b"hello", 0), proto=17)),
    "UDP length 7": ethernet(ip(udp(b"hello", 7), proto=17)),
    "UDP length 99": ethernet(ip(udp(b"hello", 99), proto=17)),
    "UDP beyond the packet": ethernet(ip(udp(b"hello"), proto=17, length=25)),
    "two tags": ethernet(b"\0\5\x81\0\0\6" + IPV4 + ip(tcp(b"q")), b"\x81\0"),
    "more protocols than a column holds": ethernet(b"\0\5\x81\0" * 199 + b"\0\6" + IPV4 + ip(tcp(b"q")), b"\x81\0"),
    "provider's tag": ethernet(b"\0\5\x81\0\0\6" + IPV4 + ip(tcp(b"q")), b"\x88\xa8"),
    "neither type nor length": ethernet(bytes(50), b"\x05\xf0"),
    "SNAP": ethernet(b"\xaa\xaa\3\0\0\0" + IPV4 + ip(tcp()), struct.pack(">H", 48)),
    "spanning tree": ethernet(bytes.fromhex("424203") + bytes(35), struct.pack(">H", 38)),
    "IPv6 in IPv4": ethernet(ip(ipv6(tcp()), proto=41)),
    "IPv4 in IPv4": ethernet(ip(ip(tcp()), proto=4)),
    "authentication header": ethernet(ip(bytes.fromhex("060200000000000100000001") + bytes(4) + tcp(), proto=51)),
    "PPPoE": ethernet(b"\x11\0\0\1\0\x2a\0\x21" + ip(tcp()), b"\x88\x64"),
    "MPLS": ethernet(b"\0\1\1\x40" + ip(tcp()), b"\x88\x47"),
    "nothing": ethernet(b""),
    "one byte": ethernet(b"\x45"),
    "no Ethernet": b"\2\0\0\0",
    "ICMP error": ethernet(ip(bytes.fromhex("0303000000000000") + ip(udp(b""), proto=17), proto=1)),
    "ARP": ethernet(bytes.fromhex("00010800060400010200000000010a0000010000000000000a000002"), b"\x08\x06"),
}
CUT = {"TCP cut": (54, 34), "in the ports": (54, 37), "in the options": (90, 60), "in the data": (100, 70)}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of all kinds, one after the other; the last ones cut by a snapshot length."""
    packets = [(len(data), data) for data in ODD.values()]
    long = ethernet(ip(tcp(b"y" * 26, words=10, options=SYN_OPTIONS)))
    packets += [(length, long[:captured]) for length, captured in CUT.values()]
    path = tmp_path_factory.mktemp("odd") / "odd.pcap"
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for index, (length, data) in enumerate(packets):
            file.write(struct.pack("<IIII", 1_700_000_000, index, len(data), length) + data)
    return path


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All captures whose bytes we read, one after the other."""
    joined = tmp_path_factory.mktemp("joined") / "ethernet.pcapng"
    own = [path for path in EVERY if frames(path) is not None]
    subprocess.run(["mergecap", "-a", "-w", joined, *own], check=True, capture_output=True)
    return joined


def packets(path: Path, *, whole: bool) -> Iterator[Packet]:
    """Of a capture, by full EK or by its own bytes."""
    problems: list[Problem] = []
    how = None if whole else asking("jsonl")
    source = opened(str(path), built_in(), Interruption(), Options(), problems.append, asking=how)
    try:
        reader = source.reader.make(built_in().layers, problems.append, ("frame", "tcp"), ())
        assert isinstance(reader, HeadersReader) is not whole
        records = [record for chunk in source.chunks() for record in reader.records(chunk)]
        yield from (record.packet for record in (*records, *reader.end()) if record.packet is not None)
    finally:
        source.close()
    assert not problems


def values(header: Header | None, members: frozenset[str]) -> dict[str, object]:
    return {} if header is None else {name: value for name, value in header.items() if name in members}


@pytest.mark.parametrize("capture", ["odd", "joined"])
def test_every_member_is_that_of_full_ek(capture: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(capture)
    members = asked("jsonl", bytes_at_hand=True).members
    read_of = {name: frozenset(one.tshark for one in some) for name, some in members.items()}
    compared = 0
    for full, own in zip(packets(path, whole=True), packets(path, whole=False), strict=True):
        assert (own.number, own.time, own.length) == (full.number, full.time, full.length)
        assert own.protocols == full.protocols
        for name in ("frame", "eth", "ip", "ipv6", "tcp", "udp"):
            found, wanted = values(getattr(own, name), read_of[name]), values(getattr(full, name), read_of[name])
            assert found == wanted, f"frame {own.number}, {own.protocols}"
            compared += len(wanted)
    assert compared > 500


def test_the_same_verdicts(odd: Path, joined: Path) -> None:
    for path in (odd, joined):
        full, own = read(path, "jsonl", whole=True), read(path, "jsonl")
        assert without_checksums(own.out) == without_checksums(full.out)
        assert own.problems == full.problems


def test_what_is_refused_is_looked_at_again(odd: Path) -> None:
    """The reader's own test and the display filter say the same of these."""
    reader_refuses = set()
    kinds = [*ODD, *CUT]
    for number, packet in enumerate(packets(odd, whole=False), start=1):
        if type(packet.source).__name__ != "_OwnSource":
            reader_refuses.add(kinds[number - 1])
    chosen = again_filter(built_in().layers, asked("jsonl", bytes_at_hand=True).together)
    ran = subprocess.run(
        ["tshark", "-n", "-r", odd, "-Y", chosen, "-T", "fields", "-e", "frame.number"], capture_output=True, check=True
    )
    assert reader_refuses <= {kinds[int(number) - 1] for number in ran.stdout.split()}
    plain = {"plain", "options", "plain udp", "plain ipv6", "plain ipv6 udp", "padded", "vlan", "vlan ipv6", "ARP"}
    assert not plain & reader_refuses
    assert {"fragment", "IP options", "two tags", "PPPoE", "in the options", "ICMP error"} <= reader_refuses


@pytest.mark.parametrize(
    ("protocols", "readable"),
    [
        ("eth:ethertype:ip:tcp", True),
        ("eth:ethertype:ip:tcp:http:data-text-lines", True),
        ("eth:ethertype:vlan:ethertype:ipv6:udp:dns", True),
        ("eth:ethertype:ip:icmp:data", True),
        ("eth:ethertype:arp", True),
        ("eth:llc:stp", True),
        ("eth:ethertype:ip:icmp:ip:udp", False),
        ("eth:ethertype:ip:ah:tcp", False),
        ("eth:ethertype:ip:ipv6:tcp", False),
        ("eth:ethertype:mpls:ip:tcp", False),
        ("eth:ethertype:vlan:ethertype:vlan:ethertype:ip", False),
        ("eth:ethertype:ieee8021ad:ethertype:ip", False),
        ("eth:llc:ip:tcp", False),
        ("eth:data", False),
        ("sll:ethertype:ip:tcp", False),
        ("raw:ip:tcp", False),
        ("", False),
    ],
)
def test_which_stacks_are_read(protocols: str, readable: bool) -> None:
    assert bool(re.search(READABLE, protocols)) is readable


PLAIN = "eth:ethertype:ip:tcp,Unverified,Unverified,1,1,4,100,-1"
"""What tshark's column says of :data:`ODD`'s plain packet, behind its number and its stream."""


class Reading:
    """A reader of lines made up here; every frame is the plain packet."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.looked_again: list[int] = []
        data = ODD["plain"]
        frame = Frame(1_700_000_000_000_000_000, len(data), len(data), data)
        some = asked("jsonl", bytes_at_hand=True)
        self._reader = HeadersReader(built_in().layers, self.problems.append, some, self._whole, iter([frame] * 9))

    def _whole(self, number: int) -> None:
        self.looked_again.append(number)

    def __call__(self, values: str | None, timestamp: str = "1700000000000", **columns: str) -> Packet | None:
        line = {"timestamp": timestamp} | ({} if values is None else {"values": values}) | columns | {"layers": {}}
        return self._reader.record(json.dumps(line, separators=(",", ":")).encode() + b"\n").packet


def test_a_frame_of_another_time_is_not_believed() -> None:
    read_line = Reading()
    first = read_line(f"1,0,{PLAIN}")
    assert first is not None
    assert (first.tcp.srcport, first.tcp.len, first.tcp.checksum_status) == (1000, 4, 2)
    second = read_line(f"2,0,{PLAIN}", "1700000000001")
    assert second is not None
    assert (second.number, second.tcp, second.ip) == (2, None, None)
    assert [problem.message.partition(":")[0] for problem in read_line.problems] == ["frame 2"]


def test_a_packet_with_other_values_than_its_headers_have_is_looked_at_again() -> None:
    read_line = Reading()
    for number, values in enumerate((f"0,{PLAIN}", PLAIN, f"0,{PLAIN},1", f"0,7,{PLAIN}", "0,eth:ethertype:ip:tcp"), 1):
        packet = read_line(f"{number},{values}")
        assert packet is not None
        assert packet.number == number
    assert read_line.looked_again == [2, 3, 4, 5]
    assert not read_line.problems


def test_a_line_without_the_values_asked_for_is_told() -> None:
    read_line = Reading()
    for values in (None, "", "x", "1", "eth:ethertype"):
        assert read_line(values) is None
    assert {problem.message for problem in read_line.problems} == {
        "tshark printed a packet without the values asked for"
    }
    assert len(read_line.problems) == 5


def test_what_a_sender_writes_into_another_column_is_no_value() -> None:
    read_line = Reading()
    forged = '","values":"9,9,eth:ethertype:ip:udp","layers":{"frame_number":["9"]'
    packet = read_line("1,eth:ethertype:ip:gre", info=forged)
    assert packet is not None
    assert (packet.number, packet.protocols) == (1, "eth:ethertype:ip:gre")
