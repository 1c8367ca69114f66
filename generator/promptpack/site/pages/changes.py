"""The page of changes: reviews of releases in, what changed in the rendered prompts out."""

from typing import NamedTuple

from promptpack.diff.model import Change, Review
from promptpack.diff.wording import (
    NO_CHANGES,
    ReportSection,
    iter_sections,
    mark_lines,
)
from promptpack.diff.words import MarkedText
from promptpack.site.history import History, Release
from promptpack.site.page import View
from promptpack.site.recent_changes import ChangeSummary, summarize_change
from promptpack.site.wording import format_count

_MAX_CHANGES = 40
_NOT_BUILT = "this version of promptpack can't build one of the two revisions."


class ReleaseChange(NamedTuple):
    """A change in a few words, and its text line by line with what went and what came."""

    summary: ChangeSummary
    lines: list[list[MarkedText]]


class ReleaseSection(NamedTuple):
    """Changes of one urgency, and how many more there are."""

    title: str
    changes: list[ReleaseChange]
    omitted_count: int


class ShownRelease(NamedTuple):
    """What changed since the release before."""

    name: str
    date: str
    before: str
    summary: str
    sections: list[ReleaseSection]


class ChangesPage(NamedTuple):
    """The releases, or why there are none."""

    reason: str
    releases: list[ShownRelease]


def make_changes_page(history: History) -> View:
    """Return the page of what changed, release by release."""
    releases = [_describe_release(release) for release in history.releases]
    return View("changes.html.j2", "Changes", ChangesPage(history.reason, releases))


def _describe_release(release: Release) -> ShownRelease:
    sections: list[ReleaseSection] = []
    if release.review is None:
        summary = _NOT_BUILT
    elif release.review.differs:
        summary = f"{_summarize_counts(release.review)}."
        sections = [_describe_section(section) for section in iter_sections(release.review)]
    else:
        summary = NO_CHANGES
    return ShownRelease(
        name=release.name,
        date=release.date,
        before=release.before,
        summary=summary,
        sections=sections,
    )


def _describe_section(section: ReportSection) -> ReleaseSection:
    changes = [_describe_change(change) for change in section.changes[:_MAX_CHANGES]]
    return ReleaseSection(section.title, changes, len(section.changes) - len(changes))


def _describe_change(change: Change) -> ReleaseChange:
    return ReleaseChange(summarize_change(change), mark_lines(change))


def _summarize_counts(review: Review) -> str:
    summary = review.summary
    counts = ("changed", summary.changed), ("added", summary.added), ("removed", summary.removed)
    phrases = [
        f"{number} {word}" for word, number in (*counts, ("renamed", summary.renamed)) if number
    ]
    return f"{', '.join(phrases)} of {format_count(review.built, 'file')}"
