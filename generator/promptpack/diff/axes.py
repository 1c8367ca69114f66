"""Why outputs come or go: a new or removed pack, target, model, policy or language, or a variant.

An output that comes is held against its siblings: outputs that were there and differ from it in
that one word only. What the siblings grant is no news.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from promptpack.diff.model import Output
from promptpack.model import VariantId, parse_variant_id


class Axis(NamedTuple):
    """One word by which outputs differ: `pack`, `target`, `model`, and so on to `variant`."""

    name: str
    value: str


_INNER_AXES = ("target", "model", "policy")
LANGUAGE = "language"
"""The word that only a translated output has."""

AXES = ("pack", *_INNER_AXES, LANGUAGE, "variant")
"""The words by which outputs differ, the widest first; a variant is made of the three before it."""


class AxisFinder:
    """The outputs of one side, by the words about them."""

    def __init__(self, outputs: Iterable[Output]) -> None:
        self._words: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self._by_pack: dict[str, list[Output]] = defaultdict(list)
        for output in sorted(outputs, key=lambda one: one.key):
            if is_placed(output):
                pack = output.dims["pack"]
                axes = (*_INNER_AXES, LANGUAGE)
                self._words[pack] |= {(axis, output.dims.get(axis, "")) for axis in axes}
                self._by_pack[pack].append(output)

    def find_axis(self, output: Output) -> Axis | None:
        """Return the word of an output that this side does not have; None if nothing is known."""
        if not is_placed(output):
            return None
        pack = output.dims["pack"]
        if pack not in self._words:
            return Axis("pack", pack)
        for axis in _INNER_AXES:
            if (axis, output.dims[axis]) not in self._words[pack]:
                return Axis(axis, output.dims[axis])
        language = output.dims.get(LANGUAGE, "")
        if language and (LANGUAGE, language) not in self._words[pack]:
            return Axis(LANGUAGE, language)
        variant = VariantId(output.dims["model"], output.dims["policy"], language)
        return Axis("variant", str(variant))

    def find_siblings(self, output: Output, axis: Axis) -> list[Output]:
        """Return the outputs of this side that differ from another one in nothing but a word."""
        fixed_words: Mapping[str, tuple[str, ...]] = {
            "pack": (),
            "target": ("model", "policy"),
            "model": ("target", "policy"),
            "variant": ("target", "policy"),
            LANGUAGE: ("target", "model", "policy"),
            "policy": ("target",),
        }
        if axis.name == "pack":
            return []
        return [
            other
            for other in self._by_pack[output.dims["pack"]]
            if all(other.dims[word] == output.dims[word] for word in fixed_words[axis.name])
        ]


def describe_variant(name: str) -> dict[str, str]:
    """Return the words of a variant by its name; a language only where it says one."""
    words = parse_variant_id(name)._asdict()
    return {axis: word for axis, word in words.items() if word or axis != LANGUAGE}


def is_placed(output: Output) -> bool:
    """Tell whether the pack, target, model and policy of an output are known."""
    return all(output.dims.get(word) for word in ("pack", *_INNER_AXES))
