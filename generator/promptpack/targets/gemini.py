"""Gemini CLI: `.gemini/agents/<name>.md`. Enforces which tools there are, not asking or patterns.

Measured on @google/gemini-cli-core 0.61.0: one unknown key or tool rejects the file; a missing
`tools` key means every tool, an empty list none; `${word}` in a prompt is filled in or throws when
the agent is called, and nothing escapes it. In `mcp_server_tool`, the server ends at the first
underscore: `mcp_my_server_*` rejects the file, and `mcp_my_server_tool` may be a tool of either.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from promptpack.model import (
    CAPABILITIES,
    OTHER_MCP,
    Agent,
    Capability,
    Effect,
    Grant,
    Policy,
    make_mcp_name,
    split_mcp_name,
)
from promptpack.patterns import compile_late
from promptpack.source import frontmatter
from promptpack.targets.codec import (
    as_number,
    as_text,
    check_front_matter,
    find_wrong_value,
    grants_fully,
    join_front_matter,
    list_named_servers,
    make_agent,
    make_switch_grant,
    read_front_matter,
)
from promptpack.targets.extras import (
    Extra,
    is_number,
    make_choice,
    make_count,
    make_line,
    read_extra,
)
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import FRONT_MATTER_FIELDS, ClientCheck, Reasons, Target

NAME = "gemini"

TOOLS: Mapping[Capability, str] = {
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

ABSENT: frozenset[Capability] = frozenset({"patch", "task"})

_OTHER_SPELLINGS: Mapping[str, Capability] = {
    "read_many_files": "read",
    "search_file_content": "grep",
}
_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "description": str,
    "tools": list,
    "model": str,
    "temperature": (int, float),
}
_EXTRAS: Mapping[str, Extra] = {
    "kind": make_choice("says that the agent runs here", "local"),
    "display_name": make_line("the name that a user is shown"),
    "max_turns": make_count("stops the agent after so many turns"),
    "timeout_mins": make_count("stops the agent after so many minutes"),
}
_NAME = compile_late(r"[a-z0-9_-]+")
_ALL_TOOLS = frozenset(
    (
        *("*", "mcp_*", *TOOLS.values(), *_OTHER_SPELLINGS),
        *("tracker_create_task", "tracker_update_task", "tracker_get_task", "tracker_list_tasks"),
        *("tracker_add_dependency", "tracker_visualize", "get_internal_docs", "enter_plan_mode"),
        *("exit_plan_mode", "update_topic", "complete_task", "invoke_agent"),
        *("read_mcp_resource", "list_mcp_resources"),
    )
)
_LOADED_VALUES: Mapping[str, Callable[[Any], bool]] = {
    "kind": lambda v: v == "local",
    "name": lambda v: isinstance(v, str) and _NAME.fullmatch(v) is not None,
    "description": lambda v: isinstance(v, str) and v != "",
    "display_name": lambda v: isinstance(v, str),
    "tools": lambda v: isinstance(v, list) and all(map(_is_known_tool, v)),
    "mcp_servers": lambda v: isinstance(v, dict) and all(isinstance(s, dict) for s in v.values()),
    "model": lambda v: isinstance(v, str),
    "temperature": is_number,
    **dict.fromkeys(("max_turns", "timeout_mins"), lambda v: is_number(v) and v > 0 and v % 1 == 0),
}
_FRONT_MATTER = compile_late(r"---\r?\n(.*?)\r?\n---(?:\r?\n(.*))?", re.DOTALL)
_LOADED_MCP = compile_late(r"mcp_[A-Za-z0-9.:-]+_(\*|(?!_*\Z)[A-Za-z0-9_.:-]+)")
_MCP = compile_late(r"mcp_([A-Za-z0-9-]+)_(.+)")
_WORD = compile_late(r"\$\{\w+\}")


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the tools there are, unless all are meant."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    capabilities = _list_capabilities(agent)
    if _needs_list(agent, capabilities):
        front_matter["tools"] = [
            *(TOOLS[c] for c in TOOLS if c in capabilities),
            *_list_server_names(agent, capabilities),
        ]
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    if agent.temperature is not None:
        front_matter["temperature"] = agent.temperature
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Gemini CLI makes of a file; what its list does not name is denied."""
    match = _FRONT_MATTER.match(text)
    keys, body = read_front_matter(text)
    if match is not None:
        keys, body = frontmatter.read_lenient(match[1]), (match[2] or "").strip()
    return make_agent(
        NAME,
        keys,
        stem,
        body,
        _make_effective_policy(_read_tool_names(keys)),
        temperature=as_number(keys.get("temperature")),
        extra=read_extra(keys, _EXTRAS),
    )


def find_problems(text: str) -> list[Problem]:
    """Return why Gemini CLI would refuse a file, or fail when the agent is called."""
    keys, body = read_front_matter(text)
    problems = check_front_matter(text, _KEYS, sorted(FRONT_MATTER_FIELDS), _EXTRAS, ["tools"])
    if not _NAME.fullmatch(as_text(keys.get("name"))):
        forms = "lower-case letters, digits, - and _"
        problems += list_misread(
            [f"the name '{keys.get('name')}' may only contain {forms}"], "name"
        )
    known_tools = {*TOOLS.values(), "mcp_*"}
    names = keys.get("tools")
    problems += list_unknown(
        f"unknown tool '{n}'"
        for n in (map(as_text, names) if isinstance(names, list) else ())
        if n not in known_tools and not _MCP.fullmatch(n)
    )
    problems += list_misread(
        f"the prompt contains '{word}', which Gemini CLI would replace with a value"
        for word in dict.fromkeys(_WORD.findall(body))
    )
    return problems


def find_refusal(text: str) -> str:
    """Return why Gemini CLI would not load a file, or nothing; it checks every key and every tool.

    An agent behind an address has other keys, of which only the name is checked here.
    """
    match = _FRONT_MATTER.match(text)
    if match is None:
        return "the file does not start with front matter"
    try:
        keys = frontmatter.read_mapping(match[1])
    except ValueError as error:
        return f"the front matter is not YAML: {error}"
    is_remote = "agent_card_url" in keys or "agent_card_json" in keys
    checks = {"name": _LOADED_VALUES["name"]} if is_remote else _LOADED_VALUES
    for key in ("name",) if is_remote else ("name", "description"):
        if key not in keys:
            return f"'{key}' is missing"
    unknown_keys = [] if is_remote else [key for key in keys if key not in checks]
    return f"unknown key '{unknown_keys[0]}'" if unknown_keys else find_wrong_value(keys, checks)


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield which MCP servers and tools Gemini CLI would take for others, or not at all."""
    capabilities = _list_capabilities(agent)
    if not _needs_list(agent, capabilities) or _gives_all_servers(agent, capabilities):
        return
    servers = {split_mcp_name(name)[0] for name in agent.policy.list_mcp_names()}
    for server, tool in list_named_servers(agent):
        name = make_mcp_name(server, tool)
        if "_" in server:
            yield f"'{name}' can't be written: in Gemini CLI a server's name ends at the first '_'"
        for other in sorted(servers - {server}):
            if tool and f"{server}_{tool}".startswith(f"{other}_"):
                yield f"'{name}' can't be written: Gemini CLI may take it for a tool of '{other}'"


def _list_capabilities(agent: Agent) -> set[str]:
    """Return the capabilities and the names of MCP servers and tools that an agent has whole."""
    return {c for c in (*TOOLS, *agent.policy.list_mcp_names()) if grants_fully(agent, c)}


def _needs_list(agent: Agent, capabilities: set[str]) -> bool:
    names = (*TOOLS, *agent.policy.list_mcp_names())
    return agent.policy.default is Effect.DENY or not capabilities.issuperset(names)


def _gives_all_servers(agent: Agent, capabilities: set[str]) -> bool:
    return grants_fully(agent, OTHER_MCP) and capabilities.issuperset(agent.policy.list_mcp_names())


def _is_known_tool(name: object) -> bool:
    """Tell whether a file may list a tool: one that there is, found by a command, or of MCP."""
    if not isinstance(name, str):
        return False
    if name in _ALL_TOOLS or name.startswith("discovered_tool_"):
        return True
    return _LOADED_MCP.fullmatch(name) is not None


def _list_server_names(agent: Agent, capabilities: set[str]) -> list[str]:
    if _gives_all_servers(agent, capabilities):
        return ["mcp_*"]
    return [f"mcp_{server}_{tool or '*'}" for server, tool in list_named_servers(agent)]


def _read_tool_names(keys: Mapping[str, Any]) -> frozenset[str]:
    names = keys.get("tools", ["*"])
    return (
        frozenset(n for n in names if isinstance(n, str))
        if isinstance(names, list)
        else frozenset()
    )


@lru_cache(maxsize=64)
def _make_effective_policy(tool_names: frozenset[str]) -> Policy:
    absent_grants: dict[str, Grant] = {c: make_switch_grant(False) for c in ABSENT}
    if "*" in tool_names:
        return Policy(Effect.ALLOW, absent_grants)
    capabilities = {_OTHER_SPELLINGS[n] for n in tool_names if n in _OTHER_SPELLINGS}
    capabilities |= {c for c, tool in TOOLS.items() if tool in tool_names}
    grants: dict[str, Grant] = {c: make_switch_grant(c in capabilities) for c in CAPABILITIES}
    for name in sorted(tool_names):
        if match := _MCP.fullmatch(name):
            server, tool = match.groups()
            grants[make_mcp_name(server, "" if tool == "*" else tool)] = make_switch_grant(True)
    return Policy(Effect.ALLOW if "mcp_*" in tool_names else Effect.DENY, grants)


GEMINI = Target(
    name=NAME,
    title="Gemini CLI",
    synonyms=("google", "gemini agent"),
    path=".gemini/agents/{name}.md",
    user_path=".gemini/agents/{name}.md",
    signs=(".gemini", "GEMINI.md"),
    program="gemini",
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    check=ClientCheck(
        "client", "its own agent loader (all fields)", "gemini-cli-core 0.61.0", "2026-11-26"
    ),
    provides=frozenset(TOOLS),
    absent=ABSENT,
    stand_ins={"patch": ("edit",)},
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"tools"}),
    tool_names={
        **{name: (capability,) for capability, name in TOOLS.items()},
        **{name: (capability,) for name, capability in _OTHER_SPELLINGS.items()},
    },
    refuse=find_refusals,
    extras=_EXTRAS,
    refused_extras={
        "mcp_servers": "the client starts a server that an agent brings; add it to the settings",
    },
    reasons=Reasons(
        capabilities={
            "patch": "Gemini CLI has no patch tool",
            "task": "Gemini CLI does not let an agent start another",
        },
        patterns="Gemini CLI has no patterns for a single agent: a tool is on or off",
        ask="Gemini CLI can't ask for a single agent: a tool is on or off",
        mcp="Gemini CLI can only list the servers and tools that an agent gets",
        fields={
            "mode": "Gemini CLI runs every agent file as a subagent",
            "temperature": "Gemini CLI uses its own default if none is given",
        },
    ),
)
