"""The front matter of Markdown files: text in, its YAML and the body apart out.

Two readings: a strict one for the files that authors write here, and a lenient one for agent files
in the wild, a tenth of which are not valid YAML and which real clients read all the same.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from promptpack.patterns import compile_late
from promptpack.source.client_yaml import Anchors, LimitError, read_client_yaml
from promptpack.source.strict_yaml import Document, read_whole_yaml
from promptpack.source.yaml_entries import read_yaml
from promptpack.source.yaml_writer import PLAIN_KEY, write_mapping

_FRONT_MATTER = compile_late(r"---[ \t]*\r?\n(.*?\n)??---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_SPAN = compile_late(
    r"^(?=(?:[A-Za-z_][\w.-]*|\"[^\"\n]*\"|'[^'\n]*')[ \t]*:(?:\s|\Z))", re.MULTILINE
)
_COMMENT = compile_late(r"^#.*\n?", re.MULTILINE)
_PLAIN_ENTRY = compile_late(rf"({PLAIN_KEY}):(?: [^\n]*)?(?:\n  [^\n]*)*(?:\n|\Z)")
_ODD = compile_late(
    "[\x00-\t\x0b-\x1f\x7f-\x9f\u2028-\u202f\ufeff\ufffe\uffff\U00010000-\U0010ffff]"
)
_LONGEST_KEPT = 2_000
"""How many characters of front matter an entry may have that is kept with its value."""


class SplitText(NamedTuple):
    """The YAML of front matter (None where there is none), the body, the lines before it."""

    head: str | None
    body: str
    lines: int


def split_front_matter(text: str) -> SplitText:
    """Return a file's front matter and body; it starts with `---` as the very first bytes."""
    match = _FRONT_MATTER.match(text)
    if match is None:
        return SplitText(None, text, 0)
    return SplitText(match[1] or "", text[match.end() :], match[0].count("\n"))


class FrontMatter(NamedTuple):
    """The data of front matter, not to be changed, and whether it is strict YAML."""

    data: Any
    is_strict: bool


@lru_cache(maxsize=8)
def parse_front_matter(front_matter: str) -> FrontMatter:
    """Return a file's front matter as strict YAML.

    The last few are kept, because one file is decoded and checked in one go.
    """
    entries = _parse_entries(front_matter)
    if entries is not None:
        return FrontMatter(entries, is_strict=True)
    document = read_whole_yaml(front_matter, "")
    return FrontMatter(document.data, not document.findings)


def _parse_entries(front_matter: str) -> dict[str, Any] | None:
    """Return the keys of front matter of plain entries, each parsed apart; None for any other.

    An entry is plain if its key begins its first line and all others are indented. So it ends where
    the next begins, and what is strict YAML with one key by itself is the same among others.
    """
    if len(front_matter) > _LONGEST_KEPT or _ODD.search(front_matter):
        return None
    keys: dict[str, Any] = {}
    place = len(front_matter) - len(front_matter.lstrip("\n"))
    while place < len(front_matter):
        match = _PLAIN_ENTRY.match(front_matter, place)
        if match is None or match[1] in keys:
            return None
        data = _parse_entry(match[0])
        if data is None or match[1] not in data:
            return None
        keys |= data
        place = match.end()
    return keys or None


@lru_cache(maxsize=8192)
def _parse_entry(entry: str) -> dict[str, Any] | None:
    """Return the one key of an entry with its value, None where it is not strict YAML.

    The last few thousand are kept, because the files of one build share most of them.
    """
    document = read_whole_yaml(entry, "")
    is_one = isinstance(document.data, dict) and len(document.data) == 1
    return document.data if is_one and not document.findings else None


class Documents:
    """The YAML of a project's sources with its places, each read once; not to be changed."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self._documents: dict[str, Document] = {}

    def read(self, path: str) -> Document:
        """Return the YAML of a source; raises KeyError where the project has no such source."""
        if path not in self._documents:
            self._documents[path] = read_document(self._sources[path], path)
        return self._documents[path]


def read_document(text: str, path: str) -> Document:
    """Return the YAML of a source with its places: of a Markdown file, that of its front matter."""
    if not path.endswith((".md", ".head")):
        return read_yaml(text, path)
    return read_yaml(split_front_matter(text).head or "{}", path, first_line=2)


def read_lenient(front_matter: str) -> dict[str, Any]:
    """Return the keys of front matter as YAML; where it is none, key by key.

    What is wrong with the value of one key then hides no other key. The last of a doubled key wins.
    """
    try:
        return read_mapping(front_matter, last_wins=True)
    except ValueError:
        return _read_spans(front_matter)


def read_mapping(
    front_matter: str, *, last_wins: bool = False, merges: bool = True
) -> dict[str, Any]:
    """Return the keys of front matter as clients read YAML, none where it is no mapping.

    Raises ValueError where it is not YAML, or a key is used twice and the last one doesn't win.
    What is too large to be read here has no keys: without any, every client grants most.
    """
    # where nothing is wrong, all readers agree
    data, is_strict = parse_front_matter(front_matter)
    if not is_strict:
        try:
            data = read_client_yaml(front_matter, last_wins=last_wins, merges=merges)
        except LimitError:
            data = None
    return {**data} if isinstance(data, dict) else {}


def split_keys(front_matter: str) -> list[str]:
    r"""Return the lines of front matter in order, cut before each top-level key.

    What stands before the first key is one piece too, if only blank lines and comments.

    >>> split_keys("a: 1\n# more\nb:\n  - 2\n")
    ['a: 1\n# more\n', 'b:\n  - 2\n']
    """
    return [span for span in _SPAN.split(front_matter) if span]


def _read_spans(front_matter: str) -> dict[str, Any]:
    """Return the keys of front matter, each read with all lines up to the next top-level key.

    A value that is not YAML is text. An alias may name a value of an earlier key.
    """
    result: dict[str, Any] = {}
    anchors: Anchors = {}
    for span in _SPAN.split(front_matter)[1:]:
        try:
            data = read_client_yaml(span, last_wins=True, anchors=anchors)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            key, _, value = _COMMENT.sub("", span).partition(":")
            data = {key.strip().strip("\"'"): value.strip()}
        result |= data
    return result


def dump_front_matter(front_matter: Mapping[str, Any]) -> str:
    """Return front matter as YAML between its `---` lines, in the order given, one key a line."""
    return f"---\n{write_mapping(front_matter)}---\n"
