"""`promptpack build`: render everything, then write what changed."""

from pathlib import Path

import click

from promptpack.build import Progress, render
from promptpack.cli import report
from promptpack.cli.choice import NO_PACKS, refuse_empty_selection
from promptpack.cli.losses import format_losses, summarize_losses
from promptpack.cli.progress import show_progress
from promptpack.cli.state import State, format_option, out_option, pass_state, selection_options
from promptpack.model import Artifact, UserError
from promptpack.output.plan import count_changes, list_notes, make_build_data, plan_output
from promptpack.output.used_sources import hash_library
from promptpack.output.write import apply_plan
from promptpack.reading.project import load_project
from promptpack.rendering.variants import Selection
from promptpack.reporting.console import print_json, print_line, print_lines, style
from promptpack.reporting.plurals import pluralize
from promptpack.session import Session


@click.command("build")
@out_option
@selection_options
@click.option("--force", is_flag=True, help="Overwrite edited files; a copy is kept as .orig.")
@format_option
@pass_state
def command(state: State, out: Path | None, selection: Selection, *, force: bool) -> None:
    """Render every variant for every client into the output folder.

    Nothing is written unless everything renders. A file that promptpack did not write, or that was
    edited since, is not overwritten.
    """
    root = state.root()
    project = load_project(root)
    folder = state.output(root, out, project.out)
    with show_progress(state, "Rendering") as progress:
        session = Session(project)
        artifacts = _render(session, selection, progress)
    expectations = session.expectations.summarize()
    library = hash_library(session, artifacts)
    plan = plan_output(artifacts, folder, selection, session.project.name, library)
    refuse_empty_selection(project, plan.statuses, selection)
    try:
        plan = apply_plan(plan, force=force)
    except UserError:
        for status in plan.filter_statuses("edited", "foreign"):
            if status.new is not None:
                print_lines(report.format_difference(status), err=True)
        raise
    if state.format == "json":
        print_json(make_build_data(artifacts, plan, expectations))
    elif not state.quiet:
        lines = [*summarize_losses(artifacts), *report.format_leftovers(plan)]
        if state.verbose:
            lines += ["", *format_losses(artifacts)]
        print_lines(lines)
        for note in list_notes(artifacts):
            print_lines(report.wrap_text("Note: ", note, 6))
        if not artifacts:
            print_line(NO_PACKS)
        print_lines(report.format_expectations(expectations))
        print_line(_summarize(count_changes(plan), state.shown(folder)))


def _render(session: Session, selection: Selection, progress: Progress) -> tuple[Artifact, ...]:
    """Return the artifacts; an error says besides how many expectations are broken."""
    try:
        return tuple(render(session, selection, progress))
    except UserError as error:
        expectations = session.expectations.summarize()
        for line in report.format_expectations(expectations) if expectations.broken else ():
            error.add_note(line)
        raise


def _summarize(change_counts: dict[str, int], folder: str) -> str:
    files = change_counts["written"] + change_counts["unchanged"]
    parts = [
        f"{number} {word}" for word, number in change_counts.items() if number or word == "written"
    ]
    file_count = pluralize(files, "file")
    return f"{style('Built', 'green')} {file_count} in {folder}: {', '.join(parts)}"
