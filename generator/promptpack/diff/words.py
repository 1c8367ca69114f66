"""Two texts word by word: both in, the words that stayed, went and came out.

Sentences are compared first. Only those that are alike are compared by their words, so that two
unlike ones stand whole, one after the other.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

WORD_PATTERN = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
WORD_LIMIT = 3_000
"""How many words are compared one by one."""

PAIR_LIMIT = 400
"""How many pairs of sentences are looked at to find which became which."""

MIN_LIKENESS = 0.5
"""How much of the shorter of two sentences has to be in the other to be compared."""

_SENTENCE = re.compile(r".*?(?:[.!?][)\"'*_`]*[^\S\n]+|\n|$)", re.DOTALL)
_UNBROKEN = re.compile(r"\s*\S+\s*|\s+")
_NAME = re.compile(r"\w")

WordStatus = Literal["same", "gone", "come"]


class MarkedText(NamedTuple):
    """Some text of a change: on both sides, only on the old, or only on the new."""

    mark: WordStatus
    text: str


def wrap_line(line: list[MarkedText], width: int) -> list[list[MarkedText]]:
    """Return a line as lines of at most so many characters, broken between words where it can be.

    Marks of what went and came are not counted. An empty line is one line.
    """
    lines: list[list[MarkedText]] = [[]]
    room = width
    for mark, text in line:
        for word in _iter_unbroken(text, width):
            if len(word.rstrip()) > room and room < width:
                lines.append([])
                room = width
            room -= len(word)
            if lines[-1] and lines[-1][-1].mark == mark:
                lines[-1][-1] = MarkedText(mark, lines[-1][-1].text + word)
            else:
                lines[-1].append(MarkedText(mark, word))
    return lines


def _iter_unbroken(text: str, width: int) -> Iterator[str]:
    """Yield the words of a text, each with the blanks after it; a longer one in pieces."""
    for word in _UNBROKEN.findall(text):
        yield from (word[n : n + width] for n in range(0, len(word), width))


class _Words(NamedTuple):
    """Two sentences taken apart, and the runs of words that both have."""

    old: list[str]
    new: list[str]
    operations: list[tuple[str, int, int, int, int]]


def compare_words(old: str, new: str) -> Iterator[MarkedText]:
    """Yield the words of two texts in order, each with its mark, none of them empty.

    A line of which only a part changed has kept its end.
    """
    in_line = False
    for is_same, members in groupby(_compare_texts(old, new), lambda word: word.mark == "same"):
        words = list(members)
        if is_same:
            text = "".join(word.text for word in words)
            yield MarkedText("same", text)
            in_line = not text.endswith("\n")
            continue
        gone, come = (
            "".join(word.text for word in words if word.mark == mark) for mark in ("gone", "come")
        )
        keeps_end = in_line and gone.endswith("\n") and come.endswith("\n")
        cut = -1 if keeps_end else None
        yield from _mark_unlike(gone[:cut], come[:cut])
        if keeps_end:
            yield MarkedText("same", "\n")
        in_line = not (come or gone).endswith("\n")


def _compare_texts(old: str, new: str) -> Iterator[MarkedText]:
    """Yield the words of two texts, sentence by sentence."""
    if len(WORD_PATTERN.findall(old)) + len(WORD_PATTERN.findall(new)) > WORD_LIMIT:
        yield from _mark_unlike(old, new)
        return
    old_parts, new_parts = _split_sentences(old), _split_sentences(new)
    matcher = difflib.SequenceMatcher(None, old_parts, new_parts, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield MarkedText("same", "".join(old_parts[i1:i2]))
        else:
            yield from _compare_parts(old_parts[i1:i2], new_parts[j1:j2])


def _compare_parts(old: Sequence[str], new: Sequence[str]) -> Iterator[MarkedText]:
    """Yield the words of two runs of sentences, those compared that are alike."""
    i = j = 0
    for a, b in (*_match_parts(old, new), (len(old), len(new))):
        yield from _mark_unlike("".join(old[i:a]), "".join(new[j:b]))
        if a < len(old):
            yield from _mark_words(_compare(old[a], new[b]))
        i, j = a + 1, b + 1


def _match_parts(old: Sequence[str], new: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return which old sentences became which new ones, in order, as alike as can be."""
    if len(old) * len(new) > PAIR_LIMIT:
        return ()
    best: list[list[tuple[float, tuple[tuple[int, int], ...]]]]
    best = [[(0.0, ())] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, old_part in enumerate(old):
        for j, new_part in enumerate(new):
            options = [best[i][j + 1], best[i + 1][j]]
            likeness = _measure_likeness(_compare(old_part, new_part))
            if likeness >= MIN_LIKENESS:
                score, chain = best[i][j]
                options.append((score + likeness, (*chain, (i, j))))
            best[i + 1][j + 1] = max(options, key=lambda option: option[0])
    return best[-1][-1][1]


def _compare(old: str, new: str) -> _Words:
    old_words, new_words = WORD_PATTERN.findall(old), WORD_PATTERN.findall(new)
    matcher = difflib.SequenceMatcher(None, old_words, new_words, autojunk=False)
    return _Words(old_words, new_words, [*matcher.get_opcodes()])


def _measure_likeness(words: _Words) -> float:
    """Return which part of the shorter sentence is in the other; 0 where it is in many pieces."""
    counts = [
        sum(bool(_NAME.match(word)) for word in words.old[i1:i2])
        for tag, i1, i2, _, _ in words.operations
        if tag == "equal"
    ]
    runs = [count for count in counts if count]
    if not runs or len(runs) > 1 + sum(runs) / 2:
        return 0.0
    sizes = [sum(bool(_NAME.match(word)) for word in side) for side in (words.old, words.new)]
    return sum(runs) / min(sizes)


def _mark_words(words: _Words) -> Iterator[MarkedText]:
    for tag, i1, i2, j1, j2 in words.operations:
        old, new = "".join(words.old[i1:i2]), "".join(words.new[j1:j2])
        if tag == "equal":
            yield MarkedText("same", old)
        else:
            yield from _mark_unlike(old, new)


def _mark_unlike(old: str, new: str) -> Iterator[MarkedText]:
    if old:
        yield MarkedText("gone", old)
    if new:
        yield MarkedText("come", new)


def _split_sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE.findall(text) if part]
