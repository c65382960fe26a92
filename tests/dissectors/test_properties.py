"""Bytes to members and back, for every layer, on bytes that nobody sent."""

from __future__ import annotations

from typing import Any

import pytest
from construct import ConstructError
from hypothesis import given
from hypothesis import strategies as st

from labdissect.dissectors import builtin_layers
from labdissect.dissectors.layer import Field, Fields, Header, Layer

from . import test_dhcp, test_dns, test_http, test_tcp, test_tls
from .synthetic import SOURCE_6, ipv4, ipv6, packed, udp

GOOD = {
    "dhcp": test_dhcp.HEAD + packed("350101 0604 0a000001 0c03 6c6162 ff 0000"),
    "dns": test_dns.EVERY_TYPE,
    "http": test_http.REQUEST,
    "icmpv6": packed("8600 0000 40 00 0708 00000001 00000002 0304 40c0 00000e10 00000708 00000000") + SOURCE_6,
    "ip": ipv4(17, udp(), packed("830b08 01020304 05060708 00")),
    "ipv6": ipv6(17, udp()),
    "tcp": test_tcp.SYN,
    "tls": test_tls.RECORD + test_tls.ALERT,
}
LAYERS = [layer for layer in builtin_layers() if layer.name != "frame"]


@st.composite
def damaged(draw: st.DrawFn, layer: Layer) -> bytes:
    """Random bytes, or good ones with some bytes changed and the end cut."""
    data = bytearray(GOOD.get(layer.name) or draw(st.binary(min_size=40, max_size=80)))
    for position in draw(st.lists(st.integers(0, len(data) - 1), max_size=4)):
        data[position] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)) | st.just(len(data)))])


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
@given(data=st.data())
def test_what_was_parsed_builds_the_same_bytes(layer: Layer, data: st.DataObject) -> None:
    raw = data.draw(damaged(layer))
    try:
        parsed, size = layer.parse_sized(raw)
    except ConstructError:
        return
    assert layer.build(parsed) == raw[:size]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
@given(data=st.data())
def test_members_survive_being_printed_as_tshark_does(layer: Layer, data: st.DataObject) -> None:
    raw = data.draw(damaged(layer))
    try:
        header = layer.parse_header(raw)
    except ConstructError:
        return
    again = layer.decode(as_printed(layer, header))
    for one in layer.fields:
        if one.kind not in ("parsed", "list"):
            assert getattr(again, one.attribute) == getattr(header, one.attribute), one.name


def as_printed(layer: Layer, header: Header) -> Fields:
    members = [(one, getattr(header, one.attribute)) for one in layer.fields if one.kind not in ("parsed", "list")]
    return {one.tshark.replace(".", "_"): [text_of(one, value)] for one, value in members if value is not None}


def text_of(one: Field, value: Any) -> Any:
    match one.kind:
        case "hex":
            return hex(value)
        case "bytes":
            return value.hex(":")
        case "bool":
            return value
    return str(value)
