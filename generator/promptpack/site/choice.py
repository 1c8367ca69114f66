"""Which client, model and policy a page is about: a variant in, rows of links to its siblings out.

Each chip of a row changes one thing and leads to a page; no script is needed for that. The script
of the same name keeps the choice in the address and remembers it from page to page.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from promptpack.model import Variant
from promptpack.site.address import make_address
from promptpack.site.catalogue import Catalog, locate_variant_page


class Chip(NamedTuple):
    """One value of a row; `note` says what else is different where the link leads."""

    label: str
    value: str
    address: str
    note: str
    is_current: bool


class ChoiceRow(NamedTuple):
    """Chips of one kind, of which one is current: the kind is the name in the address."""

    kind: str
    legend: str
    chips: list[Chip]


def make_choice_rows(catalog: Catalog, variant: Variant, here: str) -> list[ChoiceRow]:
    """Return a row of models and one of policies, for a page about a variant.

    A model that is not built with the variant's policy leads to its first variant, and says so; a
    policy likewise.
    """
    variants = catalog.variants[variant.pack.name]
    by_name = {sibling.name: sibling for sibling in variants}
    models = {sibling.model.name: sibling.model.title for sibling in variants}
    policies = {sibling.policy.name: sibling.policy.title for sibling in variants}
    model_names = {name: f"{name}.{variant.policy.name}" for name in models}
    policy_names = {name: f"{variant.model.name}.{name}" for name in policies}
    first_of_model, first_of_policy = _find_first(variants)
    model_siblings = {
        name: by_name.get(sibling, first_of_model[name]) for name, sibling in model_names.items()
    }
    policy_siblings = {
        name: by_name.get(sibling, first_of_policy[name]) for name, sibling in policy_names.items()
    }
    return [
        ChoiceRow("model", "Model", _make_chips(models, model_siblings, variant, here)),
        ChoiceRow("policy", "Policy", _make_chips(policies, policy_siblings, variant, here)),
    ]


def _find_first(
    variants: Sequence[Variant],
) -> tuple[dict[str, Variant], dict[str, Variant]]:
    """Return the first variant of each model and of each policy, by name."""
    models: dict[str, Variant] = {}
    policies: dict[str, Variant] = {}
    for variant in variants:
        models.setdefault(variant.model.name, variant)
        policies.setdefault(variant.policy.name, variant)
    return models, policies


def _make_chips(
    titles: Mapping[str, str], siblings: Mapping[str, Variant], variant: Variant, here: str
) -> list[Chip]:
    return [
        Chip(
            label=title,
            value=name,
            address=make_address(locate_variant_page(siblings[name]), here),
            note=_describe_change(variant, siblings[name]),
            is_current=siblings[name].name == variant.name,
        )
        for name, title in titles.items()
    ]


def _describe_change(variant: Variant, sibling: Variant) -> str:
    """Return what else than one thing is different in a sibling, or nothing."""
    if variant.model.name == sibling.model.name or variant.policy.name == sibling.policy.name:
        return ""
    return f"{sibling.model.title}, {sibling.policy.title}"
