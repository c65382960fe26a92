"""What can be measured: each module here has ``measure(bench)``, which returns its tables."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.bench import Bench
from benchmarks.table import Table

from . import batch, comments, cpu, jobs, latency, layer, memory, pipe, profile, programs, start

GROUPS: dict[str, Callable[[Bench], list[Table]]] = {
    "programs": programs.measure,
    "pipe": pipe.measure,
    "cpu": cpu.measure,
    "profile": profile.measure,
    "start": start.measure,
    "jobs": jobs.measure,
    "batch": batch.measure,
    "memory": memory.measure,
    "comments": comments.measure,
    "latency": latency.measure,
    "layer": layer.measure,
}
"""By the name that ``--only`` takes, in the order of the page."""
