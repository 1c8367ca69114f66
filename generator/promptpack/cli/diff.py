"""`promptpack diff`: what a change does to the rendered agents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click

from promptpack.cli.addresses import is_web_address
from promptpack.cli.choice import suggest_variant
from promptpack.cli.choices import Choices, format_suggestion
from promptpack.cli.exporting import check_export, write_export
from promptpack.cli.names import complete_packs, complete_targets, complete_variants
from promptpack.cli.outs import outs_option, parse_outs
from promptpack.cli.state import State, pass_state
from promptpack.diff.accepting import add_pending
from promptpack.diff.baseline import Baseline, find_today, read_baseline
from promptpack.diff.committed import add_committed
from promptpack.diff.compare import compare_sides
from promptpack.diff.filter import PARTS, filter_review
from promptpack.diff.formats import BUDGET, FORMATS, render_markdown
from promptpack.diff.model import WIDER_KINDS, Output, Review, Side
from promptpack.diff.representatives import add_pairs
from promptpack.diff.shared_build import SharedBuild
from promptpack.diff.sides import (
    build_commit_side,
    build_project_side,
    read_folder_side,
)
from promptpack.git.errors import make_read_error
from promptpack.git.extract import read_file
from promptpack.git.repository import Repository, find_repository
from promptpack.git.revisions import Revision, find_merge_base, resolve_revision
from promptpack.model import Finding, UserError, VariantId
from promptpack.output.replace import write_report
from promptpack.reporting.console import drop_styles, print_data, print_line, print_text
from promptpack.source.disk import (
    UnreadableFileError,
    describe_failure,
    find_real_path,
    read_regular_file,
)

BASELINE_LIMIT = 64 << 20
"""How many bytes a saved report may have."""

_READ_BY_PEOPLE = ("text", "markdown")
"""The formats that are lines; the others are for programs."""

_WORK_TREE = "work tree"
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@dataclass(frozen=True)
class DiffOptions:
    """The options of one call, by name."""

    base: str | None
    head: str | None
    from_dir: Path | None = None
    to_dir: Path | None = None
    formats: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    only: str | None = None
    packs: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    unified: int = 0
    exit_code: bool = False
    fail_on: str = "none"
    accept: str | None = None
    max_chars: int = BUDGET
    link_to: str = ""
    export: Path | None = None


@click.command("diff")
@click.argument("base", required=False)
@click.argument("head", required=False)
@click.option(
    "--from-dir", type=_FOLDER, help="Compare this built folder instead of a BASE revision."
)
@click.option(
    "--to-dir", type=_FOLDER, help="Compare with this built folder instead of a HEAD revision."
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=Choices([*FORMATS]),
    help="Output format; default: text. May be repeated.",
)
@outs_option
@click.option("--only", type=Choices([*PARTS]), help="Show only this part.")
@click.option(
    "--pack",
    "packs",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_packs,
    help="Only these packs.",
)
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_variants,
    help="Only these variants, written <model>.<policy> or <model>.<policy>.<language>.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_targets,
    help="Only these targets.",
)
@click.option(
    "--section", "sections", multiple=True, metavar="NAME", help="Show only these sections."
)
@click.option(
    "-U",
    "--unified",
    type=click.IntRange(0, 100),
    default=0,
    help="Lines of context around a change.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if any output differs.")
@click.option(
    "--fail-on",
    type=Choices(["none", "permissions", "any"]),
    default="none",
    show_default=True,
    help="Exit with 1 on widened permissions, or on any change that is not accepted.",
)
@click.option(
    "--accept", metavar="FILE", help="A saved JSON report of reviewed changes; its path in BASE."
)
@click.option(
    "--max-chars",
    type=click.IntRange(1_000),
    default=BUDGET,
    show_default=True,
    help="The most characters of a Markdown report.",
)
@click.option(
    "--link-to",
    metavar="URL",
    default="",
    help="Link causes in Markdown and HTML to files below this address (https://…/blob/COMMIT).",
)
@click.option(
    "--export",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write few outputs that show every change, before and after, and a promptfoo config.",
)
@pass_state
def command(state: State, /, **options: object) -> int:
    """Show what a change does to the rendered agents, grouped, permissions first.

    BASE and HEAD are git revisions. BASE defaults to the merge base with the default branch, HEAD
    to the working tree. Both are rendered from their own sources, and the repository is only read.
    --only and --section limit what is shown, not what --fail-on and --exit-code check.
    """
    diff_options = DiffOptions(**options)  # type: ignore[arg-type]  # click gives each option its type
    files = parse_outs(diff_options.outs, FORMATS)
    if diff_options.link_to and not is_web_address(diff_options.link_to):
        raise click.UsageError(f"'{diff_options.link_to}' is not an http or https address.")
    if diff_options.export is not None:
        inputs = filter(None, (diff_options.from_dir, diff_options.to_dir))
        check_export(state, diff_options.export, inputs)
    review = replace(_make_review(state, diff_options), link=diff_options.link_to)
    if _fails_gate(review, diff_options.fail_on):
        review = replace(review, failed_gate=diff_options.fail_on)
    filtered_review = filter_review(review, diff_options.only, diff_options.sections)
    is_silent = bool(files) or (state.quiet and state.format != "json")
    default_formats = () if is_silent else ("json" if state.format == "json" else "text",)
    formats = diff_options.formats or default_formats
    for name in formats:
        print_report = print_text if name in _READ_BY_PEOPLE else print_data
        print_report(_render_report(name, filtered_review, diff_options))
    for name, path in files:
        text = drop_styles(_render_report(name, filtered_review, diff_options))
        write_report(path, text.encode())
    if diff_options.export is not None:
        write_export(state, filtered_review, diff_options.export)
    return int(bool(review.failed_gate) or (diff_options.exit_code and review.differs))


def _render_report(name: str, review: Review, diff_options: DiffOptions) -> str:
    """Return a report in one format; the text has colours."""
    return (
        render_markdown(review, diff_options.max_chars)
        if name == "markdown"
        else FORMATS[name](review)
    )


def _fails_gate(review: Review, fail_on: str) -> bool:
    kinds = {change.kind for change in review.changes}
    if fail_on == "permissions":
        return bool(kinds & WIDER_KINDS)
    return fail_on == "any" and (bool(kinds) or any(one.is_new for one in review.drift))


def _make_review(state: State, diff_options: DiffOptions) -> Review:
    if (diff_options.from_dir is None) != (diff_options.to_dir is None):
        raise click.UsageError("--from-dir and --to-dir must be used together.")
    if diff_options.from_dir is None or diff_options.to_dir is None:
        return compare_revisions(state, diff_options)
    if diff_options.base is not None:
        raise click.UsageError("Give two folders or two revisions, not both.")
    accepted_changes = None if diff_options.accept is None else _read_file(diff_options.accept)
    sides = (
        read_folder_side(diff_options.from_dir, str(diff_options.from_dir)),
        read_folder_side(diff_options.to_dir, str(diff_options.to_dir)),
    )
    return _compare(sides, diff_options, accepted_changes)


def _compare(
    sides: tuple[Side, Side], diff_options: DiffOptions, accepted_changes: Baseline | None
) -> Review:
    includes = _make_filter(diff_options, sides)
    review = compare_sides(*sides, includes, accepted_changes, diff_options.unified)
    return add_pairs(review, *sides)


def compare_revisions(state: State, diff_options: DiffOptions) -> Review:
    """Return what differs between two revisions; raises UserError where a side does not build."""
    root = state.root()
    repository = find_repository(root)
    head = None if diff_options.head is None else resolve_revision(repository, diff_options.head)
    if diff_options.base is None:
        base = find_merge_base(repository, None if head is None else head.commit)
    else:
        base = resolve_revision(repository, diff_options.base)
    submodules: dict[str, Mapping[str, str]] = {}
    shared = SharedBuild()
    sides = _build_sides(
        lambda: _load_side(repository, base, "base", submodules, shared),
        lambda: (
            build_project_side(root, _WORK_TREE, "head", shared)
            if head is None
            else _load_side(repository, head, "head", submodules, shared)
        ),
    )
    if head is not None:
        _compare_submodules(submodules["base"], submodules["head"])
    commits = base.commit, None if head is None else head.commit
    sides = add_committed(repository, sides, commits, root, shared.disk)
    accepted_changes = (
        None
        if diff_options.accept is None
        else _read_base_accepted(repository, base, diff_options.accept)
    )
    review = replace(_compare(sides, diff_options, accepted_changes), prefix=repository.prefix)
    if diff_options.accept is None:
        return review
    data = _read_head_list(repository, head, root, diff_options.accept)
    return add_pending(review, diff_options.accept, data, find_today())


def _read_head_list(
    repository: Repository, head: Revision | None, root: Path, path: str
) -> bytes | None:
    """Return the list of the new side, which does not count yet; None where it can't be read."""
    try:
        if head is not None:
            return read_file(repository, head.commit, path)
        return read_regular_file(root / path, BASELINE_LIMIT)
    except (OSError, UserError, UnreadableFileError):
        return None


def _read_file(path: str) -> Baseline:
    """Return what a file accepts; raises UsageError where it can't be read."""
    try:
        data = read_regular_file(find_real_path(path), BASELINE_LIMIT)
    except (FileNotFoundError, UnreadableFileError) as error:
        reason = describe_failure(error)
        raise click.UsageError(f"'{path}' can't be read: {reason}.") from None
    return read_baseline(data, path, find_today())


def _read_base_accepted(repository: Repository, base: Revision, path: str) -> Baseline:
    """Return what was accepted on the base side; a list that only the head has does not count."""
    data = read_file(repository, base.commit, path)
    if data is None:
        print_line(f"the base has no {path}: nothing is accepted", err=True)
        return {}
    return read_baseline(data, f"base:{path}", find_today())


def _load_side(
    repository: Repository,
    revision: Revision,
    name: str,
    submodules: dict[str, Mapping[str, str]],
    shared: SharedBuild,
) -> Side:
    """Return the side of a revision; its submodules are put into `submodules`."""

    def tell(found: Mapping[str, str]) -> None:
        submodules[name] = found
        for path in found:
            print_line(f"{name}: {path} is a submodule; not followed", err=True)

    return build_commit_side(repository, revision, name, shared, tell)


def _compare_submodules(base: Mapping[str, str], head: Mapping[str, str]) -> None:
    """Raise UserError where a submodule among the sources is another one: nobody read either."""
    for path in sorted({*base, *head}):
        if base.get(path) != head.get(path):
            hint = "compare two built folders with '--from-dir A --to-dir B'"
            message = "this submodule is changed, and its sources are not in this repository"
            raise make_read_error(f"head:{path}", message, hint)


def _build_sides(*sides: Callable[[], Side]) -> tuple[Side, Side]:
    """Return both sides; raises UserError with the findings of both."""
    built_sides: list[Side] = []
    findings: list[Finding] = []
    for side in sides:
        try:
            built_sides.append(side())
        except UserError as error:
            findings += error.findings
    if findings:
        raise UserError(tuple(findings))
    base, head = built_sides
    return base, head


def _make_filter(diff_options: DiffOptions, sides: tuple[Side, Side]) -> Callable[[Output], bool]:
    """Return a function that tells whether an output was asked for; an unknown name is an error."""
    dimensions = [_list_dimensions(output) for side in sides for output in side.outputs.values()]
    requested = {
        "pack": diff_options.packs,
        "variant": diff_options.variants,
        "target": diff_options.targets,
    }
    for kind, names in requested.items():
        available = {values[kind] for values in dimensions}
        for name in names:
            if name not in available:
                suggest = suggest_variant if kind == "variant" else format_suggestion
                raise click.UsageError(
                    f"No {kind} '{name}' on either side.{suggest(name, sorted(available))}"
                )

    def includes(output: Output) -> bool:
        words = _list_dimensions(output)
        return all(not names or words[kind] in names for kind, names in requested.items())

    return includes


def _list_dimensions(output: Output) -> dict[str, str]:
    dimensions = output.dims
    variant = VariantId(*(dimensions.get(key, "") for key in VariantId._fields))
    return {
        "pack": dimensions.get("pack", ""),
        "variant": str(variant),
        "target": dimensions.get("target", ""),
    }
