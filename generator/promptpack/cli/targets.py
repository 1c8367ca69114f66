"""`promptpack targets`: what each client supports, and how that was checked."""

import re
from collections.abc import Iterator

import click

from promptpack.cli.choices import Choices
from promptpack.cli.names import complete_packs
from promptpack.cli.report import wrap_text
from promptpack.cli.state import FORMATS, State, pass_state
from promptpack.output.gitattributes import make_gitattributes, make_prettierignore
from promptpack.reading.regexes import SLUG_REGEX
from promptpack.reporting.console import (
    Color,
    print_data,
    print_json,
    print_line,
    print_lines,
    style,
)
from promptpack.targets import TARGETS, Target
from promptpack.targets.other_clients import OTHER_CLIENTS
from promptpack.targets.table import ENFORCEMENT_WORDS, Enforcement, make_capability_table

_ICONS: dict[Enforcement, tuple[str, Color]] = {
    "patterns": ("✓", "green"),
    "ask": ("✓", "green"),
    "deny": ("✓", "green"),
    "told": ("!", "yellow"),
    "not held": ("✗", "red"),
    "no tool": ("-", "blue"),
}


_FILES = {"gitattributes": make_gitattributes, "prettierignore": make_prettierignore}
"""The formats that are lines for another tool's file, and who makes them."""


@click.command("targets")
@click.option("--format", "format_", type=Choices((*FORMATS, *_FILES)), help="Output format.")
@click.option(
    "--installed",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_packs,
    help=(
        "With --format gitattributes or prettierignore: the files of this agent where it is "
        "installed, not where it is built. May be repeated."
    ),
)
@pass_state
def command(state: State, format_: str | None, installed: tuple[str, ...]) -> None:
    """Print what each client can enforce, and how that was checked.

    The table is computed by compiling a policy for each capability and reading the file back.
    With --format gitattributes, print the lines that tell git and a forge which files are
    generated; with --format prettierignore, those that keep a formatter from them.
    """
    if installed and format_ not in _FILES:
        raise click.UsageError("--installed needs --format gitattributes or prettierignore.")
    if invalid_names := [name for name in installed if not re.fullmatch(SLUG_REGEX, name)]:
        raise click.UsageError(f"'{invalid_names[0]}' is not a valid agent name.")
    if format_ in _FILES:
        print_data(_FILES[format_](installed))
        return
    _print_table(format_ or state.format)


def _print_table(format_: str) -> None:
    table = make_capability_table()
    if format_ == "json":
        data = [_make_data(target, table[name]) for name, target in TARGETS.items()]
        others = [one._asdict() for one in OTHER_CLIENTS.values()]
        print_json({"schema_version": 1, "targets": data, "others": others})
        return
    for name, target in TARGETS.items():
        print_line(style(f"{name}", bold=True) + f"  {target.title}, {target.path}")
        if target.is_named_only:
            print_line("  built only for packs and projects that name it")
        print_lines(_format_capabilities(table[name]))
        print_lines(wrap_text("  checked: ", target.verified, 11))
    for other in OTHER_CLIENTS.values():
        print_line(style(other.name, bold=True) + "  no target")
        print_lines(wrap_text("  ", other.hint, 2))
        print_lines(wrap_text("  checked: ", other.check, 11))


def _make_data(target: Target, row: dict[str, Enforcement]) -> dict[str, object]:
    return {
        "name": target.name,
        "title": target.title,
        "path": target.path,
        "verified": target.verified,
        "check": target.check._asdict(),
        "is_named_only": target.is_named_only,
        "read_by": [*target.read_by],
        "capabilities": row,
    }


def _format_capabilities(row: dict[str, Enforcement]) -> Iterator[str]:
    for holding, words in ENFORCEMENT_WORDS.items():
        if names := [name for name, value in row.items() if value == holding]:
            icon, color = _ICONS[holding]
            lead = "  " + style(f"{icon} {words}: ", color)
            yield from wrap_text(lead, ", ".join(names), 4)
