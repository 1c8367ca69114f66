"""Factory: `.factory/droids/<name>.md`. Enforces which of its tools there are, and no more.

From Factory's documentation of custom droids, not measured. A missing `tools` key means every tool;
a list names them, in their own case, and a word stands for some (`read-only`). The to-do list is
always there; a droid can't start others or ask the user. Of what a list means for skills and for
tools of MCP servers, and of what an empty list gives, the documentation says nothing: so nothing
takes those away, and no empty list is written. A list with one tool that changes files may give the
others too, whichever the model uses.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from promptpack.model import CAPABILITIES, FILE_CHANGES, Agent, Capability, Effect, Grant, Policy
from promptpack.targets.codec import (
    as_text,
    check_front_matter,
    grants_fully,
    join_front_matter,
    make_agent,
    make_switch_grant,
    read_front_matter,
)
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import FRONT_MATTER_FIELDS, ClientCheck, Reasons, Target

NAME = "factory"

TOOLS: Mapping[Capability, str] = {
    "read": "Read",
    "list": "LS",
    "glob": "Glob",
    "grep": "Grep",
    "edit": "Edit",
    "write": "Create",
    "patch": "ApplyPatch",
    "execute": "Execute",
    "web_fetch": "FetchUrl",
    "web_search": "WebSearch",
}

GROUPS: Mapping[str, tuple[Capability, ...]] = {
    "read-only": ("read", "list", "glob", "grep"),
    "edit": FILE_CHANGES,
    "execute": ("execute",),
    "web": ("web_fetch", "web_search"),
}
"""The words that stand for some tools, where they are the whole value of `tools`."""

ALWAYS: tuple[Capability, ...] = ("todo", "skill")
"""What no list takes away, or is not known to."""

_TOOLS: Mapping[str, Capability] = {tool: capability for capability, tool in TOOLS.items()}
_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "description": str,
    "tools": list,
    "model": str,
}
_NAME = re.compile(r"[a-z0-9_-]+")
_LIMIT = 500


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the tools there are, unless all are meant."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    given = _list_given(agent)
    if agent.policy.default is Effect.DENY or len(given) < len(TOOLS):
        front_matter["tools"] = [TOOLS[capability] for capability in given]
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Factory makes of a file; what is not known to be denied is there."""
    keys, body = read_front_matter(text)
    return make_agent(NAME, keys, stem, body, _make_effective_policy(_read_given(keys)))


def find_problems(text: str) -> list[Problem]:
    """Return what Factory would refuse, or take otherwise than the file says."""
    keys, _ = read_front_matter(text)
    problems = check_front_matter(text, _KEYS, sorted(FRONT_MATTER_FIELDS), held_keys=["tools"])
    name, tools = as_text(keys.get("name")), keys.get("tools")
    if not _NAME.fullmatch(name):
        message = f"the name '{name}' may only contain lower-case letters, digits, - and _"
        problems += list_misread([message], "name")
    if len(as_text(keys.get("description"))) > _LIMIT:
        message = f"Factory accepts at most {_LIMIT} characters of a description"
        problems += list_misread([message], "description")
    names = map(as_text, tools if isinstance(tools, list) else ())
    return [*problems, *list_unknown(f"unknown tool '{n}'" for n in names if n not in _TOOLS)]


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield why an agent can't be written: its list of tools would be empty."""
    if not _list_given(agent):
        yield "no tool would be listed: it is not known what an empty list gives in Factory"


def _list_given(agent: Agent) -> list[Capability]:
    """Return the capabilities that have a tool in the list; file changes go together."""
    given = {capability for capability in TOOLS if grants_fully(agent, capability)}
    if not given.issuperset(FILE_CHANGES):
        given -= {*FILE_CHANGES}
    return [capability for capability in TOOLS if capability in given]


def _read_given(keys: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the capabilities that a head lists, None where it may mean every tool."""
    tools = keys.get("tools")
    if isinstance(tools, str):
        return frozenset(GROUPS[tools]) if tools in GROUPS else None
    names = [as_text(name) for name in tools] if isinstance(tools, list) else []
    if not names or not _TOOLS.keys() >= {*names}:
        return None
    given = {_TOOLS[name] for name in names}
    return frozenset(given | ({*FILE_CHANGES} if given & {*FILE_CHANGES} else set()))


@lru_cache(maxsize=64)
def _make_effective_policy(given: frozenset[str] | None) -> Policy:
    grants: dict[str, Grant] = {
        c: make_switch_grant(c in ALWAYS or (c in TOOLS and (given is None or c in given)))
        for c in CAPABILITIES
    }
    return Policy(Effect.ALLOW, grants)


FACTORY = Target(
    name=NAME,
    title="Factory",
    synonyms=("droid", "factory ai"),
    path=".factory/droids/{name}.md",
    user_path=".factory/droids/{name}.md",
    signs=(".factory",),
    program="droid",
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck("documentation", "custom droids", day="2026-11-27"),
    provides=frozenset((*TOOLS, *ALWAYS)),
    absent=frozenset({"task", "question"}),
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"tools"}),
    tool_names={tool: (capability,) for capability, tool in TOOLS.items()},
    refuse=find_refusals,
    hard_limits={"description": _LIMIT},
    refused_extras={"mcpServers": "it is not known what it gives an agent"},
    reasons=Reasons(
        capabilities={
            "todo": "Factory gives every agent the to-do list",
            "skill": "it is not known that a list of tools takes skills away in Factory",
            "task": "Factory does not let an agent start another",
            "question": "Factory gives agents no tool to ask questions",
            **dict.fromkeys(FILE_CHANGES, "Factory may give all tools that change files at once"),
        },
        patterns="Factory has no patterns for a single agent: a tool is on or off",
        ask="Factory can't ask for a single agent: a tool is on or off",
        mcp="it is not known that a list of tools takes those of MCP servers away in Factory",
        fields={
            "effort": "it was not checked what Factory does with an effort",
            "mode": "Factory runs every agent file as a subagent",
        },
    ),
)
