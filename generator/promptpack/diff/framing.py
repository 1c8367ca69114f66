"""How a layout marks sections: the pieces of two files in, those that only mark them out.

A mark is a line of a layout with a name and no other word: a heading, a tag, a name in capitals.
Where both files mark one place with one name, in whatever way, no word differs there.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple

from promptpack.diff.model import Segment
from promptpack.diff.segments import FRONT_MATTER, RULE_MARK, TITLE_MARK
from promptpack.model import Origin

Segments = Sequence[Segment]
_NameLine = Callable[[Origin], Origin]


class Framing:
    """The pieces of both files that only mark what the other file marks too.

    A closing tag needs no other one on the other side, if its name stands there and is not closed.
    They are found when somebody asks.
    """

    def __init__(
        self, before: Segments, after: Segments, name_old: _NameLine, name_new: _NameLine
    ) -> None:
        self._before, self._after = before, after
        self._name_old, self._name_new = name_old, name_new

    @cached_property
    def old(self) -> frozenset[int]:
        """The numbers of those of the old file."""
        return _select_shared(self._old_marks, self._new_marks)

    @cached_property
    def new(self) -> frozenset[int]:
        """The numbers of those of the new file."""
        return _select_shared(self._new_marks, self._old_marks)

    @cached_property
    def _old_marks(self) -> "dict[int, _Mark]":
        return dict(_iter_marks(self._before, self._name_old))

    @cached_property
    def _new_marks(self) -> "dict[int, _Mark]":
        return dict(_iter_marks(self._after, self._name_new))


class _Mark(NamedTuple):
    """A name, and the line that it stands above; of a closing tag, the line that it follows."""

    name: str
    anchor: object


def describe_marks(
    segments: Segments, find_framing: Callable[[], frozenset[int]], start: int
) -> str | None:
    """Return what some pieces are that stand at the number `start` of their file.

    A `"heading"` is a mark that the other file does not have, a `"title"` such a mark of the title,
    a `"frame"` any other. Blank lines are nothing, and None is for pieces that are no marks.
    """
    kinds = {""}
    for number, segment in enumerate(segments, start):
        if segment.section == FRONT_MATTER or (segment.text.strip() and not segment.mark):
            return None
        if segment.mark:
            is_title = segment.mark == TITLE_MARK
            kinds.add("frame" if number in find_framing() else "title" if is_title else "heading")
    return next(kind for kind in ("heading", "title", "frame", "") if kind in kinds)


def name_layout(segments: Sequence[Segment]) -> str:
    """Return the name of the layout that some pieces are from, or nothing where it is not known."""
    paths = (one.origin.path for one in segments if one.origin and one.mark)
    return next((PurePosixPath(path).name.partition(".")[0] for path in paths), "")


def _iter_marks(segments: Segments, name_line: _NameLine) -> Iterator[tuple[int, _Mark]]:
    """Yield the number of each mark in a file, and what it marks."""
    opening: list[int] = []
    last: object = None
    for number, segment in enumerate(segments):
        if segment.mark:
            if segment.mark.startswith("/"):
                yield number, _Mark(segment.mark, last)
            else:
                opening.append(number)
        elif segment.text.strip() and segment.section != FRONT_MATTER:
            last = name_line(segment.origin) if segment.origin else segment.text.strip()
            yield from ((one, _Mark(segments[one].mark, last)) for one in opening)
            opening = []
    yield from ((one, _Mark(segments[one].mark, None)) for one in opening)


def _select_shared(marks: dict[int, _Mark], others: dict[int, _Mark]) -> frozenset[int]:
    other_marks = set(others.values())
    other_names = {mark.name for mark in other_marks}

    def closes_opened(mark: _Mark) -> bool:
        is_only_opened = mark.name not in other_names and mark.name.removeprefix("/") in other_names
        return mark.name.startswith("/") and is_only_opened

    return frozenset(
        number
        for number, mark in marks.items()
        if mark in other_marks or mark.name == RULE_MARK or closes_opened(mark)
    )
