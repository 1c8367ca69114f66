"""Kilo: `.kilo/agents/<name>.md`, in OpenCode's grammar. Enforces asking and patterns.

Measured on @kilocode/cli 7.7.7, a fork of OpenCode: rules are ordered and the last match wins, as
there. It asks before most commands by itself, and has tools of its own, of which some do what a
tool of OpenCode does. Those have permissions of their own, so they are denied by name where that
tool is not allowed whole. Whether a subagent has the to-do list and other agents without being
given them was not seen, so they are denied by name too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import cast

from promptpack.model import FILE_CHANGES, Agent, Capability, Effect, Grant, Mode, Policy
from promptpack.policy.lattice import grant_of, list_effects
from promptpack.targets.codec import as_number, join_front_matter, make_agent
from promptpack.targets.extras import read_extra
from promptpack.targets.opencode import (
    DEFAULTS,
    ENV_GUARD,
    KEYS,
    OPENCODE,
    OWN_KEYS,
    PermissionRule,
    decide_grant,
    find_problems,
    find_refusals,
    iter_rules,
    make_permission,
    start_head,
)
from promptpack.targets.opencode_file import read_file
from promptpack.targets.opencode_keys import EXTRAS, MODES
from promptpack.targets.opencode_mcp import read_names
from promptpack.targets.problems import Problem
from promptpack.targets.target import ClientCheck, OwnGuard, Reasons

NAME = "kilo"

OTHER_WAYS: Mapping[Capability, tuple[str, ...]] = {
    "read": ("notebook_read",),
    "grep": ("semantic_search",),
    "edit": ("notebook_edit",),
    "execute": ("notebook_execute",),
    "web_fetch": ("browser_open",),
    "task": ("agent_manager",),
}
"""Permissions of tools that do what a capability is about, and that its own does not hold back."""

_HELD = {"execute": ("background_process",)}
"""The same of tools that ask for the capability's own permission before they start anything."""

_OWN = (
    *(*OWN_KEYS, *(key for keys in OTHER_WAYS.values() for key in keys), "background_process"),
    *("board_read", "board_post", "kilo_memory_recall", "kilo_memory_save", "kilo_local_recall"),
    *("repo_clone", "repo_overview", "goal_report", "schedule_wakeup", "cancel_wakeup"),
    *("sandbox_escalation", "markdown_source"),
)
_RANK = (Effect.DENY, Effect.ASK, Effect.ALLOW).index
_LEAST = Effect.DENY


def encode(agent: Agent) -> str:
    """Return the agent file: a head of the keys that say something, and the prompt."""
    front_matter = start_head(agent, NAME)
    if agent.temperature is not None:
        front_matter["temperature"] = agent.temperature
    permission = make_permission(agent.policy, "all")
    if agent.policy.default is not Effect.DENY:
        permission |= dict.fromkeys(_list_denied_keys(agent.policy), "deny")
    if permission:
        front_matter["permission"] = permission
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Kilo makes of a file; without a readable head, all is prompt."""
    keys, body = read_file(text) or ({}, text)
    is_off = keys.get("disable") is True
    return make_agent(
        NAME,
        keys,
        stem,
        body.strip(),
        Policy(Effect.DENY) if is_off else _make_effective_policy(tuple(iter_rules(keys))),
        mode=cast("Mode", keys.get("mode")) if keys.get("mode") in MODES else "all",
        temperature=as_number(keys.get("temperature")),
        extra=read_extra(keys, EXTRAS),
    )


def _find_problems(text: str) -> list[Problem]:
    problems = find_problems(text, _OWN)
    return [one._replace(message=_name_kilo(one.message)) for one in problems]


def _find_refusals(agent: Agent) -> Iterator[str]:
    yield from map(_name_kilo, find_refusals(agent, _OWN))


def _name_kilo(reason: str) -> str:
    return reason.replace("OpenCode", "Kilo")


def _list_denied_keys(policy: Policy) -> Iterator[str]:
    """Yield the permissions of tools that do what the policy does not allow whole."""
    for ways in (OTHER_WAYS, _HELD):
        for capability, keys in ways.items():
            names = FILE_CHANGES if capability == "edit" else (capability,)
            effects = {effect for name in names for effect in list_effects(policy.grant(name))}
            if not effects <= {Effect.ALLOW, Effect.INHERIT}:
                yield from keys


@lru_cache(maxsize=64)
def _make_effective_policy(own_rules: tuple[PermissionRule, ...]) -> Policy:
    rules = (*DEFAULTS, *own_rules)  # Kilo asks by itself before some commands besides
    grants: dict[str, Grant] = {c: _decide(c, rules) for c in KEYS}
    keys = dict.fromkeys(rule.permission for rule in own_rules if rule.permission not in _OWN)
    for key, name in read_names(keys).items():
        grants[name] = decide_grant(key.replace("*", "other"), rules)
    return Policy(decide_grant("unnamed-server_unnamed-tool", rules)[-1].effect, grants)


def _decide(capability: Capability, rules: tuple[PermissionRule, ...]) -> Grant:
    """Return what the rules grant of a capability, by whichever way gives more.

    Another way of reading gives notebooks only, so it counts where nothing else can be read.
    """
    grant = decide_grant(KEYS[capability], rules)
    others = OTHER_WAYS.get("edit" if capability in FILE_CHANGES else capability, ())
    given = max((decide_grant(key, rules)[-1].effect for key in others), key=_RANK, default=_LEAST)
    if given is Effect.DENY or (capability == "read" and list_effects(grant) != {Effect.DENY}):
        return grant
    if given is Effect.ALLOW:
        return grant_of(given)
    return tuple(rule._replace(effect=max(rule.effect, given, key=_RANK)) for rule in grant)


def _is_opaque(key: str) -> bool:
    """Tell whether a permission is no capability of ours: one of the client's own, or unknown."""
    permission = key.partition(".")[2]
    is_read = any(permission in keys for keys in OTHER_WAYS.values())
    return not is_read and (permission in _OWN or OPENCODE.is_opaque(key))


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
    check=ClientCheck(
        "client",
        "debug agent (prompt, model, mode, tools, ordered rules)",
        "kilocode/cli 7.7.7",
        "2026-11-27",
    ),
    harmless_keys=frozenset({"variant"}),
    field_keys={},
    is_opaque=_is_opaque,
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
