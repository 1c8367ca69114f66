"""Permissions compared by effect: a file before and after in, what its client grants more or less.

What can't be shown to grant no more counts as more: "unproven".
"""

import json
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from promptpack.diff.model import ChangeKind, Output
from promptpack.model import Policy
from promptpack.policy.lattice import compare_grants, describe_grant, list_compared
from promptpack.policy.patterns import matches_pattern
from promptpack.source import frontmatter
from promptpack.targets import TARGETS
from promptpack.targets.opencode import KEYS

NO_OUTPUT = "no such output"

_DECODED_KEYS = frozenset(
    {"tools", "disallowedTools", "permission", "memory", "features", "readonly"}
)
_HARMLESS_KEYS = frozenset(
    {
        *("name", "description", "title", "summary", "mode", "model", "temperature", "top_p"),
        *("color", "tags", "version", "license", "author", "argument-hint", "metadata"),
        *("developer_instructions", "messages", "content", "role", "globs", "alwaysApply"),
        *("disable-model-invocation", "user-invocable", "steps", "hidden", "disable"),
    }
)


_CLIENT_PERMISSIONS = ("external_directory", "doom_loop")
"""Permissions of OpenCode that are no capability of ours."""


class GrantChange(NamedTuple):
    """What one file grants otherwise than before, of one capability or head field."""

    kind: ChangeKind
    field: str
    old: str
    new: str


def compare_permissions(old: Output | None, new: Output) -> Iterator[GrantChange]:
    """Yield the effects that a change has on what a file grants; a new file granted nothing."""
    target = TARGETS.get(new.target)
    if target is None:
        return
    after = _decode_policy(new.target, new.stem, new.text)
    if old is None:
        if not target.advisory:
            yield from _find_new_grants(after)
        return
    before = _decode_policy(old.target, old.stem, old.text)
    for name in list_compared(before, after):
        old_grant, new_grant = before.grant(name), after.grant(name)
        comparison = compare_grants(new_grant, old_grant)
        if comparison.name == "EQUAL":
            continue
        kinds: dict[str, ChangeKind] = {"NARROWER": "narrowed", "WIDER": "widened"}
        yield GrantChange(
            kinds.get(comparison.name, "unproven"),
            name,
            describe_grant(old_grant),
            describe_grant(new_grant),
        )
    yield from _find_unknown_changes(old, new)


def _find_new_grants(policy: Policy) -> Iterator[GrantChange]:
    for name in list_compared(policy):
        description = describe_grant(policy.grant(name))
        if description != "deny":
            yield GrantChange("widened", name, NO_OUTPUT, description)


def _find_unknown_changes(old: Output, new: Output) -> Iterator[GrantChange]:
    """Yield what changed of the head's fields that may grant something and that nothing decodes."""
    before, after = _read_fields(old.text), _read_fields(new.text)
    for name in sorted({*before, *after}):
        old_value, new_value = before.get(name, ""), after.get(name, "")
        if old_value != new_value and not _is_known_field(name):
            yield GrantChange("unproven", name, old_value or "not there", new_value or "not there")


def _is_known_field(field: str) -> bool:
    root, _, key = field.partition(".")
    if root != "permission" or not key or key == "*" or key in KEYS.values():
        return root in _DECODED_KEYS or root in _HARMLESS_KEYS
    return "_" in key and not any(
        matches_pattern(key, permission) for permission in _CLIENT_PERMISSIONS
    )


def _read_fields(text: str) -> dict[str, str]:
    """Return the values of a head by key, those of a mapping by its own keys."""
    front_matter = frontmatter.split_front_matter(text.removeprefix("\ufeff")).head
    keys = _parse_toml(text) if front_matter is None else frontmatter.read_lenient(front_matter)
    fields: dict[str, str] = {}
    for name, value in keys.items():
        inner = {f"{name}.{key}": v for key, v in value.items()} if isinstance(value, dict) else {}
        for field, field_value in (inner or {name: value}).items():
            fields[field] = json.dumps(field_value, ensure_ascii=False, default=str)
    return fields


def _parse_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


@lru_cache(maxsize=8_192)
def _decode_policy(target: str, stem: str, text: str) -> Policy:
    return TARGETS[target].decode(text, stem).policy
