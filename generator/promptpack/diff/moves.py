"""Text that moved: blocks of changed lines in, blocks with the halves of each move told apart out.

A run of lines that went at one place and came at another, the same to the byte, is a move. It is
found by a line that went once and came once, and has enough letters to be known by.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from promptpack.diff.model import AlignedBlock, Segment
from promptpack.diff.segments import FRONT_MATTER

MIN_LETTERS = 3
"""How many letters and digits a line has to have to be known by."""

_LETTER = re.compile(r"\w")


class _MovedRun(NamedTuple):
    """Pieces that left from `start` to `end` and arrived at `new_start`."""

    start: int
    end: int
    new_start: int
    new_end: int


def split_moves(
    before: Sequence[Segment], after: Sequence[Segment], blocks: Iterable[AlignedBlock]
) -> Iterator[AlignedBlock]:
    """Yield the blocks, those that hold moved lines taken apart; applied, they give the same."""
    all_blocks = list(blocks)
    whole = [block for block in all_blocks if block.half == "whole"]
    runs = _find_runs(before, after, whole) if len(whole) > 1 else []
    if not runs:
        yield from all_blocks
        return
    arrivals = {run: _find_position(run, whole, runs) for run in runs}
    for block in all_blocks:
        if block.half == "whole":
            yield from _split_block(block, runs, arrivals)
        else:
            yield block


def _find_runs(
    before: Sequence[Segment], after: Sequence[Segment], blocks: Sequence[AlignedBlock]
) -> list[_MovedRun]:
    """Return the runs of lines that left one block and arrived in another, or elsewhere in it."""
    old_blocks = {i: n for n, block in enumerate(blocks) for i in range(block.start, block.end)}
    new_blocks = {
        j: n for n, block in enumerate(blocks) for j in range(block.new_start, block.new_end)
    }
    old_places, new_places = _index_lines(before, old_blocks), _index_lines(after, new_blocks)
    runs: list[_MovedRun] = []
    used: set[int] = set()
    for key, places in old_places.items():
        targets = new_places.get(key, ())
        if len(places) != 1 or len(targets) != 1 or places[0] in used:
            continue
        i, j = places[0], targets[0]
        up = _measure_run(before, after, (i, j, -1), old_blocks, new_blocks)
        down = _measure_run(before, after, (i, j, 1), old_blocks, new_blocks)
        run = _MovedRun(i - up, i + down + 1, j - up, j + down + 1)
        used |= {*range(run.start, run.end)}
        runs.append(run)
    return _drop_overlaps(runs)


def _index_lines(
    segments: Sequence[Segment], numbers: Iterable[int]
) -> dict[tuple[str, str, bool], list[int]]:
    """Return where each line stands that can be known again."""
    places: dict[tuple[str, str, bool], list[int]] = defaultdict(list)
    for number in numbers:
        segment = segments[number]
        if len(_LETTER.findall(segment.text)) >= MIN_LETTERS:
            places[_make_key(segment)].append(number)
    return places


def _make_key(segment: Segment) -> tuple[str, str, bool]:
    return segment.raw, segment.field, segment.section == FRONT_MATTER


def _measure_run(
    before: Sequence[Segment],
    after: Sequence[Segment],
    start: tuple[int, int, int],
    old_blocks: dict[int, int],
    new_blocks: dict[int, int],
) -> int:
    """Return how many lines above (-1) or below (1) a moved line moved with it."""
    i, j, step = start
    count = 0
    while True:
        a, b = i + step * (count + 1), j + step * (count + 1)
        is_same_place = (
            old_blocks.get(a) == old_blocks[i]
            and new_blocks.get(b) == new_blocks[j]
            and before[a].section == before[i].section
            and after[b].section == after[j].section
        )
        if not is_same_place or _make_key(before[a]) != _make_key(after[b]):
            return count
        count += 1


def _drop_overlaps(runs: Iterable[_MovedRun]) -> list[_MovedRun]:
    """Return the runs, the longest first, of which no two share a line."""
    kept: list[_MovedRun] = []
    old: set[int] = set()
    new: set[int] = set()
    for run in sorted(runs, key=lambda one: (one.start - one.end, one)):
        old_range, new_range = range(run.start, run.end), range(run.new_start, run.new_end)
        if old.isdisjoint(old_range) and new.isdisjoint(new_range):
            old |= {*old_range}
            new |= {*new_range}
            kept.append(run)
    return sorted(kept)


def _find_position(
    run: _MovedRun, blocks: Sequence[AlignedBlock], runs: Sequence[_MovedRun]
) -> int:
    """Return the old piece before which a run arrives: where the rest of its new block stands."""
    block = next(one for one in blocks if one.new_start <= run.new_start < one.new_end)
    return _find_rest_start(block, runs)


def _find_rest_start(block: AlignedBlock, runs: Sequence[_MovedRun]) -> int:
    gaps = _list_gaps(block.start, block.end, [(run.start, run.end) for run in runs])
    return gaps[0][0] if gaps else block.start


def _split_block(
    block: AlignedBlock, runs: Sequence[_MovedRun], arrivals: dict[_MovedRun, int]
) -> Iterator[AlignedBlock]:
    """Yield what leaves a block, what arrives in it, and the rest of it.

    All that is new stands where the rest of the old begins, in its own order.
    """
    old_gaps = _list_gaps(block.start, block.end, [(run.start, run.end) for run in runs])
    new_gaps = _list_gaps(
        block.new_start, block.new_end, [(run.new_start, run.new_end) for run in runs]
    )
    position = _find_rest_start(block, runs)
    for run in runs:
        if block.start <= run.start < block.end:
            yield AlignedBlock(*run, "from")
        if block.new_start <= run.new_start < block.new_end:
            yield AlignedBlock(*run, "to", arrivals[run])
    first_old = old_gaps[:1] or [(position, position)]
    first_new = new_gaps[:1] or [(block.new_end, block.new_end)]
    if old_gaps or new_gaps:
        yield AlignedBlock(*first_old[0], *first_new[0])
    yield from (AlignedBlock(*gap, block.new_end, block.new_end) for gap in old_gaps[1:])
    yield from (AlignedBlock(position, position, *gap) for gap in new_gaps[1:])


def _list_gaps(start: int, end: int, runs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what some runs leave of a range, without empty pieces."""
    gaps, position = [], start
    for run_start, run_end in sorted(runs):
        if start <= run_start < end:
            gaps.append((position, run_start))
            position = run_end
    return [gap for gap in (*gaps, (position, end)) if gap[1] > gap[0]]
