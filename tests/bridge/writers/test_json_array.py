from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from labdissect.bridge.run import annotate
from labdissect.bridge.writers.json_array import COLUMNS
from labdissect.dissectors.layer import Text
from labdissect.plugins.rule import Rule, Verdict
from labdissect.plugins.writer import Record, Summary, WriterSettings
from tests.bridge.test_escape import HOSTILE
from tests.bridge.written import fake_packet, unsafe_characters, written
from tests.conftest import built_in, ek


def packets(name: str, **settings: Any) -> list[dict[str, Any]]:
    found = json.loads(written(ek(name), "json", **settings))
    assert isinstance(found, list)
    return found


def test_an_object_a_packet_with_its_verdicts() -> None:
    found = packets("tcp-four-way-close")
    assert [one["number"] for one in found] == list(range(1, 14))
    assert all(tuple(one) == (*COLUMNS, "verdicts") for one in found)
    fin = found[9]
    assert (fin["state_client"], fin["severity"], fin["length"]) == ("FIN-WAIT-1", "chat", 66)
    assert fin["verdicts"][0]["text"] == fin["headline"]


def test_the_verdicts_are_those_of_jsonl() -> None:
    lines = [json.loads(line) for line in written(ek("tcp-cut-off-end"), "jsonl").splitlines()]
    found = [verdict for one in packets("tcp-cut-off-end") for verdict in one["verdicts"]]
    assert found == lines
    last = packets("tcp-cut-off-end")[-1]
    assert last["number"] is None and [one["frame"] for one in last["verdicts"]] == [None] * len(last["verdicts"])


def test_chosen_columns_have_their_types() -> None:
    found = packets(
        "tcp-four-way-close", chosen=("number", "tcp.flags", "tcp.flags.syn", "code", "ip.src", "udp.length")
    )
    assert found[0]["tcp.flags"] == 2 and found[0]["tcp.flags.syn"] is True
    assert found[0]["code"][0] == "tcp.open.syn" and found[0]["udp.length"] is None
    assert len(found) == 13


def test_nothing_is_an_empty_array() -> None:
    assert json.loads(written(b'{"index":{}}\n', "json")) == []


@pytest.mark.parametrize("lines", [0, 1, 2, 10])
def test_ctrl_c_leaves_valid_json(lines: int) -> None:
    data = ek("tcp-four-way-close").splitlines(keepends=True)[: 2 * lines]

    def interrupted() -> Iterator[bytes]:
        yield from data
        raise KeyboardInterrupt

    registry, out = built_in(), io.BytesIO()
    writer = registry.writers["json"].make(out, WriterSettings(layers=registry.layers))
    with pytest.raises(KeyboardInterrupt):
        annotate(interrupted(), registry.readers["ek"], writer, registry, lambda problem: None)
    assert len([one for one in json.loads(out.getvalue()) if one["number"]]) == lines


def test_it_streams() -> None:
    out = io.BytesIO()
    writer = built_in().writers["json"].make(out, WriterSettings())
    writer.packet(Record(b""), fake_packet(), ())
    writer.flush()
    assert json.loads(out.getvalue() + b"]")[0]["number"] == 1


RULE = Rule("test.json", "tcp", "note", 50, Text("{said}", "{said}"))


@given(HOSTILE)
def test_hostile_text_is_kept_but_never_raw(said: str) -> None:
    out = io.BytesIO()
    writer = built_in().writers["json"].make(out, WriterSettings())
    writer.packet(Record(b""), fake_packet(info=said), [Verdict(RULE, 1, {"said": said})])
    writer.end(Summary(), ())
    assert not list(unsafe_characters(out.getvalue().decode()))
    (packet,) = json.loads(out.getvalue())
    assert packet["headline"] == (said or None)
    assert packet["info"] == (said or None)
