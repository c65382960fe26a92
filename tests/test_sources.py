"""Citations of RFCs: each section that a rule, a layer, a docstring or a document cites is in
tests/data/rfc_sections.yaml, which lists those that were compared with the RFC's text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import pytest
import yaml

from tests.bridge.program import ROOT
from tests.conftest import DATA, built_in

ROOMS = ("plugins", "dissectors", "bridge", "labdissect", "examples", "docs")
SECTION = r"§(?:\d+|[A-Z]\.\d+)(?:\.\d+)*|Appendix [A-Z]"
LIST = re.compile(rf"RFC (\d+),? ((?:{SECTION})(?:(?:, | and |, and )(?:{SECTION}))*)")
"""``RFC 9293 §3.4``, ``RFC 9293 §3.3.2, §3.5 and §3.6``, ``RFC 791, Appendix B``."""
WHOLE = re.compile(r'"RFC (\d+)(?:, ([A-Z][A-Za-z ]+))?"')
"""A source of its own: ``"RFC 768"``, or a heading of an RFC that numbers none: ``"RFC 826, Packet Reception"``."""
DOCUMENT = "document"
"""The table's key for an RFC that is cited as a whole."""

Citation = tuple[int, str]


def cited(text: str) -> Iterator[Citation]:
    """RFC and section, as the table's keys."""
    for number, sections in LIST.findall(text):
        for section in re.findall(SECTION, sections):
            yield int(number), section.removeprefix("§")
    for number, heading in WHOLE.findall(text):
        if not heading.startswith("Appendix"):
            yield int(number), heading or DOCUMENT


def places() -> dict[Citation, list[str]]:
    """Every citation of the program and its documents, with the files that have it."""
    found = defaultdict(list)
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*")) if path.suffix in {".py", ".md"}]
    for path in [*files, ROOT / "README.md"]:
        for citation in set(cited(path.read_text(encoding="utf-8"))):
            found[citation].append(str(path.relative_to(ROOT)))
    return found


def table() -> dict[Citation, str]:
    """RFC and section → the section's title in the RFC."""
    listed = yaml.safe_load((DATA / "rfc_sections.yaml").read_text(encoding="utf-8"))["sections"]
    return {(number, str(section)): title for number, titles in listed.items() for section, title in titles.items()}


def test_each_cited_section_was_compared_with_its_rfc() -> None:
    compared = table()
    missing = {citation: files for citation, files in places().items() if citation not in compared}
    assert not missing, "not in tests/data/rfc_sections.yaml: read the section, then list it"


def test_the_table_lists_nothing_that_is_not_cited() -> None:
    assert not table().keys() - places().keys()


def test_each_title_is_there() -> None:
    assert all(isinstance(title, str) and title.strip() for title in table().values())


@pytest.mark.parametrize("code", sorted(built_in().rules))
def test_each_rfc_among_a_rules_sources_is_understood(code: str) -> None:
    for source in built_in().rules[code].sources:
        if "RFC" in source:
            assert list(cited(f'"{source}"')), source


def test_citations_are_read_in_every_spelling() -> None:
    text = """RFC 9293 §3.3.2, §3.5 and §3.10.7; (RFC 8446 §B.4)
    "RFC 791, Appendix B", "RFC 826, Packet Reception", "RFC 768"
    """
    assert set(cited(text)) == {
        (9293, "3.3.2"),
        (9293, "3.5"),
        (9293, "3.10.7"),
        (8446, "B.4"),
        (791, "Appendix B"),
        (826, "Packet Reception"),
        (768, DOCUMENT),
    }
