"""Claude Code: `.claude/agents/<name>.md`. Enforces which tools there are, not asking or patterns.

Measured on @anthropic-ai/claude-code 2.1.330: a missing `tools` key means every tool, an empty list
means none; `disallowedTools` wins over `tools`; unknown names are dropped without a word. So an
allow-list is written where the policy denies by default, and a deny-list where it inherits. Copilot
(copilot 1.0.102, measured) and Cursor (its documentation) load these files too.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple
from unicodedata import normalize

from promptpack.model import (
    CAPABILITIES,
    Agent,
    Capability,
    Effect,
    Grant,
    Policy,
    find_capability,
    make_mcp_name,
    split_mcp_name,
)
from promptpack.policy.lattice import list_effects
from promptpack.source import frontmatter
from promptpack.source.client_yaml import read_client_yaml
from promptpack.targets.codec import (
    check_front_matter,
    find_wrong_value,
    grants_fully,
    join_front_matter,
    make_agent,
    make_switch_grant,
)
from promptpack.targets.target import FRONT_MATTER_FIELDS, Reasons, Target

NAME = "claude-code"

TOOLS: Mapping[Capability, tuple[str, ...]] = {
    "read": ("Read",),
    "glob": ("Glob",),
    "grep": ("Grep",),
    "edit": ("Edit", "NotebookEdit"),
    "write": ("Write",),
    "execute": ("Bash",),
    "web_fetch": ("WebFetch",),
    "web_search": ("WebSearch",),
    "todo": ("TodoWrite", "TaskCreate", "TaskGet", "TaskList", "TaskUpdate"),
    "task": ("Agent",),
    "skill": ("Skill",),
}
"""The tools that a capability is made of; any one of them gives some of it."""

ALSO_DENIED: Mapping[Capability, tuple[str, ...]] = {
    "execute": ("Monitor",),
    "task": ("Workflow",),
}
"""Tools that give a capability by another way, named where a deny-list takes it away."""

_ALIASES = {"Task": "Agent"}
_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "description": str,
    "tools": (str, list),
    "disallowedTools": (str, list),
    "model": str,
}
_KNOWN_TOOLS = frozenset(t for tools in (*TOOLS.values(), *ALSO_DENIED.values()) for t in tools)
_NAME_LIMIT = 256
_FRONT_MATTER = re.compile(r"---\s*\n(.*?)---\s*\n?", re.DOTALL)
_ONE_LINE_VALUE = re.compile(r"([a-zA-Z_-]+):\s+(\S[^\r\n\u2028\u2029]*)")
_SPECIAL = re.compile(r"[{}\[\]*&#!|>%@`]|: ")
_TABS = re.compile(r"^\t+")
_MCP = re.compile(r"mcp__(.+?)(?:__(.+))?")
_ENTRY = re.compile(r"[^\s,()]+(?:\([^)]*\))?")


def encode(agent: Agent) -> str:
    """Return the agent file; its head says which tools there are, unless all are meant."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    switches = {
        name: grants_fully(agent, name) for name in (*TOOLS, *agent.policy.list_mcp_names())
    }
    denied_tools = [
        tool for name in switches if not switches[name] for tool in _list_denied_tools(agent, name)
    ]
    if agent.policy.default is Effect.DENY:
        listed_tools = [
            tool for name in switches if switches[name] for tool in _list_tool_names(name)
        ]
        front_matter["tools"] = ", ".join(listed_tools) or []
        denied_tools = [tool for tool in denied_tools if tool.rpartition("__")[0] in listed_tools]
    if denied_tools:
        front_matter["disallowedTools"] = ", ".join(denied_tools)
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Claude Code makes of a file; what it does not give is denied."""
    keys, body = _read_file(text)
    return make_agent(NAME, keys, stem, body, _make_effective_policy(_Tools.read(keys)))


def find_problems(text: str) -> list[str]:
    """Return why Claude Code would skip a file, or take something else from it than it says."""
    keys, _ = _read_file(text)
    entries = [*_iter_tool_names(keys.get("tools")), *_iter_tool_names(keys.get("disallowedTools"))]
    messages = [
        f"unknown tool '{entry}'"
        for entry in entries
        if entry not in _KNOWN_TOOLS and not _MCP.fullmatch(entry)
    ]
    front_matter = frontmatter.split_front_matter(text).head
    match = _match_front_matter(text)
    if match and front_matter and match[1] != front_matter:
        messages.append("the front matter contains '---', where Claude Code stops reading it")
    return [*check_front_matter(text, _KEYS, sorted(FRONT_MATTER_FIELDS)), *messages]


def find_refusal(text: str) -> str:
    """Return why Claude Code would skip a file, or nothing: it wants a name and a description."""
    match = _match_front_matter(text.removeprefix("\ufeff"))
    if match is None:
        return "the file does not start with front matter"
    try:
        keys = _read_keys(match[1])
    except ValueError as error:
        return f"the front matter is not YAML: {error}"
    name = keys.get("name")
    if not isinstance(name, str) or not name:
        return "'name' is missing or not text"
    if name.startswith("-") or len(name) > _NAME_LIMIT or ":" in normalize("NFKC", name):
        return f"the name {name!r} begins with -, contains : or is longer than {_NAME_LIMIT}"
    if not isinstance(keys.get("description"), (str, date)) or not keys["description"]:
        return "'description' is missing or not text"
    return find_wrong_value(keys, {"hooks": lambda v: not v or isinstance(v, dict)})


def _read_file(text: str) -> tuple[dict[str, Any], str]:
    """Return the keys and the body as Claude Code finds them; a file it would skip, key by key."""
    text = text.removeprefix("\ufeff")
    match = _match_front_matter(text)
    if match is None:
        return {}, text.strip()
    try:
        keys = _read_keys(match[1])
    except ValueError:
        keys = frontmatter.read_lenient(match[1])
    return keys, text[match.end() :].strip()


def _match_front_matter(text: str) -> re.Match[str] | None:
    """Return where the front matter is; it ends at the next three hyphens, wherever they stand."""
    has_end = "---" in text[3:]  # without one, the pattern would be tried at each line end
    return _FRONT_MATTER.match(text) if has_end else None


def _read_keys(front_matter: str) -> dict[str, Any]:
    """Return the keys of front matter; where it is not YAML, its values are quoted first."""
    try:
        return frontmatter.read_mapping(front_matter, last_wins=True)
    except ValueError:
        lines = (_quote_value(line) for line in front_matter.split("\n"))
        return frontmatter.read_mapping("\n".join(lines), last_wins=True)


def _quote_value(line: str) -> str:
    """Return a line of front matter with its value quoted if YAML may take it for something else.

    Tabs that indent become spaces.
    """
    match = _ONE_LINE_VALUE.fullmatch(line)
    if match is None or not _SPECIAL.search(match[2]) or _is_quoted_or_list(match[2]):
        return _TABS.sub(lambda tabs: "  " * len(tabs[0]), line)
    value = match[2].replace("\\", "\\\\").replace('"', '\\"')
    return f'{match[1]}: "{value}"'


def _is_quoted_or_list(value: str) -> bool:
    if value[0] == value[-1] and value[0] in "\"'":
        return True
    try:
        return value[0] == "[" and value[-1] == "]" and isinstance(read_client_yaml(value), list)
    except ValueError:
        return False


class _Tools(NamedTuple):
    """What a head says of tools; `listed` is None where every tool is meant."""

    listed: frozenset[str] | None
    denied: frozenset[str]

    @classmethod
    def read(cls, keys: Mapping[str, Any]) -> "_Tools":
        """Read both keys as the client does; a memory brings Read, Edit and Write back."""
        allow_list = None
        if "tools" in keys and keys["tools"] not in ("*", ["*"]):
            allow_list = frozenset(_iter_tool_names(keys["tools"]))
            allow_list |= {"Read", "Edit", "Write"} if keys.get("memory") else set()
        return cls(allow_list, frozenset(_iter_tool_names(keys.get("disallowedTools"))))

    def has(self, tool: str) -> bool:
        """Tell whether a built-in tool is there; without the shell there is no Monitor either."""
        if tool == "Monitor" and "Bash" in self.denied:
            return False
        return tool not in self.denied and (self.listed is None or tool in self.listed)

    def has_server(self, server: str) -> bool:
        """Tell whether the tools of an MCP server are there that nothing names."""
        names = {f"mcp__{server}", f"mcp__{server}__*"}
        if self.denied & {*names, "mcp__*"}:
            return False
        return self.listed is None or bool(self.listed & names)

    def has_server_tool(self, server: str, tool: str) -> bool:
        """Tell whether one tool of an MCP server is there."""
        name = f"mcp__{server}__{tool}"
        if self.denied & {name, f"mcp__{server}", f"mcp__{server}__*", "mcp__*"}:
            return False
        return self.has_server(server) or (self.listed is not None and name in self.listed)


def _make_effective_policy(tools: _Tools) -> Policy:
    grants: dict[str, Grant] = {}
    for capability in CAPABILITIES:
        names = (*TOOLS.get(capability, ()), *ALSO_DENIED.get(capability, ()))
        grants[capability] = make_switch_grant(any(tools.has(name) for name in names))
    for entry in sorted((tools.listed or frozenset()) | tools.denied):
        match = _MCP.fullmatch(entry)
        if match is None or match[1] == "*":
            continue
        server, tool = match[1], match[2]
        grants[make_mcp_name(server)] = make_switch_grant(tools.has_server(server))
        if tool and tool != "*":
            is_on = tools.has_server_tool(server, tool)
            grants[make_mcp_name(server, tool)] = make_switch_grant(is_on)
    allows_others = tools.listed is None and "mcp__*" not in tools.denied
    return Policy(Effect.ALLOW if allows_others else Effect.DENY, grants)


def _iter_tool_names(value: object) -> Iterator[str]:
    """Yield the tool names of a comma string or a list; `Bash(x)` is the whole of Bash."""
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    for text in texts:
        for entry in _ENTRY.findall(text) if isinstance(text, str) else ():
            name = entry.partition("(")[0]
            yield _ALIASES.get(name, name)


def _list_tool_names(name: str) -> tuple[str, ...]:
    if capability := find_capability(name):
        return TOOLS[capability]
    return ("__".join(("mcp", *filter(None, split_mcp_name(name)))),)


def _list_denied_tools(agent: Agent, name: str) -> tuple[str, ...]:
    """Return the names a deny-list needs, none where the client's own default is meant."""
    if list_effects(agent.policy.grant(name)) == {Effect.INHERIT}:
        return ()
    capability = find_capability(name)
    other_ways = ALSO_DENIED.get(capability, ()) if capability else ()
    return (*_list_tool_names(name), *other_ways)


CLAUDE_CODE = Target(
    name=NAME,
    title="Claude Code",
    path=".claude/agents/{name}.md",
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    verified="first line of a session (tools, agents), its request (prompt); claude-code 2.1.330",
    provides=frozenset(TOOLS),
    absent=frozenset({"list", "patch", "question"}),
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"tools", "disallowedTools", "memory"}),
    read_by=("copilot", "cursor"),
    stand_ins={"list": ("glob", "execute"), "patch": ("edit",)},
    own_agents=frozenset({"claude", "Explore", "general-purpose", "Plan", "statusline-setup"}),
    reasons=Reasons(
        capabilities={
            "list": "Claude Code has no tool to list folders; Glob and the shell do that",
            "patch": "Claude Code has no patch tool",
            "question": "Claude Code gives subagents no tool to ask questions",
        },
        patterns="Claude Code has no patterns for a single agent: a tool is on or off",
        ask="Claude Code can't ask for a single agent: a tool is on or off",
        mcp="Claude Code provides a server's tools only if the server itself is allowed",
        fields={"mode": "Claude Code loads every agent file as a subagent; start it with --agent"},
    ),
)
