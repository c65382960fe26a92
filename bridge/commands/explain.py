"""`labdissect explain CODE`: what a verdict means, how it is reached, where it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import shared
from labdissect.dissectors.bilingual import Text

if TYPE_CHECKING:
    from labdissect.plugins.rule import Rule

_SAYS = Text("It says", "内容")
_MEANS = Text("Meaning", "含义")
_DECIDED = Text("Decided by", "判断依据")
_OTHERWISE = Text("Otherwise", "其他可能")
_CORRECTS = Text("Misconception", "常见误解")
_EXAMPLE = Text("Example", "示例")
_SHOWN = Text("{name}, frame {frame}: {text}", "{name} 第 {frame} 帧：{text}")
_SOURCES = Text("Sources", "出处")
_ABOUT = Text(
    "{layer} · severity {severity} · rank {rank} · since {since}",
    "{layer} · 级别 {severity} · 权重 {rank} · 始于 {since}",
)


@click.command("explain")
@click.argument("code")
@shared
def command(invocation: Invocation, code: str) -> None:
    """What the verdict CODE means, with its sources."""
    from labdissect.bridge.engine import FAILED
    from labdissect.bridge.failures import UsageFailure
    from labdissect.bridge.request import unknown
    from labdissect.bridge.selection import begins

    rules = {**invocation.registry.rules, FAILED.code: FAILED}
    language = invocation.language()
    if code in rules:
        _print(rules[code], language)
        return
    below = [known for known in rules if begins(known, code.rstrip(".*"))]
    if not below:
        raise UsageFailure(unknown("code", code, rules) + "; `labdissect rules` lists them")
    from .rules import print_list

    print_list([rules[known] for known in below], language)


def _print(rule: Rule, language: str) -> None:
    from labdissect.bridge.page import Page
    from labdissect.plugins.examples import example
    from labdissect.plugins.rule import with_names

    def said(text: Text) -> str:
        return text.zh if language == "zh" else text.en

    page = Page()
    page.heading(rule.code)
    page.paragraph(
        said(_ABOUT).format(layer=rule.layer, severity=rule.severity, rank=rule.rank, since=rule.since), indent=2
    )
    label = said(_SAYS)
    for text in rule.wordings.values():
        page.labelled(label, with_names(said(text)), indent=2)
        label = ""
    if rule.explanation is not None:
        for title, text in zip((_MEANS, _DECIDED, _OTHERWISE), rule.explanation, strict=True):
            page.labelled(said(title), with_names(said(text)), indent=2)
    if rule.corrects is not None:
        page.labelled(said(_CORRECTS), said(rule.corrects), indent=2)
    shown = example(rule.code, language)
    if shown is not None:
        example_text = said(_SHOWN).format(name=shown.name, frame=shown.frame, text=shown.text)
        page.labelled(said(_EXAMPLE), example_text, indent=2)
    if rule.sources:
        page.labelled(said(_SOURCES), " · ".join(rule.sources), indent=2)
