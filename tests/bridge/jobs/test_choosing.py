"""When several tsharks read a capture, when one does, and what happens when something ends too early."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from labdissect.bridge.jobs import choosing
from labdissect.bridge.jobs.choosing import sharded
from labdissect.bridge.jobs.packets import NotSplit
from labdissect.bridge.tshark import find
from labdissect.bridge.tshark_options import Options
from labdissect.testing import write_pcap
from tests.bridge.asked import asked
from tests.bridge.jobs.made import connection
from tests.bridge.program import labdissect, quiet
from tests.conftest import CAPTURES

TWO = CAPTURES / "tcp-two-connections.pcapng"
ONE = CAPTURES / "tcp-four-way-close.pcapng"


def why(capture: Path, options: Options | None = None, jobs: int | None = 2, fields: str = "frame.number") -> str:
    some = asked("jsonl")
    some = replace(some, types={**some.types, fields: "FT_UINT32"})
    with pytest.raises(NotSplit) as raised:
        sharded(find(), str(capture), some, options or Options(), jobs)
    return str(raised.value)


def test_the_command_line_gives_the_same_and_says_why_not() -> None:
    one = quiet(labdissect(TWO, "-o", "jsonl"))
    assert quiet(labdissect(TWO, "-o", "jsonl", "--jobs", "2")).out == one.out
    ran = labdissect(ONE, "-o", "jsonl", "--jobs", "2")
    assert ran.code == 0 and ran.out == quiet(labdissect(ONE, "-o", "jsonl")).out
    assert ran.err.count("\n") == 1 and "is read by one tshark: all of its packets belong together" in ran.err


def test_whole_packets_are_printed_by_one() -> None:
    ran = labdissect(TWO, "-o", "ek", "--jobs", "2")
    assert ran.code == 0 and ran.out == quiet(labdissect(TWO, "-o", "ek")).out
    assert "is read by one tshark: this output, or a plugin's layer, needs packets whole" in ran.err
    assert quiet(labdissect(TWO, "-o", "ek", "--jobs", "1")).out == ran.out


def test_a_display_filter_chooses_by_the_numbers_of_the_file() -> None:
    chosen = ("-o", "jsonl", "-Y", "tcp.flags.fin == 1 or frame.number == 5")
    one = quiet(labdissect(TWO, *chosen))
    assert one.lines
    assert quiet(labdissect(TWO, *chosen, "--jobs", "2")).out == one.out


def test_small_captures_are_read_by_one(monkeypatch: pytest.MonkeyPatch, many: Path) -> None:
    assert why(many, jobs=None) == "it is small"
    monkeypatch.setattr(choosing, "LARGE", 1000)
    monkeypatch.setattr(choosing, "cores", lambda: 1)
    assert why(many, jobs=None) == "it is small"
    monkeypatch.setattr(choosing, "cores", lambda: 8)
    several = sharded(find(), str(many), asked("jsonl"), Options(), None)[1]
    several.stop()
    assert len(several._running) == choosing.AT_MOST
    lopsided = write_pcap(many.with_name("lopsided.pcap"), connection(1) * 30 + connection(2)[:1])
    assert "most of its packets" in why(lopsided, jobs=None)


@pytest.mark.parametrize(
    ("options", "fields", "reason"),
    [
        (Options(two_passes=True), "frame.number", "-2"),
        (Options(decode_as=["tcp.port==80,ftp"]), "frame.number", "-d"),
        (Options(preferences=["tcp.desegment_tcp_streams:FALSE"]), "frame.number", "preferences"),
        (Options(), "frame.time_delta", "frame.time_delta counts"),
        (Options(), "ip.stream", "ip.stream counts"),
        (Options(), "rtp.setup", "rtp.setup may depend"),
    ],
)
def test_what_may_depend_on_other_conversations(options: Options, fields: str, reason: str) -> None:
    assert reason in why(TWO, options, fields=fields)


def test_the_column_info_has_frame_numbers() -> None:
    with pytest.raises(NotSplit, match="Info"):
        sharded(find(), str(TWO), asked("csv"), Options(), 2)


def test_a_cut_capture_says_what_it_always_says(tmp_path: Path, many: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(many.read_bytes()[:-7])
    one, two = labdissect(cut, "-o", "jsonl"), labdissect(cut, "-o", "jsonl", "--jobs", "2")
    assert one.code == two.code == 4
    assert one.out == two.out != b""
    assert "cut short" in one.err and one.err in two.err
