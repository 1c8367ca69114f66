"""Patterns and grants over all texts: what is decided exactly, brute force finds for short ones.

The oracle is written without the module under test: a regular expression for each pattern, every
text up to a length, and the order of effects spelled out.
"""

import re
from functools import cache
from itertools import product

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from promptpack.model import Effect, Grant, PatternRule
from promptpack.policy.lattice import (
    Order,
    compare_grants,
    find_single_effect,
    grant_of,
    intersect_grants,
    list_effects,
)
from promptpack.policy.patterns import (
    decide_effect,
    explore_effects,
    matches_pattern,
    sample_effects,
)
from support import count_cases, limit_cpu

ALLOW, ASK, DENY = Effect.ALLOW, Effect.ASK, Effect.DENY
STRENGTH = {DENY: 0, ASK: 1, ALLOW: 2}
ALPHABET = "ab x"
TEXTS = ["".join(letters) for length in range(7) for letters in product(ALPHABET, repeat=length)]
"""Every text of up to six characters; `x` stands for all that no pattern names."""

relaxed = settings(deadline=None, max_examples=count_cases(60))
firm = st.sampled_from([DENY, ASK, ALLOW])
small_pattern = st.text("ab *?", min_size=1, max_size=4)


@cache
def regex(pattern: str) -> re.Pattern[str]:
    start, optional = (pattern[:-2], "( .*)?") if pattern.endswith(" *") else (pattern, "")
    wanted = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in start)
    return re.compile(wanted + optional, re.DOTALL)


@cache
def matched(pattern: str) -> frozenset[str]:
    return frozenset(text for text in TEXTS if regex(pattern).fullmatch(text))


def effect_of(grant: Grant, text: str) -> Effect:
    return next((e for p, e in reversed(grant) if regex(p).fullmatch(text)), DENY)


def combinations(*grants: Grant) -> set[tuple[Effect, ...]]:
    def effect(grant: Grant, text: str) -> Effect:
        return next((e for p, e in reversed(grant) if text in matched(p)), DENY)

    return {tuple(effect(grant, text) for grant in grants) for text in TEXTS}


@st.composite
def small_grants(draw: st.DrawFn, count: int = 1) -> tuple[Grant, ...]:
    """Return grants of few patterns in all, so that a short text tells any two apart."""
    pool = draw(st.lists(small_pattern, min_size=1, max_size=4))
    assume(sum(len(pattern.replace("*", "")) for pattern in set(pool)) <= 5)
    rules = st.builds(PatternRule, st.sampled_from(pool), firm)
    return tuple(
        (PatternRule("*", draw(firm)), *draw(st.lists(rules, max_size=4))) for _ in range(count)
    )


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("git *", "git", True),
        ("git *", "git ", True),
        ("git *", "git log\n-1 a/b", True),
        ("git *", "gitk", False),
        ("git*", "gitk", True),
        ("git *x", "git ", False),
        ("*", "", True),
        ("?", "", False),
        ("?", "\n", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("*.env", ".env", True),
        ("*.env", "a/b.env", True),
        ("*.env", "b.env.x", False),
        (" *", "", True),
        (" *", "x", False),
        ("**", "x", True),
        ("A", "a", False),
        ("\U0001f600?", "\U0001f600\u00e9", True),
    ],
)
def test_matches(pattern: str, text: str, expected: bool) -> None:
    assert matches_pattern(pattern, text) is expected


@settings(deadline=None, max_examples=count_cases(400))
@given(st.text("ab *?", min_size=1, max_size=8), st.text("ab x\n", max_size=10))
def test_matches_as_a_regular_expression_does(pattern: str, text: str) -> None:
    assert matches_pattern(pattern, text) == (regex(pattern).fullmatch(text) is not None)


def test_a_pattern_cannot_take_long() -> None:
    with limit_cpu():
        assert not matches_pattern("*a" * 40 + "*b", "a" * 5_000)
        assert matches_pattern("*a" * 40 + "*", "a" * 5_000)


@relaxed
@given(small_grants(), st.text("ab x", max_size=6))
def test_the_last_match_decides(grants: tuple[Grant], text: str) -> None:
    assert decide_effect(grants[0], text) is effect_of(grants[0], text)


@relaxed
@given(small_grants(2))
@example(
    (
        (PatternRule("*", ASK), PatternRule("a *", ALLOW)),
        (PatternRule("*", ASK), PatternRule("a", ALLOW)),
    )
)
@example(
    (
        (PatternRule("*", ASK), PatternRule("*a*", DENY), PatternRule("?*", ALLOW)),
        (PatternRule("*", ASK),),
    )
)
@example(
    (
        (PatternRule("*", ASK), PatternRule("a*", DENY), PatternRule("*a", ALLOW)),
        (PatternRule("*", DENY),),
    )
)
def test_reachable_is_exact(grants: tuple[Grant, ...]) -> None:
    found = set(explore_effects(grants))
    assert found == combinations(*grants)
    assert set(sample_effects(grants)) <= found
    assert set(list_effects(grants[0])) == {first for first, _ in found}


@relaxed
@given(small_grants(2))
def test_compare_is_the_order_over_all_texts(grants: tuple[Grant, Grant]) -> None:
    a, b = grants
    found = combinations(a, b)
    wider = any(STRENGTH[x] > STRENGTH[y] for x, y in found)
    narrower = any(STRENGTH[x] < STRENGTH[y] for x, y in found)
    expected = Order.WIDER if wider else Order.NARROWER if narrower else Order.EQUAL
    assert compare_grants(a, b) is expected
    assert compare_grants(a, b).at_most is not wider


@relaxed
@given(small_grants(3))
def test_laws_of_the_order(grants: tuple[Grant, Grant, Grant]) -> None:
    a, b, c = grants
    assert compare_grants(a, a) is Order.EQUAL
    assert compare_grants(grant_of(DENY), a).at_most
    assert compare_grants(a, grant_of(ALLOW)).at_most
    both = compare_grants(a, b).at_most and compare_grants(b, a).at_most
    assert both == (compare_grants(a, b) is Order.EQUAL) == (compare_grants(b, a) is Order.EQUAL)
    if compare_grants(a, b).at_most and compare_grants(b, c).at_most:
        assert compare_grants(a, c).at_most


@relaxed
@given(small_grants(3))
@example(
    (
        (PatternRule("*", DENY), PatternRule("a", ASK)),
        (PatternRule("*", DENY), PatternRule("b", ASK)),
        (PatternRule("*", DENY), PatternRule("a", ALLOW)),
    )
)
def test_meet_allows_no_more_than_any(grants: tuple[Grant, ...]) -> None:
    found = intersect_grants(grants)
    assert all(compare_grants(found, grant).at_most for grant in grants)
    assert compare_grants(intersect_grants(reversed(grants)), found) is Order.EQUAL


@relaxed
@given(small_grants(), firm)
def test_meet_with_a_plain_grant_is_exact(grants: tuple[Grant], effect: Effect) -> None:
    found = intersect_grants([grants[0], grant_of(effect)])
    expected = {
        text: min(effect_of(grants[0], text), effect, key=STRENGTH.__getitem__)
        for text in TEXTS[::7]
    }
    assert {text: effect_of(found, text) for text in expected} == expected


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (grant_of(ASK), ASK),
        ((PatternRule("*", ASK), PatternRule("a*", ASK)), ASK),
        ((PatternRule("*", ASK), PatternRule("a*", ALLOW), PatternRule("*", DENY)), DENY),
        ((PatternRule("*", ASK), PatternRule("?*", ALLOW), PatternRule("*", ALLOW)), ALLOW),
        ((PatternRule("*", ASK), PatternRule("?*", ALLOW)), None),
        ((PatternRule("*", ASK), PatternRule("ab", ALLOW), PatternRule("a*", ASK)), ASK),
    ],
)
def test_uniform(grant: Grant, expected: Effect | None) -> None:
    assert find_single_effect(grant) is expected


LONG: Grant = (
    PatternRule("*", ASK),
    *(PatternRule(f"vcs {word}", ALLOW) for word in ("state", "changes", "history", "blame")),
    *(PatternRule(f"vcs {word} *", ALLOW) for word in ("state", "changes", "history", "blame")),
    *(PatternRule(f"{tool} *", ALLOW) for tool in ("try", "types", "style", "list", "count")),
    *(PatternRule(f"build {what}", ALLOW) for what in ("all", "docs", "one ?")),
    *(PatternRule(f"*{character}*", ASK) for character in ";&|><$`(\n"),
    PatternRule("vcs *--write*", ASK),
    PatternRule("try* --*", ASK),
    *(PatternRule(f"vcs {word}*", DENY) for word in ("push", "reset --hard", "clean")),
    PatternRule("erase *", DENY),
    PatternRule("root *", DENY),
)
"""What a careful author might write: commands to the letter, guards against chaining, refusals."""


def changed(index: int) -> Grant:
    pattern, effect = LONG[index]
    return (
        *LONG[:index],
        PatternRule(pattern, DENY if effect is not DENY else ALLOW),
        *LONG[index + 1 :],
    )


SAMPLES = [
    LONG[index].pattern.replace("*", filler).replace("?", "x")
    for index in range(len(LONG))
    for filler in ("", "x", " x", ";", "--write", "try --x", "vcs push", "erase x")
]


@pytest.mark.parametrize("index", range(len(LONG)))
def test_a_long_list_with_one_rule_changed(index: int) -> None:
    other = changed(index)
    for a, b in ((LONG, other), (other, LONG)):
        with limit_cpu():
            order = compare_grants(a, b)
        assert order is not Order.UNPROVEN
        seen = {(effect_of(a, text), effect_of(b, text)) for text in SAMPLES}
        assert not (order.at_most and any(STRENGTH[x] > STRENGTH[y] for x, y in seen))
        assert not (order is Order.EQUAL and any(x is not y for x, y in seen))


@pytest.mark.parametrize("effect", [DENY, ASK, ALLOW])
def test_a_long_list_against_a_plain_grant(effect: Effect) -> None:
    with limit_cpu():
        assert compare_grants(LONG, LONG) is Order.EQUAL
        assert compare_grants(LONG, (*LONG, PatternRule("root *", DENY))) is Order.EQUAL
        assert compare_grants(LONG, grant_of(effect)).at_most == (effect is ALLOW)
        assert compare_grants(grant_of(effect), LONG).at_most == (effect is DENY)
        assert list_effects(LONG) == {DENY, ASK, ALLOW}


@pytest.mark.parametrize("size", [100, 1_000, 5_000])
def test_however_long_a_list_is(size: int) -> None:
    grant = (
        PatternRule("*", ASK),
        *(PatternRule(f"run {n} {n % 7} *", ALLOW) for n in range(size)),
    )
    wider = (*grant, PatternRule("run * x", ALLOW))
    with limit_cpu():
        assert not compare_grants(wider, grant).at_most
        assert compare_grants(grant_of(DENY), grant).at_most


@pytest.mark.parametrize(
    "patterns",
    [
        [f"*{'?' * n}a{'?' * (14 - n)}" for n in range(15)],
        ["*a" + "?" * n for n in range(30)],
        ["a*" * 20, "*b" * 20, "?" * 40],
    ],
)
def test_what_takes_too_long_is_not_proven(patterns: list[str]) -> None:
    grant = (PatternRule("*", ASK), *(PatternRule(pattern, ALLOW) for pattern in patterns))
    hidden = (PatternRule("z*y*", ALLOW), PatternRule("zy", ASK), PatternRule("zxyx", ASK))
    for wider in ((*grant, PatternRule("zz", ALLOW)), (*grant, *hidden)):
        with limit_cpu():
            assert not compare_grants(wider, grant).at_most
