"""`labdissect plugins new NAME`: a plugin that works, with its test, to be changed into one's own."""

from __future__ import annotations

import click

from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import WholeNumber, shared


@click.command("new")
@click.argument("name", metavar="NAME")
@click.option("--package", is_flag=True, help="A package to be installed with pip, with its entry point.")
@click.option("-w", "folder", metavar="DIR", default=".", help="Write there instead of the working directory.")
@click.option(
    "--port", type=WholeNumber(1, 65535), metavar="PORT", default=9002, show_default=True, help="Its UDP port."
)
@shared
def command(invocation: Invocation, name: str, package: bool, folder: str, port: int) -> None:
    """A new plugin: a protocol over UDP, a verdict in both languages, an analyzer, and their test.

    Writes NAME.py and test_NAME.py, or with --package a folder NAME. Nothing is overwritten.
    """
    from labdissect.bridge.page import Page
    from labdissect.bridge.scaffold import next_steps, write_package, write_single

    write = write_package if package else write_single
    written = write(name, folder, port, invocation.registry.layers)
    page = Page()
    page.table([("wrote", str(path)) for path in written])
    page.blank()
    page.table(next_steps(written[0], package=package))
