"""GitHub Copilot: `.github/agents/<name>.agent.md`, one file for the cloud, VS Code and the CLI.

Measured on @github/copilot 1.0.102: a missing or misspelt `tools` key means every tool, an empty
list none; unknown names are dropped without a word; a main session has `skill` whatever the list.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from promptpack.model import CAPABILITIES, Agent, Effect, Grant, Mode, Policy
from promptpack.targets.codec import (
    Target,
    agent_of,
    granted,
    head_problems,
    kept,
    listed_servers,
    read_head,
    servers,
    with_head,
)

NAME = "copilot"
BODY_LIMIT = 30_000

ALIASES: Mapping[str, tuple[str, ...]] = {
    "read": ("read",),
    "search": ("list", "glob", "grep"),
    "search/listDirectory": ("list",),
    "search/fileSearch": ("glob", "list"),
    "search/textSearch": ("grep",),
    "edit": ("edit", "write", "patch"),
    "execute": ("execute",),
    "web": ("web_fetch", "web_search"),
    "web/fetch": ("web_fetch",),
    "todo": ("todo",),
    "agent": ("task",),
    "vscode/askQuestions": ("question",),
}
"""What each name in `tools` gives; the first name that gives no more than is meant is written."""

_OTHER_SPELLINGS = {
    **dict.fromkeys(("view", "notebookread", "read/readfile"), "read"),
    **dict.fromkeys(("create", "write", "multiedit", "notebookedit", "str_replace"), "edit"),
    **dict.fromkeys(("bash", "shell", "powershell"), "execute"),
    "grep": "search/textSearch",
    "glob": "search/fileSearch",
    "webfetch": "web/fetch",
    "websearch": "web",
    "task": "agent",
    "todowrite": "todo",
    "custom-agent": "agent",
}
_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "description": str,
    "tools": list,
    "model": str,
    "disable-model-invocation": bool,
    "user-invocable": bool,
}
_MCP = re.compile(r"([A-Za-z0-9_-]+)/(\*|[A-Za-z0-9_-]+)")


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the tools there are, unless all are meant."""
    head: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if model := agent.model.ids.get(NAME):
        head["model"] = model
    if agent.mode == "primary":
        head["disable-model-invocation"] = True
    had = {c for c in (*CAPABILITIES, *servers(agent.policy)) if kept(agent, c)}
    everything = len(had) == len(CAPABILITIES) + len(servers(agent.policy))
    if agent.policy.default is Effect.DENY or not everything:
        mcp = (f"{server}/{tool or '*'}" for server, tool in listed_servers(agent))
        head["tools"] = [*_names(had), *mcp]
    return with_head(head, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Copilot makes of a file; what its list does not name is denied."""
    keys, body = read_head(text)
    mode: Mode = "subagent" if keys.get("user-invocable") is False else "all"
    return agent_of(
        NAME,
        keys,
        stem.removesuffix(".agent"),
        body,
        _effective(_listed(keys)),
        mode="primary" if keys.get("disable-model-invocation") is True else mode,
    )


def problems(text: str) -> list[str]:
    """Return why Copilot would refuse a file, or take something else from it than it says."""
    keys, body = read_head(text)
    said = head_problems(text, _KEYS, ["description"])
    listed = _listed(keys) or []
    said += [f"unknown tool '{n}'" for n in listed if n not in ALIASES and not _MCP.fullmatch(n)]
    if len(body) > BODY_LIMIT:
        said.append(f"the prompt has {len(body)} characters; Copilot takes {BODY_LIMIT}")
    return said


def _names(had: set[str]) -> Iterator[str]:
    """Yield the names that give the capabilities, an alias before its halves."""
    told: set[str] = set()
    for name, gives in ALIASES.items():
        if had.issuperset(gives) and not told.issuperset(gives):
            told.update(gives)
            yield name


def _listed(keys: Mapping[str, Any]) -> list[str] | None:
    """Return the names in `tools`, None where all tools are meant."""
    if "tools" not in keys:
        return None
    value = keys["tools"]
    names = value.split(",") if isinstance(value, str) else value
    found = [n.strip() for n in names if isinstance(n, str)] if isinstance(names, list) else []
    return None if "*" in found else found


def _effective(listed: list[str] | None) -> Policy:
    if listed is None:
        return Policy(Effect.ALLOW)
    spelt = {name.lower(): name for name in ALIASES}
    had: set[str] = {"skill"}
    grants: dict[str, Grant] = {}
    for name in listed:
        known = _OTHER_SPELLINGS.get(name.lower(), name.lower())
        if gives := ALIASES.get(spelt.get(known.lower(), "")):
            had.update(gives)
        elif match := _MCP.fullmatch(name):
            server, tool = match.groups()
            grants[f"mcp:{server}" + ("" if tool == "*" else f"/{tool}")] = granted(True)
    return Policy(Effect.DENY, {**{c: granted(c in had) for c in CAPABILITIES}, **grants})


COPILOT = Target(
    name=NAME,
    title="GitHub Copilot",
    path=".github/agents/{name}.agent.md",
    encode=encode,
    decode=decode,
    problems=problems,
    verified="the request it sends (prompt, tools); copilot 1.0.102",
    reasons={
        "skill": "Copilot gives every main session its skills, whatever the agent lists",
        "edit": "Copilot has one tool family for edit, write and patch",
        "write": "Copilot has one tool family for edit, write and patch",
        "patch": "Copilot has one tool family for edit, write and patch",
        "list": "Copilot finds and lists files with one tool",
        "glob": "Copilot finds and lists files with one tool",
        "web_search": "Copilot searches the web only together with fetching pages",
        "patterns": "Copilot takes no patterns for one agent: a tool is there whole or not",
        "ask": "Copilot can't ask for one agent only: a tool is there or not",
        "mcp": "Copilot can only name the servers and tools that an agent has",
        "mode": "Copilot lets a user pick any agent",
        "temperature": "Copilot has no temperature for an agent",
    },
)
