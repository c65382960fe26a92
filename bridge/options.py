"""The options of the main job, in the order of ``--help``."""

from __future__ import annotations

import click

SEVERITIES = ("chat", "note", "warn", "error")
"""As plugins/rule.py has them, without its imports; a test compares them."""

OUTPUT = "FORMAT"

LANGUAGE = click.Option(
    ["--lang", "language"],
    type=click.Choice(["en", "zh"]),
    help="Language of verdicts and messages; else the locale's on a terminal, English elsewhere.",
)
PLUGIN = click.Option(
    ["--plugin"],
    multiple=True,
    metavar="FILE",
    help="A plugin: a Python file or an installed module. Repeatable; also in LABDISSECT_PLUGINS.",
)

OPTIONS: list[click.Parameter] = [
    click.Option(
        ["-o", "output"],
        multiple=True,
        metavar="FORMAT",
        help="Output: ek, pdml, table, tsv, csv, jsonl, conversations. With a colon (tcp.relative_sequence_numbers:FALSE) "
        "it is a preference for tshark, as its own -o.",
    ),
    click.Option(["-w", "destination"], metavar="FILE", help="Write there instead of standard output."),
    LANGUAGE,
    click.Option(["--columns"], metavar="NAME,…", help="Columns of table, tsv and csv."),
    click.Option(["--only"], multiple=True, metavar="CODE,…", help="Only these verdicts; tcp.fin is all of tcp.fin.…"),
    click.Option(["--ignore"], multiple=True, metavar="CODE,…", help="Not these verdicts."),
    click.Option(
        ["--min-severity", "least"],
        type=click.Choice(SEVERITIES),
        default=SEVERITIES[0],
        help="Only verdicts at least this severe.",
    ),
    PLUGIN,
    click.Option(
        ["-Y", "display_filter"], metavar="FILTER", help="Show these packets; verdicts are made from all (captures only)."
    ),
    click.Option(["-d", "decode_as"], multiple=True, metavar="RULE", help="For tshark: decode as (tcp.port==8000,http)."),
    click.Option(["-2", "two_passes"], is_flag=True, help="For tshark: two passes."),
    click.Option(
        ["--color"], type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours; NO_COLOR is respected."
    ),
]
