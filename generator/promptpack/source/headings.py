"""One text as sections: a prompt in, its passages from heading to heading out.

Nothing of a text is lost or changed: its passages joined are the text. Headings are those that
readers of Markdown see, but for a fence that is indented, or one in an HTML block.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from promptpack.model import Passage, Section
from promptpack.model.sections import name_section
from promptpack.patterns import compile_late
from promptpack.source.text import split_lines

ROLE = "role"
"""The section of what stands before the first heading that is a section's."""

_FENCE = compile_late(r" {0,3}(`{3,}+(?!.*`)|~{3,}+)")
_HEADING = compile_late(r" {0,3}(#{1,6})(?=[ \t]|\Z)")


class _TextHeading(NamedTuple):
    """The heading in a line, counted from 0: its level and its words."""

    line: int
    level: int
    title: str


def split_sections(text: str, path: str) -> tuple[Section, ...]:
    """Return the sections of a text; the file at `path` holds it.

    A section begins at each heading of the shallowest level that has two or more, and at those
    above that level which follow. What stands before is the role. Two sections with one heading
    are numbered. A text without any such headings is one section; an empty one has none.
    """
    if not text:
        return ()
    lines = split_lines(text)
    starts = _find_starts(list(_iter_headings(lines)))
    has_role = any(line.strip() for line in lines[: starts[0].line if starts else len(lines)])
    heads = [_TextHeading(0, 0, ""), *starts] if has_role or not starts else starts
    ends = [*(head.line for head in heads[1:]), len(lines)]
    raw_lines = text.split("\n")
    names: set[str] = set()
    sections = []
    for number, (head, end) in enumerate(zip(heads, ends, strict=True)):
        first = head.line if number else 0  # blank lines before the first heading are its own
        own = "\n".join(raw_lines[first:end]) + ("\n" if end < len(raw_lines) else "")
        lead = head.line - first + 1 if head.level else 0
        name = _find_free_name(name_section(head.title) if head.level else ROLE, names)
        sections.append(Section(name, (), Passage(path, first + 1, own, head.title, lead)))
    return tuple(sections)


def _find_starts(headings: list[_TextHeading]) -> list[_TextHeading]:
    """Return the headings at which sections begin."""
    counts = Counter(heading.level for heading in headings)
    level = min((level for level, count in counts.items() if count > 1), default=0)
    first = next((n for n, heading in enumerate(headings) if heading.level == level), 0)
    return [heading for heading in headings[first:] if heading.level <= level]


def _iter_headings(lines: list[str]) -> Iterator[_TextHeading]:
    """Yield the headings that stand in no code fence."""
    fence = ""
    for number, line in enumerate(lines):
        match = _FENCE.match(line)
        if fence:
            closes = match is not None and match[1].startswith(fence)
            if closes and not line.strip(fence[0] + " \t"):
                fence = ""
        elif match:
            fence = match[1]
        elif heading := _HEADING.match(line):
            words = _strip_closing(line[heading.end() :].strip())
            yield _TextHeading(number, len(heading[1]), words)


def _strip_closing(title: str) -> str:
    """Return the words of a heading without the `#` that may close it."""
    words = title.rstrip("#")
    return words.rstrip() if not words or words[-1] in " \t" else title


def _find_free_name(name: str, names: set[str]) -> str:
    """Return a name that is not taken yet, with a number if need be, and take it."""
    free, number = name, 1
    while free in names:
        number += 1
        free = f"{name}-{number}"
    names.add(free)
    return free
