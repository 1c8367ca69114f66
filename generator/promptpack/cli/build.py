"""`promptpack build`: render everything, then write what changed."""

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import click

from promptpack.build import (
    Progress,
    load_selected,
    load_whole,
    render,
)
from promptpack.cli import report
from promptpack.cli.changed import (
    ends_with,
    find_changed,
    print_as_before,
)
from promptpack.cli.choice import NO_PACKS, refuse_empty_selection
from promptpack.cli.losses import format_losses, summarize_losses
from promptpack.cli.progress import show_progress
from promptpack.cli.sharding import (
    NO_FILES,
    apply_with_list,
    merge_all,
    refuse_mixed,
    shard_options,
    summarize_list,
)
from promptpack.cli.state import (
    State,
    format_option,
    out_option,
    pass_state,
    selection_options,
    whole_option,
)
from promptpack.cli.unchanged import keep_packs, leave_record, start_recorder
from promptpack.cli.watching import build_on_change, require_watcher
from promptpack.model import Artifact, UserError
from promptpack.output.folder_plan import Plan
from promptpack.output.kept import KeptPacks
from promptpack.output.manifest_part import ManifestChangedError
from promptpack.output.permissions_file import make_permissions_data, plan_permissions
from promptpack.output.plan import (
    Outputs,
    count_changes,
    drop_sources,
    gather_outputs,
    list_notes,
    list_rivals,
    make_build_data,
    plan_output,
)
from promptpack.output.record_again import store_again
from promptpack.output.recording import Recorder
from promptpack.output.shard_records import remove_shard_records, write_shard_record
from promptpack.output.used_sources import hash_library
from promptpack.output.write import apply_plan
from promptpack.provenance.reuse import BuiltArtifacts, find_built
from promptpack.rendering.expectations import ExpectationSummary
from promptpack.rendering.shards import Chooser, Shard, choose_all, make_chooser
from promptpack.rendering.variants import ALL, Selection
from promptpack.reporting.console import print_json, print_line, print_lines, style
from promptpack.reporting.plurals import pluralize
from promptpack.session import Session

_MANY = 5_000
"""The number of artifacts above which it pays to look for memory that nothing needs any more."""


@click.command("build")
@out_option
@selection_options
@click.option("--force", is_flag=True, help="Overwrite edited files; a copy is kept as .orig.")
@click.option("--watch", is_flag=True, help="Build again whenever a source changes.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if a file was written or removed.")
@shard_options
@whole_option
@format_option
@pass_state
def command(  # noqa: PLR0913 - one parameter an option
    state: State,
    out: Path | None,
    selection: Selection,
    *,
    shard: Shard | None,
    merge_shards: bool,
    force: bool,
    watch: bool,
    exit_code: bool,
    no_cache: bool,
) -> int:
    """Render every variant for every client into the output folder.

    Nothing is written unless everything renders. A file that promptpack did not write, or that was
    edited since, is not overwritten. With --watch, each build is one line, an error is printed and
    the next change is waited for, and Ctrl-C ends it; this needs the [watch] extra.

    A build that finds nothing changed since the last one looks no further, unless --no-cache is
    given.

    With --shard 2/4, the second of four parts of all files is built. Once the files of all shards
    are in one output folder, --merge-shards makes them the whole build, without rendering.
    """
    refuse_mixed(state, shard, selection, merge=merge_shards, watch=watch)
    options = _BuildOptions(out, selection, shard, force)
    root = state.root()
    if watch:
        require_watcher()
        memory = _Memory()
        build_on_change(state, root, lambda: _summarize(_build(state, root, options, memory)))
        return 0
    if merge_shards:
        plans = merge_all(state, root, out, force=force)
        return int(exit_code and any(map(_has_changes, plans)))
    plans = _build_changed(state, root, out) if options.selects_all and not no_cache else []
    if not plans:
        recorder = start_recorder(state, root, is_wanted=not (no_cache or force or shard))
        plans = _build_whole(state, root, options, recorder)
    return int(exit_code and any(map(_has_changes, plans)))


class _BuildOptions(NamedTuple):
    """What is to be built: where, which of the files, and whether edited ones are overwritten."""

    out: Path | None
    selection: Selection
    shard: Shard | None
    force: bool

    @property
    def selects_all(self) -> bool:
        """Whether everything is built, and nothing that was edited overwritten."""
        return self.selection == ALL and not (self.shard or self.force)


class _Build(NamedTuple):
    """What was built, what was written of it and where, and how expectations fared."""

    artifacts: tuple[Artifact, ...]
    plan: Plan
    permissions: Plan | None
    folder: str
    expectations: ExpectationSummary
    shard: Shard | None
    kept: KeptPacks | None = None


def _build_whole(
    state: State, root: Path, options: _BuildOptions, recorder: Recorder | None
) -> list[Plan]:
    """Build everything, print how it went, and return the plans that were carried out."""
    build = _build(state, root, options, keeps=recorder is not None)
    _report(state, build)
    plans = [plan for plan in (build.plan, build.permissions) if plan]

    def report_again(plans: Sequence[Plan]) -> None:
        _report(state, build._replace(plan=plans[0], permissions=_second(plans)))

    leave_record(recorder, plans, report_again, kept=build.kept)
    return plans


def _build_changed(state: State, root: Path, out: Path | None) -> list[Plan]:
    """Build the packs that changes since the last record reach, and say what a whole build says.

    Returns the plan that was carried out; none where it takes a whole build.
    """
    changed = find_changed(state, root, out)
    if changed is None:
        return []
    files, folder = changed.kept.files, state.shown(changed.plan.folder)
    if not ends_with(changed, _format_summary({"written": 0, "unchanged": files}, folder)):
        return []
    try:
        plan = apply_plan(changed.plan)
    except ManifestChangedError:
        return []
    written = count_changes(plan)["written"]
    counts = {"written": written, "unchanged": files - written}
    print_as_before(changed, _format_summary(counts, folder))
    store_again(changed.look, plan, changed.kept)
    return [plan]


@dataclass
class _Memory:
    """What --watch keeps for the next build: of the last one that nothing was wrong with."""

    built: BuiltArtifacts | None = None


def _build(
    state: State,
    root: Path,
    options: _BuildOptions,
    memory: _Memory | None = None,
    *,
    keeps: bool = False,
) -> _Build:
    """Render everything and write what changed; raises UserError where something is wrong.

    `keeps` is whether something is to be kept of each pack for a run that finds few changes.
    """
    selection, shard = options.selection, options.shard
    previous = memory.built.project if memory and memory.built else None
    project = load_selected(root, selection, previous)
    folder = state.output(root, options.out, project.out)
    is_chosen = make_chooser(project, shard) if shard else choose_all
    with show_progress(state, "Rendering") as progress:
        session = Session(project)
        outputs = _render(session, selection, progress, is_chosen, memory)
    artifacts = outputs.artifacts
    expectations = session.expectations.summarize()
    library = hash_library(session, artifacts)
    plan = plan_output(outputs.files, folder, selection, project.name, library, is_chosen)
    refuse_empty_selection(project, plan.statuses, selection)
    if list_rivals(plan, project):
        load_whole(root)
    rights = plan_permissions(session, root)
    kept = keep_packs(session, artifacts, rights) if keeps and selection == ALL else None
    sources = project if shard else None
    artifacts = drop_sources(artifacts)
    del session, project, outputs  # all is planned, and these are half of the memory
    if len(artifacts) > _MANY:
        gc.collect()
    permissions, plan = apply_with_list(rights, plan, force=options.force)
    if shard and sources:
        write_shard_record(plan, shard, sources)
    elif selection == ALL:
        remove_shard_records(folder)
    return _Build(artifacts, plan, permissions, state.shown(folder), expectations, shard, kept)


def _report(state: State, build: _Build) -> None:
    artifacts, plan, permissions = build.artifacts, build.plan, build.permissions
    expectations = build.expectations
    if state.format == "json":
        data = {"permissions": make_permissions_data(permissions)}
        shard = {"shard": str(build.shard)} if build.shard else {}
        print_json({**make_build_data(artifacts, plan, expectations), **data, **shard})
    elif not state.quiet:
        lines = [*summarize_losses(artifacts)]
        for one in filter(None, (plan, permissions)):
            lines += report.format_leftovers(one)
        if state.verbose:
            lines += ["", *format_losses(artifacts)]
        print_lines(lines)
        for note in list_notes(artifacts):
            print_lines(report.wrap_text("Note: ", note, 6))
        if not artifacts:
            print_line(NO_FILES if build.shard else NO_PACKS)
        print_lines(report.format_expectations(expectations))
        print_lines(summarize_list(permissions))
        print_line(_summarize(build))


def _second(plans: Sequence[Plan]) -> Plan | None:
    return plans[1] if len(plans) > 1 else None


def _has_changes(plan: Plan | None) -> bool:
    """Tell whether a plan that was carried out wrote or removed a file."""
    return plan is not None and bool(plan.list_writes() or plan.filter_statuses("extra"))


def _render(
    session: Session,
    selection: Selection,
    progress: Progress,
    is_chosen: Chooser,
    memory: _Memory | None,
) -> Outputs:
    """Return the outputs; an error says besides how many expectations are broken.

    With a memory, what is in it is not rendered again, and it has the artifacts afterwards.
    """
    try:
        name = session.project.name
        if memory is None:
            return gather_outputs(render(session, selection, progress, is_chosen), name)
        find_known = find_built(memory.built, session.closures)
        artifacts = tuple(render(session, selection, progress, is_chosen, find_known))
        memory.built = BuiltArtifacts(session.closures, artifacts)
        return gather_outputs(artifacts, name)
    except UserError as error:
        expectations = session.expectations.summarize()
        for line in report.format_expectations(expectations) if expectations.broken else ():
            error.add_note(line)
        raise


def _summarize(build: _Build) -> str:
    return _format_summary(count_changes(build.plan), build.folder, build.shard)


def _format_summary(
    change_counts: Mapping[str, int], folder: str, shard: Shard | None = None
) -> str:
    files = change_counts["written"] + change_counts["unchanged"]
    parts = [
        f"{number} {word}" for word, number in change_counts.items() if number or word == "written"
    ]
    file_count = pluralize(files, "file")
    what = f" of shard {shard}" if shard else ""
    return f"{style('Built', 'green')} {file_count}{what} in {folder}: {', '.join(parts)}"
