"""In: OpenCode's `tools:` booleans, and the policy for those who come from them. Out: the same.

`plan-only-inherit` has to leave MCP servers, skills and other agents as the booleans left them.
`plan-only` has to take them away: that is how the comparison is seen to tell the two apart.
"""

from functools import cache
from pathlib import Path

import pytest

from clients import opencode
from clients.gate import need_clients
from clients.mcp_server import write_servers
from clients.observation import Files, Observation
from promptpack.model import Agent, Model
from promptpack.policy.patterns import matches_pattern
from promptpack.reading.project import load_project
from promptpack.targets import TARGETS

pytestmark = pytest.mark.clients

ROOT = Path(__file__).resolve().parents[2]
BOOLEANS = """\
---
description: Plans.
mode: primary
tools:
  write: false
  edit: false
  patch: false
  bash: true
  read: true
  grep: true
  glob: true
  list: true
  todowrite: true
  todoread: true
  webfetch: true
---

Plan.
"""
SERVERS = write_servers({"issues": ["find", "close"]})
MCP = {"issues_find", "issues_close"}
INHERITED = ("task", "skill", "question", "websearch", "issues_find", "issues_close")
SAME = (*INHERITED, "edit", "bash", "grep", "glob", "list", "todowrite", "webfetch")
TEXTS = ("*", "general", "review", "src/a.py", "git push", "https://a.example/b")
SKILL = b"---\nname: review\ndescription: Reviews a change.\n---\nReview.\n"


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def write_agent(name: str) -> str:
    """Return the file of an agent with a policy of the library."""
    policy = load_project(ROOT).policies[name]
    agent = Agent("planner", "Plans.", "primary", Model("m"), None, policy, "Plan.\n")
    return TARGETS["opencode"].encode(agent)


def files(text: str) -> Files:
    return {".opencode/agents/planner.md": text.encode(), ".opencode/skill/review/SKILL.md": SKILL}


@cache
def observe(text: str) -> Observation:
    return opencode.observe(files(text), "planner")


@cache
def offered(text: str) -> frozenset[str]:
    return opencode.observe_offered(files(text), "planner", SERVERS)


def decide(seen: Observation, key: str, text: str) -> str:
    """Return what OpenCode's ordered rules say: the last that matches decides."""
    assert seen.permissions is not None
    return [
        action
        for k, pattern, action in seen.permissions
        if matches_pattern(k, key) and matches_pattern(pattern, text)
    ][-1]


def test_what_the_policy_inherits_is_as_the_booleans_left_it() -> None:
    before, after = observe(BOOLEANS), observe(write_agent("plan-only-inherit"))
    for key in SAME:
        for text in TEXTS:
            assert decide(after, key, text) == decide(before, key, text), (key, text)
    assert decide(after, "edit", "src/a.py") == "deny"
    assert (after.tools, after.mode) == (before.tools, before.mode)


def test_servers_skills_and_agents_are_offered_as_before() -> None:
    before, after = offered(BOOLEANS), offered(write_agent("plan-only-inherit"))
    assert after == before
    assert after >= MCP | {"task", "skill", "bash"}
    assert not after & {"edit", "write", "patch", "apply_patch"}


def test_plan_only_takes_them_away() -> None:
    after = observe(write_agent("plan-only"))
    assert {decide(after, key, "*") for key in INHERITED} == {"deny"}
    assert not offered(write_agent("plan-only")) & (MCP | {"task", "skill"})


def test_only_the_policies_ask_before_env_files_are_read() -> None:
    told = {
        name: decide(observe(text), "read", ".env")
        for name, text in {
            "booleans": BOOLEANS,
            "plan-only": write_agent("plan-only"),
            "plan-only-inherit": write_agent("plan-only-inherit"),
        }.items()
    }
    assert told == {"booleans": "allow", "plan-only": "ask", "plan-only-inherit": "ask"}
