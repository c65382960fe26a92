"""What an analyzer of a plugin may do, and that what it may not do is an exception which says what was wrong."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdissect.bridge.watchdog import Watchdog
from labdissect.dissectors.layer import Text
from labdissect.plugins.analyzer import BaseAnalyzer
from labdissect.plugins.guard import GuardedAnalyzer, PluginGaveUp, PluginTooSlow, described, survived
from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import Evidence, Rule, Verdict
from labdissect.plugins.time_limit import LIMITED, TookTooLong
from tests.conftest import judged

SAID = Rule("lab.said", "udp", "note", 1, Text("Said.", "已说。"))
METHODS = ("analyze", "ended", "finish")


def verdict(frame: int = 1, **params: Any) -> Verdict:
    return Verdict(SAID, frame, params)


def guarded(behaviour: Callable[[], Any]) -> GuardedAnalyzer:
    """A guarded analyzer each of whose methods does this."""

    class Theirs(BaseAnalyzer):
        layers = ("udp",)

        def analyze(self, packet: Packet) -> Any:
            return behaviour()

        def ended(self, conversation: Any) -> Any:
            return behaviour()

        def finish(self) -> Any:
            return behaviour()

    return GuardedAnalyzer(Theirs(), "theirs")


def call(analyzer: GuardedAnalyzer, method: str) -> list[Verdict]:
    """Calls one of its methods as the engine does."""
    exchange = judged("udp-exchange")
    told = {"analyze": exchange.packets[:1], "ended": exchange.conversations[:1], "finish": []}[method]
    found: list[Verdict] = getattr(analyzer, method)(*told)
    return found


every_method = pytest.mark.parametrize("method", METHODS)


# -- what it may do ---------------------------------------------------------------------------------------------------


@every_method
def test_verdicts_come_through_however_they_are_given(method: str) -> None:
    one, two = verdict(1), verdict(2, count=3)

    def yielding() -> Iterator[Verdict]:
        yield one
        yield two

    for give in (
        lambda: [one, two],
        lambda: (one, two),
        yielding,
        lambda: iter([one, two]),
        lambda: {1: one, 2: two}.values(),
    ):
        found = call(guarded(give), method)
        assert type(found) is list and found == [one, two] and found[0] is one


@every_method
def test_nothing_is_said_by_none_and_by_nothing(method: str) -> None:
    for nothing in (None, [], (), iter(())):
        assert call(guarded(lambda given=nothing: given), method) == []


def test_it_says_of_the_plugins_analyzer_what_the_engine_asks() -> None:
    class Theirs(BaseAnalyzer):
        layers = ("udp", "dns")
        fields = ("udp.srcport",)
        wants_routine = False

        def analyze(self, packet: Packet) -> None:
            return None

    analyzer = GuardedAnalyzer(Theirs(), "theirs")
    assert (analyzer.name, analyzer.plugin) == ("Theirs", "theirs")
    assert (analyzer.layers, analyzer.fields, analyzer.wants_routine) == (("udp", "dns"), ("udp.srcport",), False)
    code = Theirs.analyze.__code__
    assert analyzer.place == (__file__, code.co_firstlineno)


def test_one_that_says_little_of_itself_wants_everything() -> None:
    """A plugin's analyzer need not be a BaseAnalyzer."""

    class Bare:
        layers = ("udp",)
        analyze = ended = finish = min  # no Python function, so no line of a file either

    analyzer = GuardedAnalyzer(Bare(), "bare")  # type: ignore[arg-type]
    assert (analyzer.layers, analyzer.fields, analyzer.wants_routine, analyzer.place) == (("udp",), None, True, ("", 0))


# -- what it may not do -----------------------------------------------------------------------------------------------


@every_method
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a text", "'a text'"),
        (b"bytes", "b'bytes'"),
        (7, "7"),
        (True, "True"),
        (verdict(), "Verdict("),
        (SAID, "Rule("),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_are_no_verdicts_is_shown(method: str, given: Any, shown: str) -> None:
    with pytest.raises(TypeError) as caught:
        call(guarded(lambda: given), method)
    assert str(caught.value).startswith(f"{method} returned {shown}")
    assert str(caught.value).endswith("; it should return or yield verdicts")


@every_method
@pytest.mark.parametrize(
    "wrong",
    [
        1,
        None,
        "lab.said",
        {"rule": SAID},
        Verdict("lab.said", 1, {}),  # type: ignore[arg-type]
        Verdict(SAID, "1", {}),  # type: ignore[arg-type]
        Verdict(SAID, None, {}),  # type: ignore[arg-type]
        Verdict(SAID, 1, ["x"]),  # type: ignore[arg-type]
        Verdict(SAID, 1, None),  # type: ignore[arg-type]
    ],
    ids=repr,
)
def test_one_wrong_verdict_among_right_ones_spoils_all(method: str, wrong: Any) -> None:
    with pytest.raises(
        TypeError, match=f"^{method} gave .*a Verdict\\(rule, frame number, parameters\\) was expected$"
    ):
        call(guarded(lambda: [verdict(), wrong, verdict()]), method)


ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=100),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=9), one, max_size=3),
    max_leaves=4,
)


@settings(max_examples=50, deadline=None)
@given(ANYTHING)
def test_whatever_comes_back_is_verdicts_or_a_type_error_that_fits_on_a_line(given: Any) -> None:
    try:
        assert call(guarded(lambda: given), "finish") == []
        assert given is None or len(given) == 0
    except TypeError as error:
        text = str(error)
        assert "\n" not in text and len(text) < 180 and text.startswith(("finish returned ", "finish gave "))


@every_method
@pytest.mark.parametrize(
    "kind", [ValueError, KeyError, ZeroDivisionError, RecursionError, StopIteration, AssertionError]
)
def test_what_it_raises_is_raised(method: str, kind: type[Exception]) -> None:
    def fail() -> None:
        raise kind("theirs")

    with pytest.raises(kind) as caught:
        call(guarded(fail), method)
    assert [entry.name for entry in caught.traceback][-1] == "fail"  # where its author should look


def test_one_that_fails_after_its_first_verdict_has_said_nothing() -> None:
    def half() -> Iterator[Verdict]:
        yield verdict()
        raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        call(guarded(half), "analyze")


@every_method
def test_ctrl_c_ends_the_program(method: str) -> None:
    def leave() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(guarded(leave), method)


class Odd(BaseException):
    """No Exception of anybody's."""


@every_method
@pytest.mark.parametrize(
    ("leaving", "said"),
    [(SystemExit("enough"), "SystemExit('enough')"), (GeneratorExit(), "GeneratorExit()"), (Odd(3), "Odd(3)")],
    ids=lambda one: type(one).__name__,
)
def test_what_would_end_the_program_ends_the_plugin(method: str, leaving: BaseException, said: str) -> None:
    def leave() -> None:
        raise leaving

    with pytest.raises(PluginGaveUp) as caught:
        call(guarded(leave), method)
    assert str(caught.value) == said
    assert [entry.name for entry in caught.traceback][-1] == "leave"


# -- how long it may take ---------------------------------------------------------------------------------------------


def _for_ever() -> None:
    """Lets no Exception out."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with contextlib.suppress(Exception):
            sum(range(1000))


def _endless() -> Iterator[Verdict]:
    """Gives no verdict and does not end."""
    _for_ever()
    yield verdict()


@every_method
@pytest.mark.parametrize("slow", [_for_ever, _endless])
def test_one_that_takes_too_long_is_ended_in_its_own_line(method: str, slow: Callable[[], Any]) -> None:
    began = time.monotonic()
    with (
        pytest.raises(PluginTooSlow, match=r"longer than 0\.2 s \(--plugin-timeout\)") as caught,
        Watchdog(0.2).watching(),
    ):
        call(guarded(slow), method)
    assert time.monotonic() - began < 20
    assert isinstance(caught.value, Exception)  # so that the engine switches it off like any other failure
    assert "_for_ever" in [entry.name for entry in caught.traceback]


def test_what_is_fast_enough_is_not_disturbed() -> None:
    with Watchdog(0.2).watching():
        for _ in range(2000):
            assert call(guarded(lambda: [verdict()]), "finish")


def test_every_method_is_watched() -> None:
    for method in METHODS:
        assert getattr(GuardedAnalyzer, method).__code__ in LIMITED


def test_what_a_call_survives_keeps_its_message_and_place() -> None:
    try:
        raise TookTooLong("for a reason")
    except TookTooLong as error:
        told = survived(error)
        assert type(told) is PluginTooSlow
        assert str(told) == "for a reason" and told.__traceback__ is error.__traceback__
    failure = ValueError("as it is")
    assert survived(failure) is failure


@every_method
@pytest.mark.parametrize(
    "evidence", [Evidence(1, "udp.port", 2), (1,), ("udp.port",), "udp.port", (("udp.port", 1),), None]
)
def test_evidence_is_a_tuple_of_evidence(method: str, evidence: Any) -> None:
    with pytest.raises(TypeError, match=r"gave the evidence .* a tuple of Evidence"):
        call(guarded(lambda: [Verdict(SAID, 1, {}, evidence)]), method)
    sound = [Verdict(SAID, 1, {}, (Evidence(1, "udp.port", 2), (1, "udp.port", 3)))]  # type: ignore[arg-type]
    (taken,) = call(guarded(lambda: sound), method)
    assert taken.evidence == (Evidence(1, "udp.port", 2), Evidence(1, "udp.port", 3))


def test_an_exception_that_cannot_say_what_it_is() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise self

    assert (described(Mute()), described(ValueError("no"))) == ("Mute", "ValueError: no")
