"""Later verdicts of a FILE stand with the packet that they are about; on a pipe nothing waits."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.inputs import write_small
from labdissect.bridge.placing import PlacingWriter
from labdissect.dissectors.layer import Text
from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import Rule, Verdict
from labdissect.plugins.writer import Record, Said, Summary
from tests.bridge.program import COMMAND, LEFT_OUT, ROOT, environment, labdissect, quiet
from tests.bridge.written import fake_packet
from tests.conftest import CAPTURES, ek

RULE = Rule("test.placed", "frame", "note", 50, Text("said in {by}", "{by}"))


class Written:
    """A writer that remembers what it was told."""

    def __init__(self) -> None:
        self.placed: list[tuple[int, list[str]]] = []
        self.at_the_end: list[str] = []
        self.with_conversations: list[str] = []

    def draft(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> bytes:
        return json.dumps([verdict.params["by"] for verdict in verdicts]).encode()

    def place(self, number: int, draft: bytes, later: Sequence[Said]) -> None:
        self.placed.append((number, [*json.loads(draft), *(one.text for one in later)]))

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        raise AssertionError("packets are drafted")

    def other(self, record: Record) -> None:
        pass

    def conversation(self, conversation: object, verdicts: Sequence[Verdict]) -> None:
        self.with_conversations += [verdict.params["by"] for verdict in verdicts]

    def flush(self) -> None:
        pass

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        self.at_the_end += [verdict.params["by"] for verdict in verdicts]


def verdict(about: int, by: str) -> Verdict:
    return Verdict(RULE, about, {"by": by})


def come(writer: PlacingWriter, number: int, *verdicts: Verdict) -> None:
    writer.packet(Record(b""), fake_packet(number), verdicts)


def test_a_later_verdict_goes_to_its_packet_and_only_there() -> None:
    inner = Written()
    writer = PlacingWriter(inner, "en")
    come(writer, 1, verdict(1, "1"))
    come(writer, 2, verdict(2, "2"), verdict(1, "2 of 1"))
    writer.conversation(None, [verdict(2, "its end")])  # type: ignore[arg-type]
    writer.flush()
    assert inner.placed == [], "all wait for the end"
    writer.end(Summary(), [verdict(1, "the end"), verdict(0, "of nobody")])
    assert inner.placed == [(1, ["1", "said in 2 of 1", "said in the end"]), (2, ["2", "said in its end"])]
    assert inner.at_the_end == ["of nobody"] and inner.with_conversations == []


def test_what_has_no_packet_here_stays_where_a_stream_has_it() -> None:
    inner = Written()
    writer = PlacingWriter(inner, "en")
    come(writer, 4, verdict(4, "4"), verdict(3, "4 of 3, which is hidden"))
    writer.conversation(None, [verdict(3, "its end")])  # type: ignore[arg-type]
    writer.end(Summary(), [verdict(3, "the end")])
    assert inner.placed == [(4, ["4", "4 of 3, which is hidden"])]
    assert (inner.with_conversations, inner.at_the_end) == (["its end"], ["the end"])


def test_no_more_than_so_many_wait() -> None:
    inner = Written()
    writer = PlacingWriter(inner, "en", most=3)
    for number in range(1, 6):
        come(writer, number, verdict(number - 3, f"{number}"), verdict(number - 4, f"{number}, too late"))
        writer.flush()
    assert [number for number, _ in inner.placed] == [1, 2]
    assert inner.placed[0] == (1, ["1", "1, too late", "said in 4"])
    writer.end(Summary(), ())
    assert inner.placed[4] == (5, ["5, too late"])


def test_nobody_waits_longer_than_so_many_seconds() -> None:
    inner, now = Written(), [100.0]
    writer = PlacingWriter(inner, "en", seconds=2.0, clock=lambda: now[0])
    come(writer, 1)
    writer.flush()
    now[0] += 1.5
    come(writer, 2)
    come(writer, 3)
    writer.flush()
    assert not inner.placed
    now[0] += 0.6
    writer.flush()
    assert [number for number, _ in inner.placed] == [1]
    now[0] += 2.0
    come(writer, 4)
    writer.flush()
    assert [number for number, _ in inner.placed] == [1, 2, 3]


def test_two_outputs_of_tshark_one_behind_the_other_keep_their_order() -> None:
    inner = Written()
    writer = PlacingWriter(inner, "en")
    for number in (1, 2, 1, 2):
        come(writer, number, verdict(1, f"{number}"))
    writer.end(Summary(), ())
    assert [number for number, _ in inner.placed] == [1, 2, 1, 2]


def test_what_cannot_be_said_is_not_kept_twice() -> None:
    """The loop hands the packet over again, without the verdict that raised."""
    inner = Written()
    writer = PlacingWriter(inner, "en")
    come(writer, 1)
    good, bad = verdict(1, "good"), Verdict(RULE, 1, {})
    with pytest.raises(KeyError):
        come(writer, 2, good, bad)
    come(writer, 2, good)
    writer.end(Summary(), ())
    assert inner.placed == [(1, ["said in good"]), (2, [])]


# the real program


NAME = "seed-stack-web"
FILE = CAPTURES / f"{NAME}.pcapng"


def rows(*arguments: str | Path, stdin: bytes = b"") -> dict[int, dict[str, str]]:
    ran = quiet(labdissect("-o", "csv", *arguments, stdin=stdin))
    return {int(row["number"]): row for row in csv.DictReader(io.StringIO(ran.text))}


def spoken_of(*arguments: str | Path) -> dict[int, set[str]]:
    """What is said of each frame, whoever decided it."""
    found = defaultdict(set)
    for line in quiet(labdissect("-o", "jsonl", *arguments)).lines:
        one = json.loads(line)
        found[one["about"]].add(one["code"])
    return found


@pytest.mark.parametrize(
    "name", [NAME, "tcp-cut-off-end", "icmp-traceroute-udp", "arp-unanswered", "dns-retransmitted"]
)
def test_each_row_of_a_file_has_all_that_is_said_of_its_frame(name: str) -> None:
    file = CAPTURES / f"{name}.pcapng"
    expected = spoken_of(file)
    for number, row in rows(file).items():
        assert set(row["code"].split("; ")) == expected[number]
        assert set(row["about"].split("; ")) == {str(number)}
        assert len(row["code"].split("; ")) == len(row["about"].split("; "))


def test_tsharks_output_in_a_file_is_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "saved.ek"
    file.write_bytes(ek(NAME))
    assert rows(file)[10]["code"] == rows(FILE)[10]["code"]


def test_on_a_pipe_they_stay_with_the_packet_that_decided_them() -> None:
    piped = rows(stdin=ek(NAME))
    assert piped[10]["about"].split("; ").count("10") == len(piped[10]["about"].split("; ")) - 1
    assert any("10" in row["about"].split("; ") for number, row in piped.items() if number > 10)


def test_several_files_wait_each_for_itself() -> None:
    ran = quiet(labdissect("-o", "csv", FILE, CAPTURES / "tcp-cut-off-end.pcapng"))
    table = list(csv.DictReader(io.StringIO(ran.text)))
    assert len(table) == 320 + 12
    assert "tcp.close.unseen" in table[-1]["code"] and table[-1]["number"] == "12"


def test_the_table_answers_a_request_in_its_row() -> None:
    lines = re.sub(r"\s+", " ", quiet(labdissect(CAPTURES / "seed-web.pcapng", "-o", "table")).text)
    assert "395 bytes in one segment. Answered by frame 8 after 1.65 ms: 200 OK. 5 0.002113" in lines
    chinese = re.sub(r"\s+", "", quiet(labdissect(CAPTURES / "seed-web.pcapng", "-o", "table", "--lang", "zh")).text)
    assert re.search(r"共395字节.{0,40}第8帧.{0,20}1\.65ms", chinese)


def test_the_ends_verdicts_stand_in_their_row_and_not_again_in_the_summary() -> None:
    text = re.sub(r"\s+", " ", quiet(labdissect(CAPTURES / "tcp-cut-off-end.pcapng", "-o", "table")).text)
    assert text.count("The capture ends without a FIN or RST") == 1
    assert text.index("The capture ends without") < text.index("12 packets")


def test_a_hidden_packets_verdict_stays_with_the_one_that_decided_it() -> None:
    shown = rows(FILE, "-Y", "frame.number == 13")
    assert list(shown) == [13]
    assert "10" in shown[13]["about"].split("; ")


def test_what_is_said_of_a_capture_without_packets_has_a_row_where_verdicts_are_asked_for(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pcap"
    empty.touch()
    arguments = (empty, "--plugin", ROOT / "examples" / "lab_rubric.py")
    ran = labdissect(*arguments, "-o", "csv", "--only", "rubric")
    (row,) = csv.DictReader(io.StringIO(ran.text))
    said = {name: cell for name, cell in row.items() if cell}
    assert set(said) == {"about", "code", "headline", "verdict"}
    assert said["code"] == "rubric.score; rubric.fail; rubric.fail; rubric.fail; rubric.fail"
    assert said["headline"] == "0 of 4 points." and said["verdict"].startswith("0 of 4 points.; FAIL, not found")
    markdown = labdissect(*arguments, "-o", "markdown", "--only", "rubric.score", "--columns", "number,verdict")
    assert markdown.lines[2:] == [b"|  | 0 of 4 points. |"]
    for others in (("-o", "csv"), ("-o", "csv", "--only", "tcp"), ("-o", "csv", "--ignore", "rubric.fail")):
        assert len(labdissect(*arguments, *others).lines) == 1  # the heading


def test_what_was_not_asked_for_is_counted() -> None:
    ran = labdissect(FILE, "-o", "csv", "--only", "http")
    assert ran.code == 0 and LEFT_OUT.fullmatch(ran.err)
    every = len(quiet(labdissect(FILE, "-o", "jsonl")).lines)
    asked = len(labdissect(FILE, "-o", "jsonl", "--only", "http").lines)
    assert f" {every - asked} verdicts left out of " in ran.err
    assert labdissect(FILE, "-o", "csv", "--min-severity", "chat").err == ""


WAITS_FOR_ITS_READER = """
import pathlib, time
from labdissect import BaseAnalyzer, hookimpl

class Waits(BaseAnalyzer):
    layers = ("frame",)

    def analyze(self, packet):
        if packet.number == 6000:
            end = time.monotonic() + 60
            while not pathlib.Path({seen!r}).exists():
                if time.monotonic() > end:
                    raise TimeoutError("nothing was shown")
                time.sleep(0.01)
        return ()

@hookimpl
def labdissect_analyzers(settings):
    return [Waits()]
"""


def test_the_table_of_a_long_file_begins_to_show_before_it_is_over(tmp_path: Path) -> None:
    """Packet 6000 is not judged before the first rows were seen."""
    write_small(tmp_path / "small.pcap", connections=80)
    plugin, seen = tmp_path / "waits.py", tmp_path / "seen"
    plugin.write_text(WAITS_FOR_ITS_READER.format(seen=str(seen)), encoding="utf-8")
    command = [*COMMAND, str(tmp_path / "small.pcap"), "-o", "table", "--plugin", str(plugin)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), cwd=ROOT) as program:
        assert program.stdout is not None
        assert b"Source" in program.stdout.readline()
        seen.touch()
        rest = program.stdout.read()
    assert program.returncode == 0
    assert b"7,920 packets" in rest
