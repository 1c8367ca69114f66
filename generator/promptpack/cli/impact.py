"""`promptpack impact`: every output that a source file or one line of it reaches."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import click

from promptpack.build import build
from promptpack.cli import report
from promptpack.cli.choice import chosen_source
from promptpack.cli.state import State, closest, format_option, pass_state
from promptpack.model import Artifact
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.provenance.impact import Reach, impact
from promptpack.reading.project import load


@click.command("impact")
@click.argument("place", metavar="PATH[:LINE]")
@format_option
@pass_state
def command(state: State, place: str) -> None:
    """Print every output that a source file, or one line of it, reaches.

    PATH is relative to the project or to where you are, or a fragment's name as packs write it.
    """
    match = re.fullmatch(r"(.+?)(?::([1-9][0-9]*))?", place)
    path, line = (match[1], int(match[2] or 0)) if match else (place, 0)
    root = state.root()
    project = load(root)
    if path in project.fragments:
        path = project.fragments[path].path
    path = chosen_source(project, root, path)
    if path not in project.sources:
        raise click.UsageError(
            f"'{path}' is no source.{closest(path, (*project.sources, *project.fragments))}"
        )
    artifacts = build(project)
    reached = impact(project, artifacts, path, line)
    if state.format == "json":
        outputs = [{"path": r.artifact.path, "lines": list(r.lines)} for r in reached]
        data = {
            "schema_version": SCHEMA_VERSION,
            "path": path,
            "line": line or None,
            "outputs": outputs,
        }
        click.echo(json.dumps(data, indent=2))
        return
    for text in _lines(reached, artifacts):
        click.echo(text)
    packs = len({r.artifact.variant.pack.name for r in reached})
    clients = Counter(r.artifact.target for r in reached)
    click.echo(
        f"{path}{f':{line}' if line else ''} reaches {len(reached)} of {len(artifacts)} outputs"
        f" (packs: {packs}, clients: {len(clients)})"
    )


def _lines(reached: Iterable[Reach], artifacts: Iterable[Artifact]) -> Iterator[str]:
    """Yield for each pack the clients that it reaches alike, and the variants there."""
    there = _by_client(reach.artifact for reach in reached)
    whole = _by_client(artifacts)
    for pack, found in there.items():
        groups: dict[tuple[str, ...], list[str]] = {}
        for client, variants in found.items():
            groups.setdefault(tuple(variants), []).append(client)
        known = dict.fromkeys(v for variants in whole[pack].values() for v in variants)
        for names, clients in groups.items():
            head = f"{click.style(pack, bold=True)}  {_named(clients, whole[pack], 'client')}: "
            yield from report.wrapped(head, _named(names, known, "variant"), 2)


def _named(names: Collection[str], known: Collection[str], what: str) -> str:
    """Return names, or how many where they are all and more than two."""
    whole = len(names) == len(known) > 2
    return f"all {len(names)} {what}s" if whole else ", ".join(names)


def _by_client(artifacts: Iterable[Artifact]) -> dict[str, dict[str, list[str]]]:
    """Return the names of variants by pack and client."""
    found: dict[str, dict[str, list[str]]] = {}
    for artifact in artifacts:
        variant = artifact.variant
        clients = found.setdefault(variant.pack.name, {})
        clients.setdefault(artifact.target, []).append(variant.name)
    return found
