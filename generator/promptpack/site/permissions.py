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
from promptpack.policy.lattice import find_single_effect, list_compared
from promptpack.site.escape import escape_code, escape_text
from promptpack.site.html import (
    format_count,
    join_words,
    render_badge,
    render_list,
    render_paragraph,
    render_table,
)
from promptpack.targets import TARGETS as CLIENTS
from promptpack.targets import Target
from promptpack.targets.emit import encode_and_check

EFFECT_WORDS: Mapping[str, str] = {
    "allow": "allow",
    "ask": "ask",
    "deny": "deny",
    "inherit": "client's own",
}
LOSS_WORDS: Mapping[str, str] = {
    "narrowed": "narrowed",
    "dropped": "no such tool",
    "advisory": "only told",
    "widened": "wider",
}
"""What became of a permission, as a reader is told."""

_GROUP_LABELS: Mapping[Effect, str] = {
    Effect.ALLOW: "May",
    Effect.ASK: "Asks before",
    Effect.DENY: "May not",
    Effect.INHERIT: "As the client is set",
}


class PolicyColumn(NamedTuple):
    """A policy under a label; `losses` tell where it is not what was meant."""

    label: str
    policy: Policy
    losses: tuple[Loss, ...] = ()


def render_permission_table(columns: Sequence[PolicyColumn]) -> str:
    """Return a table of capabilities and, in each column, the word that a policy has for them."""
    kinds_by_column = [_map_loss_kinds(column.losses) for column in columns]
    rows = (
        [
            render_subject(name),
            *(
                _render_cell(column.policy.grant(name), loss_kinds.get(name, ""))
                for column, loss_kinds in zip(columns, kinds_by_column, strict=True)
            ),
        ]
        for name in list_compared(*(column.policy for column in columns))
    )
    return render_table(["Capability", *(column.label for column in columns)], rows, "Permissions")


class PermissionRenderer:
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
            client_policy = target.decode(artifact.content.decode(), artifact.agent.name).policy
            self._known[key] = render_permission_groups(
                target, policy, client_policy, artifact.losses
            )
        return self._known[key]


def render_permission_groups(
    target: Target, policy: Policy, client_policy: Policy, losses: Iterable[Loss]
) -> str:
    """Return what an agent may do on a client, by effect; what is only told is as the policy says.

    `seen` is the policy that the client makes of the file.
    """
    kinds = _map_loss_kinds(losses)
    enforces_some = any(kind != "advisory" for kind in kinds.values())  # else it is said for all
    groups: dict[Effect, list[str]] = defaultdict(list)
    for name in list_compared(policy, client_policy):
        is_advisory = kinds.get(name) == "advisory"
        grant = (policy if is_advisory else client_policy).grant(name)
        kind = "" if target.advisory and is_advisory and not enforces_some else kinds.get(name, "")
        pattern_note = (
            f" + {format_count(len(grant) - 1, 'pattern')}"
            if find_single_effect(grant) is None
            else ""
        )
        groups[find_single_effect(grant) or grant[0].effect].append(
            f"{render_subject(name)}{pattern_note}"
            f"{render_badge(LOSS_WORDS[kind], kind) if kind else ''}"
        )
    items = "".join(
        f'<div><dt><span class="pp-{effect}">{label}</span></dt>'
        f"<dd>{render_list(groups[effect])}</dd></div>"
        for effect, label in _GROUP_LABELS.items()
        if groups[effect]
    )
    return f'<dl class="pp-may">{items}</dl>'


def render_patterns(policy: Policy) -> list[str]:
    """Return the patterns of each capability that has some, in order: the last match decides."""
    return [
        render_paragraph(f"{escape_code(name)}, in this order; the last that matches decides:")
        + render_list(
            f"{render_effect(effect)} {', '.join(escape_code(rule.pattern) for rule in rules)}"
            for effect, rules in groupby(grant, key=lambda rule: rule.effect)
        )
        for name, grant in policy.grants.items()
        if len(grant) > 1
    ]


def make_client_column(target: Target, policy: Policy) -> PolicyColumn:
    """Return what a client makes of a policy for a subagent, where no pack accepts a widening."""
    body = (Line("x", Origin("", 1)),)
    agent = Agent("x", "x", "subagent", Model("x"), None, policy, body)
    source, losses, _ = encode_and_check(target, agent)
    client_policy = target.decode(source, agent.name).policy
    permission_losses = tuple(loss for loss in losses if not loss.is_field)
    return PolicyColumn(escape_text(target.title), client_policy, permission_losses)


@lru_cache(maxsize=4096)
def render_losses(losses: tuple[Loss, ...]) -> str:
    """Return losses as a list of sentences, those that say the same of several things as one."""
    return _render_loss_list((loss, "") for loss in losses)


def render_pack_losses(
    pack_losses: Iterable[tuple[Variant, Loss]], variants: Sequence[Variant]
) -> str:
    """Return the losses in some of a pack's variants, each with the variants that it happens in."""
    variants_by_loss: dict[Loss, list[Variant]] = defaultdict(list)
    for variant, loss in pack_losses:
        variants_by_loss[loss].append(variant)
    return _render_loss_list(
        (loss, _describe_variants(affected_variants, variants))
        for loss, affected_variants in variants_by_loss.items()
    )


def summarize_losses(losses: Iterable[Loss]) -> str:
    """Return how many losses there are of each kind, the worst first; accepted ones apart."""
    counts: dict[str, int] = defaultdict(int)
    for loss in losses:
        counts[describe_outcome(loss)] += 1
    order = ("wider", "accepted", "only told", "narrowed", "dropped")
    return ", ".join(f"{counts[kind]} {kind}" for kind in order if counts[kind])


def describe_outcome(loss: Loss) -> str:
    """Return in a word what became of something."""
    if loss.accepted:
        return "accepted"
    return "dropped" if loss.kind == "dropped" else LOSS_WORDS[loss.kind]


def render_effect(effect: str) -> str:
    """Return an effect as a sign and a word."""
    return f'<span class="pp-{effect}">{EFFECT_WORDS.get(effect, effect)}</span>'


def render_subject(name: str) -> str:
    """Return the name of a capability or field."""
    return "any other MCP server" if name == OTHER_MCP else escape_code(name)


def _map_loss_kinds(losses: Iterable[Loss]) -> dict[str, str]:
    return {loss.subject: loss.kind for loss in losses if not loss.is_field}


def _render_loss_list(located_losses: Iterable[tuple[Loss, str]]) -> str:
    subjects_by_message: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for loss, location in located_losses:
        change = f"{_shorten_grant(loss.wanted)} → {_shorten_grant(loss.got)}"
        reason = f"Accepted: {loss.accepted}" if loss.accepted else loss.reason
        subjects_by_message[describe_outcome(loss), change, location, reason].append(
            render_subject(loss.subject)
        )
    return render_list(
        (
            f"{join_words(subject_names)} <strong>{kind}</strong>, {change}"
            f"{location and f', {location}'}. "
            f"{escape_text(_end_sentence(reason))}"
            for (kind, change, location, reason), subject_names in subjects_by_message.items()
        ),
        "pp-losses",
    )


def _describe_variants(affected_variants: Sequence[Variant], variants: Sequence[Variant]) -> str:
    """Return in words which of a pack's variants are meant, as shortly as is true."""
    if len(affected_variants) == len(variants):
        return "in every variant"
    models = {variant.model.name: variant.model.title for variant in affected_variants}
    policies = {variant.policy.name: variant.policy.title for variant in affected_variants}
    model_variants = [variant for variant in variants if variant.model.name in models]
    policy_variants = [variant for variant in variants if variant.policy.name in policies]
    if len(affected_variants) == len(model_variants):
        return f"with {_join_titles(models)}"
    if len(affected_variants) == len(policy_variants):
        return f"under {_join_titles(policies)}"
    if len(affected_variants) == sum(variant in policy_variants for variant in model_variants):
        return f"with {_join_titles(models)} under {_join_titles(policies)}"
    return f"in {len(affected_variants)} of {format_count(len(variants), 'variant')}"


def _join_titles(titles: Mapping[str, str]) -> str:
    return join_words([escape_text(title) for title in titles.values()])


def _render_cell(grant: Grant, kind: str) -> str:
    effect = find_single_effect(grant)
    word = render_effect(effect or grant[0].effect)
    if effect is None:
        word += f" + {format_count(len(grant) - 1, 'pattern')}"
    return f"{word} {render_badge(LOSS_WORDS[kind], kind)}" if kind else word


def _shorten_grant(description: str) -> str:
    """Return a described grant with its patterns counted instead of told."""
    first, *rest = description.split("; ")
    return escape_text(first) + (f" + {format_count(len(rest), 'pattern')}" if rest else "")


def _end_sentence(sentence: str) -> str:
    return sentence if sentence.endswith(".") or not sentence else f"{sentence}."
