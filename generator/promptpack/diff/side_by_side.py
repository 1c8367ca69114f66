"""Two texts beside each other: an old and a new text in, runs of lines out, what changed marked."""

import difflib
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from promptpack.diff.wording import mark_texts
from promptpack.diff.words import MarkedText, WordStatus
from promptpack.redaction import redact
from promptpack.reporting.characters import reveal

CONTEXT = 3
"""So many unchanged lines beside a change are shown at once."""

MarkedLine = list[MarkedText]


class LineRow(NamedTuple):
    """A changed line on both sides; None where there is none."""

    old: MarkedLine | None
    new: MarkedLine | None


class LineRun(NamedTuple):
    """Lines that are the same on both sides, as one text, or rows of lines that changed."""

    text: str
    size: int
    is_folded: bool
    rows: tuple[LineRow, ...] = ()


def align_texts(old: str, new: str) -> Iterator[LineRun]:
    """Yield the runs of two texts in order, without what looks like a secret."""
    old_lines, new_lines = _split(old), _split(new)
    opcodes = difflib.SequenceMatcher(None, old_lines, new_lines).get_opcodes()
    for number, (tag, i1, i2, j1, j2) in enumerate(opcodes):
        if tag == "equal":
            before, after = number > 0, number < len(opcodes) - 1
            yield from _cut_same(old_lines[i1:i2], before=before, after=after)
        else:
            rows = tuple(_pair_lines(old_lines[i1:i2], new_lines[j1:j2]))
            yield LineRun("", len(rows), is_folded=False, rows=rows)


def _split(text: str) -> list[str]:
    return redact(text).split("\n") if text else []


def _cut_same(lines: list[str], *, before: bool, after: bool) -> Iterator[LineRun]:
    """Yield unchanged lines, folded but for those beside a change `before` or `after` them."""
    start = CONTEXT if before else 0
    end = len(lines) - (CONTEXT if after else 0)
    if end - start <= CONTEXT:
        start = end = len(lines)
    parts = ((lines[:start], False), (lines[start:end], True), (lines[end:], False))
    for part, is_folded in parts:
        if part:
            yield LineRun("\n".join(map(reveal, part)), len(part), is_folded)


def _pair_lines(old_lines: list[str], new_lines: list[str]) -> Iterator[LineRow]:
    for old, new in zip_longest(old_lines, new_lines):
        if old is None or new is None:
            yield LineRow(_mark_whole("gone", old), _mark_whole("come", new))
            continue
        words = [word for line in mark_texts(old, new) for word in line]
        yield LineRow(
            [word for word in words if word.mark != "come"],
            [word for word in words if word.mark != "gone"],
        )


def _mark_whole(mark: WordStatus, line: str | None) -> MarkedLine | None:
    return None if line is None else [MarkedText(mark, reveal(line))]
