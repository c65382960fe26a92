"""Fields of each layer from EK, EK with -x, flat EK and PDML, of four versions of tshark."""

from __future__ import annotations

from pathlib import Path

import pytest

from labdissect.bridge.readers.fields import Entry, ek_layers, header, pdml_layers
from labdissect.dissectors import builtin_layers

SAMPLES = Path(__file__).parent.parent.parent / "data" / "samples"
LAYERS = {layer.name: layer for layer in builtin_layers()}
VERSIONS = pytest.mark.parametrize("version", ["3.4", "4.0", "4.4", "4.6"])


def ek(version: str, name: str) -> list[list[Entry]]:
    lines = (SAMPLES / version / name).read_bytes().split(b"\n")
    return [ek_layers(line) for line in lines if b'"layers"' in line]


def pdml(version: str, name: str) -> list[list[Entry]]:
    parts = (SAMPLES / version / name).read_bytes().split(b"<packet>")[1:]
    return [pdml_layers(b"<packet>" + part.partition(b"</packet>")[0] + b"</packet>") for part in parts]


def one(entries: list[Entry], name: str) -> Entry:
    (found,) = [entry for entry in entries if entry.name == name]
    return found


def names(entries: list[Entry]) -> list[object]:
    """Names of layers, those within another as a list behind it."""
    found: list[object] = []
    for entry in entries:
        found += [entry.name, names(entry.inner)] if entry.inner else [entry.name]
    return found


@VERSIONS
def test_no_repeated_key_is_lost(version: str) -> None:
    syn = ek(version, "http.ek")[0]
    assert one(syn, "tcp").fields["tcp_option_kind"] == ["2", "4", "8", "1", "3"]
    assert one(syn, "eth").fields["eth_addr"] == ["02:00:00:00:00:0b", "02:00:00:00:00:0a"]


@VERSIONS
def test_bytes_beside_a_field_are_not_taken_for_another(version: str) -> None:
    """With -x the bytes of tcp.seq come under the key of the field tcp.seq_raw."""
    for packet in ek(version, "http.ekx"):
        segment = header(LAYERS["tcp"], one(packet, "tcp"), LAYERS)
        raw = one(packet, "tcp").raw
        assert raw is not None
        assert (segment.seq_raw, segment.ack_raw) == (int.from_bytes(raw[4:8], "big"), int.from_bytes(raw[8:12], "big"))
        assert one(packet, "tcp").fields["tcp_seq"] != one(packet, "tcp").fields["tcp_seq_raw"]


@VERSIONS
def test_the_bytes_of_layers(version: str) -> None:
    packet = ek(version, "http.ekx")[0]
    frame, eth, ip = (one(packet, name).raw for name in ("frame", "eth", "ip"))
    assert frame is not None and eth is not None and ip is not None
    assert frame.startswith(eth + ip)


@VERSIONS
def test_tunnels_come_in_order(version: str) -> None:
    stacks = [names(packet) for packet in ek(version, "tunnels.ek")]
    assert ["frame", "eth", "vlan", "vlan", "ip", "tcp"] in stacks
    assert ["frame", "eth", "ip", "udp", "vxlan", "eth", "ip", "tcp"] in stacks
    assert ["frame", "eth", "ipv6", "ipv6.hopopts", "ipv6.routing", "ipv6.dstopts", "udp", "echo"] in stacks


@VERSIONS
def test_an_icmp_error_holds_all_that_it_quotes(version: str) -> None:
    stacks = [names(packet) for packet in ek(version, "icmp.ek")]
    assert ["frame", "eth", "ip", "icmp", ["ip", "tcp"]] in stacks
    assert ["frame", "eth", "ip", "icmp", ["ip", "udp", "dns"]] in stacks
    assert ["frame", "eth", "ip", "icmp", ["data"]] in stacks
    assert ["frame", "eth", "ipv6", "icmpv6", ["ipv6", "udp", "data"]] in stacks


@VERSIONS
@pytest.mark.parametrize("name", ["http", "icmp", "comment"])
def test_pdml_gives_the_same(version: str, name: str) -> None:
    by_number = {one(packet, "frame").fields["frame_number"][0]: packet for packet in ek(version, f"{name}.ek")}
    for packet in pdml(version, f"{name}.pdml"):
        twin = by_number.get(one(packet, "frame").fields["frame_number"][0])
        if twin is not None:
            assert names(packet) == names(twin)


@VERSIONS
def test_a_comment_is_a_field_of_the_frame(version: str) -> None:
    for form in (ek(version, "comment.ek"), pdml(version, "comment.pdml")):
        comments = [one(packet, "frame").fields.get("frame_comment") for packet in form]
        assert comments[:2] == [None, ["second"]]


@VERSIONS
def test_reassembly_belongs_to_tcp(version: str) -> None:
    packet = ek(version, "http.ekx")[-1]
    assert (
        one(packet, "tcp").fields["tcp_segment_count"]
        == one(pdml(version, "http.pdml")[-1], "tcp").fields["tcp_segment_count"]
    )


@VERSIONS
def test_flat_lines(version: str) -> None:
    packet = ek(version, "http.eke")[0]
    segment = header(LAYERS["tcp"], one(packet, "tcp"), LAYERS)
    assert one(packet, "frame").fields["frame_number"] == ["1"]
    assert (segment.flags, segment.flags_syn, segment.stream) == (0x002, True, 0)
    assert one(packet, "_ws.col").fields


def test_flat_values_of_a_tunnel_are_dealt_out() -> None:
    line = b'{"layers":{"frame_protocols":["eth:ethertype:ip:ip:tcp"],"ip_src":["1.1.1.1","2.2.2.2"],"ip_id":["0x1"]}}'
    _, outer, inner = ek_layers(line)
    assert (outer.fields, inner.fields) == ({"ip_src": ["1.1.1.1"]}, {"ip_src": ["2.2.2.2"]})


@pytest.mark.parametrize(
    "protocols", ['"frame_protocols":["eth:ethertype:ip:icmp:ip:tcp"],', ""], ids=["told", "guessed"]
)
def test_flat_values_of_an_icmp_error(protocols: str) -> None:
    fields = '"icmp_type":["3"],"ip_src":["1.1.1.1","2.2.2.2"],"ip_ttl":["64"],"tcp_srcport":["80"]'
    found = ek_layers(f'{{"layers":{{{protocols}{fields}}}}}'.encode())
    error = one(found, "icmp")
    assert one(found, "ip").fields == {"ip_src": ["1.1.1.1"], "ip_ttl": ["64"]}
    assert [(entry.name, entry.fields) for entry in error.inner] == [
        ("ip", {"ip_src": ["2.2.2.2"]}),
        ("tcp", {"tcp_srcport": ["80"]}),
    ]


def test_a_quoted_segment_is_known_by_the_number_of_icmp() -> None:
    line = (
        b'{"layers":{"ip_src":["1.1.1.1","2.2.2.2"],"ip_proto":["1","6"],"tcp_srcport":["80"],"tcp_flags":["0x0010"]}}'
    )
    found = ek_layers(line)
    assert not [entry for entry in found if entry.name == "tcp"]
    assert [entry.name for entry in one(found, "icmp").inner] == ["ip", "tcp"]


@pytest.mark.parametrize(
    ("others", "own"),
    [
        ("", False),
        (',"ip_proto":["4","6"]', True),
        (',"tcp_len":["5"]', True),
    ],
)
def test_a_segment_behind_two_addresses_counts_only_where_it_is_told_from_a_quoted_one(others: str, own: bool) -> None:
    line = f'{{"layers":{{"ip_src":["1.1.1.1","2.2.2.2"],"tcp_srcport":["80"],"tcp_seq":["1"]{others}}}}}'
    assert ([entry.name for entry in ek_layers(line.encode()) if entry.name == "tcp"] == ["tcp"]) is own


def test_one_layer_by_itself() -> None:
    outer, inner = ek_layers(b'{"vlan":[{"vlan_vlan_id":"1"},{"vlan_vlan_id":"2"}]}')
    assert (outer.fields, inner.fields) == ({"vlan_id": ["1"]}, {"vlan_id": ["2"]})


def test_invalid_utf_8_is_replaced() -> None:
    (found,) = ek_layers(b'{"http":{"http_http_host":"h\xff"}}')
    assert found.fields == {"http_host": ["h\ufffd"]}


@pytest.mark.parametrize("line", [b"", b"[]", b'{"layers":3}', b'{"layers":{', b"[" * 100_000])
def test_what_is_no_packet(line: bytes) -> None:
    with pytest.raises(ValueError):
        ek_layers(line)


def test_pdml_keeps_line_ends_and_survives_control_characters() -> None:
    line = b'<field name="http.request.line" show="A: \x1b1\r\n" value="413a3100" pos="0" size="4"/>'
    (found,) = pdml_layers(b'<packet><proto name="http" pos="0" size="4">' + line + b"</proto>\n</packet>")
    assert found.fields == {"http_request_line": ["A: \ufffd1\r\n"]}
    assert found.raw == b"A:1\0"


def test_pdml_bytes_with_a_gap_are_none() -> None:
    fields = b'<field name="x.a" show="1" value="01" pos="5" size="1"/>'
    (found,) = pdml_layers(b'<packet><proto name="x" pos="5" size="2">' + fields + b"</proto></packet>")
    assert found.raw is None


def test_pdml_that_is_not_well_formed() -> None:
    with pytest.raises(ValueError, match="not well-formed"):
        pdml_layers(b"<packet><proto></packet>")
