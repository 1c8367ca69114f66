"""`promptpack show`: one rendered file, or the source of a template, on stdout."""

from pathlib import Path

import click

from promptpack.build import build_project
from promptpack.cli.choice import choose_pack, choose_source, choose_target, choose_variant
from promptpack.cli.names import complete_packs_or_variants, complete_targets, complete_variants
from promptpack.cli.state import State, pass_state
from promptpack.model import Project
from promptpack.reading.project import load_project
from promptpack.reading.root_finding import list_known_packs
from promptpack.reading.some_packs import load_packs
from promptpack.rendering.variants import select_variant
from promptpack.reporting.console import print_data, print_line
from promptpack.starting.library import describe_place, find_sources


@click.command("show")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=complete_packs_or_variants)
@click.argument("variant", required=False, shell_complete=complete_variants)
@click.option(
    "--target",
    shell_complete=complete_targets,
    help="The client; default: opencode, if the pack has it.",
)
@pass_state
def command(state: State, name: str | None, variant: str | None, target: str | None) -> None:
    """Print the file of one variant for one client, or the source of a template.

    NAME is a pack, or a fragment, policy, model or layout of the project or the standard library,
    such as `standards/type-safety` or `policy:read-only`. VARIANT is `<model>.<policy>`, or
    `<model>.<policy>.<language>` for a translation; default: the pack's default. A pack need
    not be named if the project has only one.
    """
    project = _load(state.root(), name, is_template=variant is None and target is None)
    if name is not None and target is not None:
        _refuse_template(project, name)
    if name is not None and name not in project.packs and variant is None:
        if target is None and not _is_variant(project, name):
            _print_source(state, project, name)
            return
        if "." in name:
            name, variant = None, name
    _warn_of_others(state, project, name)
    pack = choose_pack(project, name)
    chosen = choose_variant(project.packs[pack], variant)
    client = choose_target(project, project.packs[pack], target)
    for artifact in build_project(project, select_variant(pack, chosen, (client,))):
        print_data(artifact.content)


def _load(root: Path, name: str | None, *, is_template: bool) -> Project:
    """Return the project with what a name may be of: one pack, none, or all packs where in doubt.

    `is_template` tells that it can be that of a template.
    """
    if name in list_known_packs(root):
        return load_packs(root, (name,))
    project = load_packs(root, ()) if name and is_template else None
    return project if project and find_sources(project, str(name)) else load_project(root)


def _refuse_template(project: Project, name: str) -> None:
    """Raise UsageError for a template where a client was named: only packs are for a client."""
    sources = find_sources(project, name)
    if sources and name not in project.packs:
        word = sources[0].word
        raise click.UsageError(f"'{name}' is a {word}, and --target is for packs.")


def _is_variant(project: Project, name: str) -> bool:
    """Tell whether a name is meant as that of a variant: templates have no dot but in a path."""
    return "." in name and "/" not in name and not find_sources(project, name)


def _print_source(state: State, project: Project, name: str) -> None:
    source = choose_source(project, name, with_packs=True)
    print_data(project.sources[source.path])
    if not state.quiet:
        print_line(describe_place(project, source), err=True)
        if state.verbose:
            print_line(str(project.locate(source.path)), err=True)


def _warn_of_others(state: State, project: Project, name: str | None) -> None:
    """Say that templates have the name of a pack too."""
    others = find_sources(project, name) if name in project.packs and name is not None else []
    if others and not state.quiet:
        names = " or ".join(f"promptpack show {one.full_name}" for one in others)
        print_line(f"This is the pack '{name}'. There is also: {names}", err=True)
