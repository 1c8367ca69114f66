"""Cline: `.cline/agents/<name>.yaml`. Enforces which tools there are, not asking or patterns.

Read in the program of @cline/core 0.0.86, of which only the reader of files was run. A missing
`tools` key means every tool that an agent can have, an empty list none; names are taken in any
case, older ones too, and unknown ones are passed over. An agent never has tools of MCP servers.
Which of two tools changes files depends on the model, so both are listed, or none. A file with a
wrong value, or front matter that is not YAML, is left out with an error.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from promptpack.model import CAPABILITIES, FILE_CHANGES, Agent, Capability, Effect, Grant, Policy
from promptpack.source import frontmatter
from promptpack.targets.codec import (
    check_front_matter,
    find_wrong_value,
    grants_fully,
    is_text_list,
    join_front_matter,
    make_agent,
    make_switch_grant,
    read_front_matter,
)
from promptpack.targets.extras import Extra, make_count, read_extra
from promptpack.targets.problems import Problem, list_unknown
from promptpack.targets.target import FRONT_MATTER_FIELDS, ClientCheck, Reasons, Target

NAME = "cline"

TOOLS: Mapping[Capability, tuple[str, ...]] = {
    "read": ("read_files",),
    "grep": ("search_codebase",),
    **dict.fromkeys(FILE_CHANGES, ("editor", "apply_patch")),
    "execute": ("run_commands",),
    "web_fetch": ("fetch_web_content",),
    "skill": ("skills",),
    "question": ("ask_question",),
}
"""The tools that a capability is made of; any one of them gives some of it."""

_ALIASES = {
    **dict.fromkeys(("apply_diff", "replace_in_file", "write_to_file"), "editor"),
    **dict.fromkeys(("bash", "execute_command", "list_files"), "run_commands"),
    **dict.fromkeys(("list_code_definition_names", "search_files"), "search_codebase"),
    **dict.fromkeys(("read_file",), "read_files"),
    **dict.fromkeys(("use_skill",), "skills"),
}
_KEYS: Mapping[str, type] = {"name": str, "description": str, "tools": list, "modelId": str}
_EXTRAS: Mapping[str, Extra] = {"maxIterations": make_count("stops the agent after so many turns")}
_ABSENT: frozenset[Capability] = frozenset({"list", "glob", "web_search", "todo", "task"})


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the tools there are, unless all are meant."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    given = [tool for tool in _list_tools() if _gives(agent, tool)]
    if agent.policy.default is Effect.DENY or given != _list_tools():
        front_matter["tools"] = given
    if model := agent.model.ids.get(NAME):
        front_matter["modelId"] = model
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Cline makes of a file; what it does not give is denied."""
    head, _, _ = frontmatter.split_front_matter(text.removeprefix("\ufeff"))
    keys, body = read_front_matter(text)
    with suppress(ValueError):  # Cline loads no such file; it is read key by key
        keys = keys if head is None else frontmatter.read_mapping(head, merges=False)
    policy = _make_effective_policy(_read_tools(keys))
    named = {**keys, "model": keys.get("modelId")}
    return make_agent(NAME, named, stem, body, policy, extra=read_extra(keys, _EXTRAS))


def find_problems(text: str) -> list[Problem]:
    """Return what Cline would refuse, or take otherwise than the file says."""
    tools = read_front_matter(text)[0].get("tools")
    names = map(str, tools if isinstance(tools, list) else ())
    required_keys = sorted(FRONT_MATTER_FIELDS)
    return [
        *check_front_matter(text, _KEYS, required_keys, _EXTRAS, held_keys=["tools"]),
        *list_unknown(f"unknown tool '{name}'" for name in names if name not in _list_tools()),
    ]


def find_refusal(text: str) -> str:
    """Return why Cline would not load a file, or nothing; unknown keys are passed over."""
    head, body, _ = frontmatter.split_front_matter(text.removeprefix("\ufeff"))
    if head is None:
        return "the file does not start with front matter"
    try:
        keys = frontmatter.read_mapping(head, merges=False)
    except ValueError as error:
        return f"the front matter is not YAML: {error}"
    for key in FRONT_MATTER_FIELDS:
        if key not in keys:
            return f"'{key}' is missing"
    checks = {
        **dict.fromkeys(("name", "description", "modelId", "providerId"), _is_word),
        **dict.fromkeys(("tools", "skills"), lambda v: isinstance(v, str) or is_text_list(v)),
        "maxIterations": lambda v: type(v) in (int, float) and v > 0 and v % 1 == 0,
    }
    return find_wrong_value(keys, checks) or ("" if body.strip() else "the prompt is empty")


def _list_tools() -> list[str]:
    return [*dict.fromkeys(tool for tools in TOOLS.values() for tool in tools)]


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _gives(agent: Agent, tool: str) -> bool:
    """Tell whether an agent may have all that a tool gives."""
    return all(grants_fully(agent, c) for c, tools in TOOLS.items() if tool in tools)


def _read_tools(keys: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the tools that a head names, None where it may mean every tool."""
    tools = keys.get("tools")
    names = tools.split(",") if isinstance(tools, str) else tools
    if not is_text_list(names):
        return None
    lowered = (name.strip().lower() for name in names or ())
    given = frozenset(_ALIASES.get(name, name) for name in lowered)
    return given | {"skills"} if "skills" in keys else given


@lru_cache(maxsize=64)
def _make_effective_policy(listed: frozenset[str] | None) -> Policy:
    grants: dict[str, Grant] = {}
    for capability in CAPABILITIES:
        tools = TOOLS.get(capability, ())
        is_given = any(listed is None or tool in listed for tool in tools)
        grants[capability] = make_switch_grant(is_given)
    return Policy(Effect.DENY, grants)


CLINE = Target(
    name=NAME,
    title="Cline",
    synonyms=("cline agent", "subagent"),
    path=".cline/agents/{name}.yaml",
    user_path=".cline/agents/{name}.yaml",
    places=(".cline/agents/{name}.yaml", ".cline/agents/{name}.yml"),
    signs=(".cline", ".clinerules"),
    program="cline",
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    check=ClientCheck(
        "documentation", "the program of core 0.0.86, read and not run", day="2026-11-27"
    ),
    provides=frozenset(TOOLS),
    absent=_ABSENT,
    stand_ins={"list": ("execute",), "glob": ("grep", "execute")},
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"tools", "skills"}),
    harmless_keys=frozenset({"modelId"}),
    field_keys={"policy": ("tools",), "model": ("modelId",)},
    extras=_EXTRAS,
    refused_extras={
        "skills": "it gives the agent the tool that loads skills",
        "providerId": "it belongs to the user's settings",
    },
    tool_names={
        tool: tuple(c for c, tools in TOOLS.items() if tool in tools) for tool in _list_tools()
    },
    reasons=Reasons(
        capabilities={
            **dict.fromkeys(FILE_CHANGES, "Cline gives all tools that change files, or none"),
            "list": "Cline has no tool to list folders; the shell does that",
            "glob": "Cline has no tool to find files; its search and the shell do that",
            "web_search": "Cline has no tool to search the web",
            "todo": "Cline gives agents no to-do list",
            "task": "Cline does not let an agent start another",
        },
        patterns="Cline has no patterns for a single agent: a tool is on or off",
        ask="Cline can't ask for a single agent: a tool is on or off",
        mcp="Cline gives agents no tools of MCP servers",
        fields={"mode": "Cline runs every agent file as a subagent"},
    ),
)
