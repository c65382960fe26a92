"""`labdissect batch`: many captures at once, on this machine's cores or on a cluster."""

from __future__ import annotations

from typing import Any

import click

from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import OPTIONS, WholeNumber


@click.command(
    "batch",
    params=[
        *(option for option in OPTIONS if option.name not in ("destination", "jobs", "color")),
        click.Option(
            ["-w", "destination"],
            required=True,
            metavar="FOLDER|FILE",
            help="A folder for an output each, or one FILE.jsonl, .csv or .tsv for all.",
        ),
        click.Option(["--jobs"], type=WholeNumber(1), metavar="N", help="Captures at once; else one for each core."),
        click.Option(
            ["--cluster"], metavar="ADDRESS", help="A Dask scheduler, tcp://host:8786; or local: one for this run."
        ),
        click.Option(["--results"], metavar="FILE", help="What became of each capture: FILE.jsonl or FILE.parquet."),
        click.Option(["--again"], is_flag=True, help="Read captures again that an earlier run has finished."),
        click.Argument(["names"], nargs=-1, required=True, metavar="CAPTURES…"),
    ],
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    names: tuple[str, ...],
    destination: str,
    jobs: int | None,
    cluster: str | None,
    results: str | None,
    again: bool,
    language: str | None,
    plugin: tuple[str, ...],
    **given: Any,
) -> int:
    """Annotates many captures: files, folders, patterns, URLs. One that fails never stops the others; a run that was
    interrupted goes on where it was.
    """
    from .annotate_many import annotate_many

    chosen = (ctx.find_object(Invocation) or Invocation()).with_more(language, plugin)
    return annotate_many(
        chosen, names, destination, jobs=jobs, cluster=cluster, results=results, again=again, given=given
    )
