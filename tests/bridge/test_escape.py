from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.escape import indented, json_text, sheet_cell, shortened, visible, width, wrapped, xml_attribute
from tests.bridge.written import unsafe_characters

HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            "\x1b[31m\x07\x00\t\r\n\x7f\x9b\u202e\u2066\u200f\u061c\u2028\ud800\udfff\ufeff=+-@\"'<>&;,\\1."
        ),
        st.characters(),
        st.sampled_from("中文，。：；"),
    )
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("abc\u202etxt.exe", "abc\\u202etxt.exe"),
        ("a\tb\r\nc", "a\\tb\\r\\nc"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("\ud83d", "\\ud83d"),
        ("naïve 中文 — “x” 😀", "naïve 中文 — “x” 😀"),
    ],
)
def test_visible_shows_what_would_act(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("text", ["-1", "+5.2", "-0.000001", "1e9", "-.5", "10.0.0.1", "abc", ""])
def test_plain_numbers_and_words_stay_cells_as_they_are(text: str) -> None:
    assert sheet_cell(text) == text


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "--1", "-"])
def test_formulas_are_neutralised(text: str) -> None:
    assert sheet_cell(text).startswith("'")


@given(HOSTILE)
def test_nothing_unsafe_passes(text: str) -> None:
    for made in (visible(text), sheet_cell(text), xml_attribute(text)):
        assert not list(unsafe_characters(made, allowed=""))
    assert not list(unsafe_characters(json_text(text).decode(), allowed=""))


@given(HOSTILE)
def test_json_loses_nothing(text: str) -> None:
    assert json.loads(json_text({"text": text})) == {"text": text}


@given(HOSTILE)
def test_xml_reads_back_what_is_visible(text: str) -> None:
    element = ElementTree.fromstring(f'<field show="{xml_attribute(text)}"/>')
    assert element.get("show") == visible(text)


def test_wide_characters_take_two_columns() -> None:
    assert width("三次握手") == 8
    assert indented("编号", 6) == "  编号"
    assert shortened("三次握手建立连接", 9) == "三次握手…"
    assert shortened("[SYN, ACK] Seq=0 Ack=1", 20) == "[SYN, ACK] Seq=0 …"
    assert shortened("short", 5) == "short"


def test_a_number_stays_with_its_unit() -> None:
    assert wrapped("open after 6.65 ms", 16) == ["open after", "6.65 ms"]


def test_chinese_breaks_between_characters_but_not_before_punctuation() -> None:
    lines = wrapped("客户端请求建立连接，初始序列号为零。", 18)
    assert lines == ["客户端请求建立连", "接，初始序列号为", "零。"]


def test_no_line_ends_with_what_opens() -> None:
    assert wrapped("询问（重复地址检测）", 6) == ["询问", "（重复", "地址检", "测）"]
    assert wrapped("表示“不知道”", 6) == ["表示", "“不知", "道”"]
    assert wrapped("see [“MSL”] there", 8) == ["see", "[“MSL”]", "there"]


def test_chinese_frame_numbers_and_ranges_stay_whole() -> None:
    assert wrapped("确认在第 6 帧，随后", 10) == ["确认在", "第 6 帧，", "随后"]
    assert wrapped("字节流的第 1–10 字节。", 16) == ["字节流的", "第 1–10 字节。"]
    assert wrapped("等待第 3 个请求", 10) == ["等待", "第 3 个请", "求"]
    assert wrapped("确认了 10 字节数据", 10) == ["确认了", "10 字节数", "据"]


@given(HOSTILE, st.integers(min_value=2, max_value=30))
def test_wrapping_keeps_everything_within_its_columns(text: str, columns: int) -> None:
    text = visible(text)
    lines = wrapped(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert width(shortened(text, columns)) <= columns
