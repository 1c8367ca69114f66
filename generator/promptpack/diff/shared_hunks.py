"""Hunks with their causes: two files in, out what differs, worked out once for equal prompts.

The files of a pack for several clients have the same prompt below different front matter. Where
that stayed as it was, their hunks differ only in the number of lines above them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from promptpack.diff.align import Aligner
from promptpack.diff.causes import SourceChanges, find_hunk_causes
from promptpack.diff.hunks import find_hunks
from promptpack.diff.model import HeadedPrompt, Hunk, Origins, Output
from promptpack.diff.segments import split_output

_PROMPTS_KEPT = 256
"""How many pairs of prompts are kept: the files of a pack for its clients are near each other."""

Explained = tuple[tuple[Hunk, Origins], ...]


class _Known(NamedTuple):
    """What was found for two outputs with these parts, which are kept so that ids stay theirs."""

    parts: tuple[HeadedPrompt, HeadedPrompt]
    outputs: tuple[Output, Output]
    explained: Explained


class PromptComparer:
    """Finds what differs between the files of two sides, and the changed lines behind it."""

    def __init__(self, source_changes: SourceChanges, aligner: Aligner) -> None:
        self._source_changes, self._aligner = source_changes, aligner
        self._known: dict[tuple[int, int], _Known] = {}

    def find_explained(self, old: Output, new: Output) -> Explained:
        """Return the hunks between two outputs, each with the changed source lines behind it."""
        old_parts, new_parts = old.parts(), new.parts()
        if old_parts is None or new_parts is None or old_parts.head != new_parts.head:
            return tuple(self._explain(old, new))
        key = id(old_parts.lines), id(new_parts.lines)
        if key not in self._known:
            if len(self._known) >= _PROMPTS_KEPT:
                self._known.clear()
            explained = tuple(self._explain(old, new))
            self._known[key] = _Known((old_parts, new_parts), (old, new), explained)
            return explained
        known = self._known[key]
        shift = old_parts.head.count("\n") - known.parts[0].head.count("\n")
        hunks = [(_shift_hunk(hunk, shift), causes) for hunk, causes in known.explained]
        if _have_same_sources(old, known.outputs[0]) and _have_same_sources(new, known.outputs[1]):
            return tuple(hunks)
        return tuple((hunk, self._find_causes(old, new, hunk)) for hunk, _ in hunks)

    def _explain(self, old: Output, new: Output) -> Iterator[tuple[Hunk, Origins]]:
        for hunk in find_hunks(split_output(old), split_output(new), self._aligner):
            yield hunk, self._find_causes(old, new, hunk)

    def _find_causes(self, old: Output, new: Output, hunk: Hunk) -> Origins:
        return find_hunk_causes(self._source_changes, old, new, hunk)


def _shift_hunk(hunk: Hunk, lines: int) -> Hunk:
    """Return a hunk so many lines further down."""
    return hunk._replace(
        start=hunk.start + lines,
        end=hunk.end + lines,
        new_start=hunk.new_start + lines,
        new_end=hunk.new_end + lines,
    )


def _have_same_sources(output: Output, other: Output) -> bool:
    """Tell whether two outputs with the same prompt are made of the same files in the same way."""
    return (output.uses, output.frame, output.sources) == (other.uses, other.frame, other.sources)
