"""`promptpack schema`: the JSON Schemas of the input files and of what commands report."""

import click

from promptpack.cli.choices import Choices
from promptpack.reading.file_models import FILE_MODELS, make_json_schema
from promptpack.reporting.console import print_json
from promptpack.reporting.json_schemas import REPORTS


@click.command("schema")
@click.argument("kind", metavar="KIND", type=Choices((*FILE_MODELS, *REPORTS)))
def command(kind: str) -> None:
    """Print a JSON Schema (2020-12).

    KIND is an input file (pack, project, model, policy, fragment), for editors, or a command, for
    what it prints with --format json.
    """
    print_json(make_json_schema(FILE_MODELS.get(kind) or REPORTS[kind]))
