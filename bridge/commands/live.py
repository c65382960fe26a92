"""`labdissect live -i IFACE`: a table that follows what is captured now, and a summary when the capture ends."""

from __future__ import annotations

from typing import Any

import click

from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import OPTIONS, WholeNumber, shared

NOT_LIVE = {"display_filter", "two_passes", "jobs", "language", "plugin"}
"""Options of the main job that a live capture has no use for, or that every command has anyway."""


@click.command("live")
@click.option("-i", "interface", metavar="IFACE", help="Where to capture; else dumpcap's first interface.")
@click.option("-f", "capture_filter", metavar="FILTER", help="What to capture, in libpcap's language: tcp port 80.")
@click.option("-c", "count", type=WholeNumber(min=1), metavar="N", help="End after so many packets.")
@click.option("-a", "conditions", multiple=True, metavar="duration:S", help="End after so many seconds.")
@shared
def command(
    invocation: Invocation,
    interface: str | None,
    capture_filter: str | None,
    count: int | None,
    conditions: tuple[str, ...],
    **given: Any,
) -> int:
    """Captures and says what each packet does as it comes; Ctrl-C ends it with a summary.

    On a terminal the space key holds the table; nothing is lost meanwhile. tshark's dumpcap captures.
    """
    import msgspec

    from labdissect.bridge import dumpcap, tshark
    from labdissect.bridge.live import CaptureInterruption, LiveTshark
    from labdissect.bridge.request import request
    from labdissect.bridge.source import Source

    from .annotate import is_terminal, say_contested
    from .live_job import LiveJob

    registry = invocation.registry
    asked = request({**given, "display_filter": None, "two_passes": False}, registry)
    asked = msgspec.structs.replace(asked, format=asked.format or "table")
    path = tshark.find()
    capturing = dumpcap.find(path)
    name = interface or next((one.name for one in dumpcap.interfaces(capturing)), "the first interface")
    job = LiveJob(invocation, asked, (name,), is_terminal(asked), interruption=CaptureInterruption())
    say_contested(registry, asked, job.problems)
    with job.interruption.installed():
        ends = ["-c", str(count)] if count else []
        for condition in conditions:
            ends += ["-a", condition]
        format = job.format_for("ek")
        reader = "ek" if not format.accepts or "ek" in format.accepts else format.accepts[0]
        capture = dumpcap.Dumpcap(capturing, interface, capture_filter, ends)
        running = LiveTshark(path, capture, reader, asked.options, columns=not format.accepts)
        job.interruption.stops(running.stop_capture)
        source = Source(name, registry.readers[reader], running.stream, tshark=running, interruption=job.interruption)
        return job.annotated(source, name)


command.params += [option for option in OPTIONS if option.name not in NOT_LIVE]
