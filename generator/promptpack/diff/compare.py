"""The comparison of two builds on one page: two sides in, a review out. Pure."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from promptpack.diff.align import Aligner
from promptpack.diff.baseline import Baseline, find_unaccepted
from promptpack.diff.causes import (
    SourceChanges,
    compare_sources,
    find_hunk_causes,
    find_output_causes,
    find_permission_causes,
)
from promptpack.diff.hunks import find_hunks
from promptpack.diff.model import (
    PERMISSION_KINDS,
    Cause,
    Change,
    ChangeKind,
    Hunk,
    HunkPlace,
    Origins,
    Output,
    OutputChange,
    OutputStatus,
    Review,
    Side,
    Summary,
    make_sort_key,
)
from promptpack.diff.pairing import Pair, make_whole_hunks, pair_outputs
from promptpack.diff.permissions import PolicyDecoder, compare_permissions
from promptpack.diff.reach import Universe, describe_reach, make_universe
from promptpack.diff.segments import split_output
from promptpack.model import Origin
from promptpack.redaction import make_redactor
from promptpack.rendering.tokens import estimate_tokens

OutputFilter = Callable[[Output], bool]


class _ChangeKey(NamedTuple):
    """What makes changes the same change."""

    kind: ChangeKind
    section: str
    field: str
    old: str
    new: str

    def fingerprint(self) -> str:
        """Return a hash of just this: no path, line or time."""
        return hashlib.sha256(json.dumps([*self]).encode()).hexdigest()[:32]


class _Occurrence(NamedTuple):
    """One occurrence of a change: in which output, why, and where if it is a hunk."""

    key: _ChangeKey
    output: str
    causes: Origins
    hunk: Hunk | None = None


def compare_sides(
    base: Side,
    head: Side,
    includes: OutputFilter = lambda _output: True,
    baseline: Baseline | None = None,
    context: int = 0,
) -> Review:
    """Return the review of two sides, of the outputs that `takes` lets through.

    Changes in `accepted` are only counted, unless they reach an output for which they were not.
    """
    pairs = pair_outputs(base, head, includes)
    all_outputs = make_universe({**{p.key: p.output.dims for p in pairs}})
    occurrences = list(_find_all_occurrences(pairs, compare_sources(base.sources, head.sources)))
    pairs_by_key = {pair.key: pair for pair in pairs}
    all_changes = sorted(
        _group_occurrences(occurrences, all_outputs, pairs_by_key, context), key=make_sort_key
    )
    open_changes = list(find_unaccepted(all_changes, baseline or {}))
    permissions = _number_changes("P", (c for c in open_changes if c.kind in PERMISSION_KINDS))
    groups = _number_changes("G", (c for c in open_changes if c.kind not in PERMISSION_KINDS))
    return Review(
        base=base.label,
        head=head.label,
        built=len(pairs),
        summary=replace(
            _summarize(pairs, occurrences, origins_known=base.origins_known and head.origins_known),
            groups=len(open_changes),
            suppressed=len(all_changes) - len(open_changes),
        ),
        permissions=permissions,
        groups=groups,
        causes=_rank_causes(
            occurrences, all_outputs, {pair.key: pair.output.dims for pair in pairs}
        ),
        outputs=_list_outputs(pairs, (*permissions, *groups)),
        origins_known=base.origins_known and head.origins_known,
    )


def _find_all_occurrences(
    pairs: Iterable[Pair], source_changes: SourceChanges
) -> Iterator[_Occurrence]:
    aligner, decoder = Aligner(), PolicyDecoder()
    for pair in pairs:
        if pair.status != "same":
            yield from _find_occurrences(source_changes, aligner, decoder, pair)


def _find_occurrences(
    source_changes: SourceChanges, aligner: Aligner, decoder: PolicyDecoder, pair: Pair
) -> Iterator[_Occurrence]:
    """Yield all that changed in one output: effects, then hunks."""
    old, new = pair.old, pair.new
    if old is None or new is None:
        for hunk in make_whole_hunks(pair):
            yield _make_occurrence(hunk, pair, find_output_causes(source_changes, pair.output))
    if new is None:
        return
    front_matter_causes: list[Origin] = []
    if old is None:
        front_matter_causes += find_output_causes(source_changes, new)
    else:
        if pair.status == "renamed":
            yield _make_occurrence(
                pair.make_rename_hunk(), pair, find_output_causes(source_changes, old, new)
            )
        for hunk in find_hunks(split_output(old), split_output(new), aligner):
            causes = find_hunk_causes(source_changes, old, new, hunk)
            front_matter_causes += causes if hunk.section == "head" else ()
            yield _make_occurrence(hunk, pair, causes)
    for grant_change in compare_permissions(old, new, decoder):
        key = _ChangeKey(
            grant_change.kind, "permissions", grant_change.field, grant_change.old, grant_change.new
        )
        yield _Occurrence(
            key,
            pair.key,
            find_permission_causes(
                source_changes, grant_change.field, dict.fromkeys(front_matter_causes)
            ),
        )


def _make_occurrence(hunk: Hunk, pair: Pair, causes: Origins) -> _Occurrence:
    key = _ChangeKey(hunk.kind, hunk.section, hunk.field, hunk.old, hunk.new)
    return _Occurrence(key, pair.key, causes, hunk)


def _group_occurrences(
    occurrences: Iterable[_Occurrence],
    all_outputs: Universe,
    pairs: Mapping[str, Pair],
    context: int,
) -> Iterator[Change]:
    groups: dict[_ChangeKey, list[_Occurrence]] = defaultdict(list)
    for occurrence in occurrences:
        groups[occurrence.key].append(occurrence)
    for key, members in groups.items():
        outputs = tuple(sorted({occurrence.output for occurrence in members}))
        places = [
            HunkPlace(occurrence.output, occurrence.hunk)
            for occurrence in members
            if occurrence.hunk
        ]
        first_place = min(places, default=None)
        above, below = (
            _find_context(pairs[first_place.output], first_place.hunk, context)
            if first_place
            else ("", "")
        )
        growth = len(key.new) - len(key.old) if key.kind not in PERMISSION_KINDS else 0
        pair = pairs[outputs[0]]
        redact = make_redactor(*(side.text for side in (pair.old, pair.new) if side))
        yield Change(
            "",
            *key._replace(old=redact(key.old), new=redact(key.new)),
            causes=tuple(
                sorted({origin for occurrence in members for origin in occurrence.causes})
            ),
            outputs=outputs,
            reach=describe_reach(frozenset(outputs), all_outputs),
            fingerprint=key.fingerprint(),
            token_delta=estimate_tokens(growth),
            places=tuple(sorted(places)),
            above=redact(above),
            below=redact(below),
        )


def _find_context(pair: Pair, hunk: Hunk, line_count: int) -> tuple[str, str]:
    """Return the new text of so many lines above and below a hunk."""
    if not line_count or pair.old is None or pair.new is None:
        return "", ""
    new_lines = [segment.text for segment in split_output(pair.new)]
    above = new_lines[max(0, hunk.new_start - line_count) : hunk.new_start]
    return "".join(above), "".join(new_lines[hunk.new_end : hunk.new_end + line_count])


def _number_changes(letter: str, changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(change._replace(id=f"{letter}{n}") for n, change in enumerate(changes, 1))


def _summarize(
    pairs: Iterable[Pair], occurrences: Iterable[_Occurrence], *, origins_known: bool
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


def _rank_causes(
    occurrences: Iterable[_Occurrence], all_outputs: Universe, dims: Mapping[str, Mapping[str, str]]
) -> tuple[Cause, ...]:
    keys_by_origin: dict[Origin, set[str]] = defaultdict(set)
    for occurrence in occurrences:
        for origin in occurrence.causes:
            keys_by_origin[origin].add(occurrence.output)
    causes = [
        Cause(
            origin,
            outputs=len(keys),
            packs=len({dims[key].get("pack", "") for key in keys}),
            targets=len({dims[key].get("target", "") for key in keys}),
            reach=describe_reach(frozenset(keys), all_outputs),
        )
        for origin, keys in keys_by_origin.items()
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
        if pair.status != "same"
    )
