"""GitHub Copilot: `.github/agents/<name>.agent.md`, one file for the cloud, VS Code and the CLI.

Measured on @github/copilot 1.0.102: a missing or misspelt `tools` key means every tool, an empty
list none; unknown names are dropped without a word; a main session has `skill` whatever the list.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from promptpack.model import (
    CAPABILITIES,
    FILE_CHANGES,
    Agent,
    Capability,
    Effect,
    Grant,
    Mode,
    Policy,
    make_mcp_name,
)
from promptpack.targets.codec import (
    check_front_matter,
    grants_fully,
    join_front_matter,
    list_named_servers,
    make_agent,
    make_switch_grant,
    read_front_matter,
)
from promptpack.targets.target import Reasons, Target

NAME = "copilot"

ALIASES: Mapping[str, tuple[Capability, ...]] = {
    "read": ("read",),
    "search": ("list", "glob", "grep"),
    "search/listDirectory": ("list",),
    "search/fileSearch": ("glob", "list"),
    "search/textSearch": ("grep",),
    "edit": FILE_CHANGES,
    "execute": ("execute",),
    "web": ("web_fetch", "web_search"),
    "web/fetch": ("web_fetch",),
    "todo": ("todo",),
    "agent": ("task",),
    "vscode/askQuestions": ("question",),
}
"""What each name in `tools` gives; the first name that gives no more than is meant is written."""

ALWAYS_GIVEN: frozenset[Capability] = frozenset({"skill"})
"""What a main session has whatever its agent lists."""

_LIMITS = {"prompt": 30_000}

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
    names: tuple[str, ...] = (*CAPABILITIES, *agent.policy.list_mcp_names())
    capabilities = {name for name in names if grants_fully(agent, name)}
    grants_all = len(capabilities) == len(names)
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
    if len(body) > _LIMITS["prompt"]:
        limit = f"{_LIMITS['prompt']:,}"
        messages.append(f"the prompt has {len(body):,} characters; Copilot accepts at most {limit}")
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
    capabilities: set[Capability] = {*ALWAYS_GIVEN}
    grants: dict[str, Grant] = {}
    for name in tool_names:
        spelling = _OTHER_SPELLINGS.get(name.lower(), name.lower())
        if alias_capabilities := ALIASES.get(spellings.get(spelling.lower(), "")):
            capabilities.update(alias_capabilities)
        elif match := _MCP.fullmatch(name):
            server, tool = match.groups()
            grants[make_mcp_name(server, "" if tool == "*" else tool)] = make_switch_grant(True)
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
    provides=ALWAYS_GIVEN.union(*ALIASES.values()),
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"tools"}),
    harmless_keys=frozenset({"disable-model-invocation", "user-invocable"}),
    hard_limits=_LIMITS,
    own_agents=frozenset(
        {"code-review", "explore", "general-purpose", "research", "security-review", "task"}
    ),
    reasons=Reasons(
        capabilities={
            "skill": "Copilot gives every main session its skills, whatever the agent lists",
            **dict.fromkeys(
                FILE_CHANGES, "Copilot has one group of tools for edit, write and patch"
            ),
            "list": "Copilot finds and lists files with one tool",
            "glob": "Copilot finds and lists files with one tool",
            "web_search": "Copilot has web search only together with web fetch",
        },
        patterns="Copilot has no patterns for a single agent: a tool is on or off",
        ask="Copilot can't ask for a single agent: a tool is on or off",
        mcp="Copilot can only list the servers and tools that an agent gets",
        fields={"mode": "Copilot lets a user pick any agent"},
        any_field="Copilot has no {field} for an agent",
    ),
)
