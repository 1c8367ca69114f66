"""Cline: `.cline/agents/<name>.yaml`. Enforces which tools there are, not asking or patterns.

Read in the program of @cline/core 0.0.86, of which only the reader of files was run. A missing
`tools` key means every tool that an agent can have, an empty list none; names are taken in any
case, older ones too, and unknown ones are passed over. An agent never has tools of MCP servers.
Which of two tools changes files depends on the model, so both are listed, or none. A file with a
wrong value, or front matter that is not YAML, is left out with an error.
"""

from collections.abc import Mapping
from typing import Any

from promptpack.model import FILE_CHANGES, Agent, Capability, Effect
from promptpack.targets.cline_file import find_refusal, read_file, read_tools
from promptpack.targets.codec import join_front_matter, make_agent
from promptpack.targets.extras import Extra, make_count, read_extra
from promptpack.targets.problems import Problem
from promptpack.targets.target import FRONT_MATTER_FIELDS, ClientCheck, Target
from promptpack.targets.word_lists import (
    Words,
    check_words,
    list_capabilities,
    list_given_words,
    make_list_reasons,
    make_switched_policy,
)

NAME = "cline"

TOOLS: Words = {
    "read_files": ("read",),
    "search_codebase": ("grep",),
    **dict.fromkeys(("editor", "apply_patch"), FILE_CHANGES),
    "run_commands": ("execute",),
    "fetch_web_content": ("web_fetch",),
    "skills": ("skill",),
    "ask_question": ("question",),
}
"""The tools, and what each gives, or some of it."""

_KEYS: Mapping[str, type] = {"name": str, "description": str, "tools": list, "modelId": str}
_EXTRAS: Mapping[str, Extra] = {"maxIterations": make_count("stops the agent after so many turns")}
_ABSENT: frozenset[Capability] = frozenset({"list", "glob", "web_search", "todo", "task"})


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the tools there are, unless all are meant."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    given = list_given_words(agent, TOOLS)
    if agent.policy.default is Effect.DENY or len(given) < len(TOOLS):
        front_matter["tools"] = given
    if model := agent.model.ids.get(NAME):
        front_matter["modelId"] = model
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Cline makes of a file; what it does not give is denied."""
    keys, body = read_file(text)
    given = list_capabilities(TOOLS, read_tools(keys))
    policy = make_switched_policy(given, has_servers=False)
    named = {**keys, "model": keys.get("modelId")}
    return make_agent(NAME, named, stem, body, policy, extra=read_extra(keys, _EXTRAS))


def find_problems(text: str) -> list[Problem]:
    """Return what Cline would refuse, or take otherwise than the file says."""
    return check_words(text, _KEYS, sorted(FRONT_MATTER_FIELDS), TOOLS, _EXTRAS)


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
    provides=list_capabilities(TOOLS),
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
    tool_names=TOOLS,
    reasons=make_list_reasons(
        "Cline",
        capabilities={
            **dict.fromkeys(FILE_CHANGES, "Cline gives all tools that change files, or none"),
            "list": "Cline has no tool to list folders; the shell does that",
            "glob": "Cline has no tool to find files; its search and the shell do that",
            "web_search": "Cline has no tool to search the web",
            "todo": "Cline gives agents no to-do list",
            "task": "Cline does not let an agent start another",
        },
        mcp="Cline gives agents no tools of MCP servers",
        fields={"mode": "Cline runs every agent file as a subagent"},
    ),
)
