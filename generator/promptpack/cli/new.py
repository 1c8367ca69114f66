"""`promptpack new`: a pack from a template, or a copy of another one."""

from collections.abc import Iterator, Mapping

import click

from promptpack.cli.choice import choose_pack
from promptpack.cli.init import format_accepted, format_slug_problem, print_written
from promptpack.cli.state import State, pass_state
from promptpack.git.repository import find_top
from promptpack.importing.importer import write_contents
from promptpack.model import KINDS, Kind, Project, is_in_project
from promptpack.reading.project import load_project
from promptpack.reporting.console import print_line, print_lines
from promptpack.starting.acceptances import Acceptances
from promptpack.starting.packs import (
    SCHEMAS,
    TEMPLATES,
    PackWish,
    add_acceptances,
    copy_pack,
    draft_pack,
    is_slug,
    list_own_agents,
)
from promptpack.starting.surroundings import find_used_targets


@click.command("new")
@click.argument("name")
@click.option("--from", "original", metavar="PACK", help="Copy this pack.")
@click.option("--template", type=click.Choice([*TEMPLATES]), help="What to begin with.")
@click.option("--kind", type=click.Choice(KINDS), help="An agent (the default), or a command.")
@click.option("--description", default="", help="What it is for, in a sentence.")
@pass_state
def command(
    state: State, /, name: str, original: str | None, kind: Kind | None, **texts: str | None
) -> None:
    """Write a new pack, packs/NAME, which builds as it is.

    It begins with a template (default: plain), or with --from as a copy of another pack of the
    project. A command is a prompt that a user calls by its name.
    """
    template, description = texts["template"], texts["description"] or ""
    root = state.root()
    project = load_project(root)
    _check_name(project, name)
    accepted: Acceptances = {}
    if original is None:
        has_schema = (root / SCHEMAS / "pack.json").is_file()
        template = _choose_template(template, kind)
        kind = TEMPLATES[template].kind
        wish = PackWish(template, description, has_schema=has_schema)
        draft = draft_pack(project, name, wish)
        used = {
            *find_used_targets(find_top(root)),
            *(t for one in project.shared.values() for t in one.targets),
        }
        contents, accepted = add_acceptances(draft, name, used), draft.acceptances
    elif template or kind or description:
        raise click.UsageError("Use --from without --template, --kind and --description.")
    else:
        contents = _copy(project, choose_pack(project, original), name)
        kind = project.packs[choose_pack(project, original)].kind
    for line in _iter_warnings(name, kind):
        print_line(line, err=True)
    write_contents(root, contents)
    if not state.quiet:
        print_written(state.shown(root / "packs" / name), len(contents))
        print_lines(format_accepted(accepted))
        print_line(f"Next: {' && '.join(_iter_next(project))}")


def _check_name(project: Project, name: str) -> None:
    """Raise UsageError for a name that no pack can have, or that one has."""
    if not is_slug(name):
        raise click.UsageError(format_slug_problem(name))
    if name in project.packs:
        raise click.UsageError(f"There is a pack '{name}' already.")


def _choose_template(template: str | None, kind: Kind | None) -> str:
    """Return what a pack begins with; raises UsageError for a template of the other kind."""
    if template is None:
        return "command" if kind == "command" else "plain"
    if kind and TEMPLATES[template].kind != kind:
        raise click.UsageError(f"The template '{template}' is for a pack of another kind.")
    return template


def _iter_warnings(name: str, kind: Kind) -> Iterator[str]:
    if titles := list_own_agents(name, kind):
        thing = "a command" if kind == "command" else "an agent"
        yield (
            f"Warning: {', '.join(titles)} has {thing} '{name}' of its own. A file of that name "
            f"replaces it or is ignored there; another name is safer."
        )


def _iter_next(project: Project) -> Iterator[str]:
    yield "promptpack build"
    if project.installations:
        yield "promptpack install"


def _copy(project: Project, original: str, name: str) -> Mapping[str, str]:
    path = project.packs[original].path
    if not is_in_project(path):
        title = project.find_root(path).title
        raise click.UsageError(f"'{original}' belongs to the {title}, so it can't be copied.")
    try:
        return copy_pack(project, project.packs[original], name)
    except ValueError as error:
        message = f"{error} has no line that begins with 'name:', so it can't be copied."
        raise click.UsageError(message) from None
