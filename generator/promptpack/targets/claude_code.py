"""Claude Code: `.claude/agents/<name>.md`. Enforces which tools there are, not asking or patterns.

Measured on @anthropic-ai/claude-code 2.1.330: a missing `tools` key means every tool, and so does a
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

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple
from unicodedata import normalize

from promptpack.model import (
    CAPABILITIES,
    OTHER_MCP,
    Agent,
    Capability,
    Effect,
    Grant,
    Policy,
    find_capability,
    make_mcp_name,
    split_mcp_name,
)
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
from promptpack.targets.cursor import is_read_only
from promptpack.targets.target import FRONT_MATTER_FIELDS, Reasons, Target

NAME = "claude-code"

TOOLS: Mapping[Capability, tuple[str, ...]] = {
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

OTHER_WAYS: Mapping[Capability, tuple[str, ...]] = {
    "grep": ("LSP",),
    "execute": ("Monitor",),
    "task": ("Workflow", "RemoteTrigger"),
}
"""Tools that give some of a capability by another way. None is ever written, but a file may."""

NO_CAPABILITY: Mapping[str, str] = {
    tool: reason
    for reason, tools in {
        "it asks or tells the user something": "AskUserQuestion EndConversation OfferChromeSetup"
        " PushNotification ReportFindings SendFeedback SendUserFile SendUserMessage SetGoal"
        " ShareOnboardingGuide ShowOnboardingRolePicker propose_skills",
        "it publishes or looks up what the user keeps with Anthropic": "Artifact ClaudeDesign"
        " Projects",
        "it changes the session's mode or folder": "EnterPlanMode EnterWorktree ExitPlanMode"
        " ExitWorktree",
        "it starts the same session again later": "CronCreate CronDelete CronList ReadNotifications"
        " ScheduleWakeup",
        "it reaches agents and commands that were started already": "ListAgents SendMessage"
        " SubagentHandback TaskStop",
        "it names or awaits tools, and gives none": "ToolSearch WaitForMcpServers",
        "it reads resources of MCP servers, not their tools": "ListMcpResourcesTool"
        " ReadMcpResourceDirTool ReadMcpResourceTool",
    }.items()
    for tool in tools.split()
}
"""The other tools that Claude Code knows, and why they are part of no capability."""

_ALIASES = {
    "Task": "Agent",
    "KillShell": "TaskStop",
    "KillBash": "TaskStop",
    "ListPeers": "ListAgents",
    "Brief": "SendUserMessage",
    "ProposeGoal": "SetGoal",
    "ListMcpResources": "ListMcpResourcesTool",
    "ReadMcpResource": "ReadMcpResourceTool",
    "ReadMcpResourceDir": "ReadMcpResourceDirTool",
}
_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "description": str,
    "tools": (str, list),
    "disallowedTools": (str, list),
    "model": str,
    "readonly": bool,
}
_KNOWN_TOOLS = frozenset(t for tools in (*TOOLS.values(), *OTHER_WAYS.values()) for t in tools)
_NAME_LIMIT = 256
_FRONT_MATTER = re.compile(r"---\s*\n(.*?)---\s*\n?", re.DOTALL)
_ONE_LINE_VALUE = re.compile(r"([a-zA-Z_-]+):\s+(\S[^\r\n\u2028\u2029]*)")
_SPECIAL = re.compile(r"[{}\[\]*&#!|>%@`]|: ")
_TABS = re.compile(r"^\t+")
_MCP = re.compile(r"mcp__(.+?)(?:__(.+))?")
_ENTRY = re.compile(r"[^\s,()]+(?:\([^)]*\))?")


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the tools there are, unless all are meant."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    names: tuple[str, ...] = (*CAPABILITIES, *agent.policy.list_mcp_names())
    switches = {name: grants_fully(agent, name) for name in (*names, OTHER_MCP)}
    if agent.policy.default is Effect.DENY or not all(switches.values()):
        listed_tools = [t for name in names if switches[name] for t in _list_tool_names(name)]
        front_matter["tools"] = ", ".join(listed_tools) or []
        if denied_tools := _list_denied_tools(switches):
            front_matter["disallowedTools"] = ", ".join(denied_tools)
    if is_read_only(agent):
        front_matter["readonly"] = True
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
        f"the tool '{entry}' has no capability: {NO_CAPABILITY[entry]}"
        if entry in NO_CAPABILITY
        else f"unknown tool '{entry}'"
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


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield which names of MCP servers Claude Code would take apart in another way.

    The server in `mcp__server__tool` ends at the first `__`; the tool may hold another.
    """
    for name in agent.policy.list_mcp_names():
        if "__" in f"{split_mcp_name(name)[0]}_":
            yield f"'{name}' can't be written: Claude Code ends a server's name at the first '__'"


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
        denied = frozenset(_iter_tool_names(keys.get("disallowedTools")))
        listed = frozenset(_iter_tool_names(keys.get("tools", "*")))
        if "*" in listed:
            return cls(None, denied)
        return cls(listed | ({"Read", "Edit", "Write"} if keys.get("memory") else set()), denied)

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
        names = (*TOOLS.get(capability, ()), *OTHER_WAYS.get(capability, ()))
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
    """Yield the tool names of a comma string or a list; `Bash(x)` is the whole of Bash.

    `*` is every tool, also between other names; `*(x)` is none.
    """
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    for text in texts:
        for entry in _ENTRY.findall(text) if isinstance(text, str) else ():
            name = entry if entry.startswith("*") else entry.partition("(")[0]
            yield _ALIASES.get(name, name)


def _list_tool_names(name: str) -> tuple[str, ...]:
    if capability := find_capability(name):
        return TOOLS.get(capability, ())
    return ("__".join(("mcp", *filter(None, split_mcp_name(name)))),)


def _list_denied_tools(switches: Mapping[str, bool]) -> list[str]:
    """Return the tools that are taken from MCP servers whose other tools are listed."""
    return [
        tool
        for name, is_given in switches.items()
        if not is_given and switches.get(name.partition("/")[0])
        for tool in _list_tool_names(name)
    ]


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
    harmless_keys=frozenset({"readonly"}),
    read_by=("copilot", "cursor"),
    own_agents=frozenset({"claude", "Explore", "general-purpose", "Plan", "statusline-setup"}),
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
        fields={"mode": "Claude Code loads every agent file as a subagent; start it with --agent"},
    ),
)
