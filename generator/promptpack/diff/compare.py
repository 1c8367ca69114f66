"""The comparison of two builds on one page: two sides in, a review out. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from promptpack.diff.align import Aligner
from promptpack.diff.axes import AxisFinder
from promptpack.diff.baseline import Baseline, find_unaccepted
from promptpack.diff.causes import (
    SourceChanges,
    compare_sources,
    find_axis_causes,
    find_hunk_causes,
    find_output_causes,
    find_permission_causes,
)
from promptpack.diff.drift import (
    add_groups,
    compare_tools,
    find_drift,
    find_drift_occurrences,
    pair_committed,
)
from promptpack.diff.grouping import (
    ChangeKey,
    Occurrence,
    group_occurrences,
    make_hunk_occurrence,
)
from promptpack.diff.hunks import find_hunks
from promptpack.diff.model import (
    PERMISSION_KINDS,
    Cause,
    Change,
    Output,
    OutputChange,
    OutputStatus,
    Review,
    Side,
    Summary,
    make_sort_key,
)
from promptpack.diff.pairing import Pair, make_whole_hunks, pair_outputs
from promptpack.diff.permissions import (
    NO_OUTPUT,
    PolicyDecoder,
    compare_addition,
    compare_permissions,
)
from promptpack.diff.reach import Universe, describe_reach, make_universe
from promptpack.diff.segments import FRONT_MATTER, split_output
from promptpack.diff.source_hunks import add_consequences
from promptpack.diff.source_lines import SourceLines
from promptpack.model import Origin
from promptpack.rendering.tokens import estimate_tokens

OutputFilter = Callable[[Output], bool]


class _Comparison(NamedTuple):
    """What one comparison shares: the changes of sources, and what both sides have."""

    source_changes: SourceChanges
    aligner: Aligner
    decoder: PolicyDecoder
    base_axes: AxisFinder
    head_axes: AxisFinder
    siblings: AxisFinder
    """Outputs that were there: as they are, where what changed in them is reported."""


def compare_sides(
    base: Side,
    head: Side,
    includes: OutputFilter = lambda _output: True,
    baseline: Baseline | None = None,
    context: int = 0,
) -> Review:
    """Return the review of two sides, of the outputs that `includes` lets through.

    Changes in `baseline` are listed as accepted, unless they reach an output for which they were
    not.
    """
    pairs = pair_outputs(base, head, includes)
    comparison = _prepare_comparison(base, head, pairs)
    occurrences = list(_find_all_occurrences(pairs, comparison))
    drift = find_drift(base, head, includes)
    drift_pairs = pair_committed(drift, base, head)
    occurrences += list(
        find_drift_occurrences(drift_pairs, occurrences, (base, head), comparison.decoder)
    )
    pairs_by_key = {pair.key: pair for pair in (*drift_pairs, *pairs)}
    dims = {key: pair.output.dims for key, pair in pairs_by_key.items()}
    all_outputs = make_universe(dims)
    changes = sorted(
        group_occurrences(occurrences, all_outputs, pairs_by_key, context), key=make_sort_key
    )
    origins_known = base.origins_known and head.origins_known
    review = _make_review(pairs, occurrences, changes, baseline or {}, origins_known=origins_known)
    outputs_by_origin = _index_outputs(occurrences)
    return replace(
        review,
        base=base.label,
        head=head.label,
        causes=_rank_causes(outputs_by_origin, all_outputs, dims),
        sources=add_consequences(
            comparison.source_changes.hunks, review.changes, outputs_by_origin, all_outputs, dims
        ),
        drift=add_groups(drift, review.permissions),
        tool=compare_tools(base.committed, head.committed),
    )


def _prepare_comparison(base: Side, head: Side, pairs: Iterable[Pair]) -> _Comparison:
    kept = {pair.key: pair.new for pair in pairs if pair.status in ("same", "changed") and pair.new}
    source_changes = compare_sources(base.sources, head.sources)
    return _Comparison(
        source_changes,
        Aligner(SourceLines(source_changes.hunks)),
        PolicyDecoder(),
        AxisFinder(base.outputs.values()),
        AxisFinder(head.outputs.values()),
        AxisFinder({**base.outputs, **kept}.values()),
    )


def _make_review(
    pairs: tuple[Pair, ...],
    occurrences: list[Occurrence],
    changes: list[Change],
    baseline: Baseline,
    *,
    origins_known: bool,
) -> Review:
    """Return the review without its sources, with all changes numbered."""
    open_changes = list(find_unaccepted(changes, baseline))
    open_fingerprints = {change.fingerprint for change in open_changes}
    permissions = _number_changes("P", (c for c in open_changes if c.kind in PERMISSION_KINDS))
    groups = _number_changes("G", (c for c in open_changes if c.kind not in PERMISSION_KINDS))
    changed_pairs = [pair for pair in pairs if pair.status != "same"]
    return Review(
        base="",
        head="",
        built=len(pairs),
        summary=replace(
            _summarize(pairs, occurrences, origins_known=origins_known),
            groups=len(open_changes),
            suppressed=len(changes) - len(open_changes),
        ),
        permissions=permissions,
        groups=groups,
        causes=(),
        outputs=_list_outputs(changed_pairs, (*permissions, *groups)),
        origins_known=origins_known,
        widened=tuple(change.id for change in permissions if change.kind != "narrowed"),
        pack_paths={p.key: p.output.frame[0] for p in changed_pairs if p.output.frame},
        accepted=tuple(c for c in changes if c.fingerprint not in open_fingerprints),
    )


def _find_all_occurrences(pairs: Iterable[Pair], comparison: _Comparison) -> Iterator[Occurrence]:
    for pair in pairs:
        if pair.old is None or pair.new is None:
            yield from _find_whole(comparison, pair)
        elif pair.status != "same":
            yield from _find_differences(comparison, pair, pair.old, pair.new)


def _find_whole(comparison: _Comparison, pair: Pair) -> Iterator[Occurrence]:
    """Yield that an output came or went, and what it grants that its siblings did not."""
    other_axes = comparison.base_axes if pair.old is None else comparison.head_axes
    axis = other_axes.find_axis(pair.output)
    causes = (
        find_output_causes(comparison.source_changes, pair.output)
        if axis is None
        else find_axis_causes(comparison.source_changes, axis.value, pair.output)
    )
    for hunk in make_whole_hunks(pair):
        occurrence = make_hunk_occurrence(hunk, pair, causes)
        if axis is not None and hunk.kind != "hidden":
            old, new = ("", axis.value) if pair.old is None else (axis.value, "")
            key = ChangeKey(hunk.kind, "", axis.name, old, new)
            occurrence = occurrence._replace(key=key, content=(hunk.old, hunk.new))
        yield occurrence
    if pair.new is None:
        return
    if axis is None:
        for change in compare_permissions(None, pair.new, comparison.decoder):
            key = ChangeKey(change.kind, "permissions", change.field, change.old, change.new)
            yield Occurrence(key, pair.key, causes)
        return
    siblings = comparison.siblings.find_siblings(pair.new, axis)
    excess = compare_addition(pair.new, siblings, comparison.decoder)
    if excess:
        key = ChangeKey("widened", "permissions", f"{axis.name} {axis.value}", NO_OUTPUT, "")
        content = tuple(word for change in excess for word in (change.field, change.new))
        yield Occurrence(key, pair.key, causes, content=content)


def _find_differences(
    comparison: _Comparison, pair: Pair, old: Output, new: Output
) -> Iterator[Occurrence]:
    """Yield all that changed in one output: hunks, then effects."""
    source_changes = comparison.source_changes
    front_matter_causes: list[Origin] = []
    if pair.status == "renamed":
        causes = find_output_causes(source_changes, old, new)
        yield make_hunk_occurrence(pair.make_rename_hunk(), pair, causes)
    for hunk in find_hunks(split_output(old), split_output(new), comparison.aligner):
        causes = find_hunk_causes(source_changes, old, new, hunk)
        front_matter_causes += causes if hunk.section == FRONT_MATTER else ()
        yield make_hunk_occurrence(hunk, pair, causes)
    for change in compare_permissions(old, new, comparison.decoder):
        key = ChangeKey(change.kind, "permissions", change.field, change.old, change.new)
        causes = find_permission_causes(
            source_changes, change.field, dict.fromkeys(front_matter_causes)
        )
        yield Occurrence(key, pair.key, causes)


def _number_changes(letter: str, changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(change._replace(id=f"{letter}{n}") for n, change in enumerate(changes, 1))


def _summarize(
    pairs: Iterable[Pair], occurrences: Iterable[Occurrence], *, origins_known: bool
) -> Summary:
    counts: dict[OutputStatus, int] = defaultdict(int)
    growth = 0
    for pair in pairs:
        counts[pair.status] += 1
        if pair.old and pair.new:
            growth += len(pair.new.text) - len(pair.old.text)
    changed_count = counts["changed"] + counts["renamed"]
    return Summary(
        changed=counts["changed"],
        added=counts["added"],
        removed=counts["removed"],
        renamed=counts["renamed"],
        groups=0,
        hunks=sum(occurrence.hunk is not None for occurrence in occurrences),
        unexplained=len({occurrence.output for occurrence in occurrences if not occurrence.causes})
        if origins_known
        else 0,
        suppressed=0,
        tokens_per_output=estimate_tokens(growth / changed_count) if changed_count else 0,
    )


def _index_outputs(occurrences: Iterable[Occurrence]) -> Mapping[Origin, frozenset[str]]:
    """Return the outputs that each cause reaches."""
    keys_by_origin: dict[Origin, set[str]] = defaultdict(set)
    for occurrence in occurrences:
        for origin in occurrence.causes:
            keys_by_origin[origin].add(occurrence.output)
    return {origin: frozenset(keys) for origin, keys in keys_by_origin.items()}


def _rank_causes(
    outputs_by_origin: Mapping[Origin, frozenset[str]],
    all_outputs: Universe,
    dims: Mapping[str, Mapping[str, str]],
) -> tuple[Cause, ...]:
    causes = [
        Cause(
            origin,
            outputs=len(keys),
            packs=len({dims[key].get("pack", "") for key in keys}),
            targets=len({dims[key].get("target", "") for key in keys}),
            reach=describe_reach(keys, all_outputs),
        )
        for origin, keys in outputs_by_origin.items()
    ]
    return tuple(sorted(causes, key=lambda cause: (-cause.outputs, cause.origin)))


def _list_outputs(pairs: Iterable[Pair], changes: Iterable[Change]) -> tuple[OutputChange, ...]:
    ids_by_output: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        for output in change.outputs:
            ids_by_output[output].append(change.id)
    return tuple(
        OutputChange(
            pair.key,
            pair.status,
            tuple(ids_by_output[pair.key]),
            pair.old.key if pair.old and pair.status == "renamed" else "",
        )
        for pair in pairs
    )
