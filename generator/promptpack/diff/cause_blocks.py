"""A review by its causes: a review in, each changed place of a source with what follows from it.

A change with several causes stands below the first of them, and the others name it.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from promptpack.diff.model import Change, Review, SourceHunk
from promptpack.diff.wording import mark_texts
from promptpack.diff.words import MarkedText


class CauseBlock(NamedTuple):
    """A changed place of a source and its changes, the most urgent first; None for no source.

    `others` are the ids of changes that stand below another place.
    """

    source: SourceHunk | None
    changes: tuple[Change, ...]
    others: tuple[str, ...] = ()


def has_causes(review: Review) -> bool:
    """Tell whether a review can be shown by its causes."""
    return any(source.outputs for source in review.sources)


def iter_cause_blocks(review: Review) -> Iterator[CauseBlock]:
    """Yield the blocks of a review that have a change, that with the most urgent one first."""
    owners: dict[str, int] = {}
    for number, source in enumerate(review.sources):
        for identifier in source.groups:
            owners.setdefault(identifier, number)
    changes_by_owner: dict[int, list[Change]] = defaultdict(list)
    for change in review.changes:
        changes_by_owner[owners.get(change.id, -1)].append(change)
    for number, changes in changes_by_owner.items():
        if number < 0:
            yield CauseBlock(None, tuple(changes))
            continue
        source = review.sources[number]
        own_ids = {change.id for change in changes}
        others = tuple(one for one in source.groups if one not in own_ids)
        yield CauseBlock(source, tuple(changes), others)


def list_other_sources(review: Review) -> tuple[SourceHunk, ...]:
    """Return the places that reach an output and below which no change stands."""
    shown = {block.source for block in iter_cause_blocks(review)}
    return tuple(one for one in review.sources if one.outputs and one not in shown)


def count_idle_sources(review: Review) -> int:
    """Return how many changed places reach no output."""
    return sum(not source.outputs for source in review.sources)


def mark_source(source: SourceHunk) -> list[list[MarkedText]]:
    """Return the text of a place line by line, with what went and what came."""
    return mark_texts(source.before, source.after)


def is_told_by(change: Change, source: SourceHunk | None) -> bool:
    """Tell whether the text of a change is just the text of the place that caused it."""
    return source is not None and (change.old.strip(), change.new.strip()) == (
        source.before.strip(),
        source.after.strip(),
    )
