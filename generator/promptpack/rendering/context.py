"""What templates see: read-only views of the nouns, without anything that could be changed."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from promptpack.model import CAPABILITIES, Effect, Mode, Model, Policy, Variant
from promptpack.policy.lattice import is_capability, list_effects
from promptpack.reading.checks import suggest_capability
from promptpack.rendering.permissions import make_policy_key
from promptpack.rendering.questions import PolicyQuestion, Questions
from promptpack.source.closest import suggest

VARIABLES = ("pack", "model", "policy", "target", "vars", "params", "arguments", "argument")
"""What a fragment sees; a layout sees `sections` too."""


@dataclass(frozen=True)
class PackView:
    """The pack: `name title description mode tags`."""

    name: str
    title: str
    description: str
    mode: Mode
    tags: tuple[str, ...]


@dataclass(frozen=True)
class ModelView:
    """The model: `name title family context_window prompt_budget` (the last two in tokens)."""

    name: str
    title: str
    family: str
    context_window: int | None
    prompt_budget: int | None


class PolicyView:
    """The policy: `name title summary` and what it says of a capability, as the file holds it.

    `authored` is the same view of the policy as it is written.
    """

    def __init__(self, policy: Policy, authored: Policy | None = None) -> None:
        self._policy = policy
        self._authored = authored
        self._effects: dict[str, frozenset[Effect]] = {}
        self._answers: dict[Questions, Hashable] = {}
        self.name, self.title, self.summary = policy.name, policy.title, policy.summary

    def answer(self, questions: Questions) -> Hashable:
        """Return all that a template with these questions learns of the policy."""
        if questions not in self._answers:
            self._answers[questions] = self._answer_anew(questions)
        return self._answers[questions]

    def _answer_anew(self, questions: Questions) -> Hashable:
        if questions is None:
            return make_policy_key(self._policy), make_policy_key(self._authored or self._policy)
        return tuple(map(self._answer_one, sorted(questions)))

    def _answer_one(self, question: PolicyQuestion) -> object:
        view = self.authored if question.authored else self
        answer = getattr(view, question.name)
        with suppress(ValueError):  # for an unknown capability, which rendering reports
            return answer(question.capability) if question.capability else answer
        return None

    @cached_property
    def authored(self) -> "PolicyView":
        """The policy as it is written, whatever is left of it in this client's file."""
        return PolicyView(self._authored or self._policy)

    def denies(self, capability: str) -> bool:
        """Tell whether the policy denies all of a capability."""
        return self._find_effects(capability) == {Effect.DENY}

    def allows(self, capability: str) -> bool:
        """Tell whether some of a capability may be had, be it after asking."""
        return not self.denies(capability)

    def asks(self, capability: str) -> bool:
        """Tell whether the capability is asked for unless a pattern says otherwise."""
        self._find_effects(capability)
        return self._policy.grant(capability)[0].effect is Effect.ASK

    def _find_effects(self, capability: str) -> frozenset[Effect]:
        if capability not in self._effects:
            if not is_capability(capability):
                known = (*CAPABILITIES, *self._policy.grants)
                hint = suggest_capability(capability, known) or suggest(capability, known)
                message = f"unknown capability '{capability}'{hint and f', {hint}'}"
                raise ValueError(message)
            self._effects[capability] = list_effects(self._policy.grant(capability))
        return self._effects[capability]


class _Values:
    """Named values, readable by name only, so that no name can hide behind a method."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    __iter__ = None

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - an author's scalar
        return self._values[name]

    def __dir__(self) -> list[str]:
        return sorted(self._values)


class Vars(_Values):
    """The pack's `vars`."""


class Params(_Values):
    """The values of a fragment's `params` at one use."""


class Argument(_Values):
    """What stands for each of a command's single arguments."""


@dataclass(frozen=True)
class PartView:
    """A part of a section as a layout sees it; `title` is empty when it is all of the section."""

    name: str
    title: str
    body: str


@dataclass(frozen=True)
class SectionView:
    """A section as a layout sees it: `body` joins its parts, and `text` is all of its lines.

    Where it is a passage of a text, its lines are as they stand there, its heading included.
    """

    name: str
    title: str
    parts: tuple[PartView, ...]
    text: str

    @cached_property
    def body(self) -> str:
        """The text of all parts, a blank line between them."""
        return "\n\n".join(part.body for part in self.parts)


@dataclass(frozen=True)
class TrackedSectionView(SectionView):
    """A section that reports when a layout reads it, so that lines get their section."""

    _enter: Callable[[str], None]

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - any attribute there is
        value = object.__getattribute__(self, name)
        if not name.startswith("_"):
            object.__getattribute__(self, "_enter")(object.__getattribute__(self, "name"))
        return value


def make_pack_view(variant: Variant) -> PackView:
    """Return the view of a variant's pack, its title and description in the variant's language."""
    pack = variant.pack
    description = variant.translation.description or pack.description
    return PackView(pack.name, variant.title, description, pack.mode, pack.tags)


def make_model_view(model: Model) -> ModelView:
    """Return the view of a model."""
    return ModelView(
        model.name, model.title, model.family, model.context_window, model.prompt_budget
    )


def make_cache_key(view: object, questions: Questions) -> Hashable:
    """Return all that a template can learn from a view: what it makes of equal ones is equal.

    Of a policy that is the answers to what it asks.
    """
    if isinstance(view, PolicyView):
        return view.answer(questions)
    return repr(view._values if isinstance(view, _Values) else view)


def make_values_key(
    variables: Iterable[str], questions: Questions, context: Mapping[str, Any]
) -> tuple[Hashable, ...]:
    """Return all that a template with these questions can learn from some variables it is given."""
    return tuple(
        [
            make_cache_key(context[variable], questions)
            for variable in variables
            if variable in context
        ]
    )
