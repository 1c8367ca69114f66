"""`promptpack check`: check that the outputs match the sources."""

import gc
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import click

from promptpack.build import load_selected, load_whole, render
from promptpack.cli import report
from promptpack.cli.changed import find_changed, print_as_before
from promptpack.cli.choice import refuse_empty_selection
from promptpack.cli.differences import format_differences, format_fix
from promptpack.cli.install import format_check, is_current
from promptpack.cli.installing import plan_checked
from promptpack.cli.state import (
    State,
    format_option,
    out_option,
    pass_state,
    selection_options,
    whole_option,
)
from promptpack.cli.unchanged import keep_packs, leave_record, start_recorder
from promptpack.model import Project
from promptpack.output.changed_packs import ChangedPacks
from promptpack.output.folder_plan import Plan
from promptpack.output.installations import (
    InstallationPlan,
    find_destination,
    group_installations,
    make_installation_data,
)
from promptpack.output.kept import KeptPacks
from promptpack.output.permissions_file import (
    find_list,
    make_permissions_data,
    plan_permissions,
)
from promptpack.output.plan import (
    count_files,
    gather_outputs,
    list_rivals,
    make_check_data,
    plan_output,
)
from promptpack.output.record_again import store_again
from promptpack.output.status import DesiredFile
from promptpack.output.write import make_problem_finding
from promptpack.rendering.variants import ALL, Selection
from promptpack.reporting.console import print_json, print_line, print_lines
from promptpack.reporting.plurals import pluralize
from promptpack.session import Session

_MANY = 1_000
"""The number of packs above which it pays to look for memory that nothing needs any more."""


class _Check(NamedTuple):
    """What was planned for the output folder, the list of permissions and each installation.

    `skipped` has a line for each installation that is out of reach. `kept` is for the next run.
    """

    plan: Plan
    permissions: Plan | None
    installations: list[InstallationPlan]
    skipped: list[str]
    kept: KeptPacks | None

    def list_plans(self) -> list[Plan]:
        """Return all plans, that of the output folder first."""
        others = [*([self.permissions] if self.permissions else [])]
        return [self.plan, *others, *(one.plan for one in self.installations)]


@click.command("check")
@out_option
@selection_options
@whole_option
@format_option
@pass_state
def command(state: State, out: Path | None, selection: Selection, *, no_cache: bool) -> int:
    """Check that the outputs match the sources; changes neither.

    Prints the diff of each file that is stale, missing, extra or edited by hand, and the command
    that fixes it. The exit code is 1 if there is any such file. Unless --out or a selection is
    given, the installations of promptpack.yaml are checked too, where they are within reach.

    A check that finds nothing changed since the last one looks no further, unless --no-cache is
    given.
    """
    root = state.root()
    fix = _make_build_command(state, out, selection)
    is_partial = selection == ALL and not no_cache
    if changed := find_changed(state, root, out) if is_partial else None:
        return _report_changed(state, changed, fix)
    recorder = start_recorder(state, root, is_wanted=not no_cache)
    check, places = _plan_check(root, state, out, selection, keeps=recorder is not None)
    code = _report(state, check, fix)
    if code == 0:
        plans = check.list_plans()
        leave_record(recorder, plans, lambda _: _report(state, check, fix), places, check.kept)
    return code


def _plan_check(
    root: Path, state: State, out: Path | None, selection: Selection, *, keeps: bool
) -> tuple[_Check, list[Path]]:
    """Return what is planned for all that is checked, and the folders of all installations.

    `keeps` is whether something is to be kept of each pack for a run that finds few changes.
    """
    project = load_selected(root, selection)
    folder = state.output(root, out, project.out)
    is_kept = keeps and selection == ALL
    files, permissions, kept = _render(project, root, selection, keeps=is_kept)
    if selection == ALL and not project.installations:
        project = _drop_packs(project)
    plan = plan_output(files, folder, selection, project.name)
    refuse_empty_selection(project, plan.statuses, selection)
    if list_rivals(plan, project):
        load_whole(root)
    is_whole = out is None and selection == ALL
    installations, skipped = plan_checked(project, root) if is_whole else ([], [])
    groups = group_installations(project)
    if kept and is_whole and project.installations:
        placed = frozenset(one.pack for placements in groups.values() for one in placements)
        kept = replace(kept, installed=placed)
    places = [find_destination(into, root).folder for into in groups]
    return _Check(plan, permissions, installations, skipped, kept), places


def _render(
    project: Project, root: Path, selection: Selection, *, keeps: bool
) -> tuple[Mapping[str, DesiredFile], Plan | None, KeptPacks | None]:
    """Return the files that there should be, the plan for the list of rights, and what is kept."""
    session = Session(project)
    artifacts, files = gather_outputs(render(session, selection), project.name)
    permissions = plan_permissions(session, root)
    kept = keep_packs(session, artifacts, permissions) if keeps else None
    return files, permissions, kept


def _drop_packs(project: Project) -> Project:
    """Return a project without what is half of the memory, once all is rendered."""
    count = len(project.packs)
    project = replace(project, packs={}, fragments={}, sources={})
    if count > _MANY:
        gc.collect()
    return project


def _report_changed(state: State, changed: ChangedPacks, fix: str) -> int:
    """Print what differs of the packs that changes reach, or that nothing does in all of them."""
    plan = changed.plan
    differing = plan.statuses.list_differing()
    if differing:
        print_lines(format_differences(differing, quiet=state.quiet))
        print_lines(format_fix(differing, fix))
        return 1
    print_as_before(changed)
    store_again(changed.look, plan, changed.kept)
    return 0


def _report(state: State, check: _Check, fix: str) -> int:
    """Print what differs, or that nothing does; return the exit code."""
    plan, permissions, installations, skipped, _ = check
    plans = [one for one in (permissions, plan) if one]
    differing = [one for each in plans for one in each.statuses.list_differing()]
    unreadable = [one.manifest for one in plans if one.manifest.problem]
    if state.format == "json":
        data = {
            "installations": [make_installation_data(one) for one in installations],
            "permissions": make_permissions_data(permissions),
        }
        print_json({**make_check_data(plan), **data})
    elif differing:
        print_lines(format_differences(differing, quiet=state.quiet))
        print_lines(format_fix(differing, fix))
    elif not state.quiet and not unreadable:
        file_count = pluralize(count_files(plan), "file")
        print_line(f"{file_count} in {state.shown(plan.folder)}, all up to date")
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
    for kind, names in zip(
        ("pack", "model", "policy", "target", "language"), selection, strict=True
    ):
        words += [word for name in names for word in (f"--{kind}", name)]
    return shlex.join(words)
