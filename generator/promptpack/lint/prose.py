"""Prose in prompts: lines in, the same without what is code, its headings and its sentences out."""

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from promptpack.model import Line

FENCE_PATTERN = re.compile(r"\s*(?P<ticks>`{3,}(?!.*`)|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]|$)")
_TAG = re.compile(r"\s*</?[A-Za-z_][\w-]*>\s*")
_ITEM = re.compile(r"\s*(?:[-*+]|[0-9]+[.)])\s+(?:\[[ xX]\]\s+)?")
_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+(?=[\"'(*_`]*[A-Z])")


class Fence(NamedTuple):
    """A code fence: the line that opens it, and the one that closes it where there is one."""

    opened: Line
    closed: Line | None


class LineKind(Enum):
    """What a line of prose is."""

    BLANK = auto()
    HEADING = auto()
    ASIDE = auto()
    ITEM = auto()
    TEXT = auto()


class Sentence(NamedTuple):
    """A sentence, the line it begins in, and its lead: a heading, and a line with a colon."""

    text: str
    line: Line
    lead: str


def find_fences(lines: Iterable[Line]) -> Iterator[Fence]:
    """Yield the code fences of a prompt."""
    opening, ticks = None, ""
    for line in lines:
        match = FENCE_PATTERN.match(line.text)
        if match is None:
            continue
        if opening is None:
            opening, ticks = line, match["ticks"]
        elif _closes_fence(ticks, line.text, match["ticks"]):
            yield Fence(opening, line)
            opening = None
    if opening is not None:
        yield Fence(opening, None)


def skip_code_fences(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines of a prompt that stand in no code fence."""
    ticks = ""
    for line in lines:
        match = FENCE_PATTERN.match(line.text)
        if ticks:
            if match and _closes_fence(ticks, line.text, match["ticks"]):
                ticks = ""
        elif match:
            ticks = match["ticks"]
        else:
            yield line


def parse_heading_level(text: str) -> int:
    """Return the level of a heading, 0 for any other line."""
    match = _HEADING.match(text) if "#" in text else None
    return len(match[1]) if match else 0


def split_sentences(lines: Iterable[Line]) -> Iterator[Sentence]:
    """Yield the sentences of running text and lists; not of headings, tables, quotes or code.

    A sentence that goes on in the next line is one.
    """
    return SentenceSplitter().split(skip_code_fences(lines))


class SentenceSplitter:
    """Splits prompts into sentences: lines and paragraphs that many have are looked at once."""

    def __init__(self) -> None:
        self._kinds: dict[str, LineKind] = {}
        self._paragraphs: dict[tuple[tuple[Line, ...], str], tuple[Sentence, ...]] = {}

    def split(self, prose: Iterable[Line]) -> Iterator[Sentence]:
        """Yield the sentences of lines that stand in no code fence, as `split_sentences` does."""
        heading, colon = "", ""
        paragraph: list[Line] = []
        for line in (*prose, None):
            text = line.text if line else ""
            kind = self._find_kind(text)
            if kind is not LineKind.TEXT and paragraph:
                yield from self._split_paragraph(tuple(paragraph), f"{heading} {colon}")
                last = paragraph[-1].text.rstrip()
                if self._find_kind(paragraph[0].text) is not LineKind.ITEM:
                    colon = paragraph[0].text if last.rstrip("*_").endswith(":") else ""
                paragraph = []
            if kind is LineKind.HEADING:
                heading, colon = text, ""
            elif line and kind in (LineKind.ITEM, LineKind.TEXT):
                paragraph.append(line)

    def _find_kind(self, text: str) -> LineKind:
        kind = self._kinds.get(text)
        if kind is None:
            kind = self._kinds[text] = _classify_line(text)
        return kind

    def _split_paragraph(self, paragraph: tuple[Line, ...], lead: str) -> tuple[Sentence, ...]:
        key = paragraph, lead
        sentences = self._paragraphs.get(key)
        if sentences is None:
            sentences = self._paragraphs[key] = tuple(_split_paragraph(paragraph, lead))
        return sentences


def blank_comments(text: str) -> str:
    """Return a template with its Jinja comments blanked, every other character in its place."""
    parts, position = [], 0
    while (start := text.find("{#", position)) >= 0 and (end := text.find("#}", start)) >= 0:
        parts += [text[position:start], re.sub(r"[^\n]", " ", text[start : end + 2])]
        position = end + 2
    return "".join([*parts, text[position:]])


def _closes_fence(ticks: str, text: str, line_ticks: str) -> bool:
    return line_ticks.startswith(ticks) and not text.strip(ticks[0] + " \t")


def _classify_line(text: str) -> LineKind:
    stripped = text.lstrip()
    if not stripped:
        return LineKind.BLANK
    if parse_heading_level(text) or _TAG.fullmatch(text):
        return LineKind.HEADING
    if stripped.startswith(("|", ">")):
        return LineKind.ASIDE
    return LineKind.ITEM if _ITEM.match(text) else LineKind.TEXT


def _split_paragraph(paragraph: tuple[Line, ...], lead: str) -> Iterator[Sentence]:
    first = paragraph[0].text
    mark = _ITEM.match(first)
    texts = [first[mark.end() :] if mark else first, *(line.text for line in paragraph[1:])]
    paragraph_text = "\n".join(text.strip() for text in texts)
    start = end = number = 0
    for segment in _END.split(paragraph_text):
        before, start = start, paragraph_text.index(segment, end)
        end = start + len(segment)
        number += paragraph_text.count("\n", before, start)
        yield Sentence(" ".join(segment.split()), paragraph[number], lead)
