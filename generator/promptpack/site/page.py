"""One page of the site: what a template makes of a view in, a page as HTML or as Markdown out.

A page never needs a Markdown reader: what an author wrote is inert HTML already. As Markdown it is
the same lines, which every Markdown reader leaves alone, and headings that it can list.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from promptpack.site.escape import flatten_lines
from promptpack.source import frontmatter

_UNSEARCHED_PART = re.compile(r'<\w+[^>]* data-search-exclude=""')
_END_OF_CELL = re.compile(r"(</(?:dt|dd|td|th)>)(?=<)")
_START_OF_PART = re.compile(r"\n\n+(?=<[a-z])")
_HEADING = re.compile(r'<h([1-6]) id="([\w./-]+)"( data-search-exclude)?>(.*)</h\1>')


@dataclass(frozen=True)
class View:
    """What a page shows: its title as text, its template, and the data that the template shows.

    An `unlisted` page is neither in the navigation nor in the search, and has all the room. The
    head of a `wide` one is the same, and it is searched.
    """

    template: str
    title: str
    data: object
    description: str = ""
    unlisted: bool = False
    wide: bool = False


class LateView(NamedTuple):
    """What a page shows that takes long to find out, and `entry`, what can be found of it.

    What the search reads, the title and the description are the same in both. A `large` page is
    not kept for the next site.
    """

    entry: View
    make: Callable[[], View]
    large: bool = False


def complete_later(entry: View, make_data: Callable[[], object]) -> LateView:
    """Return the view whose entry has some of its data; `make_data` returns all of it."""
    return LateView(entry, lambda: replace(entry, data=make_data()))


class Heading(NamedTuple):
    """A heading under an anchor of ours, which no author's text can choose.

    What follows one that is not `searched`, up to the next heading, is left out of the search.
    """

    label: str
    anchor: str
    level: int = 2
    searched: bool = True

    @property
    def markdown(self) -> str:
        """The heading as Markdown."""
        search_exclusion = "" if self.searched else " data-search-exclude"
        return f"{'#' * self.level} {self.label} {{ #{self.anchor}{search_exclusion} }}"

    @property
    def html(self) -> str:
        """The heading as HTML, with the same link to itself that Markdown readers add."""
        search_exclusion = "" if self.searched else ' data-search-exclude=""'
        self_link = f'<a class="headerlink" href="#{self.anchor}" title="Permanent link">&para;</a>'
        return (
            f'<h{self.level} id="{self.anchor}"{search_exclusion}>{self.label}{self_link}'
            f"</h{self.level}>"
        )


@dataclass(frozen=True)
class Page:
    """A page: its title and description as inert text, and its headings and lines of HTML."""

    title: str
    parts: tuple[Heading | str, ...]
    description: str = ""
    unlisted: bool = False
    wide: bool = False

    @property
    def head(self) -> dict[str, Any]:
        """The page's head: what themes and search read."""
        front_matter: dict[str, Any] = {"title": self.title}
        if self.description:
            front_matter["description"] = self.description
        if self.unlisted:
            front_matter["search"] = {"exclude": True}
        if self.unlisted or self.wide:
            front_matter["hide"] = ["navigation", "toc"]
        return front_matter

    @property
    def headings(self) -> Iterator[Heading]:
        """The headings in order."""
        return (part for part in self.parts if isinstance(part, Heading))

    @property
    def html(self) -> str:
        """The page's content as HTML."""
        parts = (part.html if isinstance(part, Heading) else part for part in self.parts)
        return "\n".join(part for part in parts if part)

    @property
    def searched(self) -> str:
        """What of the content can be found: all but what is under headings not `searched`."""
        searchable_parts, is_excluded = [], True  # what stands before the title is no text of it
        for part in self.parts:
            if isinstance(part, Heading):
                is_excluded = not part.searched
            html = part.html if isinstance(part, Heading) else part
            if not is_excluded and not _UNSEARCHED_PART.match(html):
                searchable_parts.append(html)
        return "\n".join(part for part in searchable_parts if part)

    @property
    def markdown(self) -> str:
        """The page as a Markdown file."""
        parts = (part.markdown if isinstance(part, Heading) else part for part in self.parts)
        return (
            f"{frontmatter.dump_front_matter(self.head)}\n"
            + "\n\n".join(block for block in parts if block)
            + "\n"
        )


class LatePage(NamedTuple):
    """A page that is made when a reader asks for it, and `entry`, what can be found of it."""

    entry: Page
    make: Callable[[], Page]

    @property
    def head(self) -> dict[str, Any]:
        """The page's head."""
        return self.entry.head

    @property
    def headings(self) -> Iterator[Heading]:
        """The headings that can be found."""
        return self.entry.headings

    @property
    def searched(self) -> str:
        """What of the content can be found: the same as of the page itself."""
        return self.entry.searched

    @property
    def html(self) -> str:
        """The page's content as HTML."""
        return self.make().html

    @property
    def markdown(self) -> str:
        """The page as a Markdown file."""
        return self.make().markdown


def split_parts(html: str) -> Iterator[Heading | str]:
    """Yield the headings and lines of a page from what its template wrote.

    The words of two cells, or of a term and its value, are apart also where only the text is read.
    A part begins after a blank line with a tag that is not indented; what is within it is indented.
    A heading with an anchor is a part of its own.
    """
    for block in _START_OF_PART.split(html):
        line = str(flatten_lines(block))
        heading = _HEADING.fullmatch(line)
        if heading:
            level, anchor, unsearched, label = heading.groups()
            yield Heading(label, anchor, int(level), not unsearched)
        elif line:
            yield _END_OF_CELL.sub(r"\1 ", line)
