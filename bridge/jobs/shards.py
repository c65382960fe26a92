"""Several tsharks on one capture, and the process that merges what they print."""

from __future__ import annotations

import json
import os
import pickle
import sys
from contextlib import suppress
from io import BufferedWriter, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, cast

from labdissect.bridge.source import cut
from labdissect.bridge.tshark import Running, read_fields
from labdissect.plugins.writer import Problem

from .outcome import Outcome

if TYPE_CHECKING:
    from labdissect.bridge.asking import Asked
    from labdissect.bridge.tshark_options import Options

    from .plan import Plan


class Shards:
    """The tsharks at work; a :class:`labdissect.bridge.tshark.Running` for whoever reads their output.

    :raises TsharkFailure: when they cannot be started
    """

    def __init__(self, path: Path, plan: Plan, asked: Asked, options: Options) -> None:
        self._plan = plan
        self._running: list[Running] = []
        try:
            for _ in plan.counts:
                running = read_fields(path, None, asked, options)
                self._running.append(running)
                running.give_way()
            self._merging = _merging(self._running)
        except BaseException:
            for running in self._running:
                running.stop()
            raise
        # the merging process has them now: whoever waits for a pipe's end must not wait for us
        for running in self._running:
            running.input.close()
            running.stream.close()
        self.stream = self._merging.stream
        with suppress(BrokenPipeError), BufferedWriter(cast(RawIOBase, self._merging.input)) as merging:
            pickle.dump((plan, asked.references), merging)

    def outcome(self, name: str, packets: int) -> Problem | None:
        """What became of them, as :meth:`labdissect.bridge.tshark.Running.outcome`.

        :raises UsageFailure: when they do not take an option
        :raises TsharkFailure: when one gave up before the first packet
        """
        merged, said = self._merged()
        if merged is None:
            return cut(f"what merges several tsharks stopped after {packets} packets of {name}: {said}; try --jobs 1")
        if merged.problem is not None:
            return cut(f"{name} changed after {packets} packets were read: {merged.problem}")
        # where one of them ended too early, the others' output was not read to its end
        for running in self._running if merged.ended is None else [self._running[merged.ended]]:
            problem = None if merged.disordered else running.outcome(name, packets)
            if problem is not None:
                return problem
        if merged.ended is not None:
            expected = len(self._plan.order)
            return cut(f"tshark printed {merged.done} of the {expected} packets of {name}; --jobs 1 may tell why")
        return None

    def _merged(self) -> tuple[Outcome | None, str]:
        """How merging ended; if it did not come to its end, why."""
        code = self._merging.wait()
        said = self._merging.said
        if code == 0 and said:
            with suppress(ValueError, TypeError):
                return Outcome(**json.loads(said[-1])), ""
        return None, said[-1] if said else f"exit code {code}"

    def stop(self) -> None:
        """Ends them all."""
        for running in self._running:
            running.ask_to_stop()
        self._merging.stop()
        for running in self._running:
            running.stop()


def _merging(tsharks: list[Running]) -> Running:
    """Starts the process that feeds these tsharks and merges what they print (``bridge/jobs/__main__.py``).

    It finds our modules where we found them, and no others (``-P``: none in the working directory). A Ctrl-C on the
    terminal is kept from it: what the tsharks printed until then is merged.

    :raises TsharkFailure: when it cannot be started
    """
    pipes = [(running.input.fileno(), running.stream.fileno()) for running in tsharks]
    return Running(
        Path(sys.executable),
        ["-P", "-m", __package__, *(f"{feed},{printed}" for feed, printed in pipes)],
        fed=True,
        apart=True,
        handed=[descriptor for pair in pipes for descriptor in pair],
        environment={**os.environ, "PYTHONPATH": os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)},
    )
