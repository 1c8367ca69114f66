"""GitHub Copilot: `.github/agents/<name>.agent.md`, one file for the cloud, VS Code and the CLI.

Measured on @github/copilot 1.0.102: a missing or misspelt `tools` key means every tool, an empty
list none; unknown names are dropped without a word; a main session has `skill` whatever the list.
A name is looked up in any case, first as a whole, then by what follows its last slash. So a tool
of an MCP server that is absent, or has no such tool, stands for Copilot's own tool of that name.
A tool of an MCP server is also called `server-tool`, so `a/my-server-tool` may be of `my-server`.

It loads `.claude/agents` too, and takes Claude Code's names like any others: `Edit` and `Write` are
each all changes of files, the names of MCP tools (`mcp__server__tool`) are nothing. It ignores
`disallowedTools` and `readonly`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from promptpack.model import (
    CAPABILITIES,
    EFFORTS,
    FILE_CHANGES,
    Agent,
    Capability,
    Effect,
    Grant,
    Mode,
    Policy,
    make_mcp_name,
    split_mcp_name,
)
from promptpack.patterns import compile_late
from promptpack.source import frontmatter
from promptpack.targets.codec import (
    as_effort,
    check_front_matter,
    find_head_refusal,
    grants_fully,
    is_text_list,
    join_front_matter,
    list_named_servers,
    make_agent,
    make_switch_grant,
)
from promptpack.targets.extras import Extra, is_line, make_flag, make_line, read_extra
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import ClientCheck, Reasons, Target

NAME = "copilot"

ALIASES: Mapping[str, tuple[Capability, ...]] = {
    "read": ("read",),
    "search": ("list", "glob", "grep"),
    "search/listDirectory": ("list",),
    "search/fileSearch": ("glob",),
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

_LAST_SEGMENTS: Mapping[str, tuple[Capability, ...]] = {
    name: ALIASES[alias]
    for alias, names in {
        "read": "read view notebookread readfile search-readfile",
        "search": "search codebase search-codebase",
        "search/fileSearch": "glob filesearch search-filesearch",
        "search/textSearch": "grep rg textsearch search-textsearch",
        "edit": "edit create write multiedit notebookedit editfiles edit-editfiles createfile"
        " create-createfile createdirectory apply_patch str_replace",
        "execute": "execute bash shell powershell runcommands runinterminal read_bash stop_bash"
        " list_bash read_powershell stop_powershell list_powershell runcommands-runinterminal",
        "web": "web websearch",
        "web/fetch": "webfetch web_fetch",
        "todo": "todo todos todowrite",
        "agent": "agent task runsubagent custom-agent read_agent list_agents write_agent",
    }.items()
    for name in names.split()
}
"""What a name gives by what follows its last slash, in small letters.

Whoever has one tool of a group has the group: with some models `create` alone gives `apply_patch`.
"""

_WHOLE_NAMES: Mapping[str, tuple[Capability, ...]] = {
    **{name.lower(): capabilities for name, capabilities in ALIASES.items()},
    "read_file": ALIASES["read"],
    "file_search": ALIASES["search/fileSearch"],
    "update_todo": ALIASES["todo"],
}
"""What a name gives only as a whole, in small letters."""

_TOOL_SET_NAMES = frozenset(
    {
        *(name.lower() for name in ALIASES),
        *("read/readfile", "search/codebase", "edit/editfiles", "edit/createfile"),
        *("edit/createdirectory", "execute/runinterminal", "agent/runsubagent"),
    }
)
"""Names with a slash that VS Code gives to its own tools; no MCP server is meant."""

_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "description": str,
    "tools": list,
    "model": str,
    "reasoning-effort": str,
    "disable-model-invocation": bool,
}
_EXTRAS: Mapping[str, Extra] = {
    "argument-hint": make_line("tells a user what to write after the agent's name"),
    "user-invocable": make_flag("says whether a user can pick the agent"),
    "handoffs": Extra(
        "a list of mappings with label, agent, prompt, send and model",
        lambda v: isinstance(v, list) and v != [] and all(map(_is_handoff, v)),
        "offers a user to go on with another agent",
    ),
}
_EFFORTS = EFFORTS[EFFORTS.index("minimal") :]
_LOADED_VALUES: Mapping[str, Callable[[Any], bool]] = {
    "name": lambda v: isinstance(v, (str, date)),
    "description": lambda v: isinstance(v, (str, date)),
    "tools": lambda v: isinstance(v, str) or is_text_list(v),
    "model": lambda v: isinstance(v, str) or (is_text_list(v) and v != []),
    "mcp-servers": lambda v: v is None or isinstance(v, dict),
    "skills": lambda v: isinstance(v, list),
    "reasoning-effort": lambda v: isinstance(v, str),
    **dict.fromkeys(("github", "hooks"), lambda v: isinstance(v, dict)),
    **dict.fromkeys(
        ("disable-model-invocation", "user-invocable", "infer"), lambda v: isinstance(v, bool)
    ),
}
_MCP = compile_late(r"([A-Za-z0-9_-]+)/(\*|[A-Za-z0-9_-]+)")
_JOINED_MCP = compile_late(r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)+")


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the tools there are, unless all are meant."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    if effort := as_effort(agent.effort, _EFFORTS):
        front_matter["reasoning-effort"] = effort
    if agent.mode == "primary":
        front_matter["disable-model-invocation"] = True
    if (tools := list_tools(agent)) is not None:
        front_matter["tools"] = tools
    return join_front_matter(front_matter, agent)


def list_tools(agent: Agent) -> list[str] | None:
    """Return the names of the tools that an agent gets, None where all are meant."""
    names: tuple[str, ...] = (*CAPABILITIES, *agent.policy.list_mcp_names())
    capabilities = {name for name in names if grants_fully(agent, name)}
    if agent.policy.default is not Effect.DENY and len(capabilities) == len(names):
        return None
    mcp = (f"{server}/{tool or '*'}" for server, tool in list_named_servers(agent))
    return [*_iter_tool_names(capabilities), *mcp]


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Copilot makes of a file; what its list does not name is denied."""
    keys, body = read_file(text)
    mode: Mode = "subagent" if keys.get("user-invocable") is False else "all"
    return make_agent(
        NAME,
        keys,
        stem.removesuffix(".agent"),
        body,
        make_effective_policy(keys),
        mode="primary" if keys.get("disable-model-invocation") is True else mode,
        effort=as_effort(keys.get("reasoning-effort"), _EFFORTS),
        extra=read_extra(keys, _EXTRAS),
    )


def find_problems(text: str) -> list[Problem]:
    """Return why Copilot would refuse a file, or take something else from it than it says."""
    keys, body = read_file(text)
    problems = check_front_matter(text, _KEYS, ["description"], _EXTRAS, ["tools"])
    problems += find_unknown_tools(keys)
    if len(body) > _LIMITS["prompt"]:
        limit = f"{_LIMITS['prompt']:,}"
        message = f"the prompt has {len(body):,} characters; Copilot accepts at most {limit}"
        problems += list_misread([message])
    return problems


def find_unknown_tools(keys: Mapping[str, Any]) -> list[Problem]:
    """Return which of the listed tools promptpack would not write."""
    tool_names = _read_tool_names(keys) or ()
    return list_unknown(
        (f"unknown tool '{n}'" for n in tool_names if n not in ALIASES and not _MCP.fullmatch(n)),
        "tools",
    )


def make_effective_policy(keys: Mapping[str, Any]) -> Policy:
    """Return what Copilot grants by a file's keys."""
    return _make_effective_policy(_read_tool_names(keys))


def find_refusal(text: str) -> str:
    """Return why Copilot would not load a file, or nothing; it merges nothing, unlike others."""
    front_matter = frontmatter.split_front_matter(text.removeprefix("\ufeff")).head
    if front_matter is None:
        return "the file does not start with front matter"
    return find_head_refusal(front_matter, ["description"], _LOADED_VALUES)


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield which names of MCP servers and tools Copilot takes for others of the same policy."""
    names = agent.policy.list_mcp_names()
    by_small_letters: dict[str, str] = {}
    for name in [make_mcp_name(split_mcp_name(name)[0]) for name in names] + names:
        other = by_small_letters.setdefault(name.lower(), name)
        if other != name:
            yield f"'{name}' can't be written beside '{other}': Copilot reads names in any case"
    servers = dict.fromkeys(split_mcp_name(name)[0] for name in names)
    for name in names:
        server, tool = split_mcp_name(name)
        for other in servers:
            if other != server and tool.lower().startswith(f"{other.lower()}-"):
                yield f"'{name}' can't be written: Copilot may take it for a tool of '{other}'"


def read_file(text: str) -> tuple[dict[str, Any], str]:
    """Return the keys and the trimmed body; those of a file that does not load, key by key."""
    front_matter, body, _ = frontmatter.split_front_matter(text.removeprefix("\ufeff"))
    try:
        keys = frontmatter.read_mapping(front_matter or "", merges=False)
    except ValueError:
        keys = frontmatter.read_lenient(front_matter or "")
    return keys, body.strip()


def _is_handoff(value: object) -> bool:
    """Tell whether a value says which agent a user may go on with, and how."""
    if not isinstance(value, dict) or not {"label", "agent"} <= value.keys():
        return False
    checks = dict.fromkeys(("label", "agent", "prompt", "model"), is_line)
    return all(
        isinstance(one, bool) if key == "send" else key in checks and checks[key](one)
        for key, one in value.items()
    )


def _iter_tool_names(capabilities: set[str]) -> Iterator[str]:
    """Yield the names that give the capabilities, an alias before its halves."""
    covered_capabilities: set[str] = set()
    for name, alias_capabilities in ALIASES.items():
        if capabilities.issuperset(alias_capabilities) and not covered_capabilities.issuperset(
            alias_capabilities
        ):
            covered_capabilities.update(alias_capabilities)
            yield name


def _read_tool_names(keys: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the names in `tools`, None where all tools are meant."""
    if "tools" not in keys:
        return None
    value = keys["tools"]
    names = value.split(",") if isinstance(value, str) else value
    texts = names if isinstance(names, list) else []
    tool_names = tuple(n.strip() for n in texts if isinstance(n, str))
    return None if "*" in tool_names else tool_names


@lru_cache(maxsize=64)
def _make_effective_policy(tool_names: tuple[str, ...] | None) -> Policy:
    if tool_names is None:
        return Policy(Effect.ALLOW)
    capabilities: set[Capability] = {*ALWAYS_GIVEN}
    grants: dict[str, Grant] = {}
    for name in tool_names:
        own_capabilities = _find_own_capabilities(name)
        capabilities.update(own_capabilities)
        match = _MCP.fullmatch(name)
        if match and name.lower() not in _TOOL_SET_NAMES:
            server, tool = match.groups()
            grants[make_mcp_name(server, "" if tool == "*" else tool)] = make_switch_grant(True)
        elif _JOINED_MCP.fullmatch(name) and not own_capabilities:
            grants |= dict.fromkeys(_split_joined_name(name), make_switch_grant(True))
    return Policy(
        Effect.DENY, {**{c: make_switch_grant(c in capabilities) for c in CAPABILITIES}, **grants}
    )


def _split_joined_name(name: str) -> Iterator[str]:
    """Yield the MCP tools that `server-tool` may be: the hyphen between them is any of those."""
    for match in re.finditer("-", name):
        yield make_mcp_name(name[: match.start()], name[match.end() :])


def _find_own_capabilities(name: str) -> tuple[Capability, ...]:
    """Return what Copilot's own tools of this name give, if it has any."""
    whole_name = name.lower()
    server, slash, last_segment = whole_name.rpartition("/")
    if whole_name in _WHOLE_NAMES or (slash and not server):
        return _WHOLE_NAMES.get(whole_name, ())
    return _LAST_SEGMENTS.get(last_segment, ())


def _explain_widening(capability: str, agent: Agent) -> str:
    """Return which MCP tools of an agent have the name of an own tool with this capability."""
    mcp_names = ("/".join(server_and_tool) for server_and_tool in list_named_servers(agent))
    taken_names = [f"'{n}'" for n in mcp_names if capability in _find_own_capabilities(n)]
    if not taken_names or capability in ALWAYS_GIVEN:
        return ""
    alias = next(alias for alias, given in ALIASES.items() if capability in given)
    return (
        f"Copilot takes {' and '.join(taken_names)} for its own '{alias}' tools"
        " if the server is missing or has no such tool"
    )


COPILOT = Target(
    name=NAME,
    title="GitHub Copilot",
    synonyms=("copilot agent", "VS Code", "VSCode", "custom agent"),
    path=".github/agents/{name}.agent.md",
    user_path=".copilot/agents/{name}.agent.md",
    signs=(
        ".github/agents",
        ".github/instructions",
        ".github/prompts",
        ".github/copilot-instructions.md",
    ),
    program="copilot",
    places=(".github/agents/{path}.agent.md", ".github/agents/{path}.md"),
    prefers_own=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    is_fillable=True,
    check=ClientCheck(
        "client", "the request it sends (prompt, tools)", "copilot 1.0.102", "2026-11-26"
    ),
    provides=ALWAYS_GIVEN.union(*ALIASES.values()),
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"tools"}),
    harmless_keys=frozenset({"disable-model-invocation", "reasoning-effort"}),
    extras=_EXTRAS,
    refused_extras={
        "mcp-servers": "the client starts a server that an agent brings; add it to the settings",
        "hooks": "a hook runs commands, whatever the policy says",
    },
    field_keys={"mode": ("disable-model-invocation",), "effort": ("reasoning-effort",)},
    kept_grants={"hooks": ("execute",)},
    hard_limits=_LIMITS,
    tool_names={**_LAST_SEGMENTS, **_WHOLE_NAMES},
    refuse=find_refusals,
    explain_widening=_explain_widening,
    main_session_gives=ALWAYS_GIVEN,
    own_agents=frozenset(
        {"code-review", "explore", "general-purpose", "research", "security-review", "task"}
    ),
    reasons=Reasons(
        capabilities={
            "skill": "Copilot gives every main session its skills, whatever the agent lists",
            **dict.fromkeys(
                FILE_CHANGES, "Copilot has one group of tools for edit, write and patch"
            ),
            "web_search": "Copilot has web search only together with web fetch",
        },
        patterns="Copilot has no patterns for a single agent: a tool is on or off",
        ask="Copilot can't ask for a single agent: a tool is on or off",
        mcp="Copilot can only list the servers and tools that an agent gets",
        fields={
            "mode": "Copilot lets a user pick any agent, which then has the user's skills too",
            "effort": "Copilot can't switch reasoning off for an agent",
        },
        foreign="Copilot takes Edit for edit, write and patch, and ignores disallowedTools",
        any_field="Copilot has no {field} for an agent",
    ),
)
