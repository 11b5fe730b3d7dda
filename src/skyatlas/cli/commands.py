"""This file is the command line's tree: a command's module is loaded when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli import COMMANDS, HELP
from skyatlas.cli.arguments import with_minus_signs
from skyatlas.cli.options import Code, common
from skyatlas.errors import AtlasError, BadInput, Refused
from skyatlas.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence


class Commands(click.Group):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of a day's work."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load it."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"skyatlas.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def get_help(self, ctx: click.Context) -> str:
        """The same text as without click."""
        del ctx
        return HELP

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the command that was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"no command {args[0]!r}{hint}", ctx) from error


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="skyatlas %(version)s")
@common
def skyatlas() -> None:
    """One question to every astronomical archive, one honest answer, files that cannot lie."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    try:
        code: Any = skyatlas.main(
            with_minus_signs(list(arguments)), prog_name="skyatlas", standalone_mode=False
        )
        return code if isinstance(code, int) else Code.DONE
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show(sys.stderr)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; what is whole stays, the rest goes on when you run it again", err=True)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Code.DONE
    except AtlasError as error:
        return _explained(error)


def _explained(error: AtlasError) -> int:
    """One sentence for what was raised on purpose; a bug keeps its traceback."""
    click.echo(f"skyatlas: {error}", err=True)
    if isinstance(error, BadInput):
        return Code.USAGE
    return Code.LOGIN if isinstance(error, Refused) and error.login else Code.FAILED
