"""Hunks with their causes: two files in, out what differs, worked out once for equal prompts.

The files of a pack for several clients have the same prompt below different front matter. Where
that stayed as it was, their hunks differ only in the number of lines above them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from promptpack.diff.align import Aligner
from promptpack.diff.causes import SourceChanges, find_hunk_causes
from promptpack.diff.changed_section import find_section_hunks, shift_hunk
from promptpack.diff.hunks import find_hunks
from promptpack.diff.model import Hunk, Origins, Output
from promptpack.diff.segments import find_head, split_output

_PROMPTS_KEPT = 256
"""How many pairs of prompts are kept: the files of a pack for its clients are near each other."""

Explained = tuple[tuple[Hunk, Origins], ...]


class _Known(NamedTuple):
    """What was found for two outputs, which are kept so that the ids of their prompts stay theirs.

    `head_lines` is how many lines of front matter both have.
    """

    outputs: tuple[Output, Output]
    head_lines: int
    explained: Explained

    def has_uses_of(self, old: Output, new: Output) -> bool:
        """Tell whether two outputs use the same fragments in the same places of packs."""
        return (old.uses, new.uses) == (self.outputs[0].uses, self.outputs[1].uses)


class PromptComparer:
    """Finds what differs between the files of two sides, and the changed lines behind it."""

    def __init__(self, source_changes: SourceChanges, aligner: Aligner) -> None:
        self._source_changes, self._aligner = source_changes, aligner
        self._known: dict[tuple[int, int], _Known] = {}

    def find_explained(self, old: Output, new: Output) -> Explained:
        """Return the hunks between two outputs, each with the changed source lines behind it."""
        head = find_head(old.text, old.prompt)
        if head is None or head != find_head(new.text, new.prompt):
            return tuple(self._explain(old, new))
        key = id(old.prompt), id(new.prompt)
        known = self._known.get(key)
        if known is None or not known.has_uses_of(old, new):
            if len(self._known) >= _PROMPTS_KEPT:
                self._known.clear()
            explained = tuple(self._explain(old, new))
            self._known[key] = _Known((old, new), head.count("\n"), explained)
            return explained
        shift = head.count("\n") - known.head_lines
        hunks = [(shift_hunk(hunk, shift, shift), causes) for hunk, causes in known.explained]
        if _have_same_sources(old, known.outputs[0]) and _have_same_sources(new, known.outputs[1]):
            return tuple(hunks)
        return tuple((hunk, self._find_causes(old, new, hunk)) for hunk, _ in hunks)

    def _explain(self, old: Output, new: Output) -> Iterator[tuple[Hunk, Origins]]:
        for hunk in self._find_hunks(old, new):
            yield hunk, self._find_causes(old, new, hunk)

    def _find_hunks(self, old: Output, new: Output) -> tuple[Hunk, ...]:
        old_prompt, new_prompt = old.placed(), new.placed()
        if old_prompt and new_prompt:
            hunks = find_section_hunks(old_prompt, new_prompt, self._aligner)
            if hunks is not None:
                return hunks
        return find_hunks(split_output(old), split_output(new), self._aligner)

    def _find_causes(self, old: Output, new: Output, hunk: Hunk) -> Origins:
        return find_hunk_causes(self._source_changes, old, new, hunk)


def _have_same_sources(output: Output, other: Output) -> bool:
    """Tell whether two outputs with the same prompt are made of the same files in the same way."""
    return (output.uses, output.frame, output.sources) == (other.uses, other.frame, other.sources)
