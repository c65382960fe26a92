"""Some fields instead of all: the same verdicts, and a second look where fields alone do not tell."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.asking import asked_for
from labdissect.bridge.readers.flat import FlatReader, layer_fields, mixed_stacks
from labdissect.bridge.tshark import find
from labdissect.plugins.writer import Problem
from tests.bridge.asked import asked, read
from tests.bridge.program import ROOT
from tests.conftest import BUILT, CAPTURES, DATA, built_in

EVERY = sorted(
    path
    for folder in (CAPTURES, BUILT, DATA / "samples" / "pcap")
    for path in folder.iterdir()
    if path.suffix in (".pcap", ".pcapng")
)


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All captures, one after the other."""
    joined = tmp_path_factory.mktemp("joined") / "all.pcapng"
    subprocess.run(["mergecap", "-a", "-w", joined, *EVERY], check=True, capture_output=True)
    return joined


def without_checksums(lines: str) -> list[str]:
    """The exception: of a segment with data, the sum is recomputed only where tshark printed the data, which of a FILE
    it does not, as that would be most of what it prints."""
    return [line for line in lines.splitlines() if '"code":"l4.checksum-bad"' not in line]


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_the_same_verdicts_as_from_full_ek(path: Path) -> None:
    full, some = read(path, "jsonl", whole=True), read(path, "jsonl")
    assert without_checksums(some.out) == without_checksums(full.out)
    assert some.problems == full.problems


@pytest.mark.parametrize("output", ["csv", "jsonl", "conversations"])
def test_the_same_output_of_all_captures_joined(joined: Path, output: str) -> None:
    full, some = read(joined, output, whole=True), read(joined, output)
    if output == "jsonl":
        assert without_checksums(some.out) == without_checksums(full.out)
    else:
        for one, other in zip(some.out.splitlines(), full.out.splitlines(), strict=True):
            assert one == other or "l4.checksum-bad" in one + other
    assert some.looked_again


def test_plain_captures_need_no_second_tshark() -> None:
    assert not read(CAPTURES / "http-get.pcapng", "jsonl").looked_again
    assert read(CAPTURES / "icmp-host-unreachable.pcapng", "jsonl").looked_again


@pytest.mark.parametrize(
    ("protocols", "mixed"),
    [
        ("eth:ethertype:ip:tcp:http:data-text-lines", False),
        ("eth:ethertype:vlan:ethertype:ip:tcp", False),
        ("eth:ethertype:ip:icmp:data", False),
        ("eth:ethertype:ip:tcp:tls:x509sat:x509sat", False),
        ("eth:ethertype:ip:icmp:ip:udp", True),
        ("eth:ethertype:ipv6:icmpv6:ipv6:udp", True),
        ("eth:ethertype:ip:ip:tcp", True),
        ("eth:ethertype:vlan:ethertype:vlan:ethertype:ip", True),
        ("eth:ethertype:ip:tcp:tls:tls", True),
        ("eth:ethertype:ipv6:ipv6.hopopts:icmpv6", True),
        ("eth:ethertype:mpls:ip", True),
        ("ip:gre:ip", True),
    ],
)
def test_which_stacks_are_looked_at_again(protocols: str, mixed: bool) -> None:
    import re

    assert bool(re.search(mixed_stacks(built_in().layers), protocols)) is mixed


PARTLY = ("frame", "eth", "ip", "ipv6", "tcp", "udp")
NOT_READ = {
    "frame.marked": "a word of other meaning",
    "frame.ignored": "likewise",
    "ip.version": "HTTP's and TLS's",
    "ipv6.version": "likewise",
    "ip.options": "packets that have them are looked at again",
    "ip.stream": "a conversation's",
    "ipv6.stream": "likewise",
    "tcp.payload": "of plugins' layers, with which a capture is read whole",
}


def test_what_plugins_read_of_the_layers_of_every_packet_is_asked_for() -> None:
    """By their source: each attribute, and each name in quotes, that is a member of such a layer."""
    used: set[str] = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        used |= {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
    members = asked("jsonl").members
    for name in PARTLY:
        there = {one.tshark for one in members[name]}
        for one in built_in().layers[name].fields:
            if used & {one.attribute, one.stored} and one.tshark not in NOT_READ:
                assert one.tshark in there, f"{one.tshark} is read by a plugin, and no analyzer names it in its fields"


def test_to_read_what_was_not_asked_for_is_an_error_that_says_so() -> None:
    some = asked_for([["tcp.srcport"]], built_in().layers, find())
    problems: list[Problem] = []
    reader = FlatReader(built_in().layers, problems.append, some, lambda number: None)
    fields = {"frame_number": ["7"], "frame_protocols": ["eth:ip:tcp"], "ip_hdr_len": ["20"], "tcp_srcport": ["80"]}
    (record,) = reader.records(json.dumps({"layers": fields}).encode() + b"\n")
    packet = record.packet
    assert packet is not None
    assert (packet.number, packet.tcp.srcport, packet.udp) == (7, 80, None)
    with pytest.raises(AttributeError, match=r"not asked for tcp\.dstport; name it in the `fields`"):
        _ = packet.tcp.dstport
    with pytest.raises(AttributeError, match="'Packet' object has no attribute 'tcpp'"):
        _ = packet.tcpp
    assert not problems


def test_lines_of_a_tshark_that_was_stopped() -> None:
    problems: list[Problem] = []
    reader = FlatReader(built_in().layers, problems.append, asked("jsonl"), lambda number: None)
    line = b'{"timestamp":"1","layers":{"frame_number":["1"],"frame_protocols":["eth"]}}\n'
    assert [record.packet is not None for record in reader.records(b'{"index":{}}\n' + line + line[:20])] == [True]
    assert [record.packet for record in reader.end()] == [None]
    assert any("cut" in problem.message for problem in problems)


@pytest.mark.parametrize(
    "value", [":[", "],", "]", '"', '":[', '"],', "a\\", "],]", ":[],", "]}", "", '","', "é\u2028"]
)
@pytest.mark.parametrize("field", ["frame.protocols", "ip.src", "eth.dst"])
def test_no_value_changes_what_another_field_says(value: str, field: str) -> None:
    """Whatever whoever sent the packet wrote into it."""
    fields = {"frame.number": "7", "frame.time_epoch": "1.5", "frame.len": "60", "frame.protocols": "eth:x:ip"}
    fields |= {"ip.hdr_len": "20", "ip.src": "10.0.0.1", "ip.dst": "10.0.0.2", "eth.dst": "02:00:00:00:00:01"}
    fields[field] = value if field != "frame.protocols" else f"eth:{value}:ip"
    some = asked_for([("ip.src", "ip.dst", "eth.dst")], built_in().layers, find())
    reader = FlatReader(built_in().layers, lambda problem: None, some, lambda number: None)
    flat = {name.replace(".", "_"): [text] for name, text in fields.items()}
    line = json.dumps({"timestamp": "1500", "layers": flat}, separators=(",", ":"), ensure_ascii=False)
    packet = reader.record(line.encode() + b"\n").packet
    assert packet is not None
    assert (packet.number, packet.length, packet.protocols) == (7, 60, fields["frame.protocols"])
    assert (packet.ip.src, packet.ip.dst, packet.eth.dst) == (fields["ip.src"], "10.0.0.2", fields["eth.dst"])


ASSEMBLED = sorted(name for name, layer in built_in().layers.items() if not layer.regular)
"""Layers that are put together of pieces."""
TEXTS = ("0", "1", "7", "0x0010", "4294967296", "True", "0.25", "ab:cd", "10.0.0.1", "x", "")


@pytest.fixture(scope="module")
def there() -> frozenset[str]:
    return frozenset(asked("jsonl").fields)


@pytest.fixture(scope="module")
def reader() -> FlatReader:
    return FlatReader(built_in().layers, lambda problem: None, asked("jsonl"), lambda number: None)


@pytest.mark.parametrize("name", ASSEMBLED)
@given(data=st.data())
def test_headers_of_pieces_are_those_that_are_read_one_value_at_a_time(
    name: str, reader: FlatReader, there: frozenset[str], data: st.DataObject
) -> None:
    """Also where a value is none of its member's kind."""
    layer = built_in().layers[name]
    once = {one.tshark for one in layer.fields if one.name in layer.single}
    printed: dict[str, list[str]] = {}
    for field in data.draw(st.sets(st.sampled_from([one for one in layer_fields(layer) if one in there]))):
        texts = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=1 if field in once else 3)
        printed[field.replace(".", "_")] = data.draw(texts)
    flat = {"frame_number": ["7"], "frame_protocols": [f"eth:{name}"], **printed}
    packet = reader.record(json.dumps({"layers": flat}).encode() + b"\n").packet
    assert packet is not None
    read = packet.source.header(name)
    assert read is not None
    assert dict(read.items()) == dict(layer.decode(printed, kind=type(read)).items())
