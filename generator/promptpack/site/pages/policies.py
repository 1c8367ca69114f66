"""The pages of policies: a catalogue in, pages out."""

from typing import NamedTuple

from promptpack.model import Policy
from promptpack.policy.lattice import list_caveats
from promptpack.site.address import Link
from promptpack.site.catalogue import POLICY_INDEX, Catalog, locate_reference_page
from promptpack.site.client_columns import find_client_column, make_client_table
from promptpack.site.links import link_policy
from promptpack.site.losses import LossSentence, describe_losses
from promptpack.site.page import LateView, View, complete_later
from promptpack.site.permissions import (
    PatternList,
    PermissionTable,
    PolicyColumn,
    list_patterns,
    make_permission_table,
)
from promptpack.site.synonyms import list_policy_synonyms
from promptpack.site.usage import SourceBlock, Usage, make_source_block, make_usage
from promptpack.site.wording import Choice
from promptpack.targets import TARGETS as CLIENTS
from promptpack.targets import Target


class ListedPolicy(NamedTuple):
    """A policy in a list."""

    page: Link
    summary: str


class PolicyIndex(NamedTuple):
    """All policies, and what each says of every capability."""

    policies: list[ListedPolicy]
    permissions: PermissionTable


class PolicyPanel(NamedTuple):
    """What one client makes of a policy."""

    client: str
    permissions: PermissionTable
    losses: list[LossSentence]


class PolicyPage(NamedTuple):
    """A policy: what it says, what each client makes of it, who uses it."""

    title: str
    summary: str
    name: str
    synonyms: str
    caveats: list[str]
    clients: list[Choice]
    patterns: list[PatternList]
    source: SourceBlock
    panels: list[PolicyPanel]
    usage: Usage | None = None


def make_policy_index(catalog: Catalog) -> View:
    """Return the list of policies and what each says of every capability."""
    policies = catalog.project.policies.values()
    page = PolicyIndex(
        [ListedPolicy(link_policy(policy, POLICY_INDEX), policy.summary) for policy in policies],
        make_permission_table([PolicyColumn(Link(policy.title), policy) for policy in policies]),
    )
    return View("policies.html.j2", "Policies", page)


def make_policy_page(catalog: Catalog, policy: Policy) -> LateView:
    """Return the page of a policy."""
    here = locate_reference_page(POLICY_INDEX, policy.name)
    page = PolicyPage(
        title=policy.title,
        summary=policy.summary,
        name=policy.name,
        synonyms=", ".join(list_policy_synonyms(policy)),
        caveats=[*list_caveats(policy)],
        clients=[Choice(target.title, name) for name, target in CLIENTS.items()],
        patterns=list_patterns(policy),
        source=make_source_block(catalog, policy.path),
        panels=[],
    )

    def complete() -> PolicyPage:
        variants = [one for one in catalog.iter_variants() if one.policy.name == policy.name]
        return page._replace(
            panels=[_make_panel(catalog, target, policy) for target in CLIENTS.values()],
            usage=make_usage(catalog, variants, here),
        )

    return complete_later(View("policy.html.j2", policy.title, page, policy.summary), complete)


def _make_panel(catalog: Catalog, target: Target, policy: Policy) -> PolicyPanel:
    column = find_client_column(catalog, target, policy)
    authored = catalog.kept.reuse(
        ("authored", policy.name), [policy], lambda: PolicyColumn(Link("Policy"), policy)
    )
    columns, labels = [authored, column], [authored.label, column.label]
    return PolicyPanel(
        target.title,
        make_client_table(catalog, ("policy", policy.name, target.name), columns, labels),
        describe_losses(column.losses),
    )
