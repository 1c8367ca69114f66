"""In: random rules and texts. Out: rules for OpenCode never grant more, and readings never less.

The oracle is regular expressions: by characters for a policy, by UTF-16 units for OpenCode.
"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpack.model import Agent, Effect, Grant, Model, PatternRule, Policy
from promptpack.targets import TARGETS
from promptpack.targets.opencode_patterns import read_rules, sort_keys, write_rules
from support import count_cases

EMOJI = "\N{GRINNING FACE}"
HOME = "/home/me"
STRENGTH = {Effect.DENY: 0, Effect.ASK: 1, Effect.ALLOW: 2}
PATTERN = st.text(f"a/?*{EMOJI}", min_size=1, max_size=5) | st.text("a?", min_size=1, max_size=4)
TEXT = st.text(f"a/\\b{EMOJI}", max_size=6)
firm = st.sampled_from([Effect.ALLOW, Effect.ASK, Effect.DENY])
relaxed = settings(deadline=None, max_examples=count_cases(400))


@st.composite
def grants(draw: st.DrawFn, patterns: st.SearchStrategy[str] = PATTERN) -> Grant:
    rules = st.builds(PatternRule, patterns, firm)
    return (PatternRule("*", draw(firm)), *draw(st.lists(rules, max_size=5)))


def split_units(text: str) -> str:
    """Return a text with a character for each of its UTF-16 units."""
    data = text.encode("utf-16-le")
    return "".join(chr(int.from_bytes(data[i : i + 2], "little")) for i in range(0, len(data), 2))


def match(pattern: str, text: str) -> bool:
    pattern, text = pattern.replace("\\", "/"), text.replace("\\", "/")
    start, optional = (pattern[:-2], "( .*)?") if pattern.endswith(" *") else (pattern, "")
    wanted = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in start)
    return re.fullmatch(wanted + optional, text, re.DOTALL) is not None


def decide_by_characters(grant: Grant, text: str) -> int:
    return STRENGTH[next(e for p, e in reversed(grant) if match(p, text))]


def decide_as_opencode(grant: Grant, text: str) -> int:
    rules = [(p.replace("$HOME", HOME) if p[:1] == "$" else p, e) for p, e in grant]
    rules = [(HOME + p[1:] if p[:2] in ("~", "~/") else p, e) for p, e in rules]
    units = split_units(text)
    return STRENGTH[next(e for p, e in reversed(rules) if match(split_units(p), units))]


@relaxed
@given(grants(), st.lists(TEXT, max_size=8))
def test_written_rules_never_grant_more(grant: Grant, texts: list[str]) -> None:
    written = write_rules(grant)
    for text in (*texts, *sample_texts(grant)):
        assert decide_as_opencode(written, text) <= decide_by_characters(grant, text), text


@relaxed
@given(grants(PATTERN | st.sampled_from(["~/a", "~", "$HOME/?", "$HOMEa", "a\\?"])), st.lists(TEXT))
def test_read_rules_never_grant_less(grant: Grant, texts: list[str]) -> None:
    read = read_rules(grant)
    for text in (*texts, HOME, f"{HOME}/a", f"{HOME}/{EMOJI}", f"{HOME}a", *sample_texts(grant)):
        assert decide_by_characters(read, text) >= decide_as_opencode(grant, text), text


@relaxed
@given(grants(), st.lists(TEXT, max_size=8))
def test_what_is_written_is_read_as_no_less_than_it_grants(grant: Grant, texts: list[str]) -> None:
    written = write_rules(grant)
    read = read_rules(written)
    for text in (*texts, *sample_texts(grant)):
        assert decide_as_opencode(written, text) <= decide_by_characters(read, text), text


def sample_texts(grant: Grant) -> set[str]:
    return {
        p.replace("?", one).replace("*", two)
        for p, _ in grant
        for one in ("a", EMOJI, "")
        for two in ("", "a", EMOJI)
    }


def test_the_oracle_tells_characters_from_units() -> None:
    """Rules that are taken over as they are would be caught."""
    naive = (PatternRule("*", Effect.ALLOW), PatternRule("a?", Effect.DENY))
    assert decide_as_opencode(naive, f"a{EMOJI}") > decide_by_characters(naive, f"a{EMOJI}")
    wide = (PatternRule("*", Effect.DENY), PatternRule("??", Effect.ALLOW))
    assert decide_as_opencode(wide, EMOJI) > decide_by_characters(wide, EMOJI)


@pytest.mark.parametrize(
    ("rules", "written"),
    [
        ("deny rm ?", "deny rm ?; deny rm ??"),
        ("deny a?b?", "deny a?b?; deny a?b??; deny a??b?; deny a??b??"),
        ("deny ?*", "deny ?*"),
        ("deny ?a?b?c?d?e?f", "deny ?*a?*b?*c?*d?*e?*f"),
        ("allow rm ?", "allow rm ?"),
        ("allow rm ??", ""),
        ("ask rm ?", "ask rm ?; ask rm ??"),
        ("deny a; ask a?", "deny a; deny a?; deny a??"),
    ],
)
def test_a_question_mark_is_written_for_units(rules: str, written: str) -> None:
    def parse(text: str) -> Grant:
        pairs = (part.split(" ", 1) for part in text.split("; ") if part)
        return tuple(PatternRule(pattern, Effect(effect)) for effect, pattern in pairs)

    everything = PatternRule("*", Effect.ALLOW)
    assert write_rules((everything, *parse(rules))) == (everything, *parse(written))


def test_variants_are_read_as_the_pattern_that_they_stand_for() -> None:
    grant = (PatternRule("*", Effect.ALLOW), PatternRule("a?b?", Effect.DENY))
    assert read_rules(write_rules(grant)) == grant


def test_whole_numbers_come_first_as_in_javascript() -> None:
    keys = ["a", "10", "01", "7", "4294967295", "4294967294", "-1", "\N{SUPERSCRIPT TWO}"]
    assert sort_keys(keys)[:3] == ["7", "10", "4294967294"]
    assert sort_keys(keys)[3:] == ["a", "01", "4294967295", "-1", "\N{SUPERSCRIPT TWO}"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("~/bin/*", "the pattern '~/bin/*' can't be written: OpenCode puts the home folder"),
        ("$HOME/x", "the pattern '$HOME/x' can't be written: OpenCode puts the home folder"),
        ("7", "the pattern '7' can't be written: OpenCode moves a whole number to the front"),
    ],
)
def test_patterns_that_opencode_takes_for_others_are_refused(pattern: str, message: str) -> None:
    rules = (PatternRule("*", Effect.ALLOW), PatternRule(pattern, Effect.DENY))
    policy = Policy(Effect.DENY, {"execute": rules})
    agent = Agent("a", "An agent.", "subagent", Model("m"), None, policy, "Say yes.\n")
    target = TARGETS["opencode"]
    assert any(one.message.startswith(message) for one in target.problems(target.encode(agent)))
