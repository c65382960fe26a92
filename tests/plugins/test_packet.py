"""Layers as attributes of packets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from labdissect.dissectors.layer import Header
from labdissect.plugins.packet import LayerAttribute, Packet, make_attribute
from tests.conftest import built_in


class CountingSource:
    """Knows one layer, which the packet does not have, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def header(self, name: str) -> Header | None:
        """None of ``udp``."""
        self.asked += 1
        if name != "udp":
            raise KeyError(name)
        return None

    def headers(self) -> Sequence[tuple[str, Header]]:
        """None."""
        return ()

    def columns(self) -> Mapping[str, str]:
        """None."""
        return {}


def packet(source: Any) -> Packet:
    return Packet(source, 7, None, None, "eth:ethertype:ip")


def test_every_layer_of_a_registry_is_an_attribute_and_none_hides_a_member() -> None:
    for name in built_in().layers:
        assert isinstance(getattr(Packet, name), LayerAttribute)
    make_attribute("stack")
    assert not isinstance(vars(Packet)["stack"], LayerAttribute)


def test_a_layer_is_decoded_once() -> None:
    source = CountingSource()
    one = packet(source)
    assert one.udp is None and one.udp is None
    assert source.asked == 1


def test_a_layer_of_another_input() -> None:
    with pytest.raises(AttributeError, match=r"packet 7: its input has no layer 'arp'"):
        _ = packet(CountingSource()).arp
    with pytest.raises(AttributeError, match=r"'Packet' object has no attribute 'arpp'"):
        _ = packet(CountingSource()).arpp
