"""`labdissect plugins`: what is loaded, from where, and what each adds; ``new`` and ``check`` help authors."""

from __future__ import annotations

import importlib
from typing import Any

import click

from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import shared

COMMANDS = ("new", "check")
"""Names of the files beside this one."""


class ForAuthors(click.Group):
    """A command by itself, and the ones that help in writing a plugin, imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which an author needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports it."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f".{cmd_name}", __name__).command
        return command


@click.command("plugins", cls=ForAuthors, invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="The built-in ones, too.")
@shared
def command(invocation: Invocation, everything: bool) -> None:
    """Loaded plugins, where they came from, and the hooks they use; or one of the COMMANDs below."""
    context = click.get_current_context()
    if context.invoked_subcommand is not None:
        context.obj = invocation
        return
    from labdissect.bridge.claims import contested
    from labdissect.bridge.page import Page

    registry = invocation.registry
    sources = registry.sources
    rows = []
    for name, plugin in registry.manager.list_name_plugin():
        source = sources.get(name, "built in")
        if everything or source != "built in":
            rows.append((name, source, ", ".join(hooks(registry.manager, plugin))))
    page = Page()
    page.table(rows)
    for claim in contested(registry, {}):
        page.paragraph(claim)
    if not everything:
        built_in = sum(source == "built in" for source in sources.values())
        page.paragraph(f"{len(rows)} plugins besides the {built_in} built-in ones (--all lists those)")


def hooks(manager: Any, plugin: object) -> list[str]:
    """The hooks that a plugin implements, without their common beginning."""
    callers = manager.get_hookcallers(plugin) or ()
    return sorted(caller.name.removeprefix("labdissect_") for caller in callers)
