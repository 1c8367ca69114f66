"""The same change in many outputs as one: occurrences in, changes out."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from promptpack.diff.hunks import HEADING
from promptpack.diff.model import PERMISSION_KINDS, Change, ChangeKind, Hunk, HunkPlace, Origins
from promptpack.diff.pairing import Pair
from promptpack.diff.reach import Universe, describe_reach
from promptpack.diff.segments import split_output
from promptpack.redaction import make_redactor
from promptpack.redaction import redact as redact_text
from promptpack.rendering.tokens import estimate_tokens

_LAYOUTS = "templates/layouts/"

LAYOUT = "layout"
"""The section of changes that only mark sections in another way."""


class ChangeKey(NamedTuple):
    """What makes changes the same change."""

    kind: ChangeKind
    section: str
    field: str
    old: str
    new: str


class Occurrence(NamedTuple):
    """One occurrence of a change: in which output, why, and where if it is a hunk.

    `content` is what a change holds that is one for all its outputs, though they differ: the text
    of an output that came, or what it grants. The fingerprint of the change covers all of it.
    """

    key: ChangeKey
    output: str
    causes: Origins
    hunk: Hunk | None = None
    content: tuple[str, ...] | None = None


def make_hunk_occurrence(hunk: Hunk, pair: Pair, causes: Origins) -> Occurrence:
    """Return the occurrence of a hunk in an output.

    All hunks with which a layout only marks sections in another way are one change, and so are
    those with which it only spaces lines in another way.
    """
    layout = hunk.layout
    if hunk.kind == "whitespace" and causes and all(_LAYOUTS in one.path for one in causes):
        layout = PurePosixPath(causes[0].path).name.partition(".")[0]
    if layout is not None and hunk.kind != "hidden" and hunk.half == "whole":
        field = " ".join(word for word in (layout, hunk.field) if word)
        key = ChangeKey("prose", LAYOUT, field, "", "")
        return Occurrence(key, pair.key, causes, hunk, (hunk.old, hunk.new))
    if hunk.field == HEADING and hunk.kind in ("safety", "prose"):
        key = ChangeKey(hunk.kind, hunk.section, HEADING, "", "")
        return Occurrence(key, pair.key, causes, hunk, (hunk.old, hunk.new))
    key = ChangeKey(hunk.kind, hunk.section, hunk.field, hunk.old, hunk.new)
    return Occurrence(key, pair.key, causes, hunk)


def group_occurrences(
    occurrences: Iterable[Occurrence],
    all_outputs: Universe,
    pairs: Mapping[str, Pair],
    context: int,
) -> Iterator[Change]:
    """Yield each change once, without an id, with so many lines of context."""
    groups: dict[ChangeKey, list[Occurrence]] = defaultdict(list)
    for occurrence in occurrences:
        groups[occurrence.key].append(occurrence)
    for key, members in groups.items():
        yield _make_change(key, members, all_outputs, pairs, context)


def _make_change(
    key: ChangeKey,
    members: list[Occurrence],
    all_outputs: Universe,
    pairs: Mapping[str, Pair],
    context: int,
) -> Change:
    outputs = tuple(sorted({occurrence.output for occurrence in members}))
    places = [HunkPlace(one.output, one.hunk) for one in members if one.hunk]
    first_place = min(places, default=None)
    above, below = (
        _find_context(pairs[first_place.output], first_place.hunk, context)
        if first_place
        else ("", "")
    )
    contents = sorted({one.content for one in members if one.content is not None})
    key = _add_contents(key, contents)
    shown_pairs = [pairs[output] for output in (outputs if contents else outputs[:1])]
    sides = [side for pair in shown_pairs for side in (pair.old, pair.new) if side]
    redact = make_redactor(*(side.text for side in sides))
    return Change(
        "",
        *key._replace(old=redact_text(redact(key.old)), new=redact_text(redact(key.new))),
        causes=tuple(sorted({origin for one in members for origin in one.causes})),
        outputs=outputs,
        reach=describe_reach(frozenset(outputs), all_outputs),
        fingerprint=_make_fingerprint(key, contents),
        token_delta=estimate_tokens(_measure_growth(key, members)),
        places=tuple(sorted(places)),
        above=redact(above),
        below=redact(below),
    )


def _add_contents(key: ChangeKey, contents: list[tuple[str, ...]]) -> ChangeKey:
    """Return a key with the texts that a change of many texts shows."""
    if key.kind in PERMISSION_KINDS and contents:
        return key._replace(new=_merge_grants(contents))
    if contents and (key.section == LAYOUT or key.field == HEADING):
        old, new = ("".join(dict.fromkeys(texts)) for texts in zip(*contents, strict=True))
        return key._replace(old=old, new=new)
    return key


def _make_fingerprint(key: ChangeKey, contents: list[tuple[str, ...]]) -> str:
    """Return a hash of just what changed: no path, line or time."""
    data = [*key, *(list(content) for content in contents)]
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:32]


def _measure_growth(key: ChangeKey, members: list[Occurrence]) -> float:
    """Return how many characters a change adds to each output."""
    if key.kind in PERMISSION_KINDS:
        return 0
    if all(one.content is None or one.hunk is None for one in members):
        return len(key.new) - len(key.old)
    hunks = [one.hunk for one in members if one.hunk]
    output_count = len({one.output for one in members})
    return sum(len(hunk.new) - len(hunk.old) for hunk in hunks) / output_count


def _merge_grants(contents: Iterable[tuple[str, ...]]) -> str:
    """Return what some outputs grant, each capability once with all that they grant of it."""
    effects: dict[str, dict[str, None]] = defaultdict(dict)
    for content in contents:
        for name, effect in zip(content[::2], content[1::2], strict=True):
            effects[name][effect] = None
    return "; ".join(f"{name}: {' or '.join(effects[name])}" for name in sorted(effects))


def _find_context(pair: Pair, hunk: Hunk, line_count: int) -> tuple[str, str]:
    """Return the new text of so many lines above and below a hunk."""
    if not line_count or pair.old is None or pair.new is None:
        return "", ""
    new_lines = [segment.text for segment in split_output(pair.new)]
    above = new_lines[max(0, hunk.new_start - line_count) : hunk.new_start]
    return "".join(above), "".join(new_lines[hunk.new_end : hunk.new_end + line_count])
