"""Parts of sections that are kept: a part and what its fragments read in, its block out."""

import sys
from collections.abc import Callable, Collection, Hashable, Mapping, MutableMapping
from typing import Any, Generic, NamedTuple, TypeVar

from promptpack.model import Part, UserError
from promptpack.rendering.blocks import RenderedPart
from promptpack.rendering.prompt_keys import Inputs, PromptKeys, ToldPolicy

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


class _SharedCache(NamedTuple, Generic[B]):
    """What is kept of another project, and what tells that it is the same in this one.

    `is_same` tells it of a part; `changed` are the paths of sources that are not.
    """

    cache: "PartCache[B]"
    is_same: Callable[[Part], bool]
    changed: Collection[str]


class PartCache(Generic[B]):
    """Keeps the parts of sections of one project: variants of a pack have most in common."""

    def __init__(self, keys: PromptKeys) -> None:
        self._keys = keys
        self._entries: dict[int, _KeptBlocks[B]] = {}
        self._limit = PARTS_KEPT
        self._told: dict[ToldPolicy, RenderedPart[B]] = {}
        self._shared: tuple[_SharedCache[B], ...] = ()

    def find_kept(
        self, part: Part, context: Mapping[str, Any]
    ) -> tuple[MutableMapping[Hashable, KeptPart[B]], Hashable]:
        """Return what is kept of a part, and under which key it stands for these values.

        Where its fragments can't be read, that is an empty mapping, which is not kept.
        """
        entry = self._entries.get(id(part))
        if entry is None:
            known = self._find_shared(part)
            if known is None:
                try:
                    known = _KeptBlocks(part, self._keys.find_part_inputs(part), {})
                except UserError:
                    return {}, None
            if len(self._entries) >= self._limit:
                self._entries.clear()
            self._entries[id(part)] = entry = known
        return entry.kept, entry.inputs.list_values(context)

    def _find_shared(self, part: Part) -> _KeptBlocks[B] | None:
        for cache, is_same, _ in self._shared:
            entry = cache._entries.get(id(part))
            if entry is not None and is_same(part):
                return entry
        return None

    def find_told(self, told: ToldPolicy, make: Callable[[], RenderedPart[B]]) -> RenderedPart[B]:
        """Return the part that tells a policy, made once."""
        part = self._told.get(told)
        if part is None:
            caches = (cache for cache, _, changed in self._shared if told.path not in changed)
            known = next((cache._told[told] for cache in caches if told in cache._told), None)
            self._told[told] = part = known or make()
        return part

    def keep_all(self) -> None:
        """Keep all parts from now on, for another project that may have the same."""
        self._limit = sys.maxsize

    def share(
        self, others: "PartCache[B]", is_same: Callable[[Part], bool], changed: Collection[str]
    ) -> None:
        """Use what is kept of another project too, where `is_same` says so of a part.

        It has to tell that each template behind a part is the same in both; `changed` are the paths
        of sources that are not. Of several projects the first that has a part gives it.
        """
        self._shared = (*self._shared, _SharedCache(others, is_same, changed))

    def stop_sharing(self) -> None:
        """Use no more what is kept of other projects, but for what somebody asked for here."""
        self._shared = ()

    def release(self) -> None:
        """Forget all parts, unless all are to be kept."""
        if self._limit == PARTS_KEPT:
            self._entries.clear()
