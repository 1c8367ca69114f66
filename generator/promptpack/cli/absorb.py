"""`promptpack absorb`: move an edit of an output into the sources."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from promptpack.absorb.attached import FileProposal, propose_file
from promptpack.absorb.proposal import Proposal, propose
from promptpack.build import build_project
from promptpack.cli import report
from promptpack.cli.absorb_file import format_file_change
from promptpack.cli.choice import resolve_source
from promptpack.cli.state import State, format_option, pass_state
from promptpack.model import Artifact, Project, UserError
from promptpack.output.locate import (
    LocatedFile,
    LocatedOutput,
    locate_attached,
    locate_outputs,
)
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.output.write import rewrite_attached, rewrite_source
from promptpack.reading.project import load_project
from promptpack.reporting.console import (
    ask_to_go_on,
    drop_styles,
    is_terminal,
    print_json,
    print_line,
    print_lines,
)
from promptpack.reporting.plurals import pluralize
from promptpack.source.disk import find_real_path


@click.command("absorb")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--to", "to", metavar="PATH[:LINE]", default="", help="The source that gets the edit."
)
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Apply the edit even if other variants change too.")
@format_option
@pass_state
def command(state: State, file: Path, to: str, *, dry_run: bool, yes: bool) -> int:
    """Move an edit of FILE into the fragment or pack line that the text came from.

    FILE is an output, or a copy that `install` put into a repository. The command first shows how
    the sources change, and every other output that changes with them. If other variants change
    too, it needs --yes, or asks on a terminal. Afterwards, `build` produces exactly FILE.
    """
    root = state.root()
    project = load_project(root)
    artifacts = build_project(project)
    if located := locate_attached(find_real_path(file), artifacts):
        located = located._replace(path=file)
        return _absorb_file(state, project, artifacts, located, to, dry_run=dry_run, yes=yes)
    output = _find_edited(artifacts, file)
    try:
        target = _parse_target(project, root, to)
        proposal = propose(project, artifacts, output, str(file), target)
    except UserError as error:
        report.print_findings(error.findings, report.NOTHING_WRITTEN, verbose=state.verbose)
        return 1
    _print_proposal(state, project, proposal, file)
    if dry_run:
        return 0
    if proposal.others and not yes and not _confirm(proposal.others):
        return 1
    for path, text in proposal.sources.items():
        rewrite_source(project.locate(path), project.sources[path], text)
    _print_next(", ".join(proposal.sources), is_installed=output.installed)
    return 0


def _absorb_file(  # noqa: PLR0913 - the options of the command
    state: State,
    project: Project,
    artifacts: Iterable[Artifact],
    located: LocatedFile,
    to: str,
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    """Move an edit of a file beside a skill into its source, which is a copy of it."""
    source = located.file.source
    if to and _parse_target(project, state.root(), to)[0] != source:
        raise click.UsageError(f"This file is a copy of {source}: the edit can go nowhere else.")
    try:
        proposal = propose_file(project, artifacts, located)
    except UserError as error:
        report.print_findings(error.findings, report.NOTHING_WRITTEN, verbose=state.verbose)
        return 1
    if state.format == "json":
        print_json(_make_file_data(located.path, proposal))
    else:
        print_lines(format_file_change(proposal))
        _print_others(proposal)
    if dry_run or proposal.old == proposal.new:
        return 0
    if proposal.others and not yes and not _confirm(proposal.others):
        return 1
    old, new = proposal.old, proposal.new
    place = project.locate(source)
    rewrite_attached(place, old.content, new.content, is_executable=new.is_executable)
    _print_next(source, is_installed=located.installed)
    return 0


def _make_file_data(path: Path, proposal: FileProposal) -> dict[str, object]:
    diff = drop_styles("\n".join(format_file_change(proposal)))
    return {
        "schema_version": SCHEMA_VERSION,
        "path": path.as_posix(),
        "sources": [{"path": proposal.old.source, "diff": diff}],
        "siblings": [artifact.locate(proposal.old) for artifact in proposal.siblings],
        "others": [artifact.locate(proposal.old) for artifact in proposal.others],
    }


def _print_next(sources: str, *, is_installed: bool) -> None:
    next_command = "install" if is_installed else "build"
    print_line(f"Wrote {sources}. Now run: promptpack {next_command}", err=True)


def _find_edited(artifacts: Iterable[Artifact], file: Path) -> LocatedOutput:
    """Return what was edited in a file; raises UsageError where it holds no output."""
    outputs = locate_outputs(find_real_path(file), artifacts)
    edited_outputs = [output for output in outputs if output.text != output.artifact.text]
    if not outputs:
        raise click.UsageError(f"promptpack did not write '{file}' for this project.")
    if len(edited_outputs) > 1:
        packs = ", ".join(output.artifact.agent.stem for output in edited_outputs)
        raise click.UsageError(f"'{file}' has edits in the blocks of several packs ({packs}).")
    return (edited_outputs or outputs)[0]


def _parse_target(project: Project, root: Path, argument: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.+?)(?::([1-9][0-9]*))?", argument)
    if match is None:
        return "", 0
    path = resolve_source(project.sources, root, match[1])
    if path not in project.sources and path not in project.attached:
        raise click.UsageError(f"'{match[1]}' is not a source file of this project.")
    return path, int(match[2] or 0)


def _print_proposal(state: State, project: Project, proposal: Proposal, file: Path) -> None:
    if state.format == "json":
        print_json(_make_data(project, proposal, file))
        return
    for path, text in proposal.sources.items():
        print_lines(_diff_source(project, path, text))
    print_line(f"{file}: 1 output will match the edit", err=True)
    _print_others(proposal)


def _print_others(proposal: Proposal | FileProposal) -> None:
    if proposal.siblings:
        clients = ", ".join(artifact.target for artifact in proposal.siblings)
        print_line(f"The same variant also changes for {clients}.", err=True)
    if proposal.others:
        print_line("Other variants also change:", err=True)
        for pack, variants in _group_variants(proposal.others).items():
            print_lines(report.wrap_text(f"  {pack}: ", ", ".join(variants), 4), err=True)


def _diff_source(project: Project, path: str, text: str) -> Iterator[str]:
    return report.format_diff(project.sources[path], text, path, path)


def _group_variants(artifacts: tuple[Artifact, ...]) -> Mapping[str, list[str]]:
    names_by_pack: dict[str, dict[str, None]] = {}
    for artifact in artifacts:
        names_by_pack.setdefault(artifact.variant.pack.name, {})[artifact.variant.name] = None
    return {pack: [*names] for pack, names in names_by_pack.items()}


def _make_data(project: Project, proposal: Proposal, file: Path) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "path": file.as_posix(),
        "sources": [
            {"path": path, "diff": drop_styles("\n".join(_diff_source(project, path, text)))}
            for path, text in proposal.sources.items()
        ],
        "siblings": [artifact.path for artifact in proposal.siblings],
        "others": [artifact.path for artifact in proposal.others],
    }


def _confirm(others: tuple[Artifact, ...]) -> bool:
    """Tell whether to go on where other variants change too: on a terminal that is asked."""
    variants = sum(len(names) for names in _group_variants(others).values())
    if not (is_terminal("stdin") and is_terminal("stderr")):
        other_variants = pluralize(variants, "other variant")
        print_line(
            f"Nothing was changed, because {other_variants} would change too. "
            "Use --yes to apply the edit anyway.",
            err=True,
        )
        return False
    return ask_to_go_on("Change them all?")
