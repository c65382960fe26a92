import msgspec
import pytest

from labdissect.dissectors import builtin_layers
from labdissect.dissectors.layer import Layer, flat_name

from .agreement import LAYERS

EVERY_LAYER = pytest.mark.parametrize("layer", builtin_layers(), ids=lambda layer: layer.name)


@EVERY_LAYER
def test_every_member_is_explained_in_both_languages(layer: Layer) -> None:
    assert layer.title.en and layer.title.zh and layer.source
    for one in layer.fields:
        assert str(one.note) and one.note.zh, one.name
        assert one.note.source or one.subcon is None, one.name


@EVERY_LAYER
def test_no_member_is_named_twice(layer: Layer) -> None:
    names = [one.attribute for one in layer.fields]
    assert len(names) == len(set(names))


@EVERY_LAYER
def test_a_header_without_anything(layer: Layer) -> None:
    header = layer.header({})
    assert list(header.items()) == []
    assert layer.decode({}).differences(header) == []


def test_ek_is_decoded_in_one_go() -> None:
    line = b'{"ieee8021ad_ieee8021ad_id":"10","ieee8021ah_ieee8021ah_etype":"0x0800","other":[1]}'
    header = msgspec.json.decode(line, type=LAYERS["ieee8021ad"].header_type, strict=False)
    assert (header.id, header.etype, header.dei) == (10, 0x0800, None)


@pytest.mark.parametrize(
    ("printed", "seconds"),
    [
        ("1700000000.123456000", 1700000000.123456),
        ("2023-11-14T22:13:20.123456000Z", 1700000000.123456),
        ("never", None),
    ],
)
def test_time_in_both_forms(printed: str, seconds: float | None) -> None:
    assert LAYERS["frame"].decode({"frame_time_epoch": [printed]}).time_epoch == seconds


def test_differences_are_contradictions_only() -> None:
    layer = LAYERS["dns"]
    mine = layer.header({"id": 1, "queries": [{"name": "a", "type": 1}]})
    assert mine.differences(layer.header({"queries": [{"name": "a", "type": None}]})) == []
    assert mine.differences(layer.header({"id": 2})) == [("dns.id", 1, 2)]
    assert mine.differences(layer.header({"queries": []})) == [("dns.queries", mine.queries, [])]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("tcp_tcp_seq_raw", "tcp_seq_raw"),
        ("ipv6_hopopts_ipv6_hopopts_nxt", "ipv6_hopopts_nxt"),
        ("tcp_options_mss", "tcp_options_mss"),
        ("_ws_expert__ws_expert_message", "_ws_expert_message"),
        ("text", "text"),
    ],
)
def test_field_names_of_ek(key: str, name: str) -> None:
    assert flat_name(key) == name
