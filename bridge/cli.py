"""The command line: `labdissect [FILE…]` annotates, `labdissect COMMAND` does something else.

A first word that is the name of a command is that command; any other is a FILE (a file named ``why`` is ``./why``).
Commands and all they need are imported when they are asked for, as every start of the program pays for imports.
"""

from __future__ import annotations

import atexit
import codecs
import errno
import importlib
import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from labdissect import __version__

from .failures import DONE, INCOMPLETE, INTERRUPTED, Failure, UsageFailure
from .invocation import Invocation, definitions
from .options import OPTIONS

if TYPE_CHECKING:
    from labdissect.plugins.registry import Registry

COMMANDS = ("live", "wireshark", "batch", "why", "explain", "rules", "layers", "plugins", "elastic-mapping", "doctor")
"""Names of the files in commands/, in the order of ``--help``."""

PRINTING = ("why", "explain", "rules", "layers", "elastic-mapping", "doctor")
"""Those that do nothing but print: with standard output closed (``>&-``) they would seem to have answered."""


class FrontDoor(click.Group):
    """A group whose arguments are files unless the first one names a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Decides which of the two it is; options may come before and behind files."""
        given, rest, _ = self.make_parser(ctx).parse_args(args=list(args))
        ctx.obj = Invocation(given.get("language"), tuple(given.get("plugin") or ()))
        if rest and self.get_command(ctx, rest[0]) is not None:
            return super().parse_args(ctx, args)
        ctx.allow_interspersed_args = True
        left = click.Command.parse_args(self, ctx, args)
        ctx.obj = ctx.obj.said(ctx.params["language"], tuple(ctx.params["plugin"]))
        return left

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The built-in ones, then those of plugins."""
        return [*COMMANDS, *sorted(set(self._with_plugins(ctx).commands) - set(COMMANDS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a built-in one; asks plugins for any other."""
        if cmd_name in COMMANDS:
            module = importlib.import_module(f".commands.{cmd_name.replace('-', '_')}", __package__)
            command: click.Command = module.command
            return command
        return self._with_plugins(ctx).commands.get(cmd_name)

    def _with_plugins(self, ctx: click.Context) -> click.Group:
        """The group, once plugins have added their commands. Built-in ones add none, so they are not loaded for it."""
        invocation = ctx.ensure_object(Invocation)
        if not invocation.commands_added:
            invocation.commands_added = True
            if invocation.has_plugins:
                self._add_commands(invocation.registry)
        return self

    def _add_commands(self, registry: Registry) -> None:
        """:raises UsageFailure: when a plugin cannot add its own"""
        from .guarded import called, place

        for implementation in reversed(registry.manager.hook.labdissect_commands.get_hookimpls()):
            try:
                called(implementation.function, self)
            except Exception as error:
                why = f"labdissect_commands: {place(error, implementation.function)}"
                raise UsageFailure(f"plugin {implementation.plugin_name}: {why}") from error


@click.command(
    cls=FrontDoor,
    name="labdissect",
    params=list(OPTIONS),
    invoke_without_command=True,
    subcommand_metavar="[FILE… | COMMAND …]",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit: 0 all read; 2 wrong usage; 3 tshark missing or failed before any packet; 4 done, but the input was "
    "cut, had bad lines, or a plugin failed.",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, /, **given: Any) -> int | None:
    """What each packet does and why, as extra columns of tshark's output.

    \b
      tshark -r FILE -T ek | labdissect     EK JSON or PDML on a pipe
      labdissect FILE                       a capture, or EK or PDML in a file
    """
    if ctx.invoked_subcommand is not None:
        if sys.stdout is None and ctx.invoked_subcommand in PRINTING:
            raise UsageFailure("standard output is closed; there is nowhere to print to")
        return None
    with definitions():
        from .commands.annotate import annotate

    return annotate(ctx.obj, ctx.args, given)


def main() -> None:
    """Runs the command line and ends the process with the exit code of the contract."""
    _speak_utf8()
    code = code_of(sys.argv[1:])
    # taking the interpreter apart object by object would keep the shell waiting for another 25 ms
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _speak_utf8() -> None:
    """Where text goes to a file or a pipe it is UTF-8, as the outputs for programs are, whatever the locale says
    (Windows: cp1252, cp936); a terminal gets its own encoding, with escapes for what that has not."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not codecs.lookup(stream.encoding).name.startswith("utf"):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def code_of(arguments: list[str]) -> int:
    """Runs the command line; the exit code."""
    if "_LABDISSECT_COMPLETE" in os.environ:  # the shell asks for completions
        cli.main(arguments, prog_name="labdissect")
    try:
        # not cli.main: it turns a broken pipe into exit code 1
        with cli.make_context("labdissect", arguments) as ctx:
            code = cli.invoke(ctx)
        if sys.stdout is not None and not sys.stdout.closed:  # a plugin's writer may have closed it
            sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Failure as failure:
        from .problems import Problems

        Problems().say(str(failure))
        return failure.exit_code
    except BrokenPipeError:  # `| head`: whoever reads has enough, which is no error
        _no_more_output()
        return DONE
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _no_more_output()
        from .problems import Problems

        Problems().say(f"{error.filename or 'the output'}: {error.strerror}")
        return INCOMPLETE
    except (KeyboardInterrupt, click.Abort):
        _no_more_output()
        return INTERRUPTED
    return code if isinstance(code, int) else DONE


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a disk that takes no more says; any other error of a file that a command did not expect is a crash."""


def _no_more_output() -> None:
    """Python flushes stdout when it ends, and would complain that nobody reads it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
