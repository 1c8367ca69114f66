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

from promptpack.model import Effect, Grant, Rule
from promptpack.patterns import decide, matches, reachable, witnessed
from promptpack.policy import Order, compare, effects, meet, plain, uniform
from support import limit_cpu

ALLOW, ASK, DENY = Effect.ALLOW, Effect.ASK, Effect.DENY
STRENGTH = {DENY: 0, ASK: 1, ALLOW: 2}
ALPHABET = "ab x"
TEXTS = ["".join(letters) for length in range(7) for letters in product(ALPHABET, repeat=length)]
"""Every text of up to six characters; `x` stands for all that no pattern names."""

relaxed = settings(deadline=None, max_examples=60)
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
    rules = st.builds(Rule, st.sampled_from(pool), firm)
    return tuple((Rule("*", draw(firm)), *draw(st.lists(rules, max_size=4))) for _ in range(count))


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
    assert matches(pattern, text) is expected


@settings(deadline=None, max_examples=400)
@given(st.text("ab *?", min_size=1, max_size=8), st.text("ab x\n", max_size=10))
def test_matches_as_a_regular_expression_does(pattern: str, text: str) -> None:
    assert matches(pattern, text) == (regex(pattern).fullmatch(text) is not None)


def test_a_pattern_cannot_take_long() -> None:
    with limit_cpu():
        assert not matches("*a" * 40 + "*b", "a" * 5_000)
        assert matches("*a" * 40 + "*", "a" * 5_000)


@relaxed
@given(small_grants(), st.text("ab x", max_size=6))
def test_the_last_match_decides(grants: tuple[Grant], text: str) -> None:
    assert decide(grants[0], text) is effect_of(grants[0], text)


@relaxed
@given(small_grants(2))
@example(((Rule("*", ASK), Rule("a *", ALLOW)), (Rule("*", ASK), Rule("a", ALLOW))))
@example(((Rule("*", ASK), Rule("*a*", DENY), Rule("?*", ALLOW)), (Rule("*", ASK),)))
@example(((Rule("*", ASK), Rule("a*", DENY), Rule("*a", ALLOW)), (Rule("*", DENY),)))
def test_reachable_is_exact(grants: tuple[Grant, ...]) -> None:
    found = set(reachable(grants))
    assert found == combinations(*grants)
    assert set(witnessed(grants)) <= found
    assert set(effects(grants[0])) == {first for first, _ in found}


@relaxed
@given(small_grants(2))
def test_compare_is_the_order_over_all_texts(grants: tuple[Grant, Grant]) -> None:
    a, b = grants
    found = combinations(a, b)
    wider = any(STRENGTH[x] > STRENGTH[y] for x, y in found)
    narrower = any(STRENGTH[x] < STRENGTH[y] for x, y in found)
    expected = Order.WIDER if wider else Order.NARROWER if narrower else Order.EQUAL
    assert compare(a, b) is expected
    assert compare(a, b).at_most is not wider


@relaxed
@given(small_grants(3))
def test_laws_of_the_order(grants: tuple[Grant, Grant, Grant]) -> None:
    a, b, c = grants
    assert compare(a, a) is Order.EQUAL
    assert compare(plain(DENY), a).at_most
    assert compare(a, plain(ALLOW)).at_most
    both = compare(a, b).at_most and compare(b, a).at_most
    assert both == (compare(a, b) is Order.EQUAL) == (compare(b, a) is Order.EQUAL)
    if compare(a, b).at_most and compare(b, c).at_most:
        assert compare(a, c).at_most


@relaxed
@given(small_grants(3))
@example(
    (
        (Rule("*", DENY), Rule("a", ASK)),
        (Rule("*", DENY), Rule("b", ASK)),
        (Rule("*", DENY), Rule("a", ALLOW)),
    )
)
def test_meet_allows_no_more_than_any(grants: tuple[Grant, ...]) -> None:
    found = meet(grants)
    assert all(compare(found, grant).at_most for grant in grants)
    assert compare(meet(reversed(grants)), found) is Order.EQUAL


@relaxed
@given(small_grants(), firm)
def test_meet_with_a_plain_grant_is_exact(grants: tuple[Grant], effect: Effect) -> None:
    found = meet([grants[0], plain(effect)])
    expected = {
        text: min(effect_of(grants[0], text), effect, key=STRENGTH.__getitem__)
        for text in TEXTS[::7]
    }
    assert {text: effect_of(found, text) for text in expected} == expected


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (plain(ASK), ASK),
        ((Rule("*", ASK), Rule("a*", ASK)), ASK),
        ((Rule("*", ASK), Rule("a*", ALLOW), Rule("*", DENY)), DENY),
        ((Rule("*", ASK), Rule("?*", ALLOW), Rule("*", ALLOW)), ALLOW),
        ((Rule("*", ASK), Rule("?*", ALLOW)), None),
        ((Rule("*", ASK), Rule("ab", ALLOW), Rule("a*", ASK)), ASK),
    ],
)
def test_uniform(grant: Grant, expected: Effect | None) -> None:
    assert uniform(grant) is expected


LONG: Grant = (
    Rule("*", ASK),
    *(Rule(f"vcs {word}", ALLOW) for word in ("state", "changes", "history", "blame")),
    *(Rule(f"vcs {word} *", ALLOW) for word in ("state", "changes", "history", "blame")),
    *(Rule(f"{tool} *", ALLOW) for tool in ("try", "types", "style", "list", "count")),
    *(Rule(f"build {what}", ALLOW) for what in ("all", "docs", "one ?")),
    *(Rule(f"*{character}*", ASK) for character in ";&|><$`(\n"),
    Rule("vcs *--write*", ASK),
    Rule("try* --*", ASK),
    *(Rule(f"vcs {word}*", DENY) for word in ("push", "reset --hard", "clean")),
    Rule("erase *", DENY),
    Rule("root *", DENY),
)
"""What a careful author might write: commands to the letter, guards against chaining, refusals."""


def changed(index: int) -> Grant:
    pattern, effect = LONG[index]
    return (
        *LONG[:index],
        Rule(pattern, DENY if effect is not DENY else ALLOW),
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
            order = compare(a, b)
        assert order is not Order.UNPROVEN
        seen = {(effect_of(a, text), effect_of(b, text)) for text in SAMPLES}
        assert not (order.at_most and any(STRENGTH[x] > STRENGTH[y] for x, y in seen))
        assert not (order is Order.EQUAL and any(x is not y for x, y in seen))


@pytest.mark.parametrize("effect", [DENY, ASK, ALLOW])
def test_a_long_list_against_a_plain_grant(effect: Effect) -> None:
    with limit_cpu():
        assert compare(LONG, LONG) is Order.EQUAL
        assert compare(LONG, (*LONG, Rule("root *", DENY))) is Order.EQUAL
        assert compare(LONG, plain(effect)).at_most == (effect is ALLOW)
        assert compare(plain(effect), LONG).at_most == (effect is DENY)
        assert effects(LONG) == {DENY, ASK, ALLOW}


@pytest.mark.parametrize("size", [100, 1_000, 5_000])
def test_however_long_a_list_is(size: int) -> None:
    grant = (Rule("*", ASK), *(Rule(f"run {n} {n % 7} *", ALLOW) for n in range(size)))
    wider = (*grant, Rule("run * x", ALLOW))
    with limit_cpu():
        assert not compare(wider, grant).at_most
        assert compare(plain(DENY), grant).at_most


@pytest.mark.parametrize(
    "patterns",
    [
        [f"*{'?' * n}a{'?' * (14 - n)}" for n in range(15)],
        ["*a" + "?" * n for n in range(30)],
        ["a*" * 20, "*b" * 20, "?" * 40],
    ],
)
def test_what_takes_too_long_is_not_proven(patterns: list[str]) -> None:
    grant = (Rule("*", ASK), *(Rule(pattern, ALLOW) for pattern in patterns))
    hidden = (Rule("z*y*", ALLOW), Rule("zy", ASK), Rule("zxyx", ASK))
    for wider in ((*grant, Rule("zz", ALLOW)), (*grant, *hidden)):
        with limit_cpu():
            assert not compare(wider, grant).at_most
