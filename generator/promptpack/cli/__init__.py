"""The command line: words in, an exit code out. Each command is imported only when it is called."""

import importlib
import io
import keyword
import signal
import sys
from pathlib import Path

import click

from promptpack.cli.choices import Choices, format_suggestion
from promptpack.cli.state import COLORS, FORMATS, State, add_global_options
from promptpack.model import UserError
from promptpack.output.record import Look
from promptpack.reporting.console import (
    flush_streams,
    prepare_streams,
    print_line,
    print_lines,
    print_text,
)
from promptpack.version import __version__

COMMANDS = {
    "init": "Start a project in a folder.",
    "new": "Write a new pack.",
    "new-library": "Write a package of fragments and packs for other projects.",
    "build": "Render every variant for every client.",
    "check": "Check that the outputs match the sources.",
    "lint": "Report weak, risky or contradictory parts of the sources.",
    "diff": "Show what a change does to the rendered agents.",
    "accept": "Record a reviewed change, so that a gate passes it.",
    "list": "List packs and what they are made of.",
    "show": "Print a rendered file, or a template.",
    "eject": "Copy a template of the library into the project.",
    "targets": "Print what each client can enforce.",
    "explain": "Print where a line of an output comes from.",
    "impact": "Print every output that a source reaches.",
    "import": "Turn hand-kept agent files into packs.",
    "disagree": "Print where packs differ from client to client.",
    "audit": "Report what hand-kept agent files really allow.",
    "absorb": "Move an edit of an output into the sources.",
    "install": "Install one variant into a repository, or uninstall it.",
    "docs": "Build, serve or export the site.",
    "schema": "Print the JSON Schema of an input file.",
    "doctor": "Print what is installed and found.",
    "help": "Print a page of the guide.",
    "completion": "Print a shell completion script.",
}
WRITING_COMMANDS = (
    "build",
    "install",
    "absorb",
    "accept",
    "import",
    "init",
    "new",
    "new-library",
    "eject",
)
"""The commands of which it is worth saying that they wrote nothing."""


class _CommandGroup(click.Group):
    """Finds a command in the module of its name.

    That module becomes an attribute of this one, so `list` is not the built-in here.
    """

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, and report a user's mistake in the requested colours."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            from promptpack.cli import report  # noqa: PLC0415 - not for --version

            writes = ctx.invoked_subcommand in WRITING_COMMANDS
            outcome = report.NOTHING_WRITTEN if writes else ""
            report.print_user_error(error, outcome, verbose=ctx.obj.verbose)
            return 3 if any(finding.path for finding in error.findings) else 2

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        suffix = "_" if keyword.iskeyword(cmd_name) else ""
        module = importlib.import_module(f"promptpack.cli.{cmd_name.replace('-', '_')}{suffix}")
        return add_global_options(module.command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command '{args[0]}'.{format_suggestion(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-C", "directory", type=click.Path(path_type=Path), help="The project's folder.")
@click.option("--format", "format_", type=Choices(FORMATS), help="Output format.")
@click.option("--color", type=Choices(COLORS), default="auto", help="Whether to use colors.")
@click.option("-q", "--quiet", is_flag=True, help="Print only problems.")
@click.option("-v", "--verbose", is_flag=True, help="Print more detail.")
@click.version_option(__version__, prog_name="promptpack", message="%(prog)s %(version)s")
@click.pass_context
def program(  # noqa: PLR0913, PLR0917 - one parameter a global option
    context: click.Context,
    directory: Path | None,
    format_: str | None,
    color: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Render agents, authored once, for every model, tool policy and client."""
    arguments, looks = context.obj or ((), [])
    state = State(directory, format_ or "human", color, quiet, verbose, arguments, looks)
    context.obj = state
    context.color = state.choose_color()


def run(arguments: list[str], looks: list[Look] | None = None) -> int:
    """Return the exit code: 0 fine, 1 as asked, 2 usage, 3 no build, 4 internal or I/O.

    As in a shell, 128 and a signal's number tell what came from outside: 130 for an interrupt, 141
    where whoever read the output has left. `looks` has what was found at a record's places.
    """
    try:
        return _run(arguments, looks or [])
    except BrokenPipeError:
        return 141


def _run(arguments: list[str], looks: list[Look]) -> int:
    stdout = sys.stdout
    try:
        result = program.main(
            arguments, prog_name="promptpack", standalone_mode=False, obj=((*arguments,), looks)
        )
    except (click.Abort, KeyboardInterrupt):
        print_line("promptpack: interrupted", err=True)
        return 130
    except SystemExit:
        if sys.stdout is not stdout:  # click puts another there when the reader has left
            raise BrokenPipeError from None
        raise
    except Exception as error:
        return _report_failure(error)
    return result if isinstance(result, int) else 0


def _report_failure(error: Exception) -> int:
    if isinstance(error, click.ClickException):
        _print_usage_error(error)
        return 2
    if isinstance(error, OSError):
        prefix = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or str(error)
        print_line(f"promptpack: {prefix}{reason[:1].lower()}{reason[1:]}", err=True)
    else:
        import traceback  # noqa: PLC0415 - for errors of our own

        for part in traceback.format_exception(error):
            print_text(part, err=True)
    return 4


def _print_usage_error(error: click.ClickException) -> None:
    """Print how a command is called, which is our own text, and what was wrong, which quotes."""
    shown, message = io.StringIO(), error.format_message()
    click.UsageError("", getattr(error, "ctx", None)).show(shown)
    usage = shown.getvalue().removesuffix("\n")
    if isinstance(error, click.MissingParameter):  # quotes nothing, and lists choices line by line
        print_text(usage + message.expandtabs(2), err=True)
    else:
        *lines, last = usage.split("\n")
        print_lines([*lines, last + message], err=True)


def main(looks: list[Look] | None = None) -> None:
    """Run the program and leave with its exit code; `looks` is as `run` has it."""
    prepare_streams()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    code = run(sys.argv[1:], looks)
    flush_streams()
    sys.exit(code)
