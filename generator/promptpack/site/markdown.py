"""The Markdown that pages are made of: inert pieces in, links, tables and documents out."""

import posixpath
from collections.abc import Iterable, Sequence

from promptpack import frontmatter

Pairs = Iterable[tuple[str, str]]


def document(title: str, *parts: str, description: str = "", unlisted: bool = False) -> str:
    """Return a page: a head with the title for browser and navigation, and the parts that say it.

    `unlisted` keeps it out of the search and leaves the navigation's room to the content.
    """
    head: dict[str, object] = {"title": title}
    if description:
        head["description"] = description
    if unlisted:
        head |= {"search": {"exclude": True}, "hide": ["navigation"]}
    return frontmatter.dump(head) + "\n" + "\n\n".join(part for part in parts if part) + "\n"


def heading(label: str, anchor: str, level: int = 1, *, searched: bool = True) -> str:
    """Return a heading under an anchor of ours, which no author's text can choose.

    What follows one that is not `searched`, up to the next heading, is left out of the search.
    """
    quiet = "" if searched else " data-search-exclude"
    return f"{'#' * level} {label} {{ #{anchor}{quiet} }}"


def link(label: str, page: str, here: str) -> str:
    """Return a link from the page `here` to another; both are paths from the site's root."""
    return f"[{label}]({posixpath.relpath(page, posixpath.dirname(here) or '.')})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells of a row are those of the head."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(items: Iterable[str]) -> str:
    """Return a list of one-line items."""
    return "\n".join(f"- {item}" for item in items)


def facts(pairs: Pairs) -> str:
    """Return short facts as a definition list; those without a value are left out."""
    items = "\n\n".join(f"{term}\n:   {value}" for term, value in pairs if value)
    return box("pp-facts", items)


def tabs(pairs: Pairs) -> str:
    """Return contents of which a reader sees one at a time, each under its label."""
    return "\n\n".join(f"/// tab | {label}\n\n{content}\n\n///" for label, content in pairs)


def box(name: str, content: str) -> str:
    """Return content in an element that the style sheet knows by a class name."""
    return f"/// html | div.{name}\n\n{content}\n\n///"


def listed(words: Sequence[str]) -> str:
    """Return words as a sentence lists them: `a, b and c`."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def counted(number: int, what: str) -> str:
    """Return a number of things in words: `1 file`, `2 files`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
