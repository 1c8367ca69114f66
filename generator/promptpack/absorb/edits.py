"""Edits of source lines: what is to be written where in, new texts out."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from promptpack.absorb.rewriting import find_changed_range


class Edit(NamedTuple):
    """Lines to be put in place of `length` lines of a source, from `line` (counted from 1) on."""

    path: str
    line: int
    length: int
    lines: tuple[str, ...]


def apply_edits(sources: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str] | None:
    """Return the new texts of the sources that edits concern, or None where two overlap.

    What is put before a line that is edited too goes before it; two texts can't go to one place.
    Two edits in a line are one, if they change different parts of it.
    """
    texts: dict[str, str] = {}
    ordered_edits = _merge_in_lines(sources, sorted(set(edits), key=_make_key))
    for first, second in pairwise(ordered_edits):
        if first.path == second.path and (
            second.line < first.line + first.length or _make_key(first) == _make_key(second)
        ):
            return None
    for edit in reversed(ordered_edits):
        lines = texts.get(edit.path, sources[edit.path]).split("\n")
        lines[edit.line - 1 : edit.line - 1 + edit.length] = edit.lines
        texts[edit.path] = "\n".join(lines)
    return texts


def _make_key(edit: Edit) -> tuple[str, int, int]:
    return edit.path, edit.line, edit.length


def _merge_in_lines(sources: Mapping[str, str], edits: Iterable[Edit]) -> list[Edit]:
    """Return edits, those of the same line made one where that can be."""
    merged: list[Edit] = []
    for edit in edits:
        last = merged[-1] if merged else None
        is_same = last is not None and _make_key(last) == _make_key(edit)
        if last and is_same and edit.length == len(edit.lines) == len(last.lines) == 1:
            old = sources[edit.path].split("\n")[edit.line - 1]
            text = _merge_texts(old, last.lines[0], edit.lines[0])
            if text is not None:
                merged[-1] = edit._replace(lines=(text,))
                continue
        merged.append(edit)
    return merged


def _merge_texts(old: str, first: str, second: str) -> str | None:
    """Return a text with two changes, or None where they touch."""
    ranges = [(*find_changed_range(old, new), new) for new in (first, second)]
    (start, end, one), (next_start, next_end, other) = sorted(ranges)
    if next_start <= end:
        return None
    inserted = (
        one[start : len(one) - len(old) + end],
        other[next_start : len(other) - len(old) + next_end],
    )
    return f"{old[:start]}{inserted[0]}{old[end:next_start]}{inserted[1]}{old[next_end:]}"
