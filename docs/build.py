"""Writes what is generated of the documentation: plugins/examples.json, docs/rules, docs/hooks.md.

    python -m docs.build            # `make docs`

The examples are the verdicts of the frames that tests/data/rules/*.yaml names; tests/test_docs.py fails when anything
here is stale.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from docs.hooks_page import hooks_page
from labdissect.bridge.documentation import pages
from labdissect.bridge.engine import FAILED
from labdissect.bridge.escape import visible
from labdissect.plugins import examples
from labdissect.plugins.rule import Verdict, render
from tests.conftest import DATA, built_in, capture_path, judged

ROOT = Path(__file__).resolve().parent.parent
RULE_PAGES = ROOT / "docs" / "rules"
HOOKS_PAGE = ROOT / "docs" / "hooks.md"
EVIDENCE_LIMIT = 12
"""Facts of one example that are shown."""


def shown_frames() -> dict[str, tuple[str, int, list[str]]]:
    """Code → capture and frame that fire it, and the plugins that it takes."""
    found: dict[str, tuple[str, int, list[str]]] = {}
    for path in sorted((DATA / "rules").glob("*.yaml")):
        for code, shown in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            capture, frame, *plugins = shown["fires"]
            found[code] = (capture, frame, plugins)
    return found


def stored_example(capture: str, frame: int, plugins: list[str], verdict: Verdict) -> dict[str, Any]:
    """What examples.json keeps of a verdict."""
    path = capture_path(capture).resolve().relative_to(ROOT)
    evidence = [[one.frame, one.field, visible(str(one.value))] for one in verdict.evidence[:EVIDENCE_LIMIT]]
    texts = {language: visible(render(verdict, language)) for language in ("en", "zh")}
    made = {"capture": path.as_posix(), "frame": frame, **texts, "evidence": evidence}
    return {**made, "plugins": plugins} if plugins else made


def examples_text() -> str:
    """The whole of examples.json; a rule whose frame does not fire it is left out, as its own test tells."""
    known = built_in().rules
    found: dict[str, dict[str, Any]] = {}
    for code, (capture, frame, plugins) in sorted(shown_frames().items()):
        verdicts = [one for one in judged(capture, *plugins).verdicts.get(frame, []) if one.rule.code == code]
        if code in known and verdicts:
            found[code] = stored_example(capture, frame, plugins, verdicts[0])
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def rule_pages() -> dict[Path, str]:
    """The pages of docs/rules; they show the examples that are stored."""
    return {RULE_PAGES / name: text for name, text in pages([*built_in().rules.values(), FAILED]).items()}


def main() -> None:
    """Writes all, and removes the pages of rules that are no more."""
    examples.FILE.write_text(examples_text(), encoding="utf-8")
    examples.forget()
    RULE_PAGES.mkdir(exist_ok=True)
    wanted = rule_pages()
    for path in set(RULE_PAGES.glob("*.md")) - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    HOOKS_PAGE.write_text(hooks_page(), encoding="utf-8")
    print(f"{len(wanted)} pages in {RULE_PAGES.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
