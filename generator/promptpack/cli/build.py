"""`promptpack build`: render everything, then write what changed."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from promptpack.build import Progress, build
from promptpack.cli import report
from promptpack.cli.choice import nothing_chosen
from promptpack.cli.state import State, format_option, out_option, pass_state, selection_options
from promptpack.model import Finding, UserError
from promptpack.output.plan import build_data, counts, notes, plan_output
from promptpack.output.write import apply
from promptpack.reading.project import load
from promptpack.rendering.variants import Selection
from promptpack.reporting.plurals import count


@click.command("build")
@out_option
@selection_options
@click.option("--force", is_flag=True, help="Overwrite edited files; a copy is kept as .orig.")
@format_option
@pass_state
def command(state: State, out: Path | None, selection: Selection, *, force: bool) -> None:
    """Render every variant for every client into the output folder.

    Nothing is written unless everything renders, and no file is overwritten that promptpack did
    not write or that was edited since.
    """
    root = state.root()
    folder = state.output(root, out)
    with _progress(state) as progress:
        warnings: list[Finding] = []
        project = load(root)
        artifacts = build(project, selection, progress, warnings.append)
    for line in report.finding_lines(warnings):
        click.echo(line, err=True)
    todo = plan_output(artifacts, folder, selection)
    try:
        apply(todo, force=force)
    except UserError:
        for status in todo.having("edited", "foreign"):
            click.echo("\n".join(report.difference(status)), err=True)
        raise
    if state.format == "json":
        click.echo(json.dumps(build_data(artifacts, todo), indent=2))
    elif not state.quiet:
        lines = [*report.summary_of_losses(artifacts), *report.leftovers(todo)]
        if state.verbose:
            lines += ["", *report.losses(artifacts)]
        click.echo("".join(f"{line}\n" for line in lines), nl=False)
        for note in notes(artifacts):
            click.echo(f"Note: {note}")
        if not artifacts:
            click.echo(nothing_chosen(project, selection))
        click.echo(_summary(counts(todo), state.shown(folder)))


def _summary(done: dict[str, int], folder: str) -> str:
    files = done["written"] + done["unchanged"]
    parts = [f"{number} {word}" for word, number in done.items() if number or word == "written"]
    many = count(files, "file")
    return f"{click.style('Built', fg='green')} {many} in {folder}: {', '.join(parts)}"


@contextmanager
def _progress(state: State) -> Iterator[Progress]:
    """Give a progress callback: a bar on a terminal, nothing elsewhere."""
    if state.quiet or state.format != "human" or not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console  # noqa: PLC0415 - only where there is somebody to see it
    from rich.progress import Progress as Bar  # noqa: PLC0415 - the same

    console = Console(stderr=True, no_color=state.color_choice() is False)
    with Bar(console=console, transient=True) as bar:
        task: Any = bar.add_task("Rendering", total=None)
        yield lambda done, all_: bar.update(task, completed=done, total=all_)
