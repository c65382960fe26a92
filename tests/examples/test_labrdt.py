"""The lab's captures with their truth (``expect_labrdt`` in the manifest), and by hand what they do not show."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from labdissect.testing import Frame, Result, assert_no_verdict, assert_verdict, ek_lines, ip, run, udp, write_pcap
from tests.bridge.program import labdissect, quiet
from tests.conftest import CAPTURES, judge, tshark
from tests.examples.loaded import EXAMPLES, judged, module, with_example
from tests.examples.rules import check_rules

PLUGIN = EXAMPLES / "labrdt.py"
MANIFEST: list[dict[str, Any]] = yaml.safe_load((CAPTURES / "manifest.yaml").read_text(encoding="utf-8"))["captures"]
TRUTH = {row["file"].removesuffix(".pcapng"): row for row in MANIFEST if row["file"].startswith("rdt-")}
EVENTS = [(name, event) for name, row in TRUTH.items() for event in row["events"]]
RARE = re.compile(
    r"labrdt\.(resend\..*|data\.(lost|damaged|discarded|unanswered|duplicate)|ack\.duplicate|checksum\..*|length\..*"
    r"|flags\..*|window\.exceeded|open\..*|close\..*)"
)
"""Verdicts that only events that were provoked may have."""
IP_PAYLOAD = 34
"""Bytes of Ethernet and IPv4 header."""


@pytest.mark.parametrize(("name", "event"), EVENTS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_event_has_its_verdict(name: str, event: dict[str, Any]) -> None:
    for frame in event["frames"]:
        assert set(event["expect_labrdt"]) <= set(judged("labrdt", name).codes(frame)), event


@pytest.mark.parametrize("name", TRUTH)
def test_what_is_rare_is_said_only_where_it_was_provoked(name: str) -> None:
    expected: dict[int, set[str]] = {}
    for event in TRUTH[name]["events"]:
        for frame in event["frames"]:
            expected.setdefault(frame, set()).update(event["expect_labrdt"])
    result = judged("labrdt", name)
    assert len(expected) == len(result.packets)
    for frame, codes in expected.items():
        assert {code for code in result.codes(frame) if RARE.fullmatch(code)} <= codes


@pytest.mark.parametrize("name", TRUTH)
def test_every_field_is_what_the_bytes_say(name: str) -> None:
    payloads = tshark(name, "-T", "fields", "-e", "udp.payload").decode().split()
    for packet, payload in zip(judged("labrdt", name).packets, map(bytes.fromhex, payloads), strict=True):
        header = packet.labrdt
        told = (header.seq, header.ack, header.flags, header.reserved, header.window, header.length, header.checksum)
        assert b"".join(v.to_bytes(n, "big") for v, n in zip(told, (4, 4, 1, 1, 2, 2, 2), strict=True)) == payload[:16]
        assert header.payload == payload[16:]
        assert module("labrdt").computed_checksum(header) == header.checksum


@pytest.mark.parametrize(
    ("name", "packets", "size", "resends", "mode"),
    [
        ("rdt-stop-and-wait", 6, 3000, 0, "stop-and-wait"),
        ("rdt-stop-and-wait-loss", 6, 3000, 2, "stop-and-wait"),
        ("rdt-go-back-n", 12, 6000, 4, "go-back-n"),
        ("rdt-corrupted", 4, 2000, 1, "stop-and-wait"),
    ],
)
def test_the_summary_is_the_outcome(name: str, packets: int, size: int, resends: int, mode: str) -> None:
    outcome = TRUTH[name]["connections"][0]["outcome"]
    assert f"{size} bytes" in outcome and (f"{resends} retransmission" in outcome) == bool(resends)
    result = judged("labrdt", name)
    verdict = result.verdict(len(result.packets), "labrdt.summary")
    assert (verdict.params["packets"], verdict.params["size"], verdict.params["resends"]) == (packets, size, resends)
    assert verdict.wording == mode
    assert not result.problems


@pytest.mark.parametrize(
    ("name", "frame", "first", "since"),
    [
        ("rdt-stop-and-wait-loss", 7, 6, 6),
        ("rdt-stop-and-wait-loss", 12, 11, 11),
        ("rdt-go-back-n", 15, 6, 9),  # ACK 2 moved the window, so it started the timer anew
        ("rdt-corrupted", 8, 6, 6),
    ],
)
def test_the_silence_is_the_timeout_of_the_program(name: str, frame: int, first: int, since: int) -> None:
    verdict = judged("labrdt", name).verdict(frame, "labrdt.resend.timeout")
    assert (verdict.params["first"], verdict.params["since"]) == (first, since)
    assert 0.25 <= verdict.params["silence"] < 0.255  # the captures were made with --timeout 0.25
    assert [(one.frame, one.field) for one in verdict.evidence] == [(first, "labrdt.seq")]


# by hand


class Lab:
    """A transfer made by hand: ``a`` sends data, ``b`` answers; 10 ms between packets unless a time is given."""

    def __init__(self, window: int = 4) -> None:
        self.window = window
        self.frames: list[Frame] = []
        self.now = 0.0

    def a(self, seq: int, flags: int = 0, data: bytes = b"", *, ack: int = 0, after: float = 0.01, **wrong: int) -> Lab:
        """A packet of the sender's."""
        return self._add(seq, ack, flags, data, after, {"sport": 9001, "dport": 9000}, wrong)

    def b(self, ack: int, flags: int = 2, *, seq: int = 0, after: float = 0.01, **wrong: int) -> Lab:
        """A packet of the receiver's."""
        ends = {"sport": 9000, "dport": 9001, "src": "10.0.0.2", "dst": "10.0.0.1"}
        return self._add(seq, ack, flags, b"", after, ends, wrong)

    def data(self, *numbers: int, after: float = 0.01) -> Lab:
        """Data packets of 10 bytes."""
        for number in numbers:
            self.a(number, data=b"%010d" % number, after=after)
        return self

    def opened(self) -> Lab:
        """Frames 1 to 3."""
        return self.a(0, 1).b(0, 3).a(0, 2)

    def _add(
        self, seq: int, ack: int, flags: int, data: bytes, after: float, ends: dict[str, Any], wrong: dict[str, int]
    ) -> Lab:
        self.now += after
        layer = module("labrdt").LABRDT
        values = {"seq": seq, "ack": ack, "flags": flags, "reserved": 0, "window": self.window, "length": len(data)}
        values |= {"checksum": 0, "payload": data, **wrong}
        if "checksum" not in wrong:
            values["checksum"] = module("labrdt").computed_checksum(layer.parse_header(layer.build(values)))
        self.frames.append(udp(layer.build(values), time=self.now, **ends))
        return self

    def judged(self) -> Result:
        """The verdicts."""
        return run(PLUGIN, self.frames)


def test_a_lost_ack_is_covered_by_the_next() -> None:
    result = Lab().opened().data(1, 2, 3).b(1).b(3).judged()
    verdict = assert_verdict(result, 8, "labrdt.ack.cumulative", ack=3, first=2)
    assert verdict.wording == "several"
    assert_verdict(result, 8, "labrdt.window.slide", moved=2, first=4, last=7)


def test_at_the_receiver_a_resend_of_what_was_acknowledged_tells_that_the_ack_was_lost() -> None:
    result = Lab(window=1).opened().data(1).b(1).data(1, after=0.3).b(1).judged()
    verdict = assert_verdict(result, 6, "labrdt.resend.acknowledged", number=1, ack_frame=5)
    assert verdict.evidence[0].frame == 5
    assert assert_verdict(result, 7, "labrdt.ack.duplicate", answers=6).wording == "copy"
    assert_no_verdict(result, "labrdt.resend.timeout")


def test_a_wrong_checksum_and_its_answer() -> None:
    result = Lab(window=1).opened().data(1).b(1).a(2, data=b"x", checksum=0x1234).b(1).data(2, after=0.3).b(2).judged()
    assert result.codes[6] == ["labrdt.checksum.wrong"]
    verdict = assert_verdict(result, 6, "labrdt.checksum.wrong", sent=0x1234)
    assert verdict.params["computed"] != 0x1234
    assert assert_verdict(result, 7, "labrdt.ack.duplicate", answers=6).wording == "checksum"
    assert_verdict(result, 8, "labrdt.data.new", number=2)  # to the receiver it is new


def test_a_sender_that_ignores_its_window() -> None:
    result = Lab(window=2).opened().data(1, 2, 3).judged()
    assert result.frames("labrdt.window.exceeded") == [6]
    assert_verdict(result, 6, "labrdt.window.exceeded", number=3, last=2, window=2)


def test_selective_repeat_is_not_taken_for_go_back_n() -> None:
    lab = Lab().opened().data(1, 2, 3, 4).b(1).b(1).b(1).data(2, after=0.3).b(4).judged()
    verdict = assert_verdict(lab, 12, "labrdt.summary", flight=4, resends=1, burst=11)
    assert verdict.wording == "selective"


def test_pipelining_without_a_loss_does_not_tell_the_kind() -> None:
    result = Lab().opened().data(1, 2).b(1).b(2).judged()
    assert assert_verdict(result, 7, "labrdt.summary").wording == "pipelined"
    result = Lab().opened().data(1).b(1).data(2).b(2).judged()
    assert assert_verdict(result, 7, "labrdt.summary").wording == "unknown"


def test_syn_and_fin_are_sent_again() -> None:
    result = Lab().a(0, 1).a(0, 1, after=0.3).b(0, 3).a(0, 2).a(1, 4).a(1, 4, after=0.3).judged()
    assert assert_verdict(result, 2, "labrdt.open.syn", before=1).wording == "again"
    assert assert_verdict(result, 6, "labrdt.close.fin", before=5).wording == "again"
    assert_verdict(result, 6, "labrdt.close.unseen")


def test_nobody_answers() -> None:
    result = Lab().a(0, 1).a(0, 1, after=0.3).judged()
    assert assert_verdict(result, 2, "labrdt.close.unseen").wording == "no-answer"


def test_a_capture_that_begins_in_the_middle() -> None:
    result = Lab().data(7).b(7).data(8).b(8).judged()
    assert result.codes[1] == ["labrdt.data.new"] and result.codes[2][0] == "labrdt.ack.cumulative"
    assert assert_verdict(result, 1, "labrdt.data.new").wording == ""
    result = Lab().b(6).data(7).b(7).judged()
    assert assert_verdict(result, 3, "labrdt.ack.cumulative", ack=7).wording == ""


def test_the_first_ack_of_a_capture_tells_where_the_transfer_stands() -> None:
    result = Lab().data(7).b(5).b(6).b(7).judged()
    wordings = [assert_verdict(result, frame, "labrdt.ack.cumulative").wording for frame in (2, 3, 4)]
    assert wordings == ["unseen", "unseen", ""]
    assert_no_verdict(result, "labrdt.ack.duplicate")
    assert assert_verdict(Lab().data(7, 5).judged(), 2, "labrdt.data.new", number=5).wording == "late"


def test_a_capture_that_begins_with_the_last_step_of_the_opening() -> None:
    result = Lab().a(0, 2).data(1).b(1).judged()
    assert 1 not in result.codes  # an answer "nothing yet" would look the same
    assert assert_verdict(result, 3, "labrdt.ack.cumulative").wording == ""
    assert_no_verdict(result, "labrdt.flags.unknown")


def test_an_ack_in_the_middle_of_a_repetition_does_not_end_it() -> None:
    lab = Lab().opened().data(1, 2, 3, 4).b(1).b(1).b(1)
    result = lab.data(2, after=0.3).b(2, after=0.001).data(3, 4, after=0.001).b(4).a(5, 4).judged()
    assert result.frames("labrdt.resend.go-back-n") == [13, 14]
    assert_verdict(result, 5, "labrdt.data.lost", number=2, frames=[9, 10])
    assert [result.codes[frame][-1] for frame in (6, 7)] == ["labrdt.data.discarded"] * 2
    assert assert_verdict(result, len(lab.frames), "labrdt.summary").wording == "go-back-n"


def test_two_timeouts_one_after_the_other_are_two() -> None:
    result = Lab().opened().data(1, 2, 3).data(1, after=0.3).b(1).data(2, after=0.3).judged()
    assert result.frames("labrdt.resend.timeout") == [7, 9]


def test_the_answer_to_a_needless_copy_shows_no_loss() -> None:
    result = Lab(window=1).opened().data(1).b(1).data(1, after=0.3).b(1).data(2).data(2, after=0.3).judged()
    assert assert_verdict(result, 7, "labrdt.ack.duplicate").wording == "copy"
    assert_verdict(result, 8, "labrdt.data.unanswered", number=2)
    assert_no_verdict(result, "labrdt.data.lost")


def test_a_damaged_ack_is_answered_by_nobody() -> None:
    result = Lab(window=1).opened().data(1).b(1, checksum=1).data(1, after=0.3).b(1).b(1).judged()
    assert_verdict(result, 5, "labrdt.checksum.wrong")
    assert assert_verdict(result, 8, "labrdt.ack.duplicate").wording != "checksum"


def test_a_sender_that_starts_anew_without_closing() -> None:
    result = Lab(window=1).opened().data(1).b(1).opened().data(1).b(1).judged()
    assert result.frames("labrdt.summary") == [6, 10]
    assert_no_verdict(result, "labrdt.resend.acknowledged")


def test_packets_that_are_not_in_the_capture() -> None:
    result = Lab().opened().data(1, 3, 2).b(9).judged()
    assert assert_verdict(result, 5, "labrdt.data.new", missing=2).wording == "gap"
    assert assert_verdict(result, 6, "labrdt.data.new", highest=3).wording == "late"
    assert assert_verdict(result, 7, "labrdt.ack.cumulative", ack=9).wording == "unseen"


def test_an_ack_that_was_overtaken() -> None:
    result = Lab().opened().data(1, 2).b(2).b(1).judged()
    assert assert_verdict(result, 7, "labrdt.ack.duplicate", ack=1, acked=2, ack_frame=6).wording == "old"


def test_one_answer_too_many() -> None:
    result = Lab().opened().data(1).b(1).b(1).judged()
    assert assert_verdict(result, 6, "labrdt.ack.duplicate", ack=1).wording == "extra"


def test_flags_and_lengths_that_the_protocol_does_not_know() -> None:
    result = Lab().opened().a(1, 7).b(0, 0).a(1, data=b"abc", length=9).judged()
    assert assert_verdict(result, 4, "labrdt.flags.unknown", flags=7).wording == ""
    assert assert_verdict(result, 5, "labrdt.flags.unknown", flags=0).wording == "direction"
    assert_verdict(result, 6, "labrdt.length.wrong", length=9, size=3)


def test_two_transfers_between_the_same_ports_have_a_summary_each() -> None:
    lab = Lab(window=1)
    for _ in range(2):
        lab.opened().data(1).b(1).a(2, 4).b(2).b(2, 6, seq=1).a(3, 2, ack=1)
    result = lab.judged()
    assert result.frames("labrdt.summary") == [10, 18]
    assert_no_verdict(result, "labrdt.resend.acknowledged")


def test_a_datagram_that_the_network_doubled_is_no_resend() -> None:
    """Another analyzer, built in, finds that a packet is the same as an earlier one, by its IP identification."""
    lab = Lab(window=1).data(1, 2).data(2, after=0.0001)
    datagrams = zip(lab.frames, (1, 2, 2), strict=True)  # the third is the second once more
    frames = [
        Frame(ip(frame.data[IP_PAYLOAD:], proto=17, id=identification).data, frame.time)
        for frame, identification in datagrams
    ]
    result = judge(ek_lines(frames), registry=with_example("labrdt"))
    assert result.verdict(3, "labrdt.data.duplicate").params == {"first": 2}
    assert not [code for code in result.codes(3) if code.startswith("labrdt.resend")]


def test_another_port_is_named_on_the_command_line(tmp_path: Path) -> None:
    """--decode-as."""
    lab = Lab(window=1).opened().data(1).b(1)
    moved = [Frame(frame.data.replace(b"\x23\x28", b"\x1b\x58", 1), frame.time) for frame in lab.frames]  # 9000 → 7000
    capture = write_pcap(tmp_path / "moved.pcap", moved)
    arguments = ("--plugin", PLUGIN, "-o", "jsonl", "--only", "labrdt", capture)
    assert quiet(labdissect(*arguments)).lines == []
    assert len(quiet(labdissect("--decode-as", "udp.port==7000,labrdt", *arguments)).lines) >= 6


def test_a_payload_that_is_too_short_is_told_with_its_place() -> None:
    result = judged("labrdt", "udp-exchange")
    assert result.problems == []
    result = run(PLUGIN, [udp(b"\0\0\0\1\0\0", dport=9000)])
    assert result.codes == {1: ["layer.unparsed"]}


def test_memory_is_bounded() -> None:
    def packets() -> Iterator[Frame]:
        lab = Lab(window=65535).opened()
        for number in range(1, 3 * module("labrdt").REMEMBERED):
            lab.a(number, after=0.0001)
        return iter(lab.frames)

    analyzer = module("labrdt").Labrdt()
    result = run(PLUGIN, packets())
    for packet in result.packets:
        list(analyzer.analyze(packet))
    (transfer,) = analyzer._transfers.values()
    assert len(transfer.under_way) <= module("labrdt").REMEMBERED
    assert len(transfer.unanswered) <= module("labrdt").REMEMBERED


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_network_does_every_packet_has_a_verdict(seed: int) -> None:
    """A Go-Back-N transfer over a network that loses, damages and overtakes, seen at the sender."""
    die = random.Random(seed)
    lab = Lab(window=4).opened()
    base, expected = 1, 1
    while base <= 12:
        answers = []
        for number in range(base, min(base + 4, 13)):
            lab.data(number, after=0.3 if number == base else 0.001)
            fate = die.random()
            if fate > 0.3:
                expected += number == expected
                answers.append(expected - 1)
            elif fate > 0.2:
                answers.append(expected - 1)  # damaged
        for answer in answers:
            if die.random() > 0.2:
                lab.b(answer, after=0.001)
                base = max(base, answer + 1)
    result = lab.judged()
    assert set(result.codes) == set(range(1, len(lab.frames) + 1))
    assert_verdict(result, len(lab.frames), "labrdt.summary", packets=12, size=120)


def test_the_rules_speak_both_languages_and_name_their_section() -> None:
    check_rules("labrdt", explained=True)
    text = (PLUGIN).read_text(encoding="utf-8").partition('"""\n\n')[0]
    for rule in module("labrdt").RULES:
        for source in rule.sources:
            assert source.startswith("RFC ") or f"\n{source.removeprefix('labrdt ')} " in text, source
