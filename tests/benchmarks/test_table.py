"""Figures, what is wanted of them, and how the page shows that."""

from __future__ import annotations

from benchmarks.measure import Spread
from benchmarks.table import Row, Table, Target, figures


def test_a_target_says_whether_a_median_meets_it() -> None:
    assert Row("ratio", Spread(1.02, 0.9, 1.4), Target("≤", 1.03)).cells() == (
        "ratio",
        "1.020 (0.900–1.400)",
        "≤ 1.03",
        "yes",
    )
    assert Row("times", 3.99, Target("≥", 4), digits=2).cells() == ("times", "3.99", "≥ 4", "**no**")


def test_the_bound_itself_is_within() -> None:
    assert Target("≤", 2).met(2) and Target("≥", 2).met(2)
    assert not Target("≤", 2).met(2.001) and not Target("≥", 2).met(1.999)


def test_what_was_not_measured_meets_nothing_and_fails_nothing() -> None:
    assert Row("beside it", "not installed", Target("≥", 3)).cells() == ("beside it", "not installed", "≥ 3", "")
    assert Row("packets", 1234567.0, digits=0).cells() == ("packets", "1,234,567", "", "")


def test_a_table_is_markdown_with_a_cell_for_each_column() -> None:
    page = figures("Start", "Three pairs.", [Row("a", 1.0), Row("b", 2.0, Target("≤", 1))]).markdown()
    lines = page.splitlines()
    assert lines[:4] == ["## Start", "", "Three pairs.", ""]
    assert {line.count("|") for line in lines[4:]} == {5}
    assert page.endswith("|\n")


def test_a_table_has_the_columns_that_it_is_given() -> None:
    table = Table("Programs", "", [("tshark", "1,000")], ("program", "packets/s"))
    assert "| program | packets/s |" in table.markdown() and "| tshark | 1,000 |" in table.markdown()
