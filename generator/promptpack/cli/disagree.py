"""`promptpack disagree`: where an agent still differs from client to client."""

import click

from promptpack.cli import report
from promptpack.cli.choices import format_suggestion
from promptpack.cli.names import complete_packs
from promptpack.cli.state import State, format_option, pass_state
from promptpack.importing.divergence import find_undecided, make_divergence_data
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.reading.project import load_project
from promptpack.reporting.console import print_json, print_line, style


@click.command("disagree")
@click.argument("packs", nargs=-1, shell_complete=complete_packs)
@click.option("--strict", is_flag=True, help="Exit with 1 if there is any.")
@format_option
@pass_state
def command(state: State, packs: tuple[str, ...], *, strict: bool) -> int:
    """Print where packs differ from client to client: permissions, text, descriptions.

    These are the differences that imported copies had, until somebody decides: what a pack says
    under `clients` goes before what it says for all.
    """
    project = load_project(state.root())
    for name in packs:
        if name not in project.packs:
            raise click.UsageError(f"No pack '{name}'.{format_suggestion(name, project.packs)}")
    found = [one for one in find_undecided(project) if not packs or one.pack in packs]
    if state.format == "json":
        data = {
            "schema_version": SCHEMA_VERSION,
            "disagreements": [make_divergence_data(one) for one in found],
        }
        print_json(data)
    elif not state.quiet:
        for one in found:
            lead = style(f"{one.pack} ", bold=True)
            for line in report.wrap_text(lead, f"{one.kind}: {one.detail}", 2):
                print_line(line)
        if not found:
            print_line("Every pack is the same in all of its clients")
    return int(strict and bool(found))
