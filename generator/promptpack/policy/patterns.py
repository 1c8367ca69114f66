"""Ordered pattern lists over all strings: grants in, every combination of their effects out.

A pattern matches a whole text: `*` is any run of characters, line ends and slashes too, `?` exactly
one, and a last ` *` is optional, so `ls *` matches `ls`. (Source: OpenCode 1.18.33, measured; it is
the meaning that promptpack gives to patterns everywhere.) Of the rules of a grant, the last that
matches decides.

A text is followed through a pattern by the positions that a match may have reached, so it takes as
many steps as the text has characters. Whether two grants differ somewhere is decided exactly: their
patterns run side by side as one automaton, and every reachable combination of matches is looked at.
Past `STEP_LIMIT` steps nothing is claimed.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from promptpack.model import Effect, Grant

STEP_LIMIT = 1_000_000
WITNESS_LIMIT = 10_000

Effects = tuple[Effect, ...]


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern matches the whole of a text.

    >>> matches("git *", "git"), matches("git *", "gitk")
    (True, False)
    """
    at = _start(pattern)
    for symbol in text:
        if not at:
            return False
        at = _step(pattern, at, symbol)
    return _accepts(pattern, at)


def decide(grant: Grant, text: str) -> Effect:
    """Return the effect of the last rule that matches a text."""
    return next((e for p, e in reversed(grant) if matches(p, text)), Effect.DENY)


def witnessed(grants: tuple[Grant, ...]) -> Iterator[Effects]:
    """Yield effects that the grants have for texts made from their patterns: some, not all."""
    patterns = dict.fromkeys(rule.pattern for grant in grants for rule in grant)
    filled = (p.replace("?", "x").replace("*", filler) for p in patterns for filler in ("", "x"))
    for text in islice(dict.fromkeys(filled), WITNESS_LIMIT // len(patterns)):
        yield tuple(decide(grant, text) for grant in grants)


def reachable(grants: tuple[Grant, ...]) -> Iterator[Effects]:
    """Yield every combination of effects that some text gives the grants, each at least once.

    Raises OverflowError past `STEP_LIMIT` steps, when not all have been seen.
    """
    start = tuple(_alive(_Way(p, e, _start(p)) for p, e in reversed(grant)) for grant in grants)
    seen, todo, steps = {start}, [start], 0
    while todo:
        state = todo.pop()
        yield tuple(_decided(ways) for ways in state)
        for symbol in _told_apart(state):
            steps += sum(len(at) for ways in state for _, _, at in ways)
            if steps > STEP_LIMIT:
                raise OverflowError
            after = tuple(
                _alive(_Way(p, e, _step(p, at, symbol)) for p, e, at in ways) for ways in state
            )
            if after not in seen:
                seen.add(after)
                todo.append(after)


class _Way(NamedTuple):
    """A rule on its way through a text, and where in its pattern it may be."""

    pattern: str
    effect: Effect
    at: frozenset[int]


_Ways = tuple[_Way, ...]


def _alive(ways: Iterable[_Way]) -> _Ways:
    """Return the rules that may still decide, the last first: none before one that always will."""
    kept = []
    for way in ways:
        if way.at:
            kept.append(way)
            if way.pattern.endswith("*") and len(way.pattern) in way.at:
                break
    return tuple(kept)


def _decided(ways: _Ways) -> Effect:
    return next((e for p, e, at in ways if _accepts(p, at)), Effect.DENY)


def _told_apart(state: Iterable[_Ways]) -> list[str]:
    """Return the characters that some pattern waits for, and "" for all the others."""
    waited = {p[i] for ways in state for p, _, at in ways for i in at if i < len(p)}
    return sorted({"", *waited} - {"*", "?"})


@lru_cache(maxsize=4_096)
def _start(pattern: str) -> frozenset[int]:
    return _closure(pattern, {0})


def _closure(pattern: str, at: set[int]) -> frozenset[int]:
    """Return the positions with those added that a `*` lets a match reach for nothing.

    From the last `*` reached, all that matches from before it matches too: the rest is left out.
    """
    reached = set(at)
    for position in at:
        here = position
        while here < len(pattern) and pattern[here] == "*":
            here += 1
            reached.add(here)
    last = max((i for i in reached if pattern[i : i + 1] == "*"), default=0)
    return frozenset(i for i in reached if i >= last)


@lru_cache(maxsize=65_536)
def _step(pattern: str, at: frozenset[int], symbol: str) -> frozenset[int]:
    """Return the positions after one character more; `symbol` "" is any that no pattern names."""
    after = set()
    for position in at:
        wanted = pattern[position : position + 1]
        if wanted == "*":
            after.add(position)
        elif wanted == "?" or (symbol and wanted == symbol):
            after.add(position + 1)
    return _closure(pattern, after)


def _accepts(pattern: str, at: frozenset[int]) -> bool:
    """Tell whether the pattern may end here."""
    return len(pattern) in at or (pattern.endswith(" *") and len(pattern) - 2 in at)
