"""Why an output changed: two sides' sources and a hunk in, the source lines that did it out."""

import difflib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from promptpack.diff.model import Hunk, Origins, Output
from promptpack.model import Origin


class SourceChanges(NamedTuple):
    """The lines of sources that changed: those that are new, and where old ones were."""

    new: Mapping[str, frozenset[int]]
    old: Mapping[str, Mapping[int, Origin]]
    texts: Mapping[str, tuple[str, ...]]
    lines: tuple[frozenset[Origin], frozenset[Origin]]
    """Those of the old side that went, and those of the new side that came."""


def compare_sources(old: Mapping[str, str], new: Mapping[str, str]) -> SourceChanges:
    """Return what changed between the source texts of two sides, by path."""
    new_numbers: dict[str, frozenset[int]] = {}
    old_origins: dict[str, Mapping[int, Origin]] = {}
    texts = {}
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path):
            old_lines, new_lines = old.get(path, "").splitlines(), new.get(path, "").splitlines()
            texts[path] = tuple(new_lines)
            new_numbers[path], old_origins[path] = _compare_lines(
                path, old_lines, new_lines, exists=path in new
            )
    changed_origins = (
        frozenset(
            Origin(path, line) for path, numbers in numbers_by_path.items() for line in numbers
        )
        for numbers_by_path in (old_origins, new_numbers)
    )
    return SourceChanges(
        new_numbers, old_origins, texts, (next(changed_origins), next(changed_origins))
    )


def find_hunk_causes(
    source_changes: SourceChanges, old: Output, new: Output, hunk: Hunk
) -> Origins:
    """Return the changed source lines behind a hunk, the nearest that there are; () for none."""
    old_range, new_range = range(hunk.start, hunk.end), range(hunk.new_start, hunk.new_end)
    old_origins, new_origins = (
        [o for n in old_range for o in old.origins(n)],
        [o for n in new_range for o in new.origins(n)],
    )
    if direct_causes := _select_changed(source_changes, old_origins, new_origins):
        return direct_causes
    removed_origins, added_origins = source_changes.lines
    old_values = [o for n in old_range for o in old.values(n, removed_origins)]
    new_values = [o for n in new_range for o in new.values(n, added_origins)]
    if value_causes := _select_changed(source_changes, old_values, new_values):
        return value_causes
    paths = {origin.path for origin in (*old_origins, *new_origins)}
    use_causes = _select_changed(
        source_changes, _find_use_lines(old, paths), _find_use_lines(new, paths)
    )
    return (
        use_causes
        or _find_first_lines(source_changes, paths)
        or find_output_causes(source_changes, old, new)
    )


def find_output_causes(source_changes: SourceChanges, *sides: Output) -> Origins:
    """Return the changed lines among all that an output is made of: what frames it goes first."""
    frame_paths = {path for side in sides for path in side.frame}
    other_paths = {path for side in sides for path in side.sources}
    return _find_first_lines(source_changes, frame_paths) or _find_first_lines(
        source_changes, other_paths
    )


def find_permission_causes(
    source_changes: SourceChanges, field: str, origins: Iterable[Origin]
) -> Origins:
    """Return of the causes of an output's head those that are about one capability."""
    causes = tuple(origins)
    policies = tuple(origin for origin in causes if "/policies/" in origin.path) or causes
    field_causes = tuple(
        origin for origin in policies if _get_line(source_changes, origin).startswith(f"{field}:")
    )
    return field_causes or policies


def _compare_lines(
    path: str, old_lines: list[str], new_lines: list[str], *, exists: bool
) -> tuple[frozenset[int], Mapping[int, Origin]]:
    new_numbers: set[int] = set()
    old_origins: dict[int, Origin] = {}
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            new_numbers.update(range(j1 + 1, j2 + 1))
            position = min(j1 + 1, max(1, len(new_lines)))
            old_origins |= {
                n: Origin(path, position if exists else n) for n in range(i1 + 1, i2 + 1)
            }
    return frozenset(new_numbers), old_origins


def _select_changed(
    source_changes: SourceChanges, old_origins: Iterable[Origin], new_origins: Iterable[Origin]
) -> Origins:
    new_causes = {o for o in new_origins if o.line in source_changes.new.get(o.path, ())}
    old_causes = {
        source_changes.old[o.path][o.line]
        for o in old_origins
        if o.line in source_changes.old.get(o.path, ())
    }
    return tuple(sorted(new_causes or old_causes))


def _find_use_lines(output: Output, paths: set[str]) -> list[Origin]:
    return [origin for origin, files in output.uses if files & paths]


def _find_first_lines(source_changes: SourceChanges, paths: Iterable[str]) -> Origins:
    """Return the first changed line of each of these files that changed."""
    causes = []
    for path in sorted(paths):
        if lines := source_changes.new.get(path):
            causes.append(Origin(path, min(lines)))
        elif removed_lines := source_changes.old.get(path):
            causes.append(removed_lines[min(removed_lines)])
    return tuple(causes)


def _get_line(source_changes: SourceChanges, origin: Origin) -> str:
    lines = source_changes.texts.get(origin.path, ())
    return lines[origin.line - 1].strip() if origin.line <= len(lines) else ""
