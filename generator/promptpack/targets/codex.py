"""OpenAI Codex: `.codex/agents/<name>.toml`. Enforces the shell switch, and nothing else.

Measured on @openai/codex 0.169.0: a spawned agent has its parent's sandbox whatever `sandbox_mode`
says, and `web_search` is ignored; `features.shell_tool = false` does take the shell away, and with
it all reading. An unknown key or a missing field drops the file. What can't be held is told in the
prompt.
"""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from promptpack.model import CAPABILITIES, Agent, Effect, Grant, Policy
from promptpack.targets.codec import Target, as_text, grants_fully, make_agent, make_switch_grant

NAME = "codex"

THROUGH_SHELL = ("read", "list", "glob", "grep", "execute")
ABSENT = frozenset({"web_fetch", "question"})
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
    if not any(grants_fully(agent, c) for c in ("edit", "write", "patch")):
        lines.append('sandbox_mode = "read-only"')
    lines.append(f"developer_instructions = {_quote_block(agent.prompt)}")
    if not (grants_fully(agent, "execute") or "execute" in agent.accepted):
        lines += ["", "[features]", "shell_tool = false"]
    return "\n".join(lines) + "\n"


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Codex makes of a file: without its shell it can't read either."""
    try:
        keys = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
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
        keys = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
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
        c: make_switch_grant(c not in ABSENT and (has_shell or c not in THROUGH_SHELL))
        for c in CAPABILITIES
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
    absent=ABSENT,
    advisory=True,
    tells_policy=True,
    reasons={
        "web_fetch": "Codex has no tool to fetch web pages",
        "question": "Codex gives a spawned agent no tool to ask questions",
        **{
            f"{c} narrowed": "Codex reads files through its shell; without it the agent can't read"
            for c in ("read", "list", "glob", "grep")
        },
        "execute narrowed": "Codex can only turn the shell on or off, without asking or patterns",
        "execute": "the shell stays on; a spawned agent runs in its parent's sandbox",
        "advisory": "Codex can't enforce this for a single agent; the prompt states it",
        "mode": "Codex runs every agent file as a subagent",
        "temperature": "Codex has no temperature for an agent",
    },
)
