"""Several tsharks on one capture, and the process that merges what they print."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from labdissect.bridge.failures import TsharkFailure
from labdissect.bridge.pipe import enlarge_pipe
from labdissect.bridge.source import cut
from labdissect.bridge.tshark import SECONDS_TO_STOP, Running, read_fields
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
        self.stream = cast(BinaryIO, self._merging.stdout)
        with suppress(BrokenPipeError), cast(BinaryIO, self._merging.stdin) as merging:
            merging.write(pickle.dumps(plan))

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
        said = cast(BinaryIO, self._merging.stderr).read().decode("utf-8", "replace").splitlines()
        code = self._merging.wait()
        if code == 0 and said:
            with suppress(ValueError, TypeError):
                return Outcome(**json.loads(said[-1])), ""
        return None, said[-1] if said else f"exit code {code}"

    def stop(self) -> None:
        """Ends them all."""
        for running in self._running:
            running.ask_to_stop()
        self._merging.terminate()
        try:
            self._merging.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._merging.kill()
            self._merging.wait()
        for pipe in (self._merging.stdout, self._merging.stderr):
            with suppress(OSError):
                cast(BinaryIO, pipe).close()
        for running in self._running:
            running.stop()


def _merging(tsharks: list[Running]) -> subprocess.Popen[bytes]:
    """Starts the process that feeds these tsharks and merges what they print (``bridge/jobs/__main__.py``).

    It finds our modules where we found them, and no others (``-P``: none in the working directory). A Ctrl-C on the
    terminal is kept from it: what the tsharks printed until then is merged.
    """
    descriptors = [(running.input.fileno(), running.stream.fileno()) for running in tsharks]
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __package__, *(f"{feed},{printed}" for feed, printed in descriptors)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=[descriptor for pair in descriptors for descriptor in pair],
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)},
        )
    except OSError as error:
        raise TsharkFailure(f"{sys.executable} cannot be run: {error.strerror}; try --jobs 1") from error
    for pipe in (process.stdin, process.stdout):
        enlarge_pipe(cast(BinaryIO, pipe).fileno())
    return process
