"""Members by their fixed places: the same as Construct reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdissect.dissectors.fixed import FixedMembers, has_place, is_fixed
from tests.conftest import built_in

LAYERS = built_in().layers


@pytest.mark.parametrize("name", ["ip", "ipv6", "tcp", "udp"])
@settings(deadline=None)  # the first one compiles the layer's parser
@given(data=st.binary(min_size=80, max_size=80))
def test_as_construct_reads_them(name: str, data: bytes) -> None:
    layer = LAYERS[name]
    if name in ("ip", "tcp"):  # no options: these would have to be right
        at = 0 if name == "ip" else 12
        data = data[:at] + bytes([0x45 if name == "ip" else 0x50 | data[at] & 0x0F]) + data[at + 1 :]
    members = [one for one in layer.fields if one.subcon is not None and has_place(one)]
    fixed = FixedMembers(layer, members)
    values: dict[str, Any] = dict(zip(fixed.values, fixed.unpack_from(data, 0), strict=True))
    parsed = layer.parse(data)
    assert {one.name: eval(fixed.expression(one), {**fixed.names, **values}) for one in members} == {
        one.name: parsed[one.name] for one in members
    }


def test_a_header_whose_members_move_is_refused() -> None:
    eth = LAYERS["eth"]
    assert not is_fixed(eth)
    with pytest.raises(ValueError, match="eth have no fixed place"):
        FixedMembers(eth, eth.fields[:1])
