"""Permissions in front matter that hold nothing: a file in, findings on its keys out.

A key is judged by what the client makes of it: the file is read with this key alone, and without
it. So this knows no key of any client, and is right about all that `decode` is right about.
"""

import difflib
from collections.abc import Iterator, Mapping
from functools import lru_cache

from promptpack.importing.agent_file import AgentFile, read_policy
from promptpack.importing.heads import (
    HeadKey,
    list_keys,
    write_entry,
    write_lines,
)
from promptpack.model import Finding, Policy
from promptpack.policy.lattice import is_denied, list_compared
from promptpack.policy.prose import make_phrase
from promptpack.targets import TARGETS, Target

_ALIKE = 0.8


class DeadKeyFinder:
    """Finds what holds nothing back; texts that many files share are read only once."""

    def __init__(self) -> None:
        self._read_policy = lru_cache(maxsize=4_096)(read_policy)

    def find_dead_keys(self, file: AgentFile) -> Iterator[Finding]:
        """Yield the keys of a file's front matter that look like permissions and hold nothing."""
        keys = list_keys(file.path, file.text)
        yield from _find_foreign_keys(file, keys)
        if file.target.path.endswith(".toml"):
            return
        policy_keys = [key for key in keys if file.target.decodes(key.name)]
        yield from self._find_denies_that_fail(file, keys, policy_keys)
        yield from self._find_keys_without_effect(file, policy_keys)

    def _find_denies_that_fail(
        self, file: AgentFile, keys: list[HeadKey], policy_keys: list[HeadKey]
    ) -> Iterator[Finding]:
        """Yield what a key denies alone, and the whole file grants."""
        target, policy = file.target, file.own.agent.policy
        for key in policy_keys:
            for entry, denied in self._list_denied(target, key):
                granted = [name for name in denied if not is_denied(policy.grant(name))]
                if granted:
                    others = [one for one in keys if one is not key]
                    culprit = self._find_culprit(target, others, key, granted)
                    subject = f"'{key.name}: {entry}'" if entry else f"'{key.name}'"
                    words = " and ".join(dict.fromkeys(make_phrase(name) for name in granted[:2]))
                    message = f"{subject} doesn't hold: the agent may still {words}"
                    hint = f"'{culprit}' gives it back" if culprit else ""
                    line = key.find_line(entry) if entry else key.line
                    yield Finding("PP603", "error", file.path, line, 1, message, hint)

    def _list_denied(self, target: Target, key: HeadKey) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield what a key denies; each entry of a mapping that is about one thing for itself."""
        if not isinstance(key.value, Mapping):
            yield "", self._find_denied(target, write_lines(key.text))
            return
        for name, value in key.value.items():
            if "*" not in str(name) and value in (False, "deny"):
                yield str(name), self._find_denied(target, write_entry(key.name, {name: value}))

    def _find_denied(self, target: Target, text: str) -> tuple[str, ...]:
        """Return what a text denies that the client does not deny by itself."""
        policy, default = (
            self._read_policy(target, text),
            self._read_policy(target, write_lines("")),
        )
        names = list_compared(policy, default)
        denied = (name for name in names if is_denied(policy.grant(name)))
        return tuple(name for name in denied if not is_denied(default.grant(name)))

    def _find_culprit(
        self, target: Target, others: list[HeadKey], key: HeadKey, granted: list[str]
    ) -> str:
        """Return the key that gives back what another denies, or nothing where it is not one."""
        for other in others:
            policy = self._read_policy(
                target, write_lines(_end_line(key.text) + _end_line(other.text))
            )
            if not is_denied(policy.grant(granted[0])):
                return other.name
        return ""

    def _find_keys_without_effect(
        self, file: AgentFile, policy_keys: list[HeadKey]
    ) -> Iterator[Finding]:
        """Yield that all permissions of a file together hold nothing back."""
        target = file.target
        lines = "".join(_end_line(key.text) for key in policy_keys)
        if not policy_keys or any(_grants_all(key.value) for key in policy_keys):
            return
        policy, default = (
            self._read_policy(target, write_lines(lines)),
            self._read_policy(target, write_lines("")),
        )
        names = list_compared(policy, default)
        open_names = [name for name in names if not is_denied(default.grant(name))]
        if not any(_is_held(policy, default, name) for name in open_names):
            key = policy_keys[0]
            message = f"'{key.name}' holds nothing back: {target.title} allows all it doesn't name"
            hint = "deny what the agent may not do"
            yield Finding("PP607", "warning", file.path, key.line, 1, message, hint)


def _find_foreign_keys(file: AgentFile, keys: list[HeadKey]) -> Iterator[Finding]:
    """Yield keys that say something about permissions in another client, or are misspelt."""
    target = file.target
    readers = [target, *(reading.target for reading in file.others)]
    others = {
        name: other.title
        for other in TARGETS.values()
        if other.path.endswith(".md") == target.path.endswith(".md")
        for name in other.policy_keys
    }
    for key in keys:
        if reason := target.idle_keys.get(key.name):
            message = f"'{key.name}' holds nothing back: {reason}"
            yield Finding("PP606", "error", file.path, key.line, 1, message)
            continue
        if any(r.decodes(key.name) or key.name in (*r.keys, *r.extras) for r in readers):
            continue
        close = difflib.get_close_matches(key.name, target.policy_keys, n=1, cutoff=_ALIKE)
        owner = others.get(key.name)
        if close or owner:
            hint = f"did you mean '{close[0]}'?" if close else f"it is a key of {owner}"
            message = f"'{key.name}' holds nothing back: {target.title} has no such key"
            yield Finding("PP606", "error", file.path, key.line, 1, message, hint)


def _is_held(policy: Policy, default: Policy, name: str) -> bool:
    """Tell whether a policy grants something of a capability otherwise than the client does."""
    return any(rule.effect in ("deny", "ask") for rule in policy.grant(name)) and policy.grant(
        name
    ) != default.grant(name)


def _grants_all(value: object) -> bool:
    """Tell whether a key says in so many words that everything is allowed."""
    return value in (True, "*", "allow", ["*"], None)


def _end_line(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
