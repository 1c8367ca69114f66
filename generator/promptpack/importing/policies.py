"""The policy of a hand-kept file, as a pack would say it: what a client reads in, YAML data out.

What a file names is allowed, asked for or denied; what it doesn't name is left to the client, or
denied where the client denies it. So the file that is built of it grants what the file grants.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from promptpack.importing.agent_file import AgentFile, read_policy
from promptpack.importing.heads import list_head_keys, write_entry, write_lines
from promptpack.importing.wording import list_powers
from promptpack.model import (
    CAPABILITIES,
    FILE_CHANGES,
    OTHER_MCP,
    Effect,
    Grant,
    Policy,
    find_capability,
)
from promptpack.policy.lattice import compare_grants, list_compared, list_effects
from promptpack.targets import Target
from promptpack.targets.losses import find_client_default

_READING = frozenset({"read", "list", "glob", "grep"})
_WEB = frozenset({"web_fetch", "web_search"})
_DENIED, _ASKED, _ALLOWED = (
    frozenset({effect}) for effect in (Effect.DENY, Effect.ASK, Effect.ALLOW)
)


class PolicyDraft(NamedTuple):
    """A policy to be written: its default, and the effect or patterns of each capability."""

    default: Effect
    grants: tuple[tuple[str, Grant], ...]

    def make_data(self, name: str) -> dict[str, Any]:
        """Return what the policy's file holds."""
        return {
            "title": name.replace("-", " ").capitalize(),
            "summary": describe_draft(self),
            "default": str(self.default),
            "capabilities": {name: _make_value(grant) for name, grant in self.grants},
        }

    def choose_name(self) -> str:
        """Return a name that says what the policy allows; others may have the same.

        Where the rest is denied, it names what is allowed, and else what is held back.
        """
        effects = {name: list_effects(grant) for name, grant in self.grants}
        denied = _list_words(name for name, found in effects.items() if found == _DENIED)
        asked = _list_words(name for name, found in effects.items() if found == _ASKED)
        partly = _list_words(name for name, found in effects.items() if len(found) > 1)
        if self.default is Effect.DENY:
            allowed = _list_words(name for name, found in effects.items() if found == _ALLOWED)
            held = [f"ask-{word}" for word in asked] + [f"some-{word}" for word in partly]
            return "-and-".join([*allowed, *held]) or "nothing"
        held = [f"no-{word}" for word in denied] + [f"ask-{word}" for word in asked]
        held += [f"some-{word}" for word in partly]
        if held or not self.grants:
            return "-".join(held) or "as-in-client"
        return "-".join(["open", *_list_words(name for name, _ in self.grants)])


def describe_draft(draft: PolicyDraft) -> str:
    """Return what a policy allows, in a sentence."""
    by_effect: dict[str, list[str]] = {}
    for name, grant in draft.grants:
        effects = list_effects(grant)
        word = str(next(iter(effects))) if len(effects) == 1 else "in part"
        by_effect.setdefault(word, []).append(name)
    leads = {"allow": "Allows", "ask": "Asks for", "deny": "Denies", "in part": "Allows in part"}
    parts = [f"{leads[word]} {', '.join(names)}." for word, names in by_effect.items()]
    rest = "Everything else is denied." if draft.default is Effect.DENY else ""
    return " ".join([*parts, rest or "Everything else is as the client has it."])


def draft_policy(file: AgentFile) -> PolicyDraft:
    """Return the policy of a file, as it is in its own client."""
    target, policy = file.target, file.own.agent.policy
    default = find_client_default(target, file.own.agent.mode)
    names = [name for name in list_compared(policy) if name != OTHER_MCP]
    if policy.default is Effect.DENY and default.default is not Effect.DENY:
        given = [name for name in names if not _is_absent(target, name)]
        grants = [(n, policy.grant(n)) for n in given if list_effects(policy.grant(n)) != _DENIED]
        servers = [name for name in names if find_capability(name) is None]
        denied = [(n, policy.grant(n)) for n in servers if n not in dict(grants)]
        grants += [one for one in denied if "/" in one[0]]
        return PolicyDraft(Effect.DENY, _tell_changes_apart(target, policy, grants))
    named = set(_iter_named(file))
    grants = [
        (name, policy.grant(name))
        for name in names
        if not _is_absent(target, name)
        and (
            name in named or compare_grants(policy.grant(name), default.grant(name)).name != "EQUAL"
        )
    ]
    return PolicyDraft(Effect.INHERIT, _tell_changes_apart(target, policy, grants))


def _tell_changes_apart(
    target: Target, policy: Policy, grants: Iterable[tuple[str, Grant]]
) -> tuple[tuple[str, Grant], ...]:
    """Return grants with those of `write` and `patch` where they are not what `edit` says."""
    given = dict(grants)
    for name in FILE_CHANGES:
        is_other = "edit" in given and policy.grant(name) != given["edit"]
        if is_other and name not in given and not _is_absent(target, name):
            given[name] = policy.grant(name)
    return tuple(given.items())


def _iter_named(file: AgentFile) -> Iterator[str]:
    """Yield the capabilities that a mapping of permissions names: those that it could deny."""
    default = read_policy(file.target, write_lines(""))
    for key in list_head_keys(file.text):
        if file.target.decodes(key.name) and isinstance(key.value, Mapping):
            for entry, value in key.value.items():
                denied = False if isinstance(value, bool) else "deny"
                policy = read_policy(file.target, write_entry(key.name, {entry: denied}))
                yield from (
                    name
                    for name in CAPABILITIES
                    if policy.grant(name) != default.grant(name) and "*" not in str(entry)
                )


def _is_absent(target: Target, name: str) -> bool:
    capability = find_capability(name)
    return capability is not None and capability in target.absent


def _list_words(names: Iterable[str]) -> list[str]:
    """Return what capabilities are good for, in words that a policy can be named by."""
    names = [*names]
    powers = list_powers(names)
    words = []
    if _READING & {*names}:
        words.append("read")
    if "change files" in powers:
        words.append("edit")
    if "run commands" in powers:
        words.append("run")
    if _WEB & {*names}:
        words.append("web")
    if "task" in names:
        words.append("delegate")
    return words or (["mcp"] if any(find_capability(name) is None for name in names) else [])


def _make_value(grant: Grant) -> Any:  # noqa: ANN401 - YAML data
    if len(grant) == 1:
        return str(grant[0].effect)
    rules: dict[str, str] = {}
    for pattern, effect in grant:
        rules.pop(pattern, None)  # the last match decides, so a pattern counts where it is last
        rules[pattern] = str(effect)
    return rules
