"""Qwen Code: `.qwen/agents/<name>.md`. Enforces which tools there are, not asking or patterns.

Measured on @qwen-code/qwen-code 0.24.4: a missing `tools` key means every tool, and so does an
empty list, a `*` in it, and anything but a list or a text; unknown names are dropped without a
word. `disallowedTools` wins over `tools`. A list takes tools of MCP servers by their whole names
only: no name gives a server. So an allow-list is written as soon as one of the client's own tools
is denied, and servers are lost with it. Where only MCP names are denied, a deny-list says that.

`exec`, listed where a setting lets the model write code, gives every tool. An agent without
`approvalMode` may edit files unasked in a folder that the user trusts.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpack.model import (
    OTHER_MCP,
    Agent,
    Effect,
    split_mcp_name,
)
from promptpack.patterns import compile_late
from promptpack.targets.codec import (
    as_text,
    check_front_matter,
    grants_fully,
    join_front_matter,
    make_agent,
)
from promptpack.targets.extras import Extra, make_choice, make_count, read_extra
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.qwen_file import (
    ALIASES,
    find_refusal,
    find_wrong_name,
    find_wrong_prompt,
    list_names,
    read_file,
    read_lists,
)
from promptpack.targets.target import FRONT_MATTER_FIELDS, ClientCheck, Reasons, Target
from promptpack.targets.tool_lists import (
    ToolNames,
    ToolTable,
    is_mcp_tool,
    list_tool_names,
    make_listed_policy,
)

NAME = "qwen"

TOOLS: ToolNames = {
    "read": ("read_file",),
    "list": ("list_directory",),
    "glob": ("glob",),
    "grep": ("grep_search",),
    "edit": ("edit", "notebook_edit"),
    "write": ("write_file",),
    "execute": ("run_shell_command",),
    "web_fetch": ("web_fetch",),
    "web_search": ("web_search",),
    "task": ("agent",),
    "skill": ("skill",),
}

OTHER_WAYS: ToolNames = {
    "read": ("zoom_image",),
    "grep": ("lsp",),
    "execute": ("monitor",),
    "task": ("create_sub_session",),
}
"""Tools that give some of a capability by another way. None is ever written, but a file may."""

_TABLE = ToolTable(TOOLS, OTHER_WAYS, ALIASES)
_NOTHING = "ask_user_question"
"""A tool that no agent gets: a list of it alone gives nothing, where an empty one gives all."""

_KEYS: Mapping[str, type] = {
    "name": str,
    "description": str,
    "tools": list,
    "disallowedTools": list,
    "model": str,
}
_COLORS = ("red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan", "auto")
_EXTRAS: Mapping[str, Extra] = {
    "color": make_choice("shows the agent in this color", *_COLORS),
    "maxTurns": make_count("stops the agent after so many turns"),
}
_WORD = compile_late(r"\$\{[a-zA-Z_]\w*\}")


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the tools there are, unless all are meant."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    given = {name for name in (*TOOLS, OTHER_MCP) if grants_fully(agent, name)}
    names = agent.policy.list_mcp_names()
    if agent.policy.default is Effect.DENY or not given.issuperset((*TOOLS, OTHER_MCP)):
        listed = (*TOOLS, *(n for n in names if split_mcp_name(n)[1]))
        fully = (name for name in listed if grants_fully(agent, name))
        tools = [tool for name in fully for tool in list_tool_names(TOOLS, name)]
        front_matter["tools"] = tools or [_NOTHING]
    elif denied := [_spell_denied(name) for name in names if not grants_fully(agent, name)]:
        front_matter["disallowedTools"] = [*dict.fromkeys(denied)]
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Qwen Code makes of a file; what it does not give is denied."""
    keys, body = read_file(text)
    policy = make_listed_policy(_TABLE, read_lists(keys))
    return make_agent(NAME, keys, stem, body, policy, extra=read_extra(keys, _EXTRAS))


def find_problems(text: str) -> list[Problem]:
    """Return why Qwen Code would refuse a file, or take something else from it than it says."""
    keys, body = read_file(text)
    listed = [*list_names(keys.get("tools")), *list_names(keys.get("disallowedTools"))]
    known = {*_TABLE.names, _NOTHING}
    misread = [find_wrong_name(as_text(keys.get("name"))), find_wrong_prompt(body)]
    misread += [
        f"the prompt contains '{word}', for which Qwen Code wants a value"
        for word in dict.fromkeys(_WORD.findall(body))
    ]
    if "tools" in keys and not list_names(keys["tools"]):
        misread.append("'tools' names no tool, and Qwen Code then gives every tool")
    held_keys = ("tools", "disallowedTools")
    return [
        *check_front_matter(text, _KEYS, sorted(FRONT_MATTER_FIELDS), _EXTRAS, held_keys),
        *list_unknown(
            f"unknown tool '{n}'" for n in listed if n not in known and not is_mcp_tool(n)
        ),
        *list_misread(filter(None, misread)),
    ]


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield which names of MCP servers and tools could also be those of others.

    `mcp__server__tool` is one name to Qwen Code, wherever a server's name ends in it.
    """
    for name in agent.policy.list_mcp_names():
        server, tool = split_mcp_name(name)
        if "__" in f"{server}_" or "__" in f"_{tool}":
            yield f"'{name}' can't be written: in Qwen Code, '__' ends the name of a server"


def _spell_denied(name: str) -> str:
    """Return the name by which a tool or server is denied: the server's, if that is not certain.

    What Qwen Code can't have in a name becomes `_`, and the tool then gets a mark at its end.
    """
    (spelled,) = list_tool_names(TOOLS, name.partition("/")[0] if "_" in name else name)
    return spelled


QWEN = Target(
    name=NAME,
    title="Qwen Code",
    synonyms=("qwen", "alibaba", "subagent"),
    path=".qwen/agents/{name}.md",
    user_path=".qwen/agents/{name}.md",
    signs=(".qwen", "QWEN.md"),
    program="qwen",
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    check=ClientCheck(
        "client", "its own agent loader (prompt, tools)", "qwen-code 0.24.4", "2026-11-27"
    ),
    provides=frozenset(TOOLS),
    absent=frozenset({"patch", "todo", "question"}),
    stand_ins={"patch": ("edit",)},
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"tools", "disallowedTools", "executor"}),
    field_keys={"policy": ("tools", "disallowedTools")},
    extras=_EXTRAS,
    refused_extras={
        "approvalMode": "a mode can run tools without asking, whatever the policy says",
        "permissionMode": "a mode can run tools without asking, whatever the policy says",
        "hooks": "a hook runs commands, whatever the policy says",
        "mcpServers": "the client starts a server that an agent brings; add it to the settings",
        "executor": "another program runs the agent, and heeds no list of tools",
    },
    kept_grants={"hooks": ("execute",)},
    own_agents=frozenset(
        ("general-purpose", "Explore", "statusline-setup", "review-agent", "claude-code", "codex")
    ),
    tool_names=_TABLE.names,
    refuse=find_refusals,
    reasons=Reasons(
        capabilities={
            "patch": "Qwen Code has no patch tool",
            "todo": "Qwen Code gives agents no to-do list",
            "question": "Qwen Code gives agents no tool to ask questions",
        },
        patterns="Qwen Code has no patterns for a single agent: a tool is on or off",
        ask="Qwen Code can't ask for a single agent: a tool is on or off",
        mcp="Qwen Code can list single tools of MCP servers, and no whole server",
        fields={"mode": "Qwen Code runs every agent file as a subagent"},
    ),
)
