"""`labdissect rules [WORDS]`: every verdict that can be given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import SEVERITIES, shared

if TYPE_CHECKING:
    from labdissect.plugins.rule import Rule


@click.command("rules")
@click.argument("words", nargs=-1)
@click.option("--layer", metavar="NAME", help="Rules about packets of this protocol.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Rules of this severity.")
@shared
def command(invocation: Invocation, words: Sequence[str], layer: str | None, severity: str | None) -> None:
    """All verdicts, or those whose code or text holds all WORDS."""
    found = [
        rule
        for rule in invocation.registry.rules.values()
        if (layer is None or rule.layer == layer)
        and (severity is None or rule.severity == severity)
        and all(word.lower() in _searched(rule) for word in words)
    ]
    if not found:
        from labdissect.bridge.failures import UsageFailure

        raise UsageFailure("no rule is like that; `labdissect rules` lists them all")
    print_list(found, invocation.language())


def _searched(rule: Rule) -> str:
    texts = [*rule.wordings.values(), *([rule.corrects] if rule.corrects is not None else [])]
    return " ".join([rule.code, *rule.sources, *(part for text in texts for part in text)]).lower()


def print_list(rules: Sequence[Rule], language: str) -> None:
    """A line each: code, severity, the first of its texts."""
    from labdissect.bridge.page import Page
    from labdissect.plugins.rule import with_names

    rows = []
    for rule in sorted(rules, key=lambda rule: rule.code):
        text = next(iter(rule.wordings.values()))
        rows.append((rule.code, rule.severity, with_names(text.zh if language == "zh" else text.en)))
    Page().table(rows)
