from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bridge.program import labdissect, quiet
from tests.bridge.written import unsafe_characters, written
from tests.examples.loaded import EXAMPLES, capture, ek, module, with_example

ARROW = re.compile(r"    p\d+-?->>p\d+: \d+ (?P<text>.*)")
PARTICIPANT = re.compile(r"    participant p\d+ as (?P<text>.+)")
PLAIN = re.compile(r"(?:[\w .,()/=+\u2013\u2026\u2192\u3002\u3001-]|#\d+;)*")
"""What no Mermaid parser takes for anything but text."""


def diagram(name: str, **settings: Any) -> list[str]:
    return written(ek(name), "sequence", registry=with_example("sequence_diagram"), **settings).decode().splitlines()


def test_an_arrow_for_each_packet() -> None:
    lines = diagram("tcp-four-way-close")
    assert lines[:3] == ["sequenceDiagram", "    participant p1 as 10.0.0.1", "    participant p2 as 10.0.0.2"]
    assert lines[3].startswith("    p1->>p2: 1 Handshake 1 of 3#58; the client asks to open a connection.")
    assert len([line for line in lines if ARROW.fullmatch(line)]) == 13


def test_what_went_wrong_is_dotted() -> None:
    (refused,) = [line for line in diagram("tcp-rst-closed-port") if ": 2 " in line]
    assert refused.startswith("    p2-->>p1: 2 ")


@pytest.mark.parametrize("name", ["ipv6-ndp-ping", "arp-request-reply", "dns-basic", "seed-stack-web"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_line_is_of_the_diagram(name: str, language: str) -> None:
    for line in diagram(name, language=language)[1:]:
        match = ARROW.fullmatch(line) or PARTICIPANT.fullmatch(line)
        assert match is not None and PLAIN.fullmatch(match["text"]), line


@given(st.text())
def test_no_text_escapes_from_its_line(text: str) -> None:
    shown = module("sequence_diagram").plain(text)
    assert PLAIN.fullmatch(shown)
    assert not list(unsafe_characters(shown, allowed=""))


def test_the_option_writes_it() -> None:
    arguments = ("--plugin", EXAMPLES / "sequence_diagram.py", "-o", "sequence", "-Y", "frame.number == 2")
    ran = quiet(labdissect(*arguments, capture("udp-exchange")))
    assert ran.text.splitlines()[0] == "sequenceDiagram" and ran.text.count(">>") == 1


def test_several_files_make_one_diagram() -> None:
    plugin = ("--plugin", EXAMPLES / "sequence_diagram.py", "-o", "sequence")
    ran = quiet(labdissect(*plugin, capture("udp-exchange"), capture("icmp-echo")))
    assert ran.text.count("sequenceDiagram") == 1
