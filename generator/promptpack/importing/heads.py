"""Front matter key by key: a text in, its keys with their lines out, and texts of single keys."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

from promptpack.source import frontmatter


class HeadKey(NamedTuple):
    """A top-level key, its value as most clients read it, its line from 1, its lines."""

    name: str
    value: Any
    line: int
    text: str

    def find_line(self, entry: str) -> int:
        """Return the line of an entry of the value, or that of the key."""
        pattern = re.compile(rf"""[\s,\[{{"'-]{re.escape(entry)}(?![\w-])""")
        lines = self.text.split("\n")
        first = lines[0].partition(":")[2]
        for number, line in enumerate([f" {first}", *lines[1:]]):
            if pattern.search(f" {line}"):
                return self.line + number
        return self.line


def list_keys(path: str, text: str) -> list[HeadKey]:
    """Return the top-level keys of a file, by what its name says it is, in order."""
    return list_toml_keys(text) if path.endswith(".toml") else list_head_keys(text)


def list_head_keys(text: str) -> list[HeadKey]:
    """Return the keys of a Markdown file's front matter, in order; none where it has none."""
    head = frontmatter.split_front_matter(text.removeprefix("\ufeff")).head
    return [*_iter_head_keys(head)] if head else []


def list_toml_keys(text: str) -> list[HeadKey]:
    """Return the top-level keys of a TOML file with the lines that they stand in."""
    try:
        keys = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return []
    return [HeadKey(name, value, _find_toml_line(text, name), "") for name, value in keys.items()]


def write_lines(lines: str) -> str:
    """Return a Markdown file with these lines of front matter and a short prompt."""
    return f"---\n{lines}---\n\nx\n"


def write_entry(key: str, value: object) -> str:
    """Return a Markdown file with one key and a short prompt."""
    return f"{frontmatter.dump_front_matter({key: value})}\nx\n"


def _iter_head_keys(head: str) -> Iterator[HeadKey]:
    line = 2
    for span in frontmatter.split_keys(head):
        values = frontmatter.read_lenient(span)
        for name, value in values.items():
            yield HeadKey(name, value, line, span)
        line += span.count("\n")


def _find_toml_line(text: str, name: str) -> int:
    pattern = re.compile(rf"""^\s*\[*\s*["']?{re.escape(name)}["']?\s*[.=\]]""", re.MULTILINE)
    match = pattern.search(text)
    return text.count("\n", 0, match.start() + 1) + 1 if match else 1
