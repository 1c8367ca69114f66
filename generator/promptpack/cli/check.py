"""`promptpack check`: tell whether the outputs are what the sources say."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from promptpack.build import build
from promptpack.cli import report
from promptpack.cli.state import State, format_option, out_option, pass_state, selection_options
from promptpack.load import load
from promptpack.output import check_data, plan_output
from promptpack.resolve import Selection
from promptpack.write import Status

_WORDS = {
    "missing": "missing",
    "stale": "stale",
    "extra": "extra",
    "edited": "edited by hand",
    "foreign": "not written by promptpack",
    "linked": "behind a link",
}
_BY_HAND = ("edited", "foreign", "linked")


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
    todo = plan_output(build(load(root), selection), folder, selection)
    off = [status for status in todo.statuses if status.state != "same"]
    if state.format == "json":
        click.echo(json.dumps(check_data(todo), indent=2))
    elif off:
        click.echo("".join(f"{line}\n" for line in _report(off, state, out)), nl=False)
    elif not state.quiet:
        click.echo(f"{len(todo.wanted)} files in {state.shown(folder)} are as built")
    return 1 if off else 0


def _report(off: list[Status], state: State, out: Path | None) -> Iterator[str]:
    for status in off:
        yield click.style(f"{status.path}: {_WORDS[status.state]}", bold=True)
        if not state.quiet:
            yield from report.difference(status)
    build_again = "promptpack build" + (f" --out {out}" if out else "")
    if any(status.state in _BY_HAND for status in off):
        yield f"To replace what was edited, keeping a copy: {build_again} --force"
    else:
        yield f"To mend it: {build_again}"
