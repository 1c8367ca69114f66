"""`promptpack accept`: record a change that was reviewed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from promptpack.cli.diff import BASELINE_LIMIT, DiffOptions, compare_revisions
from promptpack.cli.state import State, pass_state
from promptpack.diff.accepting import DEFAULT_LIST
from promptpack.diff.baseline import add_accepted, find_today
from promptpack.diff.model import Change, Review
from promptpack.diff.wording import describe_action, name_subject
from promptpack.output.ownership import is_protected
from promptpack.output.replace import write_report
from promptpack.reporting.console import print_line, print_lines
from promptpack.reporting.json_text import dump_json
from promptpack.source.disk import UnreadableFileError, describe_failure, read_regular_file

_SHORTEST = 4
"""The fewest characters of a fingerprint that can name a change."""

_MIN_REASON = 10


@dataclass(frozen=True)
class AcceptOptions:
    """The options of one call, by name."""

    change: str
    base: str | None
    head: str | None
    reason: str
    until: datetime | None
    file: str


@click.command("accept")
@click.argument("change")
@click.argument("base", required=False)
@click.argument("head", required=False)
@click.option("--reason", required=True, metavar="TEXT", help="Why the change is accepted.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The last day on which it is accepted, such as 2030-12-31, in UTC; default: no end.",
)
@click.option(
    "--file",
    default=DEFAULT_LIST,
    show_default=True,
    help="The list of reviewed changes, relative to the project's folder.",
)
@pass_state
def command(state: State, /, **options: object) -> None:
    """Record a reviewed change of BASE to HEAD in the list that `diff --accept` reads.

    CHANGE is the fingerprint of the change, or the beginning of it, as reports show it; or its
    number in the report, such as P1. BASE and HEAD are those of `promptpack diff`. The list counts
    once it is on the base of a comparison.
    """
    accept_options = AcceptOptions(**options)  # type: ignore[arg-type]  # click gives each option its type
    reason, file = accept_options.reason.strip(), accept_options.file
    if len(reason) < _MIN_REASON or not reason.isprintable():
        raise click.UsageError(f"The reason needs {_MIN_REASON} characters or more, on one line.")
    last_day = accept_options.until.date() if accept_options.until else None
    if last_day and last_day < find_today():
        raise click.UsageError(f"{last_day} is over.")
    path = _find_list(state.root(), file)
    saved = _read_list(path)
    sides = accept_options.base, accept_options.head
    review = compare_revisions(state, DiffOptions(*sides, accept=file if saved else None))
    chosen = _choose_changes(review, accept_options.change)
    write_report(path, dump_json(add_accepted(saved, file, chosen, reason, last_day)).encode())
    end = f" until {last_day}" if last_day else ""
    print_lines(f"Accepted{end}: {_describe(change)}" for change in chosen)
    print_line(f"Wrote {file}. It counts once it is committed to the base.")


def _find_list(root: Path, file: str) -> Path:
    """Return where the list lies; raises UsageError for a path where it may not."""
    parts = Path(file).parts
    if not parts or Path(file).is_absolute() or ".." in parts or is_protected(file):
        raise click.UsageError(
            f"'{file}' can't be the list: use a path in the project, outside of its sources."
        )
    return root / file


def _read_list(path: Path) -> bytes:
    """Return the list as it is, or nothing where there is none."""
    try:
        return read_regular_file(path, BASELINE_LIMIT)
    except FileNotFoundError:
        return b""
    except UnreadableFileError as error:
        message = f"'{path}' can't be read: {describe_failure(error)}."
        raise click.UsageError(message) from None


def _choose_changes(review: Review, word: str) -> Sequence[Change]:
    """Return the changes of one fingerprint; raises UsageError where the word names none or two."""
    found = [change for change in review.changes if change.id == word]
    if not found and len(word) >= _SHORTEST:
        found = [change for change in review.changes if change.fingerprint.startswith(word)]
    if len({change.fingerprint for change in found}) == 1:
        return found
    if not review.changes:
        raise click.UsageError("There is no change to accept.")
    known = "; ".join(map(_describe, found or review.changes[:10]))
    problem = "names several changes" if found else "names no change"
    raise click.UsageError(f"'{word}' {problem}: {known}")


def _describe(change: Change) -> str:
    subject = f"{name_subject(change)} {describe_action(change)}"
    return f"{change.id} {change.fingerprint[:8]} {subject} ({change.reach})"
