"""Which variant and client a page is about: a variant in, rows of links to its siblings out.

Each chip of a row changes one thing and leads to a page; no script is needed for that. The script
of the same name keeps the choice in the address and remembers it from page to page.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from promptpack.model import Variant, VariantId
from promptpack.site.address import make_address
from promptpack.site.catalogue import Catalog, locate_variant_page
from promptpack.site.wording import name_variant


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
    """Return a row of models, one of policies, and one of languages where the pack has several.

    A model that is not built with the variant's policy and language leads to the variant that
    differs least, and says so; the others likewise.
    """
    rows = [("model", "Model"), ("policy", "Policy")]
    if len(variant.pack.languages) > 1:
        rows.append(("language", "Language"))
    variants = catalog.variants[variant.pack.name]
    siblings = {sibling.id: sibling for sibling in variants}
    return [
        ChoiceRow(kind, legend, [*_iter_chips(siblings, kind, variant, here)])
        for kind, legend in rows
    ]


def _iter_chips(
    siblings: Mapping[VariantId, Variant], kind: str, variant: Variant, here: str
) -> Iterator[Chip]:
    """Yield a chip for each value that the siblings of a variant have of one kind."""
    groups: dict[str, list[Variant]] = {}
    for sibling in siblings.values():
        groups.setdefault(getattr(sibling.id, kind), []).append(sibling)
    for value, group in groups.items():
        sibling = siblings.get(variant.id._replace(**{kind: value})) or _find_nearest(
            group, variant
        )
        yield Chip(
            label=_name_value(sibling, kind),
            value=value,
            address=make_address(locate_variant_page(sibling), here),
            note=name_variant(sibling) if _count_differences(sibling, variant) > 1 else "",
            is_current=sibling.id == variant.id,
        )


def _name_value(variant: Variant, kind: str) -> str:
    if kind == "language":
        return variant.language
    return variant.model.title if kind == "model" else variant.policy.title


def _find_nearest(variants: Sequence[Variant], variant: Variant) -> Variant:
    return min(variants, key=lambda one: _count_differences(one, variant))


def _count_differences(variant: Variant, sibling: Variant) -> int:
    return sum(own != other for own, other in zip(variant.id, sibling.id, strict=True))
