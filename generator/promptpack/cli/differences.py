"""Reports on files that are not as the sources say: their statuses in, lines out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from promptpack.cli import report
from promptpack.output.status import Status
from promptpack.reporting.console import drop_styles, style
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

_HunkKey = tuple[str, ...]

_MAX_MISSING = 10
"""How many missing files are named; what should be in them is not printed."""


def format_differences(
    differing: Iterable[Status], *, folder: str = "", quiet: bool = False
) -> Iterator[str]:
    """Yield the diff of each file, missing ones only by name, and why a file is kept.

    What is the same in several files stands once, below the names of all of them. `folder` is what
    is put before each path, "" or ended by a slash.
    """
    differing = list(differing)
    missing = [status for status in differing if status.state == "missing"]
    for status in missing[:_MAX_MISSING]:
        yield _name_status(folder, status)
    if len(missing) > _MAX_MISSING:
        yield f"... and {pluralize(len(missing) - _MAX_MISSING, 'more missing file')}"
    shown: list[Status] = []
    named: list[Status] = []
    for status in differing:
        is_shown = not quiet and not (status.state == "foreign" and _is_kept(status))
        if status.state != "missing":
            (shown if is_shown else named).append(status)
    for status in named:
        yield _name_status(folder, status)
    for block in _group_hunks(shown):
        yield from (_name_status(folder, status) for status in block.new_files)
        yield from block.lines
    kept = [status for status in differing if _is_kept(status)]
    for status in kept:
        yield f"{folder}{status.path} {_KEPT_REASONS[status.state]}: move it or delete it"
    if any(status.state == "linked" for status in differing):
        yield "promptpack does not write through a link: remove the link first"


class _DiffBlock(NamedTuple):
    """Hunks that the same files have; `new_files` are those of them that no earlier block has."""

    new_files: list[Status]
    lines: list[str]


def _group_hunks(statuses: Iterable[Status]) -> Iterator[_DiffBlock]:
    """Yield the differences of some files, each hunk once for all files that have it."""
    files_by_hunk: dict[_HunkKey, list[Status]] = defaultdict(list)
    lines_by_hunk: dict[_HunkKey, list[str]] = {}
    whole: list[_DiffBlock] = []
    for status in statuses:
        lines = list(report.format_difference(status))
        hunks = {_make_hunk_key(hunk): hunk for hunk in _split_hunks(lines)}
        whole += [] if hunks else [_DiffBlock([status], lines)]
        for key, hunk in hunks.items():
            files_by_hunk[key].append(status)
            lines_by_hunk.setdefault(key, hunk)
    hunks_by_files: dict[tuple[str, ...], list[_HunkKey]] = defaultdict(list)
    for key, files in files_by_hunk.items():
        hunks_by_files[tuple(status.path for status in files)].append(key)
    seen: set[str] = set()
    for paths, keys in hunks_by_files.items():
        files = files_by_hunk[keys[0]]
        labels = list(report.format_difference(files[0]))[:2]
        if len(paths) > 1:
            labels[0] += f" and the same in {pluralize(len(paths) - 1, 'more file')}"
        yield _DiffBlock(
            [status for status in files if status.path not in seen],
            [*labels, *(line for key in keys for line in lines_by_hunk[key])],
        )
        seen |= {*paths}
    yield from whole


def _split_hunks(lines: Iterable[str]) -> list[list[str]]:
    """Return the hunks of a diff without its head; none where it is only words."""
    hunks: list[list[str]] = []
    for line in lines:
        if drop_styles(line).startswith("@@ "):
            hunks.append([])
        if hunks:
            hunks[-1].append(line)
    return hunks


def _make_hunk_key(hunk: Iterable[str]) -> _HunkKey:
    """Return the lines that a hunk changes, without those around them."""
    lines = [line if drop_styles(line)[:1] in ("-", "+") else "" for line in hunk]
    changed = [number for number, line in enumerate(lines) if line]
    return tuple(lines[changed[0] : changed[-1] + 1])


def _name_status(folder: str, status: Status) -> str:
    return style(f"{folder}{status.path}: {_STATE_WORDS[status.state]}", bold=True)


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
