"""Sets of outputs in words: which outputs of how many, "all claude" rather than a list."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

DIMENSIONS = ("target", "model", "policy", "pack", "language")
MAX_NAMES = 2
"""How many names a set may have before it is only counted."""

MAX_PAIRED_NAMES = 4
"""The same, for a set of two kinds of words."""


class Universe(NamedTuple):
    """All outputs of both sides by the words about them."""

    keys: frozenset[str]
    by_word: Mapping[str, Mapping[str, frozenset[str]]]


def make_universe(dims: Mapping[str, Mapping[str, str]]) -> Universe:
    """Return the universe of outputs, given the words about each by its key."""
    by_word: dict[str, dict[str, frozenset[str]]] = {}
    for dimension in DIMENSIONS:
        keys: dict[str, list[str]] = defaultdict(list)
        for key, output_dims in dims.items():
            keys[output_dims.get(dimension, "")].append(key)
        by_word[dimension] = {word: frozenset(keys[word]) for word in sorted(keys)}
    return Universe(frozenset(dims), by_word)


def describe_reach(keys: frozenset[str], all_outputs: Universe) -> str:
    """Return a set of outputs in words.

    >>> among = make_universe({"a": {"target": "codex"}, "b": {"target": "gemini"}})
    >>> describe_reach(frozenset("a"), among), describe_reach(frozenset("ab"), among)
    ('all codex (1)', '2/2 outputs')
    """
    if keys == all_outputs.keys:
        return f"{len(keys)}/{len(keys)} outputs"
    words = {d: _list_words(keys, all_outputs, d) for d in DIMENSIONS}
    for dimension in DIMENSIONS:
        if description := _describe_dimension(keys, all_outputs, dimension, words[dimension]):
            return description
    for first, second in combinations(DIMENSIONS, 2):
        is_short = len(words[first]) <= MAX_PAIRED_NAMES and len(words[second]) <= MAX_PAIRED_NAMES
        if (
            is_short
            and all((*words[first], *words[second]))
            and _unite_outputs(all_outputs, first, words)
            & _unite_outputs(all_outputs, second, words)
            == keys
        ):
            start, end = ", ".join(words[first]), ", ".join(words[second])
            return f"all {start} of {second} {end} ({len(keys)})"
    return f"{len(keys)}/{len(all_outputs.keys)} outputs"


def _describe_dimension(
    keys: frozenset[str], all_outputs: Universe, dimension: str, words: list[str]
) -> str:
    if not all(words) or _unite_outputs(all_outputs, dimension, {dimension: words}) != keys:
        return ""
    others = [word for word in all_outputs.by_word[dimension] if word not in words]
    if len(words) <= MAX_NAMES:
        return f"all {', '.join(words)} ({len(keys)})"
    return f"all except {', '.join(others)} ({len(keys)})" if len(others) <= MAX_NAMES else ""


def _list_words(keys: frozenset[str], all_outputs: Universe, dimension: str) -> list[str]:
    return [word for word, members in all_outputs.by_word[dimension].items() if members & keys]


def _unite_outputs(
    all_outputs: Universe, dimension: str, words: Mapping[str, list[str]]
) -> frozenset[str]:
    return frozenset[str]().union(*(all_outputs.by_word[dimension][w] for w in words[dimension]))
