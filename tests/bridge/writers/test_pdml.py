from __future__ import annotations

import io
import re
import shutil
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdissect.bridge.escape import visible
from labdissect.bridge.readers.pdml import PdmlReader, PdmlRecord
from labdissect.bridge.run import annotate
from labdissect.bridge.writers.pdml import PdmlWriter
from labdissect.dissectors.layer import Text
from labdissect.plugins.rule import Rule, Verdict, render
from labdissect.plugins.writer import Problem, Record, Summary, WriterSettings
from tests.bridge.test_escape import HOSTILE
from tests.bridge.written import fake_packet, unsafe_characters, written
from tests.conftest import DATA, built_in, judged, tshark

NAMES = ["tcp-four-way-close", "seed-stack-lan", "http-gzip", "icmp-net-unreachable", "dns-edns", "tunnel-gre", "tls13"]
STYLESHEETS = [Path(place) / "pdml2html.xsl" for place in ("/usr/share/wireshark", "/opt/homebrew/share/wireshark")]


def pdml(name: str, *arguments: str) -> bytes:
    return tshark(name, "-T", "pdml", *arguments)


def without_ours(document: bytes) -> bytes:
    """Our protos taken out by their lines."""
    return re.sub(rb'  <proto name="labdissect".*?\n  </proto>\n', b"", document, flags=re.DOTALL)


@pytest.mark.parametrize("arguments", [(), ("-2",), ("-e", "frame.number", "-e", "tcp.seq", "-e", "_ws.col.Info")])
@pytest.mark.parametrize("name", NAMES)
def test_every_other_byte_is_the_inputs(name: str, arguments: tuple[str, ...]) -> None:
    data = pdml(name, *arguments)
    annotated = written(data, "pdml")
    assert annotated.count(b'<proto name="labdissect"') == data.count(b"</packet>") > 0
    assert without_ours(annotated) == data


@pytest.mark.parametrize("name", NAMES)
def test_annotated_input_is_annotated_anew(name: str) -> None:
    annotated = written(pdml(name), "pdml")
    assert written(annotated, "pdml") == annotated
    assert without_ours(written(annotated, "pdml", language="zh")) == pdml(name)


def test_fields_are_the_contracts() -> None:
    root = ElementTree.fromstring(written(pdml("tcp-four-way-close"), "pdml"))
    found = judged("tcp-four-way-close")
    for number, packet in enumerate(root.iterfind("packet"), 1):
        ours = packet[-1]
        assert ours.get("name") == "labdissect"
        assert all(field.get("showname") and field.get("size") == "0" for field in ours)
        shows: dict[str, list[str]] = {}
        for field in ours:
            shows.setdefault(field.get("name", ""), []).append(field.get("show", ""))
        verdicts = found.verdicts[number]
        assert shows["labdissect.verdict"] == [render(verdict) for verdict in verdicts]
        assert shows["labdissect.headline"] == shows["labdissect.verdict"][:1]
        assert shows["labdissect.code"] == found.codes(number)
        assert shows["labdissect.about"] == [str(verdict.about) for verdict in verdicts]
        states = f"{shows['labdissect.state_client'][0]} / {shows['labdissect.state_server'][0]}"
        assert states == found.states(number)
        assert len(shows["labdissect.severity"]) == len(shows["labdissect.conn_state"]) == 1


@pytest.mark.skipif(shutil.which("xsltproc") is None, reason="xsltproc is not installed")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_wiresharks_stylesheet_shows_it(language: str, tmp_path: Path) -> None:
    stylesheet = next((path for path in STYLESHEETS if path.exists()), None)
    if stylesheet is None:
        pytest.skip("Wireshark's pdml2html.xsl is not installed")
    document = tmp_path / "annotated.pdml"
    document.write_bytes(written(pdml("tcp-four-way-close"), "pdml", language=language))
    done = subprocess.run(["xsltproc", "--nonet", str(stylesheet), str(document)], capture_output=True, check=True)
    assert not done.stderr
    page = done.stdout.decode()
    assert page.count("labdissect:") == 13
    assert ("Headline: Handshake 1 of 3" if language == "en" else "要点: 第一次握手") in page


ENDS = "frame.number < 40 || frame.number > 2117"
"""The beginning and the end of the larger seed."""


@pytest.mark.skipif(shutil.which("xsltproc") is None, reason="xsltproc is not installed")
@pytest.mark.parametrize(("name", "arguments"), [("seed-web", ("-Y", ENDS)), ("seed-stack-web", ()), ("dns-edns", ())])
def test_wiresharks_stylesheet_shows_the_seeds(name: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Nothing of the page is lost or moved: without our lines it is the page of what tshark printed."""
    stylesheet = next((path for path in STYLESHEETS if path.exists()), None)
    if stylesheet is None:
        pytest.skip("Wireshark's pdml2html.xsl is not installed")
    pages = []
    for data in (plain := pdml(name, *arguments), written(plain, "pdml")):
        document = tmp_path / "a.pdml"
        document.write_bytes(data)
        done = subprocess.run(["xsltproc", "--nonet", str(stylesheet), str(document)], capture_output=True, check=True)
        assert not done.stderr
        pages.append(done.stdout.decode())
    packets = len(re.findall(r"</a>\s*Frame \d+: \d+ bytes", pages[0]))
    assert len(re.findall(r"</a>\s*labdissect: ", pages[1])) == packets > 0
    assert pages[1].count("Verdict: ") > packets
    kept = iter(pages[1].splitlines())
    missing = [line for line in pages[0].splitlines() if line not in kept]  # in order
    assert not missing, missing[:3]


def test_a_document_of_any_length_takes_the_same_memory() -> None:
    """Peaks are counted by tracemalloc, so this is the same on every run."""
    head, packet, tail = _long_document()

    def chunks(count: int) -> Iterator[bytes]:
        yield head
        for number in range(1, count + 1):
            yield packet.replace(b"NUMBER", b"%d" % number)
        yield tail

    def peak(count: int) -> tuple[int, int]:
        registry, out = built_in(), Counting()
        writer = registry.writers["pdml"].make(out, WriterSettings(layers=registry.layers))
        tracemalloc.start()
        try:
            summary = annotate(chunks(count), registry.readers["pdml"], writer, registry, refused)
            return tracemalloc.get_traced_memory()[1], summary.packets
        finally:
            tracemalloc.stop()

    peak(50)  # what is made once
    (short, few), (long, many) = peak(400), peak(1600)
    assert (few, many) == (400, 1600)
    assert long < short + 200_000, (short, long)
    assert 1600 * len(packet) > 20 * (long - short)


class Counting(io.RawIOBase):
    """A stream that keeps nothing."""

    def write(self, data: Any) -> int:
        return len(data)


def refused(problem: Problem) -> None:
    raise AssertionError(problem.message)


def _long_document() -> tuple[bytes, bytes, bytes]:
    """The head, one packet of 15 kB whose number is to be filled in, and the tail of a document of tshark's."""
    document = pdml("tcp-four-way-close")
    begin, end = document.index(b"<packet>"), document.rindex(b"</packet>") + len(b"</packet>")
    first = document[begin : document.index(b"</packet>") + len(b"</packet>\n")]
    number = rb'(name="(?:num|frame\.number)"[^>]*?show(?:name)?="[^"]*?)\b1\b'
    return document[:begin], re.sub(number, rb"\1NUMBER", first), document[end:]


RULE = Rule("test.pdml", "tcp", "note", 50, Text("{said}", "{said}"))


@given(HOSTILE)
def test_hostile_text_stays_text(said: str) -> None:
    out = io.BytesIO()
    writer = PdmlWriter(out, WriterSettings())
    record = PdmlRecord(b"<packet>\n</packet>", fake_packet())
    writer.packet(record, fake_packet(), [Verdict(RULE, 1, {"said": said})])
    writer.end(Summary(), ())
    text = out.getvalue().decode()
    assert not list(unsafe_characters(text))
    (proto,) = ElementTree.fromstring(text)
    assert proto[0].get("show") == proto[1].get("show") == visible(said)
    assert len(proto) == 5


BETWEEN = st.sampled_from([b"", b"\n", b"\n\n\n", b"<!-- a remark -->\n", b"\r\n", b"  ", b"<pack", b"text < more\n"])
PACKETS = re.findall(rb"<packet>.*?</packet>", pdml("tcp-linger0-abort"), flags=re.DOTALL)


@settings(deadline=None)
@given(
    st.lists(st.tuples(BETWEEN, st.sampled_from(PACKETS))),
    BETWEEN,
    st.integers(min_value=1, max_value=5000),
    st.booleans(),
)
def test_removing_our_proto_gives_back_the_input(
    pieces: list[tuple[bytes, bytes]], tail: bytes, chunk: int, closed: bool
) -> None:
    head = b'<?xml version="1.0" encoding="utf-8"?>\n<pdml version="0">\n'
    document = head + b"".join(before + packet for before, packet in pieces) + tail + (b"</pdml>\n" if closed else b"")
    annotated = written(document, "pdml", chunk=chunk, problems=[])
    assert without_ours(annotated) == document
    assert annotated.count(b'<proto name="labdissect"') == len(pieces)
    records = _records(annotated)
    assert b"".join(one.without_own_layers() if isinstance(one, PdmlRecord) else one.raw for one in records) == document


def _records(document: bytes) -> list[Record]:
    reader = PdmlReader(built_in().layers, lambda problem: None)
    return [*reader.records(document), *reader.end()]


@pytest.mark.parametrize(
    "path", sorted((DATA / "samples").glob("*/*.pdml")), ids=lambda path: "/".join(path.parts[-2:])
)
def test_every_version_of_tshark(path: Path) -> None:
    data = path.read_bytes()
    problems: list[Problem] = []
    annotated = written(data, "pdml", problems=problems)
    assert without_ours(annotated) == data
    assert not problems
    assert annotated.count(b'<proto name="labdissect"') == data.count(b"</packet>") > 0
