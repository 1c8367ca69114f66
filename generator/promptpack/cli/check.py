"""`promptpack check`: check that the outputs match the sources."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from promptpack.build import build_project
from promptpack.cli import report
from promptpack.cli.choice import explain_empty_selection
from promptpack.cli.state import State, format_option, out_option, pass_state, selection_options
from promptpack.output.plan import make_check_data, plan_output
from promptpack.output.status import Status
from promptpack.output.write import make_problem_finding
from promptpack.reading.project import load_project
from promptpack.rendering.variants import ALL, Selection
from promptpack.reporting.console import print_json, print_line, print_lines, style
from promptpack.reporting.plurals import pluralize

_STATE_WORDS = {
    "missing": "missing",
    "stale": "stale",
    "extra": "extra",
    "edited": "edited by hand",
    "foreign": "not written by promptpack",
    "linked": "a link, or behind one",
}

_KEPT_REASONS = {
    "edited": "was edited, and no pack builds it any more",
    "foreign": "is not built by any pack, and promptpack has no record of it",
}

_MAX_MISSING = 10
"""How many missing files are named; what should be in them is not printed."""


@click.command("check")
@out_option
@selection_options
@format_option
@pass_state
def command(state: State, out: Path | None, selection: Selection) -> int:
    """Check that the outputs match the sources; writes nothing.

    Prints the diff of each file that is stale, missing, extra or edited by hand, and the command
    that fixes it. The exit code is 1 if there is any such file.
    """
    root = state.root()
    folder = state.output(root, out)
    project = load_project(root)
    artifacts = build_project(project, selection)
    plan = plan_output(artifacts, folder, selection, project.name)
    differing = [status for status in plan.statuses if status.state != "same"]
    if state.format == "json":
        print_json(make_check_data(plan))
    elif differing:
        fix = _make_build_command(state, out, selection)
        print_lines(_format_report(differing, fix, state))
    elif not state.quiet and not plan.manifest.problem:
        if not artifacts and selection != ALL:
            print_line(explain_empty_selection(project, selection))
        file_count = pluralize(len(plan.desired), "file")
        print_line(f"{file_count} in {state.shown(folder)}, all up to date")
    if plan.manifest.problem:
        report.print_findings((make_problem_finding(plan.manifest),), verbose=state.verbose)
    return 1 if differing or plan.manifest.problem else 0


def _format_report(differing: list[Status], fix: str, state: State) -> Iterator[str]:
    missing = [status for status in differing if status.state == "missing"]
    for status in missing[:_MAX_MISSING]:
        yield style(f"{status.path}: {_STATE_WORDS[status.state]}", bold=True)
    if len(missing) > _MAX_MISSING:
        yield f"... and {pluralize(len(missing) - _MAX_MISSING, 'more missing file')}"
    for status in differing:
        if status.state == "missing":
            continue
        yield style(f"{status.path}: {_STATE_WORDS[status.state]}", bold=True)
        if not state.quiet and not (status.state == "foreign" and _is_kept(status)):
            yield from report.format_difference(status)
    kept = [status for status in differing if _is_kept(status)]
    for status in kept:
        yield f"{status.path} {_KEPT_REASONS[status.state]}: move it or delete it"
    if any(status.state == "linked" for status in differing):
        yield "promptpack does not write through a link: remove the link first"
    fixable_states = [status.state for status in differing if status not in kept]
    if "edited" in fixable_states or "foreign" in fixable_states:
        yield f"To overwrite these files and keep a copy of each: {fix} --force"
    elif fixable_states:
        yield f"To fix it: {fix}"


def _is_kept(status: Status) -> bool:
    """Tell whether no pack builds a file, and a build leaves it alone."""
    return status.state in _KEPT_REASONS and status.new is None


def _make_build_command(state: State, out: Path | None, selection: Selection) -> str:
    """Return the command that builds what was checked."""
    words = ["promptpack", *(("-C", str(state.directory)) if state.directory else ()), "build"]
    words += ("--out", str(out)) if out else ()
    for kind, names in zip(("pack", "model", "policy", "target"), selection, strict=True):
        words += [word for name in names for word in (f"--{kind}", name)]
    return shlex.join(words)
