"""Parts of sections that are kept: a part and what its fragments read in, its block out."""

from collections.abc import Hashable, Mapping, MutableMapping
from typing import Any, Generic, NamedTuple, TypeVar

from promptpack.model import Part, UserError
from promptpack.rendering.blocks import RenderedPart
from promptpack.rendering.prompt_keys import PromptKeys

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
    kept: dict[Hashable, KeptPart[B]]


class PartCache(Generic[B]):
    """Keeps the parts of sections of one project: variants of a pack have most in common."""

    def __init__(self, keys: PromptKeys) -> None:
        self._keys = keys
        self._entries: dict[int, _KeptBlocks[B]] = {}

    def find_kept(
        self, part: Part, context: Mapping[str, Any]
    ) -> tuple[MutableMapping[Hashable, KeptPart[B]], Hashable]:
        """Return what is kept of a part, and under which key it stands for these values.

        Where its fragments can't be read, that is an empty mapping, which is not kept.
        """
        try:
            key = self._keys.list_part_values(part, context)
        except UserError:
            return {}, None
        entry = self._entries.get(id(part))
        if entry is None:
            if len(self._entries) >= PARTS_KEPT:
                self._entries.clear()
            entry = self._entries[id(part)] = _KeptBlocks(part, {})
        return entry.kept, key

    def release(self) -> None:
        """Forget all parts."""
        self._entries.clear()
