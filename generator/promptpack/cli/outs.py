"""Reports in files: the words of `--out` in, formats and files out."""

from collections.abc import Collection, Iterable
from pathlib import Path

import click

from promptpack.cli.choices import format_suggestion
from promptpack.cli.state import Command


def outs_option(command: Command) -> Command:
    """Give a command the option that writes its report to files."""
    return click.option(
        "--out",
        "outs",
        multiple=True,
        metavar="FORMAT=FILE",
        help="Write the report in this format to a file. May be repeated.",
    )(command)


def parse_outs(outs: Iterable[str], formats: Collection[str]) -> list[tuple[str, Path]]:
    """Return the format and the file of each FORMAT=FILE; raises UsageError for another word."""
    files = []
    for out in outs:
        name, _, path = out.partition("=")
        if name not in formats or not path:
            suggestion = format_suggestion(name, formats)
            raise click.UsageError(f"'{out}' is not FORMAT=FILE.{suggestion}")
        files.append((name, Path(path)))
    return files
