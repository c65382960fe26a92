"""`labdissect plugins check FILE CAPTURE…`: what a plugin adds and finds, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import shared

if TYPE_CHECKING:
    from labdissect.bridge.inspection.author import Finding
    from labdissect.bridge.inspection.checked import Check
    from labdissect.bridge.inspection.definitions import Added
    from labdissect.bridge.inspection.observation import Observation, Seen
    from labdissect.bridge.page import Page


@click.command("check")
@click.argument("file", metavar="FILE")
@click.argument("captures", metavar="[CAPTURE…]", nargs=-1)
@click.option("-d", "decode_as", multiple=True, metavar="RULE", help="For tshark: decode as.")
@click.option("--decode-as", "rebound", multiple=True, metavar="RULE", help="Where its layer is found.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="An option of the plugin's own.")
@shared
def command(
    invocation: Invocation,
    file: str,
    captures: Sequence[str],
    decode_as: Sequence[str],
    rebound: Sequence[str],
    settings: Sequence[str],
) -> int:
    """Loads the plugin FILE, runs it alone over CAPTUREs, and says what it adds, what it finds, what it lacks.

    Each finding begins with the author's file and line. Exit code 4 when there are errors, 0 with warnings only.
    """
    from labdissect.bridge.failures import DONE, INCOMPLETE
    from labdissect.bridge.inspection.author import ERROR
    from labdissect.bridge.inspection.checked import checked
    from labdissect.bridge.page import Page
    from labdissect.bridge.request import pairs
    from labdissect.bridge.tshark_options import Options

    check = checked(file, captures, invocation.plugins, Options(tuple(decode_as)), pairs(settings), rebound)
    page = Page()
    if check.added is not None:
        _adds(page, file, check.added, check)
    if check.observation is not None:
        page.blank()
        _found(page, check.observation)
    if check.added is not None:
        page.blank()
    for sentence in check.left_out:
        page.paragraph(sentence)
    _findings(page, check.findings)
    return INCOMPLETE if any(one.severity == ERROR for one in check.findings) else DONE


def _adds(page: Page, file: str, added: Added, check: Check) -> None:
    """What the plugin gives to labdissect."""
    rows = [
        ("  layer", layer.name, f"{_over(layer.over)}; fields {', '.join(one.name for one in layer.fields)}")
        for layer in added.layers.values()
    ]
    rows += [("  rule", rule.code, f"{rule.severity}, about {rule.layer}") for rule in added.rules.values()]
    rows += [("  analyzer", one.name, f"of {', '.join(one.layers) or 'no'} packets") for one in check.analyzers]
    rows += [("  column", column.name, column.title.en) for column in added.columns.values()]
    rows += [("  output", writer.name, writer.description) for writer in added.writers.values()]
    rows += [("  input", reader.name, reader.description) for reader in added.readers.values()]
    rows += [("  command", command.name or "", command.get_short_help_str()) for command in check.commands]
    page.heading(f"{file} adds" if rows else f"{file} adds nothing")
    page.table(rows)


def _over(over: Sequence[tuple[str, object]]) -> str:
    return f"over {', '.join(f'{table} {value}' for table, value in over)}" if over else "of tshark's own"


def _found(page: Page, observation: Observation) -> None:
    """What it found in the captures."""
    captures, packets = observation.captures, observation.packets
    page.heading(f"in {captures} capture{'s' if captures > 1 else ''}, {packets:,} packets")
    rows = [("  layer", name, _often(seen, "packet")) for name, seen in observation.layers.items()]
    rows += [("  rule", code, _often(seen, "time")) for code, seen in sorted(observation.rules.items())]
    rows += [("  column", name, _often(seen, "packet")) for name, seen in observation.columns.items()]
    rows += [
        ("  analyzer", name, f"{cost.packets:,} packet{'s' if cost.packets != 1 else ''}{_each(cost.microseconds)}")
        for name, cost in observation.costs.items()
        if cost.packets
    ]
    rows += [("  output", name, f"{size:,} bytes") for name, size in observation.written.items()]
    page.table(rows or [("  nothing of it", "")])


def _each(microseconds: float | None) -> str:
    return "" if microseconds is None else f", {microseconds:.1f} µs each"


def _often(seen: Seen, unit: str) -> str:
    """``3 times, first at frame 9 of lab.pcapng: …``."""
    count = f"{seen.count:,} {unit}" + ("s" if seen.count != 1 else "")
    where = f"frame {seen.frame}" if seen.frame is not None else "the end"
    return f"{count}, first at {where} of {seen.capture}" + (f": {seen.text}" if seen.text else "")


def _findings(page: Page, findings: Sequence[Finding]) -> None:
    """One a line, unbroken, so that editors find the place."""
    from labdissect.bridge.escape import visible

    counts = {"error": 0, "warning": 0}
    for finding in findings:
        counts[finding.severity] += 1
        click.echo(visible(str(finding)))
    if not findings:
        page.paragraph("nothing to complain about")
        return
    page.paragraph(", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items() if count))
