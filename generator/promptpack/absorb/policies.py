"""Which line of a policy an edited permission comes from: what a file granted and grants in.

Edits of the policy out, which are taken on trust no more than those of a prompt.
"""

from collections.abc import Iterator

from promptpack.absorb.edits import Edit
from promptpack.absorb.scalars import add_key, edit_key, edit_value, remove_key
from promptpack.model import Grant, PatternRule, Policy
from promptpack.policy.lattice import list_compared
from promptpack.source.frontmatter import read_document
from promptpack.source.strict_yaml import DataPath, Document

_CAPABILITIES = "capabilities"
_ALL = "*"


def list_changed_grants(before: Policy, after: Policy) -> list[str]:
    """Return the capabilities of which a file grants something else than before."""
    return [
        name for name in list_compared(before, after) if before.grant(name) != after.grant(name)
    ]


def find_policy_line(text: str, path: str, before: Policy, after: Policy) -> int:
    """Return the line of a policy to be edited for a change of what a file grants, from 1.

    Where the policy names none of it, that is the line of its default.
    """
    document = read_document(text, path)
    for name in list_changed_grants(before, after):
        rules = _pair_rules(before.grant(name), after.grant(name))
        for old, _ in rules:
            if old and (_CAPABILITIES, name, old.pattern) in document.keys:
                return document.keys[_CAPABILITIES, name, old.pattern].line
        if (_CAPABILITIES, name) in document.keys:
            return document.keys[_CAPABILITIES, name].line
    return document.at(("default",)).line


def propose_policy(
    text: str, path: str, before: Policy, after: Policy
) -> Iterator[tuple[Edit, ...]]:
    """Yield the edits of a policy that could make a file grant what it is edited to grant.

    First only what the policy names is changed, then what it does not name is added.
    """
    document = read_document(text, path)
    names = list_changed_grants(before, after)
    named = [name for name in names if (_CAPABILITIES, name) in document.keys]
    for chosen in dict.fromkeys((tuple(named), tuple(names), *((name,) for name in names))):
        edits = [
            edit
            for name in chosen
            for edit in _edit_grant(text, path, document, name, before, after)
        ]
        if edits and None not in edits:
            yield tuple(dict.fromkeys(edit for edit in edits if edit))


def _edit_grant(  # noqa: PLR0913, PLR0917 - a text, what it holds, and what of it is to change
    text: str, path: str, document: Document, name: str, before: Policy, after: Policy
) -> Iterator[Edit | None]:
    """Yield the edits for one capability, None among them where one of them can't be made."""
    place: DataPath = (_CAPABILITIES, name)
    if place not in document.keys:
        last = [key for key in document.keys if len(key) == 2 and key[0] == _CAPABILITIES]
        rules = after.grant(name)
        is_one = len(rules) == 1 and bool(last)
        yield add_key(text, path, place, str(rules[0].effect), last[-1]) if is_one else None
        return
    for old, new in _pair_rules(before.grant(name), after.grant(name)):
        yield from _edit_rule(text, path, document, place, old, new)


def _edit_rule(  # noqa: PLR0913, PLR0917 - a text, what it holds, and what of it is to change
    text: str,
    path: str,
    document: Document,
    place: DataPath,
    old: PatternRule | None,
    new: PatternRule | None,
) -> Iterator[Edit | None]:
    """Yield the edits for one pattern of a capability that changed, came or went."""
    patterns = [key[-1] for key in document.keys if len(key) == 3 and key[:2] == place]
    if not patterns:  # one effect for all of it
        is_whole = old and new and old.pattern == new.pattern == _ALL
        yield edit_value(text, path, place, str(new.effect)) if is_whole and new else None
    elif old and (*place, old.pattern) not in document.keys:
        yield None
    elif old and new:
        if old.effect != new.effect:
            yield edit_value(text, path, (*place, old.pattern), str(new.effect))
        if old.pattern != new.pattern:
            yield edit_key(text, path, (*place, old.pattern), new.pattern)
    elif old:
        yield remove_key(text, path, (*place, old.pattern))
    elif new:
        yield None


def _pair_rules(before: Grant, after: Grant) -> list[tuple[PatternRule | None, PatternRule | None]]:
    """Return which rule became which, only those that changed."""
    old = {rule.pattern: rule for rule in before}
    new = {rule.pattern: rule for rule in after}
    pairs: list[tuple[PatternRule | None, PatternRule | None]] = [
        (rule, new[rule.pattern])
        for rule in before
        if rule.pattern in new and new[rule.pattern] != rule
    ]
    gone = [rule for rule in before if rule.pattern not in new]
    come = [rule for rule in after if rule.pattern not in old]
    if len(gone) == len(come):
        return [*pairs, *zip(gone, come, strict=True)]
    return [*pairs, *((rule, None) for rule in gone), *((None, rule) for rule in come)]
