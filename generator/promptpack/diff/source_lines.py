"""Which source lines are the same on two sides: changed places in, a name for each line out."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from promptpack.diff.model import Segment, SourceHunk
from promptpack.model import Origin


class _ChangedRun(NamedTuple):
    """A place that changed, from 1: its first line and the one after its last, on one side.

    `shift` is how much later the lines after it stand on the new side.
    """

    start: int
    end: int
    shift: int


class SourceLines:
    """The lines of the sources of both sides, each named by where it is on the new side.

    All lines of a changed place have one name, with a negative line that nothing else has.
    """

    def __init__(self, hunks: Iterable[SourceHunk] = ()) -> None:
        self._old: dict[str, list[_ChangedRun]] = defaultdict(list)
        self._new: dict[str, list[_ChangedRun]] = defaultdict(list)
        shifts: dict[str, int] = defaultdict(int)
        for hunk in hunks:
            shift = shifts[hunk.path]
            old_start, new_start = _find_starts(hunk, shift)
            old_end = old_start if hunk.base is None else hunk.base[1] + 1
            new_end = new_start if hunk.head is None else hunk.head[1] + 1
            shifts[hunk.path] = shift = new_end - old_end
            self._old[hunk.path].append(_ChangedRun(old_start, old_end, shift))
            self._new[hunk.path].append(_ChangedRun(new_start, new_end, 0))

    @property
    def paths(self) -> Collection[str]:
        """The files that changed."""
        return self._old.keys()

    def are_same(self, old: Sequence[Segment], new: Sequence[Segment]) -> bool:
        """Tell whether pieces are the same ones of sources that did not change, at first sight."""
        paths = {one.origin.path for one in old if one.origin}
        return (
            len(old) == len(new)
            and paths.isdisjoint(self._old)
            and [one[:4] for one in old] == [one[:4] for one in new]
            and [one.origin for one in old] == [one.origin for one in new]
        )

    def name_old(self, origin: Origin) -> Origin:
        """Return the name of a line of the old side."""
        return _name_line(origin, self._old.get(origin.path, ()))

    def name_new(self, origin: Origin) -> Origin:
        """Return the name of a line of the new side."""
        return _name_line(origin, self._new.get(origin.path, ()))


def _find_starts(hunk: SourceHunk, shift: int) -> tuple[int, int]:
    if hunk.base is None:
        start = hunk.head[0] if hunk.head else 1
        return start - shift, start
    return hunk.base[0], hunk.base[0] + shift


def _name_line(origin: Origin, runs: list[_ChangedRun] | tuple[()]) -> Origin:
    number = bisect_right(runs, origin.line, key=lambda run: run.start) - 1
    if number < 0:
        return origin
    run = runs[number]
    if origin.line < run.end:
        return Origin(origin.path, -number - 1)
    return Origin(origin.path, origin.line + run.shift)
