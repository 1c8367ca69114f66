"""What tells prompts apart: a variant and a target in, a key out, equal for equal prompts."""

from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from promptpack.model import Finding, Part, Section, UserError, Variant
from promptpack.model.fields import find_client_settings
from promptpack.policy.prose import describe_policy
from promptpack.rendering.context import PolicyView, make_values_key
from promptpack.rendering.includes import LAYOUT
from promptpack.rendering.permissions import PermissionFinder, Permissions, make_policy_key
from promptpack.rendering.questions import Questions, join_questions
from promptpack.rendering.sandbox import Templates
from promptpack.rendering.variants import iter_uses, tells_persona
from promptpack.targets import TARGETS

VARIANTS_KEPT = 4_096
"""Of how many variants it is kept what their templates read."""

POLICIES_KEPT = 1_024
"""Of how many policies in clients' files it is kept what they answer."""

_OF_CLIENT = frozenset({"target", "arguments", "argument"})
"""The variables that are another value in each client."""


class Inputs(NamedTuple):
    """What some templates read: variables, and answers of the policy.

    `reads_client` tells that it depends on the client by more than its policy.
    """

    reads: frozenset[str]
    variables: tuple[str, ...]
    questions: Questions
    reads_client: bool

    def list_values(self, context: Mapping[str, Any]) -> tuple[Hashable, ...]:
        """Return all that the templates can learn from values that all of them see."""
        return make_values_key(self.variables, self.questions, context)


class ToldPolicy(NamedTuple):
    """A policy in the words of a prompt; `key` is all that they can say, `path` its file."""

    key: str
    text: str
    path: str


class _KnownPolicy:
    """A policy as one client holds it; what it answers and how it is told is worked out once."""

    def __init__(self, permissions: Permissions) -> None:
        self.permissions = permissions
        self.view = PolicyView(permissions.effective, permissions.authored)

    @cached_property
    def told(self) -> ToldPolicy:
        """What a section about the policy says of it."""
        policy = self.permissions.told
        return ToldPolicy(make_policy_key(policy), "\n".join(describe_policy(policy)), policy.path)


class PromptKeys:
    """The keys of the prompts of one project; what templates read is worked out once."""

    def __init__(self, templates: Templates, permissions: PermissionFinder) -> None:
        self._dependencies, self._permissions = templates.dependencies, permissions
        self._inputs: dict[tuple[str, ...], Inputs] = {}
        self._variants: dict[tuple[int, str], tuple[tuple[Section, ...], Inputs]] = {}
        self._policies: dict[tuple[int, int], _KnownPolicy] = {}

    def make(self, variant: Variant, target: str) -> Hashable:
        """Return what tells a variant's prompt from others: by target only where one is read.

        One prompt serves all targets whose files hold the same of what it tells of the policy.
        """
        return self._find_told_key(variant, target), self.make_shared(variant, target)

    def make_shared(self, variant: Variant, target: str) -> Hashable:
        """Return the same of the sections of the pack, without the one about the policy."""
        specific = find_client_settings(variant.pack, target).prompt
        if not specific and self._find_variant_inputs(variant).reads_client:
            specific = target
        rules = "" if tells_persona(variant, target) else "rules"
        return variant.pack.name, variant.name, specific, rules, self._answer(variant, target)

    def tell_policy(self, variant: Variant, target: str) -> Hashable:
        """Return all that a variant's prompt can tell of its policy: with equal ones it is equal.

        That is what the target's own section says, and the answers to what templates ask.
        """
        return self._find_told_key(variant, target), self._answer(variant, target)

    def _find_told_key(self, variant: Variant, target: str) -> Hashable:
        return self.find_told(variant, target).key if TARGETS[target].tells_policy else ""

    def _answer(self, variant: Variant, target: str) -> Hashable:
        """Return the answers to what the templates of a variant ask of its policy."""
        if find_client_settings(variant.pack, target).prompt:
            return ()
        questions = self._find_variant_inputs(variant).questions
        return self.find_view(variant, target).answer(questions)

    def find_view(self, variant: Variant, target: str) -> PolicyView:
        """Return the policy as the templates of a variant see it."""
        return self._find_policy(variant, target).view

    def find_told(self, variant: Variant, target: str) -> ToldPolicy:
        """Return what a prompt says of a variant's policy where its target tells that."""
        return self._find_policy(variant, target).told

    def _find_policy(self, variant: Variant, target: str) -> _KnownPolicy:
        permissions = self._permissions.find(variant, target)
        key = id(permissions.authored), id(permissions.effective)
        if key not in self._policies:
            if len(self._policies) >= POLICIES_KEPT:
                self._policies.clear()
            self._policies[key] = _KnownPolicy(permissions)  # which keeps both where they are
        return self._policies[key]

    def find_reads(self, variant: Variant, target: str) -> frozenset[str]:
        """Return the variables that a variant's templates read; raises what is wrong with any.

        Where the client has a prompt of its own, it comes from no template.
        """
        if find_client_settings(variant.pack, target).prompt:
            return frozenset()
        return self._find_variant_inputs(variant).reads

    def _find_variant_inputs(self, variant: Variant) -> Inputs:
        """Return what the templates of a variant read; raises as `_find_inputs`."""
        key = id(variant.sections), variant.model.layout
        if key not in self._variants:
            inputs = self._find_inputs(list_template_names(variant))
            if len(self._variants) >= VARIANTS_KEPT:
                self._variants.clear()
            self._variants[key] = variant.sections, inputs  # kept, so that no other has its place
        return self._variants[key][1]

    def _find_inputs(self, names: tuple[str, ...]) -> Inputs:
        """Return what some templates read; raises UserError with what is wrong with any."""
        if names not in self._inputs:
            findings: list[Finding] = []
            for name in names:
                try:
                    self._dependencies.closure(name)
                except UserError as error:
                    findings += error.findings
            if findings:
                raise UserError(tuple(findings))
            variables: set[str] = set().union(*map(self._dependencies.list_variables, names))
            reads: frozenset[str] = frozenset().union(*map(self._dependencies.reads, names))
            self._inputs[names] = Inputs(
                reads,
                tuple(sorted(variables)),
                join_questions(*map(self._dependencies.list_questions, names)),
                any(name.partition(".")[0] in _OF_CLIENT for name in reads),
            )
        return self._inputs[names]

    def list_values(self, name: str, context: Mapping[str, Any]) -> tuple[Hashable, ...]:
        """Return a template's name and all that it can learn from the values it is given."""
        variables = self._dependencies.list_variables(name)
        questions = self._dependencies.list_questions(name)
        return (name, *make_values_key(variables, questions, context))

    def find_part_inputs(self, part: Part) -> Inputs:
        """Return what the fragments of a part read; raises UserError where one can't be read."""
        return self._find_inputs(tuple([use.fragment for use in part.uses]))

    def release(self) -> None:
        """Forget what the templates of variants read."""
        self._inputs.clear()
        self._variants.clear()


def get_layout_name(variant: Variant) -> str:
    """Return the name of the template that lays out a variant."""
    return LAYOUT + variant.model.layout


def list_template_names(variant: Variant) -> tuple[str, ...]:
    """Return the names of the templates that a variant is made of, without what they include."""
    fragments = (use.fragment for use in iter_uses(variant.sections))
    return tuple(dict.fromkeys((get_layout_name(variant), *fragments)))
