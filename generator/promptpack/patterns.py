"""Ordered pattern lists over all strings: grants in, every combination of their effects out.

A pattern matches a whole text: `*` is any run of characters, line ends and slashes too, `?` exactly
one, and a last ` *` is optional, so `ls *` matches `ls`. (Source: OpenCode 1.18.33, measured; it is
the meaning that promptpack gives to patterns everywhere.) Of the rules of a grant, the last that
matches decides.

Whether two grants differ somewhere is decided exactly: their patterns run side by side as one
automaton, and every reachable combination of matches is looked at. Past `STATE_LIMIT` combinations
nothing is claimed.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from promptpack.model import Effect, Grant

STATE_LIMIT = 4_096

Effects = tuple[Effect, ...]


@lru_cache(maxsize=4_096)
def _expression(pattern: str) -> re.Pattern[str]:
    wanted = "".join({"*": ".*", "?": "."}.get(c) or re.escape(c) for c in pattern)
    if pattern.endswith(" *"):
        wanted = f"{wanted.removesuffix(re.escape(' ') + '.*')}( .*)?"
    return re.compile(wanted, re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern matches the whole of a text.

    >>> matches("git *", "git"), matches("git *", "gitk")
    (True, False)
    """
    return _expression(pattern).fullmatch(text) is not None


def decide(grant: Grant, text: str) -> Effect:
    """Return the effect of the last rule that matches a text."""
    return next((e for p, e in reversed(grant) if matches(p, text)), Effect.DENY)


def witnessed(grants: tuple[Grant, ...]) -> Iterator[Effects]:
    """Yield effects that the grants have for texts made from their patterns: some, not all."""
    patterns = _patterns(grants)
    fillers = ["", "x", *(p.replace("*", "").replace("?", "x") for p in patterns)]
    for text in dict.fromkeys(
        p.replace("?", "x").replace("*", filler) for p in patterns for filler in fillers
    ):
        yield tuple(decide(grant, text) for grant in grants)


def reachable(grants: tuple[Grant, ...]) -> Iterator[Effects]:
    """Yield every combination of effects that some text gives the grants, each at least once.

    Raises OverflowError past `STATE_LIMIT` states, when not all have been seen.
    """
    patterns = _patterns(grants)
    symbols = (*sorted({c for p in patterns for c in p} - {"*", "?"}), "")
    start = tuple(_closure(pattern, frozenset({0})) for pattern in patterns)
    seen, todo = {start}, [start]
    while todo:
        state = todo.pop()
        matched = {p for p, at in zip(patterns, state, strict=True) if _accepts(p, at)}
        yield tuple(_decided(grant, matched) for grant in grants)
        for symbol in symbols:
            after = tuple(_step(p, at, symbol) for p, at in zip(patterns, state, strict=True))
            if after not in seen:
                seen.add(after)
                todo.append(after)
        if len(seen) > STATE_LIMIT:
            raise OverflowError


def _patterns(grants: tuple[Grant, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.pattern for grant in grants for rule in grant))


def _decided(grant: Grant, matched: set[str]) -> Effect:
    return next((e for p, e in reversed(grant) if p in matched), Effect.DENY)


def _closure(pattern: str, at: frozenset[int]) -> frozenset[int]:
    """Return the positions with those added that a `*` lets a match reach for nothing."""
    reached = set(at)
    for position in at:
        here = position
        while here < len(pattern) and pattern[here] == "*":
            here += 1
            reached.add(here)
    return frozenset(reached)


@lru_cache(maxsize=65_536)
def _step(pattern: str, at: frozenset[int], symbol: str) -> frozenset[int]:
    """Return the positions after one character more; `symbol` "" is any that no pattern names."""
    after = set()
    for position in at:
        wanted = pattern[position] if position < len(pattern) else None
        if wanted == "*":
            after.add(position)
        elif wanted == "?" or (symbol and wanted == symbol):
            after.add(position + 1)
    return _closure(pattern, frozenset(after))


def _accepts(pattern: str, at: frozenset[int]) -> bool:
    """Tell whether the pattern may end here."""
    return len(pattern) in at or (pattern.endswith(" *") and len(pattern) - 2 in at)
