"""The options of the main job, in the order of ``--help``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from .invocation import LANGUAGES, Invocation

SEVERITIES = ("chat", "note", "warn", "error")
"""As plugins/rule.py has them, without its imports; a test compares them."""


class WholeNumber(click.IntRange):
    """A click.IntRange that does not call what it wants an "integer range"."""

    name = "whole number"


class Number(click.FloatRange):
    """Likewise."""

    name = "number"


LANGUAGE = click.Option(
    ["--lang", "language"],
    type=click.Choice(LANGUAGES),
    help="Language of verdicts and messages; else the locale's on a terminal, English elsewhere.",
)
DECODE_AS = click.Option(
    ["--decode-as", "rebound"],
    multiple=True,
    metavar="RULE",
    help="Where a plugin's layer is found: udp.port==9000,labrdt.",
)
PLUGIN_TIMEOUT = click.Option(
    ["--plugin-timeout"],
    type=Number(min=0),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a plugin may take at one packet before it is switched off; 0 for ever.",
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
        help="Output: ek, pdml, table, markdown, tsv, csv, json, jsonl, parquet, conversations, pcapng. With a "
        "colon (tcp.desegment_tcp_streams:FALSE) it is a preference, handed on to tshark.",
    ),
    click.Option(["-w", "destination"], metavar="FILE", help="Write there instead of standard output."),
    LANGUAGE,
    click.Option(
        ["--columns"],
        metavar="NAME,…",
        help="Columns of table, markdown, tsv, csv, json, parquet: number,time,info,verdict,… or fields, tcp.seq.",
    ),
    click.Option(["--only"], multiple=True, metavar="CODE,…", help="Only these verdicts; tcp.fin is all of tcp.fin.…"),
    click.Option(["--ignore"], multiple=True, metavar="CODE,…", help="Not these verdicts."),
    click.Option(
        ["--min-severity", "least"],
        type=click.Choice(SEVERITIES),
        default=SEVERITIES[0],
        help="Only verdicts at least this severe.",
    ),
    click.Option(
        ["--subnet", "subnets"], multiple=True, metavar="PREFIX", help="A link that was captured: 172.24.58.38/19."
    ),
    click.Option(["--captured-on"], metavar="ADDRESS", help="An address of the host that captured."),
    PLUGIN,
    DECODE_AS,
    PLUGIN_TIMEOUT,
    click.Option(["--set", "settings"], multiple=True, metavar="NAME=VALUE", help="An option of a plugin's own."),
    click.Option(
        ["-Y", "display_filter"],
        metavar="FILTER",
        help="Show only these packets; verdicts are made from all.",
    ),
    click.Option(["-d", "decode_as"], multiple=True, metavar="RULE", help="For tshark: decode as, tcp.port==80,http."),
    click.Option(["-2", "two_passes"], is_flag=True, help="For tshark: two passes."),
    click.Option(
        ["--jobs"],
        type=WholeNumber(1, 64),
        metavar="N",
        help="tsharks at once for a capture FILE, where the output has no column Info: jsonl, conversations, pcapng. "
        "Else one for each core, up to 4, of 4 MB or more, and 1 of less.",
    ),
    click.Option(
        ["--color"],
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        help="Colours in tables; NO_COLOR too.",
    ),
]


def shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command ``--lang`` and ``--plugin``, and as its first argument the :class:`Invocation` that they make."""

    @functools.wraps(function)
    def called(language: str | None, plugin: tuple[str, ...], **given: Any) -> Any:
        before = click.get_current_context().find_object(Invocation) or Invocation()
        return function(before.with_more(language, plugin), **given)

    parameters = getattr(called, "__click_params__", [])
    called.__click_params__ = [PLUGIN, LANGUAGE, *parameters]  # type: ignore[attr-defined]
    return called
