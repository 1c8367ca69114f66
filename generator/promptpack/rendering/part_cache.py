"""Parts of sections that are kept: a part and what its fragments read in, its block out."""

import sys
from collections.abc import Callable, Hashable, Mapping, MutableMapping
from typing import Any, Generic, NamedTuple, TypeVar

from promptpack.model import Part, UserError
from promptpack.rendering.blocks import RenderedPart
from promptpack.rendering.prompt_keys import Inputs, PromptKeys

B = TypeVar("B")

PARTS_KEPT = 4_096
"""How many parts are kept, each with its blocks for all values: those of some hundred packs."""


class KeptPart(NamedTuple, Generic[B]):
    """A part as it was rendered, and what it took of the room that a prompt has."""

    rendered: RenderedPart[B]
    size: int


class _KeptBlocks(NamedTuple, Generic[B]):
    """All that is kept of one part, which is kept itself so that no other gets its identity."""

    part: Part
    inputs: Inputs
    kept: dict[Hashable, KeptPart[B]]


class PartCache(Generic[B]):
    """Keeps the parts of sections of one project: variants of a pack have most in common."""

    def __init__(self, keys: PromptKeys) -> None:
        self._keys = keys
        self._entries: dict[int, _KeptBlocks[B]] = {}
        self._limit = PARTS_KEPT
        self._others: PartCache[B] | None = None
        self._is_same: Callable[[Part], bool] = lambda _: False

    def find_kept(
        self, part: Part, context: Mapping[str, Any]
    ) -> tuple[MutableMapping[Hashable, KeptPart[B]], Hashable]:
        """Return what is kept of a part, and under which key it stands for these values.

        Where its fragments can't be read, that is an empty mapping, which is not kept.
        """
        entry = self._entries.get(id(part))
        if entry is None:
            known = self._others and self._others._entries.get(id(part))
            if not known or not self._is_same(part):
                try:
                    known = _KeptBlocks(part, self._keys.find_part_inputs(part), {})
                except UserError:
                    return {}, None
            if len(self._entries) >= self._limit:
                self._entries.clear()
            self._entries[id(part)] = entry = known
        return entry.kept, entry.inputs.list_values(context)

    def keep_all(self) -> None:
        """Keep all parts from now on, for another project that may have the same."""
        self._limit = sys.maxsize

    def share(self, others: "PartCache[B]", is_same: Callable[[Part], bool]) -> None:
        """Use what is kept of the parts of another project too, where `is_same` says so.

        It has to tell that each template behind a part is the same in both. What the other one
        has from a third is used no more, unless somebody asked for it there.
        """
        others._others = None
        self._others, self._is_same = others, is_same

    def release(self) -> None:
        """Forget all parts, unless all are to be kept."""
        if self._limit == PARTS_KEPT:
            self._entries.clear()
