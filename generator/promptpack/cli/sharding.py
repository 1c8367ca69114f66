"""`promptpack build --shard` and `--merge-shards`: a part of a build, and all parts made one."""

from collections.abc import Iterator
from pathlib import Path

import click

from promptpack.build import load_whole
from promptpack.cli import report
from promptpack.cli.state import Command, State
from promptpack.model import UserError
from promptpack.output.folder_plan import Plan
from promptpack.output.permissions_file import find_list, plan_permissions
from promptpack.output.plan import count_changes, count_files
from promptpack.output.shard_records import plan_merge, read_shard_records, remove_shard_records
from promptpack.output.write import apply_plans
from promptpack.rendering.shards import Shard, parse_shard
from promptpack.rendering.variants import ALL, Selection
from promptpack.reporting.console import print_line, print_lines, style
from promptpack.reporting.plurals import pluralize
from promptpack.session import Session

NO_FILES = "There are no files in this shard: there are more shards than packs and shared files."


def shard_options(command: Command) -> Command:
    """Give a command the options that build a part of all files, and that merge the parts."""
    command = click.option(
        "--merge-shards",
        is_flag=True,
        help="Make the files of all shards one build; nothing is rendered.",
    )(command)
    return click.option(
        "--shard",
        metavar="I/N",
        callback=_read_shard,
        help="Only the files of part I of N.",
    )(command)


def refuse_mixed(
    state: State, shard: Shard | None, selection: Selection, *, merge: bool, watch: bool
) -> None:
    """Raise UsageError for options that do not go together."""
    if watch and state.format != "human":
        raise click.UsageError("--watch prints lines for people, and no JSON.")
    if merge and state.format != "human":
        raise click.UsageError("--merge-shards prints lines for people, and no JSON.")
    option = "--shard" if shard else "--merge-shards" if merge else ""
    if shard and merge:
        raise click.UsageError("Use --shard or --merge-shards, not both.")
    if option and watch:
        raise click.UsageError(f"Use {option} or --watch, not both.")
    if option and selection != ALL:
        raise click.UsageError(
            f"{option} is about all files: leave out --pack, --model, --policy and --target."
        )


def merge_all(state: State, root: Path, out: Path | None, *, force: bool) -> list[Plan]:
    """Make the shards in the output folder one build, and return what was done.

    Raises UserError where they are not all of the shards of this project, as it is now.
    """
    project = load_whole(root)
    folder = state.output(root, out, project.out)
    records = read_shard_records(folder)
    if not records:
        raise click.UsageError(
            f"There are no shards in '{state.shown(folder)}'. Build them with --shard, and copy "
            "their files there, those with a dot at the start of their names too."
        )
    merged = plan_merge(folder, project, records)
    permissions, plan = apply_with_list(
        plan_permissions(Session(project), root), merged, force=force
    )
    remove_shard_records(folder)
    if not state.quiet:
        _report(state, plan, permissions, len(records))
    return [plan, *([permissions] if permissions else [])]


def apply_with_list(
    permissions: Plan | None, outputs: Plan, *, force: bool
) -> tuple[Plan | None, Plan]:
    """Do what the plans say, the list of permissions first: it never shows less than is built."""
    plans = [plan for plan in (permissions, outputs) if plan]
    try:
        *lists, outputs = apply_plans(plans, force=force)
    except UserError:
        for status in (one for plan in plans for one in plan.filter_statuses("edited", "foreign")):
            if status.new is not None:
                print_lines(report.format_difference(status), err=True)
        raise
    return next(iter(lists), None), outputs


def summarize_list(permissions: Plan | None) -> Iterator[str]:
    """Yield a line about the list of permissions, where there is one."""
    if status := find_list(permissions):
        word = "unchanged" if status.state == "same" else "written"
        yield f"{style('Listed', 'green')} permissions in {status.path}: {word}"


def _read_shard(_: click.Context, __: click.Parameter, value: str | None) -> Shard | None:
    shard = parse_shard(value) if value else None
    if value is not None and shard is None:
        raise click.BadParameter(f"'{value}' is not a part of a whole, such as 2/4.")
    return shard


def _report(state: State, plan: Plan, permissions: Plan | None, count: int) -> None:
    for one in filter(None, (plan, permissions)):
        print_lines(report.format_leftovers(one))
    print_lines(summarize_list(permissions))
    files, removed = pluralize(count_files(plan), "file"), count_changes(plan)["removed"]
    also = f", {removed} removed" if removed else ""
    shards = pluralize(count, "shard")
    print_line(f"{style('Merged', 'green')} {shards} in {state.shown(plan.folder)}: {files}{also}")
