"""How a review is told in any format: changes in; titles, verbs and marked words out."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from promptpack.diff.model import PERMISSIONS, Change, Kind, Review
from promptpack.reporting.characters import shown
from promptpack.reporting.plurals import count

NOTHING = "No generated output changed."
TOKENS = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
WORD_LIMIT = 3_000
"""How many words are compared one by one."""

Mark = Literal["same", "gone", "come"]


class Words(NamedTuple):
    """Some text of a change: on both sides, only on the old, or only on the new."""

    mark: Mark
    text: str


class Block(NamedTuple):
    """Changes of one urgency under one title."""

    title: str
    urgent: bool
    changes: tuple[Change, ...]


_BLOCKS: tuple[tuple[str, frozenset[Kind]], ...] = (
    ("Permissions widened", frozenset({"widened", "unproven"})),
    ("Hidden or deceptive characters", frozenset({"hidden"})),
    (
        "Outputs added, removed or renamed",
        frozenset({"output-added", "output-removed", "output-renamed"}),
    ),
    ("Model or mode changed", frozenset({"model", "mode"})),
    ("Safety text changed or removed", frozenset({"safety"})),
    ("Permissions narrowed", frozenset({"narrowed"})),
    ("Other head fields", frozenset({"head"})),
    ("Prose", frozenset({"prose", "moved"})),
    ("White space only", frozenset({"whitespace"})),
)
_URGENT = 2


def blocks(review: Review) -> Iterator[Block]:
    """Yield the blocks of a review that have something in them, the most urgent first."""
    for number, (title, kinds) in enumerate(_BLOCKS):
        changes = tuple(change for change in review.changes if change.kind in kinds)
        if changes:
            yield Block(title, number < _URGENT, changes)


def verb(change: Change) -> str:
    """Return what happened, in a word or two."""
    said: dict[Kind, str] = {
        "unproven": "widened (unproven)",
        "widened": "widened",
        "narrowed": "narrowed",
        "moved": "moved",
        "output-added": "output added",
        "output-removed": "output removed",
        "output-renamed": "output renamed",
        "whitespace": "white space",
    }
    if change.kind in said:
        return said[change.kind]
    if change.places and change.places[0].hunk.half != "whole":
        return "moved and changed"
    return "changed" if change.old and change.new else "removed" if change.old else "added"


def subject(change: Change) -> str:
    """Return what a change is about: a capability, a head field or a section."""
    if change.kind in PERMISSIONS or change.section == "head":
        return shown(change.field or change.section)
    return shown(change.section or change.field or "text")


def counted(changes: Iterable[Change]) -> Iterator[str]:
    """Yield what happened to each section: `scope: 2 changed, 1 removed`."""
    sections: dict[str, Counter[str]] = {}
    for change in changes:
        sections.setdefault(subject(change), Counter())[verb(change)] += 1
    for name, verbs in sections.items():
        yield f"{name}: {', '.join(f'{number} {word}' for word, number in verbs.items())}"


def marked(change: Change) -> list[list[Words]]:
    """Return the text of a change line by line, with what went and what came; nothing is hidden."""
    if change.kind == "output-renamed" or change.kind in PERMISSIONS:
        was, now = Words("gone", shown(change.old)), Words("come", shown(change.new))
        return [[was, Words("same", " → "), now]]
    if change.kind == "moved" and change.old == change.new:
        return [[Words("same", line)] for line in _lines(change.old)]
    if change.kind in ("output-added", "output-removed"):
        return _whole(change)
    if not change.old or not change.new:
        mark: Mark = "come" if change.new else "gone"
        return [[Words(mark, line)] for line in _lines(change.old or change.new)]
    return _by_line(_compared(change.old, change.new))


def suspicious(change: Change) -> list[list[Words]]:
    """Return only the new lines of a change that hold something hidden, where there are such."""
    new = [line for line in change.new.split("\n") if shown(line) != line or not line.isascii()]
    hidden = [line for line in new if shown(line) != line] or new
    return [[Words("come", shown(line))] for line in hidden]


def because(change: Change) -> str:
    """Return the source lines behind a change."""
    return ", ".join(f"{shown(origin.path)}:{origin.line}" for origin in change.causes)


def tokens(number: int) -> str:
    """Return an estimated number of tokens."""
    return f"≈ {number:+d} tokens" if number else "≈ 0 tokens"


def totals(review: Review) -> str:
    """Return the last line of a report: all that a reader has to know in numbers."""
    found = review.summary
    outputs = f"{found.changed} changed, {found.added} added, {found.removed} removed"
    outputs += f", {found.renamed} renamed" if found.renamed else ""
    said = [
        count(len(review.causes), "cause"),
        outputs,
        f"{count(found.groups, 'group')} ({count(found.hunks, 'hunk')})",
        f"{tokens(found.tokens_per_output)} per output",
        f"unexplained {found.unexplained}" if review.origins_known else "origins unknown",
    ]
    said += [f"{found.suppressed} accepted earlier"] if found.suppressed else []
    return " · ".join(said)


def left_out(review: Review) -> str:
    """Return how many groups are shown, where not all are; else nothing."""
    here = len(review.changes)
    return f"{here} of {review.summary.groups} groups shown" if here < review.summary.groups else ""


def _whole(change: Change) -> list[list[Words]]:
    mark: Mark = "come" if change.new else "gone"
    lines = _lines(change.new or change.old)
    return [[Words(mark, line)] for line in lines]


def _lines(text: str) -> list[str]:
    lines = [shown(line) for line in text.split("\n")]
    return lines[:-1] if lines and not lines[-1] and len(lines) > 1 else lines


def _compared(old: str, new: str) -> Iterator[Words]:
    was, now = TOKENS.findall(old), TOKENS.findall(new)
    if len(was) + len(now) > WORD_LIMIT:
        yield from (Words("gone", old), Words("come", new))
        return
    matcher = difflib.SequenceMatcher(None, was, now, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield Words("same", "".join(was[i1:i2]))
            continue
        if i2 > i1:
            yield Words("gone", "".join(was[i1:i2]))
        if j2 > j1:
            yield Words("come", "".join(now[j1:j2]))


def _by_line(found: Iterable[Words]) -> list[list[Words]]:
    """Return marked words line by line; a line end alone that came or went is made visible."""
    lines: list[list[Words]] = [[]]
    for mark, text in found:
        first, *rest = text.split("\n")
        if first:
            lines[-1].append(Words(mark, shown(first)))
        for part in rest:
            if mark != "same":
                lines[-1].append(Words(mark, "↵"))
            if mark != "gone" or part:
                lines.append([])
            if part:
                lines[-1].append(Words(mark, shown(part)))
    return lines if lines[-1] else lines[:-1]
