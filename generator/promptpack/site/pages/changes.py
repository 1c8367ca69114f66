"""The page of changes: reviews of releases in, what changed in the rendered prompts out."""

from collections.abc import Iterator
from typing import NamedTuple

from promptpack.diff.model import Change, Review
from promptpack.diff.wording import (
    NO_CHANGES,
    ReportSection,
    iter_sections,
    mark_lines,
)
from promptpack.diff.words import MarkedText
from promptpack.output.plan import make_key
from promptpack.site.address import Link, link_page
from promptpack.site.catalogue import CHANGES_PAGE, Catalog, shorten_source_path
from promptpack.site.history import History, Release
from promptpack.site.links import link_pack
from promptpack.site.page import LateView, View, complete_later
from promptpack.site.recent_changes import ChangeSummary, summarize_change
from promptpack.site.wording import format_count

_MAX_CHANGES = 40
_MAX_LINKS = 5
_ONE_TAG = "The git repository has one tag, and nothing has changed since."
_NOT_BUILT = "this version of promptpack can't build one of the two revisions."


class ReleaseChange(NamedTuple):
    """A change in a few words, its text line by line, and links to packs and causes.

    `omitted_count` is how many more packs it reaches.
    """

    summary: ChangeSummary
    lines: list[list[MarkedText]]
    packs: list[Link]
    omitted_count: int
    causes: list[Link]


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


class ChangeLinks:
    """Finds the pages of what a change names: the packs that it reaches, and where it was made."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._packs = {
            make_key(artifact.path, artifact): artifact.variant.pack
            for files in catalog.files.values()
            for artifact in files
        }

    def list_packs(self, change: Change) -> list[Link]:
        """Return links to the packs that a change reaches, as far as the project still has them."""
        names = {self._packs[key].name for key in change.outputs if key in self._packs}
        packs = self._catalog.project.packs
        return [link_pack(packs[name], CHANGES_PAGE) for name in sorted(names)]

    def iter_causes(self, change: Change) -> Iterator[Link]:
        """Yield links to sources, as far as the project still has them."""
        places = self._catalog.places
        sources = dict.fromkeys(origin.path for origin in change.causes if origin.path in places)
        for path in [*sources][:_MAX_LINKS]:
            yield link_page(shorten_source_path(path), places[path], CHANGES_PAGE)


def make_changes_page(catalog: Catalog, history: History) -> LateView:
    """Return the page of what changed, release by release."""

    def complete() -> ChangesPage:
        links = ChangeLinks(catalog)
        releases = [_describe_release(links, release) for release in history.releases]
        return ChangesPage(history.reason or ("" if releases else _ONE_TAG), releases)

    entry = View("changes.html.j2", "Changes", ChangesPage(history.reason, []))
    return complete_later(entry, complete)


def _describe_release(links: ChangeLinks, release: Release) -> ShownRelease:
    sections: list[ReleaseSection] = []
    if release.review is None:
        summary = _NOT_BUILT
    elif release.review.differs:
        summary = f"{_summarize_counts(release.review)}."
        sections = [_describe_section(links, section) for section in iter_sections(release.review)]
    else:
        summary = NO_CHANGES
    return ShownRelease(
        name=release.name,
        date=release.date,
        before=release.before,
        summary=summary,
        sections=sections,
    )


def _describe_section(links: ChangeLinks, section: ReportSection) -> ReleaseSection:
    changes = [_describe_change(links, change) for change in section.changes[:_MAX_CHANGES]]
    return ReleaseSection(section.title, changes, len(section.changes) - len(changes))


def _describe_change(links: ChangeLinks, change: Change) -> ReleaseChange:
    packs = links.list_packs(change)
    return ReleaseChange(
        summary=summarize_change(change),
        lines=mark_lines(change),
        packs=packs[:_MAX_LINKS],
        omitted_count=len(packs[_MAX_LINKS:]),
        causes=[*links.iter_causes(change)],
    )


def _summarize_counts(review: Review) -> str:
    summary = review.summary
    counts = ("changed", summary.changed), ("added", summary.added), ("removed", summary.removed)
    phrases = [
        f"{number:,} {word}" for word, number in (*counts, ("renamed", summary.renamed)) if number
    ]
    return f"{', '.join(phrases)} of {format_count(review.built, 'file')}"
