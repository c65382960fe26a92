"""Layers of plugins, from their definition to the packet: names, values, forms of input, other carriers than ports."""

from __future__ import annotations

from pathlib import Path

import pytest

from labdissect.plugins.registry import PluginError
from labdissect.testing import ethernet, ip, run, tcp_connection, udp
from tests.conftest import built_in

LAYER = """
from construct import *
from labdissect import Layer, Text, hookimpl
LAYERS = [Layer({name!r}, Text("Lab", "实验"), {struct}, over={over}{more})]
@hookimpl
def labdissect_layers():
    return LAYERS
"""
ANOTHER = """
LAYERS.append(Layer({name!r}, Text("Another", "另一层"), Struct("all" / GreedyBytes), over={over}))
"""
STRUCT = 'Struct("kind" / Int8ub, "rest" / GreedyBytes)'


def plugin(
    folder: Path,
    *,
    name: str = "labthing",
    struct: str = STRUCT,
    over: str = '(("udp.port", 9000),)',
    more: str = "",
    another: str = "",
) -> Path:
    """A file with a layer; with another one, ``labother``, over ``another``."""
    path = folder / "thing.py"
    text = LAYER.format(name=name, struct=struct, over=over, more=more)
    path.write_text(text + (ANOTHER.format(name="labother", over=another) if another else ""), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["Lab", "lab-thing", "9lab", "", "time", "stack", "messages", "labdissect", "tcp"])
def test_a_name_that_cannot_be_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="name"):
        built_in(str(plugin(tmp_path, name=name)))


@pytest.mark.parametrize("member", ["layer", "inner", "items", "a b"])
def test_a_member_that_cannot_be_is_refused(member: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="member"):
        built_in(str(plugin(tmp_path, struct=f'Struct("{member}" / Int8ub)')))


def test_the_types_are_construct_s(tmp_path: Path) -> None:
    struct = """Struct("magic" / Const(b"LT"), "kind" / Enum(Int8ub, data=1, bye=2),
        "flags" / FlagsEnum(Int8ub, a=1, b=2), "name" / PascalString(Int8ub, "utf8"), "many" / Array(2, Int16ub),
        "pair" / Struct("x" / Int8sb, "y" / Flag), "_hidden" / Int8ub, "ratio" / Float32b,
        "none" / If(False, Int8ub), "end" / Terminated)"""
    data = b"LT\x01\x02\x03h\xc3\xa9\x00\x01\x00\x02\xff\x01\x07\x3f\x00\x00\x00"
    (packet,) = run(plugin(tmp_path, struct=struct), [udp(data, dport=9000)]).packets
    thing = packet.labthing
    assert (thing.magic, thing.kind, int(thing.kind), thing.name) == (b"LT", "data", 1, "hé")
    assert (thing.flags.a, thing.flags.b, list(thing.many), thing.pair.x, thing.pair.y) == (
        False,
        True,
        [1, 2],
        -1,
        True,
    )
    assert (thing.ratio, thing.none, thing["labthing.kind"]) == (0.5, None, "data")
    assert packet.stack[-1] == ("labthing", thing) and packet.all("labthing") == [thing]
    assert packet.protocols == "eth:ethertype:ip:udp:labthing"


def test_an_ip_protocol_and_an_ethernet_type(tmp_path: Path) -> None:
    path = plugin(tmp_path, over='(("ip.proto", 253), ("ethertype", 0x88B5))')
    frames = [
        ip(b"\x01over IP", proto=253),
        ip(b"\x02over IPv6", proto=253, src="2001:db8::1", dst="2001:db8::2"),
        ethernet(b"\x03over Ethernet", type=0x88B5),
        ip(b"\x04another", proto=254),
    ]
    for by_tshark in (False, True):
        packets = run(path, frames, tshark=by_tshark).packets
        assert [None if one.labthing is None else one.labthing.kind for one in packets] == [1, 2, 3, None]
        assert packets[0].labthing.rest == b"over IP"


def test_ipv6_tells_it_in_its_last_extension_header(tmp_path: Path) -> None:
    path = plugin(tmp_path, over='(("ip.proto", 253),)')
    option = b"\xfd\x00\x01\x04\0\0\0\0"
    frame = ip(option + b"\x05behind it", proto=0, src="2001:db8::1", dst="2001:db8::2")
    (packet,) = run(path, [frame], tshark=True).packets
    assert packet.labthing.kind == 5


def test_one_layer_over_another(tmp_path: Path) -> None:
    selects = ', selects=("labthing.kind", "kind")'
    path = plugin(tmp_path, struct='Struct("kind" / Int8ub)', more=selects, another='(("labthing.kind", 7),)')
    packets = run(path, [udp(b"\x07text", dport=9000), udp(b"\x08text", dport=9000)]).packets
    assert packets[0].labother.all == b"text" and packets[1].labother is None
    lower, upper = packets[0].messages
    assert (lower.data, upper.data, upper.offset) == (b"\x07text", b"text", 1)
    assert packets[0].protocols.endswith(":udp:labthing:labother")


def test_a_heuristic_reads_what_no_table_claims(tmp_path: Path) -> None:
    matches = ", matches=lambda data: data[:1] == b'!'"
    path = plugin(tmp_path, over='(("udp.port", "*"),)', more=matches, another='(("udp.port", 7000),)')
    frames = [udp(b"!yes", dport=5000), udp(b"no", dport=5000), udp(b"!yes", dport=7000)]
    packets = run(path, frames).packets
    assert [one.labthing is not None for one in packets] == [True, False, False]
    assert packets[2].labother.all == b"!yes"


def test_a_heuristic_does_not_look_at_what_tshark_dissects(tmp_path: Path) -> None:
    path = plugin(tmp_path, over='(("udp.port", "*"),)', more=", matches=lambda data: True")
    query = bytes.fromhex("000101000001000000000000") + b"\x03lab\x00\x00\x01\x00\x01"
    packets = run(path, [udp(query, dport=53), udp(b"of the lab", dport=5000)], tshark=True).packets
    assert [one.labthing is not None for one in packets] == [False, True]


def test_a_heuristic_binds_a_whole_connection(tmp_path: Path) -> None:
    matches = ", matches=lambda data: data[:1] == b'!'"
    path = plugin(tmp_path, over='(("tcp.port", "*"),)', struct='Struct("all" / Bytes(2))', more=matches)
    frames = tcp_connection([("client", b"!a"), ("client", b"bc"), ("server", b"de")], dport=5000)
    found = [message.data for packet in run(path, frames).packets for message in packet.messages]
    assert found == [b"!a", b"bc", b"de"]


def test_the_lower_port_is_asked_first_as_wireshark_does(tmp_path: Path) -> None:
    path = plugin(tmp_path, another='(("udp.port", 8000),)')
    packets = run(path, [udp(b"1", sport=9000, dport=8000), udp(b"2", sport=8000, dport=9000)]).packets
    assert [one.labother is not None for one in packets] == [True, True]
    assert [one.labthing for one in packets] == [None, None]


def test_a_name_of_wireshark_s_own_is_left_to_it(tmp_path: Path) -> None:
    """Whoever names a layer ``rip`` gets Wireshark's where it has one, and is told once."""
    path = plugin(tmp_path, name="rip", over='(("udp.port", 520), ("udp.port", 9000))')
    answer = bytes.fromhex("02020000") + bytes(20)
    frames = [udp(answer, sport=520, dport=520), udp(answer, sport=520, dport=520), udp(b"\x05ours", dport=9000)]
    result = run(path, frames, tshark=True, check=False)
    assert [len(packet.messages) for packet in result.packets] == [0, 0, 1]
    (problem,) = result.problems
    assert "frame 1 has a layer rip of Wireshark's own" in problem
