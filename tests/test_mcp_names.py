"""MCP servers and tools with odd names: whatever a policy says of them, no client gives more.

The oracle is `mcp_tools`, which knows what the clients call a tool; it knows none of our codecs.
"""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcp_tools import ASKED, ask
from promptpack.model import (
    OTHER_MCP,
    Agent,
    Effect,
    Model,
    Policy,
    make_mcp_name,
    split_mcp_name,
)
from promptpack.policy.lattice import grant_of
from promptpack.targets import TARGETS
from promptpack.targets.emit import encode_and_check
from support import count_cases

SERVERS = ("my", "my_server", "my_server_two", "my-server", "My", "a", "a_", "a__b", "plan")
TOOLS = ("x", "X", "server_x", "server_two_x", "two_x", "server-x", "b__x", "enter", "execute")
LEAST = {Effect.INHERIT: "deny", Effect.DENY: "deny", Effect.ASK: "ask", Effect.ALLOW: "allow"}
ORDER = ("deny", "ask", "allow")

names = st.builds(make_mcp_name, st.sampled_from(SERVERS), st.sampled_from(("", *TOOLS)))
effects = st.sampled_from(list(Effect))


def make_policy(default: Effect, effects_by_name: dict[str, Effect]) -> Policy:
    return Policy(default, {name: grant_of(effect) for name, effect in effects_by_name.items()})


policies = st.builds(
    make_policy,
    st.sampled_from([Effect.DENY, Effect.INHERIT]),
    st.dictionaries(names, effects, max_size=4),
)


def make_agent(policy: Policy) -> Agent:
    return Agent("asker", "An agent.", "all", Model("m"), None, policy, "Say yes or no.\n")


def list_tools(policy: Policy, server: str) -> list[str]:
    """Return the tools of a server that a policy names, and others.

    A name in other letters than a named one is left out: to Copilot both are one.
    """
    pairs = [split_mcp_name(name) for name in policy.list_mcp_names()]
    named = [tool for other, tool in pairs if other == server and tool]
    small = {tool.lower() for tool in named}
    return [*named, *(tool for tool in TOOLS if tool.lower() not in small)]


def list_given(target: str, policy: Policy) -> dict[str, tuple[str, str]]:
    """Return the tools of the servers that a policy names: what it wants, and what is given."""
    text = TARGETS[target].encode(make_agent(policy))
    servers = dict.fromkeys(split_mcp_name(name)[0] for name in policy.list_mcp_names())
    return {
        make_mcp_name(server, tool): (
            str(policy.grant(make_mcp_name(server, tool))[0].effect),
            ask(target, text, server, tool),
        )
        for server in servers
        for tool in list_tools(policy, server)
    }


def find_more(target: str, policy: Policy) -> list[str]:
    """Return the tools that a client gives more of than the policy says.

    What is inherited must be left as it is: allow, as the clients have it without a file.
    """
    return [
        name
        for name, (wanted, given) in list_given(target, policy).items()
        if wanted != "inherit" and ORDER.index(given) > ORDER.index(wanted)
    ]


@pytest.mark.parametrize("target", ASKED)
@settings(max_examples=count_cases(400), deadline=None)
@given(policy=policies)
@example(make_policy(Effect.DENY, {"mcp:my": Effect.ALLOW, "mcp:my_server": Effect.DENY}))
@example(make_policy(Effect.DENY, {"mcp:my/server_x": Effect.ALLOW, "mcp:my_server": Effect.ASK}))
@example(make_policy(Effect.DENY, {"mcp:my/server_x": Effect.ALLOW, "mcp:my_server/z": Effect.ASK}))
@example(make_policy(Effect.INHERIT, {"mcp:my": Effect.ASK, "mcp:my_server": Effect.ALLOW}))
@example(make_policy(Effect.DENY, {"mcp:a": Effect.ALLOW, "mcp:a__b": Effect.DENY}))
@example(make_policy(Effect.DENY, {"mcp:My": Effect.ALLOW, "mcp:my": Effect.DENY}))
@example(make_policy(Effect.DENY, {"mcp:a/my-server-x": Effect.ALLOW, "mcp:my-server": Effect.ASK}))
def test_no_tool_of_a_named_server_is_given_beyond_the_policy(target: str, policy: Policy) -> None:
    agent = make_agent(policy)
    if encode_and_check(TARGETS[target], agent)[2]:
        return
    assert find_more(target, policy) == []


@pytest.mark.parametrize("target", ASKED)
@settings(max_examples=count_cases(400), deadline=None)
@given(policy=policies)
def test_a_file_is_read_as_it_was_meant(target: str, policy: Policy) -> None:
    text, losses, problems = encode_and_check(TARGETS[target], make_agent(policy))
    if problems:
        return
    decoded = TARGETS[target].decode(text, "a").policy
    for name in policy.list_mcp_names():
        server, tool = split_mcp_name(name)
        given = ask(target, text, server, tool or "other")
        assert str(decoded.grant(name)[0].effect) == given, name
    widened = {loss.subject for loss in losses if loss.kind == "widened" and not loss.reader}
    assert not {name for name in widened if name.startswith("mcp:")}


REFUSED = {
    "opencode": [
        {"mcp:my": "deny", "mcp:my_server": "allow"},
        {"mcp:my": "ask", "mcp:my_server/x": "allow", "mcp:my_server": "deny"},
        {"mcp:my/server_x": "deny", "mcp:my_server": "deny"},
        {"mcp:my/server_x": "allow", "mcp:my_server/y": "allow"},
        {"mcp:my/x": "deny", "mcp:my_server": "allow"},
    ],
    "kilo": [
        {"mcp:notebook/execute": "allow"},
        {"mcp:my": "deny", "mcp:my_server": "allow"},
    ],
    "claude-code": [{"mcp:a__b": "allow"}, {"mcp:a_": "allow"}, {"mcp:a_/b": "deny"}],
    "copilot": [
        {"mcp:DB": "allow", "mcp:db": "deny"},
        {"mcp:db/q": "allow", "mcp:db/Q": "deny"},
        {"mcp:DB/q": "allow", "mcp:db": "deny"},
        {"mcp:a/my-server-x": "allow", "mcp:my-server": "deny"},
    ],
    "gemini": [
        {"mcp:my_server": "allow"},
        {"mcp:my_server/x": "allow"},
        {"mcp:my/server_x": "allow", "mcp:my_server": "deny"},
    ],
    "qwen": [
        {"mcp:a__b": "deny"},
        {"mcp:a_": "allow"},
        {"mcp:a/_b": "deny"},
        {"mcp:a/b__c": "ask"},
    ],
}
HELD = {
    "opencode": [
        {"mcp:my_server": "allow"},
        {"mcp:my_server/x_y": "ask"},
        {"mcp:my": "allow", "mcp:my_server": "ask", "mcp:my_server/x": "deny"},
        {"mcp:my": "ask", "mcp:my_server": "ask", "mcp:my-server": "allow"},
        {"mcp:my_server": "deny", "mcp:my_server/x": "allow"},
    ],
    "claude-code": [
        {"mcp:my_server": "allow", "mcp:my_server/x_y": "deny", "mcp:my": "deny"},
        {"mcp:my_server/x_y": "allow", "mcp:my": "deny", "mcp:a/b__c": "allow"},
    ],
    "copilot": [
        {"mcp:my_server": "allow", "mcp:my": "deny", "mcp:my-server": "deny"},
        {"mcp:my_server/x_y": "allow"},
    ],
    "gemini": [{"mcp:my_server": "deny", "mcp:my": "allow", "mcp:my-server/x_y": "allow"}],
    "qwen": [{"mcp:my_server/x_y": "allow", "mcp:my": "deny", "mcp:my-server/x": "deny"}],
}


def parse(policy: dict[str, str], default: Effect = Effect.DENY) -> Policy:
    return make_policy(default, {name: Effect(effect) for name, effect in policy.items()})


@pytest.mark.parametrize(("target", "policy"), [(t, p) for t in REFUSED for p in REFUSED[t]])
def test_names_that_a_client_takes_for_others_are_refused(
    target: str, policy: dict[str, str]
) -> None:
    problems = encode_and_check(TARGETS[target], make_agent(parse(policy)))[2]
    assert problems
    assert all("can't be written" in problem for problem in problems)


@pytest.mark.parametrize(("target", "policy"), [(t, p) for t in HELD for p in HELD[t]])
def test_names_with_an_underscore_are_held_where_the_client_can(
    target: str, policy: dict[str, str]
) -> None:
    agent = make_agent(parse(policy))
    _, losses, problems = encode_and_check(TARGETS[target], agent)
    assert problems == []
    own_losses = [loss for loss in losses if not loss.reader]
    lost = {loss.subject for loss in own_losses if loss.subject.startswith("mcp:")}
    assert lost == (set() if target == "opencode" else lost & {"mcp:my_server", OTHER_MCP})
    given = list_given(target, agent.policy).items()
    less = {name for name, (wanted, got) in given if wanted not in (got, "ask")}
    assert all(name.startswith("mcp:my/server_") and target == "opencode" for name in less)


def test_a_spoilt_file_gives_more_and_the_oracle_sees_it() -> None:
    policy = parse({"mcp:my": "allow", "mcp:my_server": "deny"})
    text = TARGETS["opencode"].encode(make_agent(policy))
    assert ask("opencode", text, "my_server", "x") == "deny"
    line = "  my_server_*: deny\n"
    assert text.count(line) == 1
    assert ask("opencode", text.replace(line, ""), "my_server", "x") == "allow"


def test_a_tool_alone_of_a_server_with_an_underscore_needs_the_server() -> None:
    policy = parse({"mcp:my_server/x": "deny"}, Effect.INHERIT)
    problems = encode_and_check(TARGETS["opencode"], make_agent(policy))[2]
    assert len(problems) == 1
    assert problems[0] == (
        "'mcp:my_server/x' can't be written alone: OpenCode joins server and tool with '_', so the"
        " policy has to say what holds for 'mcp:my_server' too"
    )
    whole = parse({"mcp:my_server/x": "deny", "mcp:my_server": "allow"}, Effect.INHERIT)
    _, losses, problems = encode_and_check(TARGETS["opencode"], make_agent(whole))
    assert (problems, [loss for loss in losses if not loss.is_field]) == ([], [])
