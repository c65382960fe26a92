"""`labdissect plugins`: what is loaded, from where, and what each adds."""

from __future__ import annotations

from typing import Any

import click

from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import shared


@click.command("plugins")
@click.option("--all", "everything", is_flag=True, help="The built-in ones, too.")
@shared
def command(invocation: Invocation, everything: bool) -> None:
    """Loaded plugins, where they came from, and the hooks they use."""
    from labdissect.bridge.page import Page

    registry = invocation.registry
    sources = registry.sources
    rows = []
    for name, plugin in registry.manager.list_name_plugin():
        source = sources.get(name, "built in")
        if everything or source != "built in":
            rows.append((name, source, ", ".join(_hooks(registry.manager, plugin))))
    page = Page()
    page.table(rows)
    if not everything:
        built_in = sum(source == "built in" for source in sources.values())
        page.paragraph(f"{len(rows)} plugins besides the {built_in} built-in ones (--all lists those)")


def _hooks(manager: Any, plugin: object) -> list[str]:
    """The hooks that a plugin implements, without their common beginning."""
    callers = manager.get_hookcallers(plugin) or ()
    return sorted(caller.name.removeprefix("labdissect_") for caller in callers)
