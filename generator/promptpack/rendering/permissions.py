"""What a prompt may say of permissions: a variant and a target in, policies out.

A prompt speaks of the policy as its client's file holds it, and never of more than was authored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from promptpack.model import (
    CAPABILITIES,
    CAPABILITY_FACTS,
    Accept,
    Effect,
    Grant,
    Mode,
    Policy,
    Variant,
    find_capability,
)
from promptpack.policy.lattice import is_denied
from promptpack.targets import TARGETS
from promptpack.targets.losses import find_effective_policy

PERMISSIONS_KEPT = 4_096
"""Of how many policies in clients it is kept at once what their files hold."""


class Permissions(NamedTuple):
    """A policy as it is authored, and what is left of it in one client's file."""

    authored: Policy
    effective: Policy

    @property
    def told(self) -> Policy:
        """The policy in the words of a prompt: what is inherited stays so, and is not mentioned."""
        grants: dict[str, Grant] = {}
        for name in (*CAPABILITIES, *self.authored.list_mcp_names()):
            capability = find_capability(name)
            leader = CAPABILITY_FACTS[capability].follows if capability else None
            if not {name, leader} & self.authored.grants.keys():
                continue
            grant = self.authored.grant(name)
            if grant[0].effect is not Effect.INHERIT:
                grant = self.effective.grant(name)
            if name in self.authored.grants or grant != grants[leader or name]:
                grants[name] = grant
        return replace(self.authored, grants=grants)

    def list_lost(self, names: Iterable[str]) -> list[str]:
        """Return which of some granted capabilities the client takes away."""
        return [
            name
            for name in names
            if has_some(self.authored, name) and not has_some(self.effective, name)
        ]


class PermissionFinder:
    """Finds the permissions of variants; what the same policy becomes is worked out once."""

    def __init__(self) -> None:
        self._effective: dict[tuple[object, ...], Policy] = {}
        self._known: dict[tuple[object, ...], Permissions] = {}
        self._accept: tuple[tuple[Accept, ...], dict[str, frozenset[str]]] = ((), {})

    def find(
        self, variant: Variant, target: str, accepted: frozenset[str] | None = None
    ) -> Permissions:
        """Return the permissions of a variant in a target's file, or with other ones accepted."""
        policy, mode = variant.find_policy(target), variant.pack.mode
        accepted = self.list_accepted(variant, target) if accepted is None else accepted
        key = (target, mode, accepted, id(policy))
        if key not in self._known:
            if len(self._known) >= PERMISSIONS_KEPT:
                self._known.clear()
            effective = self._find_effective(target, policy, mode, accepted)
            self._known[key] = Permissions(policy, effective)  # which keeps the policy's place
        return self._known[key]

    def list_accepted(self, variant: Variant, target: str) -> frozenset[str]:
        """Return the capabilities that a variant accepts to be wider in a target's client."""
        if self._accept[0] is not variant.accept:
            self._accept = variant.accept, {}
        lists = self._accept[1]
        if target not in lists:
            lists[target] = frozenset(
                [accept.capability for accept in variant.accept if accept.target == target]
            )
        return lists[target]

    def _find_effective(
        self, target: str, policy: Policy, mode: Mode, accepted: frozenset[str]
    ) -> Policy:
        key = (target, mode, accepted, make_policy_key(policy))
        if key not in self._effective:
            self._effective[key] = find_effective_policy(TARGETS[target], policy, mode, accepted)
        return self._effective[key]

    def explain_denial(
        self, variant: Variant, target: str, fragment: str, denied: Sequence[str]
    ) -> tuple[str, str]:
        """Return why a fragment can't be used for a target, and the ways out besides leaving it."""
        permissions = self.find(variant, target)
        policy, client = permissions.authored.name, TARGETS[target].title
        lost = permissions.list_lost(denied)
        if authored := [name for name in denied if name not in lost]:
            needs = f"fragment '{fragment}' needs {', '.join(authored)}"
            return f"{needs}, which the policy '{policy}' denies", ""
        cure = self._find_cure(variant, target, lost)
        accept = f", accept {', '.join(cure)} for {target}" if cure else ""
        needs = f"fragment '{fragment}' needs {', '.join(lost)}"
        return (
            f"{needs}, which {client} takes away under the policy '{policy}'",
            f"{accept}, or leave {target} out of 'targets'",
        )

    def _find_cure(self, variant: Variant, target: str, lost: Sequence[str]) -> Sequence[str]:
        """Return what to accept for a target so that it keeps some capabilities, or nothing.

        It may be another capability: Codex reads through the shell.
        """
        accepted, policy = self.list_accepted(variant, target), variant.find_policy(target)
        candidates = [lost, *([c] for c in CAPABILITIES if has_some(policy, c))]
        return next(
            (
                names
                for names in candidates
                if not self.find(variant, target, accepted.union(names)).list_lost(lost)
            ),
            (),
        )


def has_some(policy: Policy, name: str) -> bool:
    """Tell whether a policy grants some of a capability, be it after asking."""
    return not is_denied(policy.grant(name))


def make_policy_key(policy: Policy) -> str:
    """Return all that a prompt can learn of a policy: what is made of equal ones is equal."""
    return f"{(policy.name, policy.title, policy.summary)!r}{policy.key}"
