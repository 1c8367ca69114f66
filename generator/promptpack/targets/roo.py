"""Roo Code, and Zoo Code after it: `.roomodes`. Enforces which groups of its tools there are.

Read in the sources of both, not run; the schema of a mode is their own. A mode has the groups that
it names, and a file with a mode that names none, or an unknown one, is not loaded. Every mode can
ask, keep a to-do list, load skills, start another mode in a task of its own, and ask the user to
go on in another mode. `fileRegex` holds back most tools that change files and not all, so it is
read as if it were not there, and never written. The text of a mode is no template.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from textwrap import indent
from typing import Any

from promptpack.model import FILE_CHANGES, Agent, Capability
from promptpack.source.yaml_writer import write_mapping, write_text
from promptpack.targets.codec import as_text, make_agent
from promptpack.targets.extras import Extra, make_choice, make_text, read_extra
from promptpack.targets.problems import Problem
from promptpack.targets.roo_file import (
    MODES,
    REPLACED,
    find_mode_problems,
    find_refusal,
    read_groups,
    read_modes,
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
"""The groups of tools, and what each gives."""

OTHER_GROUPS: Words = {"mcp": (), "modes": (), "browser": ("web_fetch",), "web": ("web_fetch",)}
"""Groups of all MCP servers, of what every mode has, of older Roo Code, and of Zoo Code alone."""

ALWAYS: tuple[Capability, ...] = ("todo", "task", "skill", "question")
"""What every mode has."""

_KEYS = ("slug", "name", "roleDefinition", "whenToUse", "groups")
_EXTRAS: Mapping[str, Extra] = {
    "description": make_text("shows this text in the list of modes"),
    "customInstructions": make_text("ends the system prompt with this text"),
    "source": make_choice("says where the mode is kept", "project", "global"),
}
_OWN_MODES = frozenset({"architect", "code", "ask", "debug", "orchestrator"})


def encode(agent: Agent) -> str:
    """Return the entry of the agent's mode in the list of modes."""
    given = list_given_words(agent, TOOLS)
    mode: dict[str, Any] = {"slug": agent.stem, "name": agent.name, "roleDefinition": agent.prompt}
    mode |= {"whenToUse": agent.description} if agent.description else {}
    extra = {key: agent.extra[key] for key in _EXTRAS if key in agent.extra}
    source = {"source": extra.pop("source")} if "source" in extra else {}
    mode |= {**extra, "groups": [*given, *(["mcp"] if may_have_servers(agent) else [])], **source}
    lines = "".join(f"{_write_key(key, value)}\n" for key, value in mode.items())
    return "  - " + indent(lines, "    ").removeprefix("    ")


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Roo Code makes of a mode; what is not known to be denied is there."""
    mode = _find_mode(text, stem)
    groups, known = read_groups(mode), {**TOOLS, **OTHER_GROUPS}
    is_open = "groups" not in mode or not known.keys() >= {*groups}
    given = list_capabilities(known, None if is_open else groups).union(ALWAYS)
    policy = make_switched_policy(given, has_servers=is_open or "mcp" in groups)
    keys = {"name": mode.get("name"), "description": mode.get("whenToUse")}
    agent = make_agent(NAME, keys, stem, "", policy, mode="all", extra=read_extra(mode, _EXTRAS))
    return replace(agent, prompt=as_text(mode.get("roleDefinition")))


def find_problems(text: str) -> list[Problem]:
    """Return what Roo Code would refuse, or take otherwise than the file says."""
    return find_mode_problems(text, {*_KEYS}, {*TOOLS, "mcp"}, _EXTRAS)


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield why an agent can't be written: Roo Code has a mode of its slug itself."""
    if agent.stem in _OWN_MODES - {agent.name}:
        yield f"Roo Code has a mode '{agent.stem}' of its own"


def _find_mode(text: str, stem: str) -> Mapping[str, Any]:
    modes = read_modes(text) or [{}]
    return next((mode for mode in modes if mode.get("slug") == stem), modes[0])


def _write_key(key: str, value: object) -> str:
    if isinstance(value, str):
        return f"{key}: {write_text(value, REPLACED)}"
    return write_mapping({key: value}).removesuffix("\n")


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
        "client", "its own schema of modes (all fields)", "roo-code/types 1.115.0", "2026-11-27"
    ),
    provides=list_capabilities(TOOLS).union(ALWAYS),
    absent=frozenset({"glob", "web_fetch", "web_search"}),
    stand_ins={"glob": ("list", "grep")},
    block=MODES,
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"groups"}),
    harmless_keys=frozenset({"slug", "roleDefinition", "whenToUse"}),
    field_keys={"policy": ("groups",), "description": ("whenToUse",)},
    extras=_EXTRAS,
    refused_extras={
        "allowedMcpServers": "only Zoo Code reads it: Roo Code gives the tools of every server",
    },
    own_agents=_OWN_MODES,
    tool_names={**TOOLS, **OTHER_GROUPS},
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
