"""`promptpack schema`: the JSON Schemas of the input files, for editors."""

import json

import click

from promptpack.schema import FILES, json_schema


@click.command("schema")
@click.argument("kind", type=click.Choice(tuple(FILES)))
def command(kind: str) -> None:
    """Print the JSON Schema (2020-12) of one kind of input file."""
    click.echo(json.dumps(json_schema(kind), indent=2))
