"""Why an output changed: two sides' sources and a hunk in, the source lines that did it out."""

import difflib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from promptpack.diff.model import Hunk, Origins, Output
from promptpack.model import Origin

FRAMING = 4
"""How many of an output's sources frame all of it: its pack, policy, model and layout."""


class Changed(NamedTuple):
    """The lines of sources that changed: those that are new, and where old ones were."""

    new: Mapping[str, frozenset[int]]
    old: Mapping[str, Mapping[int, Origin]]
    texts: Mapping[str, tuple[str, ...]]
    lines: tuple[frozenset[Origin], frozenset[Origin]]
    """Those of the old side that went, and those of the new side that came."""


def changed_sources(old: Mapping[str, str], new: Mapping[str, str]) -> Changed:
    """Return what changed between the source texts of two sides, by path."""
    came: dict[str, frozenset[int]] = {}
    went: dict[str, Mapping[int, Origin]] = {}
    texts = {}
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path):
            was, now = old.get(path, "").splitlines(), new.get(path, "").splitlines()
            texts[path] = tuple(now)
            came[path], went[path] = _changed_lines(path, was, now, is_there=path in new)
    lines = (
        frozenset(Origin(path, line) for path, found in kind.items() for line in found)
        for kind in (went, came)
    )
    return Changed(came, went, texts, (next(lines), next(lines)))


def hunk_causes(changed: Changed, old: Output, new: Output, hunk: Hunk) -> Origins:
    """Return the changed source lines behind a hunk, the nearest that there are; () for none."""
    before, after = range(hunk.start, hunk.end), range(hunk.new_start, hunk.new_end)
    was, now = (
        [o for n in before for o in old.origins(n)],
        [o for n in after for o in new.origins(n)],
    )
    if direct := _of_lines(changed, was, now):
        return direct
    went, came = changed.lines
    values_was = [o for n in before for o in old.values(n, went)]
    values_now = [o for n in after for o in new.values(n, came)]
    if shown := _of_lines(changed, values_was, values_now):
        return shown
    paths = {origin.path for origin in (*was, *now)}
    used = _of_lines(changed, _using(old, paths), _using(new, paths))
    return used or _first_lines(changed, paths) or output_causes(changed, old, new)


def output_causes(changed: Changed, *sides: Output) -> Origins:
    """Return the changed lines among all that an output is made of: what frames it goes first."""
    framing = {path for side in sides for path in side.sources[:FRAMING]}
    others = {path for side in sides for path in side.sources[FRAMING:]}
    return _first_lines(changed, framing) or _first_lines(changed, others)


def permission_causes(changed: Changed, field: str, found: Iterable[Origin]) -> Origins:
    """Return of the causes of an output's head those that are about one capability."""
    causes = tuple(found)
    policies = tuple(origin for origin in causes if "/policies/" in origin.path) or causes
    named = tuple(origin for origin in policies if _text(changed, origin).startswith(f"{field}:"))
    return named or policies


def _changed_lines(
    path: str, was: list[str], now: list[str], *, is_there: bool
) -> tuple[frozenset[int], Mapping[int, Origin]]:
    came: set[int] = set()
    went: dict[int, Origin] = {}
    matcher = difflib.SequenceMatcher(None, was, now, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            came.update(range(j1 + 1, j2 + 1))
            place = min(j1 + 1, max(1, len(now)))
            went |= {n: Origin(path, place if is_there else n) for n in range(i1 + 1, i2 + 1)}
    return frozenset(came), went


def _of_lines(changed: Changed, was: Iterable[Origin], now: Iterable[Origin]) -> Origins:
    found = {o for o in now if o.line in changed.new.get(o.path, ())}
    gone = {changed.old[o.path][o.line] for o in was if o.line in changed.old.get(o.path, ())}
    return tuple(sorted(found or gone))


def _using(output: Output, paths: set[str]) -> list[Origin]:
    return [origin for origin, files in output.uses if files & paths]


def _first_lines(changed: Changed, paths: Iterable[str]) -> Origins:
    """Return the first changed line of each of these files that changed."""
    found = []
    for path in sorted(paths):
        if lines := changed.new.get(path):
            found.append(Origin(path, min(lines)))
        elif gone := changed.old.get(path):
            found.append(gone[min(gone)])
    return tuple(found)


def _text(changed: Changed, origin: Origin) -> str:
    lines = changed.texts.get(origin.path, ())
    return lines[origin.line - 1].strip() if origin.line <= len(lines) else ""
