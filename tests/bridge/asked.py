"""Reads a capture as ``labdissect FILE`` does: by a tshark that is asked for some fields only."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from labdissect.bridge.asking import Asked, asked_for
from labdissect.bridge.interruption import Interruption
from labdissect.bridge.opening import Asking, opened
from labdissect.bridge.run import annotate
from labdissect.bridge.tshark import find
from labdissect.bridge.tshark_options import Options
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.conversations import FIELDS
from labdissect.plugins.writer import Problem, WriterSettings
from tests.conftest import built_in


@dataclass
class Read:
    """What came of it."""

    out: str
    problems: list[str] = field(default_factory=list)
    looked_again: bool = False
    one_job: str = ""


def wanted(output: str) -> list[Sequence[str] | None]:
    """What the built-in analyzers and an output read."""
    registry = built_in()
    analyzers = registry.analyzers(Settings())
    return [FIELDS, registry.writers[output].fields, *(analyzer.fields for analyzer in analyzers)]


def asked(output: str, *, bytes_at_hand: bool = False) -> Asked:
    """What this machine's tshark is asked for."""
    return asked_for(wanted(output), built_in().layers, find(), bytes_at_hand=bytes_at_hand)


def asking(output: str) -> Asking:
    """The same as :func:`labdissect.bridge.opening.opened` wants it."""
    return lambda tshark, own: asked_for(wanted(output), built_in().layers, tshark, bytes_at_hand=own)


def read(path: Path, output: str, *, whole: bool = False, jobs: int | None = 1) -> Read:
    """A capture, annotated.

    :param whole: by full EK instead
    :param jobs: tsharks at once
    """
    registry = built_in()
    out, result = io.BytesIO(), Read("")

    def report(problem: Problem) -> None:
        result.problems.append(problem.message)

    how = None if whole else asking(output)
    source = opened(str(path), registry, Interruption(), Options(), report, asking=how, jobs=jobs)
    result.one_job = source.one_job
    columns = tuple(column for column in registry.columns.values() if column.everywhere)
    settings = WriterSettings(columns=columns, known_columns=registry.columns, layers=registry.layers)
    try:
        writer = registry.writers[output].make(out, settings)
        annotate(source.chunks(), source.reader, writer, registry, report)
    finally:
        result.looked_again = source.whole is not None and source.whole.begun
        source.close()
    result.out = out.getvalue().decode()
    return result
