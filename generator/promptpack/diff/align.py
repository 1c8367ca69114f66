"""Which lines became which: two files as pieces in, blocks of old and new lines out.

Sections are matched by name first, so that one that moved is a move. Inside a section changed lines
are paired with what they were; where a line could stand in two places, the same one is chosen in
every file.
"""

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from promptpack.diff.model import Half
from promptpack.diff.segments import HEAD, Piece

PAIR_LIMIT = 2_500
"""How many pairs of lines are looked at to find which became which."""

SIMILAR = 0.5

Pieces = Sequence[Piece]


class Block(NamedTuple):
    """Old pieces that became new ones; of a move, one half leaves and the other arrives `at`."""

    start: int
    end: int
    new_start: int
    new_end: int
    half: Half = "whole"
    at: int = 0

    def shifted(self, old: int, new: int) -> "Block":
        """Return the block so many pieces later."""
        return Block(self.start + old, self.end + old, self.new_start + new, self.new_end + new)


class _Span(NamedTuple):
    """A section's pieces, from `start` to `end`, under a name that no other section has."""

    name: tuple[str, int]
    start: int
    end: int


class _Line(NamedTuple):
    """What tells lines apart: their bytes and, in a head, the field they give."""

    raw: str
    field: str
    head: bool


def blocks(before: Pieces, after: Pieces) -> Iterator[Block]:
    """Yield the blocks in which two files differ."""
    old, new = _spans(before), _spans(after)
    pairs = _in_order(old, new)
    was = {span.name: span for span in old}
    now = {span.name: span for span in new}
    stayed = {old[i].name for i, _ in pairs}
    places = {new[j].name: old[i].end for i, j in pairs}
    done = at = 0
    for span in old:
        if span.name in stayed:
            yield from _within(before, after, span, now[span.name])
            done = now[span.name].end
        elif span.name in now:
            there = now[span.name]
            yield Block(span.start, span.end, there.start, there.end, "from")
        else:
            yield Block(span.start, span.end, done, done)
    for span in new:
        if span.name in stayed:
            at = places[span.name]
        elif span.name in was:
            here = was[span.name]
            yield Block(here.start, here.end, span.start, span.end, "to", at)
        else:
            yield Block(at, at, span.start, span.end)


def _spans(found: Pieces) -> list[_Span]:
    spans: list[_Span] = []
    seen: Counter[str] = Counter()
    at = 0
    for section, members in groupby(found, key=lambda piece: piece.section):
        size = len(list(members))
        spans.append(_Span((section, seen[section]), at, at + size))
        seen[section] += 1
        at += size
    return spans


def _in_order(old: list[_Span], new: list[_Span]) -> list[tuple[int, int]]:
    """Return the pairs of sections that stand in the same order on both sides, most lines first."""
    where = {span.name: j for j, span in enumerate(new)}
    shared = [(i, where[span.name]) for i, span in enumerate(old) if span.name in where]
    best: list[tuple[int, tuple[tuple[int, int], ...]]] = []
    for index, (i, j) in enumerate(shared):
        earlier = [best[k] for k in range(index) if shared[k][1] < j]
        weight, chain = max(earlier, default=(0, ()))
        best.append((weight + old[i].end - old[i].start, (*chain, (i, j))))
    return list(max(best, default=(0, ()))[1])


def _within(before: Pieces, after: Pieces, old: _Span, new: _Span) -> Iterator[Block]:
    was = _lines(before[old.start : old.end])
    now = _lines(after[new.start : new.end])
    if was != now:
        for block in _compared(was, now):
            yield block.shifted(old.start, new.start)


def _lines(found: Pieces) -> tuple[_Line, ...]:
    return tuple(_Line(p.raw, p.field, p.section == HEAD) for p in found)


@lru_cache(maxsize=4_096)
def _compared(old: tuple[_Line, ...], new: tuple[_Line, ...]) -> tuple[Block, ...]:
    """Return the blocks of one section; the same lines always give the same blocks."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    found: list[Block] = []
    codes = matcher.get_opcodes()
    for n, (tag, i1, i2, j1, j2) in enumerate(codes):
        if tag == "equal":
            continue
        if tag == "replace":
            found += _paired(old, new, Block(i1, i2, j1, j2))
            continue
        room = codes[n - 1] if n else (tag, i1, i1, j1, j1)
        found += _by_field(old, new, _slid(old, new, Block(i1, i2, j1, j2), room[2] - room[1]))
    return tuple(found)


def _slid(old: tuple[_Line, ...], new: tuple[_Line, ...], block: Block, room: int) -> Block:
    """Return a block of lines that only went or only came, at the first of its possible places.

    `room` is how far up it may go. It begins with a line that is not blank, where it can.
    """
    lines, start, end = (
        (old, block.start, block.end)
        if block.end > block.start
        else (new, block.new_start, block.new_end)
    )
    up = 0
    while up < room and lines[start - up - 1] == lines[end - up - 1]:
        up += 1
    shift = -up
    while not lines[start + shift].raw.strip() and _can_fall(old, new, block, shift):
        shift += 1
    if not lines[start + shift].raw.strip():
        shift = -up
    return block.shifted(shift, shift)


def _can_fall(old: tuple[_Line, ...], new: tuple[_Line, ...], block: Block, shift: int) -> bool:
    """Tell whether a block may move down by one more line: the next one equals its first."""
    i, j = block.end + shift, block.new_end + shift
    if i >= len(old) or j >= len(new) or old[i] != new[j]:
        return False
    lines, start = (old, block.start) if block.end > block.start else (new, block.new_start)
    return lines[start + shift] == old[i]


def _paired(old: tuple[_Line, ...], new: tuple[_Line, ...], block: Block) -> Iterator[Block]:
    """Yield blocks of one old and one new line where one became the other, and what is between."""
    i, j = block.start, block.new_start
    pairs = _pairs(old[i : block.end], new[j : block.new_end])
    for a, b in (*pairs, (block.end - block.start, block.new_end - block.new_start)):
        gap = Block(i, block.start + a, j, block.new_start + b)
        if gap.end > gap.start or gap.new_end > gap.new_start:
            yield from _by_field(old, new, gap)
        i, j = gap.end + 1, gap.new_end + 1
        if gap.end < block.end and gap.new_end < block.new_end and old[gap.end] != new[gap.new_end]:
            yield Block(gap.end, i, gap.new_end, j)


def _by_field(old: tuple[_Line, ...], new: tuple[_Line, ...], block: Block) -> Iterator[Block]:
    """Yield a block of a head field by field; any other as it is."""
    came = block.start == block.end
    went = block.new_start == block.new_end
    lines = new[block.new_start : block.new_end] if came else old[block.start : block.end]
    if not (came or went) or not all(line.head for line in lines):
        yield block
        return
    at = 0
    for _, members in groupby(lines, key=lambda line: line.field):
        size = len(list(members))
        if came:
            yield Block(block.start, block.start, block.new_start + at, block.new_start + at + size)
        else:
            yield Block(block.start + at, block.start + at + size, block.new_start, block.new_end)
        at += size


def _pairs(old: tuple[_Line, ...], new: tuple[_Line, ...]) -> tuple[tuple[int, int], ...]:
    """Return which old lines became which new ones, in order, as alike as can be in all."""
    if len(old) * len(new) > PAIR_LIMIT:
        return ()
    best: list[list[tuple[float, tuple[tuple[int, int], ...]]]]
    best = [[(0.0, ())] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, was in enumerate(old):
        for j, now in enumerate(new):
            options = [best[i][j + 1], best[i + 1][j]]
            alike = _alike(was, now)
            if alike >= SIMILAR:
                score, chain = best[i][j]
                options.append((score + alike, (*chain, (i, j))))
            best[i + 1][j + 1] = max(options, key=lambda option: option[0])
    return best[-1][-1][1]


def _alike(old: _Line, new: _Line) -> float:
    if old == new:
        return 2.0
    if old.head and new.head and old.field:
        return 1.0 if old.field == new.field else 0.0
    return _ratio(old.raw, new.raw) if old.raw.strip() and new.raw.strip() else 0.0


@lru_cache(maxsize=65_536)
def _ratio(old: str, new: str) -> float:
    """Return how alike the words of two lines are in their order, or 0 where that is too little.

    Words in common in any order are an upper bound, and much faster to count.
    """
    was, now = _words(old), _words(new)
    if 2 * (was & now).total() < SIMILAR * (was.total() + now.total()):
        return 0.0
    return difflib.SequenceMatcher(None, old.split(), new.split(), autojunk=False).ratio()


@lru_cache(maxsize=16_384)
def _words(line: str) -> Counter[str]:
    return Counter(line.split())
