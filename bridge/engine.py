"""The loop's heart: a packet goes in, its verdicts come out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from labdissect.dissectors.layer import Layer, Text
from labdissect.plugins.analyzer import Analyzer, Settings
from labdissect.plugins.conversations import CONVERSATIONS_LIMIT, ConversationTable
from labdissect.plugins.guard import GuardedAnalyzer, described
from labdissect.plugins.packet import Packet
from labdissect.plugins.payloads import Payloads
from labdissect.plugins.registry import Registry
from labdissect.plugins.rule import Rule, Verdict
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.udp import Exchange
from labdissect.plugins.writer import Problem

PLANS_LIMIT = 4096
"""Different protocol stacks whose analyzers are remembered."""

FAILED = Rule(
    "plugin.failed",
    "frame",
    "error",
    1,
    Text(
        "Plugin {plugin} failed at this packet ({file}, line {line}: {error}) and is switched off.",
        "插件 {plugin} 在该分组上出错（{file} 第 {line} 行：{error}），已停用。",
    ),
)

Call = tuple[Callable[[Packet], Any], Analyzer]
Calls = dict[str, list[Call]]
Plan = tuple[tuple[str, tuple[Call, ...]], ...]
"""Layer → the analyzers that want it, frozen for one stack of protocols."""

Ended = Callable[[Conversation | Exchange, list[Verdict]], None]


class Engine:
    """Runs the analyzers.

    :param registry: what there is
    :param settings: handed to the analyzers
    :param report: is told of plugins that fail
    :param ended: is told of each conversation that is over, with the verdicts of its end
    :param analyzers: those of this input, where they were made already
    """

    def __init__(
        self,
        registry: Registry,
        settings: Settings,
        report: Callable[[Problem], None],
        ended: Ended = lambda conversation, verdicts: None,
        *,
        conversations: int = CONVERSATIONS_LIMIT,
        analyzers: Sequence[Analyzer] | None = None,
    ) -> None:
        self._registry = registry
        self._analyzers: list[Analyzer] = registry.analyzers(settings) if analyzers is None else list(analyzers)
        self._report = report
        self._ended = ended
        self._plans: dict[str, tuple[Plan, Plan]] = {}
        self.table = ConversationTable(self._conversation_ended, conversations)
        self._payloads: Payloads | None = None
        if registry.carried:
            self._payloads = Payloads(registry.carried.values(), settings.decode_as, self._layer_failed, report)
        self.failures = 0
        self._pending: list[Verdict] = []

    @property
    def wanted(self) -> list[str]:
        """Names of the layers that some analyzer wants."""
        return sorted({name for analyzer in self._analyzers for name in analyzer.layers} | {"tcp"})

    def annotate(self, packet: Packet) -> list[Verdict]:
        """The packet's verdicts: the headline first, then the others by rank."""
        if packet.tcp is not None:
            self.table.observe_tcp(packet)
        elif packet.udp is not None:
            self.table.observe_udp(packet)
        elif packet.icmp is not None or packet.icmpv6 is not None:
            self.table.observe_icmp(packet)
        if self._payloads is not None:
            self._pending += self._payloads.observe(packet)
        plan = self._plans.get(packet.protocols)
        if plan is None:
            plan = self._plan(packet.protocols)
        verdicts: list[Verdict] = []
        segment = packet.segment
        for layer, calls in plan[segment is not None and segment.routine]:
            if getattr(packet, layer) is None:
                calls = _of_other_layers(calls, packet)
            for analyze, analyzer in calls:
                try:
                    found = analyze(packet)
                    if found:
                        verdicts += found
                except Exception as error:
                    verdicts.append(self._failed(analyzer, error, packet.number))
        if self._pending:
            verdicts += self._pending
            self._pending = []
        return arranged(verdicts, packet)

    def finish(self) -> list[Verdict]:
        """Ends every conversation; returns the verdicts that no conversation has."""
        self.table.end()
        verdicts = self._pending
        self._pending = []
        for analyzer in list(self._analyzers):
            try:
                verdicts += analyzer.finish() or ()
            except Exception as error:
                verdicts.append(self._failed(analyzer, error, None))
        return verdicts

    def _plan(self, protocols: str) -> tuple[Plan, Plan]:
        """Which analyzers a stack of protocols concerns, each once, by the layer that each wants; then those that want
        routine TCP segments too."""
        names = {"frame", *protocols.split(":")}
        every: Calls = {}
        routine: Calls = {}
        for analyzer in self._analyzers:
            layer = next((name for name in analyzer.layers if name in names), None)
            if layer is None:
                continue
            every.setdefault(layer, []).append((analyzer.analyze, analyzer))
            if layer not in ("tcp", "frame") or getattr(analyzer, "wants_routine", True):
                routine.setdefault(layer, []).append((analyzer.analyze, analyzer))
        plan = (_frozen(every), _frozen(routine))
        if len(self._plans) < PLANS_LIMIT:
            self._plans[protocols] = plan
        return plan

    def _conversation_ended(self, conversation: Conversation | Exchange) -> None:
        verdicts: list[Verdict] = [] if self._payloads is None else self._payloads.ended(conversation)
        for analyzer in list(self._analyzers):
            try:
                verdicts += analyzer.ended(conversation) or ()
            except Exception as error:
                verdicts.append(self._failed(analyzer, error, None))
        for verdict in verdicts:
            verdict.decided = (None, conversation.proto, conversation.stream)
        self._ended(conversation, verdicts)

    def _failed(self, analyzer: Analyzer, error: Exception, frame: int | None) -> Verdict:
        """Switches an analyzer off and says where its author should look."""
        self._analyzers = [one for one in self._analyzers if one is not analyzer]
        self._plans.clear()
        if isinstance(analyzer, GuardedAnalyzer):
            return self._blamed(analyzer.plugin, analyzer.place, error, frame)
        return self._blamed(type(analyzer).__module__, ("", 0), error, frame)

    def _layer_failed(self, layer: Layer, error: Exception, frame: int) -> Verdict:
        """Says where the author of a layer should look."""
        name = self._registry.givers["layer", layer.name]
        code = getattr(getattr(self._registry.manager.get_plugin(name), "labdissect_layers", None), "__code__", None)
        return self._blamed(
            name, (code.co_filename, code.co_firstlineno) if code is not None else ("", 0), error, frame
        )

    def _blamed(self, name: str, begin: tuple[str, int], error: Exception, frame: int | None) -> Verdict:
        """A plugin failed: reported, and the verdict about it.

        :param begin: the plugin's own file, whose last line that the error passed through is named, and the line that
            is named where it passed through none
        """
        import traceback  # a plugin hardly ever fails; the import takes milliseconds of every start

        self.failures += 1
        lines = traceback.extract_tb(error.__traceback__)
        file, line = next(((one.filename, one.lineno) for one in reversed(lines) if one.filename == begin[0]), begin)
        if not line:
            file, line = lines[-1].filename, lines[-1].lineno or 0
        said = described(error)
        where = f"frame {frame}" if frame is not None else "the end of the input"
        why = f"plugin {name} failed at {where}: {said} ({file}:{line}); switched off"
        self._report(Problem(why, fatal=True, kind="plugin"))
        params = {"plugin": name, "file": Path(file).name, "line": line, "error": said}
        return Verdict(FAILED, frame or 0, params)


def _of_other_layers(calls: tuple[Call, ...], packet: Packet) -> tuple[Call, ...]:
    """Of analyzers those that want another layer, too, which is there: the one they were chosen for is named but has no
    bytes, as the snapshot length cut it away."""
    return tuple(call for call in calls if any(getattr(packet, name, None) is not None for name in call[1].layers))


def _frozen(calls: Calls) -> Plan:
    return tuple((layer, tuple(wanting)) for layer, wanting in calls.items())


_rank = attrgetter("rule.rank")


def arranged(verdicts: list[Verdict], packet: Packet) -> list[Verdict]:
    """Highest rank first, those about the packet itself before those about others; deciding frame, stream filled in."""
    conversation, number = packet.conversation, packet.number
    decided = (number, "", None) if conversation is None else (number, conversation.proto, conversation.stream)
    elsewhere = disordered = False
    least = math.inf
    for verdict in verdicts:
        verdict.decided = decided
        if verdict.about != number:
            elsewhere = True
        rank = verdict.rule.rank
        if rank > least:
            disordered = True
        least = rank
    if disordered:
        verdicts.sort(key=_rank, reverse=True)
    if elsewhere:
        verdicts.sort(key=lambda verdict: verdict.about != number)
    return verdicts


def headline(verdicts: Sequence[Verdict], packet: Packet) -> Verdict | None:
    """The verdict to read if only one is read: the first, if it is about this packet."""
    return verdicts[0] if verdicts and verdicts[0].about == packet.number else None


def rules(verdicts: Iterable[Verdict]) -> list[str]:
    """The codes of verdicts, in order."""
    return [verdict.rule.code for verdict in verdicts]
