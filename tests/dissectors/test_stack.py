from construct import Int8ub, Struct
from hypothesis import given
from hypothesis import strategies as st

from labdissect.dissectors import builtin_layers
from labdissect.dissectors.layer import Layer, Text
from labdissect.dissectors.stack import DEEPEST, dissect

from .agreement import BINDINGS, LAYERS, flattened
from .synthetic import ethernet, ipv4, packed, udp

ENCAPSULATIONS = [1, 7, 15, 25, 129, 130, 174, 210, 999, *LAYERS, "unheard of"]
TCP = packed("04d2 0050 00000001 00000000 5018 2000 0000 0000")


@given(st.binary(max_size=200), st.sampled_from(ENCAPSULATIONS))
def test_hostile_bytes_never_raise(data: bytes, encapsulation: int | str) -> None:
    for one in flattened(dissect(data, encapsulation, BINDINGS)):
        assert 0 <= one.offset <= one.offset + one.size <= len(data)


def test_nothing_is_endless() -> None:
    packet = b""
    for _ in range(60):
        packet = ipv4(4, packet)
    assert len(dissect(packet, "ip", BINDINGS)) == DEEPEST


def test_padding_is_no_payload() -> None:
    frame = ethernet(0x0800, ipv4(6, TCP)) + b"GET / HTTP/1.1\r\n\r\n"
    assert [one.name for one in dissect(frame, 1, BINDINGS)] == ["eth", "ip", "tcp"]


def test_known_bytes_on_an_unknown_port() -> None:
    segment = packed("04d2 3039") + TCP[4:]
    names = [one.name for one in dissect(ipv4(6, segment + b"GET / HTTP/1.1\r\n\r\n"), "ip", BINDINGS)]
    assert names == ["ip", "tcp", "http"]


def test_unknown_bytes_on_a_known_port() -> None:
    assert [one.name for one in dissect(ipv4(6, TCP + b"more of a body"), "ip", BINDINGS)] == ["ip", "tcp"]


def test_a_layer_of_ones_own_on_a_port() -> None:
    own = Layer("labnote", Text("LabNote", "实验便条"), Struct("kind" / Int8ub), over=(("udp.port", 9002),))
    found = dissect(ipv4(17, udp(b"\5", target=9002)), "ip", [*builtin_layers(), own])
    assert found[-1].name == "labnote"
    assert found[-1].header.kind == 5
