"""`promptpack diff`: what a change does to the rendered agents."""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import click

from promptpack.cli.state import State, closest, pass_state
from promptpack.diff import git
from promptpack.diff.baseline import Accepted, read_accepted
from promptpack.diff.compare import compare
from promptpack.diff.filter import PARTS, narrowed
from promptpack.diff.formats import BUDGET, FORMATS, markdown
from promptpack.diff.model import Output, Review, Side
from promptpack.diff.sides import folder_side, project_side
from promptpack.model import Finding, UserError
from promptpack.reporting.characters import shown

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@dataclass(frozen=True)
class Wanted:
    """The options of one call, by name."""

    base: str | None
    head: str | None
    from_dir: Path | None
    to_dir: Path | None
    formats: tuple[str, ...]
    outs: tuple[str, ...]
    only: str | None
    packs: tuple[str, ...]
    variants: tuple[str, ...]
    targets: tuple[str, ...]
    sections: tuple[str, ...]
    unified: int
    exit_code: bool
    fail_on: str
    accept: str | None
    max_chars: int


@click.command("diff")
@click.argument("base", required=False)
@click.argument("head", required=False)
@click.option("--from-dir", type=_FOLDER, help="Compare this built folder …")
@click.option("--to-dir", type=_FOLDER, help="… with this one, instead of revisions.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice([*FORMATS]),
    help="How to report; default: text. May be repeated.",
)
@click.option(
    "--out", "outs", multiple=True, metavar="FORMAT=FILE", help="Write a format to a file."
)
@click.option("--only", type=click.Choice([*PARTS]), help="Show only this part.")
@click.option("--pack", "packs", multiple=True, metavar="NAME", help="Only these packs.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Only <model>.<policy>.")
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only these targets.")
@click.option(
    "--section", "sections", multiple=True, metavar="NAME", help="Show only these sections."
)
@click.option(
    "-U", "--unified", type=click.IntRange(0, 100), default=0, help="Lines around a change."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if any output differs.")
@click.option(
    "--fail-on",
    type=click.Choice(["none", "permissions", "any"]),
    default="none",
    show_default=True,
    help="Exit with 1 on widened permissions, or on any change that is not accepted.",
)
@click.option("--accept", metavar="FILE", help="A saved JSON report of reviewed changes, in BASE.")
@click.option("--max-chars", type=click.IntRange(1_000), default=BUDGET, show_default=True)
@pass_state
def command(state: State, /, **options: object) -> int:
    """Show what a change does to the rendered agents, grouped, permissions first.

    BASE and HEAD are git revisions; BASE defaults to where the work left the default branch, HEAD
    to the work tree. Both are rendered from their own sources; the repository is only read.
    --only and --section narrow what is shown, never what a gate looks at.
    """
    wanted = Wanted(**options)  # type: ignore[arg-type]  # click gives each option its type
    files = _files(wanted.outs)
    review = _review(state, wanted)
    shown_part = narrowed(review, wanted.only, wanted.sections)
    silent = bool(files) or (state.quiet and state.format != "json")
    default = () if silent else ("json" if state.format == "json" else "text",)
    formats = wanted.formats or default
    for name in formats:
        click.echo(_told(name, shown_part, wanted), nl=False)
    for name, path in files:
        said = click.unstyle(_told(name, shown_part, wanted))
        path.write_text(said, encoding="utf-8", newline="\n")
    return int(_failed(review, wanted))


def _told(name: str, review: Review, wanted: Wanted) -> str:
    """Return a report in one format; the text has colours."""
    return markdown(review, wanted.max_chars) if name == "markdown" else FORMATS[name](review)


def _files(outs: Iterable[str]) -> list[tuple[str, Path]]:
    found = []
    for out in outs:
        name, _, path = out.partition("=")
        if name not in FORMATS or not path:
            raise click.UsageError(f"'{out}' is not FORMAT=FILE.{closest(name, FORMATS)}")
        found.append((name, Path(path)))
    return found


def _failed(review: Review, wanted: Wanted) -> bool:
    kinds = {change.kind for change in review.changes}
    if wanted.fail_on == "permissions" and kinds & {"widened", "unproven"}:
        return True
    return (wanted.fail_on == "any" and bool(kinds)) or (wanted.exit_code and review.differs)


def _review(state: State, wanted: Wanted) -> Review:
    if (wanted.from_dir is None) != (wanted.to_dir is None):
        raise click.UsageError("--from-dir and --to-dir go together.")
    if wanted.from_dir is None or wanted.to_dir is None:
        return _of_revisions(state, wanted)
    if wanted.base is not None:
        raise click.UsageError("Give two folders or revisions, not both.")
    accepted = None
    if wanted.accept is not None:
        accepted = read_accepted(Path(wanted.accept).read_bytes(), wanted.accept)
    sides = (
        folder_side(wanted.from_dir, str(wanted.from_dir)),
        folder_side(wanted.to_dir, str(wanted.to_dir)),
    )
    return compare(*sides, _takes(wanted, sides), accepted, wanted.unified)


def _of_revisions(state: State, wanted: Wanted) -> Review:
    root = state.root()
    head = None if wanted.head is None else git.revision(root, wanted.head)
    if wanted.base is None:
        base = git.merge_base(root, None if head is None else head.commit)
    else:
        base = git.revision(root, wanted.base)
    sides = _built(
        lambda: _side(root, base, "base"),
        lambda: (
            project_side(root, git.WORK_TREE, "head") if head is None else _side(root, head, "head")
        ),
    )
    accepted = None if wanted.accept is None else _accepted(root, base, wanted.accept)
    review = compare(*sides, _takes(wanted, sides), accepted, wanted.unified)
    return replace(review, prefix=git.prefix(root))


def _accepted(root: Path, base: git.Revision, path: str) -> Accepted:
    """Return what was accepted on the base side; a list that only the head has counts not."""
    data = git.file_at(root, base.commit, path)
    if data is None:
        click.echo(f"the base has no {shown(path)}: nothing is accepted", err=True)
        return {}
    return read_accepted(data, f"base:{path}")


def _side(root: Path, revision: git.Revision, name: str) -> Side:
    """Return the side of a revision, read into a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="promptpack-") as folder:
        for path in git.extract(root, revision.commit, Path(folder)):
            click.echo(f"{name}: {shown(path)} is a link or a submodule; not followed", err=True)
        return project_side(Path(folder), revision.label, name)


def _built(*sides: Callable[[], Side]) -> tuple[Side, Side]:
    """Return both sides; raises UserError with the findings of both."""
    built: list[Side] = []
    findings: list[Finding] = []
    for side in sides:
        try:
            built.append(side())
        except UserError as error:
            findings += error.findings
    if findings:
        raise UserError(tuple(findings))
    base, head = built
    return base, head


def _takes(wanted: Wanted, sides: tuple[Side, Side]) -> Callable[[Output], bool]:
    """Return a function that tells whether an output was asked for; an unknown name is an error."""
    known = [_words(output) for side in sides for output in side.outputs.values()]
    asked = {"pack": wanted.packs, "variant": wanted.variants, "target": wanted.targets}
    for kind, names in asked.items():
        there = {words[kind] for words in known}
        for name in names:
            if name not in there:
                raise click.UsageError(f"No {kind} '{name}' on either side.{closest(name, there)}")

    def takes(output: Output) -> bool:
        words = _words(output)
        return all(not names or words[kind] in names for kind, names in asked.items())

    return takes


def _words(output: Output) -> dict[str, str]:
    dims = output.dims
    variant = f"{dims.get('model', '')}.{dims.get('policy', '')}"
    return {"pack": dims.get("pack", ""), "variant": variant, "target": dims.get("target", "")}
