"""`promptpack targets`: what each client can hold, and how that was checked."""

import json
import re
from collections.abc import Iterator

import click

from promptpack.cli.report import wrapped
from promptpack.cli.state import FORMATS, State, pass_state
from promptpack.output.gitattributes import gitattributes
from promptpack.reading.schema import SLUG
from promptpack.targets import TARGETS, Target
from promptpack.targets.table import WORDS, Holding, capability_table

_ICONS: dict[Holding, tuple[str, str]] = {
    "patterns": ("✓", "green"),
    "ask": ("✓", "green"),
    "deny": ("✓", "green"),
    "told": ("!", "yellow"),
    "not held": ("✗", "red"),
    "no tool": ("-", "blue"),
}


@click.command("targets")
@click.option("--format", "format_", type=click.Choice((*FORMATS, "gitattributes")))
@click.option(
    "--installed",
    multiple=True,
    metavar="NAME",
    help="With gitattributes: where this agent is installed, not built.",
)
@pass_state
def command(state: State, format_: str | None, installed: tuple[str, ...]) -> None:
    """Print what each client can hold of a policy, and how that was checked.

    The table is computed by compiling a policy for each capability and reading the file back.
    As gitattributes, print the lines that tell git and a forge which files are generated.
    """
    if installed and format_ != "gitattributes":
        raise click.UsageError("--installed goes with --format gitattributes.")
    if unusable := [name for name in installed if not re.fullmatch(SLUG, name)]:
        raise click.UsageError(f"'{unusable[0]}' is not the name of an agent.")
    if format_ == "gitattributes":
        click.echo(gitattributes(installed), nl=False)
        return
    _print_table(format_ or state.format)


def _print_table(format_: str) -> None:
    table = capability_table()
    if format_ == "json":
        data = [_data(target, table[name]) for name, target in TARGETS.items()]
        click.echo(json.dumps({"schema_version": 1, "targets": data}, indent=2))
        return
    for name, target in TARGETS.items():
        click.echo(click.style(f"{name}", bold=True) + f"  {target.title}, {target.path}")
        for line in _lines(table[name]):
            click.echo(line)
        for line in wrapped("  checked: ", target.verified, 11):
            click.echo(line)


def _data(target: Target, row: dict[str, Holding]) -> dict[str, object]:
    return {
        "name": target.name,
        "title": target.title,
        "path": target.path,
        "verified": target.verified,
        "capabilities": row,
    }


def _lines(row: dict[str, Holding]) -> Iterator[str]:
    for holding, words in WORDS.items():
        if names := [name for name, held in row.items() if held == holding]:
            icon, colour = _ICONS[holding]
            lead = "  " + click.style(f"{icon} {words}: ", fg=colour)
            yield from wrapped(lead, ", ".join(names), 4)
