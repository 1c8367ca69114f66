"""`promptpack show`: one rendered file on stdout."""

import click

from promptpack.build import build_project
from promptpack.cli.choice import choose_pack, choose_target, choose_variant
from promptpack.cli.names import complete_packs_or_variants, complete_targets, complete_variants
from promptpack.cli.state import State, pass_state
from promptpack.reading.project import load_project
from promptpack.rendering.variants import Selection
from promptpack.reporting.console import print_data


@click.command("show")
@click.argument("pack", required=False, shell_complete=complete_packs_or_variants)
@click.argument("variant", required=False, shell_complete=complete_variants)
@click.option(
    "--target",
    shell_complete=complete_targets,
    help="The client; default: opencode, if the pack has it.",
)
@pass_state
def command(state: State, pack: str | None, variant: str | None, target: str | None) -> None:
    """Print the file of one variant for one client.

    VARIANT is `<model>.<policy>`; default: the pack's default. PACK is optional if the project has
    only one.
    """
    if pack and variant is None and "." in pack:
        pack, variant = None, pack
    project = load_project(state.root())
    name = choose_pack(project, pack)
    model, policy = choose_variant(project.packs[name], variant)
    client = choose_target(project, project.packs[name], target)
    for artifact in build_project(project, Selection((name,), (model,), (policy,), (client,))):
        print_data(artifact.content)
