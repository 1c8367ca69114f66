"""Why an output changed: two sides' sources and a hunk in, the source lines that did it out."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from promptpack.diff.model import Hunk, Origins, Output, SourceHunk
from promptpack.diff.source_hunks import find_source_hunks
from promptpack.model import Origin


class SourceChanges(NamedTuple):
    """The lines of sources that changed: those that are new, and where old ones were."""

    new: Mapping[str, frozenset[int]]
    old: Mapping[str, Mapping[int, Origin]]
    texts: Mapping[str, tuple[str, ...]]
    lines: tuple[frozenset[Origin], frozenset[Origin]]
    """Those of the old side that went, and those of the new side that came."""
    hunks: tuple[SourceHunk, ...]
    whole: frozenset[str]
    """The files that are on one side only."""

    def is_whole(self, hunk: SourceHunk) -> bool:
        """Tell whether a place of a source is all of a file that came or went."""
        return hunk.path in self.whole


def compare_sources(old: Mapping[str, str], new: Mapping[str, str]) -> SourceChanges:
    """Return what changed between the source texts of two sides, by path."""
    new_numbers: dict[str, frozenset[int]] = {}
    old_origins: dict[str, Mapping[int, Origin]] = {}
    texts = {}
    all_hunks = find_source_hunks(old, new)
    hunks_by_path: dict[str, list[SourceHunk]] = defaultdict(list)
    for hunk in all_hunks:
        hunks_by_path[hunk.path].append(hunk)
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path):
            hunks = hunks_by_path[path]
            texts[path] = tuple(new.get(path, "").splitlines())
            new_numbers[path] = frozenset(n for h in hunks for n in _list_numbers(h.head))
            old_origins[path] = {
                n: Origin(path, h.line if path in new else n)
                for h in hunks
                for n in _list_numbers(h.base)
            }
    old_lines, new_lines = (
        frozenset(
            Origin(path, line) for path, numbers in numbers_by_path.items() for line in numbers
        )
        for numbers_by_path in (old_origins, new_numbers)
    )
    return SourceChanges(
        new_numbers,
        old_origins,
        texts,
        (old_lines, new_lines),
        all_hunks,
        frozenset(old.keys() ^ new.keys()),
    )


def _list_numbers(lines: tuple[int, int] | None) -> range:
    return range(0) if lines is None else range(lines[0], lines[1] + 1)


def find_hunk_causes(
    source_changes: SourceChanges, old: Output, new: Output, hunk: Hunk
) -> Origins:
    """Return the changed source lines behind a hunk, the nearest that there are; () for none."""
    old_range, new_range = range(hunk.start, hunk.end), range(hunk.new_start, hunk.new_end)
    old_origins, new_origins = (
        [o for n in old_range for o in old.origins(n)],
        [o for n in new_range for o in new.origins(n)],
    )
    if hunk.half != "whole":  # what moved both went and came
        moved_causes = {
            *_select_changed(source_changes, old_origins, ()),
            *_select_changed(source_changes, (), new_origins),
        }
        if moved_causes:
            return tuple(sorted(moved_causes))
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


def find_axis_causes(source_changes: SourceChanges, name: str, output: Output) -> Origins:
    """Return the changes of sources with which an output came or went, for the sake of a name.

    They are those that begin or cease to say the name, and whole files that came or went.
    """
    paths = {*output.frame, *output.sources}
    has_name = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    causes = [
        Origin(hunk.path, hunk.line)
        for hunk in source_changes.hunks
        if hunk.path in paths
        and (
            source_changes.is_whole(hunk)
            or len(has_name.findall(hunk.before)) != len(has_name.findall(hunk.after))
        )
    ]
    return tuple(causes) or find_output_causes(source_changes, output)


def find_permission_causes(
    source_changes: SourceChanges, field: str, origins: Iterable[Origin]
) -> Origins:
    """Return of the causes of an output's head those that are about one capability."""
    causes = tuple(origins)
    policies = tuple(origin for origin in causes if "/policies/" in origin.path) or causes
    field_causes = tuple(origin for origin in policies if _is_about(source_changes, origin, field))
    return field_causes or policies


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


def _is_about(source_changes: SourceChanges, origin: Origin, field: str) -> bool:
    """Tell whether a line of YAML has a key, quoted or not, or stands below it."""
    lines = source_changes.texts.get(origin.path, ())[: origin.line]
    has_key = re.compile(rf"(['\"]?){re.escape(field)}\1\s*:")
    indent = None
    for line in reversed(lines):
        text = line.lstrip()
        if not text or text.startswith("#"):
            continue
        if indent is None or len(line) - len(text) < indent:
            indent = len(line) - len(text)
            if has_key.match(text):
                return True
    return False
