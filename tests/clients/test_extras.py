"""In: agents with extra keys and efforts. Out: each client loads them and gives no more tools.

`memory` is the one key that gives tools, in Claude Code, and its check has to see that.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from clients import claude_code, codex, copilot, gemini, kilo, opencode, qwen, roo
from clients.gate import need_clients
from clients.observation import Files, Observation
from clients.replies import Call, Json
from extra_cases import EXTRAS, list_harmless
from promptpack.model import EFFORTS, Agent, Effect, Effort, Model, Policy
from promptpack.policy.lattice import grant_of
from promptpack.targets import TARGETS
from support import count_cases

pytestmark = pytest.mark.clients

POLICY = Policy(
    Effect.DENY, dict.fromkeys(("read", "grep", "glob", "execute"), grant_of(Effect.ALLOW))
)
ASK: dict[str, Callable[[Files, str], Observation]] = {
    "opencode": opencode.observe,
    "claude-code": claude_code.observe_subagent,
    "copilot": copilot.observe_subagent,
    "codex": codex.observe,
    "gemini": gemini.observe,
    "qwen": qwen.observe,
    "kilo": kilo.observe,
    "roo": roo.observe,
}
SPOILT: dict[str, dict[str, Any]] = {
    "opencode": {"steps": 0},
    "kilo": {"steps": 0},
    "codex": {"nickname_candidates": ["a", "a"]},
    "gemini": {"max_turns": 0},
    "roo": {"source": "user"},
    "copilot": {"user-invocable": 1},
}
"""A value of one key for which the client refuses the whole file.

Claude Code and Qwen Code have none.
"""

SKILL = b"---\nname: review\ndescription: Reviews.\nallowed-tools: Bash(touch *)\n---\nMARK.\n"
MODELS = {
    "opencode": "recorder/m",
    "kilo": "recorder/m",
    "claude-code": "claude-opus-5-5",
    "copilot": "gpt-5",
}
EFFORT_PATHS: dict[str, tuple[str, ...]] = {
    "opencode": ("reasoning_effort",),
    "claude-code": ("output_config", "effort"),
    "copilot": ("reasoning_effort",),
    "codex": ("reasoning", "effort"),
}
"""Where the request of each client says how much the model is to reason."""


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def make_files(target: str, agent: Agent) -> Files:
    """Return the file of an agent, and a skill that it may name."""
    path = TARGETS[target].path.format(name=agent.stem)
    text = TARGETS[target].encode(agent)
    return {path: text.encode(), ".claude/skills/review/SKILL.md": SKILL}


def make_agent(target: str, **values: Any) -> Agent:
    """Return an agent that may read and run commands."""
    model = Model("m", ids={target: MODELS[target]} if target in MODELS else {})
    plain = Agent("asker", "Asks.", "subagent", model, None, POLICY, "Ask them all.\n")
    return replace(plain, **values)


def observe(target: str, **values: Any) -> Observation:
    agent = make_agent(target, **values)
    return ASK[target](make_files(target, agent), agent.name)


@pytest.mark.parametrize("target", ASK)
def test_a_client_loads_all_harmless_keys_and_gives_the_same_tools(target: str) -> None:
    plain, more = observe(target), observe(target, extra=list_harmless(target))
    assert more.loaded, more.errors
    assert more.tools == plain.tools
    assert plain.tools
    assert more.permissions == plain.permissions
    assert more.prompt is not None
    assert more.prompt.startswith("Ask them all.")


@pytest.mark.parametrize("target", SPOILT)
def test_a_client_refuses_a_spoilt_key(target: str) -> None:
    (key,) = SPOILT[target]
    assert not TARGETS[target].extras[key].accepts(SPOILT[target][key])
    seen = observe(target, extra={**list_harmless(target), **SPOILT[target]})
    assert not seen.loaded


@pytest.mark.parametrize("memory", EXTRAS["claude-code"]["memory"].good)
def test_memory_gives_an_agent_of_claude_code_what_decode_says(memory: str) -> None:
    plain, more = observe("claude-code"), observe("claude-code", extra={"memory": memory})
    assert plain.tools is not None
    assert more.tools is not None
    assert more.tools - plain.tools == {"Edit", "Write"}
    text = TARGETS["claude-code"].encode(make_agent("claude-code", extra={"memory": memory}))
    decoded = TARGETS["claude-code"].decode(text, "asker").policy
    assert decoded.grant("edit") == decoded.grant("write") == grant_of(Effect.ALLOW)
    assert decoded.grant("web_fetch") == grant_of(Effect.DENY)


def find_value(body: Json, path: tuple[str, ...]) -> object:
    value: Any = body
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def record(target: str, **values: Any) -> Json:
    """Return the request that the agent makes to its model."""
    mode = "primary" if target == "opencode" else "subagent"
    agent = make_agent(target, mode=mode, **values)
    files = make_files(target, agent)
    recorders = {
        "opencode": opencode.record_agent,
        "claude-code": claude_code.record_subagent,
        "copilot": copilot.record_subagent,
        "codex": codex.record_agent,
    }
    body = recorders[target](files, agent.name)
    assert body is not None
    return body


@pytest.mark.parametrize("target", EFFORT_PATHS)
def test_an_effort_that_is_kept_is_in_the_request(target: str) -> None:
    path = EFFORT_PATHS[target]
    usual = find_value(record(target), path)
    kept = [effort for effort in EFFORTS if is_kept(target, effort)]
    lost = [effort for effort in EFFORTS if effort not in kept]
    asks_all = count_cases(2) > 1  # each takes seconds: the suite asks about the ends
    for effort in kept if asks_all else {kept[0], kept[-1]}:
        assert find_value(record(target, effort=effort), path) == effort
    for effort in lost if asks_all else lost[:1]:
        assert find_value(record(target, effort=effort), path) in (usual, None), effort


def is_kept(target: str, effort: Effort) -> bool:
    text = TARGETS[target].encode(make_agent(target, effort=effort))
    return TARGETS[target].decode(text, "asker").effort == effort


@pytest.mark.parametrize("target", ["opencode", "claude-code", "copilot", "codex", "qwen", "kilo"])
def test_an_agent_is_known_by_its_name_and_not_by_its_file(target: str) -> None:
    named = make_agent(target, name="Change-Reviewer", stem="asker")
    files = make_files(target, named)
    assert ASK[target](files, "Change-Reviewer").loaded
    assert not ASK[target](files, "asker").loaded


def test_a_mode_that_runs_tools_unasked_is_no_extra_key() -> None:
    assert "permissionMode" in TARGETS["claude-code"].refused_extras
    agent = make_agent("claude-code")
    path, text = next(iter(make_files("claude-code", agent).items()))
    call = Call("Bash", {"command": "touch made", "description": "d"})
    loose = text.replace(b"model:", b"permissionMode: acceptEdits\nmodel:", 1)
    assert "made" not in claude_code.use_tool({path: text}, "asker", call)
    assert "made" in claude_code.use_tool({path: loose}, "asker", call)
    skilled = make_agent("claude-code", extra={"skills": ["review"]})
    files = make_files("claude-code", skilled)
    assert "made" not in claude_code.use_tool(files, "asker", call)
    assert "MARK." in json.dumps(claude_code.record_subagent(files, "asker"))
