"""Where a source is shown and used: a path or variants in, its text and tables of variants out."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from markupsafe import Markup

from promptpack.model import Variant, VariantId
from promptpack.model.root import LIBRARY, PROJECT
from promptpack.site.address import Link, make_address
from promptpack.site.catalogue import (
    MODEL_INDEX,
    POLICY_INDEX,
    Catalog,
    locate_pack_page,
    locate_variant_page,
)
from promptpack.site.lineage import Drawing
from promptpack.site.links import link_model, link_pack, link_policy
from promptpack.site.templating import render_macro
from promptpack.site.wording import name_variant

MAX_OPEN_VARIANTS = 30
"""How many variants a list shows at once; the packs of the others are folded."""


class SourceBlock(NamedTuple):
    """A source file, and the address where it can be edited, or the library that it is of."""

    path: str
    edit: str
    text: str
    library: str


class VariantCell(NamedTuple):
    """A variant in a table of its pack."""

    title: str
    policy: str
    address: str
    is_default: bool


class VariantRow(NamedTuple):
    """The variants of one model, a cell for each policy; None where one is not built.

    `language` is "" where the pack has not several.
    """

    model: Link
    cells: list[VariantCell | None]
    language: str = ""


class VariantTable(NamedTuple):
    """Variants of one pack, model by policy."""

    label: str
    header: list[Link]
    rows: list[VariantRow]


class PackUsage(NamedTuple):
    """How many of a pack's variants use something, and which."""

    pack: Link
    used_count: int
    variant_count: int
    table: Markup


class Usage(NamedTuple):
    """All variants that use something, pack by pack, and a drawing of that.

    `folded_packs` are those after the first `MAX_OPEN_VARIANTS` variants.
    """

    variant_count: int
    packs: list[PackUsage]
    folded_packs: list[PackUsage]
    drawing: Drawing | None


def make_source_block(catalog: Catalog, path: str) -> SourceBlock:
    """Return a source file with what is shown around it."""
    text, root = catalog.project.sources[path], catalog.project.find_root(path)
    library = "" if root.name in {PROJECT, LIBRARY} else root.title
    return SourceBlock(path, catalog.make_edit_address(path), text, library)


def make_usage(
    catalog: Catalog, variants: Sequence[Variant], here: str, drawing: Drawing | None = None
) -> Usage:
    """Return who uses something, from the variants that do."""
    variants_by_pack: dict[str, list[Variant]] = {name: [] for name in catalog.project.packs}
    for variant in variants:
        variants_by_pack[variant.pack.name].append(variant)
    packs = [
        PackUsage(
            pack=link_pack(catalog.project.packs[name], here),
            used_count=len(users),
            variant_count=len(catalog.variants[name]),
            table=render_variant_table(catalog, users, here),
        )
        for name, users in variants_by_pack.items()
        if users
    ]
    counts = accumulate(pack.used_count for pack in packs)
    open_count = max(1, sum(count <= MAX_OPEN_VARIANTS for count in counts))
    return Usage(len(variants), packs[:open_count], packs[open_count:], drawing)


def render_variant_table(catalog: Catalog, variants: Sequence[Variant], here: str) -> Markup:
    """Return a table of variants of one pack, model by policy, with a link a cell."""
    names = ((variant.pack.name, variant.name) for variant in variants)
    linked_pages = (locate_pack_page(variants[0].pack), MODEL_INDEX, POLICY_INDEX)
    addresses = (make_address(page, here) for page in linked_pages)
    return catalog.pieces.render_once(
        ("variants", *addresses, *names),
        lambda: render_macro("pieces.html.j2", "variant_table", _make_table(variants, here)),
    )


def _make_table(variants: Sequence[Variant], here: str) -> VariantTable:
    cells = {variant.id: _make_cell(variant, here) for variant in variants}
    models = {(one.model.name, one.id.language): one for one in variants}
    policies = {variant.policy.name: variant.policy for variant in variants}
    rows = [
        VariantRow(
            link_model(one.model, here),
            [cells.get(VariantId(model, name, language)) for name in policies],
            one.language if len(one.pack.languages) > 1 else "",
        )
        for (model, language), one in models.items()
    ]
    header = [Link("Model"), *(link_policy(policy, here) for policy in policies.values())]
    return VariantTable(f"Variants of {variants[0].pack.title}", header, rows)


def _make_cell(variant: Variant, here: str) -> VariantCell:
    address = make_address(locate_variant_page(variant), here)
    return VariantCell(name_variant(variant), variant.policy.title, address, variant.is_default)
