"""Which lines became which: two files as pieces in, blocks of old and new lines out.

Sections are matched by name first, so that one that moved is a move. Inside a section lines are
matched by the source line that they come from, where it is known, then by their text. Changed lines
are paired with what they were; where a line could stand in two places, the same one is chosen in
every file.
"""

import difflib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from promptpack.diff.model import AlignedBlock, Segment
from promptpack.diff.moves import split_moves
from promptpack.diff.segments import FRONT_MATTER
from promptpack.diff.source_lines import SourceLines
from promptpack.model import Origin

PAIR_LIMIT = 2_500
"""How many pairs of lines are looked at to find which became which."""

MIN_SIMILARITY = 0.5

Segments = Sequence[Segment]


class _SectionSpan(NamedTuple):
    """A section's pieces, from `start` to `end`, under a name that no other section has."""

    name: tuple[str, int]
    start: int
    end: int


class _AlignedLine(NamedTuple):
    """What tells lines apart: their bytes and, in front matter, the field they give.

    `source` is the name of the source line that it comes from, None where that does not matter.
    """

    raw: str
    field: str
    head: bool
    source: Origin | None = None


class Aligner:
    """Finds which lines became which in the files of one comparison, the same lines only once."""

    def __init__(self, source_lines: SourceLines | None = None) -> None:
        self.source_lines = source_lines or SourceLines()
        self._find_line_blocks = lru_cache(maxsize=4_096)(self._compare_lines)
        self._find_word_similarity = lru_cache(maxsize=65_536)(self._compare_words)
        self._count_words = lru_cache(maxsize=16_384)(_count_words)

    def find_blocks(self, before: Segments, after: Segments) -> Iterator[AlignedBlock]:
        """Yield the blocks in which two files differ, moves told apart."""
        yield from split_moves(before, after, self._align_sections(before, after))

    def _align_sections(self, before: Segments, after: Segments) -> Iterator[AlignedBlock]:
        """Yield the blocks in which two files differ, section by section."""
        old, new = _find_spans(before), _find_spans(after)
        pairs = _match_sections(old, new)
        old_by_name = {span.name: span for span in old}
        new_by_name = {span.name: span for span in new}
        stationary = {old[i].name for i, _ in pairs}
        positions = {new[j].name: old[i].end for i, j in pairs}
        new_position = old_position = 0
        for span in old:
            if span.name in stationary:
                yield from self._align_section(before, after, span, new_by_name[span.name])
                new_position = new_by_name[span.name].end
            elif span.name in new_by_name:
                new_span = new_by_name[span.name]
                yield AlignedBlock(span.start, span.end, new_span.start, new_span.end, "from")
            else:
                yield AlignedBlock(span.start, span.end, new_position, new_position)
        for span in new:
            if span.name in stationary:
                old_position = positions[span.name]
            elif span.name in old_by_name:
                old_span = old_by_name[span.name]
                yield AlignedBlock(
                    old_span.start, old_span.end, span.start, span.end, "to", old_position
                )
            else:
                yield AlignedBlock(old_position, old_position, span.start, span.end)

    def _align_section(
        self, before: Segments, after: Segments, old: _SectionSpan, new: _SectionSpan
    ) -> Iterator[AlignedBlock]:
        old_segments, new_segments = before[old.start : old.end], after[new.start : new.end]
        if self.source_lines.are_same(old_segments, new_segments):
            return
        old_lines = _make_lines(old_segments, self.source_lines.name_old)
        new_lines = _make_lines(new_segments, self.source_lines.name_new)
        if old_lines != new_lines:
            for block in self._find_line_blocks(old_lines, new_lines):
                yield block.shift(old.start, new.start)

    def _compare_lines(
        self, old: tuple[_AlignedLine, ...], new: tuple[_AlignedLine, ...]
    ) -> tuple[AlignedBlock, ...]:
        """Return the blocks of one section; the same lines always give the same blocks."""
        blocks: list[AlignedBlock] = []
        opcodes = [*_match_equal(old, new)]
        for n, (tag, i1, i2, j1, j2) in enumerate(opcodes):
            if tag == "equal":
                continue
            if tag == "replace":
                blocks += self._split_block(old, new, AlignedBlock(i1, i2, j1, j2))
                continue
            previous = opcodes[n - 1] if n else (tag, i1, i1, j1, j1)
            blocks += _split_by_field(
                old,
                new,
                _slide_block(old, new, AlignedBlock(i1, i2, j1, j2), previous[2] - previous[1]),
            )
        return tuple(blocks)

    def _split_block(
        self, old: tuple[_AlignedLine, ...], new: tuple[_AlignedLine, ...], block: AlignedBlock
    ) -> Iterator[AlignedBlock]:
        """Yield a block for each old line that became a new one, and for what is between."""
        i, j = block.start, block.new_start
        pairs = self._match_lines(old[i : block.end], new[j : block.new_end])
        for a, b in (*pairs, (block.end - block.start, block.new_end - block.new_start)):
            gap = AlignedBlock(i, block.start + a, j, block.new_start + b)
            if gap.end > gap.start or gap.new_end > gap.new_start:
                yield from _split_by_field(old, new, gap)
            i, j = gap.end + 1, gap.new_end + 1
            if (
                gap.end < block.end
                and gap.new_end < block.new_end
                and not _is_same_text(old[gap.end], new[gap.new_end])
            ):
                yield AlignedBlock(gap.end, i, gap.new_end, j)

    def _match_lines(
        self, old: tuple[_AlignedLine, ...], new: tuple[_AlignedLine, ...]
    ) -> tuple[tuple[int, int], ...]:
        """Return which old lines became which new ones, in order, as alike as can be."""
        if len(old) * len(new) > PAIR_LIMIT:
            return ()
        best: list[list[tuple[float, tuple[tuple[int, int], ...]]]]
        best = [[(0.0, ())] * (len(new) + 1) for _ in range(len(old) + 1)]
        for i, old_line in enumerate(old):
            for j, new_line in enumerate(new):
                options = [best[i][j + 1], best[i + 1][j]]
                similarity = self._measure_similarity(old_line, new_line)
                if similarity >= MIN_SIMILARITY:
                    score, chain = best[i][j]
                    options.append((score + similarity, (*chain, (i, j))))
                best[i + 1][j + 1] = max(options, key=lambda option: option[0])
        return best[-1][-1][1]

    def _measure_similarity(self, old: _AlignedLine, new: _AlignedLine) -> float:
        if _is_same_text(old, new):
            return 2.0
        if old.head and new.head and old.field:
            return 1.0 if old.field == new.field else 0.0
        if old.source is not None and old.source == new.source and old.source.line > 0:
            return 1.5
        return (
            self._find_word_similarity(old.raw, new.raw)
            if old.raw.strip() and new.raw.strip()
            else 0.0
        )

    def _compare_words(self, old: str, new: str) -> float:
        """Return how alike the words of two lines are in their order, or 0 where hardly at all.

        Words in common in any order are an upper bound, and much faster to count.
        """
        old_words, new_words = self._count_words(old), self._count_words(new)
        if 2 * (old_words & new_words).total() < MIN_SIMILARITY * (
            old_words.total() + new_words.total()
        ):
            return 0.0
        return difflib.SequenceMatcher(None, old.split(), new.split(), autojunk=False).ratio()


def _find_spans(segments: Segments) -> list[_SectionSpan]:
    spans: list[_SectionSpan] = []
    counts: Counter[str] = Counter()
    start = 0
    for section, members in groupby(segments, key=lambda piece: piece.section):
        size = len(list(members))
        spans.append(_SectionSpan((section, counts[section]), start, start + size))
        counts[section] += 1
        start += size
    return spans


def _match_sections(old: list[_SectionSpan], new: list[_SectionSpan]) -> list[tuple[int, int]]:
    """Return the pairs of sections that stand in the same order on both sides, most lines first."""
    positions = {span.name: j for j, span in enumerate(new)}
    shared = [(i, positions[span.name]) for i, span in enumerate(old) if span.name in positions]
    best: list[tuple[int, tuple[tuple[int, int], ...]]] = []
    for index, (i, j) in enumerate(shared):
        earlier = [best[k] for k in range(index) if shared[k][1] < j]
        weight, chain = max(earlier, default=(0, ()))
        best.append((weight + old[i].end - old[i].start, (*chain, (i, j))))
    return list(max(best, default=(0, ()))[1])


def _make_lines(
    segments: Segments, name_line: Callable[[Origin], Origin]
) -> tuple[_AlignedLine, ...]:
    return tuple(
        _AlignedLine(
            segment.raw,
            segment.field,
            segment.section == FRONT_MATTER,
            name_line(segment.origin) if segment.origin and segment.text.strip() else None,
        )
        for segment in segments
    )


def _is_same_text(old: _AlignedLine, new: _AlignedLine) -> bool:
    return old[:3] == new[:3]


def _match_equal(
    old: tuple[_AlignedLine, ...], new: tuple[_AlignedLine, ...]
) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield the operations of `difflib`: lines of one source are matched before other equal ones.

    Two operations that follow each other are never of one kind.
    """
    i = j = start = new_start = 0
    for a, b in (*_pair_equal(old, new), (len(old), len(new))):
        if a > i or b > j:
            if i > start:
                yield "equal", start, i, new_start, j
            yield "replace" if a > i and b > j else "delete" if a > i else "insert", i, a, j, b
            start, new_start = a, b
        i, j = a + 1, b + 1
    if start < len(old):
        yield "equal", start, len(old), new_start, len(new)


def _pair_equal(
    old: tuple[_AlignedLine, ...], new: tuple[_AlignedLine, ...]
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of lines with the same text, in order."""
    sourced = [[n for n, line in enumerate(lines) if line.source] for lines in (old, new)]
    anchors = [
        (sourced[0][a], sourced[1][b])
        for a, b in _pair_items([old[n] for n in sourced[0]], [new[n] for n in sourced[1]])
    ]
    i = j = 0
    for a, b in (*anchors, (len(old), len(new))):
        texts = [[line[:3] for line in lines] for lines in (old[i:a], new[j:b])]
        yield from ((i + x, j + y) for x, y in _pair_items(*texts))
        if a < len(old):
            yield a, b
        i, j = a + 1, b + 1


def _pair_items(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for block in matcher.get_matching_blocks():
        yield from ((block.a + n, block.b + n) for n in range(block.size))


def _slide_block(
    old: tuple[_AlignedLine, ...], new: tuple[_AlignedLine, ...], block: AlignedBlock, room: int
) -> AlignedBlock:
    """Return a block of lines that only went or only came, at the first of its possible places.

    `room` is how far up it may go. It begins with a line that is not blank, where it can.
    """
    lines, start, end = (
        (old, block.start, block.end)
        if block.end > block.start
        else (new, block.new_start, block.new_end)
    )
    distance = 0
    while distance < room and lines[start - distance - 1] == lines[end - distance - 1]:
        distance += 1
    shift = -distance
    while not lines[start + shift].raw.strip() and _can_move_down(old, new, block, shift):
        shift += 1
    if not lines[start + shift].raw.strip():
        shift = -distance
    return block.shift(shift, shift)


def _can_move_down(
    old: tuple[_AlignedLine, ...], new: tuple[_AlignedLine, ...], block: AlignedBlock, shift: int
) -> bool:
    """Tell whether a block may move down by one more line: the next one equals its first."""
    i, j = block.end + shift, block.new_end + shift
    if i >= len(old) or j >= len(new) or old[i] != new[j]:
        return False
    lines, start = (old, block.start) if block.end > block.start else (new, block.new_start)
    return lines[start + shift] == old[i]


def _split_by_field(
    old: tuple[_AlignedLine, ...], new: tuple[_AlignedLine, ...], block: AlignedBlock
) -> Iterator[AlignedBlock]:
    """Yield a block of front matter field by field, any other as it is."""
    is_added = block.start == block.end
    is_removed = block.new_start == block.new_end
    lines = new[block.new_start : block.new_end] if is_added else old[block.start : block.end]
    if not (is_added or is_removed) or not all(line.head for line in lines):
        yield block
        return
    offset = 0
    for _, members in groupby(lines, key=lambda line: line.field):
        size = len(list(members))
        if is_added:
            yield AlignedBlock(
                block.start, block.start, block.new_start + offset, block.new_start + offset + size
            )
        else:
            yield AlignedBlock(
                block.start + offset, block.start + offset + size, block.new_start, block.new_end
            )
        offset += size


def _count_words(line: str) -> Counter[str]:
    return Counter(line.split())
