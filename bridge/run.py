"""The loop: chunks of input to records, packets to their verdicts, both to a writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.plugins.analyzer import Analyzer, Settings
from labdissect.plugins.guard import described
from labdissect.plugins.registry import PluginError, Registry
from labdissect.plugins.rule import Verdict, render
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.udp import Exchange
from labdissect.plugins.writer import Problem, Reader, ReaderFormat, Record, Summary, Writer

from .engine import Engine
from .failures import UsageFailure
from .guarded import reader_failure
from .watchdog import Watchdog

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet

    from .source import Source


def annotate(
    chunks: Iterable[bytes],
    reader_format: ReaderFormat,
    writer: Writer,
    registry: Registry,
    report: Callable[[Problem], None],
    settings: Settings | None = None,
    summary: Summary | None = None,
    analyzers: Sequence[Analyzer] | None = None,
) -> Summary:
    """Reads an input to its end and writes its packets with their verdicts; returns what there was.

    The writer is flushed after each chunk, so that a live packet's verdict is out before the next packet comes.
    KeyboardInterrupt from ``chunks`` ends the input early: conversations and writer end as always, then it is raised
    again. OSError of the writer's stream is raised as it is. A plugin's reader that raises is reported, and ends the
    input likewise.

    :param summary: where to count, for callers that want to know how far it has come
    :param analyzers: those of this input, where they were made already to ask them what they read
    :raises UsageFailure: when a plugin cannot make its analyzers, perhaps for an option (``--set``)
    """
    summary = summary if summary is not None else Summary()
    for _ in steps(chunks, reader_format, writer, registry, report, settings or Settings(), summary, analyzers):
        pass
    return summary


def steps(
    chunks: Iterable[bytes],
    reader_format: ReaderFormat,
    writer: Writer,
    registry: Registry,
    report: Callable[[Problem], None],
    settings: Settings,
    summary: Summary,
    analyzers: Sequence[Analyzer] | None = None,
) -> Iterator[None]:
    """The same chunk by chunk, for callers who want to do something in between: yields after each one."""

    def told(problem: Problem) -> None:
        if problem.kind == "bad line":
            summary.bad_lines += 1
        elif problem.kind == "cut":
            summary.cut = True
        if problem.unread:
            becomes = "passed on as it is" if getattr(writer, "passes_on", False) else "left out"
            problem = msgspec.structs.replace(problem, message=f"{problem.message}; {becomes}")
        report(problem)

    output = _Output(writer, told)

    def ended(conversation: Conversation | Exchange, verdicts: list[Verdict]) -> None:
        summary.conversations += 1
        _count(summary, verdicts)
        output.write()
        _said(writer.conversation, (conversation,), verdicts, told)

    try:
        engine = Engine(registry, settings, told, ended, analyzers=analyzers)
    except PluginError as error:
        raise UsageFailure(str(error)) from error
    reader: Reader | None = None
    interrupted, failed_readers = False, 0
    watchdog = Watchdog(settings.plugin_timeout if registry.has_plugins else 0)
    try:
        reader = reader_format.make(registry.layers, told, engine.wanted, tuple(registry.carried))
        for chunk in chunks:
            with watchdog.watching():
                _through(reader.records(chunk), engine, output, summary)
            writer.flush()
            yield
        with watchdog.watching():
            _through(reader.end(), engine, output, summary)
    except KeyboardInterrupt:
        interrupted = True
    except Exception as error:
        failure = reader_failure(error, reader)
        if failure is None:
            raise
        failed_readers = 1
        told(Problem(str(failure), fatal=True, kind="plugin"))
        output.write()
    with watchdog.watching():
        last = engine.finish()
    _count(summary, last)
    summary.evicted, summary.incomplete = engine.table.evicted, engine.table.incomplete
    summary.plugin_failures = engine.failures + failed_readers
    summary.verdicts = sum(summary.codes.values())
    summary.shown = summary.packets
    _said(writer.end, (summary,), last, told)
    if interrupted:
        raise KeyboardInterrupt
    yield


def chunks_with_end(source: Source, summary: Summary, report: Callable[[Problem], None]) -> Iterator[bytes]:
    """An input's chunks. At their end it looks how tshark ended, while the writer can still be told.

    :raises UsageFailure: when tshark did not take an option
    :raises TsharkFailure: when it gave up before the first packet
    """
    yield from source.chunks()
    if source.tshark is not None:
        problem = source.tshark.outcome(source.name, summary.packets)
        if problem is not None:
            summary.cut = True
            report(problem)


AT_ONCE = 64
"""Packets that are read, then annotated, then written: each of the three finds its code and data in the processor's
caches, which takes a fifth off their time (docs/decisions/0003-the-pipe-costs-little.md)."""


_NOTHING: list[Verdict] = []


class _Output:
    """The writer, and what waits to be written: packets with their verdicts, and other records without."""

    def __init__(self, writer: Writer, report: Callable[[Problem], None]) -> None:
        self._writer, self._report = writer, report
        self.patient: bool = getattr(writer, "patient", False)
        self.waiting: list[tuple[Record, Packet | None, list[Verdict]]] = []

    def write(self) -> None:
        """Writes all that waits."""
        waiting = self.waiting
        if not waiting:
            return
        taken = waiting.copy()
        waiting.clear()
        write, other = self._writer.packet, self._writer.other
        for record, packet, verdicts in taken:
            if packet is None:
                other(record)
                continue
            try:
                write(record, packet, verdicts)
            except UNSAYABLE as error:
                _said_again(write, (record, packet), verdicts, self._report, error)


def _through(records: Iterator[Record], engine: Engine, output: _Output, summary: Summary) -> None:
    """The innermost loop, one line each turn: what is done here is done for every line."""
    annotate_packet, codes, write = engine.annotate, summary.codes, output.write
    impatient = not output.patient
    failure: Exception | None = None
    more = True
    while more:
        batch: list[Record] = []
        try:
            batch.extend(islice(records, AT_ONCE))
            more = len(batch) == AT_ONCE
        except Exception as error:  # what was read before is not lost
            failure, more = error, False
        waiting, others = output.waiting, 0
        for record in batch:
            packet = record.packet
            if packet is None:
                others += 1
                waiting.append((record, None, _NOTHING))
            else:
                verdicts = annotate_packet(packet)
                for verdict in verdicts:
                    code = verdict.rule.code
                    codes[code] += 1
                waiting.append((record, packet, verdicts))
            if impatient:
                write()
        summary.packets += len(batch) - others
        summary.other_lines += others
        write()
    if failure is not None:
        raise failure


def _count(summary: Summary, verdicts: Iterable[Verdict]) -> None:
    for verdict in verdicts:
        code = verdict.rule.code
        summary.codes[code] = summary.codes.get(code, 0) + 1


UNSAYABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What rendering raises when a rule's text asks for a parameter or a wording that its verdict does not have."""


def _said(
    write: Callable[..., None],
    arguments: tuple[Any, ...],
    verdicts: list[Verdict],
    report: Callable[[Problem], None],
) -> None:
    """``write(*arguments, verdicts)``, without the verdicts that no sentence can be made of."""
    try:
        write(*arguments, verdicts)
    except UNSAYABLE as error:
        _said_again(write, arguments, verdicts, report, error)


def _said_again(
    write: Callable[..., None],
    arguments: tuple[Any, ...],
    verdicts: list[Verdict],
    report: Callable[[Problem], None],
    error: Exception,
) -> None:
    """A writer raised: if verdicts were the cause, they are reported and left out; else the error was its own."""
    sayable = [verdict for verdict in verdicts if can_be_said(verdict, report)]
    if len(sayable) == len(verdicts):
        raise error
    write(*arguments, sayable)


def can_be_said(verdict: Verdict, report: Callable[[Problem], None]) -> bool:
    """Whether there is a sentence for it in both languages; where not, that is reported."""
    try:
        render(verdict, "en")
        render(verdict, "zh")
    except Exception as error:
        code = verdict.rule.code
        why = f"no sentence can be made of {code} at frame {verdict.about}: {described(error)}; left out"
        report(Problem(why, fatal=True, kind="plugin"))
        return False
    return True
