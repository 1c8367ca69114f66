"""What changed from release to release: a project in a git repository in, a review a release out.

A release is a git tag that leads to what is checked out. Only the newest few are read, each commit
is built once, and each pair of commits compared once.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache, partial
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from promptpack.diff.compare import compare_sides
from promptpack.diff.model import Review, Side
from promptpack.diff.shared_build import NOTHING_BUILT, SharedBuild
from promptpack.diff.sides import build_commit_side, build_project_side, make_built_side
from promptpack.git.extract import read_files
from promptpack.git.repository import find_repository
from promptpack.git.revisions import Revision, Tag, list_tags
from promptpack.model import Artifact, UserError
from promptpack.session import Session
from promptpack.site.site_parts import SiteParts

UNRELEASED = "Unreleased"
DEFAULT_RELEASE_COUNT = 5
"""How many releases are listed by default."""


NO_TEXTS: Mapping[str, str] = MappingProxyType({})


class Release(NamedTuple):
    """A tag, the one before it, and how their outputs differ; None where one does not build.

    `texts` are the outputs of the tag that differ, by key, and `committed` the path in the project
    of those that the tag holds with the same bytes. What is not released yet has neither.
    """

    name: str
    before: str
    date: str
    review: Review | None
    texts: Mapping[str, str] = NO_TEXTS
    committed: Mapping[str, str] = NO_TEXTS


def _find_nothing() -> tuple[Release, ...]:
    return ()


class History(NamedTuple):
    """The releases, the newest first, or why there are none.

    `find_unreleased` gives what changed since the newest one, if anything did.
    """

    released: tuple[Release, ...] = ()
    reason: str = ""
    find_unreleased: Callable[[], tuple[Release, ...]] = _find_nothing

    @property
    def releases(self) -> tuple[Release, ...]:
        """All of them, with what is not released yet as the first."""
        return (*self.find_unreleased(), *self.released)


BuildSide = Callable[[Path, str], Side]
"""Gives what a commit of a project builds."""

_MAX_SIDES = 16


class _BuiltCommit(NamedTuple):
    """What a commit builds, and what another side takes over of it."""

    side: Side
    shared: SharedBuild


class SideBuilder:
    """Builds each commit once, since a commit never changes.

    What a commit has in common with `earlier` is not made again.
    """

    def __init__(self) -> None:
        self.earlier = NOTHING_BUILT
        self._compared: SharedBuild | None = None
        self._build_once = lru_cache(maxsize=_MAX_SIDES)(self._build_anew)

    def build(self, root: Path, commit: str) -> Side:
        """Return what a commit of a project builds; raises UserError where it does not build."""
        return self._build_once(root, commit).side

    def build_head(
        self, root: Path, session: Session, artifacts: Iterable[Artifact], commit: str
    ) -> Side:
        """Return what a project builds now, for a comparison with a commit of it."""
        shared = self._build_once(root, commit).shared
        if shared is not self._compared:
            self._compared = shared
            shared.begin(session)
        shared.follow(session)
        return make_built_side(session, artifacts, UNRELEASED, shared)

    def share_parts(self, session: Session) -> None:
        """Let a project that is built now have the parts of prompts of the commit compared last."""
        if self._compared is not None:
            self._compared.begin(session)

    def _build_anew(self, root: Path, commit: str) -> _BuiltCommit:
        shared, revision = SharedBuild(self.earlier), Revision(commit, commit[:7])
        side = build_commit_side(find_repository(root), revision, "base", shared)
        return _BuiltCommit(side, shared)


def read_history(
    root: Path,
    release_count: int = DEFAULT_RELEASE_COUNT,
    build_side: BuildSide | None = None,
    build_head: Callable[[str], Side] | None = None,
    kept: SiteParts | None = None,
) -> History:
    """Return what changed in the newest releases, so many, and since the last of them.

    `build_head` gives what the project builds now, to compare with a commit; it is asked when
    somebody asks what is not released yet. With the same `build_side` and `kept` for several
    histories, no commit is built again, and no two are compared again.
    """
    if not release_count:
        return History(reason="The list of changes is turned off.")
    try:
        tags = list_tags(find_repository(root), release_count + 1)
    except UserError as error:
        return History(reason=f"No releases to compare: {error.findings[0].message}.")
    if not tags:
        return History(
            reason="The git repository has no tags yet, so there are no releases to compare."
        )
    kept = kept or SiteParts()
    build = partial(build_side or SideBuilder().build, root)
    build_head = build_head or (lambda _: build_project_side(root, UNRELEASED, "head"))
    released = tuple(
        kept.reuse(("release", *pair), (), partial(_review_release, root, build, *pair))
        for pair in pairwise(tags)
    )
    return History(
        released, find_unreleased=cache(partial(_review_head, build, build_head, tags[0]))
    )


def _review_release(
    root: Path, build: Callable[[str], Side], tag: Tag, previous_tag: Tag
) -> Release:
    try:
        previous_side, side = build(previous_tag.commit), build(tag.commit)
        review = compare_sides(previous_side, side)
    except UserError:
        return Release(tag.name, previous_tag.name, tag.date, None)
    texts = _list_changed_texts(review, side)
    committed = _find_committed(root, tag.commit, side, texts) if texts else NO_TEXTS
    return Release(tag.name, previous_tag.name, tag.date, review, texts, committed)


def _review_head(
    build: Callable[[str], Side], build_head: Callable[[str], Side], tag: Tag
) -> tuple[Release, ...]:
    try:
        review = compare_sides(build(tag.commit), build_head(tag.commit))
    except UserError:
        return (Release(UNRELEASED, tag.name, "", None),)
    return (Release(UNRELEASED, tag.name, "", review),) if review.differs else ()


def _list_changed_texts(review: Review, side: Side) -> dict[str, str]:
    keys = (output.key for output in review.outputs)
    return {key: side.outputs[key].text for key in keys if key in side.outputs}


def _find_committed(
    root: Path, commit: str, side: Side, texts: Mapping[str, str]
) -> dict[str, str]:
    """Return where a commit holds outputs, of those texts alone that it holds to the byte."""
    try:
        contents = read_files(find_repository(root), commit, side.out, texts)
    except UserError:
        return {}
    return {
        key: f"{side.out}/{key}"
        for key, content in contents.items()
        if content == texts[key].encode("utf-8", "surrogateescape")
    }
