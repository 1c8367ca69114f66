"""How a list of rules or the marks of a layout changed: a change in, a few words for it out."""

import difflib
import re
from collections.abc import Iterable, Sequence

from promptpack.diff.grouping import LAYOUT
from promptpack.diff.model import Change
from promptpack.reporting.characters import reveal

MIN_RULES = 3
"""How many rules one of two lists has to have to be told rule by rule."""

_SEPARATOR = "; "
_STYLES = {
    "headings": re.compile(r"^#{1,6}[ \t]", re.MULTILINE),
    "tags": re.compile(r"^</?[A-Za-z]", re.MULTILINE),
    "capitals": re.compile(r"^(?=.*[A-Z])[^a-z#<\n]+$", re.MULTILINE),
}


def is_layout(change: Change) -> bool:
    """Tell whether a change is what a layout makes of the marks of sections."""
    return change.section == LAYOUT and any(p.hunk.layout is not None for p in change.places)


def is_moved(change: Change) -> bool:
    """Tell whether the text of a change left one place and arrived at another."""
    return bool(change.places) and change.places[0].hunk.half != "whole"


def describe_framing(change: Change) -> str:
    """Return how a layout marked sections, and how it does: `tags → headings, no word changed`."""
    if any(place.hunk.field for place in change.places):
        return "changed" if change.old and change.new else "removed" if change.old else "added"
    old, new = (_name_styles(text) for text in (change.old, change.new))
    return f"{old} → {new}, no word changed" if old != new else f"{new} changed, no word changed"


def list_rule_edits(old: str, new: str) -> list[str]:
    """Return in words which rules of a grant came, went or moved; nothing for few rules.

    >>> list_rule_edits("ask; allow a; deny b", "ask; deny b; allow a")
    ['moved: deny b (now before allow a)']
    """
    old_rules, new_rules = old.split(_SEPARATOR), new.split(_SEPARATOR)
    if max(len(old_rules), len(new_rules)) < MIN_RULES or not {*old_rules} & {*new_rules}:
        return []
    matcher = difflib.SequenceMatcher(None, old_rules, new_rules, autojunk=False)
    blocks = matcher.get_matching_blocks()
    gone = _select_rest(old_rules, ((block.a, block.size) for block in blocks))
    come = _select_rest(new_rules, ((block.b, block.size) for block in blocks))
    old_texts = [old_rules[n] for n in gone]
    edits = []
    for number in come:
        rule = new_rules[number]
        place = _describe_place(new_rules, number)
        if rule in old_texts:
            old_texts.remove(rule)
            edits.append(f"moved: {reveal(rule)} ({place})")
        else:
            edits.append(f"added: {reveal(rule)} ({place})")
    return [*edits, *(f"removed: {reveal(rule)}" for rule in old_texts)]


def _select_rest(rules: Sequence[str], runs: Iterable[tuple[int, int]]) -> list[int]:
    kept = {n for start, size in runs for n in range(start, start + size)}
    return [n for n in range(len(rules)) if n not in kept]


def _describe_place(rules: Sequence[str], number: int) -> str:
    if number + 1 < len(rules):
        return f"now before {reveal(rules[number + 1])}"
    return "now last"


def _name_styles(text: str) -> str:
    return " and ".join(name for name, style in _STYLES.items() if style.search(text)) or "spacing"
