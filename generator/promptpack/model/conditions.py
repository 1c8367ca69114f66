"""What a pack says of some of its variants, and what it lives with: each with who is meant."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from promptpack.model.origin import Origin


class Condition(NamedTuple):
    """Which variants something concerns: of these models, policies and languages; () means any."""

    models: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def holds(self, model: str, policy: str, language: str = "") -> bool:
        """Tell whether the variant of this model, policy and language is meant."""
        pairs = zip(self, (model, policy, language), strict=True)
        return all(not names or name in names for names, name in pairs)


class Translation(NamedTuple):
    """What a pack says in one more language, "" for what it does not.

    `titles` are the words of headings, each with its place, by section.
    """

    title: str = ""
    description: str = ""
    titles: Mapping[str, tuple[str, Origin]] = MappingProxyType({})


class Override(NamedTuple):
    """What some variants have otherwise: sections that they leave out, other values of fields."""

    when: Condition
    drop: tuple[str, ...]
    values: Mapping[str, Any] = MappingProxyType({})


EVERY_WIDENING = "all"
"""What an entry of `accept` has for a capability if it is about all that a client can't hold."""


class Accept(NamedTuple):
    """A loss that somebody decided to live with, and why."""

    target: str
    capability: str
    reason: str
    when: Condition
    origin: Origin

    def covers(self, target: str, capability: str, *, is_widened: bool) -> bool:
        """Tell whether what becomes of a capability in a client is accepted by this."""
        is_meant = self.capability == capability or (
            is_widened and self.capability == EVERY_WIDENING
        )
        return self.target == target and is_meant


class Ignore(NamedTuple):
    """A rule that a pack lives with, and why; `where` is the one file it is about, or empty."""

    rule: str
    reason: str
    where: str
    origin: Origin


class Expectation(NamedTuple):
    """What prompts have to hold: one of a text, the lack of a text, and a number of tokens at most.

    It is about the prompts of the variants that `when` means, for `targets`; () means all.
    """

    contains: str
    absent: str
    max_tokens: int
    when: Condition
    targets: tuple[str, ...]
    origin: Origin

    def covers(self, model: str, policy: str, language: str, target: str) -> bool:
        """Tell whether the prompt of this model, policy and language for this target is meant."""
        is_meant = not self.targets or target in self.targets
        return is_meant and self.when.holds(model, policy, language)
