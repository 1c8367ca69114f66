"""`promptpack check`: tell whether the outputs are what the sources say."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from promptpack.build import build
from promptpack.cli import report
from promptpack.cli.choice import nothing_chosen
from promptpack.cli.state import State, format_option, out_option, pass_state, selection_options
from promptpack.output.plan import check_data, plan_output
from promptpack.output.write import Status
from promptpack.reading.project import load
from promptpack.rendering.variants import ALL, Selection
from promptpack.reporting.plurals import count

_WORDS = {
    "missing": "missing",
    "stale": "stale",
    "extra": "extra",
    "edited": "edited by hand",
    "foreign": "not written by promptpack",
    "linked": "behind a link",
}


_FEW = 10
"""How many missing files are named; what should be in them is not printed."""


@click.command("check")
@out_option
@selection_options
@format_option
@pass_state
def command(state: State, out: Path | None, selection: Selection) -> int:
    """Tell whether the outputs are what the sources say; writes nothing.

    Prints the difference of each file that is stale, missing, extra or edited by hand, and the
    command that mends it. The exit code is 1 if there is any.
    """
    root = state.root()
    folder = state.output(root, out)
    project = load(root)
    artifacts = build(project, selection)
    todo = plan_output(artifacts, folder, selection)
    off = [status for status in todo.statuses if status.state != "same"]
    if state.format == "json":
        click.echo(json.dumps(check_data(todo), indent=2))
    elif off:
        mend = _build_command(state, out, selection)
        click.echo("".join(f"{line}\n" for line in _report(off, mend, state)), nl=False)
    elif not state.quiet:
        if not artifacts and selection != ALL:
            click.echo(nothing_chosen(project, selection))
        many = count(len(todo.wanted), "file")
        click.echo(f"{many} in {state.shown(folder)}, all as built")
    return 1 if off else 0


def _report(off: list[Status], mend: str, state: State) -> Iterator[str]:
    missing = [status for status in off if status.state == "missing"]
    for status in missing[:_FEW]:
        yield click.style(f"{status.path}: {_WORDS[status.state]}", bold=True)
    if len(missing) > _FEW:
        yield f"… and {count(len(missing) - _FEW, 'more missing file')}"
    for status in off:
        if status.state == "missing":
            continue
        yield click.style(f"{status.path}: {_WORDS[status.state]}", bold=True)
        if not state.quiet:
            yield from report.difference(status)
    kept = [status for status in off if status.state == "edited" and status.new is None]
    for status in kept:
        yield f"No pack builds {status.path} any more, and it was edited: move it or delete it"
    if any(status.state == "linked" for status in off):
        yield "Nothing is written through a link: remove it first"
    mended = [status.state for status in off if status not in kept]
    if "edited" in mended or "foreign" in mended:
        yield f"To replace what is not promptpack's, keeping a copy: {mend} --force"
    elif mended:
        yield f"To mend it: {mend}"


def _build_command(state: State, out: Path | None, selection: Selection) -> str:
    """Return the command that builds what was checked."""
    words = ["promptpack", *(("-C", str(state.directory)) if state.directory else ()), "build"]
    words += ("--out", str(out)) if out else ()
    for kind, names in zip(("pack", "model", "policy", "target"), selection, strict=True):
        words += [word for name in names for word in (f"--{kind}", name)]
    return shlex.join(words)
