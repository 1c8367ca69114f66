"""Few outputs that show every change: a review in, some of its outputs with their groups out.

To find the fewest is hard (set cover), so the output with the most groups that no other shows yet
is taken, again and again; that takes at most about ln(n) times as many as needed for n groups.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from promptpack.diff.drift import pair_committed
from promptpack.diff.model import OutputPair, Review, Side
from promptpack.reporting.plurals import pluralize


class Representative(NamedTuple):
    """An output, its old path if it was renamed, and the ids of all its shown changes."""

    path: str
    groups: tuple[str, ...]
    before: str = ""


def add_pairs(review: Review, base: Side, head: Side) -> Review:
    """Return a review with both texts of each output that changed, or differs as committed."""
    pairs = {
        pair.key: OutputPair(pair.old, pair.new)
        for pair in pair_committed(review.drift, base, head)
    }
    for output in review.outputs:
        old, new = output.before or output.key, output.key
        before = base.outputs.get(old) if output.status != "added" else None
        after = head.outputs.get(new) if output.status != "removed" else None
        pairs[output.key] = OutputPair(before, after)
    return replace(review, pairs=MappingProxyType(pairs))


def choose_representatives(review: Review) -> tuple[Representative, ...]:
    """Return outputs of which each shown change is in at least one, those with the most first."""
    groups_by_output = list_groups(review)
    old_paths = {output.key: output.before for output in review.outputs}
    return tuple(
        Representative(key, groups_by_output[key], old_paths.get(key, ""))
        for key in _drop_needless(_cover_greedily(groups_by_output), groups_by_output)
    )


def list_groups(review: Review) -> Mapping[str, tuple[str, ...]]:
    """Return the ids of the shown changes of each output that has one."""
    groups_by_output: dict[str, list[str]] = defaultdict(list)
    for change in review.changes:
        for output in dict.fromkeys(change.outputs):
            groups_by_output[output].append(change.id)
    return {output: tuple(groups) for output, groups in groups_by_output.items()}


def describe_representatives(count: int, review: Review) -> str:
    """Return how few outputs show every change, in words."""
    total = pluralize(len(list_groups(review)), "output")
    verb = "shows" if count == 1 else "show"
    return f"{count} of {total} {verb} every change"


def _cover_greedily(groups_by_output: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return outputs that have all groups; of two that add as many, the first by its path."""
    keys_by_set: dict[frozenset[str], str] = {}
    for key in sorted(groups_by_output):
        keys_by_set.setdefault(frozenset(groups_by_output[key]), key)
    queue = [(-len(groups), key) for groups, key in keys_by_set.items()]
    heapq.heapify(queue)
    missing = {group for groups in groups_by_output.values() for group in groups}
    chosen: list[str] = []
    while missing:
        size, key = heapq.heappop(queue)
        added = missing.intersection(groups_by_output[key])
        if len(added) == -size:
            chosen.append(key)
            missing -= added
        elif added:
            heapq.heappush(queue, (-len(added), key))
    return chosen


def _drop_needless(
    chosen: Iterable[str], groups_by_output: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Return the chosen outputs without those whose groups the others have by now."""
    keys = list(chosen)
    counts = Counter(group for key in keys for group in groups_by_output[key])
    needless: set[str] = set()
    for key in reversed(keys):
        if all(counts[group] > 1 for group in groups_by_output[key]):
            needless.add(key)
            counts.subtract(groups_by_output[key])
    return [key for key in keys if key not in needless]
