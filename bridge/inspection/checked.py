"""The whole look at a plugin: loaded, its definitions, its code, its work on captures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import click

from labdissect.bridge.decode_as import places
from labdissect.bridge.failures import TsharkFailure
from labdissect.bridge.guarded import called, place
from labdissect.bridge.trial import alone
from labdissect.bridge.tshark_options import Options
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.guard import GuardedAnalyzer
from labdissect.plugins.registry import PluginError, Registry

from .author import AuthorsFiles, Finding, Place
from .definitions import (
    Added,
    about_analyzer,
    about_column,
    about_hooks,
    about_layer,
    about_rule,
    about_wireshark,
    tables,
)
from .observation import Observation
from .verdict_calls import about_verdicts


@dataclass
class Check:
    """What came of it."""

    findings: list[Finding] = field(default_factory=list)
    added: Added | None = None
    """None when it could not be loaded."""
    analyzers: Sequence[GuardedAnalyzer] = ()
    commands: Sequence[click.Command] = ()
    """Those that it adds to the command line."""
    observation: Observation | None = None
    """None when there was no capture, or the plugin could not be loaded."""
    left_out: list[str] = field(default_factory=list)
    """What could not be looked at, and why."""


def checked(
    plugin: str,
    captures: Sequence[str],
    beside: Sequence[str],
    options: Options,
    settings: Mapping[str, str],
    decode_as: Sequence[str] = (),
) -> Check:
    """Looks at a plugin.

    :param plugin: a file or a module's name
    :param beside: other plugins that it needs
    :param options: for tshark
    :param settings: the plugin's own
    :param decode_as: ``--decode-as``
    :raises UsageFailure: when a capture cannot be read, or ``decode_as`` names what there is not
    :raises TsharkFailure: when a capture needs tshark, and it is missing or cannot read it
    """
    check = Check()
    try:
        registry = alone(plugin, beside)
        chosen = Settings(options=dict(settings), decode_as=places(decode_as, registry))
        name = list(registry.sources)[-1]
        module = registry.manager.get_plugin(name)
        assert isinstance(module, ModuleType)
        files = AuthorsFiles(module, plugin)
        check.added = Added.by(name, registry)
        check.analyzers = [one for one in registry.analyzers(chosen) if isinstance(one, GuardedAnalyzer)]
    except PluginError as error:
        itself = error.file is None or Path(error.file).resolve() == Path(plugin).resolve()
        check.findings.append(Place(plugin if itself else str(error.file), error.line).error(error.reason))
        return check
    check.findings += _definitions(registry, check, files)
    check.findings += _commands(check, files)
    if captures:
        check.observation = observation = Observation(registry, check.added, files)
        for capture in captures:
            observation.capture(capture, chosen, options)
        check.findings += [*observation.findings, *observation.lacking()]
    check.findings.sort(key=lambda one: (one.severity, one.file, one.line or 0))
    return check


def _commands(check: Check, files: AuthorsFiles) -> Iterator[Finding]:
    """Lets the plugin add its commands, as the command line does; one that cannot add them breaks every run."""
    hook = files.hook("labdissect_commands")
    if hook is None:
        return
    group = click.Group()
    try:
        called(hook, group)
    except Exception as error:
        yield files.whole.error(f"labdissect_commands failed: {place(error, hook)}")
    check.commands = list(group.commands.values())


def _definitions(registry: Registry, check: Check, files: AuthorsFiles) -> Iterator[Finding]:
    """All that is known without a packet."""
    added = check.added
    assert added is not None
    yield from about_hooks(files)
    for layer in added.layers.values():
        yield from about_layer(layer, files, tables(registry.layers.values()))
    for rule in added.rules.values():
        yield from about_rule(rule, files, registry.layers)
    for column in added.columns.values():
        yield from about_column(column, files)
    for analyzer in check.analyzers:
        yield from about_analyzer(analyzer, files, registry.layers)
    yield from about_verdicts(files)
    if added.layers:
        from labdissect.bridge.tshark import find
        from labdissect.bridge.wireshark_names import fields, protocols

        try:
            path = find()
            theirs = protocols(path), fields(path)
        except TsharkFailure as failure:
            check.left_out.append(f"names were not compared with Wireshark's: {failure}")
            return
        yield from about_wireshark(added.layers.values(), files, *theirs)
