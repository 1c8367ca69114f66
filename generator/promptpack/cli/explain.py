"""`promptpack explain`: why a line of an output says what it says."""

import json
import re
from pathlib import Path

import click

from promptpack.build import build
from promptpack.cli.choice import chosen_pack, chosen_target, chosen_variant
from promptpack.cli.state import State, closest, format_option, out_option, pass_state
from promptpack.model import Artifact, Project
from promptpack.output.locate import Place, locate
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.provenance.explain import Step, explain
from promptpack.reading.project import load
from promptpack.redaction import veil
from promptpack.rendering.variants import Selection

_RULE = re.compile(r"PP[0-9]{1,4}", re.IGNORECASE)
_PLACE = re.compile(r"(?P<name>.+?):(?P<line>[1-9][0-9]*)")


@click.command("explain")
@click.argument("place", metavar="FILE:LINE|RULE")
@click.option("--target", help="For a variant: the client; default: opencode, if there.")
@out_option
@format_option
@pass_state
def command(state: State, place: str, target: str | None, out: Path | None) -> None:
    """Print the chain of origins of a line, or the page of a rule such as PP101.

    FILE is an output (as it is printed, or its path), a copy that `install` put into a repository,
    or a variant: `<model>.<policy>`, `<pack>/<model>.<policy>`.
    """
    if _RULE.fullmatch(place):
        click.echo(_page(place.upper()), nl=False)
        return
    match = _PLACE.fullmatch(place)
    if match is None:
        raise click.UsageError(f"'{place}' is not FILE:LINE, such as {place}:1.")
    name, number = match["name"], int(match["line"])
    project = load(state.root())
    artifact, number = _found(state, project, (name, number), target, out)
    try:
        steps = explain(project, artifact, number)
    except IndexError:
        lines = artifact.content.count(b"\n")
        raise click.UsageError(f"{artifact.path} has {lines} lines.") from None
    shown = veil(artifact.content.decode(), *project.sources.values())
    steps = tuple(step._replace(text=shown(step.text)) for step in steps)
    if state.format == "json":
        click.echo(json.dumps(_data(artifact, number, steps), indent=2))
        return
    text = shown(artifact.content.decode().split("\n")[number - 1])
    click.echo(click.style(f"{artifact.path}:{number}", bold=True))
    click.echo(f"    {text}".rstrip())
    for step in steps:
        where = click.style(f"{step.origin.path}:{step.origin.line}", fg="cyan")
        click.echo(f"{step.role.rjust(11)} {where}")
        click.echo(f"            {step.text}".rstrip())


def _page(code: str) -> str:
    """Return what there is to say of a rule; raises UsageError for an unknown code."""
    from promptpack.lint.registry import RULES, page  # noqa: PLC0415 - only for a rule

    if code not in RULES:
        raise click.UsageError(f"No rule '{code}'.{closest(code, RULES)}")
    return page(code)


def _data(artifact: Artifact, number: int, steps: tuple[Step, ...]) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "path": artifact.path,
        "line": number,
        "origins": [
            {"path": s.origin.path, "line": s.origin.line, "role": s.role, "text": s.text}
            for s in steps
        ],
    }


def _found(
    state: State, project: Project, place: tuple[str, int], target: str | None, out: Path | None
) -> tuple[Artifact, int]:
    """Return the artifact and its line that is meant; raises UsageError where there is none."""
    name, number = place
    variant = re.fullmatch(r"(?:(?P<pack>[a-z0-9-]+)/)?(?P<variant>[a-z0-9-]+\.[a-z0-9-]+)", name)
    if variant and not Path(name).exists():
        pack = chosen_pack(project, variant["pack"])
        model, policy = chosen_variant(project.packs[pack], variant["variant"])
        client = chosen_target(project.packs[pack], target)
        return build(project, Selection((pack,), (model,), (policy,), (client,)))[0], number
    artifacts = build(project)
    folder = (state.root() / "dist" if out is None else out).resolve()
    path = Path(name).resolve()
    if not path.exists() and (folder / name).exists():
        path = (folder / name).resolve()
    if places := locate(path, artifacts):
        return _in_file(places, name, number)
    inside = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else name
    found = [artifact for artifact in artifacts if artifact.path == inside]
    if len(found) > 1:
        raise click.UsageError(f"'{name}' is shared by several packs: build it first.")
    if not found:
        raise click.UsageError(f"'{name}' is no output of this project.")
    return found[0], number


def _in_file(places: tuple[Place, ...], name: str, number: int) -> tuple[Artifact, int]:
    """Return the artifact and its line for a line of a file as it stands on disk."""
    here = [place for place in places if place.holds(number)]
    if not here:
        last = max(place.before + place.text.count("\n") for place in places)
        raise click.UsageError(f"Line {number} of '{name}' is not promptpack's (its last: {last}).")
    line = here[0].line(number)
    if line is None:
        hint = f"'promptpack absorb {name}' takes the edit over into the sources"
        raise click.UsageError(f"Line {number} of '{name}' is not as built: {hint}.")
    return here[0].artifact, line
