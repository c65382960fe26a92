"""What a plugin does to captures: found, fired, read, slow, failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from labdissect.bridge.failures import TsharkFailure, UsageFailure
from labdissect.bridge.handmade.frames import udp, write_pcap
from labdissect.bridge.inspection.author import Place
from labdissect.bridge.inspection.observation import ENOUGH, SLOW, WARM_UP, Cost
from tests.bridge.inspection.plugin_files import check, errors, warnings
from tests.bridge.inspection.test_definitions import KIND, SOUND, line_of
from tests.conftest import capture_path

TWO_FIELDS = SOUND.replace(
    '"kind" / Int8ub * note("kind", "类型")',
    '"kind" / Int8ub * note("kind", "类型"), "body" / GreedyBytes * note("body", "正文")',
)


def capture(folder: Path, *payloads: bytes, name: str = "lab.pcap") -> Path:
    return write_pcap(folder / name, [udp(payload, dport=9002) for payload in payloads])


def test_what_is_found(tmp_path: Path) -> None:
    found = check(tmp_path, SOUND, capture(tmp_path, b"\1", b"\2"), capture(tmp_path, b"\3", name="other.pcap"))
    assert found.findings == []
    seen = found.observation
    assert seen is not None
    assert (seen.captures, seen.packets) == (2, 3)
    layer, rule, column = seen.layers["labtest"], seen.rules["labtest.seen"], seen.columns["labtest"]
    assert (layer.count, layer.capture, layer.frame) == (3, "lab.pcap", 1)
    assert (rule.count, rule.capture, rule.frame, rule.text) == (3, "lab.pcap", 1, "Kind 1.")
    assert column.count == 3
    assert seen.costs["Seen"].packets == 3


def test_what_is_not_found(tmp_path: Path) -> None:
    source = SOUND
    found = check(tmp_path, source, capture_path("udp-exchange"), capture_path("arp-unanswered"))
    assert errors(found) == []
    assert warnings(found) == [
        f"{line_of(source, 'LAYER')}: layer labtest was never found in 2 captures",
        f"{line_of(source, 'SEEN')}: rule labtest.seen never fired in 2 captures",
    ]


def test_fields_that_nobody_reads(tmp_path: Path) -> None:
    found = check(tmp_path, TWO_FIELDS, capture(tmp_path, b"\1abc"))
    assert warnings(found) == [
        f"{line_of(TWO_FIELDS, 'LAYER')}: layer labtest: no analyzer or column reads body",
    ]
    by_name = TWO_FIELDS.replace(KIND, '{"kind": packet.labtest["labtest.body"]}')
    assert warnings(check(tmp_path, by_name, capture(tmp_path, b"\1abc"))) == []
    by_message = TWO_FIELDS.replace(KIND, '{"kind": packet.messages[0].header.body}')
    assert warnings(check(tmp_path, by_message, capture(tmp_path, b"\1abc"))) == []


def test_who_reads_a_flag_has_read_the_flags(tmp_path: Path) -> None:
    flags = (
        '*bits("_flags", Int8ub, part("flags", 0, 8, note("flags", "标志")), part("kind", 0, 1, note("kind", "类型"))),'
        '*bits("_more", Int8ub, part("more", 4, 4, note("more", "更多")), part("rest", 0, 4, note("rest", "其余")))'
    )
    source = "from labdissect import bits, part\n" + SOUND.replace('"kind" / Int8ub * note("kind", "类型")', flags)
    (warning,) = warnings(check(tmp_path, source, capture(tmp_path, b"\1\0")))
    assert warning.endswith("no analyzer or column reads more, rest")


def test_a_verdict_about_the_whole_capture_is_about_frame_0(tmp_path: Path) -> None:
    at_end = "    def finish(self):\n        yield Verdict(SEEN, 0, {'kind': 0})\n\n\n@hookimpl\ndef labdissect_layers"
    source = SOUND.replace("@hookimpl\ndef labdissect_layers", at_end)
    found = check(tmp_path, source, capture(tmp_path, b"\1"))
    assert found.findings == []
    assert found.observation is not None and found.observation.rules["labtest.seen"].count == 2


def test_a_layer_alone_need_not_be_read(tmp_path: Path) -> None:
    source = SOUND[: SOUND.index("SEEN")] + "@hookimpl\ndef labdissect_layers():\n    return [LAYER]\n"
    assert check(tmp_path, source, capture(tmp_path, b"\1")).findings == []


def test_payloads_that_do_not_parse_are_counted(tmp_path: Path) -> None:
    source = SOUND.replace('"kind" / Int8ub', '"kind" / Int16ub')
    found = check(tmp_path, source, capture(tmp_path, b"\0\1", b"\2"))
    assert found.observation is not None
    assert found.observation.rules["layer.unparsed"].frame == 2


@pytest.mark.parametrize(
    ("of", "instead", "error"),
    [
        (
            KIND,
            "dict([('sort', 1)])",
            "rule labtest.seen asks for {kind}, which its verdict does not give (at frame 1 of",
        ),
        (KIND, '(lambda: {"kind": None})()', None),
        (
            "packet.number, ",
            "packet.number - 1, ",
            "rule labtest.seen at frame 1 of lab.pcap speaks of frame 0; frames",
        ),
        (
            "packet.number, ",
            "packet.number + 5, ",
            "rule labtest.seen at frame 1 of lab.pcap speaks of frame 6; frames",
        ),
        (
            KIND,
            f'{KIND}, (Evidence(9, "labtest.kind", 1),)',
            "rule labtest.seen at frame 1 of lab.pcap speaks of frame 9",
        ),
        (KIND, f"{KIND}, (), packet.protocols", "rule labtest.seen has no wording 'eth:ethertype:ip:udp:labtest'"),
        (
            "return [SEEN]",
            "return []",
            "rule labtest.seen fired at frame 1 of lab.pcap, but labdissect_rules does not return",
        ),
        (
            "        yield",
            "        1 / 0\n        yield",
            "plugin labtest failed at frame 1: ZeroDivisionError",
        ),
        ("packet.labtest and packet", "packet", None),
        (
            "packet.labtest and packet",
            "1 / 0 and packet",
            "column labtest failed at frame 1 of lab.pcap: ZeroDivisionError",
        ),
    ],
)
def test_errors_of_packets(tmp_path: Path, of: str, instead: str, error: str | None) -> None:
    assert SOUND.count(of) == 1
    found = [
        one.partition(": ")[2]
        for one in errors(check(tmp_path, SOUND.replace(of, instead), capture(tmp_path, b"\1", b"\1")))
    ]
    assert found == [] if error is None else [one for one in found if one.startswith(error)], found


def test_each_capture_counts_its_own_frames(tmp_path: Path) -> None:
    source = SOUND.replace("packet.number, ", "packet.number if packet.labtest.kind == 1 else 3, ")
    captures = [capture(tmp_path, *[b"\1"] * 5), capture(tmp_path, b"\2", name="short.pcap")]
    (error,) = errors(check(tmp_path, source, *captures))
    assert "at frame 1 of short.pcap speaks of frame 3" in error


def test_a_thousand_packets_give_one_finding(tmp_path: Path) -> None:
    source = SOUND.replace("packet.number, ", "0, ")
    found = errors(check(tmp_path, source, capture(tmp_path, *[b"\1"] * 200)))
    assert len(found) == 1


def test_slow_analyzers(tmp_path: Path) -> None:
    many = capture(tmp_path, *[b"\1"] * (WARM_UP + ENOUGH))
    slow = SOUND.replace("        yield", "        sum(range(20000))\n        yield")
    (warning,) = warnings(check(tmp_path, slow, many))
    assert warning.startswith(f"{line_of(slow, 'class')}: Seen is slow: ") and "50 pass unnoticed" in warning
    assert check(tmp_path, SOUND, many).findings == []
    assert SLOW == 50


def test_a_mean_of_few_packets_is_none() -> None:
    assert Cost(WARM_UP + ENOUGH - 1, 10**9).microseconds is None
    assert Cost(WARM_UP + 1000, 5_000_000).microseconds == 5.0


def test_settings_and_other_analyzers_are_left_alone(tmp_path: Path) -> None:
    source = SOUND.replace("return [Seen()]", "return [Seen()] if settings.options['on'] == 'yes' else []")
    found = check(tmp_path, source, capture(tmp_path, b"\1"), on="yes")
    assert found.observation is not None
    assert set(found.observation.rules) == {"labtest.seen"}
    assert check(tmp_path, source, on="no").analyzers == []


def test_captures_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageFailure, match="there is no such file"):
        check(tmp_path, SOUND, tmp_path / "none.pcap")
    (tmp_path / "bad.pcap").write_bytes(b"\xd4\xc3\xb2\xa1 and no more")
    with pytest.raises(TsharkFailure):
        check(tmp_path, SOUND, tmp_path / "bad.pcap")


def test_a_capture_that_was_cut_is_an_error_of_the_capture(tmp_path: Path) -> None:
    path = capture(tmp_path, b"\1", b"\1")
    path.write_bytes(path.read_bytes()[:-3])
    (finding,) = [one for one in check(tmp_path, SOUND, path).findings if one.severity == "error"]
    assert finding == Place("lab.pcap").error(finding.message) and "cut short" in finding.message


WRITER = """
from labdissect.plugins.writer import WriterFormat


class Numbers:
    def __init__(self, out, settings):
        self.out, self.settings = out, settings

    def packet(self, record, packet, verdicts):
        self.out.write(b"%d\\n" % packet.number)

    def other(self, record):
        pass

    def conversation(self, conversation, verdicts):
        pass

    def flush(self):
        pass

    def end(self, summary, verdicts):
        self.out.write(b"end\\n")


@hookimpl
def labdissect_writers():
    return [WriterFormat("numbers", "frame numbers", Numbers)]
"""


def test_an_output_is_written_to_nowhere(tmp_path: Path) -> None:
    found = check(tmp_path, WRITER, capture(tmp_path, b"\1", b"\2"))
    assert found.findings == []
    assert found.observation is not None and found.observation.written == {"numbers": len(b"1\n2\nend\n")}
    of_pdml = WRITER.replace("Numbers)]", 'Numbers, ("pdml",))]')
    found = check(tmp_path, of_pdml, capture(tmp_path, b"\1"))
    assert found.observation is not None and found.observation.written == {}


@pytest.mark.parametrize(
    "method", ["__init__(self, out, settings)", "packet(self, record, packet, verdicts)", "flush(self)"]
)
def test_an_output_that_fails_is_named_with_its_line(tmp_path: Path, method: str) -> None:
    assert WRITER.count(method) == 1
    source = WRITER.replace(f"{method}:\n", f"{method}:\n        1 / 0\n")
    (error,) = errors(check(tmp_path, source, capture(tmp_path, b"\1", b"\2")))
    assert "output numbers failed at frame" in error and "ZeroDivisionError" in error and "labtest.py:" in error
