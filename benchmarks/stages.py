"""Where our own time goes: the stages of the loop, each run with those before it, and the analyzers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median

from labdissect.bridge.asking import Asked, asked_for
from labdissect.bridge.engine import Engine
from labdissect.bridge.interruption import Interruption
from labdissect.bridge.loading import PACKAGES
from labdissect.bridge.opening import opened
from labdissect.bridge.tshark_options import Options
from labdissect.plugins.analyzer import Analyzer, BaseAnalyzer, Settings
from labdissect.plugins.conversations import FIELDS
from labdissect.plugins.packet import Packet
from labdissect.plugins.registry import Registry, load
from labdissect.plugins.rule import Verdict
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.udp import Exchange
from labdissect.plugins.writer import Problem, Record, WriterSettings

STAGES = ("read", "follow conversations", "make verdicts", "write")

Use = Callable[[Record, Packet, list[Verdict]], None]


class Loop:
    """bridge/run.py's loop, up to a stage, on what tshark prints of a capture: kept in memory, so that it has no part.

    :param output: the format that is written; what it needs of packets is asked for
    """

    def __init__(self, capture: Path, packets: int, output: str) -> None:
        self.registry: Registry = load(extra_packages=PACKAGES, entry_points=False)
        self._packets, self._format = packets, self.registry.writers[output]
        asking = None if self._format.accepts else self._asked
        source = opened(str(capture), self.registry, Interruption(), Options(), _failed, asking=asking)
        with closing(source):
            self._chunks = tuple(source.chunks())
        self._reader = source.reader

    def _asked(self, tshark: Path, bytes_at_hand: bool) -> Asked:
        analyzers = self.registry.analyzers(Settings())
        wanted = [FIELDS, self._format.fields, *(analyzer.fields for analyzer in analyzers)]
        return asked_for(wanted, self.registry.layers, tshark, bytes_at_hand=bytes_at_hand)

    def stage(self, name: str) -> float:
        """Seconds of CPU for all lines, with the stages before it."""
        with Path(os.devnull).open("wb") as out:
            columns = tuple(column for column in self.registry.columns.values() if column.everywhere)
            settings = WriterSettings(columns=columns, known_columns=self.registry.columns, layers=self.registry.layers)
            writer = self._format.make(out, settings)
            use: Use | None = writer.packet if name == "write" else None
            return self._timed(
                self.registry.analyzers(Settings()) if name in ("make verdicts", "write") else [],
                use,
                writer.flush,
                annotated=name != "read",
            )

    def analyzers(self) -> dict[str, float]:
        """Seconds of CPU that each analyzer took of one run with all. The layer that it wants is decoded before."""
        watched = [Watched(analyzer) for analyzer in self.registry.analyzers(Settings())]
        self._timed(watched, None, lambda: None, annotated=True)
        idle = Watched.idle()
        return {one.name: one.seconds - one.calls * idle for one in watched}

    def _timed(
        self, analyzers: Sequence[Analyzer], use: Use | None, flush: Callable[[], None], *, annotated: bool
    ) -> float:
        engine = Engine(self.registry, Settings(), _failed, analyzers=analyzers)
        every = Engine(self.registry, Settings(), _failed).wanted  # reading prepares what all want, in every stage
        reader = self._reader.make(self.registry.layers, _failed, every, tuple(self.registry.carried))
        packets = 0
        begin = time.process_time()
        for chunk in (*self._chunks, None):
            for record in reader.end() if chunk is None else reader.records(chunk):
                packet = record.packet
                if packet is None:
                    continue
                packets += 1
                if annotated:
                    verdicts = engine.annotate(packet)
                    if use is not None:
                        use(record, packet, verdicts)
            flush()
        took = time.process_time() - begin
        if packets != self._packets:
            raise ValueError(f"{packets} packets were read of {self._packets}")
        return took


def _failed(problem: Problem) -> None:
    raise ValueError(str(problem))


def stages(loop: Loop, rounds: int) -> dict[str, float]:
    """Seconds of CPU that each stage takes by itself."""
    until = _medians({name: partial(loop.stage, name) for name in STAGES}, rounds)
    before = (0.0, *until.values())
    return {name: seconds - earlier for (name, seconds), earlier in zip(until.items(), before, strict=False)}


class Watched:
    """An analyzer, and how long its packets took."""

    def __init__(self, analyzer: Analyzer) -> None:
        kind = type(analyzer)
        self.name = f"{kind.__module__.removeprefix('labdissect.')}.{kind.__qualname__}"
        self.layers, self.fields = analyzer.layers, analyzer.fields
        self.wants_routine = getattr(analyzer, "wants_routine", True)
        self._analyzer = analyzer
        self.seconds = 0.0
        self.calls = 0

    def analyze(self, packet: Packet) -> list[Verdict]:
        """The analyzer's own verdicts."""
        begin = time.thread_time()
        found = list(self._analyzer.analyze(packet) or ())
        self.seconds += time.thread_time() - begin
        self.calls += 1
        return found

    def ended(self, conversation: Conversation | Exchange) -> Iterable[Verdict] | None:
        """The analyzer's own."""
        return self._analyzer.ended(conversation)

    def finish(self) -> Iterable[Verdict] | None:
        """The analyzer's own."""
        return self._analyzer.finish()

    @classmethod
    def idle(cls) -> float:
        """Seconds that are measured of an analyzer that does nothing."""
        nothing = cls(BaseAnalyzer())
        for _ in range(10_000):
            nothing.analyze(None)  # type: ignore[arg-type]
        return nothing.seconds / nothing.calls


def _medians(runs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Each in turn, so many times."""
    took: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            took[name].append(run())
    return {name: median(seconds) for name, seconds in took.items()}
