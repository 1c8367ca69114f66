"""One page of the site: headings and lines of HTML in, a whole page as HTML or as Markdown out.

A page never needs a Markdown reader: what an author wrote is inert HTML already. As Markdown it is
the same lines, which every Markdown reader leaves alone, and headings that it can list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from promptpack.source import frontmatter


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
        quiet = "" if self.searched else " data-search-exclude"
        return f"{'#' * self.level} {self.label} {{ #{self.anchor}{quiet} }}"

    @property
    def html(self) -> str:
        """The heading as HTML, with the same link to itself that Markdown readers add."""
        quiet = "" if self.searched else ' data-search-exclude=""'
        own = f'<a class="headerlink" href="#{self.anchor}" title="Permanent link">&para;</a>'
        return f'<h{self.level} id="{self.anchor}"{quiet}>{self.label}{own}</h{self.level}>'


@dataclass(frozen=True)
class Page:
    """A page: its title and description as inert text, and its headings and lines of HTML.

    An `unlisted` page is neither in the navigation nor in the search, and has all the room. The
    head of a `wide` one is the same, and it is searched.
    """

    title: str
    parts: tuple[Heading | str, ...]
    description: str = ""
    unlisted: bool = False
    wide: bool = False

    @property
    def head(self) -> dict[str, Any]:
        """The page's head: what themes and search read."""
        head: dict[str, Any] = {"title": self.title}
        if self.description:
            head["description"] = self.description
        if self.unlisted:
            head["search"] = {"exclude": True}
        if self.unlisted or self.wide:
            head["hide"] = ["navigation", "toc"]
        return head

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
        found, quiet = [], False
        for part in self.parts:
            if isinstance(part, Heading):
                quiet = not part.searched
            if not quiet:
                found.append(part.html if isinstance(part, Heading) else part)
        return "\n".join(part for part in found if part)

    @property
    def markdown(self) -> str:
        """The page as a Markdown file."""
        parts = (part.markdown if isinstance(part, Heading) else part for part in self.parts)
        return f"{frontmatter.dump(self.head)}\n" + "\n\n".join(p for p in parts if p) + "\n"
