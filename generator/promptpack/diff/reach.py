"""Sets of outputs in words: which outputs of how many, "all claude" rather than a list."""

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

DIMENSIONS = ("target", "model", "policy", "pack")
FEW = 2
"""How many names a set may have before it is only counted."""

SOME = 4
"""The same, for a set of two kinds of words."""


class Universe(NamedTuple):
    """All outputs of both sides by the words about them."""

    keys: frozenset[str]
    by_word: Mapping[str, Mapping[str, frozenset[str]]]


def universe(dims: Mapping[str, Mapping[str, str]]) -> Universe:
    """Return the universe of outputs, given the words about each by its key."""
    by_word: dict[str, dict[str, frozenset[str]]] = {}
    for dimension in DIMENSIONS:
        words = {about.get(dimension, "") for about in dims.values()}
        by_word[dimension] = {
            word: frozenset(k for k, about in dims.items() if about.get(dimension, "") == word)
            for word in sorted(words)
        }
    return Universe(frozenset(dims), by_word)


def reach(keys: frozenset[str], among: Universe) -> str:
    """Return a set of outputs in words.

    >>> among = universe({"a": {"target": "codex"}, "b": {"target": "gemini"}})
    >>> reach(frozenset("a"), among), reach(frozenset("ab"), among)
    ('all codex (1)', '2/2 outputs')
    """
    if keys == among.keys:
        return f"{len(keys)}/{len(keys)} outputs"
    words = {d: _words(keys, among, d) for d in DIMENSIONS}
    for dimension in DIMENSIONS:
        if said := _one(keys, among, dimension, words[dimension]):
            return said
    for first, second in combinations(DIMENSIONS, 2):
        few = len(words[first]) <= SOME and len(words[second]) <= SOME
        if few and _union(among, first, words) & _union(among, second, words) == keys:
            start, end = ", ".join(words[first]), ", ".join(words[second])
            return f"all {start} of {second} {end} ({len(keys)})"
    return f"{len(keys)}/{len(among.keys)} outputs"


def _one(keys: frozenset[str], among: Universe, dimension: str, words: list[str]) -> str:
    if not all(words) or _union(among, dimension, {dimension: words}) != keys:
        return ""
    others = [word for word in among.by_word[dimension] if word not in words]
    if len(words) <= FEW:
        return f"all {', '.join(words)} ({len(keys)})"
    return f"all except {', '.join(others)} ({len(keys)})" if len(others) <= FEW else ""


def _words(keys: frozenset[str], among: Universe, dimension: str) -> list[str]:
    return [word for word, members in among.by_word[dimension].items() if members & keys]


def _union(among: Universe, dimension: str, words: Mapping[str, list[str]]) -> frozenset[str]:
    return frozenset[str]().union(*(among.by_word[dimension][w] for w in words[dimension]))
