"""`promptpack impact`: every output that a source file or one line of it reaches."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import click

from promptpack.build import render
from promptpack.cli import report
from promptpack.cli.choice import resolve_source
from promptpack.cli.choices import format_suggestion
from promptpack.cli.names import complete_fragments_and_files
from promptpack.cli.state import State, format_option, pass_state
from promptpack.model import Artifact
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.provenance.impact import Reach, find_impact
from promptpack.reading.project import load_project
from promptpack.reporting.console import print_json, print_line, print_lines, style
from promptpack.session import Session


@click.command("impact")
@click.argument("place", metavar="PATH[:LINE]", shell_complete=complete_fragments_and_files)
@format_option
@pass_state
def command(state: State, place: str) -> None:
    """Print every output that a source file, or one line of it, reaches.

    PATH is relative to the project or to the current folder, or is a fragment's name as packs
    write it.
    """
    match = re.fullmatch(r"(.+?)(?::([1-9][0-9]*))?", place)
    path, line = (match[1], int(match[2] or 0)) if match else (place, 0)
    root = state.root()
    project = load_project(root)
    if path in project.fragments:
        path = project.fragments[path].path
    path = resolve_source(project, root, path)
    if path not in project.sources and path not in project.attached:
        raise click.UsageError(
            f"'{path}' is not a source file of this project."
            f"{format_suggestion(path, (*project.sources, *project.fragments))}"
        )
    session = Session(project)
    artifacts = tuple(render(session))
    reaches = find_impact(session.tracer, artifacts, path, line)
    if state.format == "json":
        outputs = [{"path": reach.path, "lines": list(reach.lines)} for reach in reaches]
        data = {
            "schema_version": SCHEMA_VERSION,
            "path": path,
            "line": line or None,
            "outputs": outputs,
        }
        print_json(data)
        return
    print_lines(_format_lines(reaches, artifacts))
    packs = len({reach.artifact.variant.pack.name for reach in reaches})
    clients = Counter(reach.artifact.target for reach in reaches)
    outputs_count = sum(1 + len(artifact.files) for artifact in artifacts)
    print_line(
        f"{path}{f':{line}' if line else ''} reaches {len(reaches)} of {outputs_count} outputs"
        f" (packs: {packs}, clients: {len(clients)})"
    )


def _format_lines(reaches: Iterable[Reach], artifacts: Iterable[Artifact]) -> Iterator[str]:
    """Yield for each pack the clients that it reaches alike, and the variants there."""
    reached_variants = _group_by_client(reach.artifact for reach in reaches)
    all_variants = _group_by_client(artifacts)
    for pack, variants_by_client in reached_variants.items():
        groups: dict[tuple[str, ...], list[str]] = {}
        for client, variants in variants_by_client.items():
            groups.setdefault(tuple(variants), []).append(client)
        pack_variants = dict.fromkeys(
            variant for variants in all_variants[pack].values() for variant in variants
        )
        for names, clients in groups.items():
            lead = (
                f"{style(pack, bold=True)}  "
                f"{_summarize_names(clients, all_variants[pack], 'client')}: "
            )
            yield from report.wrap_text(lead, _summarize_names(names, pack_variants, "variant"), 2)


def _summarize_names(names: Collection[str], all_names: Collection[str], noun: str) -> str:
    """Return names, or how many where they are all and more than two."""
    is_whole = len(names) == len(all_names) > 2
    return f"all {len(names)} {noun}s" if is_whole else ", ".join(names)


def _group_by_client(artifacts: Iterable[Artifact]) -> dict[str, dict[str, list[str]]]:
    """Return the names of variants by pack and client."""
    names_by_pack: dict[str, dict[str, list[str]]] = {}
    for artifact in artifacts:
        variant = artifact.variant
        clients = names_by_pack.setdefault(variant.pack.name, {})
        clients.setdefault(artifact.target, []).append(variant.name)
    return names_by_pack
