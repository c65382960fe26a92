"""pcapng: the capture's own packets, byte for byte, with their verdicts as packet comments, for Wireshark.

The first comment of a packet is its headline, the second its highest severity and its codes in the order of the
comments (``warn tcp.loss.rto tcp.data.segment``), the others are the rest of its verdicts, then what later packets or
the end told of it, then the fields of plugins' layers. Each ends with ``[labdissect]``: by that, comments of an earlier
run are found and replaced. Comments that others wrote stay, behind ours.

``frame.comment`` shows them in tshark and in display filters: ``frame.comment contains " tcp.loss."``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.writer import WriterFormat, WriterSettings

if TYPE_CHECKING:
    from labdissect.bridge.pcapng.writer import PcapngWriter


def make(out: BinaryIO, settings: WriterSettings) -> PcapngWriter:
    """Imports it only now: few runs write pcapng."""
    from labdissect.bridge.pcapng.writer import PcapngWriter

    return PcapngWriter(out, settings)


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    said = "the capture with its verdicts as packet comments, for Wireshark"
    return [WriterFormat("pcapng", said, make, joins=False, waits=None, of_capture=True, binary=True, fields=())]
