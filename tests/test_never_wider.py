"""The promise: whatever the policy, no target's file grants more without saying so.

The oracle here is brute force: effects are looked up text by text, with texts made from the
patterns, and the order of effects is written out again.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extra_cases import EXTRAS
from promptpack.model import (
    CAPABILITIES,
    EFFORTS,
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
from promptpack.targets.emit import encode_and_check
from promptpack.targets.extras import is_same_extra
from promptpack.targets.losses import LossFinder, find_client_default
from promptpack.targets.target import UNKNOWN_REASON
from support import count_cases

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

# What is drawn from again and again is made once: making it takes longer than drawing.
firm = st.sampled_from([Effect.ALLOW, Effect.ASK, Effect.DENY])
any_effect = st.sampled_from(list(Effect))
defaults = st.sampled_from([Effect.DENY, Effect.INHERIT])
modes: st.SearchStrategy[Mode] = st.sampled_from(["subagent", "primary", "all"])
stems = st.sampled_from(["asker", "b"])
efforts = st.sampled_from([None, *EFFORTS])
accepted_lists = st.frozensets(st.sampled_from(CAPABILITIES), max_size=2)
pattern_lists = st.lists(st.sampled_from(PATTERNS[:4] + PATTERNS[5:]), unique=True, max_size=4)
name_lists = st.lists(st.sampled_from(CAPABILITIES + SERVERS + tuple(COPILOT_NAMES)), unique=True)


@st.composite
def grants(draw: st.DrawFn, capability: str) -> Grant:
    first = PatternRule("*", draw(any_effect))
    if capability not in PATTERNED:
        return (first,)
    patterns = draw(pattern_lists)
    return (first, *(PatternRule(pattern, draw(firm)) for pattern in patterns))


grants_by_kind = {name in PATTERNED: grants(name) for name in CAPABILITIES}


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    named = draw(name_lists)
    default = draw(defaults)
    grants_by_name = {name: draw(grants_by_kind[name in PATTERNED]) for name in named}
    return Policy(default, grants_by_name, "random")


any_policy = policies()


@cache
def extras(target: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return some of the settings of their own that a target's files may have."""
    values = {key: st.sampled_from(sample.good) for key, sample in EXTRAS.get(target, {}).items()}
    if not values:
        return st.builds(dict)
    keys = st.lists(st.sampled_from(sorted(values)), unique=True)
    return st.composite(lambda draw: {key: draw(values[key]) for key in draw(keys)})()


def agents(target: Target) -> st.SearchStrategy[Agent]:
    """Return an agent as a pack could have it for a target."""
    return agents_by_name(target.name)


@cache
def agents_by_name(target: str) -> st.SearchStrategy[Agent]:
    return draw_agent(target, extras(target))


@st.composite
def draw_agent(draw: st.DrawFn, target: str, extra: st.SearchStrategy[dict[str, Any]]) -> Agent:
    policy = draw(any_policy)
    accepted = draw(accepted_lists)
    mode = draw(modes)
    ids = dict.fromkeys(TARGETS, "provider/model")
    model = Model("m", ids=ids)
    return Agent(
        name="asker",
        stem=draw(stems) if target != "skill" else "asker",
        description="An agent.",
        mode=mode,
        model=model,
        temperature=0.5,
        effort=draw(efforts),
        policy=policy,
        prompt="Say yes or no.\n",
        accepted=accepted,
        extra=draw(extra),
    )


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@settings(max_examples=count_cases(150), deadline=None)
@given(data=st.data())
def test_nothing_is_granted_beyond_the_policy_without_a_loss_that_says_so(
    target: Target, data: st.DataObject
) -> None:
    agent = data.draw(agents(target))
    text, losses, problems = encode_and_check(target, agent)
    assert problems == list(target.refuse(agent))
    if problems:
        return  # nothing is written; `test_mcp_names` says what has to be
    reported = {loss.subject: loss.kind for loss in losses if not loss.is_field and not loss.reader}
    wanted = resolve_inherited(agent.policy, find_client_default(target, agent.mode))
    decoded = read_in_mode(target, text, agent)
    for name in list_compared(agent.policy, decoded):
        pairs = compare_by_text(decoded.grant(name), wanted.grant(name))
        if any(got > want for got, want in pairs):
            assert reported.get(name) in ("widened", "advisory"), name
        elif any(got < want for got, want in pairs):
            assert reported.get(name) in ("narrowed", "dropped", "widened", "advisory"), name
        if name not in reported:
            assert all(got == want for got, want in pairs), name


READERS = [
    pytest.param(target, TARGETS[name], id=f"{name}-reads-{target.name}")
    for target in TARGETS.values()
    for name in target.read_by
    if target.name != "agents-md"  # instructions for all agents, which grant nothing
]


@pytest.mark.parametrize(("target", "reader"), READERS)
@settings(max_examples=count_cases(150), deadline=None)
@given(data=st.data())
def test_another_client_that_loads_the_file_grants_no_more_without_a_loss_that_names_it(
    target: Target, reader: Target, data: st.DataObject
) -> None:
    agent = data.draw(agents(target))
    finder = LossFinder(frozenset({reader.name}))
    text, losses, problems = encode_and_check(target, agent, finder)
    if problems:
        return
    reported = {loss.subject for loss in losses if loss.reader == reader.name}
    wanted = resolve_inherited(agent.policy, find_client_default(reader, agent.mode))
    decoded = read_in_mode(reader, text, agent)
    for name in list_compared(agent.policy, decoded):
        pairs = compare_by_text(decoded.grant(name), wanted.grant(name))
        if any(got > want for got, want in pairs):
            assert name in reported, name


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@settings(max_examples=count_cases(100), deadline=None)
@given(data=st.data())
def test_every_loss_that_is_reported_exists_and_has_a_reason(
    target: Target, data: st.DataObject
) -> None:
    agent = data.draw(agents(target))
    text, losses, problems = encode_and_check(target, agent)
    for loss in losses if not problems else ():
        client = TARGETS[loss.reader or target.name]
        assert loss.reason not in ("", UNKNOWN_REASON.format(client=client.title)), loss
        if loss.is_field:
            assert loss.wanted != loss.got
        else:
            wanted = resolve_inherited(agent.policy, find_client_default(client, agent.mode))
            decoded = read_in_mode(client, text, agent)
            order = compare_grants(decoded.grant(loss.subject), wanted.grant(loss.subject))
            assert order.name != "EQUAL", loss
            assert order.at_most == (loss.kind in ("narrowed", "dropped")), loss


@pytest.mark.parametrize(
    "target", [t for t in TARGETS.values() if not t.advisory], ids=lambda target: target.name
)
@settings(max_examples=count_cases(100), deadline=None)
@given(data=st.data())
def test_only_what_a_client_cannot_take_away_is_widened_unasked(
    target: Target, data: st.DataObject
) -> None:
    agent = data.draw(agents(target))
    unasked = replace(agent, accepted=frozenset())
    _, losses, problems = encode_and_check(target, unasked)
    if problems:
        return
    widened = {loss.subject for loss in losses if loss.kind == "widened" and not loss.reader}
    taken = [given for name, given in COPILOT_NAMES.items() if may_be_granted(agent.policy, name)]
    main_only = {"skill"} if agent.mode != "subagent" else set()
    beyond: dict[str, set[str]] = {
        "copilot": main_only.union(*taken),
        "cursor": {"execute", *set(CAPABILITIES) - {"edit", "write", "patch"}, OTHER_MCP},
    }
    beyond["copilot-prompt"] = {"skill"}.union(*taken)
    beyond["kiro"] = {"todo", "skill", "question"}
    beyond["junie"] = {"task", "skill"}
    beyond["roo"] = {"todo", "task", "skill", "question"}
    beyond["factory"] = {"todo", "skill", OTHER_MCP}
    if "memory" in agent.extra:
        beyond["claude-code"] = {"read", "edit", "write"}
    servers = {name for name in widened if name.startswith("mcp:")}
    has_servers = target.name in ("cursor", "factory")
    allowed = beyond.get(target.name, set()) | (servers if has_servers else set())
    assert widened <= allowed


def read_in_mode(client: Target, text: str, agent: Agent) -> Policy:
    """Return what a client grants by a text; Copilot gives skills to a main session only."""
    policy = client.decode(text, agent.stem).policy
    is_spawned = client.name == "copilot" and agent.mode == "subagent"
    if not is_spawned or policy.default is not Effect.DENY:
        return policy
    return replace(policy, grants={**policy.grants, "skill": (PatternRule("*", Effect.DENY),)})


def compare_by_text(got: Grant, want: Grant) -> list[tuple[int, int]]:
    """Return how much two grants give, for each of some texts."""
    return [
        (STRENGTH[decide_effect(got, text)], STRENGTH[decide_effect(want, text)]) for text in TEXTS
    ]


def may_be_granted(policy: Policy, name: str) -> bool:
    return any(rule.effect in (Effect.ALLOW, Effect.INHERIT) for rule in policy.grant(name))


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@settings(max_examples=count_cases(100), deadline=None)
@given(data=st.data())
def test_an_agent_is_read_back_but_for_the_losses(target: Target, data: st.DataObject) -> None:
    agent = data.draw(agents(target))
    text, losses, problems = encode_and_check(target, agent)
    decoded = target.decode(text, agent.stem)
    lost = {loss.subject for loss in losses if loss.is_field}
    assert problems == list(target.refuse(agent))
    for name in {"name", "description", "mode", "temperature", "effort"} - lost:
        assert getattr(decoded, name) == getattr(agent, name), name
    for name in lost - {"model"}:
        assert getattr(decoded, name) != getattr(agent, name), name
    assert decoded.prompt == agent.prompt
    for key in {*decoded.extra, *agent.extra}:
        values = decoded.extra.get(key), agent.extra.get(key)
        assert is_same_extra(target.extras, key, *values), key


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@settings(max_examples=count_cases(60), deadline=None)
@given(policy=any_policy)
def test_a_file_says_the_same_once_decoded_and_encoded_again(
    target: Target, policy: Policy
) -> None:
    agent = Agent("asker", "An agent.", "subagent", Model("m"), None, policy, "Say yes or no.\n")
    text = target.encode(agent)
    decoded = target.decode(text, "asker")
    again = target.decode(target.encode(replace(decoded, policy=agent.policy)), "asker")
    assert again.policy == decoded.policy
