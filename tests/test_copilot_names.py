"""In: names of Copilot's tools, as its agents list them. Out: the codec grants what they give.

What they give was measured: `clients.copilot_names`.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

import support
from clients.copilot_names import CAPABILITIES as TOOL_CAPABILITIES
from clients.copilot_names import CODEX_NAMES, IN_VS_CODE, NAMES, UNSEEN
from promptpack.model import CAPABILITIES, Agent, Effect, Grant, Loss, Model, Policy
from promptpack.policy.lattice import describe_grant, grant_of
from promptpack.targets.copilot import COPILOT
from promptpack.targets.emit import encode_and_check

ALLOW, ASK, DENY = (grant_of(effect) for effect in (Effect.ALLOW, Effect.ASK, Effect.DENY))


def read_granted(name: str) -> set[str]:
    """Return the capabilities that the codec reads in a file with this name only."""
    text = f"---\ndescription: Asks.\ntools: ['{name}']\n---\nAsk.\n"
    policy = COPILOT.decode(text, "asker").policy
    return {c for c in CAPABILITIES if describe_grant(policy.grant(c)) == "allow"}


def check(name: str, tools: str) -> None:
    given = {c for tool in tools.split() for c in TOOL_CAPABILITIES[tool]}
    elsewhere = {*UNSEEN.get(name, ()), *IN_VS_CODE.get(name, ())}
    assert read_granted(name) == given | {"skill"} | elsewhere


@pytest.mark.parametrize("name", NAMES)
def test_a_name_grants_what_the_client_gives(name: str) -> None:
    check(name, NAMES[name])


@pytest.mark.parametrize("name", CODEX_NAMES)
def test_a_name_grants_what_the_client_gives_with_another_model(name: str) -> None:
    check(name, CODEX_NAMES[name])


@pytest.mark.parametrize(
    ("name", "tools"), [("db/execute", ""), ("createFile", ""), ("fs/read_file", "view")]
)
def test_a_spoilt_row_is_caught(name: str, tools: str) -> None:
    with pytest.raises(AssertionError):
        check(name, tools)


def test_what_is_unseen_gives_nothing_where_it_was_measured() -> None:
    assert {NAMES[name] for name in UNSEEN} == {""}


@pytest.mark.parametrize(
    ("name", "mcp_names"),
    [
        ("db/execute", ["mcp:db/execute"]),
        ("db/*", ["mcp:db"]),
        ("search/usages", ["mcp:search/usages"]),
        ("edit/editFiles", []),
        ("search/textSearch", []),
        ("a/b/execute", []),
    ],
)
def test_a_name_with_a_slash_is_that_of_a_server_unless_it_is_of_a_tool_set(
    name: str, mcp_names: list[str]
) -> None:
    text = f"---\ntools: ['{name}']\n---\nAsk.\n"
    assert COPILOT.decode(text, "asker").policy.list_mcp_names() == mcp_names


def find_widened(grants: Mapping[str, Grant]) -> dict[str, Loss]:
    policy = Policy(Effect.DENY, {"skill": ALLOW, **grants})
    agent = Agent("a", "An agent.", "all", Model("m"), None, policy, "Ask.\n")
    losses = encode_and_check(COPILOT, agent)[1]
    return {loss.subject: loss for loss in losses if loss.kind == "widened"}


@pytest.mark.parametrize(
    ("grants", "widened"),
    [
        ({"mcp:db/execute": ALLOW}, {"execute"}),
        ({"mcp:db/execute": ALLOW, "execute": ASK}, {"execute"}),
        ({"mcp:db/execute": ALLOW, "execute": ALLOW}, set()),
        ({"mcp:db/execute": ASK}, set()),
        ({"mcp:db": ALLOW}, set()),
        ({"mcp:execute": ALLOW}, set()),
        ({"mcp:db": ALLOW, "mcp:db/execute": ALLOW}, set()),
        ({"mcp:db": ALLOW, "mcp:db/execute": ALLOW, "mcp:db/drop": DENY}, {"execute"}),
        ({"mcp:wiki/Edit": ALLOW}, {"edit", "write", "patch"}),
        ({"mcp:kb/search": ALLOW}, {"list", "glob", "grep"}),
        ({"mcp:jira/task": ALLOW}, {"task"}),
        ({"mcp:execute/runInTerminal": ALLOW}, {"execute"}),
        ({"mcp:fs/read_file": ALLOW}, set()),
        ({"mcp:git/push": ALLOW}, set()),
    ],
)
def test_an_mcp_tool_with_the_name_of_an_own_tool_is_a_widening(
    grants: Mapping[str, Grant],
    widened: set[str],
) -> None:
    losses = find_widened(grants)
    assert set(losses) == widened
    assert all("if the server is missing" in loss.reason for loss in losses.values())


def test_the_reason_names_the_tools_that_are_taken() -> None:
    grants = {"mcp:db/execute": ALLOW, "mcp:ci/Bash": ALLOW, "mcp:git/push": ALLOW}
    assert find_widened(grants)["execute"].reason == (
        "Copilot takes 'ci/Bash' and 'db/execute' for its own 'execute' tools"
        " if the server is missing or has no such tool"
    )


PACK = support.DEMO["packs/demo/pack.yaml"].replace("targets: [opencode]", "targets: [copilot]")
POLICY = """\
title: Demo
summary: Reads.
default: deny
capabilities: {read: allow, skill: allow, %s: allow}
"""
ACCEPT = "accept: [{target: copilot, capability: execute, reason: The server is always there.}]\n"


@pytest.mark.parametrize(
    ("name", "accept", "code"),
    [("mcp:db/execute", "", 3), ("mcp:db/execute", ACCEPT, 0), ("mcp:db", "", 0)],
)
def test_the_build_stops_unless_it_is_accepted(
    tmp_path: Path, name: str, accept: str, code: int
) -> None:
    files = {"packs/demo/pack.yaml": PACK + accept}
    files |= {path: POLICY % f'"{name}"' for path in support.DEMO if "/policies/" in path}
    result = support.call("build", cwd=support.make_project(tmp_path, files))
    assert result.code == code
    assert ("Copilot takes 'db/execute' for its own" in " ".join(result.err.split())) == (code == 3)


def test_what_is_always_given_has_its_own_reason() -> None:
    loss = find_widened({"skill": DENY, "mcp:db/skill": ALLOW})["skill"]
    assert loss.reason == "Copilot gives every main session its skills, whatever the agent lists"
