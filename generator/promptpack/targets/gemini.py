"""Gemini CLI: `.gemini/agents/<name>.md`. Enforces which tools there are, not asking or patterns.

Measured on @google/gemini-cli-core 0.61.0: one unknown key or tool rejects the file; a missing
`tools` key means every tool, an empty list none; `${word}` in a prompt is filled in or throws when
the agent is called, and nothing escapes it.
"""

import re
from collections.abc import Mapping
from typing import Any

from promptpack.model import CAPABILITIES, OTHER_MCP, Agent, Effect, Grant, Policy
from promptpack.targets.codec import (
    HEAD_FIELDS,
    Target,
    agent_of,
    granted,
    head_problems,
    kept,
    listed_servers,
    number_of,
    read_head,
    servers,
    text_of,
    with_head,
)

NAME = "gemini"

TOOLS: Mapping[str, str] = {
    "read": "read_file",
    "list": "list_directory",
    "glob": "glob",
    "grep": "grep_search",
    "edit": "replace",
    "write": "write_file",
    "execute": "run_shell_command",
    "web_fetch": "web_fetch",
    "web_search": "google_web_search",
    "todo": "write_todos",
    "skill": "activate_skill",
    "question": "ask_user",
}

_OTHER_SPELLINGS = {"read_many_files": "read", "search_file_content": "grep"}
_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "description": str,
    "tools": list,
    "model": str,
    "temperature": (int, float),
}
_NAME = re.compile(r"[a-z0-9_-]+")
_MCP = re.compile(r"mcp_([A-Za-z0-9-]+)_(.+)")
_WORD = re.compile(r"\$\{\w+\}")


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the tools there are, unless all are meant."""
    head: dict[str, Any] = {"name": agent.name, "description": agent.description}
    had = {c for c in (*TOOLS, *servers(agent.policy)) if kept(agent, c)}
    everything = len(had) == len(TOOLS) + len(servers(agent.policy))
    if agent.policy.default is Effect.DENY or not everything:
        head["tools"] = [*(TOOLS[c] for c in TOOLS if c in had), *_server_names(agent, had)]
    if model := agent.model.ids.get(NAME):
        head["model"] = model
    if agent.temperature is not None:
        head["temperature"] = agent.temperature
    return with_head(head, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Gemini CLI makes of a file; what its list does not name is denied."""
    keys, body = read_head(text)
    return agent_of(
        NAME, keys, stem, body, _effective(keys), temperature=number_of(keys.get("temperature"))
    )


def problems(text: str) -> list[str]:
    """Return why Gemini CLI would refuse a file, or fail when the agent is called."""
    keys, body = read_head(text)
    said = head_problems(text, _KEYS, sorted(HEAD_FIELDS))
    if not _NAME.fullmatch(text_of(keys.get("name"))):
        said.append(f"the name '{keys.get('name')}' has more than lower-case letters, digits, -, _")
    known = {*TOOLS.values(), "mcp_*"}
    names = keys.get("tools") or []
    said += [f"unknown tool '{n}'" for n in names if n not in known and not _MCP.fullmatch(str(n))]
    said += [
        f"the prompt has '{word}', which Gemini CLI takes for a value to fill in"
        for word in dict.fromkeys(_WORD.findall(body))
    ]
    return said


def _server_names(agent: Agent, had: set[str]) -> list[str]:
    if kept(agent, OTHER_MCP) and had.issuperset(servers(agent.policy)):
        return ["mcp_*"]
    return [f"mcp_{server}_{tool or '*'}" for server, tool in listed_servers(agent)]


def _effective(keys: Mapping[str, Any]) -> Policy:
    absent = {c: granted(False) for c in CAPABILITIES if c not in TOOLS}
    names = keys.get("tools", ["*"])
    listed = {n for n in names if isinstance(n, str)} if isinstance(names, list) else set()
    if "*" in listed:
        return Policy(Effect.ALLOW, absent)
    had = {_OTHER_SPELLINGS[n] for n in listed if n in _OTHER_SPELLINGS}
    had |= {c for c, tool in TOOLS.items() if tool in listed}
    grants: dict[str, Grant] = {c: granted(c in had) for c in CAPABILITIES}
    for name in sorted(listed):
        if match := _MCP.fullmatch(name):
            server, tool = match.groups()
            grants[f"mcp:{server}" + ("" if tool == "*" else f"/{tool}")] = granted(True)
    return Policy(Effect.ALLOW if "mcp_*" in listed else Effect.DENY, grants)


GEMINI = Target(
    name=NAME,
    title="Gemini CLI",
    path=".gemini/agents/{name}.md",
    encode=encode,
    decode=decode,
    problems=problems,
    verified="its own agent loader (all fields); gemini-cli-core 0.61.0",
    absent=frozenset({"patch", "task"}),
    reasons={
        "patch": "Gemini CLI has no patch tool",
        "task": "Gemini CLI lets no agent start another",
        "patterns": "Gemini CLI takes no patterns for one agent: a tool is there whole or not",
        "ask": "Gemini CLI can't ask for one agent only: a tool is there or not",
        "mcp": "Gemini CLI can only name the servers and tools that an agent has",
        "mode": "Gemini CLI runs every agent file as a subagent",
        "temperature": "Gemini CLI takes its own default where none is given",
    },
)
