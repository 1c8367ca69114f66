"""Sections on their way into a layout: rendered blocks in, what a layout is shown of them out.

A block is text in the render that is shipped, and lines with their origins in the one that traces.
Both are made by the same steps, so that they can't come apart.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from promptpack.model import Line, Origin, Passage, Section
from promptpack.model.sections import make_title
from promptpack.rendering.context import PartView, SectionView

B = TypeVar("B")


class RenderedPart(NamedTuple, Generic[B]):
    """A part of a section: its name, empty where it is all of it, and its block.

    `end` are the newlines that its text ends with, two at most; what the block has beyond one.
    """

    name: str
    block: B
    end: str = "\n"


class RenderedSection(NamedTuple, Generic[B]):
    """A section that has text; `whole` is all of its passage, where it is one of a text.

    `title` are the words of its heading, and `heading` is that where the pack gives it.
    """

    name: str
    title: str
    parts: tuple[RenderedPart[B], ...]
    passage: Passage | None = None
    whole: B | None = None
    heading: B | None = None


class BlockForm(NamedTuple, Generic[B]):
    """What a block of a prompt is: text, or lines with their origins. Empty ones are falsy.

    `render` makes one of a fragment, `join` of several, `quote` of text written at a place, whose
    lines follow each other if so said. `write` gives what a layout can place of a block, and `wrap`
    what it is shown of a section.
    """

    render: Callable[[str, Mapping[str, Any]], B]
    join: Callable[[Iterable[tuple[Origin, B]]], B]
    quote: Callable[[str, Origin, bool], B]
    write: Callable[[B], str]
    wrap: Callable[[SectionView], SectionView]


def quote_text(text: str, _origin: Origin, _follows: bool) -> str:
    """Return a text as a block of text."""
    return text


def quote_lines(text: str, origin: Origin, follows: bool) -> tuple[Line, ...]:
    """Return a text as a block of lines: all of one origin, or each of the next line."""
    lines = enumerate(text.split("\n"))
    return tuple(Line(line, origin._replace(line=origin.line + n * follows)) for n, line in lines)


def make_section(
    form: BlockForm[B], section: Section, parts: Iterable[RenderedPart[B]]
) -> RenderedSection[B]:
    """Return a section of parts that have text, with the heading that the pack gives it."""
    heading = form.quote(f"## {section.title}", section.title_origin, False)
    return RenderedSection(
        section.name, section.heading, tuple(parts), heading=heading if section.title else None
    )


def render_passage(form: BlockForm[B], section: Section, passage: Passage) -> RenderedSection[B]:
    """Return the section of a passage: its body without its heading and blank ends, and all."""
    lines = passage.text.split("\n")
    filled = [n for n, line in enumerate(lines) if n >= passage.lead and line.strip()]
    first, last = (filled[0], filled[-1] + 1) if filled else (0, 0)
    text, start = "\n".join(lines[first:last]), Origin(passage.path, passage.line + first)
    body = form.quote(text, start, True) if filled else form.join(())
    whole = form.quote(passage.text, Origin(passage.path, passage.line), True)
    part = RenderedPart("", body)
    return RenderedSection(section.name, section.heading, (part,), passage, whole)


def make_outline(section: RenderedSection[B]) -> SectionView:
    """Return what a layout is shown of a section, without its texts."""
    parts = tuple(_make_part_view(part, "") for part in section.parts)
    return SectionView(section.name, section.title, parts, "")


def _make_part_view(part: RenderedPart[B], body: str) -> PartView:
    return PartView(part.name, make_title(part.name) if part.name else "", body)


def make_views(form: BlockForm[B], sections: Sequence[RenderedSection[B]]) -> Iterator[SectionView]:
    """Yield what a layout is shown of each section, in order."""
    before, has_passage = "", False
    for section in sections:
        parts = tuple(_make_part_view(part, form.write(part.block)) for part in section.parts)
        passage = section.passage
        if section.whole is not None and passage is not None:
            text, before, has_passage = form.write(section.whole), passage.text, True
        else:
            heading = f"## {section.title}\n\n" if has_passage else ""
            if section.heading is not None:
                heading = f"{form.write(section.heading)}\n\n"
            body, end = "\n\n".join(part.body for part in parts), section.parts[-1].end
            text = f"{_find_gap(before)}{heading}{body}{end[:1]}"
            before = end or body
        yield form.wrap(SectionView(section.name, section.title, parts, text))


def _find_gap(before: str) -> str:
    """Return what sets a section apart from the passage before it, with its own end if need be."""
    if not before or before.endswith("\n\n"):
        return ""
    return "\n" if before.endswith("\n") else "\n\n"
