"""Edits of source lines: what is to be written where in, new texts out."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple


class Edit(NamedTuple):
    """Lines to be put in place of `length` lines of a source, from `line` (counted from 1) on."""

    path: str
    line: int
    length: int
    lines: tuple[str, ...]


def apply_edits(sources: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str] | None:
    """Return the new texts of the sources that edits concern, or None where two overlap.

    What is put before a line that is edited too goes before it; two texts can't go to one place.
    """
    texts: dict[str, str] = {}
    ordered_edits = sorted(set(edits), key=lambda edit: (edit.path, edit.line, edit.length))
    for first, second in pairwise(ordered_edits):
        if first.path == second.path and (
            second.line < first.line + first.length
            or (second.line == first.line and second.length == first.length)
        ):
            return None
    for edit in reversed(ordered_edits):
        lines = texts.get(edit.path, sources[edit.path]).split("\n")
        lines[edit.line - 1 : edit.line - 1 + edit.length] = edit.lines
        texts[edit.path] = "\n".join(lines)
    return texts
