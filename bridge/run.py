"""The loop: chunks of input to records, packets to their verdicts, both to a writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from labdissect.plugins.analyzer import Settings
from labdissect.plugins.registry import Registry
from labdissect.plugins.rule import Verdict
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.udp import Exchange
from labdissect.plugins.writer import Problem, ReaderFormat, Record, Summary, Writer

from .engine import Engine

def annotate(
    chunks: Iterable[bytes],
    reader_format: ReaderFormat,
    writer: Writer,
    registry: Registry,
    report: Callable[[Problem], None],
    settings: Settings | None = None,
) -> Summary:
    """Reads an input to its end and writes its packets with their verdicts; returns what there was.

    The writer is flushed after each chunk, so that a live packet's verdict is out before the next packet comes.
    KeyboardInterrupt from ``chunks`` ends the input early: conversations and writer end as always, then it is raised
    again. OSError of the writer's stream is raised as it is.
    """
    summary = Summary()

    def told(problem: Problem) -> None:
        if problem.kind == "bad line":
            summary.bad_lines += 1
        elif problem.kind == "cut":
            summary.cut = True
        report(problem)

    def ended(conversation: Conversation | Exchange, verdicts: list[Verdict]) -> None:
        summary.conversations += 1
        _count(summary, verdicts)
        writer.conversation(conversation, verdicts)

    engine = Engine(registry, settings or Settings(), told, ended)
    reader = reader_format.make(registry.layers, told, engine.wanted)
    interrupted = False
    try:
        for chunk in chunks:
            _through(reader.records(chunk), engine, writer, summary)
            writer.flush()
        _through(reader.end(), engine, writer, summary)
    except KeyboardInterrupt:
        interrupted = True
    last = engine.finish()
    _count(summary, last)
    summary.evicted, summary.incomplete = engine.table.evicted, engine.table.incomplete
    summary.plugin_failures = engine.failures
    summary.verdicts = sum(summary.codes.values())
    summary.shown = summary.packets
    writer.end(summary, last)
    if interrupted:
        raise KeyboardInterrupt
    return summary


def _through(records: Iterable[Record], engine: Engine, writer: Writer, summary: Summary) -> None:
    """The innermost loop, one line each turn: what is done here is done for every line."""
    annotate_packet, write, other = engine.annotate, writer.packet, writer.other
    codes = summary.codes
    packets = others = 0
    for record in records:
        packet = record.packet
        if packet is None:
            others += 1
            other(record)
            continue
        packets += 1
        verdicts = annotate_packet(packet)
        for verdict in verdicts:
            code = verdict.rule.code
            codes[code] = codes.get(code, 0) + 1
        write(record, packet, verdicts)
    summary.packets += packets
    summary.other_lines += others


def _count(summary: Summary, verdicts: Iterable[Verdict]) -> None:
    for verdict in verdicts:
        code = verdict.rule.code
        summary.codes[code] = summary.codes.get(code, 0) + 1
