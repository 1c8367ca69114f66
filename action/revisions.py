"""What a run compares: the event that started it and the checkout in, two commits out.

Git is asked by promptpack's own reader of repositories. What can't be told raises UserError, and so
is never compared with something else instead.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from promptpack.git.repository import Repository
from promptpack.git.revisions import (
    find_commit,
    find_common_ancestor,
    is_commit_name,
    is_shallow,
    list_parents,
    resolve_revision,
)


class RevisionPair(NamedTuple):
    """The revisions of both sides; without a base, `promptpack diff` finds its own."""

    base: str
    head: str


def find_revisions(
    event: Mapping[str, Any], name: str, commit: str, repository: Repository
) -> RevisionPair:
    """Return what to compare for an event of this name, which GitHub ran for `commit`.

    Raises UserError where the checkout does not tell.
    """
    head = resolve_revision(repository, "HEAD").commit
    if name == "pull_request":
        return RevisionPair(_find_pull_request_base(event, commit, head, repository), head)
    if name == "merge_group":
        return RevisionPair(_read_commit(event, "merge_group", "base_sha"), head)
    return RevisionPair(_find_push_base(event, repository) if name == "push" else "", head)


def _find_pull_request_base(
    event: Mapping[str, Any], commit: str, head: str, repository: Repository
) -> str:
    """Return the base of what is checked out.

    GitHub merges a pull request into its base and runs that commit, so its first parent is what the
    merge will change. The base in the event is older wherever the branch went on since. Where the
    pull request's own commit is checked out, what counts is where it left that base.
    """
    parents = list_parents(repository, head)
    if head == commit and len(parents) == 2:
        return parents[0]
    base = _read_commit(event, "pull_request", "base", "sha")
    if not base or find_commit(repository, base) is None:
        return base
    return find_common_ancestor(repository, base, head) or base


def _find_push_base(event: Mapping[str, Any], repository: Repository) -> str:
    """Return what the branch was before; nothing for a new branch, or where that was forced away.

    In a shallow checkout the commit is named all the same: then it can be said what to fetch.
    """
    before = _read_commit(event, "before")
    if not before.strip("0"):
        return ""
    is_known = find_commit(repository, before) is not None or is_shallow(repository)
    return before if is_known else ""


def _read_commit(event: Any, *keys: str) -> str:  # noqa: ANN401 - JSON from outside
    for key in keys:
        event = event.get(key) if isinstance(event, Mapping) else None
    return event if isinstance(event, str) and is_commit_name(event) else ""
