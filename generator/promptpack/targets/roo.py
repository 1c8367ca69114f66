"""Roo Code, and Zoo Code after it: `.roomodes`. Enforces which groups of its tools there are.

Read in the sources of both, not run; the schema of a mode is their own. A mode has the groups that
it names, and a file with a mode that names none, or an unknown one, is not loaded. Every mode can
ask, keep a to-do list, load skills, start another mode in a task of its own, and ask the user to
go on in another mode. `fileRegex` holds back most tools that change files and not all, so it is
read as if it were not there, and never written. The text of a mode is no template.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from promptpack.model import FILE_CHANGES, Agent, Capability
from promptpack.targets.codec import as_text, make_agent
from promptpack.targets.extras import Extra, make_choice, make_text, read_extra
from promptpack.targets.list_blocks import write_entry
from promptpack.targets.problems import Problem
from promptpack.targets.roo_file import (
    MODES,
    REPLACED,
    find_mode,
    find_mode_problems,
    find_refusal,
    read_groups,
)
from promptpack.targets.target import ClientCheck, Target
from promptpack.targets.word_lists import (
    Words,
    list_capabilities,
    list_given_words,
    make_list_reasons,
    make_switched_policy,
    may_have_servers,
)

NAME = "roo"

TOOLS: Words = {
    "read": ("read", "list", "grep"),
    "edit": FILE_CHANGES,
    "command": ("execute",),
}
OTHER_GROUPS: Words = {"mcp": (), "modes": (), "browser": ("web_fetch",), "web": ("web_fetch",)}
"""More groups: MCP servers, what every mode has, one of older Roo Code, one of Zoo Code alone."""

ALWAYS: tuple[Capability, ...] = ("todo", "task", "skill", "question")
"""What every mode has."""

_KEYS = ("slug", "name", "roleDefinition", "description", "groups")
_EXTRAS: Mapping[str, Extra] = {
    "whenToUse": Extra(
        "a text, empty to leave it out",
        lambda value: isinstance(value, str),
        "tells other modes when to use this one, which is else the description",
    ),
    "customInstructions": make_text("ends the system prompt with this text"),
    "source": make_choice("says where the mode is kept", "project", "global"),
}
_OWN_MODES = frozenset({"architect", "code", "ask", "debug", "orchestrator"})


def encode(agent: Agent) -> str:
    """Return the entry of the agent's mode in the list of modes."""
    mode: dict[str, Any] = {
        "slug": agent.stem,
        "name": agent.name,
        "roleDefinition": agent.prompt,
        "whenToUse": agent.extra.get("whenToUse", agent.description),
        "description": agent.description,
        "customInstructions": agent.extra.get("customInstructions", ""),
        "groups": list_given_words(agent, TOOLS) + ["mcp"] * may_have_servers(agent),
        "source": agent.extra.get("source", ""),
    }
    return write_entry(mode, REPLACED)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Roo Code makes of a mode; what is not known to be denied is there."""
    mode = find_mode(text, stem)
    groups, known = read_groups(mode), {**TOOLS, **OTHER_GROUPS}
    is_open = not isinstance(mode.get("groups"), list) or not known.keys() >= {*groups}
    given = list_capabilities(known, None if is_open else groups).union(ALWAYS)
    policy = make_switched_policy(given, has_servers=is_open or "mcp" in groups)
    extra = {"whenToUse": "", **read_extra(mode, _EXTRAS)}
    if extra["whenToUse"] == as_text(mode.get("description")):
        del extra["whenToUse"]
    keys = {key: mode.get(key) for key in ("name", "description")}
    agent = make_agent(NAME, keys, stem, "", policy, mode="all", extra=extra)
    return replace(agent, prompt=as_text(mode.get("roleDefinition")) or "\n")


def find_problems(text: str) -> list[Problem]:
    """Return what Roo Code would refuse, or take otherwise than the file says."""
    return find_mode_problems(text, {*_KEYS}, {*TOOLS, "mcp"}, _EXTRAS)


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield why an agent can't be written: Roo Code has a mode of its slug itself."""
    if agent.stem in _OWN_MODES - {agent.name}:
        yield f"Roo Code has a mode '{agent.stem}' of its own"


ROO = Target(
    name=NAME,
    title="Roo Code",
    synonyms=("roo code", "roo-code", "zoo", "zoo code", "zoo-code", "roomodes", "custom mode"),
    path=".roomodes",
    places=(".roomodes", ".zoomodes"),
    signs=(".roo", ".roomodes", ".zoo", ".zoomodes"),
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    check=ClientCheck(
        "schema",
        "modes (all fields); all else is from its source",
        "roo-code/types 1.115.0",
        "2026-11-27",
    ),
    provides=list_capabilities(TOOLS).union(ALWAYS),
    absent=frozenset({"glob", "web_fetch", "web_search"}),
    block=MODES,
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"groups"}),
    harmless_keys=frozenset({"slug", "roleDefinition"}),
    extras=_EXTRAS,
    refused_extras={
        "allowedMcpServers": "only Zoo Code reads it: Roo Code gives the tools of every server",
    },
    own_agents=_OWN_MODES,
    tool_names=TOOLS,
    refuse=find_refusals,
    reasons=make_list_reasons(
        "Roo Code",
        capabilities={
            **dict.fromkeys(ALWAYS, "Roo Code gives this to every mode"),
            **dict.fromkeys(("read", "list", "grep"), "Roo Code has one group of tools that read"),
            **dict.fromkeys(FILE_CHANGES, "Roo Code has one group of tools that change files"),
            "glob": "Roo Code has no tool to find files by name; it lists and searches them",
            "web_fetch": "Roo Code has no tool to fetch web pages",
            "web_search": "Roo Code has no tool to search the web",
        },
        mcp="Roo Code gives the tools of all MCP servers, or none",
        fields={
            "model": "a mode has no model: the user chooses one in Roo Code",
            "mode": "Roo Code runs a mode for a user and as a task of another mode",
        },
    ),
)
