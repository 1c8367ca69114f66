"""What names mean in a repository: a branch, a tag or a commit in, a commit out.

A name is data: one that git could take for an option is refused. That a name means nothing, and
that git can't tell what it means, are two answers.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from promptpack.git.errors import REPOSITORY_PATH, make_read_error, make_usage_error
from promptpack.git.objects import ObjectReader
from promptpack.git.repository import Repository, get_last_line, run_git
from promptpack.git.trees import read_commit

_USUAL_BRANCHES = (
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT = re.compile("refs/(remotes|heads)/")

_SAME_SECOND = 16
"""How many more tags are looked at than are wanted: the last one may share its second with them."""


class Revision(NamedTuple):
    """A commit, and what to call it."""

    commit: str
    label: str


class Tag(NamedTuple):
    """A tag, its commit and the day (ISO 8601) it was made; names that begin with "-" are data."""

    name: str
    commit: str
    date: str


def is_commit_name(text: str) -> bool:
    """Tell whether a text is the whole name of a commit, in the digits that git writes."""
    return _COMMIT.fullmatch(text) is not None


def list_tags(repository: Repository, limit: int) -> tuple[Tag, ...]:
    """Return the newest tags that lead to what is checked out; none where nothing is yet.

    Of tags that were made in the same second, one whose history has the other is the newer one.
    """
    if find_commit(repository, "HEAD") is None:
        return ()
    names = ("refname:strip=2", "objectname", "*objectname", "creatordate:short", "creatordate:raw")
    fields = "%00".join(f"%({name})" for name in names)
    sorting = ("--sort=-version:refname", "--sort=-creatordate")  # the last decides first
    count = f"--count={limit + _SAME_SECOND}"
    arguments = ("--merged=HEAD", *sorting, count, f"--format={fields}", "refs/tags")
    process = run_git(repository, "for-each-ref", *arguments)
    if process.returncode:
        reason = get_last_line(process.stderr)
        raise make_read_error(REPOSITORY_PATH, f"git can't list the tags: {reason}")
    rows = (line.split("\0") for line in process.stdout.decode("utf-8", "replace").splitlines())
    tags: list[Tag] = []
    for _, group in groupby(rows, key=lambda row: row[-1].partition(" ")[0]):
        same = [Tag(name, peeled or direct, date) for name, direct, peeled, date, _ in group]
        tags += same if len(same) == 1 else _order_tags(repository, same)
        if len(tags) >= limit:
            break
    return tuple(tags[:limit])


def _order_tags(repository: Repository, tags: Iterable[Tag]) -> Iterator[Tag]:
    """Yield tags so that none goes before one whose history has it."""

    def is_older(one: Tag, other: Tag) -> bool:
        if one.commit == other.commit:
            return False
        return find_common_ancestor(repository, one.commit, other.commit) == one.commit

    left = list(tags)
    while left:
        newest = next(one for one in left if not any(is_older(one, other) for other in left))
        left.remove(newest)
        yield newest


def resolve_revision(repository: Repository, name: str) -> Revision:
    """Return the commit that a name means; raises UserError where it means none."""
    if not name or name.startswith("-") or not name.isprintable():
        raise make_usage_error(
            f"'{name}' is not a valid revision name", "use a branch, a tag or a commit"
        )
    commit = find_commit(repository, name)
    if commit is None:
        hint = _make_fetch_hint(repository, name)
        raise make_usage_error(f"unknown revision '{name}'", hint)
    short = commit[:7]
    return Revision(commit, short if commit.startswith(name) else f"{name}@{short}")


def find_merge_base(repository: Repository, head: str | None) -> Revision:
    """Return where a revision (else what is checked out) left the default branch."""
    branch = find_default_branch(repository)
    ours = resolve_revision(repository, head or "HEAD")
    theirs = resolve_revision(repository, branch)
    name = _SHORT.sub("", branch, count=1)
    commit = find_common_ancestor(repository, theirs.commit, ours.commit)
    if commit is None:
        raise make_usage_error(
            f"'{name}' and '{head or 'HEAD'}' have no common ancestor in this clone",
            _make_fetch_hint(repository, name),
        )
    return Revision(commit, f"{name}@{commit[:7]}")


def find_common_ancestor(repository: Repository, one: str, other: str) -> str | None:
    """Return the best common ancestor of two commits, or None where this clone has none."""
    process = run_git(repository, "merge-base", one, other)
    commit = process.stdout.decode("ascii", "replace").strip()
    if process.returncode == 0 and is_commit_name(commit):
        return commit
    if process.returncode == 1 and not commit:
        return None
    message = f"git can't compare the histories of {one[:7]} and {other[:7]}"
    raise make_read_error(REPOSITORY_PATH, f"{message}: {get_last_line(process.stderr)}")


def find_default_branch(repository: Repository) -> str:
    """Return the branch that changes go to, by its full name: the remote's, else a usual one.

    A short name could be that of a tag.
    """
    process = run_git(repository, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    remote_branch = process.stdout.decode("utf-8", "replace").strip()
    for name in (remote_branch, *_USUAL_BRANCHES):
        if name.startswith("refs/") and _has_ref(repository, name):
            return name
    hint = _make_fetch_hint(repository, "main")
    raise make_usage_error(
        "can't find the default branch", hint or "name the base: 'promptpack diff BASE'"
    )


def find_commit(repository: Repository, name: str) -> str | None:
    """Return the commit that a name means, or None; raises UserError where git can't tell.

    A name of two refs is refused too. Git takes the tag then, and who may push one may not always
    push the branch.
    """
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    process = run_git(repository, *arguments)
    commit = process.stdout.decode("ascii", "replace").strip()
    if process.returncode == 0:
        _refuse_ambiguous(repository, name)
        return commit if is_commit_name(commit) else None
    if process.returncode == 1:
        return None
    message = f"git can't tell what '{name}' is: {get_last_line(process.stderr)}"
    raise make_read_error(REPOSITORY_PATH, message)


def list_parents(repository: Repository, commit: str) -> tuple[str, ...]:
    """Return the parents of a commit as they stand in it, whether this clone has them or not."""
    with ObjectReader(repository) as reader:
        return read_commit(reader, commit)[1]


def is_shallow(repository: Repository) -> bool:
    """Tell whether the clone has only a part of the history."""
    process = run_git(repository, "rev-parse", "--is-shallow-repository")
    return process.stdout.strip() == b"true"


def _refuse_ambiguous(repository: Repository, name: str) -> None:
    """Raise UserError for a name of several refs, unless it is taken as it stands before others."""
    if name == "HEAD" or name.startswith("refs/") or is_commit_name(name):
        return
    process = run_git(repository, "rev-parse", "--verify", "--end-of-options", name)
    if b"is ambiguous" in process.stderr:
        hint = "write the whole name, such as refs/heads/… or refs/tags/…"
        raise make_usage_error(f"'{name}' is the name of more than one ref", hint)


def _has_ref(repository: Repository, name: str) -> bool:
    """Tell whether there is a branch of this full name, whatever has become of its commit."""
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", name)
    return run_git(repository, *arguments).returncode == 0


def _make_fetch_hint(repository: Repository, name: str) -> str:
    """Return what to fetch, where that is what is missing."""
    if is_shallow(repository):
        return (
            f"the clone is shallow: to get '{name}' and its history, "
            "run 'git fetch --unshallow origin'"
        )
    return "" if find_commit(repository, "HEAD") else "this repository has no commits yet"
