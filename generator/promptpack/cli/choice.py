"""One pack and one variant by name; a wrong name is a usage error."""

import click

from promptpack.cli.state import closest
from promptpack.model import Pack, Project


def chosen_pack(project: Project, name: str | None) -> str:
    """Return the pack's name; where none is given, the project has to have only one."""
    if name is None:
        if not project.packs:
            raise click.UsageError("The project has no pack yet.")
        if len(project.packs) > 1:
            raise click.UsageError(f"Name a pack: {', '.join(project.packs)}.")
        return next(iter(project.packs))
    if name not in project.packs:
        raise click.UsageError(f"No pack '{name}'.{closest(name, project.packs)}")
    return name


def chosen_variant(pack: Pack, name: str | None) -> tuple[str, str]:
    """Return the model and policy of `<model>.<policy>`, else of the pack's default."""
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
