"""Every hook of labdissect: the whole menu of what a plugin can add.

A plugin is a module (one Python file will do) with functions of these names, each marked ``@hookimpl``. The built-in
layers, rules and writers come through the same hooks. Each says below when it is called: once at start, in the order of
this page, or once for each input; no hook is called per packet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from labdissect.dissectors.layer import Layer

    from .analyzer import Analyzer, Settings
    from .column import Column
    from .rule import Rule
    from .writer import ReaderFormat, Summary, WriterFormat

hookspec = pluggy.HookspecMarker("labdissect")
hookimpl = pluggy.HookimplMarker("labdissect")


class Hooks:
    """The hooks; each returns what the plugin adds, and nothing or an empty list when it adds nothing."""

    @hookspec
    def labdissect_layers(self) -> Sequence[Layer]:  # type: ignore[empty-body]
        """Protocol layers, each a Construct ``Struct`` with names. Called once at start; all results are joined.

        A name that another plugin has already is an error that names it. A name that Wireshark has, too, is found by
        ``labdissect plugins check``."""

    @hookspec
    def labdissect_rules(self) -> Sequence[Rule]:  # type: ignore[empty-body]
        """Rules that the plugin's analyzers (or others') may fire. Called once at start; all results are joined.

        A code that exists already is an error that names the plugin that has it."""

    @hookspec
    def labdissect_analyzers(self, settings: Settings) -> Sequence[Analyzer]:  # type: ignore[empty-body]
        """Analyzers for one input. Called once for each input, so that state starts fresh; all results are joined, and
        for one packet they run in this order: built-ins first, then plugins as they were loaded."""

    @hookspec
    def labdissect_columns(self) -> Sequence[Column]:  # type: ignore[empty-body]
        """Named values of a packet, for ``--columns`` and, where the column asks for it, every output. Called once at
        start; all results are joined."""

    @hookspec
    def labdissect_writers(self) -> Sequence[WriterFormat]:  # type: ignore[empty-body]
        """Output formats for ``-o``. Called once at start; all results are joined."""

    @hookspec
    def labdissect_readers(self) -> Sequence[ReaderFormat]:  # type: ignore[empty-body]
        """Input formats, asked in turn whether they know the first bytes of the input. Called once at start."""

    @hookspec
    def labdissect_commands(self, cli: click.Group) -> None:
        """Adds commands to the command line. Called once at start, after all plugins are loaded."""

    @hookspec
    def labdissect_finish(self, summary: Summary) -> None:
        """Told what was read and found, after the last output. Called once an input."""
