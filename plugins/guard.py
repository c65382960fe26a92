"""A plugin's analyzer, held to what an analyzer promises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .rule import Evidence, Rule, Verdict
from .time_limit import TookTooLong, limited

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .packet import Packet
    from .tcp.conversation import Conversation
    from .udp import Exchange


class PluginTooSlow(Exception):
    """A plugin's call was ended because of the time that it took."""


class PluginGaveUp(Exception):
    """A plugin's call raised what would have ended the program: ``sys.exit()`` does."""


def survived(error: BaseException) -> Exception:
    """What ends a plugin's call, as an Exception from the same line: it ends that plugin, and nothing else.

    :raises KeyboardInterrupt: when it is that, as it was not the plugin that pressed Ctrl-C
    """
    if isinstance(error, Exception):
        return error
    if isinstance(error, KeyboardInterrupt):
        raise error
    same = PluginTooSlow(str(error)) if isinstance(error, TookTooLong) else PluginGaveUp(repr(error))
    return same.with_traceback(error.__traceback__)


class GuardedAnalyzer:
    """Passes a packet on and looks at what comes back.

    :param analyzer: of a plugin
    :param plugin: the plugin's name
    """

    def __init__(self, analyzer: Analyzer, plugin: str) -> None:
        self._analyzer = analyzer
        self.plugin = plugin
        self.name = type(analyzer).__name__
        """The analyzer's class."""
        self.layers: tuple[str, ...] = tuple(analyzer.layers)
        self.fields: tuple[str, ...] | None = getattr(analyzer, "fields", None)
        self.wants_routine: bool = getattr(analyzer, "wants_routine", True)
        code = getattr(type(analyzer).analyze, "__code__", None)
        self.place: tuple[str, int] = (code.co_filename, code.co_firstlineno) if code is not None else ("", 0)
        """File and line where its ``analyze`` begins."""

    @limited
    def analyze(self, packet: Packet) -> list[Verdict]:
        """The verdicts of this packet. Raises whatever the plugin raises, and TypeError for what is no verdict."""
        try:
            return _verdicts(self._analyzer.analyze(packet), "analyze")
        except BaseException as error:
            raise survived(error) from None

    @limited
    def ended(self, conversation: Conversation | Exchange) -> list[Verdict]:
        """What only the end of a conversation tells. Raises as :meth:`analyze` does."""
        try:
            return _verdicts(self._analyzer.ended(conversation), "ended")
        except BaseException as error:
            raise survived(error) from None

    @limited
    def finish(self) -> list[Verdict]:
        """What only the end of the input tells. Raises as :meth:`analyze` does."""
        try:
            return _verdicts(self._analyzer.finish(), "finish")
        except BaseException as error:
            raise survived(error) from None


def _verdicts(found: Iterable[Verdict] | None, method: str) -> list[Verdict]:
    if found is None:
        return []
    if not isinstance(found, Iterable) or isinstance(found, str | bytes | Verdict):
        raise TypeError(f"{method} returned {shown(found)}; it should return or yield verdicts")
    verdicts = list(found)
    for verdict in verdicts:
        if not _is_sound(verdict):
            raise TypeError(f"{method} gave {shown(verdict)}; a Verdict(rule, frame number, parameters) was expected")
        evidence = _evidence(verdict.evidence)
        if evidence is None:
            what = "a tuple of Evidence(frame, field, value) was expected: (Evidence(…),)"
            raise TypeError(f"{method} gave the evidence {shown(verdict.evidence)}; {what}")
        verdict.evidence = evidence
    return verdicts


def _is_sound(verdict: Any) -> bool:
    return (
        isinstance(verdict, Verdict)
        and isinstance(verdict.rule, Rule)
        and isinstance(verdict.about, int)
        and isinstance(verdict.params, dict)
    )


def _evidence(given: Any) -> tuple[Evidence, ...] | None:
    """What a plugin gave as evidence, plain tuples taken for what they mean; None for what is none."""
    if not isinstance(given, tuple | list):
        return None
    if not all(isinstance(one, Evidence) or (isinstance(one, tuple) and len(one) == 3) for one in given):
        return None
    return tuple(one if isinstance(one, Evidence) else Evidence(*one) for one in given)


def described(error: BaseException) -> str:
    """``ValueError: what it says``; the class alone where an exception of a plugin's own cannot even say it."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__


def shown(value: Any) -> str:
    """What a plugin gave, short enough for a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
