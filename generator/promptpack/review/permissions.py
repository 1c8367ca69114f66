"""Permissions compared by effect: a file before and after in, what its client grants more or less.

What can't be shown to grant no more counts as more: "unproven".
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from promptpack import frontmatter
from promptpack.model import Policy
from promptpack.patterns import matches
from promptpack.policy import compare, compared_names, describe
from promptpack.review.nouns import Kind, Output
from promptpack.targets import TARGETS
from promptpack.targets.codec import read_toml
from promptpack.targets.opencode import KEYS

NO_OUTPUT = "no such output"

_DECODED = frozenset({"tools", "disallowedTools", "permission", "memory", "features", "readonly"})
_HARMLESS = frozenset(
    {
        *("name", "description", "title", "summary", "mode", "model", "temperature", "top_p"),
        *("color", "tags", "version", "license", "author", "argument-hint", "metadata"),
        *("developer_instructions", "messages", "content", "role", "globs", "alwaysApply"),
        *("disable-model-invocation", "user-invocable", "steps", "hidden", "disable"),
    }
)


_OWN = ("external_directory", "doom_loop")
"""Permissions of OpenCode that are no capability of ours."""


class Effect(NamedTuple):
    """What one file grants otherwise than before, of one capability or head field."""

    kind: Kind
    field: str
    old: str
    new: str


def effects(old: Output | None, new: Output) -> Iterator[Effect]:
    """Yield the effects that a change has on what a file grants; a new file granted nothing."""
    target = TARGETS.get(new.target)
    if target is None:
        return
    after = _decoded(new.target, new.stem, new.text)
    if old is None:
        if not target.advisory:
            yield from _granted(after)
        return
    before = _decoded(old.target, old.stem, old.text)
    for name in compared_names(before, after):
        was, now = before.grant(name), after.grant(name)
        order = compare(now, was)
        if order.name == "EQUAL":
            continue
        kinds: dict[str, Kind] = {"NARROWER": "narrowed", "WIDER": "widened"}
        yield Effect(kinds.get(order.name, "unproven"), name, describe(was), describe(now))
    yield from _unknown(old, new)


def _granted(policy: Policy) -> Iterator[Effect]:
    for name in compared_names(policy):
        said = describe(policy.grant(name))
        if said != "deny":
            yield Effect("widened", name, NO_OUTPUT, said)


def _unknown(old: Output, new: Output) -> Iterator[Effect]:
    """Yield what changed of the head's fields that may grant something and that nothing decodes."""
    before, after = _fields(old.text), _fields(new.text)
    for name in sorted({*before, *after}):
        was, now = before.get(name, ""), after.get(name, "")
        if was != now and not _is_known(name):
            yield Effect("unproven", name, was or "not there", now or "not there")


def _is_known(field: str) -> bool:
    first, _, key = field.partition(".")
    if first != "permission" or not key or key == "*" or key in KEYS.values():
        return first in _DECODED or first in _HARMLESS
    return "_" in key and not any(matches(key, own) for own in _OWN)


def _fields(text: str) -> dict[str, str]:
    """Return the values of a head by key, those of a mapping by its own keys."""
    head = frontmatter.split(text.removeprefix("\ufeff")).head
    keys = _toml(text) if head is None else frontmatter.lenient(head)
    found: dict[str, str] = {}
    for name, value in keys.items():
        inner = {f"{name}.{key}": v for key, v in value.items()} if isinstance(value, dict) else {}
        for field, one in (inner or {name: value}).items():
            found[field] = json.dumps(one, ensure_ascii=False, default=str)
    return found


def _toml(text: str) -> dict[str, Any]:
    try:
        return read_toml(text)
    except ValueError:
        return {}


@lru_cache(maxsize=8_192)
def _decoded(target: str, stem: str, text: str) -> Policy:
    return TARGETS[target].decode(text, stem).policy
