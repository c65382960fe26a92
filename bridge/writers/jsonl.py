"""jsonl: a verdict a line, those included that come when a connection or the input ends (their ``frame`` is null).

Keys are in this order: ``frame`` decided it, ``about`` it is, ``code``, ``severity``, ``text``, ``evidence``,
``params``, ``refs``, ``proto``, ``stream``. Several files on one output get a first key ``file``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from labdissect.bridge.escape import json_text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Verdict, render
from labdissect.plugins.writer import Record, Summary, WriterFormat, WriterSettings

from .gathering import GatheringWriter

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange


class JsonlWriter(GatheringWriter):
    """Writes verdicts."""

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        super().__init__(out)
        self._language = settings.language
        self._first = {} if settings.file is None else {"file": settings.file}

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """Its verdicts, the headline first."""
        self._add(verdicts)

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """What its end told."""
        self._add(verdicts)

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """What the input's end told."""
        self._add(verdicts)
        self.flush()

    def _add(self, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            self._out.add((json_text({**self._first, **as_object(verdict, self._language)}), b"\n"))


def as_object(verdict: Verdict, language: str) -> dict[str, Any]:
    """The verdict as scripts read it; ``proto`` is the rule's layer where there is no conversation."""
    rule = verdict.rule
    return {
        "frame": verdict.frame,
        "about": verdict.about,
        "code": rule.code,
        "severity": rule.severity,
        "text": render(verdict, language),
        "evidence": [{"frame": one.frame, "field": one.field, "value": _plain(one.value)} for one in verdict.evidence],
        "params": _plain(verdict.params),
        "refs": list(rule.sources),
        "proto": verdict.proto or rule.layer,
        "stream": verdict.stream,
    }


_PLAIN = frozenset((str, int, float, bool, type(None)))


def _plain(value: Any) -> Any:
    """JSON has no bytes: hex, as tshark prints them."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, bytes):
        return value.hex(":")
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    return [WriterFormat("jsonl", "a JSON object a line: every verdict with its evidence", JsonlWriter, fields=())]
