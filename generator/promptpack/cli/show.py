"""`promptpack show`: one rendered file on stdout."""

import sys

import click

from promptpack.build import build
from promptpack.cli.state import State, closest, pass_state
from promptpack.load import load
from promptpack.model import Pack
from promptpack.resolve import Selection


@click.command("show")
@click.argument("pack", required=False)
@click.argument("variant", required=False)
@click.option("--target", default="opencode", show_default=True, help="The client.")
@pass_state
def command(state: State, pack: str | None, variant: str | None, target: str) -> None:
    """Print the file of one VARIANT (`<model>.<policy>`, else the pack's default) for one client.

    PACK may be left out where the project has only one.
    """
    project = load(state.root())
    if pack is None:
        if len(project.packs) != 1:
            raise click.UsageError(f"Name a pack: {', '.join(project.packs) or 'there is none'}.")
        pack = next(iter(project.packs))
    if pack not in project.packs:
        raise click.UsageError(f"No pack '{pack}'.{closest(pack, project.packs)}")
    model, policy = _variant(project.packs[pack], variant)
    selection = Selection((pack,), (model,), (policy,), (target,))
    for artifact in build(project, selection):
        sys.stdout.buffer.write(artifact.content)
        sys.stdout.flush()


def _variant(pack: Pack, name: str | None) -> tuple[str, str]:
    if name is None:
        return pack.default
    known = [
        f"{model}.{policy}"
        for model in pack.models
        for policy in pack.policies
        if not any(condition.holds(model, policy) for condition in pack.exclude)
    ]
    if name not in known:
        raise click.UsageError(f"No variant '{name}' of {pack.name}.{closest(name, known)}")
    model, _, policy = name.partition(".")
    return model, policy
