"""What every example's rules keep, as the built-in ones do."""

from __future__ import annotations

import re

from labdissect.dissectors.layer import Text
from labdissect.plugins.rule import Rule, placeholders
from tests.examples.loaded import module


def check_rules(example: str, *, explained: bool = False) -> None:
    """Both languages, with the same placeholders; a source; a code of the example's own."""
    rules: list[Rule] = module(example).labdissect_rules()
    assert len({rule.code for rule in rules}) == len(rules)
    for rule in rules:
        assert re.fullmatch(r"[a-z0-9]+(\.[a-z0-9-]+)+", rule.code)
        assert rule.sources, rule.code
        assert not explained or rule.explanation is not None, rule.code
        for text in texts(rule):
            assert placeholders(text.en) == placeholders(text.zh), text
            assert re.search(r"[\u4e00-\u9fff]", text.zh) and not re.search(r"[\u4e00-\u9fff]", text.en), text


def texts(rule: Rule) -> list[Text]:
    """All that a rule can say."""
    found = list(rule.wordings.values())
    if rule.corrects is not None:
        found.append(rule.corrects)
    return found + list(rule.explanation or ())
