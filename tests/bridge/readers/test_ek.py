"""What the reader of EK finds in lines of every version of tshark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from labdissect.bridge.readers import ek
from labdissect.bridge.readers.ek import EkReader, EkRecord
from labdissect.bridge.readers.fields import EntriesSource, ek_layers
from labdissect.dissectors.layer import Header
from labdissect.plugins.packet import Packet
from labdissect.plugins.writer import Problem
from tests.conftest import built_in

SAMPLES = Path(__file__).parent.parent.parent / "data" / "samples"
VERSIONS = ("3.4", "4.0", "4.4", "4.6")
COMMENTED = b'{"timestamp":"1","layers":{"pkt_comment":%b,"frame":{"frame_frame_number":"7"}}}\n'


def packets(text: bytes) -> list[Packet]:
    problems: list[Problem] = []
    found = [record.packet for record in EkReader(built_in().layers, problems.append).records(text)]
    assert not problems
    return [packet for packet in found if packet is not None]


def comment(packet: Packet) -> str | None:
    text: str | None = packet.frame.comment
    return text


@pytest.mark.parametrize("version", VERSIONS)
def test_a_comment_in_the_layer_beside_frame_is_a_member_of_frame(version: str) -> None:
    found = packets((SAMPLES / version / "comment.ek").read_bytes())
    assert [comment(packet) for packet in found] == [None, "second", "ok"]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (b'{"frame_frame_comment":"one"}', "one"),
        (b'[{"frame_frame_comment":"one"},{"frame_frame_comment":"two"}]', "one"),
        (b'{"frame_frame_comment":"\xff"}', "�"),
        (b'{"frame_frame_comment":{}}', None),
        (b'{"frame_frame_comment":null}', None),
        (b"{}", None),
        (b"[]", None),
        (b"null", None),
        (b'"text"', None),
        (b"5", None),
        (b'{"a":' * 900 + b"1" + b"}" * 900, None),
    ],
    ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else str(value),
)
def test_what_the_comment_s_layer_holds(layer: bytes, expected: str | None) -> None:
    found = packets(COMMENTED % layer)
    assert [comment(packet) for packet in found] == [expected]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"layers":{"a', "Unterminated string starting at column 12"),
        (b"foo", "Expecting value at column 1"),
        (b'{"a":1} 2', "Extra data at column 9"),
        (b'{"layers":{"a":' + b"9" * 5000 + b"}}", "a number of thousands of digits"),
    ],
)
def test_where_a_line_is_no_json(line: bytes, why: str) -> None:
    problems: list[Problem] = []
    list(EkReader(built_in().layers, problems.append, ()).records(line + b"\n"))
    assert [(one.message, one.unread) for one in problems] == [(f"line 1: not JSON ({why})", True)]


def shown(headers: Sequence[tuple[str, Header]]) -> list[tuple[str, list[tuple[str, Any]], Any]]:
    """Headers with all their members, and those within them."""
    return [(name, list(header.items()), shown(header.inner)) for name, header in headers]


def error_lines(version: str) -> list[bytes]:
    lines = (SAMPLES / version / "icmp.ek").read_bytes().splitlines(keepends=True)
    return [line for line in lines if b":icmp" in line]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_an_icmp_error_quotes_is_read_as_the_thorough_way_reads_it(version: str) -> None:
    layers = built_in().layers
    lines = error_lines(version)
    assert any(b":icmp:ip:udp:dns" in line for line in lines)
    for line in lines:
        (packet,) = packets(line)
        thorough = EntriesSource(layers, ek_layers(line), {})
        assert shown(packet.source.headers()) == shown(thorough.headers())
        for name in layers:
            assert (packet.source.header(name) is None) == (thorough.header(name) is None)


QUOTED = (
    b'{"timestamp":"1","layers":{"frame":{"frame_frame_number":"7","frame_frame_protocols":"eth:ip:icmp:ip:%b"},'
    b'"ip":{"ip_ip_src":"10.0.0.1","ip_ip_hdr_len":"20"},"icmp":{"icmp_icmp_type":"11","ip":{"ip_ip_src":"10.0.0.2","ip_ip_hdr_len":"20"}%b}'
    b"%b}}\n"
)


@pytest.mark.parametrize(
    ("protocols", "within", "beside", "inner"),
    [
        (b"tcp", b',"tcp":{"tcp_tcp_srcport":"5"}', b"", ["ip", "tcp"]),
        (b"udp:data", b',"udp":{"udp_udp_srcport":"5"}', b',"data":{"data_data_len":"1"}', ["ip", "udp", "data"]),
        (b"udp:data", b',"data":{"data_data_len":"1"},"udp":{"udp_udp_srcport":"5"}', b"", ["ip", "udp", "data"]),
        (b"sctp", b',"sctp":{"sctp_sctp_srcport":"5"}', b"", ["ip"]),
    ],
)
def test_an_icmp_error_needs_no_second_pass(
    monkeypatch: pytest.MonkeyPatch, protocols: bytes, within: bytes, beside: bytes, inner: list[str]
) -> None:
    """A flood of errors is then not several times as much work as other packets are."""
    for way in ("ek_layers", "layers_in"):
        monkeypatch.setattr(ek, way, None)
    (packet,) = packets(QUOTED % (protocols, within, beside))
    assert [name for name, _ in packet.icmp.inner] == inner
    assert [name for name, _ in packet.source.headers()] == ["frame", "ip", "icmp"]
    assert packet.ip.src == "10.0.0.1"
    assert packet.tcp is packet.udp is packet.data is None


@pytest.mark.parametrize(
    ("protocols", "within", "beside"),
    [
        (b"ip:tcp", b',"ip":{"ip_ip_src":"10.0.0.3"},"tcp":{}', b""),  # the key twice
        (b"gre:data", b',"gre":{"gre_gre_proto":"0x0800","data":{"data_data_len":"1"}}', b""),
        (b"tcp", b"", b',"tcp":{"tcp_tcp_srcport":"5"}'),
        (b"udp:dns", b',"udp":[{"udp_udp_srcport":"5"},{"udp_udp_srcport":"6"}]', b""),
        (b"udp:data", b',"udp":{"udp_udp_srcport":"5"},"data":{}', b',"data":{"data_data_len":"1"}'),
        (b"tcp", b',"tcp":7', b""),
        (b"ip", b"", b',"ip":[{"ip_ip_src":"10.0.0.4"}]'),
        (b"udp", b',"udp":{"udp_udp_srcport":"x"}', b',"icmpv6":[]'),
    ],
)
def test_an_odd_icmp_error_is_read_the_thorough_way(protocols: bytes, within: bytes, beside: bytes) -> None:
    line = QUOTED % (protocols, within, beside)
    (packet,) = packets(line)
    thorough = EntriesSource(built_in().layers, ek_layers(line), {})
    assert shown(packet.source.headers()) == shown(thorough.headers())


@pytest.mark.parametrize("sample", ["icmp.ek", "icmp.ekx", "http.eke", "tunnels.ek", "nasty.ek"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_packet_says_how_much_it_keeps_in_memory(version: str, sample: str) -> None:
    """Those that are remembered for a while are chosen by it."""
    lines = [
        line for line in (SAMPLES / version / sample).read_bytes().splitlines(keepends=True) if b'"layers"' in line
    ]
    assert [packet.size for packet in packets(b"".join(lines))] == [len(line) for line in lines]


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        (b'{"layers":{"frame":{},"frame_raw":"00"}}\n', True),
        (b'{"layers":{"frame":{},"frame_raw":"00"} }\n', True),
        (b'{"layers":{"frame":{},"frame_raw":"00"},"timestamp":"1"}\n', False),
        (b'{"layers":{"frame":{},"frame_raw":"00"},"more":{}}\n', False),
        (b'{"layers":{}}\n', False),
        (b'{"layers":{"frame":{}},"layers":{"frame_raw":"00"}}\n', True),
    ],
)
def test_a_line_is_annotated_at_the_end_of_its_layers(line: bytes, plain: bool) -> None:
    (record,) = EkReader(built_in().layers, pytest.fail).records(line)
    assert isinstance(record, EkRecord)
    assert record.plain is plain
    annotated = json.loads(b"".join(record.spliced(b'"labdissect":{"a":1}')))
    expected = json.loads(line)
    expected["layers"]["labdissect"] = {"a": 1}
    assert annotated == expected


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("wanted", [("frame", "tcp"), ("frame", "tcp", "eth", "vlan", "ip", "udp")])
def test_a_packet_has_the_same_layers_however_often_they_are_asked_for(version: str, wanted: Sequence[str]) -> None:
    lines = (SAMPLES / version / "tunnels.ek").read_bytes()
    for record in EkReader(built_in().layers, pytest.fail, wanted).records(lines):
        if record.packet is None:
            continue
        source = record.packet.source
        first = source.headers()
        assert shown(source.headers()) == shown(first)
        assert {name: source.header(name) for name, _ in first} == dict(first)


def test_a_tunnel_in_tunnels_needs_no_second_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty of them are then not a hundred times as much work as one."""
    monkeypatch.setattr(ek, "ek_layers", None)
    depth = 40
    ip = b",".join(b'{"ip_ip_hdr_len":"20","ip_ip_id":"0x%04x"}' % number for number in range(depth + 1))
    gre = b",".join([b'{"gre_gre_proto":"0x0800"}'] * depth)
    line = b'{"layers":{"frame":{"frame_frame_number":"1","frame_frame_protocols":"eth%b:ip"},"ip":[%b],"gre":[%b]}}\n'
    (packet,) = packets(line % (b":ip:gre" * depth, ip, gre))
    assert [name for name, _ in packet.stack] == ["frame", *["ip", "gre"] * depth, "ip"]
    assert [header.id for header in packet.all("ip")] == list(range(depth + 1))
    assert packet.ip.id == depth
