"""What agents may do, in words: policies and losses in, tables and sentences out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from promptpack.model import OTHER_MCP, Agent, Grant, Line, Loss, Model, Origin, Policy, Variant
from promptpack.policy import compared_names, uniform
from promptpack.site.inert import code, text
from promptpack.site.markdown import bullets, counted, listed
from promptpack.targets import Target
from promptpack.targets.codec import emit

_SHOWN = {"inherit": "client's own"}


class Column(NamedTuple):
    """A policy under a label; `losses` say where it is not what was meant."""

    label: str
    policy: Policy
    losses: Sequence[Loss] = ()


def permission_table(columns: Sequence[Column]) -> str:
    """Return a table of capabilities and, in each column, the word that a policy has for them.

    It is one line of HTML: pages have many of these, and Markdown takes its time over a table.
    """
    kinds = [{loss.subject: loss.kind for loss in c.losses if not loss.is_field} for c in columns]
    head = "".join(f'<th scope="col">{label}</th>' for label in ("Capability", *_labels(columns)))
    rows = "".join(
        f'<tr><th scope="row">{_subject(name)}</th>'
        + "".join(
            f"<td>{_cell(column.policy.grant(name), kind.get(name, ''))}</td>"
            for column, kind in zip(columns, kinds, strict=True)
        )
        + "</tr>"
        for name in compared_names(*(column.policy for column in columns))
    )
    table = f'<table class="pp-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return (
        f'<div class="pp-grants" role="region" aria-label="Permissions" tabindex="0">{table}</div>'
    )


def patterns(policy: Policy) -> str:
    """Return the patterns of each capability that has some, in order: the last match decides."""
    return "\n\n".join(
        f"{code(name)}, in this order; the last that matches decides:\n\n"
        + bullets(
            f"{_effect(effect)} {', '.join(code(rule.pattern) for rule in run)}"
            for effect, run in groupby(grant, key=lambda rule: rule.effect)
        )
        for name, grant in policy.grants.items()
        if len(grant) > 1
    )


def as_seen_by(target: Target, policy: Policy) -> Column:
    """Return what a client makes of a policy for a subagent, where no pack accepts a widening."""
    body = (Line("x", Origin("", 1)),)
    agent = Agent("x", "x", "subagent", Model("x"), None, policy, body)
    source, losses, _ = emit(target, agent)
    seen = target.decode(source, agent.name).policy
    return Column(target.title, seen, tuple(loss for loss in losses if not loss.is_field))


def losses(found: Iterable[Loss]) -> str:
    """Return losses as a list of sentences, those that say the same of several things as one."""
    return _said((loss, "") for loss in found)


def losses_of_pack(found: Iterable[tuple[Variant, Loss]], variants: Sequence[Variant]) -> str:
    """Return the losses in some of a pack's variants, each with the variants that it happens in."""
    places: dict[Loss, list[Variant]] = defaultdict(list)
    for variant, loss in found:
        places[loss].append(variant)
    return _said((loss, _where(held, variants)) for loss, held in places.items())


def _said(placed: Iterable[tuple[Loss, str]]) -> str:
    subjects: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for loss, where in placed:
        change = f"{_short(loss.wanted)} → {_short(loss.got)}"
        why = f"Accepted: {loss.accepted}" if loss.accepted else loss.reason
        subjects[loss.kind, change, where, why].append(_subject(loss.subject))
    return bullets(
        f"{listed(names)} **{kind}**, {change}{where and f', {where}'}. {text(_ended(why))}"
        for (kind, change, where, why), names in subjects.items()
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


def _labels(columns: Sequence[Column]) -> list[str]:
    return [text(column.label) for column in columns]


def _cell(grant: Grant, kind: str) -> str:
    effect = uniform(grant)
    word = _effect(effect or grant[0].effect)
    if effect is None:
        word += f" + {counted(len(grant) - 1, 'pattern')}"
    return f'{word} <em class="pp-{kind}">{kind}</em>' if kind else word


def _effect(effect: str) -> str:
    return f'<span class="pp-{effect}">{_SHOWN.get(effect, effect)}</span>'


def _subject(name: str) -> str:
    return "any other MCP server" if name == OTHER_MCP else code(name)


def _short(described: str) -> str:
    """Return a described grant with its patterns counted instead of told."""
    first, *rest = described.split("; ")
    return text(first) + (f" + {counted(len(rest), 'pattern')}" if rest else "")


def _ended(sentence_: str) -> str:
    return sentence_ if sentence_.endswith(".") or not sentence_ else f"{sentence_}."
