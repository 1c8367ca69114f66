"""`promptpack build`: render everything, then write what changed."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from promptpack.build import Progress, load_whole, render
from promptpack.cli import report
from promptpack.cli.choice import NO_PACKS, refuse_empty_selection
from promptpack.cli.losses import format_losses, summarize_losses
from promptpack.cli.progress import show_progress
from promptpack.cli.state import State, format_option, out_option, pass_state, selection_options
from promptpack.cli.watching import build_on_change, require_watcher
from promptpack.model import Artifact, UserError
from promptpack.output.permissions_file import (
    find_list,
    make_permissions_data,
    plan_permissions,
)
from promptpack.output.plan import (
    Outputs,
    count_changes,
    gather_outputs,
    list_notes,
    make_build_data,
    plan_output,
)
from promptpack.output.used_sources import hash_library
from promptpack.output.write import Plan, apply_plans
from promptpack.rendering.expectations import ExpectationSummary
from promptpack.rendering.variants import Selection
from promptpack.reporting.console import print_json, print_line, print_lines, style
from promptpack.reporting.plurals import pluralize
from promptpack.session import Session

_MANY = 5_000
"""The number of artifacts above which it pays to look for memory that nothing needs any more."""


@click.command("build")
@out_option
@selection_options
@click.option("--force", is_flag=True, help="Overwrite edited files; a copy is kept as .orig.")
@click.option("--watch", is_flag=True, help="Build again whenever a source changes.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if a file was written or removed.")
@format_option
@pass_state
def command(  # noqa: PLR0913 - one parameter an option
    state: State,
    out: Path | None,
    selection: Selection,
    *,
    force: bool,
    watch: bool,
    exit_code: bool,
) -> int:
    """Render every variant for every client into the output folder.

    Nothing is written unless everything renders. A file that promptpack did not write, or that was
    edited since, is not overwritten. With --watch, each build is one line, an error is printed and
    the next change is waited for, and Ctrl-C ends it; this needs the [watch] extra.
    """
    root = state.root()
    if not watch:
        build = _build(state, root, out, selection, force=force)
        _report(state, build)
        return int(exit_code and (_has_changes(build.plan) or _has_changes(build.permissions)))
    if state.format != "human":
        raise click.UsageError("--watch prints lines for people, and no JSON.")
    require_watcher()
    build_on_change(
        state, root, lambda: _summarize(_build(state, root, out, selection, force=force))
    )
    return 0


class _Build(NamedTuple):
    """What was built, what was written of it and where, and how expectations fared."""

    artifacts: tuple[Artifact, ...]
    plan: Plan
    permissions: Plan | None
    folder: str
    expectations: ExpectationSummary


def _build(
    state: State, root: Path, out: Path | None, selection: Selection, *, force: bool
) -> _Build:
    """Render everything and write what changed; raises UserError where something is wrong."""
    project = load_whole(root, selection)
    folder = state.output(root, out, project.out)
    with show_progress(state, "Rendering") as progress:
        session = Session(project)
        outputs = _render(session, selection, progress)
    artifacts = outputs.artifacts
    expectations = session.expectations.summarize()
    library = hash_library(session, artifacts)
    plan = plan_output(outputs, folder, selection, project.name, library)
    refuse_empty_selection(project, plan.statuses, selection)
    rights = plan_permissions(session, root)
    del session, project  # all is planned, and these are half of the memory
    if len(artifacts) > _MANY:
        gc.collect()
    permissions, plan = _apply(rights, plan, force=force)
    return _Build(artifacts, plan, permissions, state.shown(folder), expectations)


def _report(state: State, build: _Build) -> None:
    artifacts, plan, permissions = build.artifacts, build.plan, build.permissions
    expectations = build.expectations
    if state.format == "json":
        data = {"permissions": make_permissions_data(permissions)}
        print_json({**make_build_data(artifacts, plan, expectations), **data})
    elif not state.quiet:
        lines = [*summarize_losses(artifacts)]
        for one in filter(None, (plan, permissions)):
            lines += report.format_leftovers(one)
        if state.verbose:
            lines += ["", *format_losses(artifacts)]
        print_lines(lines)
        for note in list_notes(artifacts):
            print_lines(report.wrap_text("Note: ", note, 6))
        if not artifacts:
            print_line(NO_PACKS)
        print_lines(report.format_expectations(expectations))
        print_lines(_summarize_list(permissions))
        print_line(_summarize(build))


def _has_changes(plan: Plan | None) -> bool:
    """Tell whether a plan that was carried out wrote or removed a file."""
    return plan is not None and bool(plan.list_writes() or plan.filter_statuses("extra"))


def _summarize_list(permissions: Plan | None) -> Iterator[str]:
    if status := find_list(permissions):
        word = "unchanged" if status.state == "same" else "written"
        yield f"{style('Listed', 'green')} permissions in {status.path}: {word}"


def _apply(permissions: Plan | None, outputs: Plan, *, force: bool) -> tuple[Plan | None, Plan]:
    """Do what the plans say, the list of permissions first: it never shows less than is built."""
    plans = [plan for plan in (permissions, outputs) if plan]
    try:
        *lists, outputs = apply_plans(plans, force=force)
    except UserError:
        for status in (one for plan in plans for one in plan.filter_statuses("edited", "foreign")):
            if status.new is not None:
                print_lines(report.format_difference(status), err=True)
        raise
    return next(iter(lists), None), outputs


def _render(session: Session, selection: Selection, progress: Progress) -> Outputs:
    """Return the outputs; an error says besides how many expectations are broken."""
    try:
        return gather_outputs(render(session, selection, progress), session.project.name)
    except UserError as error:
        expectations = session.expectations.summarize()
        for line in report.format_expectations(expectations) if expectations.broken else ():
            error.add_note(line)
        raise


def _summarize(build: _Build) -> str:
    change_counts, folder = count_changes(build.plan), build.folder
    files = change_counts["written"] + change_counts["unchanged"]
    parts = [
        f"{number} {word}" for word, number in change_counts.items() if number or word == "written"
    ]
    file_count = pluralize(files, "file")
    return f"{style('Built', 'green')} {file_count} in {folder}: {', '.join(parts)}"
