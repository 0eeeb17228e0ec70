"""`dst`: the group, its options, and what becomes of an error."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import traceback
import warnings
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import click

from semops_data import __version__
from semops_data.cli.console import visible
from semops_data.cli.errors import INTERRUPTED, explain, nearest

# Each command's module, in the order of the help; the attribute is `command`.
COMMANDS = (
    "run",
    "score",
    "label",
    "experiments",
    "benchmark",
    "contradictions",
    "generate",
    "synth",
    "profile",
    "project",
    "lake",
    "lineage",
    "track",
    "registry",
    "dictionary",
    "info",
    "warehouse",
    "doctor",
    "ui",
)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in reading order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        loaded = import_module(f"semops_data.cli.{cmd_name}").command
        assert isinstance(loaded, click.Command)  # noqa: S101
        return loaded

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown name gets the nearest ones.

        Raises:
            click.UsageError: where there is no such command.
        """
        if args and args[0] not in COMMANDS:
            close = nearest(args[0], COMMANDS)
            hint = f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(COMMANDS)}"
            raise click.UsageError(f"no command {args[0]!r}{hint}", ctx=ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="dst", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def dst(debug: bool) -> None:
    """semops-data: does our knowledge still mean what we think it means?

    Exit codes: 0 all well, 1 the work failed or a blocking check did, 2 wrong usage or configuration.
    """
    del debug  # `main` has taken it off the arguments, wherever it stood


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    given = sys.argv[1:] if arguments is None else arguments
    args = [argument for argument in given if argument != "--debug"]
    if len(args) == len(given):
        # What libraries say to developers is no news to the user of a command.
        warnings.simplefilter("ignore")
    try:
        result = dst.main(args=args, prog_name="dst", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted: what was finished is kept, and the next run goes on from there", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has gone; nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001
        sys.exit(_report(error, debug=len(args) < len(given)))
    sys.exit(result if isinstance(result, int) else 0)


def _report(error: Exception, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    code, message = explain(error)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
    click.echo(visible(f"error: {message}"), err=True)
    if not debug and not isinstance(error, click.ClickException) and code == 1:
        click.echo("       `dst --debug ...` shows where it happened", err=True)
    return code


def entry() -> NoReturn:
    """Run the command line as a process of its own."""
    code: object = 0
    try:
        main()
    except SystemExit as leaving:
        code = leaving.code
    # What libraries left to do, as the interpreter would: it has no public name.
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        # The reader may have gone.
        with suppress(OSError, ValueError):
            stream.flush()
    # The end of the interpreter is left out: a native thread that lets go of a Python object meanwhile (Arrow's, of a
    # table on an object store) aborts a process whose work is done.
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    entry()
