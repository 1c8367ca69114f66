"""`promptpack install`: put agents where clients load them, or take them out."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from promptpack.cli import report
from promptpack.cli.differences import format_differences, format_fix
from promptpack.cli.installing import Request, plan_request, plan_uninstall
from promptpack.cli.names import complete_packs, complete_targets, complete_variants
from promptpack.cli.state import State, format_option, pass_state
from promptpack.model import UserError
from promptpack.output.installations import (
    InstallationPlan,
    find_other_variants,
    list_differing,
    make_installation_data,
)
from promptpack.output.instructions import find_oversized
from promptpack.output.plan import SCHEMA_VERSION, count_changes, make_check_data
from promptpack.output.rivals import find_rivals
from promptpack.output.status import State as FileState
from promptpack.output.status import Status
from promptpack.output.write import apply_plan, make_problem_finding
from promptpack.reading.project import load_project
from promptpack.reading.root_finding import list_known_packs
from promptpack.reading.some_packs import load_packs
from promptpack.reporting.console import (
    ask_to_go_on,
    is_terminal,
    print_json,
    print_lines,
)
from promptpack.reporting.plurals import pluralize

_STATE_VERBS = {"missing": "create", "stale": "replace", "extra": "remove"}
_BACKUP_VERB = "replace (the old file is kept as .orig)"
_BACKED_UP_STATES = ("edited", "foreign")
_REFUSED_STATES: tuple[FileState, ...] = ("edited", "foreign", "linked")


@click.command("install")
@click.argument("pack", required=False, shell_complete=complete_packs)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_targets,
    help="The client to install for; may be repeated.",
)
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_variants,
    help="<model>.<policy>, or <model>.<policy>.<language>; default: the pack's default.",
)
@click.option("--as", "name", metavar="NAME", help="What the pack is called there.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The repository's folder.",
)
@click.option("--user", is_flag=True, help="Install for you, into each client's own folder.")
@click.option("--check", is_flag=True, help="Only compare; exit 1 if a file is not as built.")
@click.option("--uninstall", is_flag=True, help="Remove the files of the pack, or of all packs.")
@click.option("--replace", is_flag=True, help="Replace another variant of the pack.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--force", is_flag=True, help="Overwrite edited files; a copy is kept as .orig.")
@format_option
@pass_state
def command(  # noqa: PLR0913 - one parameter an option
    state: State,
    pack: str | None,
    targets: tuple[str, ...],
    variants: tuple[str, ...],
    *,
    name: str | None,
    into: Path | None,
    user: bool,
    check: bool,
    uninstall: bool,
    replace: bool,
    dry_run: bool,
    yes: bool,
    force: bool,
) -> int:
    """Install agents where their clients load them.

    Without arguments, everything that `installations` of promptpack.yaml lists. With PACK and
    --target, one variant of that pack; PACK is optional if the project has only one. With --into
    alone, what is recorded in that folder is brought up to date.

    On a terminal, the command shows its plan and asks first. A file that promptpack did not put
    there, or that was edited since, is left alone, and the exit code is 1. In AGENTS.md, only the
    pack's own block is written.
    """
    if len(variants) > 1:
        raise click.UsageError("Name one --variant; install another one beside it with --as NAME.")
    variant, is_written = next(iter(variants), None), not (check or dry_run)
    request = Request(pack, targets, variant, name, into, user, is_written)
    root = state.root()
    is_known = pack is not None and pack in list_known_packs(root)
    project = load_packs(root, (pack,)) if pack and is_known else load_project(root)
    plan = plan_uninstall if uninstall else plan_request
    installations = plan(project, root, request)
    _refuse_unreadable(installations, force=force)
    if check:
        return _report_check(state, installations, request)
    if request.is_of_one and not (uninstall or replace):
        _refuse_other_variants(installations)
    _print_plans(state, installations, pack or name or "", force=force)
    _print_warnings(state, installations)
    refused = _print_refused(installations, force=force)
    if dry_run or not _confirm(installations, yes=yes):
        return 1 if refused else 0
    return max(_apply(state, installations, force=force), int(refused))


def _refuse_unreadable(installations: Iterable[InstallationPlan], *, force: bool) -> None:
    manifests = [one.plan.manifest for one in installations if one.plan.manifest.problem]
    if manifests and not force:
        raise UserError(tuple(map(make_problem_finding, manifests)))


def _print_warnings(state: State, installations: Iterable[InstallationPlan]) -> None:
    """Print what clients would not read to the end, and what they would not call."""
    findings = [
        finding
        for one in installations
        for finding in (*find_oversized(one.plan), *find_rivals(one.plan))
    ]
    if findings:
        report.print_findings(findings, verbose=state.verbose)


def _refuse_other_variants(installations: Iterable[InstallationPlan]) -> None:
    for installation in installations:
        for path, old, new in find_other_variants(installation.plan):
            raise click.UsageError(
                f"{path} is {old}, and you asked for {new}. Install it beside that with "
                "--as NAME, or in its place with --replace."
            )


def _apply(state: State, installations: Iterable[InstallationPlan], *, force: bool) -> int:
    """Do what the plans say; a folder where that is not possible does not stop the others."""
    code = 0
    for installation in installations:
        try:
            apply_plan(installation.plan, force=force)
        except UserError as error:
            report.print_findings(error.findings, report.NOTHING_WRITTEN, verbose=state.verbose)
            code = 1
    return code


def _print_plans(
    state: State, installations: Sequence[InstallationPlan], pack: str, *, force: bool
) -> None:
    if state.format == "json":
        print_json(_make_data(installations))
        return
    if state.quiet:
        return
    for installation in installations:
        folder = _name_folder(installations, installation)
        lines = [f"{verb} {folder}{path}" for verb, path in _iter_verbs(installation, force=force)]
        print_lines(lines or [_format_current(installation, pack)])
        print_lines(_format_orphans(state, installation))


def _make_data(installations: Sequence[InstallationPlan]) -> dict[str, object]:
    """Return what a run prints as JSON: of each folder, and of all files together."""
    data = [make_check_data(one.plan) for one in installations]
    counts = [count_changes(one.plan) for one in installations]
    return {
        "schema_version": SCHEMA_VERSION,
        "files": [file for one in data for file in one["files"]],
        "manifest_problem": next(
            (d["manifest_problem"] for d in data if d["manifest_problem"]), ""
        ),
        **{key: sum(one[key] for one in counts) for key in ("written", "unchanged", "removed")},
        "installations": [make_installation_data(one) for one in installations],
    }


def _iter_verbs(installation: InstallationPlan, *, force: bool) -> Iterator[tuple[str, str]]:
    for status in list_differing(installation):
        keeps_copy = force and status.state in _BACKED_UP_STATES and status.new is not None
        verb = _STATE_VERBS.get(status.state, "leave alone")
        yield (_BACKUP_VERB if keeps_copy else verb), status.path


def _format_current(installation: InstallationPlan, pack: str) -> str:
    """Return that a folder is as it should be; `pack` is the name that was asked for, or ""."""
    destination = installation.destination
    place = "your home folder" if destination.is_for_user else destination.into
    if not installation.plan.desired:
        what = f"of the pack '{pack}'" if pack else "of this project"
        return f"Nothing {what} is installed in {place}"
    count = len(installation.plan.desired)
    return f"{pluralize(count, 'file')} in {place}, all up to date"


def _format_orphans(state: State, installation: InstallationPlan) -> Iterator[str]:
    """Yield the files whose pack is gone, and how to remove them: only the user knows of both."""
    packs: dict[str, list[str]] = {}
    for path, record in installation.orphans.items():
        packs.setdefault(record.get("pack", ""), []).append(path)
    for pack, paths in packs.items():
        for path in paths:
            yield f"{path} stays: the project has no pack '{pack}' any more"
        yield f"To remove it: {_make_command(state, installation, '--uninstall', pack)}"


def _make_command(state: State, installation: InstallationPlan, *words: str) -> str:
    destination = installation.destination
    place = ["--user"] if destination.is_for_user else ["--into", destination.into]
    return shlex.join(["promptpack", *state.place(), "install", *words, *place])


def _name_folder(installations: Sequence[InstallationPlan], installation: InstallationPlan) -> str:
    """Return what stands before the paths of a folder where there are several."""
    destination = installation.destination
    if destination.is_for_user:
        return "~/"
    is_told = len(installations) > 1 and destination.into != "."
    return f"{destination.into.rstrip('/')}/" if is_told else ""


def _print_refused(installations: Iterable[InstallationPlan], *, force: bool) -> bool:
    """Print how the files differ that are left alone; tell whether there are any."""
    statuses = [
        status
        for one in installations
        for status in one.plan.filter_statuses(*_REFUSED_STATES)
        if not force or status.state == "linked"
    ]
    for status in statuses:
        print_lines(report.format_difference(status), err=True)
    return bool(statuses)


def _report_check(state: State, installations: Sequence[InstallationPlan], request: Request) -> int:
    if state.format == "json":
        print_json(_make_data(installations))
    else:
        print_lines(format_check(state, installations, request))
    return 0 if all(map(is_current, installations)) else 1


def is_current(installation: InstallationPlan) -> bool:
    """Tell whether the files of a folder are what the project says, and there are no others."""
    return not list_differing(installation) and not installation.orphans


def format_check(
    state: State, installations: Sequence[InstallationPlan], request: Request | None
) -> Iterator[str]:
    """Yield what differs in installed files, and the command that fixes it in each folder."""
    fixes: dict[str, list[Status]] = {}
    for installation in installations:
        statuses = list_differing(installation)
        fixes.setdefault(_make_fix(state, installation, request), []).extend(statuses)
        folder = _name_folder(installations, installation)
        yield from format_differences(statuses, folder=folder, quiet=state.quiet)
        if not statuses and not state.quiet:
            yield _format_current(installation, "")
        yield from _format_orphans(state, installation)
    for fix, statuses in fixes.items():
        yield from format_fix(statuses, fix)


def _make_fix(state: State, installation: InstallationPlan, request: Request | None) -> str:
    """Return the command that brings a folder up to date."""
    if request is None or not (request.is_of_one or request.into or request.is_for_user):
        return shlex.join(["promptpack", *state.place(), "install"])
    words = [request.pack] if request.pack else []
    words += [word for target in request.targets for word in ("--target", target)]
    words += ["--variant", request.variant] if request.variant else []
    words += ["--as", request.name] if request.name else []
    return _make_command(state, installation, *words)


def _confirm(installations: Iterable[InstallationPlan], *, yes: bool) -> bool:
    """Ask on a terminal whether to go on; elsewhere what was asked for is done."""
    has_changes = any(list_differing(one) for one in installations)
    if yes or not has_changes or not is_terminal("stdin"):
        return True
    return ask_to_go_on("Continue?")
