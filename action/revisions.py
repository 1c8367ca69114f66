"""What a run compares: the event that started it and the checkout in, two commits out."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


class Compared(NamedTuple):
    """The revisions of both sides; without a base, `promptpack diff` finds its own."""

    base: str
    head: str


def compared(event: Mapping[str, Any], name: str, commit: str, folder: Path) -> Compared:
    """Return what to compare for an event of this name, which GitHub ran for `commit`."""
    head = _said(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if name == "pull_request":
        return Compared(_of_pull_request(event, commit, head, folder), head)
    if name == "merge_group":
        return Compared(_commit(event, "merge_group", "base_sha"), head)
    return Compared(_of_push(event, folder) if name == "push" else "", head)


def is_shallow(folder: Path) -> bool:
    """Tell whether the checkout has only a part of the history."""
    return _said(folder, "rev-parse", "--is-shallow-repository") == "true"


def _of_pull_request(event: Mapping[str, Any], commit: str, head: str, folder: Path) -> str:
    """Return the base of what is checked out.

    GitHub merges a pull request into its base and runs that commit, so its first parent is what the
    merge will change. The base in the event is older wherever the branch went on since. Where the
    pull request's own commit is checked out, what counts is where it left that base.
    """
    parents = _said(folder, "rev-parse", "HEAD^@").split()
    if head == commit and len(parents) == 2:
        return parents[0]
    base = _commit(event, "pull_request", "base", "sha")
    return (_said(folder, "merge-base", base, "HEAD") if base else "") or base


def _of_push(event: Mapping[str, Any], folder: Path) -> str:
    """Return what the branch was before; nothing for a new branch, or where that was forced away.

    In a shallow checkout the commit is named all the same: then it can be said what to fetch.
    """
    before = _commit(event, "before")
    if not before.strip("0"):
        return ""
    return before if _said(folder, "cat-file", "-t", before) or is_shallow(folder) else ""


def _commit(event: Any, *keys: str) -> str:  # noqa: ANN401 - JSON from outside
    for key in keys:
        event = event.get(key) if isinstance(event, Mapping) else None
    return event if isinstance(event, str) and _COMMIT.fullmatch(event) else ""


def _said(folder: Path, *words: str) -> str:
    """Return what a git command that only reads says, nothing where it fails."""
    done = subprocess.run(  # noqa: S603 - fixed words, and commits
        ["git", "--no-pager", *words],  # noqa: S607 - the runner's own git
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return "" if done.returncode else done.stdout.decode("utf-8", "replace").strip()
