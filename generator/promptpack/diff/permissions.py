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
from promptpack.model.fields import is_field
from promptpack.policy.lattice import compare_grants, describe_grant, list_compared
from promptpack.source import frontmatter
from promptpack.targets import TARGETS, Target

NO_OUTPUT = "no such output"

_INFORMATIVE_KEYS = frozenset(
    {
        *("title", "summary", "tags", "version", "license", "author"),
        *("metadata", "color", "argument-hint"),
    }
)
"""Keys that tell people something; no client takes a permission from one."""


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
    yield from _find_unknown_changes(target, old, new)


def _find_new_grants(policy: Policy) -> Iterator[GrantChange]:
    for name in list_compared(policy):
        description = describe_grant(policy.grant(name))
        if description != "deny":
            yield GrantChange("widened", name, NO_OUTPUT, description)


def _find_unknown_changes(target: Target, old: Output, new: Output) -> Iterator[GrantChange]:
    """Yield what changed of the head's fields that may grant something and that nothing decodes."""
    before, after = _read_fields(old.text), _read_fields(new.text)
    for name in sorted({*before, *after}):
        old_value, new_value = before.get(name, ""), after.get(name, "")
        if old_value != new_value and not _is_known_field(target, name):
            yield GrantChange("unproven", name, old_value or "not there", new_value or "not there")


def _is_known_field(target: Target, field: str) -> bool:
    """Tell whether a field grants nothing, or nothing that the target's `decode` leaves out."""
    root = field.partition(".")[0]
    if root in target.policy_keys:
        return not target.is_opaque(field)
    return root in target.harmless_keys or is_field(root) or root in _INFORMATIVE_KEYS


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
