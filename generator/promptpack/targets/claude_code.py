"""Claude Code: `.claude/agents/<name>.md`. Enforces which tools there are, not asking or patterns.

Measured on @anthropic-ai/claude-code 2.1.332: a missing `tools` key means every tool, and so does a
`*` in it; an empty list means none; `disallowedTools` wins over `tools`; unknown names are dropped
without a word. A deny-list stays open to every tool that its names miss: without `Bash` there is
still `PowerShell`, and a new version brings new tools. So an allow-list is written as soon as
anything is denied. But for `*`, no name gives the tools of every MCP server (`mcp__*` gives none):
those that a policy does not name are lost with it.

`execute` lists `PowerShell` beside `Bash`: it is the one shell on Windows without Git Bash, and
where there is none the name is dropped like any other, in main and in spawned sessions (measured).

Copilot (copilot 1.0.102, measured) and Cursor (its documentation) load these files too. Copilot
ignores `disallowedTools`. `readonly` is for Cursor alone: Claude Code and Copilot ignore it
(measured).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from unicodedata import normalize

from promptpack.model import (
    CAPABILITIES,
    EFFORTS,
    OTHER_MCP,
    Agent,
    Effect,
    split_mcp_name,
)
from promptpack.patterns import compile_late
from promptpack.source import frontmatter
from promptpack.targets.claude_code_file import match_front_matter, read_file, read_keys
from promptpack.targets.codec import (
    as_effort,
    check_front_matter,
    find_wrong_value,
    grants_fully,
    join_front_matter,
    make_agent,
)
from promptpack.targets.cursor import is_read_only
from promptpack.targets.extras import (
    Extra,
    make_choice,
    make_count,
    make_lines,
    read_extra,
)
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import FRONT_MATTER_FIELDS, ClientCheck, Reasons, Target
from promptpack.targets.tool_lists import (
    ToolLists,
    ToolNames,
    ToolTable,
    is_mcp_tool,
    list_tool_names,
    make_listed_policy,
)

NAME = "claude-code"

TOOLS: ToolNames = {
    "read": ("Read",),
    "glob": ("Glob",),
    "grep": ("Grep",),
    "edit": ("Edit", "NotebookEdit"),
    "write": ("Write",),
    "execute": ("Bash", "PowerShell"),
    "web_fetch": ("WebFetch",),
    "web_search": ("WebSearch",),
    "todo": ("TodoWrite", "TaskCreate", "TaskGet", "TaskList", "TaskUpdate"),
    "task": ("Agent",),
    "skill": ("Skill",),
}
"""The tools that a capability is made of; any one of them gives some of it."""

OTHER_WAYS: ToolNames = {
    "grep": ("LSP",),
    "execute": ("Monitor",),
    "task": ("Workflow", "RemoteTrigger"),
}
"""Tools that give some of a capability by another way. None is ever written, but a file may."""

_ALIASES = {"Task": "Agent"}
_TABLE = ToolTable(TOOLS, OTHER_WAYS, _ALIASES)
_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "description": str,
    "tools": (str, list),
    "disallowedTools": (str, list),
    "model": str,
    "readonly": bool,
    "effort": str,
}
_COLORS = ("red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan")
_EXTRAS: Mapping[str, Extra] = {
    "color": make_choice("shows the agent in this color", *_COLORS),
    "maxTurns": make_count("stops the agent after so many turns"),
    "skills": make_lines("loads these skills at the start; the agent gets no tool by that"),
    "memory": make_choice(
        "keeps notes between sessions, and gives the agent Read, Edit and Write for that",
        *("user", "project", "local"),
        grants=True,
    ),
}
_EFFORTS = EFFORTS[EFFORTS.index("low") :]
_KNOWN_TOOLS = _TABLE.names.keys() - _ALIASES.keys()
_MEMORY_TOOLS = frozenset({"Read", "Edit", "Write"})
_NAME_LIMIT = 256
_ENTRY = compile_late(r"[^\s,()]+(?:\([^)]*\))?")


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the tools there are, unless all are meant."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    if effort := as_effort(agent.effort, _EFFORTS):
        front_matter["effort"] = effort
    names: tuple[str, ...] = (*CAPABILITIES, *agent.policy.list_mcp_names())
    switches = {name: grants_fully(agent, name) for name in (*names, OTHER_MCP)}
    if agent.policy.default is Effect.DENY or not all(switches.values()):
        listed_tools = [t for name in names if switches[name] for t in list_tool_names(TOOLS, name)]
        front_matter["tools"] = ", ".join(listed_tools) or []
        if denied_tools := _list_denied_tools(switches):
            front_matter["disallowedTools"] = ", ".join(denied_tools)
    if is_read_only(agent):
        front_matter["readonly"] = True
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Claude Code makes of a file; what it does not give is denied."""
    keys, body = read_file(text)
    policy = make_listed_policy(_TABLE, _read_lists(keys))
    effort = as_effort(keys.get("effort"), _EFFORTS)
    extra = read_extra(keys, _EXTRAS)
    return make_agent(NAME, keys, stem, body, policy, effort=effort, extra=extra)


def find_problems(text: str) -> list[Problem]:
    """Return why Claude Code would skip a file, or take something else from it than it says."""
    keys, _ = read_file(text)
    entries = [*_iter_tool_names(keys.get("tools")), *_iter_tool_names(keys.get("disallowedTools"))]
    unknown_tools = (e for e in entries if e not in _KNOWN_TOOLS and not is_mcp_tool(e))
    misread = [*filter(None, [_find_wrong_name(keys.get("name") or "x")])]
    front_matter = frontmatter.split_front_matter(text).head
    match = match_front_matter(text)
    if match and front_matter and match[1] != front_matter:
        misread.append("the front matter contains '---', where Claude Code stops reading it")
    held_keys = ("tools", "disallowedTools", "readonly")
    return [
        *check_front_matter(text, _KEYS, sorted(FRONT_MATTER_FIELDS), _EXTRAS, held_keys),
        *list_unknown(f"unknown tool '{entry}'" for entry in unknown_tools),
        *list_misread(misread),
    ]


def find_refusal(text: str) -> str:
    """Return why Claude Code would skip a file, or nothing: it wants a name and a description."""
    match = match_front_matter(text.removeprefix("\ufeff"))
    if match is None:
        return "the file does not start with front matter"
    try:
        keys = read_keys(match[1])
    except ValueError as error:
        return f"the front matter is not YAML: {error}"
    if problem := _find_wrong_name(keys.get("name")):
        return problem
    if not isinstance(keys.get("description"), (str, date)) or not keys["description"]:
        return "'description' is missing or not text"
    return find_wrong_value(keys, {"hooks": lambda v: not v or isinstance(v, dict)})


def _find_wrong_name(name: object) -> str:
    """Return why Claude Code would not take a name, or nothing."""
    if not isinstance(name, str) or not name:
        return "'name' is missing or not text"
    if name.startswith("-") or len(name) > _NAME_LIMIT or ":" in normalize("NFKC", name):
        return f"the name {name!r} begins with -, contains : or is longer than {_NAME_LIMIT}"
    return ""


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield which names of MCP servers Claude Code would take apart in another way.

    The server in `mcp__server__tool` ends at the first `__`; the tool may hold another.
    """
    for name in agent.policy.list_mcp_names():
        if "__" in f"{split_mcp_name(name)[0]}_":
            yield f"'{name}' can't be written: Claude Code ends a server's name at the first '__'"


def _read_lists(keys: Mapping[str, Any]) -> ToolLists:
    """Read both keys as the client does; a memory brings Read, Edit and Write back.

    Without the shell there is no Monitor either.
    """
    denied = frozenset(_iter_tool_names(keys.get("disallowedTools")))
    denied |= {"Monitor"} if "Bash" in denied else set()
    listed = frozenset(_iter_tool_names(keys.get("tools", "*")))
    if "*" in listed:
        return ToolLists(None, denied)
    return ToolLists(listed | (_MEMORY_TOOLS if keys.get("memory") else set()), denied)


def _iter_tool_names(value: object) -> Iterator[str]:
    """Yield the tool names of a comma string or a list; `Bash(x)` is the whole of Bash.

    `*` is every tool, also between other names; `*(x)` is none.
    """
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    for text in texts:
        for entry in _ENTRY.findall(text) if isinstance(text, str) else ():
            name = entry if entry.startswith("*") else entry.partition("(")[0]
            yield _ALIASES.get(name, name)


def _list_denied_tools(switches: Mapping[str, bool]) -> list[str]:
    """Return the tools that are taken from MCP servers whose other tools are listed."""
    return [
        tool
        for name, is_given in switches.items()
        if not is_given and switches.get(name.partition("/")[0])
        for tool in list_tool_names(TOOLS, name)
    ]


def _explain_widening(capability: str, agent: Agent) -> str:
    """Return that the agent's memory gives it a tool, where it does."""
    given = any(tool in _MEMORY_TOOLS for tool in list_tool_names(TOOLS, capability))
    return (
        "memory gives the agent Read, Edit and Write back"
        if given and "memory" in agent.extra
        else ""
    )


CLAUDE_CODE = Target(
    name=NAME,
    title="Claude Code",
    synonyms=("claude", "anthropic", "subagent"),
    path=".claude/agents/{name}.md",
    user_path=".claude/agents/{name}.md",
    signs=(".claude", "CLAUDE.md"),
    program="claude",
    places=(".claude/agents/{path}.md",),
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    is_fillable=True,
    check=ClientCheck(
        "client",
        "first line of a session (tools, agents), its request (prompt)",
        "claude-code 2.1.332",
        "2026-11-26",
    ),
    provides=frozenset(TOOLS),
    absent=frozenset({"list", "patch", "question"}),
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"tools", "disallowedTools"}),
    harmless_keys=frozenset({"readonly"}),
    extras=_EXTRAS,
    refused_extras={
        "permissionMode": "a mode can run tools without asking, whatever the policy says",
        "hooks": "a hook runs commands, whatever the policy says",
        "mcpServers": "the client starts a server that an agent brings; add it to the settings",
    },
    field_keys={"policy": ("tools", "disallowedTools", "readonly")},
    kept_grants={"hooks": ("execute",)},
    explain_widening=_explain_widening,
    read_by=("copilot", "cursor", "goose"),
    stand_ins={"list": ("glob", "execute"), "patch": ("edit",)},
    own_agents=frozenset({"claude", "Explore", "general-purpose", "Plan", "statusline-setup"}),
    tool_names=_TABLE.names,
    refuse=find_refusals,
    reasons=Reasons(
        capabilities={
            "list": "Claude Code has no tool to list folders; Glob and the shell do that",
            "patch": "Claude Code has no patch tool",
            "question": "Claude Code gives subagents no tool to ask questions",
        },
        patterns="Claude Code has no patterns for a single agent: a tool is on or off",
        ask="Claude Code can't ask for a single agent: a tool is on or off",
        mcp="Claude Code can only list the servers and tools that an agent gets",
        fields={
            "effort": "Claude Code takes only 'low', 'medium', 'high', 'xhigh' and 'max'",
            "mode": "Claude Code loads every agent file as a subagent; start it with --agent",
        },
    ),
)
