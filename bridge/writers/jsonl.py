"""jsonl: a verdict a line, those included that come when a connection or the input ends (their ``frame`` is null).

Keys are in this order: ``frame`` decided it, ``about`` it is, ``code``, ``severity``, ``text``, ``evidence``,
``params``, ``refs``, ``proto``, ``stream``. Several files on one output get a first key ``file``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from labdissect.bridge.escape import json_text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Rule, Verdict, render
from labdissect.plugins.writer import Record, Summary, WriterFormat, WriterSettings

from .gathering import GatheringWriter

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange


class Saying(msgspec.Struct, gc=False):
    """The members of a line that are new with every verdict."""

    frame: int | None
    about: int
    code: str
    severity: str
    text: str
    evidence: Sequence[Evidence]
    params: dict[str, Any]


class JsonlWriter(GatheringWriter):
    """Writes verdicts."""

    patient = True

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        super().__init__(out)
        self._language = settings.language
        self._begin = b"" if settings.file is None else json_text({"file": settings.file})[:-1] + b","
        self._endings: dict[tuple[str, str], bytes] = {}
        """Of each rule and conversation's protocol the members behind ``params``, as far as they stay the same."""

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
        """A line of each: the same as ``json_text(as_object(verdict, language))``, at a third of the cost."""
        language = self._language
        parts: list[bytes] = []
        for verdict in verdicts:
            rule = verdict.rule
            frame, proto, stream = verdict.decided
            evidence, params = _evidence(verdict), _params(verdict)
            text = render(verdict, language)
            saying = json_text(Saying(frame, verdict.about, rule.code, rule.severity, text, evidence, params))
            ending = self._endings.get((rule.code, proto)) or self._ending(rule, proto)
            number = b"null}\n" if stream is None else b"%d}\n" % stream
            if self._begin:
                saying = self._begin + saying[1:]
            parts += (saying[:-1], ending, number)
        if parts:
            self._out.add_one(b"".join(parts))

    def _ending(self, rule: Rule, proto: str) -> bytes:
        """Made once: there are as many as there are rules."""
        made = json_text({"refs": rule.sources, "proto": proto or rule.layer})
        ending = b',%b,"stream":' % made[1:-1]
        self._endings[rule.code, proto] = ending
        return ending


def as_object(verdict: Verdict, language: str) -> dict[str, Any]:
    """The verdict as scripts read it; ``proto`` is the rule's layer where there is no conversation."""
    rule = verdict.rule
    return {
        "frame": verdict.frame,
        "about": verdict.about,
        "code": rule.code,
        "severity": rule.severity,
        "text": render(verdict, language),
        "evidence": [msgspec.structs.asdict(one) for one in _evidence(verdict)],
        "params": _params(verdict),
        "refs": list(rule.sources),
        "proto": verdict.proto or rule.layer,
        "stream": verdict.stream,
    }


def _evidence(verdict: Verdict) -> Sequence[Evidence]:
    """As it is to be encoded."""
    evidence = verdict.evidence
    for one in evidence:
        if type(one.value) not in _PLAIN:
            return [Evidence(one.frame, one.field, _plain(one.value)) for one in evidence]
    return evidence


def _params(verdict: Verdict) -> dict[str, Any]:
    params = verdict.params
    if _PLAIN.issuperset(map(type, params.values())):
        return params
    return {name: _plain(one) for name, one in params.items()}


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
