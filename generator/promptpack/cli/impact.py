"""`promptpack impact`: every output that a source file or one line of it reaches."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import click

from promptpack.build import render
from promptpack.cli import report
from promptpack.cli.choice import resolve_source
from promptpack.cli.choices import format_suggestion
from promptpack.cli.names import complete_fragments_and_files
from promptpack.cli.state import State, format_option, pass_state
from promptpack.model import Artifact, Project
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.provenance.impact import Reach, SourceLine, find_impact, select_reached
from promptpack.reading.files import SourceFile
from promptpack.reading.roots import parse_source_path
from promptpack.reading.some_packs import gather_project, load_reached
from promptpack.reporting.console import print_json, print_line, print_lines, style
from promptpack.reporting.plurals import pluralize
from promptpack.session import Session
from promptpack.targets.built import list_built_targets

HIDDEN = "May reach, though nothing of it shows there now:"


@click.command("impact")
@click.argument("place", metavar="PATH[:LINE]", shell_complete=complete_fragments_and_files)
@format_option
@pass_state
def command(state: State, place: str) -> None:
    """Print every output that a source file, or one line of it, reaches.

    PATH is relative to the project or to the current folder, or is a fragment's name as packs
    write it. What the source may reach is printed after that: outputs that would change if a
    condition came out otherwise, or an empty value were filled.
    """
    match = re.fullmatch(r"(.+?)(?::([1-9][0-9]*))?", place)
    path, line = (match[1], int(match[2] or 0)) if match else (place, 0)
    root = state.root()
    files = gather_project(root)
    path = _resolve_path(files, root, path)
    source = SourceLine(path, line)
    project = load_reached(root, files, path)
    session = Session(project)
    selection = select_reached(project, session.closures, path)
    artifacts = render(session, selection) if selection.packs else ()  # traced as they come
    found = tuple(find_impact(session.tracer, session.closures, artifacts, source))
    reaches = tuple(reach for reach in found if reach.is_certain)
    possible = tuple(reach for reach in found if not reach.is_certain)
    if state.format == "json":
        print_json(_make_data(source, reaches, possible))
        return
    print_lines(_format_lines(project, reaches))
    if possible:
        print_line(HIDDEN)
        print_lines(_format_lines(project, possible))
    print_line(_summarize(source, reaches, possible))


def _resolve_path(files: Iterable[SourceFile], root: Path, name: str) -> str:
    """Return the path of the source that is meant; raises UsageError where there is none."""
    sources = {file.path: one for file in files if (one := parse_source_path(file.path))}
    fragments = {one.name: path for path, one in sources.items() if one.kind == "fragments"}
    path = resolve_source(sources, root, fragments.get(name, name))
    if path not in sources:
        raise click.UsageError(
            f"'{path}' is not a source file of this project."
            f"{format_suggestion(path, (*sources, *fragments))}"
        )
    return path


def _make_data(
    source: SourceLine, reaches: Iterable[Reach], possible: Iterable[Reach]
) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "path": source.path,
        "line": source.line or None,
        "outputs": [{"path": reach.path, "lines": list(reach.lines)} for reach in reaches],
        "may_reach": [reach.path for reach in possible],
    }


def _summarize(source: SourceLine, reaches: Sequence[Reach], possible: Sequence[Reach]) -> str:
    """Return the last line: how many outputs there are, in how many packs and clients."""
    artifacts = [reach.artifact for reach in reaches]
    packs = len({artifact.variant.pack.name for artifact in artifacts})
    clients = len({artifact.target for artifact in artifacts})
    return (
        f"{source.path}{f':{source.line}' if source.line else ''} reaches"
        f" {pluralize(len(reaches), 'output')} (packs: {packs}, clients: {clients})"
        f"{f', and may reach {len(possible)} more' if possible else ''}"
    )


def _format_lines(project: Project, reaches: Iterable[Reach]) -> Iterator[str]:
    """Yield for each pack the clients that it reaches alike, and the variants there."""
    reached_variants = _group_by_client(reach.artifact for reach in reaches)
    for pack, variants_by_client in reached_variants.items():
        all_clients = list_built_targets(project, project.packs[pack])
        all_variants = [*map(str, project.packs[pack].list_variants())]
        groups: dict[tuple[str, ...], list[str]] = {}
        for client, variants in variants_by_client.items():
            groups.setdefault(tuple(variants), []).append(client)
        for names, clients in groups.items():
            lead = f"{style(pack, bold=True)}  {_summarize_names(clients, all_clients, 'client')}: "
            yield from report.wrap_text(lead, _summarize_names(names, all_variants, "variant"), 2)


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
