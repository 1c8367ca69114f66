"""`promptpack schema`: the JSON Schemas of the input files and of what commands report."""

from pathlib import Path

import click

from promptpack.cli.choices import Choices
from promptpack.cli.state import State, pass_state
from promptpack.model import split_translation
from promptpack.reading.editor_schema import make_editor_schema
from promptpack.reading.file_models import FILE_MODELS, make_json_schema
from promptpack.reading.files import find_source_names
from promptpack.reading.root_finding import find_roots
from promptpack.reading.roots import KIND_WORDS
from promptpack.reporting.console import print_json
from promptpack.reporting.json_schemas import REPORTS


@click.command("schema")
@click.argument("kind", metavar="KIND", type=Choices((*FILE_MODELS, *REPORTS)))
@click.option("--project", is_flag=True, help="List the names of this project's files.")
@pass_state
def command(state: State, kind: str, *, project: bool) -> None:
    """Print a JSON Schema (2020-12).

    KIND is an input file (pack, project, model, policy, fragment), for editors, or a command, for
    what it prints with --format json. With --project, an editor also offers the packs, fragments,
    policies, models and layouts that the project can name.
    """
    if kind not in FILE_MODELS:
        if project:
            raise click.UsageError(f"--project needs an input file: {', '.join(FILE_MODELS)}.")
        print_json(make_json_schema(REPORTS[kind]))
        return
    print_json(make_editor_schema(kind, _list_names(state.root()) if project else None))


def _list_names(folder: Path) -> dict[str, list[str]]:
    """Return the names that the files of a project can refer to, by what they are of."""
    names: dict[str, list[str]] = {word: [] for word in KIND_WORDS.values()}
    for source_name in find_source_names(find_roots(folder)):
        is_translation = split_translation(source_name.name)[0]
        if not source_name.name.endswith(".md") and not is_translation:
            names[KIND_WORDS[source_name.kind]].append(source_name.name)
    return names
