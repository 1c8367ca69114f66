"""Junie: `.junie/agents/<name>.md`. Enforces which groups of its tools there are.

From JetBrains' documentation of Junie CLI's custom subagents, not measured. A missing or an empty
`tools` key means every tool; a list names groups of them and takes the rest away, tools of MCP
servers too. `disallowedTools` wins over it. How a list names MCP tools is not documented,
so none is listed. No group loads skills or starts other agents: nothing takes those away. `$word`
in a prompt is shown as a place for a value, without a way to escape it: no such prompt is written.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpack.model import Agent, Capability, Effect
from promptpack.patterns import compile_late
from promptpack.targets.codec import (
    as_text,
    join_front_matter,
    make_agent,
    read_front_matter,
)
from promptpack.targets.extras import Extra, make_count, make_lines, read_extra
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import FRONT_MATTER_FIELDS, ClientCheck, Target
from promptpack.targets.word_lists import (
    Words,
    check_words,
    list_capabilities,
    list_given_words,
    make_list_reasons,
    make_switched_policy,
    may_have_servers,
    read_words,
)

NAME = "junie"

TOOLS: Words = {
    "Read": ("read",),
    "Glob": ("glob",),
    "Grep": ("grep",),
    "Edit": ("edit", "patch"),
    "Write": ("write",),
    "Bash": ("execute",),
    "WebSearch": ("web_search",),
    "AskUserQuestion": ("question",),
}
"""The groups of tools, and what each gives."""

ALWAYS: tuple[Capability, ...] = ("task", "skill")
"""What no list is known to take away."""

_KEYS: Mapping[str, type] = {"name": str, "description": str, "tools": list, "model": str}
_EXTRAS: Mapping[str, Extra] = {
    "maxTurns": make_count("stops the agent after so many turns"),
    "skills": make_lines("loads these skills for the agent"),
}
_NAME = compile_late(r"[a-z][a-z0-9-]*")
_ARGUMENT = compile_late(r"\$[A-Za-z_]\w*")


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the groups there are, unless all tools are meant."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if not _may_have_all(agent):
        front_matter["tools"] = list_given_words(agent, TOOLS)
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Junie makes of a file; what is not known to be denied is there."""
    keys, body = read_front_matter(text)
    listed = read_words(keys.get("tools"), TOOLS)
    denied = keys.get("disallowedTools")
    left = {*(listed or TOOLS)}.difference(map(as_text, denied if isinstance(denied, list) else ()))
    given = list_capabilities(TOOLS, left).union(ALWAYS)
    policy = make_switched_policy(given, has_servers=listed is None or "mcpServers" in keys)
    return make_agent(NAME, keys, stem, body, policy, extra=read_extra(keys, _EXTRAS))


def find_problems(text: str) -> list[Problem]:
    """Return what Junie would take otherwise than the file says, or could."""
    keys, body = read_front_matter(text)
    problems = check_words(text, _KEYS, sorted(FRONT_MATTER_FIELDS), TOOLS, _EXTRAS)
    if not _NAME.fullmatch(name := as_text(keys.get("name"))):
        words = f"the name '{name}' may only contain lower-case letters, digits and -"
        problems += list_misread([words], "name")
    return problems + list_unknown(
        f"the prompt contains '{word}', for which Junie may want a value"
        for word in dict.fromkeys(_ARGUMENT.findall(body))
    )


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield why an agent can't be written: its list of tools would be empty."""
    if not (_may_have_all(agent) or list_given_words(agent, TOOLS)):
        yield "no tool would be listed: an empty list gives every tool in Junie"


def _may_have_all(agent: Agent) -> bool:
    """Tell whether an agent may have every tool, those that Junie gets later too."""
    is_open = agent.policy.default is not Effect.DENY and may_have_servers(agent)
    return is_open and len(list_given_words(agent, TOOLS)) == len(TOOLS)


JUNIE = Target(
    name=NAME,
    title="Junie",
    synonyms=("jetbrains", "intellij", "subagent"),
    path=".junie/agents/{name}.md",
    user_path=".junie/agents/{name}.md",
    places=(".junie/agents/{name}.md", ".agents/{name}.md"),
    signs=(".junie",),
    program="junie",
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck("documentation", "custom subagents", day="2026-11-27"),
    provides=list_capabilities(TOOLS).union(ALWAYS),
    absent=frozenset({"list", "web_fetch", "todo"}),
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"tools", "disallowedTools", "mcpServers"}),
    field_keys={"policy": ("tools", "disallowedTools")},
    extras=_EXTRAS,
    refused_extras={
        "mcpServers": "it is not known what it gives an agent that has a list of tools",
        "permissionMode": "a mode can run tools without asking, whatever the policy says",
    },
    tool_names=TOOLS,
    refuse=find_refusals,
    reasons=make_list_reasons(
        "Junie",
        capabilities={
            **dict.fromkeys(
                ALWAYS, "it is not known that a list of tools takes this away in Junie"
            ),
            **dict.fromkeys(("edit", "patch"), "Junie has one word for editing and patches"),
            "list": "Junie's documentation names no tool to list folders",
            "web_fetch": "Junie's documentation names no tool to fetch web pages",
            "todo": "Junie's documentation names no to-do list",
        },
        mcp="it is not documented how a list of tools names those of MCP servers in Junie",
        fields={
            "effort": "it was not checked what Junie does with an effort",
            "mode": "Junie runs every agent file as a subagent",
        },
    ),
)
