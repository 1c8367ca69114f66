"""`promptpack check`: check that the outputs match the sources."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from promptpack.build import load_whole, render
from promptpack.cli import report
from promptpack.cli.choice import refuse_empty_selection
from promptpack.cli.differences import format_differences, format_fix
from promptpack.cli.install import format_check, is_current
from promptpack.cli.installing import plan_checked
from promptpack.cli.state import State, format_option, out_option, pass_state, selection_options
from promptpack.output.installations import InstallationPlan, make_installation_data
from promptpack.output.permissions_file import (
    find_list,
    make_permissions_data,
    plan_permissions,
)
from promptpack.output.plan import count_files, gather_outputs, make_check_data, plan_output
from promptpack.output.write import make_problem_finding
from promptpack.rendering.variants import ALL, Selection
from promptpack.reporting.console import print_json, print_line, print_lines
from promptpack.reporting.plurals import pluralize
from promptpack.session import Session


@click.command("check")
@out_option
@selection_options
@format_option
@pass_state
def command(state: State, out: Path | None, selection: Selection) -> int:
    """Check that the outputs match the sources; writes nothing.

    Prints the diff of each file that is stale, missing, extra or edited by hand, and the command
    that fixes it. The exit code is 1 if there is any such file. Unless --out or a selection is
    given, the installations of promptpack.yaml are checked too, where they are within reach.
    """
    root = state.root()
    project = load_whole(root, selection)
    folder = state.output(root, out, project.out)
    session = Session(project)
    outputs = gather_outputs(render(session, selection), project.name)
    plan = plan_output(outputs, folder, selection, project.name)
    refuse_empty_selection(project, plan.statuses, selection)
    permissions = plan_permissions(session, root)
    plans = [one for one in (permissions, plan) if one]
    differing = [one for each in plans for one in each.statuses if one.state != "same"]
    unreadable = [one.manifest for one in plans if one.manifest.problem]
    is_whole = out is None and selection == ALL
    installations, skipped = plan_checked(project, root) if is_whole else ([], [])
    if state.format == "json":
        data = {
            "installations": [make_installation_data(one) for one in installations],
            "permissions": make_permissions_data(permissions),
        }
        print_json({**make_check_data(plan), **data})
    elif differing:
        fix = _make_build_command(state, out, selection)
        print_lines(format_differences(differing, quiet=state.quiet))
        print_lines(format_fix(differing, fix))
    elif not state.quiet and not unreadable:
        file_count = pluralize(count_files(plan), "file")
        print_line(f"{file_count} in {state.shown(folder)}, all up to date")
        if status := find_list(permissions):
            print_line(f"{status.path} is up to date")
    if unreadable:
        report.print_findings(map(make_problem_finding, unreadable), verbose=state.verbose)
    is_well = _report_installations(state, installations, skipped)
    return 1 if differing or unreadable or not is_well else 0


def _report_installations(
    state: State, installations: Sequence[InstallationPlan], skipped: Iterable[str]
) -> bool:
    """Print how installed files differ, and where none were looked at; tell whether all is well."""
    if state.format != "json":
        print_lines(format_check(state, installations, None))
        if not state.quiet:
            print_lines(skipped, err=True)
    unreadable = [one.plan.manifest for one in installations if one.plan.manifest.problem]
    report.print_findings(map(make_problem_finding, unreadable), verbose=state.verbose)
    return not unreadable and all(map(is_current, installations))


def _make_build_command(state: State, out: Path | None, selection: Selection) -> str:
    """Return the command that builds what was checked."""
    words = ["promptpack", *state.place(), "build"]
    words += ("--out", str(out)) if out else ()
    for kind, names in zip(("pack", "model", "policy", "target"), selection, strict=True):
        words += [word for name in names for word in (f"--{kind}", name)]
    return shlex.join(words)
