"""Kilo: `.kilo/agents/<name>.md`, in OpenCode's grammar. Enforces asking and patterns.

Measured on @kilocode/cli 7.7.7, a fork of OpenCode: rules are ordered and the last match wins, as
there. It asks before most commands by itself, and has tools of its own, of which some do what a
tool of OpenCode does. Those have permissions of their own, so they are denied by name where that
tool is not allowed whole. Whether a subagent has the to-do list and other agents without being
given them was not seen, so they are denied by name too.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from promptpack.model import FILE_CHANGES, Agent, Effect, Mode
from promptpack.targets.codec import as_number, join_front_matter, make_agent
from promptpack.targets.extras import read_extra
from promptpack.targets.kilo_permissions import (
    OWN,
    is_opaque,
    list_denied_keys,
    read_policy,
)
from promptpack.targets.opencode import (
    ENV_GUARD,
    OPENCODE,
    find_problems,
    find_refusals,
    make_permission,
    start_head,
)
from promptpack.targets.opencode_file import read_file
from promptpack.targets.opencode_keys import EXTRAS, MODES
from promptpack.targets.problems import Problem
from promptpack.targets.target import ClientCheck, OwnGuard, Reasons

NAME = "kilo"


def encode(agent: Agent) -> str:
    """Return the agent file: a head of the keys that say something, and the prompt."""
    front_matter = start_head(agent, NAME)
    if agent.temperature is not None:
        front_matter["temperature"] = agent.temperature
    permission = make_permission(agent.policy, "all")
    if agent.policy.default is not Effect.DENY:
        permission |= dict.fromkeys(list_denied_keys(agent.policy), "deny")
    if permission:
        front_matter["permission"] = permission
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Kilo makes of a file; without a readable head, all is prompt."""
    keys, body = read_file(text) or ({}, text)
    return make_agent(
        NAME,
        keys,
        stem,
        body.strip(),
        read_policy(keys),
        mode=cast("Mode", keys.get("mode")) if keys.get("mode") in MODES else "all",
        temperature=as_number(keys.get("temperature")),
        extra=read_extra(keys, EXTRAS),
    )


def _find_problems(text: str) -> list[Problem]:
    problems = find_problems(text, OWN)
    return [one._replace(message=_name_kilo(one.message)) for one in problems]


def _find_refusals(agent: Agent) -> Iterator[str]:
    yield from map(_name_kilo, find_refusals(agent, OWN))


def _name_kilo(reason: str) -> str:
    return reason.replace("OpenCode", "Kilo")


KILO = replace(
    OPENCODE,
    name=NAME,
    title="Kilo",
    synonyms=("kilo code", "kilocode"),
    path=".kilo/agents/{name}.md",
    user_path=".config/kilo/agents/{name}.md",
    signs=(".kilo", ".kilocode", "kilo.json", "kilo.jsonc"),
    program="kilo",
    places=tuple(
        f"{folder}/{name}"
        for folder in (".kilo", ".kilocode")
        for name in ("agents/{path}.md", "agent/{path}.md", "modes/{name}.md", "mode/{name}.md")
    ),
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=_find_problems,
    is_fillable=True,
    check=ClientCheck(
        "client",
        "debug agent (prompt, model, mode, tools, ordered rules)",
        "kilocode/cli 7.7.7",
        "2026-11-27",
    ),
    harmless_keys=frozenset({"variant"}),
    field_keys={},
    is_opaque=is_opaque,
    refuse=_find_refusals,
    own_agents=frozenset(
        (
            *("ask", "code", "compaction", "debug", "explore", "general", "orchestrator", "plan"),
            *("summary", "title"),
        )
    ),
    own_guards={"read": OwnGuard(ENV_GUARD, "Kilo asks before it reads .env files")},
    reasons=Reasons(
        capabilities=dict.fromkeys(
            FILE_CHANGES,
            "Kilo has one switch for edit, write and patch: the strictest value applies",
        ),
        patterns="Kilo has no patterns for this: the strictest value applies",
        fields={"effort": "it was not checked what Kilo does with an effort"},
        kinds={"narrowed": _name_kilo(OPENCODE.reasons.kinds["narrowed"])},
    ),
)
