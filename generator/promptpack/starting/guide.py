"""The guide that comes with the package: a topic in, its page as lines for a terminal out.

A page is Markdown. Headings and code keep their lines, links become their text, and what only a
browser shows (pictures, comments of HTML) is left out.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from promptpack.source.disk import find_real_path, read_regular_file, walk_folder
from promptpack.source.text import SIZE_LIMIT

_SITE_PAGE = "index"
"""The first page of the site, which leads to the others."""

_HEADING = re.compile(r"^(#+)\s+(.*)$")
_FENCE = re.compile(r"^(`{3,})([^`]*)$")
_IMAGE = re.compile(r"!\[[^]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^]]+)\]\((?!https?:)[^)]*\)")
_ADDRESS = re.compile(r"\[([^]]+)\]\((https?:[^)]*)\)")
_UNSEEN = re.compile(r"<!--.*?-->|<svg.*?</svg>|</?(?:figure|div|p)[^>]*>", re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')


class GuideLine(NamedTuple):
    """A line of a page: its text, and whether it is a heading, prose to wrap, or neither."""

    text: str
    is_heading: bool = False
    is_prose: bool = False


def find_guide() -> Path:
    """Return the folder of the pages: inside the installed package, or beside its source tree."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "docs"
    return inside if inside.is_dir() else package.parents[1] / "docs"


def list_topics() -> dict[str, str]:
    """Return the title of each page, by the name of its topic."""
    folder = find_guide()
    paths = sorted(one.path for one in walk_folder(folder) if one.path.suffix == ".md")
    pages = [path for path in paths if path.parent == folder and path.stem != _SITE_PAGE]
    return {path.stem: _find_title(_read_page(path)) for path in pages}


def format_topic(topic: str) -> Iterator[GuideLine]:
    """Yield the page of a topic, one of `list_topics`, line by line."""
    fence = ""
    for line in _UNSEEN.sub("", _read_page(find_guide() / f"{topic}.md")).split("\n"):
        match = _FENCE.match(line)
        if match and (not fence or match[1] == fence):
            fence = "" if fence else match[1]
            if fence and (title := _TITLE.search(match[2])):
                yield GuideLine(f"    ({title[1]})")
        elif fence:
            yield GuideLine(f"    {line}" if line else "")
        else:
            yield _make_line(line)


def _make_line(line: str) -> GuideLine:
    text = _ADDRESS.sub(r"\1 (\2)", _LINK.sub(r"\1", _IMAGE.sub("", line)))
    if heading := _HEADING.match(text):
        return GuideLine(heading[2], is_heading=True)
    is_table = text.startswith("|")
    return GuideLine(text.rstrip(), is_prose=bool(text) and not is_table)


def _find_title(text: str) -> str:
    return next((match[2] for match in map(_HEADING.match, text.split("\n")) if match), "")


def _read_page(path: Path) -> str:
    """Return the text of a page of the package, whose files may be links to a cache."""
    return read_regular_file(find_real_path(path), SIZE_LIMIT).decode()
