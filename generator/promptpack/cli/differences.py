"""Reports on files that are not as the sources say: their statuses in, lines out."""

from collections.abc import Iterable, Iterator

from promptpack.cli import report
from promptpack.output.status import Status
from promptpack.reporting.console import style
from promptpack.reporting.plurals import pluralize

_STATE_WORDS = {
    "missing": "missing",
    "stale": "stale",
    "extra": "extra",
    "edited": "edited by hand",
    "foreign": "not written by promptpack",
    "linked": "a link, or behind one",
}

_KEPT_REASONS = {
    "edited": "was edited, and no pack builds it any more",
    "foreign": "is not built by any pack, and promptpack has no record of it",
}

_MAX_MISSING = 10
"""How many missing files are named; what should be in them is not printed."""


def format_differences(
    differing: Iterable[Status], *, folder: str = "", quiet: bool = False
) -> Iterator[str]:
    """Yield the diff of each file, missing ones only by name, and why a file is kept.

    `folder` is what is put before each path, "" or ended by a slash.
    """
    differing = list(differing)
    missing = [status for status in differing if status.state == "missing"]
    for status in missing[:_MAX_MISSING]:
        yield style(f"{folder}{status.path}: {_STATE_WORDS[status.state]}", bold=True)
    if len(missing) > _MAX_MISSING:
        yield f"... and {pluralize(len(missing) - _MAX_MISSING, 'more missing file')}"
    for status in differing:
        if status.state == "missing":
            continue
        yield style(f"{folder}{status.path}: {_STATE_WORDS[status.state]}", bold=True)
        if not quiet and not (status.state == "foreign" and _is_kept(status)):
            yield from report.format_difference(status)
    kept = [status for status in differing if _is_kept(status)]
    for status in kept:
        yield f"{folder}{status.path} {_KEPT_REASONS[status.state]}: move it or delete it"
    if any(status.state == "linked" for status in differing):
        yield "promptpack does not write through a link: remove the link first"


def format_fix(differing: Iterable[Status], fix: str) -> Iterator[str]:
    """Yield the line that names the command which brings some files up to date."""
    fixable_states = [status.state for status in differing if not _is_kept(status)]
    if "edited" in fixable_states or "foreign" in fixable_states:
        yield f"To overwrite these files and keep a copy of each: {fix} --force"
    elif fixable_states:
        yield f"To fix it: {fix}"


def _is_kept(status: Status) -> bool:
    """Tell whether no pack builds a file, and a build leaves it alone."""
    return status.state in _KEPT_REASONS and status.new is None
