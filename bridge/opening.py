"""Opens what the command line names: standard input, a file of EK or PDML, or tshark on a capture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .failures import UsageFailure
from .interruption import Interruption
from .source import Source, standard_input, text_file

if TYPE_CHECKING:
    from labdissect.plugins.registry import Registry

    from .asking import Asked
    from .jobs.merging import Shards
    from .tshark import Running
    from .tshark_options import Options

STANDARD = "-"
"""Standard input among files, standard output as a destination."""


def opened(
    name: str,
    registry: Registry,
    interruption: Interruption,
    options: Options,
    *,
    output: str = "ek",
    columns: bool = True,
    asking: Callable[[Path], Asked] | None = None,
    jobs: int | None = 1,
) -> Source:
    """Opens one input; who opens it closes it.

    :param options: for tshark, which a capture needs
    :param output: which reader's format tshark shall print, and what an empty standard input counts as
    :param columns: whether Wireshark's own columns are of use
    :param asking: of a capture whose packets need not be whole: works out what to ask a tshark for
    :param jobs: of such a capture, tsharks at once; None to choose
    :raises UsageFailure: when it cannot be read, or options are given that nobody acts on
    :raises TsharkFailure: when there is no tshark
    """
    readers = registry.readers
    if name == STANDARD:
        source: Source | None = standard_input(readers.values(), interruption, readers[output])
    else:
        source = text_file(Path(name), readers.values(), interruption)
    if source is None:
        from .tshark import find, read_capture  # only captures need it

        if asking is not None:
            return _asked(name, registry, interruption, options, asking, jobs)
        running = read_capture(find(), name, output, options, columns=columns)
        why = "this output, or a plugin's layer, needs packets whole"
        return Source(name, readers[output], running.stream, tshark=running, interruption=interruption, one_job=why)
    if options.any():
        source.close()
        raise UsageFailure(
            f"-Y, -d, -2 and preferences are tshark's to act on, and {source.name} is its output already; "
            "give them to tshark, or name the capture"
        )
    return source


def _asked(
    name: str,
    registry: Registry,
    interruption: Interruption,
    options: Options,
    asking: Callable[[Path], Asked],
    jobs: int | None,
) -> Source:
    """A capture of which tshark prints some fields only."""
    from .readers.flat import FlatReader, mixed_filter
    from .tshark import WholeFrames, find

    path = find()
    asked, running, one_job = _started(path, name, asking(path), options, jobs)
    whole = WholeFrames(path, name, mixed_filter(registry.layers), options, columns=bool(asked.columns))
    reader = msgspec.structs.replace(
        registry.readers["ek"], make=lambda layers, report, wanted, own: FlatReader(layers, report, asked, whole)
    )
    return Source(
        name,
        reader,
        running.stream,
        tshark=running,
        interruption=interruption,
        whole=whole,
        lacking=asked.lacking,
        one_job=one_job,
    )


def _started(
    path: Path, name: str, asked: Asked, options: Options, jobs: int | None
) -> tuple[Asked, Running | Shards, str]:
    """One tshark or several; why not several."""
    from .tshark import read_fields

    if jobs == 1:
        return asked, read_fields(path, name, asked, options), ""
    from .jobs.choosing import sharded
    from .jobs.packets import NotSplit

    try:
        return *sharded(path, name, asked, options, jobs), ""
    except NotSplit as why:
        return asked, read_fields(path, name, asked, options), str(why)
