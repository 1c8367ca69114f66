"""The comparison of two builds on one page: two sides in, a review out. Pure."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from promptpack.diff.baseline import Accepted, unaccepted
from promptpack.diff.causes import (
    Changed,
    changed_sources,
    hunk_causes,
    output_causes,
    permission_causes,
)
from promptpack.diff.hunks import hunks
from promptpack.diff.model import (
    PERMISSIONS,
    Cause,
    Change,
    Hunk,
    Kind,
    Origins,
    Output,
    Place,
    Reached,
    Review,
    Side,
    Status,
    Summary,
    order,
)
from promptpack.diff.pairing import Pair, paired, whole
from promptpack.diff.permissions import effects
from promptpack.diff.reach import Universe, reach, universe
from promptpack.diff.segments import pieces
from promptpack.model import Origin
from promptpack.redaction import veil
from promptpack.rendering.lines import CHARACTERS_PER_TOKEN

Takes = Callable[[Output], bool]


class _Key(NamedTuple):
    """What makes changes the same change."""

    kind: Kind
    section: str
    field: str
    old: str
    new: str

    def fingerprint(self) -> str:
        """Return a hash of just this: no path, line or time."""
        return hashlib.sha256(json.dumps([*self]).encode()).hexdigest()[:32]


class _Found(NamedTuple):
    """One occurrence of a change: in which output, why, and where if it is a hunk."""

    key: _Key
    output: str
    causes: Origins
    hunk: Hunk | None = None


def compare(
    base: Side,
    head: Side,
    takes: Takes = lambda _output: True,
    accepted: Accepted | None = None,
    context: int = 0,
) -> Review:
    """Return the review of two sides, of the outputs that `takes` lets through.

    Changes in `accepted` are only counted, unless they reach an output for which they were not.
    """
    pairs = paired(base, head, takes)
    among = universe({**{p.key: p.any.dims for p in pairs}})
    changed = changed_sources(base.sources, head.sources)
    found = [one for pair in pairs if pair.status != "same" for one in _found(changed, pair)]
    texts = {pair.key: pair for pair in pairs}
    every = sorted(_grouped(found, among, texts, context), key=order)
    shown = list(unaccepted(every, accepted or {}))
    permissions = _named("P", (c for c in shown if c.kind in PERMISSIONS))
    groups = _named("G", (c for c in shown if c.kind not in PERMISSIONS))
    return Review(
        base=base.label,
        head=head.label,
        built=len(pairs),
        summary=replace(
            _summary(pairs, found, known=base.origins_known and head.origins_known),
            groups=len(shown),
            suppressed=len(every) - len(shown),
        ),
        permissions=permissions,
        groups=groups,
        causes=_causes(found, among, {pair.key: pair.any.dims for pair in pairs}),
        outputs=_outputs(pairs, (*permissions, *groups)),
        origins_known=base.origins_known and head.origins_known,
    )


def _found(changed: Changed, pair: Pair) -> Iterator[_Found]:
    """Yield all that changed in one output: effects, then hunks."""
    old, new = pair.old, pair.new
    if old is None or new is None:
        for hunk in whole(pair):
            yield _of_hunk(hunk, pair, output_causes(changed, pair.any))
    if new is None:
        return
    in_head: list[Origin] = []
    if old is None:
        in_head += output_causes(changed, new)
    else:
        if pair.status == "renamed":
            yield _of_hunk(pair.renaming(), pair, output_causes(changed, old, new))
        for hunk in hunks(old.text, new.text, (*old.sections, *new.sections)):
            causes = hunk_causes(changed, old, new, hunk)
            in_head += causes if hunk.section == "head" else ()
            yield _of_hunk(hunk, pair, causes)
    for effect in effects(old, new):
        key = _Key(effect.kind, "permissions", effect.field, effect.old, effect.new)
        yield _Found(
            key, pair.key, permission_causes(changed, effect.field, dict.fromkeys(in_head))
        )


def _of_hunk(hunk: Hunk, pair: Pair, causes: Origins) -> _Found:
    key = _Key(hunk.kind, hunk.section, hunk.field, hunk.old, hunk.new)
    return _Found(key, pair.key, causes, hunk)


def _grouped(
    found: Iterable[_Found], among: Universe, pairs: Mapping[str, Pair], context: int
) -> Iterator[Change]:
    groups: dict[_Key, list[_Found]] = defaultdict(list)
    for one in found:
        groups[one.key].append(one)
    for key, members in groups.items():
        outputs = tuple(sorted({one.output for one in members}))
        places = [Place(one.output, one.hunk) for one in members if one.hunk]
        first = min(places, default=None)
        above, below = _around(pairs[first.output], first.hunk, context) if first else ("", "")
        size = len(key.new) - len(key.old) if key.kind not in PERMISSIONS else 0
        pair = pairs[outputs[0]]
        shown = veil(*(side.text for side in (pair.old, pair.new) if side))
        yield Change(
            "",
            *key._replace(old=shown(key.old), new=shown(key.new)),
            causes=tuple(sorted({origin for one in members for origin in one.causes})),
            outputs=outputs,
            reach=reach(frozenset(outputs), among),
            fingerprint=key.fingerprint(),
            token_delta=round(size / CHARACTERS_PER_TOKEN),
            places=tuple(sorted(places)),
            above=shown(above),
            below=shown(below),
        )


def _around(pair: Pair, hunk: Hunk, lines: int) -> tuple[str, str]:
    """Return the new text of so many lines above and below a hunk."""
    if not lines or pair.old is None or pair.new is None:
        return "", ""
    names = tuple(dict.fromkeys((*pair.old.sections, *pair.new.sections)))
    text = [piece.text for piece in pieces(pair.new.text, names)]
    above = text[max(0, hunk.new_start - lines) : hunk.new_start]
    return "".join(above), "".join(text[hunk.new_end : hunk.new_end + lines])


def _named(letter: str, changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(change._replace(id=f"{letter}{n}") for n, change in enumerate(changes, 1))


def _summary(pairs: Iterable[Pair], found: Iterable[_Found], *, known: bool) -> Summary:
    status: dict[Status, int] = defaultdict(int)
    size = 0
    for pair in pairs:
        status[pair.status] += 1
        if pair.old and pair.new:
            size += len(pair.new.text) - len(pair.old.text)
    touched = status["changed"] + status["renamed"]
    return Summary(
        changed=status["changed"],
        added=status["added"],
        removed=status["removed"],
        renamed=status["renamed"],
        groups=0,
        hunks=sum(one.hunk is not None for one in found),
        unexplained=len({one.output for one in found if not one.causes}) if known else 0,
        suppressed=0,
        tokens_per_output=round(size / CHARACTERS_PER_TOKEN / touched) if touched else 0,
    )


def _causes(
    found: Iterable[_Found], among: Universe, dims: Mapping[str, Mapping[str, str]]
) -> tuple[Cause, ...]:
    reached: dict[Origin, set[str]] = defaultdict(set)
    for one in found:
        for origin in one.causes:
            reached[origin].add(one.output)
    causes = [
        Cause(
            origin,
            outputs=len(keys),
            packs=len({dims[key].get("pack", "") for key in keys}),
            targets=len({dims[key].get("target", "") for key in keys}),
            reach=reach(frozenset(keys), among),
        )
        for origin, keys in reached.items()
    ]
    return tuple(sorted(causes, key=lambda cause: (-cause.outputs, cause.origin)))


def _outputs(pairs: Iterable[Pair], changes: Iterable[Change]) -> tuple[Reached, ...]:
    of: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        for output in change.outputs:
            of[output].append(change.id)
    return tuple(
        Reached(
            pair.key,
            pair.status,
            tuple(of[pair.key]),
            pair.old.key if pair.old and pair.status == "renamed" else "",
        )
        for pair in pairs
        if pair.status != "same"
    )
