"""Policies: what a capability may do, after the client's defaults, and in words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpack.model import CAPABILITIES, OTHER_MCP, PATTERNED, Effect, Grant, PatternRule, Policy
from promptpack.policy.lattice import (
    RANK,
    Order,
    compare_grants,
    describe_grant,
    grant_of,
    is_capability,
    is_patterned,
    list_compared,
    list_effects,
    resolve_inherited,
)
from promptpack.policy.prose import describe_policy

ALLOW, ASK, DENY, INHERIT = Effect.ALLOW, Effect.ASK, Effect.DENY, Effect.INHERIT
COMMANDS: Grant = (
    PatternRule("*", ASK),
    PatternRule("git diff*", ALLOW),
    PatternRule("rm *", DENY),
)

relaxed = settings(deadline=None)
any_effect = st.sampled_from(list(Effect))
names = st.sampled_from([*CAPABILITIES, "mcp:a", "mcp:a/b", "mcp:a/c", "mcp:d/e"])
any_grant = st.builds(
    lambda first, rest: (PatternRule("*", first), *rest),
    any_effect,
    st.lists(
        st.builds(
            PatternRule, st.sampled_from(["git *", "a?"]), st.sampled_from([ALLOW, ASK, DENY])
        ),
        max_size=2,
    ),
)
policies = st.builds(
    Policy, st.sampled_from([DENY, INHERIT]), st.dictionaries(names, any_grant, max_size=5)
)
clients = st.builds(
    Policy,
    st.sampled_from([DENY, ASK, ALLOW]),
    st.dictionaries(names, st.builds(grant_of, st.sampled_from([DENY, ASK, ALLOW])), max_size=5),
)


@pytest.mark.parametrize(
    "name", [*CAPABILITIES, "mcp:git", "mcp:Git-2", "mcp:a/b", "mcp:a/B_c-2", "mcp:a_b/c_d"]
)
def test_capability(name: str) -> None:
    assert is_capability(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Read",
        "reads",
        "read ",
        "bash",
        "*",
        "mcp",
        "mcp:",
        OTHER_MCP,
        "mcp:a/",
        "mcp:/b",
        "mcp:a/b/c",
        "mcp:a b",
        "mcp:_a",
        "mcp:-a",
        "mcp:a/*",
        "mcp:a\n",
        "mcp:é",
    ],
)
def test_no_capability(name: str) -> None:
    assert not is_capability(name)


def test_only_some_capabilities_take_patterns() -> None:
    assert {name for name in CAPABILITIES if is_patterned(name)} == PATTERNED
    assert not is_patterned("mcp:git")


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("read", ALLOW),
        ("edit", DENY),
        ("mcp:git", ASK),
        ("mcp:git/log", ASK),
        ("mcp:git/push", DENY),
        ("mcp:web", DENY),
        ("mcp:web/get", ALLOW),
        ("mcp:web/put", DENY),
        ("mcp:other/tool", DENY),
        (OTHER_MCP, DENY),
    ],
)
def test_grant_falls_back_from_tool_to_server_to_default(name: str, effect: Effect) -> None:
    policy = Policy(
        DENY,
        {
            "read": grant_of(ALLOW),
            "mcp:git": grant_of(ASK),
            "mcp:git/push": grant_of(DENY),
            "mcp:web/get": grant_of(ALLOW),
        },
    )
    assert policy.grant(name) == grant_of(effect)


@pytest.mark.parametrize(
    ("grant", "client", "expected"),
    [
        (grant_of(INHERIT), grant_of(ASK), grant_of(ASK)),
        (grant_of(INHERIT), COMMANDS, COMMANDS),
        (grant_of(DENY), grant_of(ALLOW), grant_of(DENY)),
        (COMMANDS, grant_of(ALLOW), COMMANDS),
        (
            (PatternRule("*", INHERIT), PatternRule("rm *", DENY)),
            grant_of(ALLOW),
            (PatternRule("*", ALLOW), PatternRule("rm *", DENY)),
        ),
        (
            (PatternRule("*", INHERIT), PatternRule("rm *", DENY)),
            COMMANDS,
            (*COMMANDS, PatternRule("rm *", DENY)),
        ),
    ],
)
def test_what_is_inherited_is_the_clients(grant: Grant, client: Grant, expected: Grant) -> None:
    found = resolve_inherited(Policy(DENY, {"execute": grant}), Policy(DENY, {"execute": client}))
    assert found.grant("execute") == expected


@relaxed
@given(policies, clients, names)
def test_resolved_is_the_policy_where_it_says_something_else_the_client(
    policy: Policy, client: Policy, name: str
) -> None:
    found = resolve_inherited(policy, client).grant(name)
    first, *rest = policy.grant(name)
    assert all(rule.effect is not INHERIT for rule in found)
    if first.effect is INHERIT:
        assert found == (*client.grant(name), *rest)
    else:
        assert found == (first, *rest)


@relaxed
@given(policies, policies)
def test_compared_names_are_those_that_could_differ(a: Policy, b: Policy) -> None:
    found = list_compared(a, b)
    assert len(found) == len(set(found))
    assert set(found) == {*CAPABILITIES, *a.grants, *b.grants, OTHER_MCP}
    assert found == list_compared(b, a)


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        (grant_of(ALLOW), "allow"),
        (grant_of(INHERIT), "inherit"),
        (COMMANDS, "ask; allow git diff*; deny rm *"),
    ],
)
def test_describe(grant: Grant, words: str) -> None:
    assert describe_grant(grant) == words


@pytest.mark.parametrize("a", [DENY, ASK, ALLOW])
@pytest.mark.parametrize("b", [DENY, ASK, ALLOW])
def test_deny_is_less_than_ask_is_less_than_allow(a: Effect, b: Effect) -> None:
    order = [DENY, ASK, ALLOW]
    expected = {-1: Order.NARROWER, 0: Order.EQUAL, 1: Order.WIDER}
    difference = order.index(a) - order.index(b)
    assert compare_grants(grant_of(a), grant_of(b)) is expected[(difference > 0) - (difference < 0)]
    assert (RANK[a] <= RANK[b]) == (difference <= 0)


def test_at_most_is_what_is_proven() -> None:
    assert {order for order in Order if order.at_most} == {Order.EQUAL, Order.NARROWER}


DOCS_ONLY = (PatternRule("*", DENY), PatternRule("docs/**", ALLOW))


@pytest.mark.parametrize("default", [DENY, Effect.INHERIT])
def test_what_changes_files_follows_edit_unless_it_is_named(default: Effect) -> None:
    policy = Policy(default, {"edit": DOCS_ONLY, "patch": grant_of(ASK)})
    assert policy.grant("write") == DOCS_ONLY
    assert policy.grant("patch") == grant_of(ASK)
    assert Policy(default, {"write": DOCS_ONLY}).grant("edit") == grant_of(default)


@pytest.mark.parametrize(
    ("grant", "lines"),
    [
        (DOCS_ONLY, ["- Edit only `docs/**`."]),
        ((*DOCS_ONLY, PatternRule("docs/x/**", DENY)), None),
        (
            (PatternRule("*", DENY), PatternRule("docs/**", ASK)),
            ["- Edit only after asking `docs/**`."],
        ),
        ((PatternRule("*", DENY), PatternRule("docs/**", DENY)), ["- Never edit files."]),
        ((PatternRule("*", ASK), PatternRule("docs/**", ALLOW)), None),
    ],
)
def test_a_partial_grant_in_words(grant: Grant, lines: list[str] | None) -> None:
    expected = (
        lines
        or {
            DENY: ["- Edit only `docs/**`.", "- Never edit `docs/x/**`."],
            ASK: ["- Ask before you edit files.", "- Edit freely: `docs/**`."],
        }[grant[0].effect]
    )
    described = describe_policy(Policy(DENY, {"edit": grant}))
    assert [line for line in described if "edit" in line.lower()] == expected


@given(grant=any_grant)
def test_a_policy_in_words_never_denies_what_it_grants_in_part(grant: Grant) -> None:
    lines = describe_policy(Policy(DENY, {"execute": grant}))
    denied = "- Never run commands." in lines
    assert denied == (list_effects(grant) == {DENY})
