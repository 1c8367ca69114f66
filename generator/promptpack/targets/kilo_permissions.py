"""Kilo's permissions: a policy in, the ones to deny beside OpenCode's out, and a policy back.

Measured on @kilocode/cli 7.7.7. Kilo has tools of its own, of which some do what a tool of OpenCode
does, with permissions of their own.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from promptpack.model import FILE_CHANGES, Capability, Effect, Grant, Policy
from promptpack.policy.lattice import grant_of, list_effects
from promptpack.targets.opencode import (
    DEFAULTS,
    KEYS,
    OPENCODE,
    OWN_KEYS,
    PermissionRule,
    decide_grant,
    iter_rules,
)
from promptpack.targets.opencode_mcp import read_names

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

OWN = (
    *(*OWN_KEYS, *(key for keys in OTHER_WAYS.values() for key in keys), "background_process"),
    *("board_read", "board_post", "kilo_memory_recall", "kilo_memory_save", "kilo_local_recall"),
    *("repo_clone", "repo_overview", "goal_report", "schedule_wakeup", "cancel_wakeup"),
    *("sandbox_escalation", "markdown_source"),
)
_RANK = (Effect.DENY, Effect.ASK, Effect.ALLOW).index
_LEAST = Effect.DENY


def list_denied_keys(policy: Policy) -> Iterator[str]:
    """Yield the permissions of tools that do what the policy does not allow whole."""
    for ways in (OTHER_WAYS, _HELD):
        for capability, keys in ways.items():
            names = FILE_CHANGES if capability == "edit" else (capability,)
            effects = {effect for name in names for effect in list_effects(policy.grant(name))}
            if not effects <= {Effect.ALLOW, Effect.INHERIT}:
                yield from keys


def read_policy(keys: Mapping[str, Any]) -> Policy:
    """Return what Kilo lets an agent do whose head has these keys; one that is off, nothing."""
    is_off = keys.get("disable") is True
    return Policy(Effect.DENY) if is_off else _make_effective_policy(tuple(iter_rules(keys)))


@lru_cache(maxsize=64)
def _make_effective_policy(own_rules: tuple[PermissionRule, ...]) -> Policy:
    rules = (*DEFAULTS, *own_rules)  # Kilo asks by itself before some commands besides
    grants: dict[str, Grant] = {c: _decide(c, rules) for c in KEYS}
    keys = dict.fromkeys(rule.permission for rule in own_rules if rule.permission not in OWN)
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


def is_opaque(key: str) -> bool:
    """Tell whether a permission is no capability of ours: one of the client's own, or unknown."""
    permission = key.partition(".")[2]
    is_read = any(permission in keys for keys in OTHER_WAYS.values())
    return not is_read and (permission in OWN or OPENCODE.is_opaque(key))
