"""The capability lattice: grants in, an order between them out. Pure functions.

deny < ask < allow. A grant is an ordered list of rules of which the last match decides; two grants
are compared over all texts, and what is not proven counts as wider.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from enum import Enum

from promptpack.model import (
    CAPABILITIES,
    FILE_CHANGES,
    OTHER_MCP,
    PATTERNED,
    Effect,
    Grant,
    PatternRule,
    PermissionName,
    Policy,
)
from promptpack.patterns import compile_late
from promptpack.policy.patterns import explore_effects, sample_effects

RANK: Mapping[Effect, int] = {
    Effect.DENY: 0,
    Effect.ASK: 1,
    Effect.INHERIT: 2,  # may turn out as any of them, and never overrides a user's own ask
    Effect.ALLOW: 3,
}
_PARTICIPLES: Mapping[Effect, str] = {
    Effect.DENY: "denied",
    Effect.ASK: "asked for",
    Effect.INHERIT: "the client's own",
    Effect.ALLOW: "allowed",
}
_MCP = compile_late(r"mcp:[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)?")


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


def grant_of(effect: Effect) -> Grant:
    """Return the grant that has one effect for everything."""
    return (PatternRule("*", effect),)


_WRITERS = {"execute": "commands", "task": "other agents", OTHER_MCP: "MCP servers"}
"""What can change files where the tools for that are denied."""


def list_effects(grant: Grant) -> frozenset[Effect]:
    """Return the effects a grant can have: those that some text really meets.

    If that can't be decided, every effect that a rule names.
    """
    named_effects = frozenset(rule.effect for rule in grant)
    if len(named_effects) == 1 or named_effects == {
        effect for (effect,) in sample_effects((grant,))
    }:
        return named_effects
    try:
        return frozenset(effect for (effect,) in explore_effects((grant,)))
    except OverflowError:
        return named_effects


def is_denied(grant: Grant) -> bool:
    """Tell whether a grant gives nothing, whatever is asked of it."""
    return list_effects(grant) == {Effect.DENY}


def find_single_effect(grant: Grant) -> Effect | None:
    """Return the one effect a grant has for everything, or None where it depends on a pattern."""
    possible_effects = list_effects(grant)
    return next(iter(possible_effects)) if len(possible_effects) == 1 else None


def compare_grants(a: Grant, b: Grant) -> Order:
    """Return how `a` stands to `b`; neither may hold `inherit` (resolve it first).

    >>> compare_grants(grant_of(Effect.ASK), grant_of(Effect.ALLOW)).name
    'NARROWER'
    """
    if a == b:
        return Order.EQUAL
    is_narrower = False
    for x, y in sample_effects((a, b)):
        if RANK[x] > RANK[y]:
            return Order.WIDER
        is_narrower = is_narrower or x is not y
    if is_narrower and max(RANK[rule.effect] for rule in a) <= min(RANK[rule.effect] for rule in b):
        return Order.NARROWER
    try:
        for x, y in explore_effects((a, b)):
            if RANK[x] > RANK[y]:
                return Order.WIDER
            is_narrower = is_narrower or x is not y
    except OverflowError:
        return Order.UNPROVEN
    return Order.NARROWER if is_narrower else Order.EQUAL


def intersect_grants(grants: Iterable[Grant]) -> Grant:
    """Return a grant that allows no more than any of those given.

    Exact where at most one of them depends on a pattern or they are the same; otherwise the least
    effect of all of them, which is narrower than it need be and never wider.
    """
    distinct_grants = list(dict.fromkeys(grants))
    if len(distinct_grants) == 1:
        return distinct_grants[0]
    patterned_grants = [grant for grant in distinct_grants if find_single_effect(grant) is None]
    if len(patterned_grants) != 1:
        return grant_of(min((e for g in distinct_grants for e in list_effects(g)), key=_get_rank))
    least_effect = min(
        (e for g in distinct_grants if g not in patterned_grants for e in list_effects(g)),
        key=_get_rank,
    )
    grant = tuple(
        PatternRule(p, min(e, least_effect, key=_get_rank)) for p, e in patterned_grants[0]
    )
    single_effect = find_single_effect(grant)
    return grant if single_effect is None else grant_of(single_effect)


def resolve_inherited(policy: Policy, client: Policy) -> Policy:
    """Return the policy with each `inherit` replaced by what the client's own default grants."""
    names = dict.fromkeys((*CAPABILITIES, *policy.grants, *client.grants))
    grants = {name: _resolve_grant(policy.grant(name), client.grant(name)) for name in names}
    default = client.default if policy.default is Effect.INHERIT else policy.default
    return replace(policy, default=default, grants=grants)


def list_compared(*policies: Policy) -> tuple[PermissionName, ...]:
    """Return the capabilities that tell these policies apart: all known and all named ones."""
    server_names = sorted({n for p in policies for n in p.list_mcp_names()} - {OTHER_MCP})
    return (*CAPABILITIES, *server_names, OTHER_MCP)


def describe_grant(grant: Grant) -> str:
    """Return a grant in words: `ask; allow git diff*; deny rm *`."""
    first, *rest = grant
    return "; ".join([str(first.effect), *(f"{effect} {pattern}" for pattern, effect in rest)])


def describe_excess(expected: Grant, actual: Grant) -> str:
    """Return in what way the second grant is wider, as it is to be read after "is".

    >>> describe_excess(grant_of(Effect.ASK), grant_of(Effect.ALLOW))
    'allowed instead of asked for'
    """
    pairs = {*sample_effects((expected, actual))}
    with suppress(OverflowError):  # what has been seen until then is true all the same
        pairs.update(explore_effects((expected, actual)))
    wider_pairs = {(x, y) for x, y in pairs if RANK[y] > RANK[x]}
    if not wider_pairs:
        return "not proven to be held back"
    part = "" if wider_pairs == pairs else "in part "
    wanted, got = (
        " or ".join(_PARTICIPLES[e] for e in _PARTICIPLES if e in {pair[n] for pair in wider_pairs})
        for n in range(2)
    )
    return f"{part}{got} instead of {wanted}"


def list_caveats(policy: Policy) -> list[str]:
    """Return what a reader of a policy could take it for, and it is not."""
    shell, inherited = describe_open_shell(policy), describe_inherited_writers(policy)
    if shell and inherited:
        inherited = inherited.removeprefix(f"{policy.name} denies edits but ")
        return [f"{shell.partition(',')[0]} and {inherited}"]
    return [caveat for caveat in (shell, inherited) if caveat]


def describe_open_shell(policy: Policy) -> str:
    """Return in words that a policy denies edits and allows commands, or nothing."""
    if _denies_edits(policy) and Effect.ALLOW in list_effects(policy.grant("execute")):
        return f"{policy.name} denies edits but allows commands, which can write files too"
    return ""


def describe_inherited_writers(policy: Policy) -> str:
    """Return in words that a policy denies edits and leaves other ways open, or nothing."""
    words = [_WRITERS[name] for name in list_inherited_writers(policy)]
    if not words:
        return ""
    listed = " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    return f"{policy.name} denies edits but inherits {listed}, which can write files too"


def list_inherited_writers(policy: Policy) -> list[str]:
    """Return what a policy that denies edits leaves to the client, and what can change files."""
    writers = (name for name in _WRITERS if Effect.INHERIT in list_effects(policy.grant(name)))
    return [*writers] if _denies_edits(policy) else []


def _denies_edits(policy: Policy) -> bool:
    return all(is_denied(policy.grant(c)) for c in FILE_CHANGES)


def _get_rank(effect: Effect) -> int:
    return RANK[effect]


def _resolve_grant(grant: Grant, default: Grant) -> Grant:
    if grant[0].effect is not Effect.INHERIT:
        return grant
    return (*default, *grant[1:])
