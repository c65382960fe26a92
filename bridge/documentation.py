"""The pages of docs/rules: one for each rule, in both languages, and their index. Made from the rules alone and from
their stored examples, so they say what ``labdissect explain`` says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from labdissect.dissectors.layer import Text
from labdissect.plugins.examples import example
from labdissect.plugins.rule import Rule, with_names

LANGUAGES = ("en", "zh")
GENERATED = "<!-- Written by `make docs` from the rule itself: change the rule, not this page. -->"

_LANGUAGE = Text("English", "中文")
_SAYS = Text("What it says", "内容")
_MEANS = Text("What it means", "含义")
_DECIDED = Text("How it is decided", "判断依据")
_OTHERWISE = Text("What else it could be", "其他可能")
_CORRECTS = Text("The misconception that it corrects", "纠正的误解")
_EXAMPLE = Text("Example", "示例")
_EVIDENCE = Text("frame {0}: `{1}` = {2}", "第 {0} 帧：`{1}` = {2}")


def pages(rules: Iterable[Rule]) -> dict[str, str]:
    """File name → text, of all rules and the index."""
    ordered = sorted(rules, key=lambda rule: rule.code)
    found = {f"{rule.code}.md": page(rule) for rule in ordered}
    found["index.md"] = index(ordered)
    return found


def page(rule: Rule) -> str:
    """The page of one rule."""
    facts = f"{rule.layer} · severity {rule.severity} · rank {rule.rank} · since {rule.since} · [all rules](index.md)"
    lines = [GENERATED, "", f"# {rule.code}", "", facts, ""]
    for language in LANGUAGES:
        lines += [f"## {_said(_LANGUAGE, language)}", "", *_section(rule, language)]
    if rule.sources:
        lines += ["## Sources · 出处", "", *(f"- {linked(source)}" for source in rule.sources), ""]
    return "\n".join(lines)


def index(rules: Iterable[Rule]) -> str:
    """All rules by layer, each with the first of its sentences."""
    by_layer: dict[str, list[Rule]] = {}
    for rule in rules:
        by_layer.setdefault(rule.layer, []).append(rule)
    lines = [GENERATED, "", "# Rules", "", f"{sum(map(len, by_layer.values()))} rules, by layer.", ""]
    for layer, found in sorted(by_layer.items()):
        lines += [f"## {layer}", ""]
        for rule in found:
            first = next(iter(rule.wordings.values()))
            lines += [f"- [{rule.code}]({rule.code}.md) ({rule.severity}): {plain(with_names(first.en))}"]
        lines += [""]
    return "\n".join(lines)


def _section(rule: Rule, language: str) -> Iterator[str]:
    """The page's half in one language."""
    yield from (f"### {_said(_SAYS, language)}", "")
    for text in rule.wordings.values():
        yield f"- {plain(with_names(_said(text, language)))}"
    yield ""
    if rule.explanation is not None:
        for title, text in zip((_MEANS, _DECIDED, _OTHERWISE), rule.explanation, strict=True):
            yield from (f"### {_said(title, language)}", "", plain(_said(text, language)), "")
    if rule.corrects is not None:
        yield from (f"### {_said(_CORRECTS, language)}", "", f"> {plain(_said(rule.corrects, language))}", "")
    yield from _example(rule, language)


def _example(rule: Rule, language: str) -> Iterator[str]:
    shown = example(rule.code, language)
    if shown is None:
        return
    option = "".join(f" --plugin {path}" for path in shown.plugins) + (" --lang zh" if language == "zh" else "")
    yield from (f"### {_said(_EXAMPLE, language)}", "", "```console")
    yield from (f"$ labdissect why {shown.capture} {shown.frame}{option}", "```", "", f"> {plain(shown.text)}", "")
    for frame, field, value in shown.evidence:
        yield f"- {_said(_EVIDENCE, language).format(frame, field, plain(value))}"
    if shown.evidence:
        yield ""


def _said(text: Text, language: str) -> str:
    return text.zh if language == "zh" else text.en


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    escaped = re.sub(r"([\\`*<\[\]|])", r"\\\1", " ".join(text.split()))
    return re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", escaped)


def linked(source: str) -> str:
    """A source, with a link where it is an RFC."""
    found = re.match(r"RFC (\d+)(?: (?:§([\d.]+)|Appendix ([A-Z])))?$", source)
    if found is None:
        return plain(source)
    number, section, appendix = found.groups()
    anchor = f"#section-{section}" if section else f"#appendix-{appendix}" if appendix else ""
    return f"[{source}](https://www.rfc-editor.org/rfc/rfc{number}{anchor})"
