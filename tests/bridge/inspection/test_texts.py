"""Texts in two languages."""

from __future__ import annotations

import pytest

from labdissect.bridge.inspection.author import Place
from labdissect.bridge.inspection.texts import about_template, has_chinese
from labdissect.dissectors.layer import Text
from labdissect.plugins.registry import Registry


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (Text("{a} of {b}", "{b}中的{a}"), None),
        (Text("{a:duration} later", "{a:duration}之后"), None),
        (Text("{a} + {b}", "{a} + {b}"), None),
        (
            Text("{a} of {b}", "{b}的{c}"),
            "error: rule x: its texts have different placeholders: {a}, {b} in English, {b}, {c} in Ch",
        ),
        (Text("words", ""), "warning: rule x: there is no Chinese text for 'words'"),
        (Text("words", "words"), "warning: rule x: there is no Chinese text"),
        (Text("an open {", "好"), "error: rule x: its English text 'an open {': "),
        (Text("ok", "坏 }"), "error: rule x: its Chinese text '坏 }': "),
        (Text("{} words", "{}字"), "error: rule x: its English text '{} words': {} is no parameter's name"),
        (Text("{0} words", "{0}字"), "error: rule x: its English text '{0} words': {0} is no parameter's name"),
        ("words", "error: rule x: its text is str; write Text(English, Chinese)"),
    ],
)
def test_templates(text: object, finding: str | None) -> None:
    found = [str(one).removeprefix("f: ") for one in about_template(text, "rule x", Place("f"))]
    assert found == [] if finding is None else found[0].startswith(finding) and len(found) == 1, found


def test_all_of_ours_pass(registry: Registry) -> None:
    for rule in registry.rules.values():
        texts = [*rule.wordings.values(), *(rule.explanation or ()), *([rule.corrects] if rule.corrects else [])]
        assert [one for text in texts for one in about_template(text, rule.code, Place("f"))] == []


def test_a_text_without_words_needs_no_translation() -> None:
    assert has_chinese(Text("{a} = {b}", "{a} = {b}"))
    assert not has_chinese(Text("equal", "equal"))
