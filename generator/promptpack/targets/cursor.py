"""Cursor: `.cursor/agents/<name>.md`. Enforces one switch.

From Cursor's documentation, not measured: `readonly` stops edits and commands that change
something; there is no list of tools.
"""

from collections.abc import Mapping
from typing import Any

from promptpack.model import FILE_CHANGES, Agent, Capability, Effect, PatternRule, Policy
from promptpack.targets.codec import (
    check_front_matter,
    grants_fully,
    join_front_matter,
    make_agent,
    make_switch_grant,
    read_front_matter,
)
from promptpack.targets.problems import Problem
from promptpack.targets.target import FRONT_MATTER_FIELDS, ClientCheck, Reasons, Target

NAME = "cursor"

SWITCHED: tuple[Capability, ...] = (*FILE_CHANGES, "execute")
"""What `readonly` stops."""

UNSWITCHED: tuple[Capability, ...] = (
    *("read", "list", "glob", "grep", "web_fetch", "web_search"),
    *("todo", "task", "skill", "question"),
)
"""What no file takes away."""

HARMLESS = (
    PatternRule("*", Effect.DENY),
    PatternRule("(commands that change nothing)", Effect.ALLOW),
)
"""What `readonly` leaves of the shell. No list of commands says it, so it is more than a deny."""

_WHOLE = Policy(Effect.ALLOW)
_READ_ONLY = Policy(
    Effect.ALLOW, {**{c: make_switch_grant(False) for c in SWITCHED}, "execute": HARMLESS}
)
_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "description": str,
    "model": str,
    "readonly": bool,
}


def encode(agent: Agent) -> str:
    """Return the agent file, read-only unless all that the switch stops is meant to be there."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    if is_read_only(agent):
        front_matter["readonly"] = True
    return join_front_matter(front_matter, agent)


def is_read_only(agent: Agent) -> bool:
    """Tell whether the switch is needed: the agent may not have all that it stops."""
    return not all(grants_fully(agent, capability) for capability in SWITCHED)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Cursor makes of a file: everything, less what `readonly` stops."""
    keys, body = read_front_matter(text)
    policy = _READ_ONLY if keys.get("readonly") is True else _WHOLE
    return make_agent(NAME, keys, stem, body, policy)


def find_problems(text: str) -> list[Problem]:
    """Return what Cursor would take otherwise than the file says."""
    required_keys = sorted(FRONT_MATTER_FIELDS)
    return check_front_matter(text, _KEYS, required_keys, held_keys=["readonly"])


CURSOR = Target(
    name=NAME,
    title="Cursor",
    synonyms=("cursor agent", "subagent"),
    path=".cursor/agents/{name}.md",
    user_path=".cursor/agents/{name}.md",
    signs=(".cursor", ".cursorrules"),
    program="cursor-agent",
    encode=encode,
    decode=decode,
    problems=find_problems,
    is_fillable=True,
    check=ClientCheck(
        "documentation",
        "Cursor can't be run for this check",
        day="2026-11-22",
    ),
    tells_policy=True,
    provides=frozenset((*SWITCHED, *UNSWITCHED)),
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"readonly"}),
    reasons=Reasons(
        losses={
            ("execute", "narrowed"): "Cursor's one switch, read-only, also restricts the shell",
            **{
                (
                    c,
                    "narrowed",
                ): "Cursor has one switch for edits and the shell: the strictest applies"
                for c in FILE_CHANGES
            },
        },
        capabilities={"execute": "Cursor's read-only mode still runs commands that change nothing"},
        ask="Cursor can't ask for a single agent",
        kinds={"widened": "Cursor can't deny this for a single agent"},
        fields={"mode": "Cursor runs every agent file as a subagent"},
        foreign="Cursor reads no list of tools, and of a TOML file only the text",
    ),
)
