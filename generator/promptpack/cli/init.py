"""`promptpack init`: a project in an empty folder, or in a folder of a repository."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from promptpack.cli.choices import check_target
from promptpack.cli.names import complete_targets
from promptpack.cli.report import wrap_text
from promptpack.cli.state import State, pass_state
from promptpack.importing.importer import write_contents
from promptpack.model import UserError
from promptpack.output.folders import find_start_problem
from promptpack.reporting.console import (
    ask_to_go_on,
    is_terminal,
    print_line,
    print_lines,
    style,
)
from promptpack.reporting.plurals import pluralize
from promptpack.starting.acceptances import Acceptances
from promptpack.starting.packs import is_slug
from promptpack.starting.plan import StartPlan, StartWish, plan_start
from promptpack.starting.surroundings import Surroundings, survey_folder
from promptpack.targets import TARGETS
from promptpack.targets.built import takes_kind

_ELSEWHERE = "To start elsewhere, name a folder that is not there yet: promptpack init agents"


@click.command("init")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--name", default="", help="The project's name; default: that of the folder.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_targets,
    help="A client to build for; may be repeated. Default: those that the repository shows.",
)
@click.option("--pre-commit", "with_hooks", is_flag=True, help="Also write pre-commit hooks.")
@click.option("--dry-run", is_flag=True, help="Print what would be written; write nothing.")
@click.option("-y", "--yes", is_flag=True, help="Write without asking.")
@pass_state
def command(  # noqa: PLR0913 - one parameter an option
    state: State,
    folder: Path | None,
    name: str,
    targets: tuple[str, ...],
    *,
    with_hooks: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    """Start a project in DIR, or in the current folder.

    Writes promptpack.yaml, a pack with a small reviewer, schemas for editors, and what the
    repository needs to check the outputs. What is there already is kept. On a terminal, asks before
    it writes.
    """
    folder = folder or state.directory or Path()
    _check_words(folder, name, targets)
    plan = _plan(survey_folder(folder), StartWish(name, tuple(dict.fromkeys(targets)), with_hooks))
    if not state.quiet:
        print_lines(_format_plan(plan, state.shown(plan.surroundings.top)))
    if dry_run or not plan.contents:
        return 0
    if not yes and is_terminal("stdin") and not ask_to_go_on("Write these files?"):
        return 1
    write_contents(plan.surroundings.top, plan.contents)
    if not state.quiet:
        print_lines(_format_next_steps(plan))
    return 0


def _check_words(folder: Path, name: str, targets: tuple[str, ...]) -> None:
    """Raise UsageError for a folder, a name or a client that a project can't have."""
    if reason := find_start_problem(folder):
        raise click.UsageError(f"'{folder}' can't be a project: {reason}.")
    if name and not is_slug(name):
        raise click.UsageError(format_slug_problem(name))
    for target in targets:
        check_target(target)
        if not takes_kind(target, "agent"):
            raise click.UsageError(
                f"'{target}' is for commands, and a project begins with an agent."
            )


def format_slug_problem(name: str) -> str:
    """Return why a name can't be used, and the one that comes nearest to it."""
    from promptpack.model.sections import make_slug  # noqa: PLC0415 - only for a mistake

    rule = "Names have small letters and digits, in words with hyphens between them."
    slug = make_slug(name)
    return f"'{name}' is not a valid name. {rule}" + (f" Did you mean '{slug}'?" if slug else "")


def _plan(surroundings: Surroundings, wish: StartWish) -> StartPlan:
    try:
        return plan_start(surroundings, wish)
    except UserError as error:
        error.add_note(_ELSEWHERE)
        raise


def _format_plan(plan: StartPlan, top: str) -> Iterator[str]:
    """Yield what is written, what is kept, and what was found on the way."""
    if plan.contents:
        count = pluralize(len(plan.contents), "file")
        yield style(f"{count} for {'this folder' if top == '.' else top}:", bold=True)
    width = max(map(len, plan.contents), default=0)
    for path, purpose in plan.purposes.items():
        yield f"  {path.ljust(width)}  {purpose}"
    if plan.kept:
        yield from wrap_text("Kept, because they are there already: ", ", ".join(plan.kept), 2)
    for path, advice in plan.kept.items():
        if advice:
            yield from wrap_text("Note: ", f"for {path}, {advice}", 2)
    if plan.skipped:
        yield from wrap_text("Not written, because of a link: ", ", ".join(plan.skipped), 2)
    yield from format_accepted(plan.accepted)
    if files := plan.hand_kept:
        titles = ", ".join(dict.fromkeys(TARGETS[file.target].title for file in files))
        text = f"{pluralize(len(files), 'agent file')} of {titles}. To make packs of them:"
        yield from wrap_text("Found ", f"{text} promptpack import .", 2)
    if ignored := plan.ignored:
        yield from wrap_text("Note: ", f"git ignores {', '.join(ignored)}", 2)


def format_accepted(acceptances: Acceptances) -> Iterator[str]:
    """Yield what was accepted so that a new pack builds, client by client."""
    for client, capabilities in acceptances.items():
        text = f"{TARGETS[client].title} differs from the policy in {', '.join(capabilities)}."
        yield from wrap_text(
            "Accepted: ", f"{text} Check the reason under 'accept' in its pack.yaml.", 2
        )


def _format_next_steps(plan: StartPlan) -> Iterator[str]:
    """Yield the next commands, and what has to be filled in before."""
    folder = plan.surroundings.folder
    current = Path.cwd()
    place = folder.relative_to(current) if folder.is_relative_to(current) else folder
    start = "promptpack" if folder == current else f"promptpack -C {shlex.quote(str(place))}"
    yield ""
    for path in plan.to_replace:
        yield from wrap_text("Fill in ", f"{path}: where promptpack comes from, in '<...>'", 2)
    yield style("Next:", bold=True)
    yield from (f"  {start} {words}" for words in ("build", "install", "check"))


def print_written(folder: str, count: int) -> None:
    """Print how many files were written into a folder."""
    print_line(f"Wrote {pluralize(count, 'file')} into {folder}")
