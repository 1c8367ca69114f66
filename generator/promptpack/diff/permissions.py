"""Permissions compared by effect: a file before and after in, what its client grants more or less.

What can't be shown to grant no more counts as more: "unproven".
"""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from promptpack.diff.model import ChangeKind, Output
from promptpack.model import Policy
from promptpack.model.fields import is_harmless_field
from promptpack.policy.lattice import compare_grants, describe_grant, list_compared
from promptpack.source import frontmatter
from promptpack.targets import TARGETS, Target
from promptpack.targets.codec import read_toml

NO_OUTPUT = "no such output"

_END_OF_HEAD = "\n---\n"

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


class PolicyDecoder:
    """What files grant, each decoded once in one comparison."""

    def __init__(self) -> None:
        self.decode = lru_cache(maxsize=8_192)(_decode_policy)


def _decode_policy(target: str, stem: str, text: str) -> Policy:
    return TARGETS[target].decode(text, stem).policy


def compare_permissions(
    old: Output | None, new: Output, decoder: PolicyDecoder
) -> Iterator[GrantChange]:
    """Yield the effects that a change has on what a file grants; a new file granted nothing."""
    target = TARGETS.get(new.target)
    if target is None:
        return
    if old is not None and _has_same_head(old, new):
        return
    after = decoder.decode(new.target, new.stem, new.text)
    if old is None:
        if not target.advisory:
            yield from _find_new_grants(after)
        return
    before = decoder.decode(old.target, old.stem, old.text)
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


def _has_same_head(old: Output, new: Output) -> bool:
    """Tell whether two files have the same front matter, which every client finds the end of.

    Nothing below it grants anything. A file without any, or with one that a client may end
    elsewhere, is none of these.
    """
    is_same_agent = (old.target, old.stem) == (new.target, new.stem)
    is_markdown = TARGETS[new.target].path.endswith(".md") and new.text.startswith("---\n")
    if not (is_same_agent and is_markdown):
        return False
    end = new.text.find(_END_OF_HEAD, len(_END_OF_HEAD) - 1)
    return end > 0 and old.text.startswith(new.text[: end + len(_END_OF_HEAD)])


def compare_addition(
    new: Output, siblings: Iterable[Output], decoder: PolicyDecoder
) -> tuple[GrantChange, ...]:
    """Return what a new output grants that the most similar of its siblings does not.

    Nothing, where one sibling grants all of it. What is only asked of a client is no sibling.
    """
    target = TARGETS.get(new.target)
    if target is None or target.advisory:
        return ()
    enforced = [one for one in siblings if one.target in TARGETS]
    enforced = [one for one in enforced if not TARGETS[one.target].advisory]
    closest = tuple(_find_new_grants(decoder.decode(new.target, new.stem, new.text)))
    for number, sibling in enumerate(enforced):
        excess = tuple(_find_excess(new, sibling, decoder))
        if not excess:
            return ()
        closest = excess if number == 0 else min(closest, excess, key=len)
    return closest


def _find_excess(new: Output, sibling: Output, decoder: PolicyDecoder) -> Iterator[GrantChange]:
    before = decoder.decode(sibling.target, sibling.stem, sibling.text)
    after = decoder.decode(new.target, new.stem, new.text)
    for name in list_compared(before, after):
        grant = after.grant(name)
        if not compare_grants(grant, before.grant(name)).at_most:
            yield GrantChange("widened", name, NO_OUTPUT, describe_grant(grant))
    if sibling.target == new.target:
        yield from _find_unknown_changes(TARGETS[new.target], sibling, new)


def _find_new_grants(policy: Policy) -> Iterator[GrantChange]:
    for name in list_compared(policy):
        description = describe_grant(policy.grant(name))
        if description != "deny":
            yield GrantChange("widened", name, NO_OUTPUT, description)


def _find_unknown_changes(target: Target, old: Output, new: Output) -> Iterator[GrantChange]:
    """Yield changes of front matter fields that may grant something and that nothing decodes."""
    before, after = _read_fields(old), _read_fields(new)
    for name in sorted({*before, *after}):
        old_value, new_value = before.get(name, ""), after.get(name, "")
        if old_value != new_value and not _is_known_field(target, name):
            yield GrantChange("unproven", name, old_value or "not there", new_value or "not there")


def _is_known_field(target: Target, field: str) -> bool:
    """Tell whether a field grants nothing, or nothing that the target's `decode` leaves out."""
    root = field.partition(".")[0]
    if target.decodes(root):
        return not target.is_opaque(field)
    return target.is_harmless(root) or is_harmless_field(root) or root in _INFORMATIVE_KEYS


def _read_fields(output: Output) -> dict[str, str]:
    """Return the values of front matter by key, those of a mapping by its own keys."""
    front_matter = frontmatter.split_front_matter(output.text.removeprefix("\ufeff")).head
    if front_matter is not None:
        keys = frontmatter.read_lenient(front_matter)
    else:  # only a client that reads TOML makes anything of it
        is_toml = TARGETS[output.target].path.endswith(".toml")
        keys = _parse_toml(output.text) if is_toml else {}
    fields: dict[str, str] = {}
    for name, value in keys.items():
        inner = {f"{name}.{key}": v for key, v in value.items()} if isinstance(value, dict) else {}
        for field, field_value in (inner or {name: value}).items():
            fields[field] = json.dumps(field_value, ensure_ascii=False, default=str)
    return fields


def _parse_toml(text: str) -> dict[str, Any]:
    try:
        return read_toml(text)
    except ValueError:
        return {}
