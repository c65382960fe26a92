from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labdissect.bridge.escape import json_text
from labdissect.bridge.readers.ek import EkReader, EkRecord
from labdissect.bridge.writers.ek import Texts
from labdissect.dissectors.layer import Text
from labdissect.plugins.rule import Rule, Verdict, render
from labdissect.plugins.writer import Problem, Record, Summary, WriterSettings
from tests.bridge.test_escape import HOSTILE
from tests.bridge.written import fake_packet, unsafe_characters, written
from tests.conftest import DATA, built_in, ek, judged

NAMES = ["tcp-four-way-close", "seed-stack-lan", "http-gzip", "icmp-net-unreachable", "dns-edns", "tunnel-gre", "tls13"]
OPTIONS = [
    (),
    ("-x",),
    ("-P", "-V"),
    ("-2",),
    ("-J", "frame ip tcp"),
    ("-e", "frame.number", "-e", "tcp.seq", "-e", "_ws.col.Info"),
]
_OURS = re.compile(r',?"labdissect":(?=\{)')


def without_ours(output: bytes) -> bytes:
    """Our layer taken out with the JSON decoder of the standard library."""
    lines = []
    for line in output.decode("latin-1").split("\n"):
        found = _OURS.search(line)
        if found:
            _, end = json.JSONDecoder(strict=False).raw_decode(line, found.end())
            line = line[: found.start()] + line[end:]
        lines.append(line)
    return "\n".join(lines).encode("latin-1")


@pytest.mark.parametrize("arguments", OPTIONS, ids=" ".join)
@pytest.mark.parametrize("name", NAMES)
def test_every_other_byte_is_the_inputs(name: str, arguments: tuple[str, ...]) -> None:
    data = ek(name, *arguments)
    annotated = written(data, "ek")
    assert annotated.count(b'"labdissect":{') == data.count(b'"layers"') > 0
    assert without_ours(annotated) == data


@pytest.mark.parametrize("arguments", OPTIONS, ids=" ".join)
def test_annotated_input_is_annotated_anew(arguments: tuple[str, ...]) -> None:
    data = ek("tcp-four-way-close", *arguments)
    annotated = written(data, "ek")
    assert written(annotated, "ek") == annotated
    assert without_ours(written(annotated, "ek", language="zh")) == data


SAMPLES = sorted((DATA / "samples").glob("*/*.ek*"))


@pytest.mark.parametrize("path", SAMPLES, ids=["/".join(path.parts[-2:]) for path in SAMPLES])
def test_every_version_of_tshark(path: Path) -> None:
    data = path.read_bytes()
    annotated = written(data, "ek")
    assert annotated.count(b'"labdissect":{') == data.count(b'"layers"') > 0
    assert without_ours(annotated) == data


def test_the_layer_is_the_contracts() -> None:
    found = judged("tcp-four-way-close")
    lines = written(ek("tcp-four-way-close"), "ek").splitlines()[1::2]
    for number, line in enumerate(lines, 1):
        layers = json.loads(line)["layers"]
        assert list(layers)[-1] == "labdissect"
        ours = {key.removeprefix("labdissect_labdissect_"): value for key, value in layers["labdissect"].items()}
        texts = [render(verdict) for verdict in found.verdicts[number]]
        assert (ours["headline"], ours["verdict"], ours["code"]) == (texts[0], texts, found.codes(number))
        assert ours["about"] == [str(verdict.about) for verdict in found.verdicts[number]]
        assert f"{ours['state_client']} / {ours['state_server']}" == found.states(number)
        assert {"severity", "conn_state", "history"} <= ours.keys()


LINES = [line for line in ek("tcp-linger0-abort").splitlines(keepends=True) if b'"layers"' in line]
NO_PACKETS = [
    *(b"\n", b"\r\n", b'{"index":{"_index":"packets-2023-11-14","_type":"doc"}}\n', b"not JSON\n", b"[1,2]\n", b"{}\n"),
    *(b'{"layers":null}\n', b'{"layers":{\n', b"\xff\xfe\n", b'"\xe2\x80\xa8"\n', b"null\n"),
]
SPACED = [json.dumps(json.loads(line)).encode() + b"\n" for line in LINES[:2]]
ODD = [b'{"layers":{}}\n', b'{ "layers" : { } , "timestamp":"1" }\n', *SPACED, LINES[0].replace(b"\n", b"\r\n")]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*LINES, *NO_PACKETS, *ODD])),
    st.sampled_from(
        [b"", LINES[0][:-1], LINES[0][:200], b'{"index'],
    ),
    st.integers(min_value=1, max_value=5000),
)
def test_removing_our_layer_gives_back_the_input(lines: list[bytes], tail: bytes, chunk: int) -> None:
    data = b'{"index":{}}\n' + b"".join(lines) + tail
    problems: list[Problem] = []
    annotated = written(data, "ek", chunk=chunk, problems=problems)
    assert without_ours(annotated) == data
    assert written(annotated, "ek", chunk=chunk, problems=problems) == annotated
    reader = EkReader(built_in().layers, problems.append)
    records = [*reader.records(annotated), *reader.end()]
    assert b"".join(one.without_own_layers() if isinstance(one, EkRecord) else one.raw for one in records) == data


RULE = Rule("test.ek", "tcp", "note", 50, Text("{said}", "{said}"))


@given(HOSTILE)
def test_hostile_text_is_kept_but_never_raw(said: str) -> None:
    out = io.BytesIO()
    writer = built_in().writers["ek"].make(out, WriterSettings())
    record = EkRecord(b'{"layers":{}}\n', None, plain=False)
    writer.packet(record, fake_packet(), [Verdict(RULE, 1, {"said": said})])
    writer.other(Record(b"\n"))
    writer.end(Summary(), ())
    line = out.getvalue().decode()
    assert not list(unsafe_characters(line))
    assert json.loads(line)["layers"]["labdissect"]["labdissect_labdissect_headline"] == said


@settings(deadline=None)
@given(st.none() | st.text(), st.lists(st.text(), min_size=1, max_size=4))
@example("\ud800", ["\ud800", "\x7f"])
@example(",", [",", ","])
def test_texts_come_back_whatever_they_hold(headline: str | None, texts: list[str]) -> None:
    members = json.loads(json_text(Texts(headline, texts)))
    assert members.pop("labdissect_labdissect_headline", None) == headline
    assert members == {"labdissect_labdissect_verdict": texts}
