"""Which old line became which new one, and which words of it: lines in, pairs and words out.

`compare.js` does the same in a page.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from promptpack.source.likeness import measure_likeness

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_NAME = re.compile(r"\w+")
_MIN_LIKENESS = 0.5
_MAX_PAIRED = 2_500
"""Up to how many pairs of lines of one place are looked at."""

_MAX_WORDS = 600
"""Up to how many words of a pair are compared one by one."""


class LinePair(NamedTuple):
    """An old line and what became of it; None where there is none."""

    old: str | None
    new: str | None


class WordRun(NamedTuple):
    """Words that follow each other and are on both sides, or on one only."""

    text: str
    is_changed: bool


class MarkedPair(NamedTuple):
    """The words of an old line and of a new one."""

    old: list[WordRun]
    new: list[WordRun]


def pair_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[LinePair]:
    """Yield the lines of a place that changed, in order; those much alike are a pair."""
    if len(old) * len(new) > _MAX_PAIRED:
        yield from (LinePair(line, None) for line in old)
        yield from (LinePair(None, line) for line in new)
        return
    old_words, new_words = [*map(_count_words, old)], [*map(_count_words, new)]
    start = 0
    for line, words in zip(old, old_words, strict=True):
        likeness = [measure_likeness(words, others) for others in new_words[start:]]
        best = max(range(len(likeness)), key=likeness.__getitem__, default=None)
        if best is None or likeness[best] <= _MIN_LIKENESS:
            yield LinePair(line, None)
            continue
        yield from (LinePair(None, other) for other in new[start : start + best])
        yield LinePair(line, new[start + best])
        start += best + 1
    yield from (LinePair(None, line) for line in new[start:])


def mark_words(old: str, new: str) -> MarkedPair:
    """Return two lines with the words that only one of them has."""
    old_words, new_words = _WORD.findall(old), _WORD.findall(new)
    if len(old_words) + len(new_words) > _MAX_WORDS:
        return MarkedPair([WordRun(old, True)], [WordRun(new, True)])
    marked = MarkedPair([], [])
    matcher = SequenceMatcher(None, old_words, new_words, autojunk=False)
    for operation, start, end, new_start, new_end in matcher.get_opcodes():
        is_changed = operation != "equal"
        if end > start:
            marked.old.append(WordRun("".join(old_words[start:end]), is_changed))
        if new_end > new_start:
            marked.new.append(WordRun("".join(new_words[new_start:new_end]), is_changed))
    return marked


def _count_words(line: str) -> Counter[str]:
    return Counter(_NAME.findall(line))
