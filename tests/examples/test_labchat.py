"""What the peers said they sent, against what labdissect reads from captures of a network that loses, doubles and
overtakes, and from built ones."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from labdissect.testing import assert_no_verdict, assert_verdict, run, tcp, tcp_connection
from tests.bridge.program import labdissect, quiet
from tests.bridge.written import unsafe_characters
from tests.data.examples.make_captures import message
from tests.examples.loaded import EXAMPLE_DATA, EXAMPLES, capture, judged, module, tshark_fields
from tests.examples.rules import check_rules

PLUGIN = EXAMPLES / "labchat.py"
PROVOKED = ("plain", "loss", "duplicates", "reordered", "everything")
BUILT = ("overlaps", "gap", "open-gap", "wrap", "many", "hostile")
Flow = tuple[str, int, str, int]


def logged(name: str) -> dict[Flow, list[tuple[int, str, str]]]:
    """What the log beside a capture says was sent, by connection and direction, in order."""
    found: dict[Flow, list[tuple[int, str, str]]] = defaultdict(list)
    for line in (EXAMPLE_DATA / f"labchat-{name}.jsonl").read_text(encoding="utf-8").splitlines():
        sent = json.loads(line)
        found[*sent["from"], *sent["to"]].append((sent["kind"], sent["name"], sent["text"]))
    return dict(found)


def flow(packet: Any) -> Flow:
    return packet.ip.src, packet.tcp.srcport, packet.ip.dst, packet.tcp.dstport


def read(name: str) -> dict[Flow, list[tuple[int, str, str]]]:
    """What labdissect read."""
    found: dict[Flow, list[tuple[int, str, str]]] = defaultdict(list)
    for packet in judged("labchat", f"labchat-{name}").packets:
        for one in packet.messages:
            found[flow(packet)].append((one.header.kind, one.header.name, one.header.text))
    return dict(found)


@pytest.mark.parametrize("name", PROVOKED + BUILT)
def test_exactly_what_was_sent_is_read_and_in_order(name: str) -> None:
    assert logged(name) and read(name) == logged(name)
    assert not judged("labchat", f"labchat-{name}").problems


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("loss", "tcp.analysis.lost_segment"),
        ("loss", "tcp.analysis.retransmission"),
        ("duplicates", "tcp.analysis.spurious_retransmission || tcp.analysis.retransmission"),
        ("reordered", "tcp.analysis.out_of_order"),
        ("everything", "tcp.analysis.lost_segment"),
        ("everything", "tcp.analysis.out_of_order"),
        ("overlaps", "tcp.analysis.out_of_order"),
        ("gap", "tcp.analysis.lost_segment"),
    ],
)
def test_the_captures_have_what_they_are_for(name: str, harm: str) -> None:
    assert tshark_fields(f"labchat-{name}", "frame.number", where=f"({harm}) && tcp.len > 0")


def test_a_capture_goes_past_the_end_of_sequence_numbers() -> None:
    numbers = [int(row[0]) for row in tshark_fields("labchat-wrap", "tcp.seq_raw", where="tcp.srcport == 40001")]
    assert max(numbers) > 2**32 - 100 and min(numbers) < 300


@pytest.mark.parametrize("name", [name for name in PROVOKED + BUILT if name != "gap"])
def test_each_message_is_on_the_frame_that_completed_it(name: str) -> None:
    """By tshark's own relative sequence numbers: the frame after which every byte up to the message's end was there."""
    covered: dict[Flow, set[int]] = defaultdict(set)
    ends: dict[Flow, int] = defaultdict(lambda: 1)
    asked = ("frame.number", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "tcp.seq", "tcp.len")
    rows = {int(row[0]): row[1:] for row in tshark_fields(f"labchat-{name}", *asked)}
    expected: dict[int, int] = {}
    for frame, (source, source_port, target, target_port, seq, length) in rows.items():
        way = (source, int(source_port), target, int(target_port))
        covered[way] |= set(range(int(seq), int(seq) + int(length)))
        before = ends[way]
        while ends[way] in covered[way]:
            ends[way] += 1
        expected[frame] = ends[way] if ends[way] > before else 0
    completed = 0
    for packet in judged("labchat", f"labchat-{name}").packets:
        for one in packet.messages:
            end = 1 + one.offset + len(one.data)
            reached = [frame for frame, at in expected.items() if at >= end and flow_of(rows[frame]) == flow(packet)]
            assert packet.number == min(reached)
            assert max(one.frames) <= packet.number
            completed += 1
    assert completed == sum(map(len, logged(name).values()))


def flow_of(row: list[str]) -> Flow:
    return row[0], int(row[1]), row[2], int(row[3])


@pytest.mark.parametrize("name", PROVOKED + BUILT)
def test_every_message_has_its_verdict(name: str) -> None:
    result = judged("labchat", f"labchat-{name}")
    codes = {1: "labchat.join", 2: "labchat.said", 3: "labchat.leave"}
    for packet in result.packets:
        said = [verdict for verdict in result.verdicts.get(packet.number, ()) if verdict.rule.layer == "labchat"]
        texts = [verdict for verdict in said if verdict.rule.code in {*codes.values(), "labchat.unknown-kind"}]
        headers = [one.header for one in packet.messages]
        assert [verdict.rule.code for verdict in texts if verdict.rule.rank == 80] == [
            codes[header.kind] for header in headers if header.kind in codes
        ]
        assert len(texts) == len(headers)


def test_one_message_in_many_segments_and_many_in_one() -> None:
    result = run(PLUGIN, capture("labchat-many"))
    first = result.packet(4)
    assert [one.header.kind for one in first.messages] == [1, 2, 2, 2]
    assert result.codes[4].count("labchat.mid-segment") == 3
    byte_by_byte, leave = [verdict.params for verdict in result.verdicts if verdict.rule.code == "labchat.split"]
    assert byte_by_byte["count"] == byte_by_byte["size"] == len(byte_by_byte["frames"])
    assert leave["count"] == 2
    behind = [packet for packet in result.packets if packet.messages][-1]
    assert behind.messages[0].frames[0] == behind.number - 1
    assert_verdict(result, behind.number, "labchat.mid-segment", frame=behind.number - 1)


def test_a_gap_that_was_acknowledged_is_passed_and_told() -> None:
    result = judged("labchat", "labchat-gap")
    (frame,) = result.frames("layer.gap")
    assert result.verdict(frame, "layer.gap").params["missing"] == len(message(2, "Ana", "line 3 ···"))


def test_a_gap_at_the_end_is_told() -> None:
    result = judged("labchat", "labchat-open-gap")
    assert result.frames("layer.gap")
    assert max(packet.number for packet in result.packets if packet.messages) < len(result.packets) - 1


def test_what_does_not_parse_is_told_and_the_next_message_read() -> None:
    result = judged("labchat", "labchat-hostile")
    told = [result.verdict(frame, "layer.unparsed").params for frame in result.frames("layer.unparsed")]
    assert [(params["offset"], params["field"]) for params in told] == [
        (4, "labchat.name"),
        (4, "labchat.name"),
        (3, "labchat.name_length"),
    ]
    assert "utf8" in told[0]["reason"] and "expected 200, found 4" in told[1]["reason"]
    assert result.frames("labchat.unknown-kind") and result.frames("labchat.before-join") == [4]


def test_before_join_only_when_everything_before_was_seen() -> None:
    frames = tcp_connection([("client", message(2, "Eve", "hi"))], dport=9001)
    assert_verdict(run(PLUGIN, frames), 4, "labchat.before-join", name="Eve")
    assert_no_verdict(run(PLUGIN, frames[3:]), "labchat.before-join")  # no handshake
    missed = tcp_connection([("client", message(1, "Eve")), ("client", message(2, "Eve", "hi"))], dport=9001)
    assert_no_verdict(run(PLUGIN, [*missed[:3], *missed[4:]]), "labchat.before-join")  # the join is not in the capture
    server = tcp_connection([("server", message(2, "Eve", "hi"))], dport=9001)
    assert_no_verdict(run(PLUGIN, server), "labchat.before-join")


def test_hostile_text_reaches_no_terminal() -> None:
    for output in ("table", "csv", "tsv", "jsonl"):
        ran = labdissect("--plugin", PLUGIN, "-o", output, capture("labchat-hostile"))
        assert ran.code == 0
        assert not list(unsafe_characters(ran.text, allowed="\n\t")), output
    rows = quiet(
        labdissect("--plugin", PLUGIN, "--columns", "labchat.text", "-o", "csv", capture("labchat-hostile"))
    ).text
    assert "'=cmd" in rows


def test_fields_come_out_as_a_layer_in_ek() -> None:
    lines = quiet(labdissect("--plugin", PLUGIN, "-o", "ek", capture("labchat-plain"))).lines
    layers = [json.loads(line)["layers"].get("labchat") for line in lines if b'"layers"' in line]
    names = {layer["labchat_labchat_name"] for layer in layers if isinstance(layer, dict)}
    assert {"Ana", "李雷"} <= names


def test_a_restarted_connection_begins_anew() -> None:
    def one(isn: int) -> list[Any]:
        ends = {"dport": 9001, "sport": 40001}
        back = {"dport": 40001, "sport": 9001, "src": "10.0.0.2", "dst": "10.0.0.1"}
        return [
            tcp(seq=isn, flags="S", **ends),
            tcp(seq=7, ack=isn + 1, flags="SA", **back),
            tcp(message(1, "Ana"), seq=isn + 1, ack=8, flags="PA", **ends),
            tcp(seq=8, ack=isn + 9, flags="RA", **back),
        ]

    result = run(PLUGIN, [*one(1000), *one(900_000)])
    assert result.frames("labchat.join") == [3, 7]


def test_the_rules_speak_both_languages_and_name_their_section() -> None:
    check_rules("labchat", explained=True)
    text = PLUGIN.read_text(encoding="utf-8").partition('"""\n\n')[0]
    for rule in module("labchat").RULES:
        for source in rule.sources:
            assert source.startswith("RFC ") or f"\n{source.removeprefix('labchat ')} " in text, source
