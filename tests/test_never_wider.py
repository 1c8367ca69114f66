"""The promise: whatever the policy, no target's file grants more without saying so.

The oracle here is brute force: effects are looked up text by text, with texts made from the
patterns, and the order of effects is written out again.
"""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpack.model import (
    CAPABILITIES,
    OTHER_MCP,
    PATTERNED,
    Agent,
    Effect,
    Grant,
    Mode,
    Model,
    PatternRule,
    Policy,
)
from promptpack.policy.lattice import compare_grants, list_compared, resolve_inherited
from promptpack.policy.patterns import decide_effect
from promptpack.targets import TARGETS, Target
from promptpack.targets.emit import encode_and_check, find_client_default
from promptpack.targets.target import UNKNOWN_REASON

STRENGTH = {Effect.DENY: 0, Effect.ASK: 1, Effect.ALLOW: 2}
PATTERNS = ("git *", "git push*", "*.env", "docs/*", "*", "a?c", "rm *", "*;*", "x")
SERVERS = (
    *("mcp:git", "mcp:git/push", "mcp:git/log", "mcp:web-tools", "mcp:web-tools/get"),
    *("mcp:git_hub", "mcp:git_hub/get_all", "mcp:my_db", "mcp:my_db/drop_table"),
)
COPILOT_NAMES: Mapping[str, set[str]] = {
    "mcp:git/execute": {"execute"},
    "mcp:git/Write": {"edit", "write", "patch"},
    "mcp:web-tools/edit": {"edit", "write", "patch"},
    "mcp:web-tools/createFile": {"edit", "write", "patch"},
    "mcp:git/search": {"list", "glob", "grep"},
    "mcp:web-tools/textSearch": {"grep"},
    "mcp:git/task": {"task"},
    "mcp:git/read": {"read"},
    "mcp:web-tools/web_fetch": {"web_fetch"},
    "mcp:web-tools/todo": {"todo"},
    "mcp:search/textSearch": {"grep"},
    "mcp:execute/runInTerminal": {"execute"},
    "mcp:web/fetch": {"web_fetch"},
    "mcp:execute/run": set(),
}
"""MCP tools that Copilot takes for its own if the server is missing, and what those give."""
TEXTS = (
    "",
    "git",
    "git log",
    "git push",
    "a.env",
    "docs/a",
    "abc",
    "rm x",
    "a;b",
    "x",
    "zz",
    ".env.b",
)

firm = st.sampled_from([Effect.ALLOW, Effect.ASK, Effect.DENY])
any_effect = st.sampled_from(list(Effect))


@st.composite
def grants(draw: st.DrawFn, capability: str) -> Grant:
    first = PatternRule("*", draw(any_effect))
    if capability not in PATTERNED:
        return (first,)
    patterns = draw(st.lists(st.sampled_from(PATTERNS[:4] + PATTERNS[5:]), unique=True, max_size=4))
    return (first, *(PatternRule(pattern, draw(firm)) for pattern in patterns))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    names = CAPABILITIES + SERVERS + tuple(COPILOT_NAMES)
    named = draw(st.lists(st.sampled_from(names), unique=True))
    default = draw(st.sampled_from([Effect.DENY, Effect.INHERIT]))
    return Policy(default, {name: draw(grants(name)) for name in named}, "random")


@st.composite
def agents(draw: st.DrawFn) -> Agent:
    policy = draw(policies())
    accepted = draw(st.frozensets(st.sampled_from(CAPABILITIES), max_size=2))
    mode: Mode = draw(st.sampled_from(["subagent", "primary", "all"]))
    ids = dict.fromkeys(TARGETS, "provider/model")
    model = Model("m", ids=ids)
    return Agent("a", "An agent.", mode, model, 0.5, policy, "Say yes.\n", accepted)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@settings(max_examples=150, deadline=None)
@given(agent=agents())
def test_nothing_is_granted_beyond_the_policy_without_a_loss_that_says_so(
    target: Target, agent: Agent
) -> None:
    text, losses, problems = encode_and_check(target, agent)
    assert problems == list(target.refuse(agent))
    if problems:
        return  # nothing is written; `test_mcp_names` says what has to be
    reported = {loss.subject: loss.kind for loss in losses if not loss.is_field}
    wanted = resolve_inherited(agent.policy, find_client_default(target, agent.mode))
    decoded = target.decode(text, agent.name).policy
    for name in list_compared(agent.policy, decoded):
        pairs = [
            (
                STRENGTH[decide_effect(decoded.grant(name), t)],
                STRENGTH[decide_effect(wanted.grant(name), t)],
            )
            for t in TEXTS
        ]
        if any(got > want for got, want in pairs):
            assert reported.get(name) in ("widened", "advisory"), name
        elif any(got < want for got, want in pairs):
            assert reported.get(name) in ("narrowed", "dropped", "widened", "advisory"), name
        if name not in reported:
            assert all(got == want for got, want in pairs), name


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@settings(max_examples=100, deadline=None)
@given(agent=agents())
def test_every_loss_that_is_reported_exists_and_has_a_reason(target: Target, agent: Agent) -> None:
    text, losses, problems = encode_and_check(target, agent)
    if problems:
        return
    wanted = resolve_inherited(agent.policy, find_client_default(target, agent.mode))
    decoded = target.decode(text, agent.name)
    for loss in losses:
        assert loss.reason not in ("", UNKNOWN_REASON.format(client=target.title)), loss
        if loss.is_field:
            assert loss.wanted != loss.got
        else:
            order = compare_grants(decoded.policy.grant(loss.subject), wanted.grant(loss.subject))
            assert order.name != "EQUAL", loss
            assert order.at_most == (loss.kind in ("narrowed", "dropped")), loss


@pytest.mark.parametrize(
    "target", [t for t in TARGETS.values() if not t.advisory], ids=lambda target: target.name
)
@settings(max_examples=100, deadline=None)
@given(agent=agents())
def test_only_what_a_client_cannot_take_away_is_widened_unasked(
    target: Target, agent: Agent
) -> None:
    unasked = replace(agent, accepted=frozenset())
    _, losses, problems = encode_and_check(target, unasked)
    if problems:
        return
    widened = {loss.subject for loss in losses if loss.kind == "widened"}
    taken = [given for name, given in COPILOT_NAMES.items() if may_be_granted(agent.policy, name)]
    beyond: dict[str, set[str]] = {
        "copilot": {"skill"}.union(*taken),
        "cursor": {"execute", *set(CAPABILITIES) - {"edit", "write", "patch"}, OTHER_MCP},
    }
    servers = {name for name in widened if name.startswith("mcp:")}
    allowed = beyond.get(target.name, set()) | (servers if target.name == "cursor" else set())
    assert widened <= allowed


def may_be_granted(policy: Policy, name: str) -> bool:
    return any(rule.effect in (Effect.ALLOW, Effect.INHERIT) for rule in policy.grant(name))


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@settings(max_examples=60, deadline=None)
@given(policy=policies())
def test_a_file_says_the_same_once_decoded_and_encoded_again(
    target: Target, policy: Policy
) -> None:
    agent = Agent("a", "An agent.", "subagent", Model("m"), None, policy, "Say yes.\n")
    text = target.encode(agent)
    decoded = target.decode(text, "a")
    again = target.decode(target.encode(replace(decoded, policy=agent.policy)), "a")
    assert again.policy == decoded.policy
