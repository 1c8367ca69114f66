r"""Ordered pattern lists over all strings: grants in, every combination of their effects out.

A pattern matches a whole text: `*` is any run of characters, line ends and slashes too, `?` exactly
one, and a last ` *` is optional, so `ls *` matches `ls`. A `\` in a text counts as `/`. (Source:
OpenCode 1.18.33, measured; it is the meaning that promptpack gives to patterns everywhere. OpenCode
counts UTF-16 units for `?`, which is its codec's affair.) Of the rules of a grant, the last that
matches decides.

A text is followed through a pattern by the positions that a match may have reached, so it takes as
many steps as the text has characters. Whether two grants differ somewhere is decided exactly: their
patterns run side by side as one automaton, and every reachable combination of matches is looked at.
Past `STEP_LIMIT` steps nothing is claimed.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from promptpack.model import Effect, Grant

STEP_LIMIT = 1_000_000
STEP_MEMORY = 65_536
WITNESS_LIMIT = 10_000

EffectCombination = tuple[Effect, ...]


def matches_pattern(pattern: str, text: str) -> bool:
    """Tell whether a pattern matches the whole of a text.

    >>> matches_pattern("git *", "git"), matches_pattern("git *", "gitk")
    (True, False)
    """
    return _matches(pattern, text.replace("\\", "/"), _step_over)


def decide_effect(grant: Grant, text: str) -> Effect:
    """Return the effect of the last rule that matches a text."""
    return _decide(grant, text.replace("\\", "/"), _step_over)


def sample_effects(grants: tuple[Grant, ...]) -> Iterator[EffectCombination]:
    """Yield effects that the grants have for texts made from their patterns: some, not all."""
    patterns = dict.fromkeys(rule.pattern for grant in grants for rule in grant)
    sample_texts = (
        p.replace("?", "x").replace("*", filler) for p in patterns for filler in ("", "x")
    )
    step_over = lru_cache(maxsize=STEP_MEMORY)(_step_over)
    for text in islice(dict.fromkeys(sample_texts), WITNESS_LIMIT // len(patterns)):
        yield tuple(_decide(grant, text, step_over) for grant in grants)


def explore_effects(grants: tuple[Grant, ...]) -> Iterator[EffectCombination]:
    """Yield every combination of effects that some text gives the grants, each at least once.

    Raises OverflowError past `STEP_LIMIT` steps, when not all have been seen.
    """
    start_state = tuple(
        _prune_partials(_PartialMatch(p, e, _find_start(p)) for p, e in reversed(grant))
        for grant in grants
    )
    step_over = lru_cache(maxsize=STEP_MEMORY)(_step_over)
    visited, pending, steps = {start_state}, [start_state], 0
    while pending:
        state = pending.pop()
        yield tuple(_decide_partials(partials) for partials in state)
        for symbol in _list_symbols(state):
            steps += sum(len(positions) for partials in state for _, _, positions in partials)
            if steps > STEP_LIMIT:
                raise OverflowError
            next_state = tuple(
                _prune_partials(
                    _PartialMatch(p, e, step_over(p, positions, symbol))
                    for p, e, positions in partials
                )
                for partials in state
            )
            if next_state not in visited:
                visited.add(next_state)
                pending.append(next_state)


_StepOver = Callable[[str, frozenset[int], str], frozenset[int]]
"""Returns the positions in a pattern after one character more; one call may keep what it gave."""


def _matches(pattern: str, text: str, step_over: _StepOver) -> bool:
    stem = pattern.removesuffix("*")
    if "*" not in stem and "?" not in stem:  # most patterns need no automaton
        if stem == pattern:
            return text == pattern
        return text.startswith(stem) or (stem.endswith(" ") and text == stem[:-1])
    positions = _find_start(pattern)
    for symbol in text:
        if not positions:
            return False
        positions = step_over(pattern, positions, symbol)
    return _can_end(pattern, positions)


def _decide(grant: Grant, text: str, step_over: _StepOver) -> Effect:
    return next((e for p, e in reversed(grant) if _matches(p, text, step_over)), Effect.DENY)


class _PartialMatch(NamedTuple):
    """A rule on its way through a text, and where in its pattern it may be."""

    pattern: str
    effect: Effect
    at: frozenset[int]


_PartialMatches = tuple[_PartialMatch, ...]


def _prune_partials(partials: Iterable[_PartialMatch]) -> _PartialMatches:
    """Return the rules that may still decide, the last first: none before one that always will."""
    live_partials = []
    for partial in partials:
        if partial.at:
            live_partials.append(partial)
            if partial.pattern.endswith("*") and len(partial.pattern) in partial.at:
                break
    return tuple(live_partials)


def _decide_partials(partials: _PartialMatches) -> Effect:
    return next((e for p, e, positions in partials if _can_end(p, positions)), Effect.DENY)


def _list_symbols(state: Iterable[_PartialMatches]) -> list[str]:
    """Return the characters that some pattern waits for, and "" for all the others."""
    expected_symbols = {
        p[position]
        for partials in state
        for p, _, positions in partials
        for position in positions
        if position < len(p)
    }
    return sorted({"", *expected_symbols} - {"*", "?"})


def _find_start(pattern: str) -> frozenset[int]:
    return _expand_stars(pattern, {0})


def _expand_stars(pattern: str, positions: set[int]) -> frozenset[int]:
    """Return the positions with those added that a `*` lets a match reach for nothing.

    From the last `*` reached, all that matches from before it matches too: the rest is left out.
    """
    closure = set(positions)
    for position in positions:
        index = position
        while index < len(pattern) and pattern[index] == "*":
            index += 1
            closure.add(index)
    last_star = max((i for i in closure if pattern[i : i + 1] == "*"), default=0)
    return frozenset(i for i in closure if i >= last_star)


def _step_over(pattern: str, positions: frozenset[int], symbol: str) -> frozenset[int]:
    """Return the positions after one character more; `symbol` "" is any that no pattern names."""
    next_positions = set()
    for position in positions:
        expected_symbol = pattern[position : position + 1]
        if expected_symbol == "*":
            next_positions.add(position)
        elif expected_symbol == "?" or (symbol and expected_symbol == symbol):
            next_positions.add(position + 1)
    return _expand_stars(pattern, next_positions)


def _can_end(pattern: str, positions: frozenset[int]) -> bool:
    """Tell whether the pattern may end here."""
    return len(pattern) in positions or (pattern.endswith(" *") and len(pattern) - 2 in positions)
