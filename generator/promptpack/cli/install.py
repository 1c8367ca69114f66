"""`promptpack install`: install one variant into a repository, or uninstall it."""

from pathlib import Path

import click

from promptpack.build import build_project
from promptpack.cli import report
from promptpack.cli.choice import choose_pack, choose_target, choose_variant
from promptpack.cli.state import State, format_option, pass_state
from promptpack.model import Project, UserError
from promptpack.output.folders import find_installation_problem
from promptpack.output.install import plan_install, plan_uninstall
from promptpack.output.plan import count_changes, make_check_data
from promptpack.output.status import State as FileState
from promptpack.output.write import Plan, apply_plan, make_problem_finding
from promptpack.reading.project import load_project
from promptpack.rendering.variants import Selection
from promptpack.reporting.console import (
    ask_to_go_on,
    is_terminal,
    print_json,
    print_line,
    print_lines,
)
from promptpack.source.disk import find_real_path

_STATE_VERBS = {"missing": "create", "stale": "replace", "extra": "remove", "same": "keep"}
_BACKUP_VERB = "replace (the old file is kept as .orig)"
_BACKED_UP_STATES = ("edited", "foreign")
_REFUSED_STATES: tuple[FileState, ...] = ("edited", "foreign", "linked")


@click.command("install")
@click.argument("pack", required=False)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    help="The client to install for; may be repeated.",
)
@click.option("--variant", metavar="NAME", help="<model>.<policy>; default: the pack's default.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="The repository's folder.",
)
@click.option("--uninstall", is_flag=True, help="Remove the pack's files.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--force", is_flag=True, help="Overwrite edited files; a copy is kept as .orig.")
@format_option
@pass_state
def command(  # noqa: PLR0913 - one parameter an option
    state: State,
    pack: str | None,
    targets: tuple[str, ...],
    variant: str | None,
    into: Path,
    *,
    uninstall: bool,
    dry_run: bool,
    yes: bool,
    force: bool,
) -> int:
    """Install one variant of PACK into a repository, for each --target.

    PACK is optional if the project has only one. On a terminal, the command shows its plan and asks
    first. A file that promptpack did not put there, or that was edited since, is left alone, and
    the exit code is 1. In AGENTS.md, only the pack's own block is written.
    """
    root = state.root()
    if reason := find_installation_problem(into, root):
        raise click.UsageError(f"'{into}' can't be installed into: {reason}.")
    project, into = load_project(root), find_real_path(into)
    pack = choose_pack(project, pack)
    if uninstall:
        plan = plan_uninstall(pack, targets, into, project.name)
    else:
        plan = _make_plan(project, pack, variant, targets, into)
    if plan.manifest.problem and not force:
        raise UserError((make_problem_finding(plan.manifest),))
    _print_plan(state, plan, force=force)
    refused_statuses = [
        s for s in plan.filter_statuses(*_REFUSED_STATES) if not force or s.state == "linked"
    ]
    for status in refused_statuses:
        print_lines(report.format_difference(status), err=True)
    if dry_run or not _confirm(plan, yes=yes):
        return 1 if refused_statuses else 0
    try:
        apply_plan(plan, force=force)
    except UserError as error:
        report.print_findings(error.findings, report.NOTHING_WRITTEN, verbose=state.verbose)
        return 1
    return 1 if refused_statuses else 0


def _make_plan(
    project: Project, pack: str, variant: str | None, targets: tuple[str, ...], into: Path
) -> Plan:
    if not targets:
        raise click.UsageError("Name at least one client with --target.")
    model, policy = choose_variant(project.packs[pack], variant)
    for target in targets:
        choose_target(project, project.packs[pack], target)
    selection = Selection((pack,), (model,), (policy,), targets)
    return plan_install(build_project(project, selection), into, project.name)


def _print_plan(state: State, plan: Plan, *, force: bool) -> None:
    if state.format == "json":
        print_json({**make_check_data(plan), **count_changes(plan)})
    elif not state.quiet:
        for status in plan.statuses:
            if status.old is not None or status.new is not None:
                keeps_copy = force and status.state in _BACKED_UP_STATES and status.new is not None
                verb = _STATE_VERBS.get(status.state, "leave alone")
                print_line(f"{_BACKUP_VERB if keeps_copy else verb} {status.path}")


def _confirm(plan: Plan, *, yes: bool) -> bool:
    """Ask on a terminal whether to go on; elsewhere what was asked for is done."""
    has_changes = any(status.state != "same" for status in plan.statuses)
    if yes or not has_changes or not is_terminal("stdin"):
        return True
    return ask_to_go_on("Continue?")
