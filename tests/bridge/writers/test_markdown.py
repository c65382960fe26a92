from __future__ import annotations

import io
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from labdissect.bridge.escape import visible
from labdissect.bridge.writers.markdown import COLUMNS
from labdissect.dissectors.layer import Text
from labdissect.plugins.rule import Rule, Verdict
from labdissect.plugins.writer import Record, Summary, WriterSettings
from tests.bridge.test_escape import HOSTILE
from tests.bridge.written import fake_packet, unsafe_characters, written
from tests.conftest import built_in, ek


class Tables(HTMLParser):
    """The cells' text, and every tag, of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip("\n")


def rendered(text: str) -> Tables:
    """What a Markdown program that is not ours makes of it."""
    page = Tables()
    page.feed(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))
    return page


def test_a_renderer_gives_the_cells_back() -> None:
    page = rendered(written(ek("http-get", "-P", "-V"), "markdown").decode())
    assert tuple(page.rows[0]) == COLUMNS
    assert [row[0] for row in page.rows[1:]] == [str(number) for number in range(1, len(page.rows))]
    lines = written(ek("http-get", "-P", "-V"), "tsv", chosen=COLUMNS).decode().splitlines()
    assert page.rows[1:] == [[cell.strip() for cell in line.split("\t")] for line in lines[1:]]
    assert page.tags == {"table", "thead", "tbody", "tr", "th", "td"}


def test_columns_are_chosen() -> None:
    page = rendered(written(ek("dns-basic"), "markdown", chosen=("number", "dns.answers")).decode())
    assert page.rows[0] == ["number", "dns.answers"]
    assert page.rows[2] == ["2", "www.lab.test 300 A 10.0.0.2"]


@pytest.mark.parametrize(
    "text",
    [
        "a | b", "\\| c", "\\", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt; &amp; &#60;",
        "[x](javascript:alert(1))", "![x](http://e.example)", "`code` ``", "*a* _b_ __c__ ~~d~~ $e$", "# no heading",
        "http://evil.example www.evil.example x@evil.example", "snake_case_name _ _a b_", "--- | ---", "a\nb\r\n| c",
    ],
)  # fmt: skip
def test_text_stays_text(text: str) -> None:
    page = rendered(table(text))
    assert page.tags == {"table", "thead", "tbody", "tr", "th", "td"}
    assert len(page.rows) == 2
    assert page.rows[1][COLUMNS.index("info")].strip() == visible(text).strip()


RULE = Rule("test.markdown", "tcp", "note", 50, Text("{said}", "{said}"))


def table(said: str) -> str:
    out = io.BytesIO()
    writer = built_in().writers["markdown"].make(out, WriterSettings())
    writer.packet(Record(b""), fake_packet(info=said, source=said), [Verdict(RULE, 1, {"said": said})])
    writer.end(Summary(), ())
    return out.getvalue().decode()


@given(HOSTILE)
def test_hostile_text_is_neither_html_nor_a_second_cell(said: str) -> None:
    text = table(said)
    assert not list(unsafe_characters(text))
    page = rendered(text)
    assert page.tags == {"table", "thead", "tbody", "tr", "th", "td"}
    assert [len(row) for row in page.rows] == [len(COLUMNS)] * 2


def test_several_files_share_one_heading() -> None:
    first = written(ek("arp-gratuitous"), "markdown", file="a|b.pcapng").decode().splitlines()
    again = written(ek("arp-gratuitous"), "markdown", file="b.pcapng", continues=True).decode().splitlines()
    assert first[0].startswith("| file | number |") and first[2].startswith("| a\\|b.pcapng | 1 |")
    assert again[0].startswith("| b.pcapng | 1 |")
