"""What is said on stderr, and how often."""

from __future__ import annotations

import io

import pytest

from labdissect.bridge.problems import MOST_OF_A_KIND, Problems
from labdissect.plugins.writer import Problem, Summary


def test_of_many_problems_of_a_kind_some_are_said_and_all_are_counted() -> None:
    stream = io.StringIO()
    problems = Problems(stream)
    for number in range(MOST_OF_A_KIND + 5):
        problems(Problem(f"line {number} is bad", kind="bad line"))
        problems(Problem(f"other {number}"))
    assert problems.count("bad line") == MOST_OF_A_KIND + 5
    problems.close("x.ek", Summary(packets=1))
    said = stream.getvalue().splitlines()
    assert sum("is bad" in line for line in said) == MOST_OF_A_KIND
    assert sum("other" in line for line in said) == MOST_OF_A_KIND + 5
    assert said[-1] == "labdissect: 5 more of the kind “bad line” not shown"
    assert not problems.fatal


def test_what_it_quotes_reaches_no_terminal_as_it_is() -> None:
    stream = io.StringIO()
    Problems(stream)(Problem("name \x1b[31mred\n"))
    assert "\x1b" not in stream.getvalue() and stream.getvalue().count("\n") == 1


def test_a_stream_that_is_closed_ends_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    problems = Problems(stream)
    problems(Problem("unheard"))
    problems.close("x.ek", Summary(packets=1))


def test_of_an_input_that_was_not_read_to_its_end_nobody_knows_that_it_is_empty() -> None:
    stream = io.StringIO()
    Problems(stream).close("a.ek", Summary(), interrupted=True)
    Problems(stream).close("a.ek", Summary(cut=True))
    Problems(stream).close("a.ek", Summary(plugin_failures=1))
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("summary", "line"),
    [
        (Summary(), "a.ek is empty: no packets"),
        (Summary(other_lines=2), "a.ek holds no packets"),
        (Summary(packets=1, left_out=1), "1 verdict left out of a.ek, as --only"),
        (Summary(packets=1, left_out=2), "2 verdicts left out of a.ek, as --only"),
        (Summary(packets=1, incomplete=1), "1 TCP packet lacks ports"),
        (Summary(packets=1, incomplete=2), "2 TCP packets lack ports"),
        (Summary(packets=1, evicted=1), "1 conversation was closed early"),
        (Summary(packets=1, evicted=2), "2 conversations were closed early"),
    ],
)
def test_closing_lines(summary: Summary, line: str) -> None:
    stream = io.StringIO()
    Problems(stream).close("a.ek", summary)
    assert stream.getvalue().startswith(f"labdissect: {line}") and stream.getvalue().count("\n") == 1


def test_when_all_is_well_nothing_is_said() -> None:
    stream = io.StringIO()
    Problems(stream).close("a.ek", Summary(packets=3))
    assert not stream.getvalue()
