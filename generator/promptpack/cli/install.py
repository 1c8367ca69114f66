"""`promptpack install`: put one variant into a repository, or take it out again."""

import json
import sys
from pathlib import Path

import click

from promptpack.build import build
from promptpack.cli import report
from promptpack.cli.choice import chosen_pack, chosen_target, chosen_variant
from promptpack.cli.state import State, format_option, pass_state
from promptpack.model import Project, UserError
from promptpack.output.install import plan_install, plan_uninstall
from promptpack.output.plan import check_data, counts
from promptpack.output.write import Plan, apply
from promptpack.output.write import State as FileState
from promptpack.reading.project import load
from promptpack.rendering.variants import Selection

_WORDS = {"missing": "create", "stale": "replace", "extra": "remove", "same": "keep"}
_ASIDE = ("edited", "foreign")
_REFUSED: tuple[FileState, ...] = ("edited", "foreign", "linked")


@click.command("install")
@click.argument("pack", required=False)
@click.option("--target", "targets", multiple=True, metavar="NAME", help="For this client.")
@click.option("--variant", metavar="NAME", help="<model>.<policy>; default: the pack's default.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="The repository's folder.",
)
@click.option("--uninstall", is_flag=True, help="Take the pack's files out again.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask.")
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
    """Put one variant of PACK into a repository, for each --target.

    PACK may be left out where the project has only one. On a terminal what would be done is shown
    first. A file that promptpack did not put there, or that was edited since, is left alone, and
    the exit code is 1. In AGENTS.md only the pack's own block is written.
    """
    project = load(state.root())
    pack = chosen_pack(project, pack)
    if uninstall:
        todo = plan_uninstall(pack, targets, into)
    else:
        todo = _plan(project, pack, variant, targets, into)
    _say(state, todo, force=force)
    refused = [s for s in todo.having(*_REFUSED) if not force or s.state == "linked"]
    for status in refused:
        click.echo("\n".join(report.difference(status)), err=True)
    if dry_run or not _agreed(todo, yes=yes):
        return 1 if refused else 0
    try:
        apply(todo, force=force)
    except UserError as error:
        report.findings(error.findings)
        return 1
    return 1 if refused else 0


def _plan(
    project: Project, pack: str, variant: str | None, targets: tuple[str, ...], into: Path
) -> Plan:
    if not targets:
        raise click.UsageError("Name at least one client with --target.")
    model, policy = chosen_variant(project.packs[pack], variant)
    for target in targets:
        chosen_target(project.packs[pack], target)
    selection = Selection((pack,), (model,), (policy,), targets)
    return plan_install(build(project, selection), into)


def _say(state: State, todo: Plan, *, force: bool) -> None:
    if state.format == "json":
        click.echo(json.dumps({**check_data(todo), **counts(todo)}, indent=2))
    elif not state.quiet:
        for status in todo.statuses:
            if status.old is not None or status.new is not None:
                aside = force and status.state in _ASIDE and status.new is not None
                word = _WORDS.get(status.state, "leave alone")
                click.echo(f"{'replace, and keep as .orig,' if aside else word} {status.path}")


def _agreed(todo: Plan, *, yes: bool) -> bool:
    """Ask on a terminal whether to go on; elsewhere what was asked for is done."""
    changes = any(status.state != "same" for status in todo.statuses)
    if yes or not changes or not sys.stdin.isatty():
        return True
    return click.confirm("Go on?", err=True)
