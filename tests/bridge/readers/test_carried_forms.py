"""A plugin's layer is the same in every form of tshark's output, and taking it out gives the input back."""

from __future__ import annotations

import re

import pytest

from tests.bridge.program import labdissect, quiet
from tests.conftest import ROOT, built_in, judge, tshark

LABRDT, LABLINE = "examples/labrdt.py", "tests/data/plugins/labline.py"
FIELDS = (
    *("frame.number", "frame.protocols", "ip.src", "ip.dst", "udp.srcport", "udp.dstport", "udp.payload"),
    *("tcp.srcport", "tcp.dstport", "tcp.stream", "tcp.flags", "tcp.seq", "tcp.seq_raw", "tcp.ack", "tcp.ack_raw"),
    *("tcp.len", "tcp.payload"),
)
FORMS = {
    "ek": ("ek", ("-T", "ek")),
    "ek -x": ("ek", ("-T", "ek", "-x")),
    "ek -e": ("ek", ("-T", "ek", *(word for field in FIELDS for word in ("-e", field)))),
    "pdml": ("pdml", ("-T", "pdml")),
}
CASES = pytest.mark.parametrize(
    ("capture", "plugin"),
    [
        ("rdt-go-back-n", LABRDT),
        ("rdt-corrupted", LABRDT),
        ("built/payload-streams", LABLINE),
    ],
)


@CASES
def test_every_form_gives_the_same_messages(capture: str, plugin: str) -> None:
    found = {}
    for form, (kind, arguments) in FORMS.items():
        result = judge(tshark(capture, *arguments), kind, built_in(plugin))
        found[form] = [
            (one.number, message.layer, message.data, message.frame, message.frames, message.offset)
            for one in result.packets
            for message in one.messages
        ]
        assert not result.problems
    assert found["ek"] and all(one == found["ek"] for one in found.values())


@CASES
@pytest.mark.parametrize("form", FORMS)
def test_without_our_layers_each_line_is_the_input_s(capture: str, plugin: str, form: str) -> None:
    data = tshark(capture, *FORMS[form][1])
    ran = quiet(labdissect("--plugin", ROOT / plugin, stdin=data))
    assert ran.out != data
    if form == "pdml":
        stripped = re.sub(rb'  <proto name="(?:lab\w+)".*?</proto>\n', b"", ran.out, flags=re.DOTALL)
    else:
        stripped = re.sub(rb',"lab(?:rdt|line|plain)":(?:\{[^}]*\}|\[[^\]]*\])', b"", ran.out)
        stripped = re.sub(rb',?"labdissect":\{.*\}\}\}\n', b"}}\n", stripped)
    assert stripped == data
    assert quiet(labdissect("--plugin", ROOT / plugin, stdin=ran.out)).out == ran.out
