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

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice

from promptpack.model import Effect, Grant

STEP_LIMIT = 500_000
WITNESS_LIMIT = 10_000

Effects = tuple[Effect, ...]
_Positions = frozenset[int]


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
    patterns = _patterns(grants)
    filled = (p.replace("?", "x").replace("*", filler) for p in patterns for filler in ("", "x"))
    for text in islice(dict.fromkeys(filled), WITNESS_LIMIT // len(patterns)):
        matched = {p for p in patterns if matches(p, text)}
        yield tuple(_decided(grant, matched) for grant in grants)


def reachable(grants: tuple[Grant, ...]) -> Iterator[Effects]:
    """Yield every combination of effects that some text gives the grants, each at least once.

    Raises OverflowError past `STEP_LIMIT` steps, when not all have been seen.
    """
    start = _relevant(grants, {pattern: _start(pattern) for pattern in _patterns(grants)})
    seen, todo, steps = {frozenset(start.items())}, [start], 0
    while todo:
        state = todo.pop()
        steps += len(state)
        matched = {pattern for pattern, at in state.items() if _accepts(pattern, at)}
        yield tuple(_decided(grant, matched) for grant in grants)
        for symbol in _told_apart(state):
            steps += len(state)
            if steps > STEP_LIMIT:
                raise OverflowError
            after = _relevant(grants, {p: _step(p, at, symbol) for p, at in state.items()})
            if (key := frozenset(after.items())) not in seen:
                seen.add(key)
                todo.append(after)


def _patterns(grants: tuple[Grant, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.pattern for grant in grants for rule in grant))


def _decided(grant: Grant, matched: set[str]) -> Effect:
    return next((e for p, e in reversed(grant) if p in matched), Effect.DENY)


def _relevant(grants: Iterable[Grant], state: Mapping[str, _Positions]) -> dict[str, _Positions]:
    """Return the state of those patterns that may still match and decide about something.

    Before a rule that from here on matches whatever comes, the rules of its grant are idle.
    """
    needed: dict[str, _Positions] = {}
    for grant in grants:
        for pattern, _ in reversed(grant):
            at = state.get(pattern)
            if at:
                needed[pattern] = at
                if len(pattern) in at and pattern.endswith("*"):
                    break
    return needed


def _told_apart(state: Mapping[str, _Positions]) -> list[str]:
    """Return the characters that some pattern waits for, and "" for all the others."""
    return sorted({"", *(p[i] for p, at in state.items() for i in at if i < len(p))} - {"*", "?"})


@lru_cache(maxsize=4_096)
def _start(pattern: str) -> _Positions:
    return _closure(pattern, {0})


def _closure(pattern: str, at: set[int]) -> _Positions:
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
def _step(pattern: str, at: _Positions, symbol: str) -> _Positions:
    """Return the positions after one character more; `symbol` "" is any that no pattern names."""
    after = set()
    for position in at:
        wanted = pattern[position : position + 1]
        if wanted == "*":
            after.add(position)
        elif wanted == "?" or (symbol and wanted == symbol):
            after.add(position + 1)
    return _closure(pattern, after)


def _accepts(pattern: str, at: _Positions) -> bool:
    """Tell whether the pattern may end here."""
    return len(pattern) in at or (pattern.endswith(" *") and len(pattern) - 2 in at)
