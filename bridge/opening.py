"""Opens what the command line names: standard input, a file of EK or PDML, or tshark on a capture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .failures import UsageFailure
from .interruption import Interruption
from .source import Source, standard_input, text_file

if TYPE_CHECKING:
    from labdissect.plugins.registry import Registry

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
) -> Source:
    """Opens one input; who opens it closes it.

    :param options: for tshark, which a capture needs
    :param output: which reader's format tshark shall print, and what an empty standard input counts as
    :param columns: whether Wireshark's own columns are of use
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

        running = read_capture(find(), name, output, options, columns=columns)
        return Source(name, readers[output], running.stream, tshark=running, interruption=interruption)
    if options.any():
        source.close()
        raise UsageFailure(
            f"-Y, -d, -2 and preferences are tshark's to act on, and {source.name} is its output already; "
            "give them to tshark, or name the capture"
        )
    return source
