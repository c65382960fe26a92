"""What the reader of EK finds in lines of every version of tshark."""

from __future__ import annotations

from pathlib import Path

import pytest

from labdissect.bridge.readers.ek import EkReader
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
