"""`promptpack build`: render everything, then write what changed."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from promptpack.build import Progress, render
from promptpack.cli import report
from promptpack.cli.choice import explain_empty_selection
from promptpack.cli.losses import format_losses, summarize_losses
from promptpack.cli.state import State, format_option, out_option, pass_state, selection_options
from promptpack.model import UserError
from promptpack.output.plan import count_changes, list_notes, make_build_data, plan_output
from promptpack.output.write import apply_plan
from promptpack.reading.project import load_project
from promptpack.rendering.variants import Selection
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
    folder = state.output(root, out)
    with _show_progress(state) as progress:
        project = load_project(root)
        artifacts = tuple(render(Session(project), selection, progress))
    plan = plan_output(artifacts, folder, selection, project.name)
    try:
        plan = apply_plan(plan, force=force)
    except UserError:
        for status in plan.filter_statuses("edited", "foreign"):
            if status.new is not None:
                click.echo("\n".join(report.format_difference(status)), err=True)
        raise
    if state.format == "json":
        click.echo(json.dumps(make_build_data(artifacts, plan), indent=2))
    elif not state.quiet:
        lines = [*summarize_losses(artifacts), *report.format_leftovers(plan)]
        if state.verbose:
            lines += ["", *format_losses(artifacts)]
        click.echo("".join(f"{line}\n" for line in lines), nl=False)
        for note in list_notes(artifacts):
            click.echo("\n".join(report.wrap_text("Note: ", note, 6)))
        if not artifacts:
            click.echo(explain_empty_selection(project, selection))
        click.echo(_summarize(count_changes(plan), state.shown(folder)))


def _summarize(change_counts: dict[str, int], folder: str) -> str:
    files = change_counts["written"] + change_counts["unchanged"]
    parts = [
        f"{number} {word}" for word, number in change_counts.items() if number or word == "written"
    ]
    file_count = pluralize(files, "file")
    return f"{click.style('Built', fg='green')} {file_count} in {folder}: {', '.join(parts)}"


@contextmanager
def _show_progress(state: State) -> Iterator[Progress]:
    """Give a progress callback: a bar on a terminal, nothing elsewhere."""
    if state.quiet or state.format != "human" or not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console  # noqa: PLC0415 - only where there is somebody to see it
    from rich.progress import Progress as Bar  # noqa: PLC0415 - the same

    console = Console(stderr=True, no_color=state.choose_color() is False)
    with Bar(console=console, transient=True) as bar:
        task: Any = bar.add_task("Rendering", total=None)
        yield lambda done, all_: bar.update(task, completed=done, total=all_)
