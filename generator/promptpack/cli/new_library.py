"""`promptpack new-library`: a Python package that brings fragments and packs to projects."""

from pathlib import Path

import click

from promptpack.cli.init import print_written
from promptpack.cli.state import State, pass_state
from promptpack.importing.importer import write_contents
from promptpack.output.folders import find_start_problem
from promptpack.reporting.console import print_line
from promptpack.source.disk import walk_folder
from promptpack.starting.new_library import draft_library


@click.command("new-library")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    help="The folder to write; default: NAME-prompts in the current one.",
)
@pass_state
def command(state: State, name: str, into: Path | None) -> None:
    """Write a Python package with a fragment, a policy and a pack for other projects.

    NAME is what stands before its names in projects that use it, such as `acme` in
    `acme:standards/plain-words`. The folder may not be there yet, or has to be empty.
    """
    try:
        contents = draft_library(name)
    except ValueError as error:
        raise click.UsageError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    folder = into or (state.directory or Path()) / f"{name}-prompts"
    problem = find_start_problem(folder)
    if not problem and any(walk_folder(folder, skips=lambda _: True)):
        problem = "it is not empty"
    if problem:
        raise click.UsageError(f"Can't write to '{folder}': {problem}.")
    write_contents(folder, contents)
    if not state.quiet:
        package = next(path for path in contents if path.endswith("__init__.py")).split("/")[0]
        print_written(state.shown(folder), len(contents))
        print_line(f"Next: promptpack -C {state.shown(folder / package)} build")
