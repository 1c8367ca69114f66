"""Where two versions of a text differ: lines of both in, hunks out; and hunks put into lines.

A hunk is first the whole run of lines that differ, and then the lines of it that belong together.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from promptpack.source.likeness import measure_likeness

_PAIR_LIMIT = 2_500
"""How many pairs of lines of a hunk are compared; a larger one stays whole."""
_LIKENESS = 0.4
"""The share of common words from which on a line is a changed one, and not another one."""
_WORD = re.compile(r"\w+|[^\w\s]")


class OutputEdit(NamedTuple):
    """Lines `first` to `last` (from 0, `last` left out) of a text, and what they became.

    `place` is the index of the first new line in the new text, or of the line after a deletion.
    """

    first: int
    last: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    place: int = 0

    def shift(self, offset: int) -> "OutputEdit":
        """Return the same edit of lines of which the first `offset` are counted elsewhere."""
        return self._replace(first=self.first - offset, last=self.last - offset)

    def strip_blanks(self) -> "OutputEdit":
        """Return the edit without what is blank at the ends of its new lines."""
        return self._replace(new=tuple(line.rstrip() for line in self.new))


def find_output_edits(old: Sequence[str], new: Sequence[str]) -> Iterator[OutputEdit]:
    """Yield the runs of lines that differ between two texts."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            lines = tuple(old[old_start:old_end]), tuple(new[new_start:new_end])
            yield OutputEdit(old_start, old_end, *lines, new_start)


def split_edit(edit: OutputEdit) -> tuple[OutputEdit, ...]:
    """Return the parts of a hunk: each line with what became of it, and what came or went between.

    As many lines as before go one by one.
    """
    pairs = [*_pair_lines(edit.old, edit.new), (len(edit.old), len(edit.new))]
    parts: list[OutputEdit] = []
    old_start = new_start = 0
    for old_index, new_index in pairs:
        parts.append(_cut(edit, (old_start, old_index), (new_start, new_index)))
        parts.append(_cut(edit, (old_index, old_index + 1), (new_index, new_index + 1)))
        old_start, new_start = old_index + 1, new_index + 1
    return tuple(part for part in parts if part.old != part.new)


def apply_output_edits(lines: Sequence[str], edits: Iterable[OutputEdit]) -> tuple[str, ...]:
    """Return lines with some hunks of them applied."""
    changed = [*lines]
    for edit in sorted(edits, key=lambda one: (one.first, one.last), reverse=True):
        changed[edit.first : edit.last] = edit.new
    return tuple(changed)


def list_blank_slides(lines: Sequence[str], edit: OutputEdit) -> tuple[OutputEdit, ...]:
    """Return a hunk, and the same change some lines further up or down, nearest first.

    Where lines come or go between equal ones, no comparison can tell which of these they were.
    """
    slides = [edit]
    moving = edit.new or edit.old
    if edit.old and edit.new:
        return (edit,)
    first, last, text = edit.first, edit.last, moving
    while first and lines[first - 1] == text[-1]:
        first, last, text = first - 1, last - 1, (text[-1], *text[:-1])
        slides.append(_move(edit, first, last, text))
    first, last, text = edit.first, edit.last, moving
    while last < len(lines) and lines[last] == text[0]:
        first, last, text = first + 1, last + 1, (*text[1:], text[0])
        slides.append(_move(edit, first, last, text))
    return tuple(slides)


def _move(edit: OutputEdit, first: int, last: int, text: tuple[str, ...]) -> OutputEdit:
    old, new = (text, edit.new) if edit.old else (edit.old, text)
    place = edit.place + first - edit.first
    return edit._replace(first=first, last=last, old=old, new=new, place=place)


def _cut(edit: OutputEdit, old: tuple[int, int], new: tuple[int, int]) -> OutputEdit:
    """Return a part of a hunk, by the ranges of its old and of its new lines."""
    return OutputEdit(
        edit.first + min(old[0], len(edit.old)),
        edit.first + min(old[1], len(edit.old)),
        edit.old[slice(*old)],
        edit.new[slice(*new)],
        edit.place + min(new[0], len(edit.new)),
    )


def _pair_lines(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return which line became which, in order: those that have the most words in common."""
    if len(old) == len(new):
        return [(number, number) for number in range(len(old))]
    if len(old) * len(new) > _PAIR_LIMIT:
        return []
    old_words = [Counter(_WORD.findall(line)) for line in old]
    new_words = [Counter(_WORD.findall(line)) for line in new]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            likeness = _measure_likeness(old_words[i], new_words[j])
            best[i][j] = max(best[i + 1][j], best[i][j + 1], likeness + best[i + 1][j + 1])
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(old) and j < len(new):
        likeness = _measure_likeness(old_words[i], new_words[j])
        if likeness and best[i][j] == likeness + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _measure_likeness(first: Counter[str], second: Counter[str]) -> float:
    """Return the share of words that two lines have in common, 0 where it is too small."""
    likeness = measure_likeness(first, second)
    return likeness if likeness >= _LIKENESS else 0.0
