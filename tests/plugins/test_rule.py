"""How texts become sentences: counts, spans, durations, lists of frames, blanks in Chinese."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.dissectors.layer import Text
from labdissect.plugins.rule import (
    Evidence,
    Rule,
    Verdict,
    duration,
    filled,
    frame_list,
    highest_severity,
    placeholders,
    render,
    with_names,
)


def said(en: str, zh: str = "无", language: str = "en", **params: Any) -> str:
    return filled(Text(en, zh), params, language)


@pytest.mark.parametrize(
    ("first", "last", "en", "zh"),
    [
        (5, 9, "bytes 5–9 again", "再次发送第 5–9 字节。"),
        (5, 5, "byte 5 again", "再次发送第 5 字节。"),
        (0, 0, "byte 0 again", "再次发送第 0 字节。"),
    ],
)
def test_a_span_of_one_byte_is_a_byte(first: int, last: int, en: str, zh: str) -> None:
    template = Text("{first:bytes last} again", "再次发送{first:字节 last}。")
    assert filled(template, {"first": first, "last": last}) == en
    assert filled(template, {"first": first, "last": last}, "zh") == zh
    assert said("{first:Bytes last}", first=first, last=last) == (en[0].upper() + en[1:]).removesuffix(" again")


@pytest.mark.parametrize("unit", ["byte", "segment", "time", "record", "certificate", "router", "probe"])
def test_one_is_singular(unit: str) -> None:
    template = f"{{count:{unit}}}"
    assert [said(template, count=count) for count in (0, 1, 2)] == [f"0 {unit}s", f"1 {unit}", f"2 {unit}s"]


def test_both_ends_of_a_span_are_parameters() -> None:
    assert placeholders("{who:role}: {first:bytes last}, {ratio:.3f}") == {"who", "first", "last", "ratio"}
    assert with_names("{who:role}: {first:bytes last}, {ratio:.3f} {{x}}") == "‹who›: bytes ‹first›–‹last›, ‹ratio› {x}"
    assert with_names("{first:字节 last}") == "第 ‹first›–‹last› 字节"


@pytest.mark.parametrize(
    ("seconds", "en", "zh"),
    [
        (0, "0 ms", "0 ms"),
        (1e-9, "1 ns", "1 ns"),
        (3.8e-14, "0 ms", "0 ms"),  # a variation that has died down
        (0.000423, "0.423 ms", "0.423 ms"),
        (0.0421, "42.1 ms", "42.1 ms"),
        (0.2, "0.200 s", "0.200 s"),
        (10, "10.0 s", "10.0 s"),
        (125, "2 min 5 s", "2 分钟 5 秒"),
        (3600, "1 h", "1 小时"),
        (-125, "-2 min 5 s", "-2 分钟 5 秒"),
    ],
)
def test_a_duration_has_three_digits_and_a_unit(seconds: float, en: str, zh: str) -> None:
    assert (duration(seconds), duration(seconds, "zh")) == (en, zh)


@given(st.floats(min_value=1e-6, max_value=99))
def test_a_duration_is_the_number_to_three_digits(seconds: float) -> None:
    value, unit = duration(seconds).split(" ")
    assert float(value) * {"ms": 1e-3, "s": 1.0}[unit] == pytest.approx(seconds, rel=0.006, abs=5.1e-7)


@given(st.lists(st.integers(min_value=1, max_value=60)))
def test_a_list_of_frames_names_each_once(frames: list[int]) -> None:
    found: list[int] = []
    for part in frame_list(frames).split(", ") if frames else ():
        first, _, last = part.partition("–")
        found += range(int(first), int(last or first) + 1)
    assert found == sorted(set(frames))


def test_blanks_part_chinese_from_letters_and_digits() -> None:
    assert said("", "由{who:role}在第 {frame} 帧发出", "zh", who="client", frame=3) == "由客户端在第 3 帧发出"
    assert said("", "由{who:role}在第 {frame} 帧发出", "zh", who="10.0.0.1", frame=3) == "由 10.0.0.1 在第 3 帧发出"


def test_what_cannot_be_a_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="loud"):
        Rule("a.b", "ip", "loud", 1, Text("x", "无"))
    with pytest.raises(ValueError, match="no parameter's name"):
        said("{0}", first=1)


def test_a_verdict_is_rendered_by_its_wording_and_knows_its_conversation() -> None:
    rule = Rule("a.b", "ip", "note", 1, {"": Text("one", "一"), "more": Text("{count:byte}", "{count} 字节")})
    verdict = Verdict(rule, 3, {"count": 2}, (Evidence(3, "ip.len", 22),), "more", (4, "tcp", 7))
    assert (render(verdict), render(verdict, "zh")) == ("2 bytes", "2 字节")
    assert (verdict.frame, verdict.proto, verdict.stream) == (4, "tcp", 7)
    loud = Verdict(Rule("a.c", "ip", "warn", 1, Text("x", "无")), 3, {})
    assert highest_severity([verdict, loud, verdict]) == "warn"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"code": None}, "a rule's code is text, not None"),
        ({"text": "Said."}, r"rule lab.said: its text is str; write Text\(English, Chinese\)"),
        ({"text": {"": "Said."}}, "rule lab.said: its text is"),
        ({"rank": "60"}, "rule lab.said: its rank is a number, not '60'"),
    ],
)
def test_a_rule_that_nobody_could_use_is_refused(wrong: dict[str, Any], said: str) -> None:
    right: dict[str, Any] = {"code": "lab.said", "layer": "udp", "severity": "note", "rank": 60, "text": Text("a", "b")}
    assert Rule(**right).rank == 60
    with pytest.raises(TypeError, match=said):
        Rule(**right | wrong)


def test_a_text_with_a_brace_too_few_is_shown_as_it_is() -> None:
    assert with_names("Number {seq was") == "Number {seq was"
    assert with_names("Number {seq:hex} was") == "Number ‹seq› was"
