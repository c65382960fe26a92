"""What `make docs` writes is up to date."""

from __future__ import annotations

import pytest

from docs.build import HOOKS_PAGE, RULE_PAGES, examples_text, rule_pages
from docs.hooks_page import hooks_page
from labdissect.bridge.documentation import linked, plain
from labdissect.plugins import examples
from labdissect.plugins.hookspecs import Hooks

STALE = "stale: run `make docs`"


def test_the_stored_examples_are_what_the_captures_give() -> None:
    assert examples.FILE.read_text(encoding="utf-8") == examples_text(), STALE


def test_the_pages_say_what_the_rules_say() -> None:
    wanted = rule_pages()
    assert {path.name for path in RULE_PAGES.glob("*.md")} == {path.name for path in wanted}, STALE
    for path, text in wanted.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is {STALE}"


def test_the_page_of_hooks_says_what_the_hookspecs_say() -> None:
    page = hooks_page()
    assert HOOKS_PAGE.read_text(encoding="utf-8") == page, f"{HOOKS_PAGE.name} is {STALE}"
    hooks = [name for name in vars(Hooks) if name.startswith("labdissect_")]
    assert all(f"\n## {name}\n" in page for name in hooks)
    assert ":param" not in page and ":class:" not in page and "``" not in page.replace("```", "")


def test_an_example_in_each_language() -> None:
    english, chinese = examples.example("tcp.fin.ack-routine"), examples.example("tcp.fin.ack-routine", "zh")
    assert english is not None and chinese is not None
    assert (english.name, english.frame) == ("seed-web.pcapng", 2122)
    assert "2601806 already in frame 2117" in english.text and "2117" in chinese.text
    assert english.evidence == ((2117, "tcp.ack", "2601806"),)
    assert examples.example("no.such-rule") is None


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("RFC 9293 §3.10.7.4", "https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4"),
        ("RFC 7323 Appendix A", "https://www.rfc-editor.org/rfc/rfc7323#appendix-A"),
        ("RFC 6191", "https://www.rfc-editor.org/rfc/rfc6191"),
    ],
)
def test_rfcs_are_linked(source: str, address: str) -> None:
    assert linked(source) == f"[{source}]({address})"
    assert linked("IEEE 802.3") == "IEEE 802.3"


def test_text_stays_what_it_is() -> None:
    assert plain("SO_LINGER <b> a|b [x](y) *z* _w_") == r"SO_LINGER \<b> a\|b \[x\](y) \*z\* \_w\_"
