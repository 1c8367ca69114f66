"""The pages of what packs are made from: fragments, policies, models and targets."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from promptpack.compose import title_of
from promptpack.model import Fragment, Model, Policy
from promptpack.site.catalogue import (
    FRAGMENTS,
    MODELS,
    POLICIES,
    TARGETS,
    Catalogue,
    address,
    fragment_page,
    reference_page,
)
from promptpack.site.inert import block, code, text
from promptpack.site.markdown import document, facts, heading, link, table, tabs
from promptpack.site.packs import used_by
from promptpack.site.permissions import Column, as_seen_by, losses, patterns, permission_table
from promptpack.targets import TARGETS as CLIENTS
from promptpack.targets import Target

_ACCEPTED = "A widened permission stops the build unless a pack accepts it with a reason."


class Group(NamedTuple):
    """Fragments that are listed together: those of a section, or a pack's own."""

    title: str
    anchor: str
    fragments: list[Fragment]


def groups(known: Catalogue) -> list[Group]:
    """Return all fragments in groups, both in the order of the project."""
    found: dict[str, Group] = {}
    for fragment in known.project.fragments.values():
        section = fragment.name.rpartition("/")[0].partition("/")[0] or "general"
        name = f"pack-{fragment.pack}" if fragment.pack else f"section-{address(section)}"
        pack = known.project.packs.get(fragment.pack)
        title = text(pack.title if pack else title_of(section))
        found.setdefault(name, Group(title, name, [])).fragments.append(fragment)
    return list(found.values())


def fragments_document(known: Catalogue) -> str:
    """Return the list of all fragments."""
    parts = []
    for group in groups(known):
        rows = [
            [link(text(f.title), fragment_page(f), FRAGMENTS), text(f.summary), _reach(known, f)]
            for f in group.fragments
        ]
        parts.append(heading(group.title, group.anchor, 2))
        parts.append(table(["Fragment", "What it says", "Variants"], rows))
    lead = "A fragment is one idea of prompt text. Packs are put together from them."
    return document("Fragments", "# Fragments", lead, *parts)


def fragment_document(known: Catalogue, fragment: Fragment) -> str:
    """Return the page of a fragment: its source, and every variant that it reaches."""
    here = fragment_page(fragment)
    params = (
        f"{code(name)}, {'to be given' if value is None else 'else ' + code(_literal(value))}"
        for name, value in fragment.params.items()
    )
    return document(
        text(fragment.title),
        heading(text(fragment.title), "about"),
        text(fragment.summary),
        facts(
            (
                ("Name", code(fragment.name)),
                ("Needs", ", ".join(code(name) for name in fragment.needs)),
                ("Parameters", "; ".join(params)),
                ("Source", code(fragment.path)),
                ("Replaces", code(fragment.shadows) if fragment.shadows else ""),
            )
        ),
        "## Source",
        block(fragment.text),
        *used_by(known, known.reached.get(fragment.path, ()), here),
        description=text(fragment.summary),
    )


def policies_document(known: Catalogue) -> str:
    """Return the list of policies and what each says of every capability."""
    policies = known.project.policies.values()
    columns = [Column(policy.title, policy) for policy in policies]
    rows = [[_policy_link(policy, POLICIES), text(policy.summary)] for policy in policies]
    lead = "A policy says what an agent may do. A pack is built under each policy it names."
    parts = (
        table(["Policy", "In short"], rows),
        heading("Permissions", "permissions", 2, searched=False),
        permission_table(columns),
    )
    return document("Policies", "# Policies", lead, *parts)


def policy_document(known: Catalogue, policy: Policy) -> str:
    """Return the page of a policy: what it says, what each client makes of it, who uses it."""
    here = reference_page(POLICIES, policy.name)
    held = [v for found in known.variants.values() for v in found if v.policy.name == policy.name]
    ordered = patterns(policy)
    return document(
        text(policy.title),
        heading(text(policy.title), "about"),
        text(policy.summary),
        facts((("Name", code(policy.name)), ("Source", code(policy.path)))),
        *(("## Patterns", ordered) if ordered else ()),
        heading("On each client", "clients", 2, searched=False),
        f"What the policy says, and what each client makes of it. {_ACCEPTED}",
        tabs((text(target.title), _seen_by(target, policy)) for target in CLIENTS.values()),
        *used_by(known, held, here),
        description=text(policy.summary),
    )


def models_document(known: Catalogue) -> str:
    """Return the list of models."""
    rows = [
        [
            link(text(model.title), reference_page(MODELS, model.name), MODELS),
            text(model.family),
            text(model.layout),
            f"{model.context_window:,}",
            f"{model.prompt_budget:,}",
        ]
        for model in known.project.models.values()
    ]
    lead = "A model decides the layout of a prompt, its budget, and its id in each client."
    head = ["Model", "Family", "Layout", "Context, tokens", "Prompt budget"]
    return document("Models", "# Models", lead, table(head, rows))


def model_document(known: Catalogue, model: Model) -> str:
    """Return the page of a model."""
    here = reference_page(MODELS, model.name)
    held = [v for found in known.variants.values() for v in found if v.model.name == model.name]
    ids = [[_client_name(name, here), code(model_id)] for name, model_id in model.ids.items()]
    return document(
        text(model.title),
        heading(text(model.title), "about"),
        facts(
            (
                ("Name", code(model.name)),
                ("Family", text(model.family)),
                ("Layout", code(model.layout)),
                ("Context window", f"{model.context_window:,} tokens"),
                ("Prompt budget", f"about {model.prompt_budget:,} tokens"),
                ("Temperature", "accepted" if model.temperature else "not accepted"),
                ("Source", code(model.path)),
            )
        ),
        "## Id in each client",
        table(["Client", "Id"], ids) if ids else "None.",
        *used_by(known, held, here),
    )


def targets_document() -> str:
    """Return the list of targets."""
    rows = [
        [_target_link(target, TARGETS), code(target.path.format(name="NAME"))]
        for target in CLIENTS.values()
    ]
    lead = "A target is a client that files are built for."
    return document("Targets", "# Targets", lead, table(["Target", "File"], rows))


def target_document(known: Catalogue, target: Target) -> str:
    """Return the page of a target: what it makes of each policy, and what is lost on the way."""
    here = reference_page(TARGETS, target.name)
    policies = list(known.project.policies.values())
    seen = [as_seen_by(target, policy) for policy in policies]
    columns = [
        column._replace(label=policy.title) for policy, column in zip(policies, seen, strict=True)
    ]
    return document(
        text(target.title),
        heading(text(target.title), "about"),
        facts(
            (
                ("Name", code(target.name)),
                ("File", code(target.path.format(name="NAME"))),
                ("Policy", "told in the prompt, hardly enforced" if target.advisory else ""),
                ("Checked with", text(target.verified)),
            )
        ),
        heading("Permissions", "permissions", 2, searched=False),
        f"What an agent may do here under each policy. {_ACCEPTED}",
        permission_table(columns),
        *_lost_under(policies, seen, here),
    )


def _reach(known: Catalogue, fragment: Fragment) -> str:
    return str(len(known.reached.get(fragment.path, ())))


def _seen_by(target: Target, policy: Policy) -> str:
    seen = as_seen_by(target, policy)
    return f"{permission_table([Column('Policy', policy), seen])}\n\n{_lost(seen)}"


def _lost_under(policies: list[Policy], seen: list[Column], here: str) -> Iterator[str]:
    for policy, column in zip(policies, seen, strict=True):
        yield heading(_policy_link(policy, here), f"under-{address(policy.name)}", 3)
        yield _lost(column)


def _lost(column: Column) -> str:
    return losses(column.losses) or "Nothing is lost."


def _policy_link(policy: Policy, here: str) -> str:
    return link(text(policy.title), reference_page(POLICIES, policy.name), here)


def _target_link(target: Target, here: str) -> str:
    return link(text(target.title), reference_page(TARGETS, target.name), here)


def _client_name(name: str, here: str) -> str:
    """Return a link to a target, or the plain name of a client that files are not built for."""
    return _target_link(CLIENTS[name], here) if name in CLIENTS else text(name)


def _literal(value: object) -> str:
    """Return a parameter's value as YAML would spell it on one line."""
    return json.dumps(value, ensure_ascii=False)
