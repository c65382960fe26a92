"""What a plugin does to captures: layers found, rules fired, fields read, time taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from io import BytesIO
from pathlib import Path
from time import thread_time_ns
from typing import TYPE_CHECKING, Any

from labdissect.bridge.escape import visible
from labdissect.bridge.guarded import called
from labdissect.bridge.guarded import place as place_of
from labdissect.bridge.interruption import Interruption
from labdissect.bridge.opening import opened
from labdissect.bridge.run import annotate, chunks_with_end
from labdissect.bridge.tshark_options import Options
from labdissect.dissectors.layer import Header, Layer
from labdissect.plugins.analyzer import Analyzer, Settings
from labdissect.plugins.guard import GuardedAnalyzer
from labdissect.plugins.packet import Packet
from labdissect.plugins.registry import Registry
from labdissect.plugins.rule import Rule, Verdict, placeholders, render
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.udp import Exchange
from labdissect.plugins.writer import Problem, Record, Summary, Writer, WriterSettings

from .author import AuthorsFiles, Finding, Place
from .definitions import Added
from .texts import braced

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

WARM_UP, ENOUGH = 10, 100
"""An analyzer's first packets, which are not timed as they pay for what is kept; packets from which a mean counts."""
SLOW = 50.0
"""Microseconds of processor time a packet from which an analyzer is called slow: a third of what tshark 4.0 takes to
print a small packet as EK (170)."""


@dataclass
class Seen:
    """How often something was there, and where first."""

    count: int = 0
    capture: str = ""
    frame: int | None = None
    """None: at the end of the capture."""
    text: str = ""

    def again(self, capture: str, frame: int | None, text: Callable[[], str] = str) -> None:
        """Once more."""
        if not self.count:
            self.capture, self.frame, self.text = capture, frame, text()
        self.count += 1


@dataclass
class Cost:
    """Processor time of one analyzer."""

    packets: int = 0
    nanoseconds: int = 0
    """Of all packets but the first :data:`WARM_UP`."""

    @property
    def microseconds(self) -> float | None:
        """Of one packet, on average; None when there were too few to tell."""
        timed = self.packets - WARM_UP
        return self.nanoseconds / 1000 / timed if timed >= ENOUGH else None


@dataclass
class Observation:
    """A writer that writes nothing and watches one plugin.

    :param registry: with the plugin, as :func:`labdissect.bridge.trial.alone` makes it
    """

    registry: Registry
    added: Added
    files: AuthorsFiles
    captures: int = 0
    packets: int = 0
    layers: dict[str, Seen] = field(default_factory=dict)
    rules: dict[str, Seen] = field(default_factory=dict)
    """Every rule that fired: the plugin's, another's that it fired, and what labdissect says of payloads that do not
    parse."""
    columns: dict[str, Seen] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    """Bytes that each of the plugin's outputs wrote; an output that needs another reader's records is left out."""
    costs: dict[str, Cost] = field(default_factory=dict)
    """By the analyzer's class."""
    read: dict[str, set[str]] = field(default_factory=dict)
    """Layer → its members that somebody asked for."""
    findings: list[Finding] = field(default_factory=list)
    _writers: dict[str, Writer] = field(default_factory=dict)
    _capture: str = ""
    _last: int = 0
    _said: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._watched = _Watched(**{one.name: getattr(self.registry, one.name) for one in fields(Registry)})
        self._watched.observation = self
        for layer in self.added.layers.values():
            self.read[layer.name] = set()
            _record(layer, self.read[layer.name])

    def capture(self, name: str, settings: Settings, options: Options) -> None:
        """Runs the plugin over a capture (or tshark's EK or PDML in a file).

        :raises UsageFailure: when it cannot be read
        :raises TsharkFailure: when tshark is needed and missing, or cannot read it
        :raises PluginError: when the plugin's analyzers cannot be made
        """
        self.captures += 1
        self._capture, self._last = Path(name).name, 0
        summary, interruption = Summary(), Interruption()
        with interruption.installed():
            source = opened(name, self._watched, interruption, options, self._report)
            try:
                self._open_writers(source.reader.name, settings.language)
                chunks = chunks_with_end(source, summary, self._report)
                annotate(chunks, source.reader, self, self._watched, self._report, settings, summary)
            finally:
                source.close()
        self._finish(summary)

    def _finish(self, summary: Summary) -> None:
        """The plugin hears of the end, as after the last output."""
        hook = self.files.hook("labdissect_finish")
        if hook is None:
            return
        try:
            called(hook, summary)
        except Exception as error:
            why = f"labdissect_finish failed at the end of {self._capture}: {place_of(error, hook)}"
            self._once("hook", "labdissect_finish", self.files.whole.error(why))

    def watch(self, analyzer: Analyzer) -> None:
        """Takes the time that its packets take."""
        name = analyzer.name if isinstance(analyzer, GuardedAnalyzer) else type(analyzer).__name__
        cost = self.costs.setdefault(name, Cost())
        analyze = analyzer.analyze

        def timed(packet: Packet) -> Any:
            cost.packets += 1
            began = thread_time_ns()
            try:
                return analyze(packet)
            finally:
                if cost.packets > WARM_UP:
                    cost.nanoseconds += thread_time_ns() - began

        analyzer.analyze = timed  # type: ignore[method-assign]

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """One packet: its layers, its verdicts, its columns."""
        self.packets += 1
        self._last = packet.number
        for name in {message.layer for message in packet.messages} & self.added.layers.keys():
            self._seen(self.layers, name, packet.number)
        for name in self.added.layers.keys() - self.registry.carried.keys():
            if packet.source.header(name) is not None:
                self._seen(self.layers, name, packet.number)
        self._fired(verdicts, packet.number)
        for column in self.added.columns.values():
            self._column(column.name, column.value, packet)
        self._write("packet", record, packet, verdicts)

    def _open_writers(self, reader: str, language: str) -> None:
        """The plugin's outputs, which write to nowhere."""
        registry = self.registry
        told = WriterSettings(
            language, known_columns=registry.columns, layers=registry.layers, file=self._capture, source_kind=reader
        )
        self._writers = {}
        for name, output in self.added.writers.items():
            if output.accepts and reader not in output.accepts:
                continue
            self.written.setdefault(name, 0)
            try:
                self._writers[name] = called(output.make, _Counting(self.written, name), told)
            except Exception as error:
                self._output_failed(name, error)

    def _write(self, method: str, *arguments: Any) -> None:
        for name, writer in list(self._writers.items()):
            try:
                called(getattr(writer, method), *arguments)
            except Exception as error:
                del self._writers[name]
                self._output_failed(name, error)

    def _output_failed(self, name: str, error: Exception) -> None:
        output = self.added.writers[name]
        why = f"output {name} failed at frame {self._last} of {self._capture}: {place_of(error, output.make)}"
        self._once("output", name, self.files.definition("WriterFormat", name).error(why))

    def _column(self, name: str, value: Callable[[Packet], Any], packet: Packet) -> None:
        try:
            if called(value, packet) is not None:
                self._seen(self.columns, name, packet.number)
        except Exception as error:
            why = f"column {name} failed at frame {packet.number} of {self._capture}: {place_of(error, value)}"
            self._once("column", name, self.files.definition("Column", name).error(why))

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """What its end tells."""
        self._fired(verdicts, None)
        self._write("conversation", conversation, verdicts)

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """What the capture's end tells."""
        self._fired(verdicts, None)
        self._write("end", summary, verdicts)

    def other(self, record: Record) -> None:
        """It is no packet; the plugin's outputs may want it."""
        self._write("other", record)

    def flush(self) -> None:
        """For the plugin's outputs."""
        self._write("flush")

    def _fired(self, verdicts: Iterable[Verdict], frame: int | None) -> None:
        for verdict in verdicts:
            rule = verdict.rule
            self._seen(self.rules, rule.code, frame, partial(_said, verdict))
            if rule.code in self.added.rules or self.registry.rules.get(rule.code) is not rule:
                self._judged(verdict, rule, at_end=frame is None)

    def _judged(self, verdict: Verdict, rule: Rule, *, at_end: bool) -> None:
        """A verdict that fired is sound: the rule is known, its texts can be filled in, its frames exist."""
        when = "at the end" if at_end else f"at frame {self._last}"
        where, code = f"{when} of {self._capture}", rule.code
        place = self.files.definition("Rule", code)
        if self.registry.rules.get(code) is not rule and code != "plugin.failed":
            why = f"rule {code} fired {where}, but labdissect_rules does not return it: `labdissect explain` lacks it"
            self._once("unknown", code, place.error(why))
        for language in ("en", "zh"):
            try:
                render(verdict, language)
            except Exception as error:
                self._once("text", code, place.error(f"{_why_unsayable(verdict, error)} ({where})"))
        if code == "plugin.failed" or (at_end and not verdict.about):
            return  # about frame 0 is, at the end, about the whole capture
        for frame in (verdict.about, *(one.frame for one in verdict.evidence)):
            if not 1 <= frame <= self._last:
                why = (
                    f"rule {code} {where} speaks of frame {frame}; frames are counted from 1, {self._last} came so far"
                )
                self._once("frame", code, place.error(why))

    def _seen(self, table: dict[str, Seen], key: str, frame: int | None, text: Callable[[], str] = str) -> None:
        table.setdefault(key, Seen()).again(self._capture, frame, text)

    def _once(self, kind: str, key: str, finding: Finding) -> None:
        """A finding that every packet would give."""
        if (kind, key) not in self._said:
            self._said.add((kind, key))
            self.findings.append(finding)

    def _report(self, problem: Problem) -> None:
        if problem.kind == "plugin":
            self.findings.append(self.files.whole.error(f"{problem.message} ({self._capture})"))
        else:
            self.findings.append(Place(self._capture).error(problem.message))

    def lacking(self) -> Iterator[Finding]:
        """What no capture showed, and what took long; to be asked last."""
        of = f"{self.captures} capture" + ("s" if self.captures > 1 else "")
        for name in self.added.layers:
            place = self.files.definition("Layer", name)
            if name not in self.layers:
                yield place.warning(f"layer {name} was never found in {of}")
            elif self.costs or self.added.columns:
                unread = self._unread(self.added.layers[name])
                if unread:
                    yield place.warning(f"layer {name}: no analyzer or column reads {', '.join(unread)}")
        for code in self.added.rules:
            if code not in self.rules:
                yield self.files.definition("Rule", code).warning(f"rule {code} never fired in {of}")
        for name, cost in self.costs.items():
            spent = cost.microseconds
            if spent is not None and spent > SLOW:
                why = f"{name} is slow: {spent:.0f} µs a packet; up to {SLOW:.0f} pass unnoticed"
                yield self.files.definition_of_class(name).warning(why)

    def _unread(self, layer: Layer) -> list[str]:
        """Members that nobody asked for; who reads one part of an integer (a flag) has read all of it."""
        read = self.read[layer.name]
        integers = {one.offset for one in layer.fields if one.bits is not None and one.attribute in read}
        return [
            one.name
            for one in layer.fields
            if one.attribute not in read and (one.bits is None or one.offset not in integers)
        ]


class _Counting(BytesIO):
    """A stream that only counts what is written to it."""

    def __init__(self, written: dict[str, int], name: str) -> None:
        super().__init__()
        self._written, self._name = written, name

    def write(self, data: ReadableBuffer, /) -> int:
        size = memoryview(data).nbytes
        self._written[self._name] += size
        return size


class _Watched(Registry):
    """A registry whose analyzers are watched."""

    observation: Observation

    def analyzers(self, settings: Settings) -> list[Analyzer]:
        found = super().analyzers(settings)
        for analyzer in found:
            self.observation.watch(analyzer)
        return found


def _record(layer: Layer, read: set[str]) -> None:
    """Lets the headers of a layer note which of their members are asked for."""
    names = {one.attribute for one in layer.fields}

    def recording(kind: type[Header]) -> type[Header]:
        def noted(header: Header, name: str) -> Any:
            if name in names:
                read.add(name)
            return kind.__getattribute__(header, name)

        return type(kind.__name__, (kind,), {"__getattribute__": noted, "__module__": kind.__module__})

    # in place of what the layer would make and keep at first need
    layer.__dict__["parsed_type"] = recording(layer.parsed_type)
    layer.__dict__["header_type"] = recording(layer.header_type)


def _said(verdict: Verdict) -> str:
    try:
        return visible(render(verdict))
    except Exception:  # a finding of its own tells
        return ""


def _why_unsayable(verdict: Verdict, error: Exception) -> str:
    rule = verdict.rule
    text = rule.wordings.get(verdict.wording)
    if text is None:
        return f"rule {rule.code} has no wording {verdict.wording!r}"
    missing = (placeholders(text.en) | placeholders(text.zh)) - verdict.params.keys()
    if missing:
        return f"rule {rule.code} asks for {braced(missing)}, which its verdict does not give"
    return f"rule {rule.code}: no sentence can be made of {verdict.params}: {type(error).__name__}: {error}"
