from __future__ import annotations

import io
import re
from typing import Any

import pytest
from hypothesis import given

from labdissect.bridge.escape import width
from labdissect.bridge.failures import UsageFailure
from labdissect.bridge.writers.chosen_table import widths_within
from labdissect.dissectors.layer import Text
from labdissect.plugins.rule import Rule, Verdict
from labdissect.plugins.writer import Record, Summary, WriterSettings
from tests.bridge.test_escape import HOSTILE
from tests.bridge.written import fake_packet, unsafe_characters, written
from tests.conftest import built_in, ek

ISSUE = (
    *("number", "time", "source", "destination", "protocol", "info", "tcp.seq", "state_client", "verdict"),
    "tcp.analysis.acks_frame",
)


def table(name: str, columns: int, *chosen: str, **settings: Any) -> list[str]:
    return written(ek(name), "table", width=columns, chosen=chosen, **settings).decode().splitlines()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(columns: int, language: str) -> None:
    assert max(map(width, table("tcp-four-way-close", columns, *ISSUE, language=language))) <= columns


def test_columns_stand_in_the_order_they_were_chosen_in() -> None:
    lines = table("tcp-four-way-close", 200, "tcp.flags", "number", "state_client", "headline")
    assert lines[0].split() == ["tcp.", "number", "state_", "headline"]
    assert lines[1].split() == ["flags", "client"]
    assert re.match(r"0x0002 +1  SYN-SENT +Handshake 1 of 3", lines[2])


def test_the_end_has_its_summary() -> None:
    assert any(line.startswith("13 packets") for line in table("tcp-four-way-close", 120, "number"))


def test_what_has_no_room_stands_below_with_its_name() -> None:
    lines = table("tcp-four-way-close", 60, *ISSUE)
    assert any(re.match(r" +state_client SYN-SENT", line) or " · state_client SYN-SENT" in line for line in lines)
    assert any(line.lstrip().startswith("Handshake 1 of 3") for line in lines)


def test_wide_characters_are_aligned() -> None:
    lines = table("tcp-four-way-close", 200, "number", "headline", "tcp.seq", language="zh")
    rows = [line for line in lines[1:] if re.match(r" +\d", line) or "握手" in line]
    ends = {width(line) for line in rows if line.rstrip()[-1].isdigit()}
    assert ends == {200}


def test_a_mistake_names_what_is_near() -> None:
    with pytest.raises(UsageFailure, match=r"'tcp\.analysis\.akcs_frame'.*tcp\.analysis\.acks_frame"):
        table("tcp-four-way-close", 80, "tcp.analysis.akcs_frame")


@pytest.mark.parametrize("most", [20, 60, 100, 200, 400])
def test_widths_fit(most: int) -> None:
    names = ("number", "info", "headline", "a", "verdict", "b")
    widths = widths_within(most, [6, 90, 200, 30, 500, 30], names)
    shown = [size for size in widths if size]
    assert sum(shown) + 2 * (len(shown) - 1) <= most
    assert widths[0] == 6


RULE = Rule("test.chosen", "tcp", "note", 50, Text("{said}", "{said}"))


@given(HOSTILE)
def test_hostile_text_never_acts_on_the_terminal(said: str) -> None:
    out = io.BytesIO()
    settings = WriterSettings(width=60, chosen=("number", "source", "info", "verdict"))
    writer = built_in().writers["table"].make(out, settings)
    writer.packet(Record(b""), fake_packet(info=said, source=said), [Verdict(RULE, 1, {"said": said})])
    writer.end(Summary(packets=1, shown=1), ())
    assert not list(unsafe_characters(out.getvalue().decode()))
