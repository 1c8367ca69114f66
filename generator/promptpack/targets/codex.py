"""OpenAI Codex: `.codex/agents/<name>.toml`. Enforces the shell switch, and nothing else.

Measured on @openai/codex 0.169.0: a spawned agent has its parent's sandbox whatever `sandbox_mode`
says, and `web_search` is ignored; `features.shell_tool = false` does take the shell away, and with
it all reading. An unknown key or a missing field drops the file. What can't be held is told in the
prompt.
"""

import json
from collections.abc import Mapping
from typing import Any

from promptpack.model import FILE_CHANGES, Agent, Capability, Effect, Grant, Policy
from promptpack.targets.codec import as_text, grants_fully, make_agent, make_switch_grant, read_toml
from promptpack.targets.target import Reasons, Target

NAME = "codex"

THROUGH_SHELL: tuple[Capability, ...] = ("read", "list", "glob", "grep", "execute")
"""What goes with the shell."""

UNSWITCHED: tuple[Capability, ...] = (*FILE_CHANGES, "web_search", "todo", "task", "skill")
"""What no file takes from a spawned agent."""

ABSENT: frozenset[Capability] = frozenset({"web_fetch", "question"})
_KEYS: Mapping[str, type] = {
    "name": str,
    "description": str,
    "model": str,
    "sandbox_mode": str,
    "developer_instructions": str,
    "features": dict,
}


def encode(agent: Agent) -> str:
    """Return the TOML file; the prompt is a literal block unless it holds the block's own end."""
    lines = [
        f"name = {_quote_string(agent.name)}",
        f"description = {_quote_string(agent.description)}",
    ]
    if model := agent.model.ids.get(NAME):
        lines.append(f"model = {_quote_string(model)}")
    if not any(grants_fully(agent, c) for c in FILE_CHANGES):
        lines.append('sandbox_mode = "read-only"')
    lines.append(f"developer_instructions = {_quote_block(agent.prompt)}")
    if not (grants_fully(agent, "execute") or "execute" in agent.accepted):
        lines += ["", "[features]", "shell_tool = false"]
    return "\n".join(lines) + "\n"


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Codex makes of a file: without its shell it can't read either."""
    try:
        keys = read_toml(text)
    except ValueError:
        keys = {}
    return make_agent(
        NAME,
        keys,
        stem,
        as_text(keys.get("developer_instructions")).removesuffix("\n"),
        _make_effective_policy(keys),
    )


def find_problems(text: str) -> list[str]:
    """Return why Codex would drop a file."""
    try:
        keys = read_toml(text)
    except ValueError as error:
        return [f"not valid TOML: {error}"]
    messages = [f"unknown key '{key}'" for key in keys if key not in _KEYS]
    messages += [
        f"'{key}' can't be {keys[key]!r}"
        for key, expected_type in _KEYS.items()
        if key in keys and not isinstance(keys[key], expected_type)
    ]
    required_keys = ("name", "description", "developer_instructions")
    return [
        *messages,
        *(
            f"'{required_key}' is missing"
            for required_key in required_keys
            if not as_text(keys.get(required_key)).strip()
        ),
    ]


def _make_effective_policy(keys: Mapping[str, Any]) -> Policy:
    features = keys.get("features")
    has_shell = not (isinstance(features, dict) and features.get("shell_tool") is False)
    grants: dict[str, Grant] = {
        **{c: make_switch_grant(True) for c in UNSWITCHED},
        **{c: make_switch_grant(has_shell) for c in THROUGH_SHELL},
        **{c: make_switch_grant(False) for c in ABSENT},
    }
    return Policy(Effect.ALLOW, grants)


def _quote_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _quote_block(prompt: str) -> str:
    if "'''" not in prompt:
        return f"'''\n{prompt}'''"
    escaped_prompt = prompt.replace("\\", "\\\\").replace('"""', '""\\"')
    return f'"""\n{escaped_prompt}"""'


CODEX = Target(
    name=NAME,
    title="OpenAI Codex",
    path=".codex/agents/{name}.toml",
    encode=encode,
    decode=decode,
    problems=find_problems,
    verified="the request of a spawned agent (prompt, model, shell); codex 0.169.0",
    provides=frozenset((*THROUGH_SHELL, *UNSWITCHED)),
    absent=ABSENT,
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"features"}),
    harmless_keys=frozenset({"developer_instructions"}),
    read_by=("cursor",),
    own_agents=frozenset({"default", "explorer", "worker"}),
    reasons=Reasons(
        losses={
            **{
                (c, "narrowed"): "Codex reads files through its shell; without it, it can't"
                for c in THROUGH_SHELL
            },
            (
                "execute",
                "narrowed",
            ): "Codex can only turn the shell on or off, without asking or patterns",
        },
        capabilities={
            "web_fetch": "Codex has no tool to fetch web pages",
            "question": "Codex gives a spawned agent no tool to ask questions",
            "execute": "the shell stays on; a spawned agent runs in its parent's sandbox",
        },
        kinds={"advisory": "Codex can't enforce this for a single agent; the prompt states it"},
        fields={"mode": "Codex runs every agent file as a subagent"},
        any_field="Codex has no {field} for an agent",
    ),
)
