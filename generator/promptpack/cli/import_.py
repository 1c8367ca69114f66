"""`promptpack import`: hand-kept agent files become packs that build the same files."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from promptpack.cli import report
from promptpack.cli.progress import MANY, show_progress
from promptpack.cli.state import State, format_option, format_suggestion, from_option, pass_state
from promptpack.importing.audit import Audit, audit_paths
from promptpack.importing.importer import (
    ImportForm,
    ImportPlan,
    make_import_data,
    measure_shared_lines,
    plan_import,
    write_contents,
)
from promptpack.importing.sharing import LEAST_PROMPTS
from promptpack.lint.registry import RULES
from promptpack.reading.project import load_project_or_none
from promptpack.reporting.console import (
    ask_to_go_on,
    is_terminal,
    print_json,
    print_line,
    print_lines,
    style,
)
from promptpack.reporting.plurals import pluralize
from promptpack.targets import TARGETS

_MAX_LINES = 8


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@from_option
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="The project to write packs into; default: the current folder.",
)
@click.option("--join", is_flag=True, help="Make one pack of copies whose prompts differ in part.")
@click.option("--split", is_flag=True, help="Make a fragment of each section of a prompt.")
@click.option("--dedupe", is_flag=True, help="Make shared fragments of what 3 prompts or more say.")
@click.option("--dry-run", is_flag=True, help="Print what would be done; write nothing.")
@click.option("-y", "--yes", is_flag=True, help="Write without asking.")
@click.option("--strict", is_flag=True, help="Exit with 1 if a file is refused.")
@format_option
@pass_state
def command(  # noqa: PLR0913 - one parameter an option
    state: State,
    paths: tuple[Path, ...],
    target: str,
    into: Path | None,
    *,
    join: bool,
    split: bool,
    dedupe: bool,
    dry_run: bool,
    yes: bool,
    strict: bool,
) -> int:
    """Turn hand-kept agent files into packs that build the same files, to the byte.

    Each PATH is a file, or a folder such as `.`, in which every client's agent files are found.
    They are only read. Each file is built again before a pack is written; one that would not come
    out as it is now is refused, with the reason.
    """
    if target and target not in TARGETS:
        raise click.UsageError(f"No target '{target}'.{format_suggestion(target, TARGETS)}")
    form = ImportForm(join=join, split=split, dedupe=dedupe)
    folder = into or state.directory or Path()
    with show_progress(state, "Reading", MANY) as progress:
        audit = audit_paths(paths, target, progress)
    with show_progress(state, "Building", MANY) as progress:
        plan = plan_import(audit, load_project_or_none(folder), form, progress)
    if state.format == "json":
        print_json(make_import_data(plan))
    elif not state.quiet:
        print_lines(_summarize(audit, plan, form))
    if plan.packs and not dry_run:
        if not yes and not _confirm(state, plan, folder):
            return 1
        write_contents(folder, plan.contents)
        if state.format != "json" and not state.quiet:
            place = f"{pluralize(len(plan.packs), 'pack')} into {state.shown(folder / 'packs')}"
            print_line(f"Wrote {place}. Next: promptpack build")
    return int(strict and bool(plan.refused))


def _confirm(state: State, plan: ImportPlan, folder: Path) -> bool:
    """Return whether to write; raises UsageError where nobody can be asked."""
    if state.format == "json" or not is_terminal("stdin"):
        raise click.UsageError("Nothing was written: add --yes to write the packs, or --dry-run.")
    count = pluralize(len(plan.packs), "pack")
    return ask_to_go_on(f"Write {count} into {state.shown(folder / 'packs')}?")


def _summarize(audit: Audit, plan: ImportPlan, form: ImportForm) -> Iterator[str]:
    """Yield one screen: what becomes packs, where copies disagree, what is refused."""
    if not audit.files and not audit.unread:
        yield "No agent files found."
        return
    count = sum(len(pack.files) for pack in plan.packs)
    packs = pluralize(len(plan.packs), "pack")
    yield f"{pluralize(count, 'file')} -> {packs}, each file rebuilt to the byte"
    share = measure_shared_lines(audit)
    if share is not None:
        yield f"{share:.0%} of the lines of copies are the same in every copy"
    yield from _limit(_list_packs_in_words(plan))
    if count := plan.count_joinable():
        yield f"{pluralize(count, 'agent')} could be one pack for several clients: add --join"
    yield from _describe_blocks(plan, form)
    for title, lines in (
        ("Kept as one file:", [f"{name}: {why}" for name, why in plan.whole.items()]),
        ("Copies disagree:", [f"{d.pack}: {d.detail}" for d in plan.divergences]),
        ("Refused:", [f"{path}: {reason}" for path, reason in plan.refused.items()]),
        ("Found on the way (promptpack audit):", [*_count_findings(audit)]),
    ):
        if lines:
            yield ""
            yield style(title, bold=True)
            yield from _limit(lines)
    yield ""


def _describe_blocks(plan: ImportPlan, form: ImportForm) -> Iterator[str]:
    """Yield what could be shared, or is."""
    saved = f"{sum(block.saved for block in plan.blocks):,} bytes"
    count = pluralize(len(plan.blocks), "text")
    if form.dedupe and plan.blocks:
        yield f"{count} shared, which saves {saved}:"
        lines = [f"{block.name}: {', '.join(block.packs)}" for block in plan.blocks]
        yield from _limit(lines)
    elif plan.blocks:
        yield f"{count} in 3 prompts or more could be shared, which saves {saved}: add --dedupe"
    elif form.dedupe or len(plan.packs) >= LEAST_PROMPTS:
        yield "Nothing worth sharing: no text of 200 bytes is in 3 prompts"


def _list_packs_in_words(plan: ImportPlan) -> list[str]:
    """Return a line for each pack: where its files come from."""
    return [
        f"{one.name}: {', '.join(dict.fromkeys(file.target for file in one.files))}"
        for one in plan.packs
    ]


def _count_findings(audit: Audit) -> Iterator[str]:
    counts = Counter(finding.code for finding in audit.findings)
    for code, count in counts.items():
        yield f"{code} {RULES[code].name}: {pluralize(count, 'finding')}"


def _limit(lines: list[str]) -> Iterator[str]:
    """Yield the first lines, wrapped, and how many more there are."""
    for line in lines[:_MAX_LINES]:
        yield from report.wrap_text("  ", line, 4)
    if len(lines) > _MAX_LINES:
        yield f"  ... and {len(lines) - _MAX_LINES} more"
