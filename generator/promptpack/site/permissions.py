"""What agents may do, in signs and words: policies and losses in, tables and lists out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from promptpack.model import (
    OTHER_MCP,
    Agent,
    Artifact,
    Effect,
    Grant,
    Line,
    Loss,
    Model,
    Origin,
    Policy,
    Variant,
)
from promptpack.policy.lattice import compared_names, uniform
from promptpack.site.escape import code, text
from promptpack.site.html import badge, bullets, counted, listed, paragraph, table
from promptpack.targets import TARGETS as CLIENTS
from promptpack.targets import Target
from promptpack.targets.emit import emit

WORDS: Mapping[str, str] = {
    "allow": "allow",
    "ask": "ask",
    "deny": "deny",
    "inherit": "client's own",
}
KINDS: Mapping[str, str] = {
    "narrowed": "narrowed",
    "dropped": "no such tool",
    "advisory": "only told",
    "widened": "wider",
}
"""What became of a permission, as a reader is told."""

_GROUPS: Mapping[Effect, str] = {
    Effect.ALLOW: "May",
    Effect.ASK: "Asks before",
    Effect.DENY: "May not",
    Effect.INHERIT: "As the client is set",
}


class Column(NamedTuple):
    """A policy under a label; `losses` say where it is not what was meant."""

    label: str
    policy: Policy
    losses: tuple[Loss, ...] = ()


def permission_table(columns: Sequence[Column]) -> str:
    """Return a table of capabilities and, in each column, the word that a policy has for them."""
    kinds = [_kinds(column.losses) for column in columns]
    rows = (
        [
            subject(name),
            *(
                _cell(column.policy.grant(name), kind.get(name, ""))
                for column, kind in zip(columns, kinds, strict=True)
            ),
        ]
        for name in compared_names(*(column.policy for column in columns))
    )
    return table(["Capability", *(column.label for column in columns)], rows, "Permissions")


class Permissions:
    """What clients let agents do, as HTML; what many files share is worked out once.

    With the same policy, mode and client, the same losses mean that a client makes the same of it.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], str] = {}

    def __call__(self, artifact: Artifact) -> str:
        """Return what an agent may do where its file is loaded."""
        target, policy = CLIENTS[artifact.target], artifact.variant.policy
        key = (target.name, policy.name, artifact.agent.mode, artifact.losses)
        if key not in self._known:
            seen = target.decode(artifact.content.decode(), artifact.agent.name).policy
            self._known[key] = permission_groups(target, policy, seen, artifact.losses)
        return self._known[key]


def permission_groups(target: Target, policy: Policy, seen: Policy, losses: Iterable[Loss]) -> str:
    """Return what an agent may do on a client, by effect; what is only told is as the policy says.

    `seen` is the policy that the client makes of the file.
    """
    kinds = _kinds(losses)
    holds_some = any(kind != "advisory" for kind in kinds.values())  # else it is said for all
    groups: dict[Effect, list[str]] = defaultdict(list)
    for name in compared_names(policy, seen):
        told = kinds.get(name) == "advisory"
        grant = (policy if told else seen).grant(name)
        kind = "" if target.advisory and told and not holds_some else kinds.get(name, "")
        more = f" + {counted(len(grant) - 1, 'pattern')}" if uniform(grant) is None else ""
        groups[uniform(grant) or grant[0].effect].append(
            f"{subject(name)}{more}{badge(KINDS[kind], kind) if kind else ''}"
        )
    items = "".join(
        f'<div><dt><span class="pp-{effect}">{label}</span></dt>'
        f"<dd>{bullets(groups[effect])}</dd></div>"
        for effect, label in _GROUPS.items()
        if groups[effect]
    )
    return f'<dl class="pp-may">{items}</dl>'


def patterns(policy: Policy) -> list[str]:
    """Return the patterns of each capability that has some, in order: the last match decides."""
    return [
        paragraph(f"{code(name)}, in this order; the last that matches decides:")
        + bullets(
            f"{effect_word(effect)} {', '.join(code(rule.pattern) for rule in run)}"
            for effect, run in groupby(grant, key=lambda rule: rule.effect)
        )
        for name, grant in policy.grants.items()
        if len(grant) > 1
    ]


def as_seen_by(target: Target, policy: Policy) -> Column:
    """Return what a client makes of a policy for a subagent, where no pack accepts a widening."""
    body = (Line("x", Origin("", 1)),)
    agent = Agent("x", "x", "subagent", Model("x"), None, policy, body)
    source, losses, _ = emit(target, agent)
    seen = target.decode(source, agent.name).policy
    permissions = tuple(loss for loss in losses if not loss.is_field)
    return Column(text(target.title), seen, permissions)


@lru_cache(maxsize=4096)
def losses(found: tuple[Loss, ...]) -> str:
    """Return losses as a list of sentences, those that say the same of several things as one."""
    return _said((loss, "") for loss in found)


def losses_of_pack(found: Iterable[tuple[Variant, Loss]], variants: Sequence[Variant]) -> str:
    """Return the losses in some of a pack's variants, each with the variants that it happens in."""
    places: dict[Loss, list[Variant]] = defaultdict(list)
    for variant, loss in found:
        places[loss].append(variant)
    return _said((loss, _where(held, variants)) for loss, held in places.items())


def loss_counts(found: Iterable[Loss]) -> str:
    """Return how many losses there are of each kind, the worst first; accepted ones apart."""
    counts: dict[str, int] = defaultdict(int)
    for loss in found:
        counts[kind_word(loss)] += 1
    order = ("wider", "accepted", "only told", "narrowed", "dropped")
    return ", ".join(f"{counts[kind]} {kind}" for kind in order if counts[kind])


def kind_word(loss: Loss) -> str:
    """Return in a word what became of something."""
    if loss.accepted:
        return "accepted"
    return "dropped" if loss.kind == "dropped" else KINDS[loss.kind]


def effect_word(effect: str) -> str:
    """Return an effect as a sign and a word."""
    return f'<span class="pp-{effect}">{WORDS.get(effect, effect)}</span>'


def subject(name: str) -> str:
    """Return the name of a capability or field."""
    return "any other MCP server" if name == OTHER_MCP else code(name)


def _kinds(found: Iterable[Loss]) -> dict[str, str]:
    return {loss.subject: loss.kind for loss in found if not loss.is_field}


def _said(placed: Iterable[tuple[Loss, str]]) -> str:
    subjects: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for loss, where in placed:
        change = f"{_short(loss.wanted)} → {_short(loss.got)}"
        why = f"Accepted: {loss.accepted}" if loss.accepted else loss.reason
        subjects[kind_word(loss), change, where, why].append(subject(loss.subject))
    return bullets(
        (
            f"{listed(names)} <strong>{kind}</strong>, {change}{where and f', {where}'}. "
            f"{text(_ended(why))}"
            for (kind, change, where, why), names in subjects.items()
        ),
        "pp-losses",
    )


def _where(held: Sequence[Variant], variants: Sequence[Variant]) -> str:
    """Return in words which of a pack's variants are meant, as shortly as is true."""
    if len(held) == len(variants):
        return "in every variant"
    models = {v.model.name: v.model.title for v in held}
    policies = {v.policy.name: v.policy.title for v in held}
    with_models = [v for v in variants if v.model.name in models]
    under_policies = [v for v in variants if v.policy.name in policies]
    if len(held) == len(with_models):
        return f"with {_names(models)}"
    if len(held) == len(under_policies):
        return f"under {_names(policies)}"
    if len(held) == sum(v in under_policies for v in with_models):
        return f"with {_names(models)} under {_names(policies)}"
    return f"in {len(held)} of {counted(len(variants), 'variant')}"


def _names(titles: Mapping[str, str]) -> str:
    return listed([text(title) for title in titles.values()])


def _cell(grant: Grant, kind: str) -> str:
    effect = uniform(grant)
    word = effect_word(effect or grant[0].effect)
    if effect is None:
        word += f" + {counted(len(grant) - 1, 'pattern')}"
    return f"{word} {badge(KINDS[kind], kind)}" if kind else word


def _short(described: str) -> str:
    """Return a described grant with its patterns counted instead of told."""
    first, *rest = described.split("; ")
    return text(first) + (f" + {counted(len(rest), 'pattern')}" if rest else "")


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith(".") or not sentence else f"{sentence}."
