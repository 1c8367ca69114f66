"""What changed from release to release: a project in a git repository in, a review a release out.

A release is a git tag that leads to what is checked out. Only the newest few are read, each commit
is built once.
"""

import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from promptpack.diff import git
from promptpack.diff.compare import compare
from promptpack.diff.model import Review, Side
from promptpack.diff.sides import project_side
from promptpack.model import UserError

NOW = "Not released yet"
MOST = 5
"""How many releases are told of, unless asked otherwise."""


class Release(NamedTuple):
    """A tag, the one before it, and how their outputs differ; None where one does not build."""

    name: str
    before: str
    date: str
    review: Review | None


class History(NamedTuple):
    """The releases, the newest first, or why there are none."""

    releases: tuple[Release, ...] = ()
    reason: str = ""


def history(root: Path, most: int = MOST) -> History:
    """Return what changed in the newest `most` releases, and since the last of them."""
    if not most:
        return History(reason="The list of changes is switched off.")
    try:
        tags = git.tags(root, most + 1)
    except (OSError, UserError):
        return History(reason="This project is in no git repository, so no release is known.")
    if not tags:
        return History(reason="The git repository has no tag yet, so no release is known.")
    now = git.Tag(NOW, "", "")
    pairs = zip((now, *tags), tags, strict=False)
    return History(tuple(release for pair in pairs for release in _release(root, *pair)))


def _release(root: Path, tag: git.Tag, before: git.Tag) -> Iterator[Release]:
    try:
        review = _review(root, tag.commit, before.commit)
    except UserError:
        yield Release(tag.name, before.name, tag.date, None)
        return
    if tag.commit or review.differs:
        yield Release(tag.name, before.name, tag.date, review)


def _review(root: Path, commit: str, before: str) -> Review:
    old = _side(root, before)
    return compare(old, _side(root, commit) if commit else project_side(root, NOW, "head"))


@lru_cache(maxsize=16)
def _side(root: Path, commit: str) -> Side:
    """Return what a commit builds; a commit never changes, so it is built once."""
    with tempfile.TemporaryDirectory(prefix="promptpack-") as folder:
        git.extract(root, commit, Path(folder))
        return project_side(Path(folder), commit[:7], "base")
