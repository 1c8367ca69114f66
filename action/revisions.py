"""What a run compares: the event that started it and the checkout in, two commits out."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


class RevisionPair(NamedTuple):
    """The revisions of both sides; without a base, `promptpack diff` finds its own."""

    base: str
    head: str


def find_revisions(event: Mapping[str, Any], name: str, commit: str, folder: Path) -> RevisionPair:
    """Return what to compare for an event of this name, which GitHub ran for `commit`."""
    head = _run_git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if name == "pull_request":
        return RevisionPair(_find_pull_request_base(event, commit, head, folder), head)
    if name == "merge_group":
        return RevisionPair(_read_commit(event, "merge_group", "base_sha"), head)
    return RevisionPair(_find_push_base(event, folder) if name == "push" else "", head)


def is_shallow(folder: Path) -> bool:
    """Tell whether the checkout has only a part of the history."""
    return _run_git(folder, "rev-parse", "--is-shallow-repository") == "true"


def _find_pull_request_base(event: Mapping[str, Any], commit: str, head: str, folder: Path) -> str:
    """Return the base of what is checked out.

    GitHub merges a pull request into its base and runs that commit, so its first parent is what the
    merge will change. The base in the event is older wherever the branch went on since. Where the
    pull request's own commit is checked out, what counts is where it left that base.
    """
    parents = _run_git(folder, "rev-parse", "HEAD^@").split()
    if head == commit and len(parents) == 2:
        return parents[0]
    base = _read_commit(event, "pull_request", "base", "sha")
    return (_run_git(folder, "merge-base", base, "HEAD") if base else "") or base


def _find_push_base(event: Mapping[str, Any], folder: Path) -> str:
    """Return what the branch was before; nothing for a new branch, or where that was forced away.

    In a shallow checkout the commit is named all the same: then it can be said what to fetch.
    """
    before = _read_commit(event, "before")
    if not before.strip("0"):
        return ""
    return before if _run_git(folder, "cat-file", "-t", before) or is_shallow(folder) else ""


def _read_commit(event: Any, *keys: str) -> str:  # noqa: ANN401 - JSON from outside
    for key in keys:
        event = event.get(key) if isinstance(event, Mapping) else None
    return event if isinstance(event, str) and _COMMIT.fullmatch(event) else ""


def _run_git(folder: Path, *arguments: str) -> str:
    """Return what a git command that only reads says, nothing where it fails."""
    process = subprocess.run(  # noqa: S603 - fixed words, and commits
        ["git", "--no-pager", *arguments],  # noqa: S607 - the runner's own git
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return "" if process.returncode else process.stdout.decode("utf-8", "replace").strip()
