"""`promptpack eject`: copy a template of the standard library into the project."""

import click

from promptpack.cli.choice import choose_source
from promptpack.cli.state import State, pass_state
from promptpack.importing.importer import write_contents
from promptpack.model.root import LIBRARY, PROJECT
from promptpack.reading.project import load_project
from promptpack.reporting.console import print_line
from promptpack.starting.library import copy_source


@click.command("eject")
@click.argument("name")
@pass_state
def command(state: State, name: str) -> None:
    """Copy a fragment, policy, model or layout of the standard library into the project.

    From then on the project uses its own copy, which you can edit. The outputs stay the same until
    you do. NAME is as in `promptpack list`; where it is that of two templates, write
    `policy:NAME`, for example.
    """
    root = state.root()
    project = load_project(root)
    source = choose_source(project, name)
    root_of_source = project.find_root(source.path)
    if root_of_source.name not in {PROJECT, LIBRARY}:
        message = f"{source.path} belongs to the {root_of_source.title}"
        raise click.UsageError(f"{message}: use it by the name '{source.name}'.")
    contents = copy_source(project, source)
    if not contents:
        raise click.UsageError(f"The {source.word} is the project's own already: {source.path}")
    write_contents(root, contents)
    if not state.quiet:
        for path in contents:
            print_line(f"Wrote {path}, which shadows {source.path}")
