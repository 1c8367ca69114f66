"""`promptpack absorb`: take an edit of an output over into the sources."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from promptpack.absorb.proposal import Proposal, propose
from promptpack.build import build
from promptpack.cli import report
from promptpack.cli.choice import chosen_source
from promptpack.cli.state import State, format_option, pass_state
from promptpack.model import Artifact, Project, UserError
from promptpack.output.locate import Place, locate
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.output.write import rewrite
from promptpack.reading.project import load
from promptpack.reporting.plurals import count


@click.command("absorb")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--to", "to", metavar="PATH[:LINE]", default="", help="The source that takes it.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option("--yes", is_flag=True, help="Go on where other variants change too.")
@format_option
@pass_state
def command(state: State, file: Path, to: str, *, dry_run: bool, yes: bool) -> int:
    """Apply the edit that was made in FILE to the fragment or pack line it came from.

    FILE is an output, or a copy that `install` put into a repository. The edit of the sources is
    shown first, with every other output that it changes. Where other variants change too it is
    only made with --yes, or after asking on a terminal. After it, `build` gives exactly FILE.
    """
    root = state.root()
    project = load(root)
    artifacts = build(project)
    place = _edited(artifacts, file)
    try:
        target = _to(project, root, to)
        found = propose(
            project, artifacts, lambda texts: load(root, texts), place, str(file), target
        )
    except UserError as error:
        report.findings(error.findings)
        return 1
    _say(state, project, found, file)
    if dry_run:
        return 0
    if found.others and not yes and not _agreed(found):
        return 1
    for path, text in found.sources.items():
        rewrite(root / path, project.sources[path], text)
    then = "install" if place.installed else "build"
    click.echo(f"Wrote {', '.join(found.sources)}. Now run: promptpack {then}", err=True)
    return 0


def _edited(artifacts: Iterable[Artifact], file: Path) -> Place:
    """Return what was edited in a file; raises UsageError where it holds no output."""
    places = locate(file.resolve(), artifacts)
    changed = [place for place in places if place.text != place.artifact.content.decode()]
    if not places:
        raise click.UsageError(f"'{file}' is no file that promptpack wrote for this project.")
    if len(changed) > 1:
        packs = ", ".join(place.artifact.agent.name for place in changed)
        raise click.UsageError(f"Several packs' blocks were edited in '{file}' ({packs}).")
    return (changed or places)[0]


def _to(project: Project, root: Path, to: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.+?)(?::([1-9][0-9]*))?", to)
    if match is None:
        return "", 0
    path = chosen_source(project, root, match[1])
    if path not in project.sources:
        raise click.UsageError(f"'{match[1]}' is no source of this project.")
    return path, int(match[2] or 0)


def _say(state: State, project: Project, found: Proposal, file: Path) -> None:
    if state.format == "json":
        click.echo(json.dumps(_data(project, found, file), indent=2))
        return
    for path, text in found.sources.items():
        for line in _diff(project, path, text):
            click.echo(line)
    click.echo(f"{file}: 1 output as edited", err=True)
    if found.siblings:
        clients = ", ".join(artifact.target for artifact in found.siblings)
        click.echo(f"The same variant changes for {clients} too.", err=True)
    if found.others:
        click.echo("Other variants change too:", err=True)
        for pack, variants in _variants(found.others).items():
            click.echo("\n".join(report.wrapped(f"  {pack}: ", ", ".join(variants), 4)), err=True)


def _diff(project: Project, path: str, text: str) -> Iterator[str]:
    return report.diff_lines(project.sources[path], text, path, path)


def _variants(artifacts: tuple[Artifact, ...]) -> Mapping[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for artifact in artifacts:
        found.setdefault(artifact.variant.pack.name, {})[artifact.variant.name] = None
    return {pack: [*names] for pack, names in found.items()}


def _data(project: Project, found: Proposal, file: Path) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "path": file.as_posix(),
        "sources": [
            {"path": path, "diff": click.unstyle("\n".join(_diff(project, path, text)))}
            for path, text in found.sources.items()
        ],
        "siblings": [artifact.path for artifact in found.siblings],
        "others": [artifact.path for artifact in found.others],
    }


def _agreed(found: Proposal) -> bool:
    """Tell whether to go on where other variants change too: on a terminal that is asked."""
    variants = sum(len(names) for names in _variants(found.others).values())
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        what = count(variants, "other variant")
        click.echo(f"Nothing was changed: {what} would change too. Go on with --yes.", err=True)
        return False
    return click.confirm("Change them all?", err=True)
