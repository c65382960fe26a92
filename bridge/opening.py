"""Opens what the command line names: standard input, a file of EK or PDML, or tshark on a capture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .failures import UsageFailure
from .guarded import guarded_readers
from .interruption import Interruption
from .source import Source, standard_input, text_file

if TYPE_CHECKING:
    from labdissect.dissectors.layer import Layer
    from labdissect.plugins.registry import Registry
    from labdissect.plugins.writer import Problem

    from .asking import Asked
    from .jobs.shards import Shards
    from .tshark import Running
    from .tshark_options import Options

Asking = Callable[[Path, bool], "Asked"]
"""Works out what to ask a tshark for, by whether the packets' bytes are at hand."""

STANDARD = "-"
"""Standard input among files, standard output as a destination."""


def opened(
    name: str,
    registry: Registry,
    interruption: Interruption,
    options: Options,
    report: Callable[[Problem], None],
    *,
    output: str = "ek",
    columns: bool = True,
    asking: Asking | None = None,
    jobs: int | None = 1,
) -> Source:
    """Opens one input; who opens it closes it.

    :param options: for tshark, which a capture needs
    :param report: is told of plugins' readers that fail at the first bytes
    :param output: which reader's format tshark shall print, and what an empty standard input counts as
    :param columns: whether Wireshark's own columns are of use
    :param asking: of a capture whose packets need not be whole: works out what to ask a tshark for
    :param jobs: of such a capture, tsharks at once; None to choose
    :raises UsageFailure: when it cannot be read, or options are given that nobody acts on
    :raises TsharkFailure: when there is no tshark
    """
    readers = guarded_readers(registry, report)
    if name == STANDARD:
        source: Source | None = standard_input(readers.values(), interruption, readers[output])
    else:
        source = text_file(name, readers.values(), interruption, readers[output])
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
    name: str, registry: Registry, interruption: Interruption, options: Options, asking: Asking, jobs: int | None
) -> Source:
    """A capture of which tshark prints some fields only."""
    from .frames import frames
    from .readers.flat import FlatReader, mixed_filter
    from .tshark import WholeFrames, find

    path = find()
    bytes_at_hand = frames(Path(name)) is not None
    asked, running, one_job = _started(path, name, asking(path, bytes_at_hand), options, jobs)

    def looked_again(chosen: str) -> WholeFrames:
        return WholeFrames(path, name, chosen, options, columns=bool(asked.columns))

    def make_flat(layers: Mapping[str, Layer], report: Callable[[Problem], None], *_: object) -> FlatReader:
        if not asked.together:  # everything is asked of tshark
            return FlatReader(layers, report, asked, whole)
        from .readers.headers import HeadersReader

        return HeadersReader(layers, report, asked, whole, frames(Path(name)) or iter(()))

    if not asked.together:
        whole = looked_again(mixed_filter(registry.layers))
    else:
        from .readers.headers import again_filter

        whole = looked_again(again_filter(registry.layers, asked.together))
    return Source(
        name,
        msgspec.structs.replace(registry.readers["ek"], make=make_flat),
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
