"""The changed places of sources: two sides' texts in, places out, and later what follows from each.

A place is a run of lines that changed, as in a unified diff without context.
"""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from promptpack.diff.model import Change, SourceHunk
from promptpack.diff.reach import Universe, describe_reach
from promptpack.model import Origin
from promptpack.redaction import make_redactor
from promptpack.source.changed import find_changed_paths


def find_source_hunks(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[SourceHunk, ...]:
    """Return the changed places of all sources, by path and line."""
    return tuple(
        hunk
        for path in sorted(find_changed_paths(old, new))
        for hunk in _compare_texts(path, old.get(path), new.get(path))
    )


def add_consequences(
    hunks: Iterable[SourceHunk],
    changes: Iterable[Change],
    outputs_by_origin: Mapping[Origin, Iterable[str]],
    all_outputs: Universe,
    dims: Mapping[str, Mapping[str, str]],
) -> tuple[SourceHunk, ...]:
    """Return the places with the outputs that each reaches, and the changes that it causes."""
    ids_by_origin: dict[Origin, list[str]] = defaultdict(list)
    for change in changes:
        for origin in change.causes:
            ids_by_origin[origin].append(change.id)
    complete = []
    for hunk in hunks:
        outputs = {key for line in hunk.lines for key in outputs_by_origin.get(line, ())}
        ids = {identifier for line in hunk.lines for identifier in ids_by_origin.get(line, ())}
        complete.append(
            hunk._replace(
                outputs=tuple(sorted(outputs)),
                groups=tuple(sorted(ids, key=_make_id_key)),
                packs=len({dims[key].get("pack", "") for key in outputs}),
                targets=len({dims[key].get("target", "") for key in outputs}),
                reach=describe_reach(frozenset(outputs), all_outputs),
            )
        )
    return tuple(complete)


def _make_id_key(identifier: str) -> tuple[bool, int]:
    return not identifier.startswith("P"), int(identifier[1:])


def _compare_texts(path: str, old: str | None, new: str | None) -> Iterator[SourceHunk]:
    old_lines, new_lines = (old or "").splitlines(), (new or "").splitlines()
    redact = make_redactor(*(text for text in (old, new) if text is not None))
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        numbers = range(j1 + 1, j2 + 1)
        if j1 == j2 and new is None:
            numbers = range(i1 + 1, i2 + 1)
        elif j1 == j2:  # the line where the old ones were
            position = min(j1 + 1, max(1, len(new_lines)))
            numbers = range(position, position + 1)
        yield SourceHunk(
            path,
            (i1 + 1, i2) if i2 > i1 else None,
            (j1 + 1, j2) if j2 > j1 else None,
            redact("".join(f"{line}\n" for line in old_lines[i1:i2])),
            redact("".join(f"{line}\n" for line in new_lines[j1:j2])),
            frozenset(Origin(path, number) for number in numbers),
        )
