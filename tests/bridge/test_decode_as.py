"""``--decode-as``: a plugin's layer where the user says it is."""

from __future__ import annotations

import pytest

from labdissect.bridge.decode_as import places
from labdissect.bridge.failures import UsageFailure
from tests.bridge.program import labdissect
from tests.conftest import CAPTURES, ROOT, built_in

LABNOTE = "tests/data/plugins/labnote.py"
LABLINE = "tests/data/plugins/labline.py"


def test_a_place_is_a_table_and_a_value() -> None:
    registry = built_in(LABNOTE)
    rules = ["udp.port==9001,labnote", " ethertype == 0x88b5 , labnote"]
    assert places(rules, registry) == {("udp.port", 9001): "labnote", ("ethertype", 0x88B5): "labnote"}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("9001,labnote", "write TABLE==VALUE,LAYER"),
        ("udp.prot==9001,labnote", "there is no table udp.prot; near: udp.port"),
        ("udp.port==9001,labnode", "there is no layer of a plugin labnode; near: labnote"),
        ("udp.port==http,labnote", "http is no udp.port, which is a number from 0 to 65535"),
        ("tcp.port==65536,labnote", "65536 is no tcp.port"),
        ("ip.proto==0x100,labnote", "0x100 is no ip.proto, which is a number from 0 to 255"),
        ("udp.port==9001,dns", "dns is tshark's to dissect; give that to tshark with -d"),
    ],
)
def test_what_is_no_rule_says_why(rule: str, said: str) -> None:
    with pytest.raises(UsageFailure) as failure:
        places([rule], built_in(LABNOTE))
    assert said in str(failure.value)
    with pytest.raises(UsageFailure):
        places([rule], built_in())


def test_a_port_given_to_a_layer_is_that_layer_s_alone() -> None:
    """The rdt captures are UDP port 9000, where LabNote does not fit; port 9001, the other end's, is the higher one."""
    capture = str(CAPTURES / "rdt-stop-and-wait.pcapng")
    plugins = [word for name in (LABNOTE, LABLINE) for word in ("--plugin", str(ROOT / name))]
    here = labdissect(capture, *plugins, "-o", "jsonl", "--only", "layer.unparsed")
    there = labdissect(capture, *plugins, "-o", "jsonl", "--only", "layer", "--decode-as", "udp.port==9000,labline")
    assert here.text.count('"layer":"labnote"') == 19
    assert there.text.count('"layer":"labline"') == 19 and "labnote" not in there.text
    wrong = labdissect(capture, *plugins, "--decode-as", "udp.port==9000,labnode")
    assert wrong.code == 2 and "near: labnote" in wrong.err
