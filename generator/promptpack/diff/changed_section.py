"""The one section in which two prompts differ: their pieces in, the lines of that section out.

A text that both sides have is one object, so nothing of it is looked at. All else of the prompts is
the same, so no line of it is traced.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from promptpack.diff.align import Aligner
from promptpack.diff.hunks import find_hunks
from promptpack.diff.model import Hunk, PlacedPrompt
from promptpack.diff.segments import Segments, split_composed
from promptpack.model import Line
from promptpack.rendering.placed_lines import Piece, PlacedLines


class _SectionPieces(NamedTuple):
    """The pieces of a section, from `start` to `end`."""

    section: str
    start: int
    end: int


def find_section_hunks(
    old: PlacedPrompt, new: PlacedPrompt, aligner: Aligner
) -> tuple[Hunk, ...] | None:
    """Return the hunks between two files that differ in the texts of one section alone.

    They are those that `find_hunks` finds between the whole files. None where more differs, and
    where that can't be told without more of the prompts.
    """
    if old.head != new.head:
        return None
    found = _find_changed(old.lines, new.lines, aligner.source_lines.paths)
    if found is None:
        return None
    before, after = _split_run(old.lines, found[0]), _split_run(new.lines, found[1])
    if before is None or after is None:
        return None
    hunks = find_hunks(before, after, aligner)
    if any(_has_mark(before, after, hunk) for hunk in hunks):
        return None  # what a mark is told by may be in another section
    old_start = old.start + old.lines.count_lines(found[0].start)
    new_start = new.start + new.lines.count_lines(found[1].start)
    return tuple(shift_hunk(hunk, old_start, new_start) for hunk in hunks)


def shift_hunk(hunk: Hunk, old: int, new: int) -> Hunk:
    """Return a hunk so many lines further down on each side."""
    return hunk._replace(
        start=hunk.start + old,
        end=hunk.end + old,
        new_start=hunk.new_start + new,
        new_end=hunk.new_end + new,
    )


def _find_changed(
    old: PlacedLines, new: PlacedLines, changed_paths: Collection[str]
) -> tuple[_SectionPieces, _SectionPieces] | None:
    """Return the one section that differs, if no line of a layout does, nor its source."""
    old_runs, new_runs = list(_iter_runs(old.pieces)), list(_iter_runs(new.pieces))
    if [run.section for run in old_runs] != [run.section for run in new_runs]:
        return None
    found: list[tuple[_SectionPieces, _SectionPieces]] = []
    for old_run, new_run in zip(old_runs, new_runs, strict=True):
        old_pieces = old.pieces[old_run.start : old_run.end]
        new_pieces = new.pieces[new_run.start : new_run.end]
        are_same = _compare_pieces(old_pieces, new_pieces, changed_paths)
        if are_same is None:
            return None
        if not are_same:
            found.append((old_run, new_run))
    return found[0] if len(found) == 1 else None


def _iter_runs(pieces: Sequence[Piece]) -> Iterator[_SectionPieces]:
    start = 0
    for section, members in groupby(pieces, key=lambda piece: piece.section):
        end = start + len(list(members))
        yield _SectionPieces(section, start, end)
        start = end


def _compare_pieces(
    old: Sequence[Piece], new: Sequence[Piece], changed_paths: Collection[str]
) -> bool | None:
    """Tell whether pieces are the same; None where more than the texts of parts differs."""
    if len(old) != len(new):
        return None
    are_same = True
    for one, other in zip(old, new, strict=True):
        if isinstance(one, Line):
            if one != other or one.origin.path in changed_paths:
                return None
        elif isinstance(other, Line):
            return None
        else:
            are_same = are_same and one.part is other.part
    return are_same


def _split_run(lines: PlacedLines, run: _SectionPieces) -> Segments | None:
    """Return the segments of a section, or None where it can't be traced piece by piece."""
    traced = lines.trace_pieces(run.start, run.end)
    return None if traced is None else split_composed("", "", traced, {})[0]


def _has_mark(before: Segments, after: Segments, hunk: Hunk) -> bool:
    changed = (*before[hunk.start : hunk.end], *after[hunk.new_start : hunk.new_end])
    return any(segment.mark for segment in changed)
