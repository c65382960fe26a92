"""Walks the registry: each rule says it in both languages, names its sources, explains itself, and is shown to fire and
to keep silent on captures of tests/data (tests/data/rules)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from labdissect.bridge.engine import FAILED
from labdissect.dissectors.layer import Text
from labdissect.plugins.registry import Registry
from labdissect.plugins.rule import Rule, Verdict, placeholders, render, with_names
from tests.conftest import DATA, built_in, judged

RULES: dict[str, Rule] = {**built_in().rules, FAILED.code: FAILED}


def table() -> dict[str, dict[str, list[Any]]]:
    """Code → ``fires`` and ``silent``, each a capture, a frame, maybe plugins, of all files of tests/data/rules."""
    found: dict[str, dict[str, list[Any]]] = {}
    for path in sorted((DATA / "rules").glob("*.yaml")):
        for code, shown in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            assert code not in found, f"{code} is in two files of tests/data/rules"
            found[code] = shown
    return found


TABLE = table()
every_rule = pytest.mark.parametrize("code", sorted(RULES))
every_shown_rule = pytest.mark.parametrize("code", sorted(RULES.keys() - {FAILED.code}))


def texts(rule: Rule) -> dict[str, Text]:
    """All texts of a rule by what they are."""
    found = {f"wording {name!r}": text for name, text in rule.wordings.items()}
    if rule.corrects is not None:
        found["corrects"] = rule.corrects
    if rule.explanation is not None:
        found.update(rule.explanation._asdict())
    return found


@every_rule
def test_both_languages_say_the_same(code: str) -> None:
    for what, text in texts(RULES[code]).items():
        assert text.en.strip() and text.zh.strip(), what
        assert placeholders(text.en) == placeholders(text.zh), what
        assert re.search(r"[\u4e00-\u9fff]", text.zh), what
        assert not re.search(r"[\u4e00-\u9fff]", text.en), what
        assert text.en == text.en.strip() and "  " not in text.en + text.zh, what


@every_rule
def test_the_code_belongs_to_a_group(code: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(\.[a-z0-9-]+)+", code)


@every_shown_rule
def test_it_names_its_sources(code: str) -> None:
    assert RULES[code].sources


@every_shown_rule
def test_it_corrects_a_misconception(code: str) -> None:
    assert RULES[code].corrects is not None


@every_shown_rule
def test_it_explains_itself_without_placeholders(code: str) -> None:
    explanation = RULES[code].explanation
    assert explanation is not None
    for text in explanation:
        assert not placeholders(text.en) | placeholders(text.zh)
        assert text.en.endswith(".") and text.zh.endswith("。")


@every_shown_rule
def test_a_capture_shows_it_and_another_does_not(code: str) -> None:
    assert code in TABLE, "no file of tests/data/rules has it"
    shown = TABLE[code]
    assert set(shown) == {"fires", "silent"}
    capture, frame, *plugins = shown["fires"]
    assert code in judged(capture, *plugins).codes(frame), f"silent on {capture}, frame {frame}"
    capture, frame, *plugins = shown["silent"]
    result = judged(capture, *plugins)
    assert 1 <= frame <= len(result.packets), f"{capture} has no frame {frame}"
    assert code not in result.codes(frame), f"fires on {capture}, frame {frame}"


def test_the_tables_name_no_unknown_rule() -> None:
    assert not TABLE.keys() - RULES.keys()


def test_no_rule_is_registered_twice(registry: Registry) -> None:
    """A hook that a module only imports would be called for both."""
    calls: list[Any] = []
    for name, plugin in registry.manager.list_name_plugin():
        hook = getattr(plugin, "labdissect_rules", None)
        if hook is not None:
            calls.append(hook)
            assert hook.__module__ == name or not hook.__module__.startswith("labdissect.")
    assert len(calls) == len({id(hook) for hook in calls})


def test_examples_are_of_rules_that_there_are() -> None:
    from labdissect.plugins import examples

    stored = json.loads(examples.FILE.read_text(encoding="utf-8"))
    assert stored.keys() == TABLE.keys() & RULES.keys()


@every_rule
def test_chinese_has_its_own_punctuation(code: str) -> None:
    for what, text in texts(RULES[code]).items():
        plain = with_names(text.zh).replace("::", "").replace("()", "")  # the address, and calls
        assert not re.search(r"[\u4e00-\u9fff][,:;?!(]|[,:;?!)][\u4e00-\u9fff]", plain), what
        filled = re.sub(r"{[^}]*}", "0", plain)
        assert not re.search(r"[A-Za-z0-9）][,;](?=[A-Za-z（0-9])", filled), what


def test_a_blank_parts_chinese_from_letters_and_digits_only() -> None:
    rule = Rule(
        "a.b", "ip", "note", 1, Text("{who:role} {delay:duration}", "{who:role}在 {delay:duration} 后{count}字节")
    )
    shown = [
        render(Verdict(rule, 1, {"who": "client", "delay": delay, "count": 5}), "zh")
        for delay in (0.0016, 300.0, 3600.0)
    ]
    assert shown == ["客户端在 1.60 ms 后 5 字节", "客户端在 5 分钟后 5 字节", "客户端在 1 小时后 5 字节"]


@every_rule
def test_chinese_sentences_have_it_between_latin_words_too(code: str) -> None:
    for what, text in texts(RULES[code]).items():
        plain = re.sub(r"(?:[0-9a-f]{1,4}:+)+[0-9a-f]*|check_checksum:TRUE", "…", with_names(text.zh))
        assert not re.search(r"[A-Za-z0-9)…›][,;:](?=[A-Za-z])", plain), what


@every_rule
def test_texts_are_whole(code: str) -> None:
    """No character stands for bytes that were decoded wrongly."""
    for what, text in texts(RULES[code]).items():
        assert not re.search(r"[\x80-\x9fÀ-ïð-ÿ](?=[\x80-\xbf])", text.zh), what
