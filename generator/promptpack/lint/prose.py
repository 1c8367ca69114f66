"""Prose in prompts: lines in, the same without what is code, its headings and its sentences out."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from promptpack.model import Line

FENCE = re.compile(r"\s*(?P<ticks>`{3,}(?!.*`)|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]|$)")
_TAG = re.compile(r"\s*</?[A-Za-z_][\w-]*>\s*")
_ITEM = re.compile(r"\s*(?:[-*+]|[0-9]+[.)])\s+(?:\[[ xX]\]\s+)?")
_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+(?=[\"'(*_`]*[A-Z])")


class Fence(NamedTuple):
    """A code fence: the line that opens it, and the one that closes it where there is one."""

    opened: Line
    closed: Line | None


class Sentence(NamedTuple):
    """A sentence, the line it begins in, and its lead: a heading, and a line with a colon."""

    text: str
    line: Line
    lead: str


def fences(lines: Iterable[Line]) -> Iterator[Fence]:
    """Yield the code fences of a prompt."""
    opened, ticks = None, ""
    for line in lines:
        match = FENCE.match(line.text)
        if match is None:
            continue
        if opened is None:
            opened, ticks = line, match["ticks"]
        elif _closes(ticks, line.text, match["ticks"]):
            yield Fence(opened, line)
            opened = None
    if opened is not None:
        yield Fence(opened, None)


def outside_code(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines of a prompt that stand in no code fence."""
    ticks = ""
    for line in lines:
        match = FENCE.match(line.text)
        if ticks:
            if match and _closes(ticks, line.text, match["ticks"]):
                ticks = ""
        elif match:
            ticks = match["ticks"]
        else:
            yield line


def heading_level(text: str) -> int:
    """Return the level of a heading, 0 for any other line."""
    match = _HEADING.match(text)
    return len(match[1]) if match else 0


def sentences(lines: Iterable[Line]) -> Iterator[Sentence]:
    """Yield the sentences of running text and lists; not of headings, tables, quotes or code.

    A sentence that goes on in the next line is one.
    """
    heading, colon = "", ""
    paragraph: list[Line] = []
    for line in (*outside_code(lines), None):
        text = line.text if line else ""
        starts = not text.strip() or _ITEM.match(text) or _is_aside(text)
        if starts and paragraph:
            yield from _sentences(paragraph, f"{heading} {colon}")
            last = paragraph[-1].text.rstrip()
            if not _ITEM.match(paragraph[0].text):
                colon = paragraph[0].text if last.rstrip("*_").endswith(":") else ""
            paragraph = []
        if heading_level(text) or _TAG.fullmatch(text):
            heading, colon = text, ""
        elif line and text.strip() and not _is_aside(text):
            paragraph.append(line)


def without_comments(text: str) -> str:
    """Return a template with its Jinja comments blanked, every other character in its place."""
    told, at = [], 0
    while (start := text.find("{#", at)) >= 0 and (end := text.find("#}", start)) >= 0:
        told += [text[at:start], re.sub(r"[^\n]", " ", text[start : end + 2])]
        at = end + 2
    return "".join([*told, text[at:]])


def _closes(ticks: str, text: str, found: str) -> bool:
    return found.startswith(ticks) and not text.strip(ticks[0] + " \t")


def _is_aside(text: str) -> bool:
    stripped = text.lstrip()
    return bool(heading_level(text) or _TAG.fullmatch(text) or stripped.startswith(("|", ">")))


def _sentences(paragraph: list[Line], lead: str) -> Iterator[Sentence]:
    first = _ITEM.sub("", paragraph[0].text, count=1)
    texts = [first, *(line.text for line in paragraph[1:])]
    whole = "\n".join(text.strip() for text in texts)
    start = end = number = 0
    for piece in _END.split(whole):
        before, start = start, whole.index(piece, end)
        end = start + len(piece)
        number += whole.count("\n", before, start)
        yield Sentence(" ".join(piece.split()), paragraph[number], lead)
