"""`promptpack absorb`: move an edit of an output into the sources."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from promptpack.absorb.attached import FileProposal, propose_file
from promptpack.absorb.effects import Effects, find_effects
from promptpack.absorb.proposal import Absorption, Wish, absorb_output
from promptpack.build import build_project
from promptpack.cli import report
from promptpack.cli.absorb_file import format_file_change
from promptpack.cli.absorb_report import (
    group_variants,
    make_proposal_data,
    print_others,
    print_proposal,
    print_refused,
)
from promptpack.cli.choice import resolve_source
from promptpack.cli.state import State, format_option, pass_state
from promptpack.model import Artifact, Finding, Project, UserError
from promptpack.output.locate import (
    LocatedFile,
    LocatedOutput,
    locate_attached,
    locate_outputs,
)
from promptpack.output.manifest import INSTALLED, MANIFEST, read_manifest
from promptpack.output.packed import merge_records
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.output.rewriting import rewrite_attached, rewrite_sources
from promptpack.reading.project import load_project
from promptpack.rendering.variants import Selection
from promptpack.reporting.console import (
    ask_to_go_on,
    drop_styles,
    is_terminal,
    print_json,
    print_line,
    print_lines,
)
from promptpack.reporting.plurals import pluralize
from promptpack.source.disk import find_real_path
from promptpack.targets import TARGETS


@click.command("absorb")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--to", "to", metavar="PATH[:LINE]", default="", help="The source that gets the edit."
)
@click.option(
    "--partial", is_flag=True, help="Apply what can be applied, and report the rest (exit code 1)."
)
@click.option("--policy", is_flag=True, help="Apply edits of permissions to the policy too.")
@click.option("--widen", is_flag=True, help="Apply the edit even if outputs then grant more.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Apply the edit even if other variants change too.")
@format_option
@pass_state
def command(  # noqa: PLR0913 - the options of the command
    state: State,
    file: Path,
    to: str,
    *,
    partial: bool,
    policy: bool,
    widen: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    """Move an edit of FILE into the fragment or pack line that the text came from.

    FILE is an output, or a copy that `install` put into a repository. The command first shows how
    the sources change, and every other output that changes with them. If other variants change
    too, it needs --yes, or asks on a terminal. Afterwards, `build` produces exactly FILE; with
    --partial, FILE without the edits that are reported.
    """
    root = state.root()
    project = load_project(root)
    artifacts, records = _build_outputs(project, file)
    if located := locate_attached(find_real_path(file), artifacts):
        located = located._replace(path=file)
        artifacts = build_project(project, Selection((located.artifact.variant.pack.name,)))
        return _absorb_file(state, project, artifacts, located, to, dry_run=dry_run, yes=yes)
    output = _find_edited(artifacts, file)
    try:
        wish = Wish(_parse_target(project, root, to), partial, policy)
        absorption = absorb_output(project, output, str(file), wish)
        effects = _find_effects(project, absorption, output, records, str(file))
    except UserError as error:
        report.print_findings(error.findings, report.NOTHING_WRITTEN, verbose=state.verbose)
        return 1
    if state.format == "json":
        print_json(make_proposal_data(project, absorption, effects, file))
    else:
        print_proposal(project, absorption, effects, file)
    code = print_refused(state, absorption)
    if dry_run:
        return code
    if not _may_write(effects, widen=widen, yes=yes):
        return 1
    texts = absorption.sources.items()
    rewrite_sources((project.locate(path), project.sources[path], text) for path, text in texts)
    is_exact = not (absorption.refused or absorption.ignored)
    _print_next(", ".join(absorption.sources), is_installed=output.installed, is_exact=is_exact)
    return code


def _build_outputs(project: Project, file: Path) -> tuple[tuple[Artifact, ...], Mapping[str, str]]:
    """Return the outputs that a file holds, and what the last build wrote in its folder, by path.

    The nearest manifest that lists the file tells which those are. Where none does, nothing is
    built; and nothing of what the project has no longer.
    """
    path = find_real_path(file)
    for folder in path.parents:
        key = path.relative_to(folder).as_posix()
        files = read_manifest(folder, MANIFEST).files
        both = merge_records(files, read_manifest(folder, INSTALLED).files)
        own = [one for name, one in both.items() if name.partition("#")[0] == key]
        if own:
            tags = ["", *(tag for pack in project.packs.values() for tag in pack.languages)]
            languages: Mapping[str, object] = dict.fromkeys(tags)
            known = project.packs, project.models, project.policies, TARGETS, languages
            kinds = ("pack", "model", "policy", "target", "language")
            named = [
                tuple(sorted({one.get(kind, "") for one in own} & items.keys()))
                for kind, items in zip(kinds, known, strict=True)
            ]
            artifacts = build_project(project, Selection(*named)) if all(named) else ()
            return artifacts, {name: one.get("sha256", "") for name, one in files.items()}
    return (), {}


def _find_effects(
    project: Project,
    absorption: Absorption,
    output: LocatedOutput,
    records: Mapping[str, str],
    path: str,
) -> Effects:
    """Return what the new sources do to other outputs; permissions come from no text.

    Raises UserError at the edit where an output would not build with it.
    """
    has_policy = any(not path.endswith(".md") for path in absorption.sources)
    texts, own = absorption.sources, absorption.artifact
    known = {} if output.installed else records
    try:
        return find_effects(project, texts, own, known, has_policy=has_policy)
    except UserError as error:
        (first, *rest), line = error.findings, absorption.line
        more = f" (and {pluralize(len(rest), 'more error')})" if rest else ""
        message = f"with this edit the project would not build: {first.message}{more}"
        hint = f"see {first.path}:{first.line}" if first.path else ""
        finding = Finding("PP405", "error", path, line, 0, message, hint)
        raise UserError((finding,)) from error


def _may_write(effects: Effects, *, widen: bool, yes: bool) -> bool:
    """Tell whether sources may be written: not if that widens something, and nobody said so."""
    widened = {one.artifact.path for one in effects.permissions if one.direction == "widened"}
    if widened and not widen:
        outputs = pluralize(len(widened), "output")
        print_line(
            f"Nothing was changed, because {outputs} would grant more than before. "
            "Use --widen to apply the edit anyway.",
            err=True,
        )
        return False
    return not effects.others or yes or _confirm(effects.others)


def _absorb_file(  # noqa: PLR0913 - the options of the command
    state: State,
    project: Project,
    artifacts: Iterable[Artifact],
    located: LocatedFile,
    to: str,
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    """Move an edit of a file beside a skill into its source, which is a copy of it."""
    source = located.file.source
    if to and _parse_target(project, state.root(), to)[0] != source:
        raise click.UsageError(f"This file is a copy of {source}: the edit can go nowhere else.")
    try:
        proposal = propose_file(project, artifacts, located)
    except UserError as error:
        report.print_findings(error.findings, report.NOTHING_WRITTEN, verbose=state.verbose)
        return 1
    if state.format == "json":
        print_json(_make_file_data(located.path, proposal))
    else:
        print_lines(format_file_change(proposal))
        print_others(proposal.siblings, proposal.others)
    if dry_run or proposal.old == proposal.new:
        return 0
    if proposal.others and not yes and not _confirm(proposal.others):
        return 1
    old, new = proposal.old, proposal.new
    place = project.locate(source)
    rewrite_attached(place, old.content, new.content, is_executable=new.is_executable)
    _print_next(source, is_installed=located.installed)
    return 0


def _make_file_data(path: Path, proposal: FileProposal) -> dict[str, object]:
    diff = drop_styles("\n".join(format_file_change(proposal)))
    return {
        "schema_version": SCHEMA_VERSION,
        "path": path.as_posix(),
        "sources": [{"path": proposal.old.source, "diff": diff}],
        "siblings": [artifact.locate(proposal.old) for artifact in proposal.siblings],
        "others": [artifact.locate(proposal.old) for artifact in proposal.others],
        "refused": [],
        "ignored": [],
        "permissions": [],
    }


def _print_next(sources: str, *, is_installed: bool, is_exact: bool = True) -> None:
    """Say what to do next: what is not absorbed is still in the file, and is not overwritten."""
    command_line = f"promptpack {'install' if is_installed else 'build'}"
    if is_exact:
        print_line(f"Wrote {sources}. Now run: {command_line}", err=True)
        return
    rest = "The file still has what was not absorbed."
    print_line(f"Wrote {sources}. {rest}", err=True)
    print_line(f"To overwrite it and keep a copy, run: {command_line} --force", err=True)


def _find_edited(artifacts: Iterable[Artifact], file: Path) -> LocatedOutput:
    """Return what was edited in a file; raises UsageError where it holds no output."""
    outputs = locate_outputs(find_real_path(file), artifacts)
    edited_outputs = [output for output in outputs if output.text != output.artifact.text]
    if not outputs:
        raise click.UsageError(f"promptpack did not write '{file}' for this project.")
    if len(edited_outputs) > 1:
        packs = ", ".join(output.artifact.agent.stem for output in edited_outputs)
        raise click.UsageError(f"'{file}' has edits in the blocks of several packs ({packs}).")
    return (edited_outputs or outputs)[0]


def _parse_target(project: Project, root: Path, argument: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.+?)(?::([1-9][0-9]*))?", argument)
    if match is None:
        return "", 0
    path = resolve_source(project.sources, root, match[1])
    if path not in project.sources and path not in project.attached:
        raise click.UsageError(f"'{match[1]}' is not a source file of this project.")
    return path, int(match[2] or 0)


def _confirm(others: tuple[Artifact, ...]) -> bool:
    """Tell whether to go on where other variants change too: on a terminal that is asked."""
    variants = sum(len(names) for names in group_variants(others).values())
    if not (is_terminal("stdin") and is_terminal("stderr")):
        other_variants = pluralize(variants, "other variant")
        print_line(
            f"Nothing was changed, because {other_variants} would change too. "
            "Use --yes to apply the edit anyway.",
            err=True,
        )
        return False
    return ask_to_go_on("Change them all?")
