"""`labdissect why FILE FRAME`: all about one packet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import WholeNumber, shared
from labdissect.dissectors.bilingual import Text

if TYPE_CHECKING:
    from labdissect.bridge.neighbourhood import Neighbour, Neighbourhood
    from labdissect.bridge.page import Page
    from labdissect.dissectors.layer import Field, Header
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Verdict

VALUE_LIMIT = 40
"""Characters of a field's value that are shown."""

_FRAME = Text("Frame {number}", "第 {number} 帧")
_TCP = Text("TCP connection {stream}", "TCP 连接 {stream}")
_UDP = Text("UDP exchange {stream}", "UDP 会话 {stream}")
_NO_VERDICT = Text("Nothing is said about this packet.", "对该分组没有解读。")
_EVIDENCE = Text("Evidence", "依据")
_EVIDENCE_OF = Text("frame {frame}: {field} = {value}", "第 {frame} 帧：{field} = {value}")
_SOURCES = Text("Sources", "出处")
_MEANS = Text("Meaning", "含义")
_DECIDED = Text("Decided by", "判断依据")
_OTHERWISE = Text("Otherwise", "其他可能")
_MISCONCEPTION = Text("Misconception", "常见误解")
_LATER = Text("Known later", "后来得知")
_BY_FRAME = Text("(decided by frame {frame})", "（由第 {frame} 帧判定）")
_BY_END = Text("(decided by the end)", "（由结束判定）")
_STATE = Text("State", "状态")
_STATES = Text("client {client}, server {server}", "客户端 {client}，服务器 {server}")
_BEFORE = Text("Before", "之前")
_AFTER = Text("After", "之后")
_MORE = Text("More", "更多")
_QUOTED = Text("Quoted by {layer}: {title} ({name})", "{layer} 所引用：{title}（{name}）")


@click.command("why")
@click.argument("file", metavar="FILE")
@click.argument("frame", metavar="FRAME", type=WholeNumber(min=1))
@click.option("-d", "decode_as", multiple=True, metavar="RULE", help="For tshark: decode as.")
@click.option("-o", "preferences", multiple=True, metavar="NAME:VALUE", help="For tshark: a preference.")
@click.option("--decode-as", "rebound", multiple=True, metavar="RULE", help="Where a plugin's layer is found.")
@click.option("-2", "two_passes", is_flag=True, help="For tshark: two passes.")
@shared
def command(
    invocation: Invocation,
    file: str,
    frame: int,
    decode_as: Sequence[str],
    preferences: Sequence[str],
    two_passes: bool,
    rebound: Sequence[str],
) -> int:
    """All about packet FRAME of FILE: verdicts with their evidence, states, header, neighbours."""
    from labdissect.bridge.decode_as import places
    from labdissect.bridge.failures import DONE, INCOMPLETE, UsageFailure
    from labdissect.bridge.neighbourhood import Neighbourhood
    from labdissect.bridge.page import Page
    from labdissect.bridge.problems import Problems
    from labdissect.bridge.tshark_options import Options

    found, problems = Neighbourhood(frame), Problems()
    options = Options(tuple(decode_as), tuple(preferences), two_passes)
    packets = _read(invocation, file, options, places(rebound, invocation.registry), found, problems)
    if found.packet_there is None:
        there = f"its last is {packets}" if packets else "it holds no packets"
        raise UsageFailure(f"{file} has no frame {frame}; {there}")
    Printer(Page(), invocation.language()).all(found, found.packet_there)
    return INCOMPLETE if problems.fatal else DONE


def _read(invocation: Invocation, file: str, options: Any, decode_as: Any, found: Neighbourhood, problems: Any) -> int:
    """Takes the whole input by; the number of its packets."""
    from labdissect.bridge.interruption import Interruption
    from labdissect.bridge.opening import opened
    from labdissect.bridge.run import annotate, can_be_said, chunks_with_end
    from labdissect.plugins.analyzer import Settings
    from labdissect.plugins.writer import Summary

    registry, interruption, summary = invocation.registry, Interruption(), Summary()
    with interruption.installed():
        source = opened(file, registry, interruption, options, problems)
        try:
            whole = source.tshark is not None
            settings = Settings(invocation.language(), whole_capture=whole, decode_as=decode_as)
            chunks = chunks_with_end(source, summary, problems)
            annotate(chunks, source.reader, found, registry, problems, settings, summary)
        finally:
            source.close()
    found.sift(lambda verdict: can_be_said(verdict, problems))
    return summary.packets


class Printer:
    """Writes the page in one language."""

    def __init__(self, page: Page, language: str) -> None:
        self._page = page
        self._language = language

    def _said(self, text: Text, **params: object) -> str:
        template = text.zh if self._language == "zh" else text.en
        return template.format(**params) if params else template

    def _label(self, label: Text, text: str, *, indent: int = 0) -> None:
        self._page.labelled(self._said(label), text, indent=indent)

    def all(self, found: Neighbourhood, packet: Packet) -> None:
        """The whole page."""
        self._title(packet)
        if not found.verdicts:
            self._page.paragraph(self._said(_NO_VERDICT))
        for verdict in found.verdicts:
            self._verdict(verdict, packet.number)
        for verdict in found.later:
            self._later(verdict)
        self._page.blank()
        self._states(packet)
        self._neighbours(found.before, found.after)
        codes = dict.fromkeys(verdict.rule.code for verdict in (*found.verdicts, *found.later))
        if codes:
            self._label(_MORE, " · ".join(f"labdissect explain {code}" for code in codes))
        self._headers(packet)

    def _title(self, packet: Packet) -> None:
        from labdissect.bridge.writers.cells import Showing, endpoints_with_ports, short_info, time

        shown = Showing(self._language)(packet, ())
        seconds = time(shown)
        parts = [self._said(_FRAME, number=packet.number)]
        parts += [f"{seconds} s"] if seconds else []
        parts += [endpoints_with_ports(packet)] if endpoints_with_ports(packet) else []
        conversation = packet.conversation
        if conversation is not None and conversation.stream is not None:
            parts.append(self._said(_TCP if conversation.proto == "tcp" else _UDP, stream=conversation.stream))
        self._page.heading(" · ".join(parts))
        self._page.paragraph(short_info(shown))

    def _verdict(self, verdict: Verdict, number: int) -> None:
        """Its sentence, then what it rests on."""
        from labdissect.plugins.rule import render

        rule = verdict.rule
        about = "" if verdict.about == number else f" → {self._said(_FRAME, number=verdict.about)}"
        self._page.blank()
        self._page.heading(f"{rule.code}{about}" + ("" if rule.severity == "chat" else f" · {rule.severity}"))
        self._page.paragraph(render(verdict, self._language), indent=2)
        if rule.explanation is not None:
            for title, text in zip((_MEANS, _DECIDED, _OTHERWISE), rule.explanation, strict=True):
                self._label(title, _explained(text, verdict, self._language), indent=2)
        for evidence in verdict.evidence:
            value = shown_value(evidence.value)
            fact = self._said(_EVIDENCE_OF, frame=evidence.frame, field=evidence.field, value=value)
            self._label(_EVIDENCE, fact, indent=2)
        if rule.corrects is not None:
            self._label(_MISCONCEPTION, self._said(rule.corrects), indent=2)
        if rule.sources:
            self._label(_SOURCES, " · ".join(rule.sources), indent=2)

    def _later(self, verdict: Verdict) -> None:
        from labdissect.plugins.rule import render

        by = self._said(_BY_END) if verdict.frame is None else self._said(_BY_FRAME, frame=verdict.frame)
        self._page.blank()
        self._page.heading(f"{self._said(_LATER)}: {verdict.rule.code} {by}")
        self._page.paragraph(render(verdict, self._language), indent=2)

    def _states(self, packet: Packet) -> None:
        segment = packet.segment
        if segment is None:
            return
        client, server = (
            now if now == before else f"{before} → {now}"
            for before, now in zip(segment.before, (segment.client_state, segment.server_state), strict=True)
        )
        self._label(_STATE, self._said(_STATES, client=client, server=server))

    def _headers(self, packet: Packet) -> None:
        """The fields of every layer with their meaning, flags that are not set too: that they are not is an answer."""
        for name, header in packet.stack:
            self._page.blank()
            self._page.heading(f"{self._said(header.layer.title)} ({name})")
            self._page.table(list(self._fields(header)))
            for quoted, inner in header.inner:
                self._page.blank()
                title = self._said(inner.layer.title)
                self._page.heading(self._said(_QUOTED, layer=name, title=title, name=quoted))
                self._page.table(list(self._fields(inner)))

    def _fields(self, header: Header) -> Iterator[tuple[str, str, str]]:
        for field in header.layer.fields:
            value = getattr(header, field.attribute)
            if value is None or value in (b"", []):
                continue
            meaning = field.note.zh if self._language == "zh" else str(field.note)
            yield "  " + field.tshark, shown_value(value, field), meaning

    def _neighbours(self, before: Sequence[Neighbour], after: Sequence[Neighbour]) -> None:
        from labdissect.plugins.rule import render

        for title, neighbours in ((_BEFORE, before), (_AFTER, after)):
            label = self._said(title)
            for neighbour in neighbours:
                said = render(neighbour.verdict, self._language) if neighbour.verdict is not None else ""
                self._page.labelled(label, f"{neighbour.number}  {said}")
                label = ""


def _explained(text: Text, verdict: Verdict, language: str) -> str:
    """A part of its rule's explanation; as ``explain`` has it, where it asks for what the verdict does not give."""
    from labdissect.bridge.run import UNSAYABLE
    from labdissect.plugins.rule import filled, with_names

    try:
        return filled(text, verdict.params, language)
    except UNSAYABLE:
        return with_names(text.zh if language == "zh" else text.en)


def shown_value(value: object, field: Field | None = None) -> str:
    """A field's value on one line, shortened."""
    from labdissect.bridge.escape import shortened
    from labdissect.bridge.readable import readable

    if isinstance(value, bytes):
        value = value[:VALUE_LIMIT]
    return shortened(readable(value, field), VALUE_LIMIT)
