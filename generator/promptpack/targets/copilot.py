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
    check_front_matter,
    grants_fully,
    join_front_matter,
    list_named_servers,
    list_servers,
    make_agent,
    make_switch_grant,
    read_front_matter,
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
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    if agent.mode == "primary":
        front_matter["disable-model-invocation"] = True
    capabilities = {
        c for c in (*CAPABILITIES, *list_servers(agent.policy)) if grants_fully(agent, c)
    }
    grants_all = len(capabilities) == len(CAPABILITIES) + len(list_servers(agent.policy))
    if agent.policy.default is Effect.DENY or not grants_all:
        mcp = (f"{server}/{tool or '*'}" for server, tool in list_named_servers(agent))
        front_matter["tools"] = [*_iter_tool_names(capabilities), *mcp]
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Copilot makes of a file; what its list does not name is denied."""
    keys, body = read_front_matter(text)
    mode: Mode = "subagent" if keys.get("user-invocable") is False else "all"
    return make_agent(
        NAME,
        keys,
        stem.removesuffix(".agent"),
        body,
        _make_effective_policy(_read_tool_names(keys)),
        mode="primary" if keys.get("disable-model-invocation") is True else mode,
    )


def find_problems(text: str) -> list[str]:
    """Return why Copilot would refuse a file, or take something else from it than it says."""
    keys, body = read_front_matter(text)
    messages = check_front_matter(text, _KEYS, ["description"])
    tool_names = _read_tool_names(keys) or []
    messages += [
        f"unknown tool '{n}'" for n in tool_names if n not in ALIASES and not _MCP.fullmatch(n)
    ]
    if len(body) > BODY_LIMIT:
        messages.append(
            f"the prompt has {len(body):,} characters; Copilot accepts at most {BODY_LIMIT:,}"
        )
    return messages


def _iter_tool_names(capabilities: set[str]) -> Iterator[str]:
    """Yield the names that give the capabilities, an alias before its halves."""
    covered_capabilities: set[str] = set()
    for name, alias_capabilities in ALIASES.items():
        if capabilities.issuperset(alias_capabilities) and not covered_capabilities.issuperset(
            alias_capabilities
        ):
            covered_capabilities.update(alias_capabilities)
            yield name


def _read_tool_names(keys: Mapping[str, Any]) -> list[str] | None:
    """Return the names in `tools`, None where all tools are meant."""
    if "tools" not in keys:
        return None
    value = keys["tools"]
    names = value.split(",") if isinstance(value, str) else value
    tool_names = [n.strip() for n in names if isinstance(n, str)] if isinstance(names, list) else []
    return None if "*" in tool_names else tool_names


def _make_effective_policy(tool_names: list[str] | None) -> Policy:
    if tool_names is None:
        return Policy(Effect.ALLOW)
    spellings = {name.lower(): name for name in ALIASES}
    capabilities: set[str] = {"skill"}
    grants: dict[str, Grant] = {}
    for name in tool_names:
        spelling = _OTHER_SPELLINGS.get(name.lower(), name.lower())
        if alias_capabilities := ALIASES.get(spellings.get(spelling.lower(), "")):
            capabilities.update(alias_capabilities)
        elif match := _MCP.fullmatch(name):
            server, tool = match.groups()
            grants[f"mcp:{server}" + ("" if tool == "*" else f"/{tool}")] = make_switch_grant(True)
    return Policy(
        Effect.DENY, {**{c: make_switch_grant(c in capabilities) for c in CAPABILITIES}, **grants}
    )


COPILOT = Target(
    name=NAME,
    title="GitHub Copilot",
    path=".github/agents/{name}.agent.md",
    encode=encode,
    decode=decode,
    problems=find_problems,
    verified="the request it sends (prompt, tools); copilot 1.0.102",
    reasons={
        "skill": "Copilot gives every main session its skills, whatever the agent lists",
        "edit": "Copilot has one group of tools for edit, write and patch",
        "write": "Copilot has one group of tools for edit, write and patch",
        "patch": "Copilot has one group of tools for edit, write and patch",
        "list": "Copilot finds and lists files with one tool",
        "glob": "Copilot finds and lists files with one tool",
        "web_search": "Copilot has web search only together with web fetch",
        "patterns": "Copilot has no patterns for a single agent: a tool is on or off",
        "ask": "Copilot can't ask for a single agent: a tool is on or off",
        "mcp": "Copilot can only list the servers and tools that an agent gets",
        "mode": "Copilot lets a user pick any agent",
        "temperature": "Copilot has no temperature for an agent",
    },
)
