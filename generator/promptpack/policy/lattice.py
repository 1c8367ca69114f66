"""The capability lattice: grants in, an order between them out. Pure functions.

deny < ask < allow. A grant is an ordered list of rules of which the last match decides; two grants
are compared over all texts, and what is not proven counts as wider.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum

from promptpack.model import CAPABILITIES, OTHER_MCP, PATTERNED, Effect, Grant, Policy, Rule
from promptpack.policy.patterns import reachable, witnessed

RANK: Mapping[Effect, int] = {
    Effect.DENY: 0,
    Effect.ASK: 1,
    Effect.INHERIT: 2,  # may turn out as any of them, and never overrides a user's own ask
    Effect.ALLOW: 3,
}
_MCP = re.compile(r"mcp:[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)?")


class Order(Enum):
    """How one grant stands to another; what is not proven narrower counts as wider."""

    EQUAL = "equal"
    NARROWER = "narrower"
    WIDER = "wider"
    UNPROVEN = "unproven"

    @property
    def at_most(self) -> bool:
        """Tell whether the first grant was proven to grant nothing that the second does not."""
        return self in (Order.EQUAL, Order.NARROWER)


def is_capability(name: str) -> bool:
    """Tell whether a name is in the capability vocabulary."""
    return name in CAPABILITIES or _MCP.fullmatch(name) is not None


def is_patterned(capability: str) -> bool:
    """Tell whether a policy may give this capability as an ordered list of patterns."""
    return capability in PATTERNED


def plain(effect: Effect) -> Grant:
    """Return the grant that has one effect for everything."""
    return (Rule("*", effect),)


def effects(grant: Grant) -> frozenset[Effect]:
    """Return the effects a grant can have: those that some text really meets.

    Where that can't be told, every effect that a rule names.
    """
    named = frozenset(rule.effect for rule in grant)
    if len(named) == 1 or named == {effect for (effect,) in witnessed((grant,))}:
        return named
    try:
        return frozenset(effect for (effect,) in reachable((grant,)))
    except OverflowError:
        return named


def uniform(grant: Grant) -> Effect | None:
    """Return the one effect a grant has for everything, or None where it depends on a pattern."""
    found = effects(grant)
    return next(iter(found)) if len(found) == 1 else None


def compare(a: Grant, b: Grant) -> Order:
    """Return how `a` stands to `b`; neither may hold `inherit` (resolve it first).

    >>> compare(plain(Effect.ASK), plain(Effect.ALLOW)).name
    'NARROWER'
    """
    if a == b:
        return Order.EQUAL
    below = False
    for x, y in witnessed((a, b)):
        if RANK[x] > RANK[y]:
            return Order.WIDER
        below = below or x is not y
    if below and max(RANK[rule.effect] for rule in a) <= min(RANK[rule.effect] for rule in b):
        return Order.NARROWER
    try:
        for x, y in reachable((a, b)):
            if RANK[x] > RANK[y]:
                return Order.WIDER
            below = below or x is not y
    except OverflowError:
        return Order.UNPROVEN
    return Order.NARROWER if below else Order.EQUAL


def meet(grants: Iterable[Grant]) -> Grant:
    """Return a grant that allows no more than any of those given.

    Exact where at most one of them depends on a pattern or they are the same; otherwise the least
    effect of all of them, which is narrower than it need be and never wider.
    """
    distinct = list(dict.fromkeys(grants))
    if len(distinct) == 1:
        return distinct[0]
    patterned = [grant for grant in distinct if uniform(grant) is None]
    if len(patterned) != 1:
        return plain(min((e for g in distinct for e in effects(g)), key=_rank))
    least = min((e for g in distinct if g not in patterned for e in effects(g)), key=_rank)
    grant = tuple(Rule(p, min(e, least, key=_rank)) for p, e in patterned[0])
    same = uniform(grant)
    return grant if same is None else plain(same)


def resolve(policy: Policy, client: Policy) -> Policy:
    """Return the policy with each `inherit` replaced by what the client's own default grants."""
    names = dict.fromkeys((*CAPABILITIES, *policy.grants, *client.grants))
    grants = {name: _resolved(policy.grant(name), client.grant(name)) for name in names}
    default = client.default if policy.default is Effect.INHERIT else policy.default
    return replace(policy, default=default, grants=grants)


def compared_names(*policies: Policy) -> tuple[str, ...]:
    """Return the capabilities that tell these policies apart: all known and all named ones."""
    named = sorted({n for p in policies for n in p.grants} - set(CAPABILITIES) - {OTHER_MCP})
    return (*CAPABILITIES, *named, OTHER_MCP)


def describe(grant: Grant) -> str:
    """Return a grant in words: `ask; allow git diff*; deny rm *`."""
    first, *rest = grant
    return "; ".join([str(first.effect), *(f"{effect} {pattern}" for pattern, effect in rest)])


def caveats(policy: Policy) -> list[str]:
    """Return what a reader of a policy could take it for, and it is not."""
    kept_out = all(effects(policy.grant(c)) == {Effect.DENY} for c in ("edit", "write", "patch"))
    if kept_out and Effect.ALLOW in effects(policy.grant("execute")):
        return [f"{policy.name} denies edits and allows commands: a shell can write files too"]
    return []


def _rank(effect: Effect) -> int:
    return RANK[effect]


def _resolved(grant: Grant, default: Grant) -> Grant:
    if grant[0].effect is not Effect.INHERIT:
        return grant
    return (*default, *grant[1:])
