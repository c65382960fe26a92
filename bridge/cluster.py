"""A batch on Dask: its scheduler deals the captures out, begins again what a dying worker had, and we collect.

Outputs come back through the scheduler, so workers need no folder in common; captures they must reach, by a path that
is the same everywhere or by a URL that fsspec reads.
"""

from __future__ import annotations

import importlib
import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .batch import TRIES, Done, Executor, Outcome, Task, annotate
from .failures import INCOMPLETE, UsageFailure

LOCAL = "local"
"""Instead of a scheduler's address: one on this machine, for the time of the batch."""
AT_ONCE = 4
"""Captures for each worker that wait at the scheduler: enough to keep it busy, few enough for their results to fit."""


@contextmanager
def on_cluster(address: str, jobs: int) -> Iterator[Executor]:
    """An executor on the scheduler at ``address`` (``tcp://host:8786``), or on a cluster of our own (:data:`LOCAL`).

    :param jobs: workers of our own cluster
    :raises UsageFailure: when Dask is missing, or nobody answers
    """
    try:
        distributed: Any = importlib.import_module("dask.distributed")
    except ImportError as error:
        raise UsageFailure("--cluster needs Dask: pip install labdissect[cluster]") from error
    cluster = None
    try:
        if address == LOCAL:
            # a process each: the loop is Python's, and one interpreter runs one of them
            cluster = distributed.LocalCluster(
                n_workers=jobs, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
            )
        try:
            client = distributed.Client(
                cluster if cluster is not None else address, timeout="20s", set_as_default=False
            )
        except (OSError, ValueError, ImportError) as error:
            raise UsageFailure(f"--cluster {address}: no scheduler answers: {error}") from error
        try:
            yield _executor(client, distributed.as_completed)
        finally:
            client.close()
    finally:
        if cluster is not None:
            cluster.close()


def _executor(client: Any, as_completed: Any) -> Executor:
    def outcomes(tasks: Sequence[Task]) -> Iterator[Done]:
        left = iter(tasks)
        running: dict[Any, Task] = {}

        def submit() -> Any:
            task = next(left, None)
            if task is None:
                return None
            # a key of our own: the same call twice is two captures' worth of work, not one that is remembered
            future = client.submit(_annotated, task, retries=TRIES - 1, pure=False)
            running[future] = task
            return future

        workers = max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
        first = [future for _ in range(AT_ONCE * workers) if (future := submit()) is not None]
        ended = as_completed(first, loop=client.loop)
        for future in ended:
            task = running.pop(future)
            yield task, *_result(task, future)
            future.release()
            another = submit()
            if another is not None:
                ended.add(another)

    return outcomes


def _result(task: Task, future: Any) -> tuple[Outcome, bytes | None]:
    """What a worker gave back, or what became of it."""
    try:
        outcome, output = future.result()
    except Exception as error:  # Dask hands on whatever a worker raised, or says that workers died
        why = f"{task.capture.name}: {type(error).__name__}: {error}"
        return Outcome(task.capture.name, task.capture.output, INCOMPLETE, problems=[why]), None
    return outcome, output


def _annotated(task: Task) -> tuple[Outcome, bytes | None]:
    """One capture, on a worker."""
    with tempfile.TemporaryDirectory(prefix="labdissect-") as folder:
        outcome, made = annotate(task, Path(folder))
        return outcome, None if made is None else made.read_bytes()
