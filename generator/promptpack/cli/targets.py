"""`promptpack targets`: what each client can hold, and how that was checked."""

import json
from collections.abc import Iterator

import click

from promptpack.cli.report import wrapped
from promptpack.cli.state import State, format_option, pass_state
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
@format_option
@pass_state
def command(state: State) -> None:
    """Print what each client can hold of a policy, and how that was checked.

    The table is computed by compiling a policy for each capability and reading the file back.
    """
    table = capability_table()
    if state.format == "json":
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
