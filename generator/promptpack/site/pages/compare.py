"""The page that compares two variants: a catalogue in, a page out.

A script reads from the address which two, and works out the difference. Without it the page leads
to the differences that each variant's own page holds.
"""

from typing import NamedTuple

from promptpack.model import Pack, Variant
from promptpack.site.address import Link, make_address, make_file_address
from promptpack.site.catalogue import (
    COMPARE_PAGE,
    TARGET_INDEX,
    Catalog,
    locate_data_file,
    locate_variant_page,
)
from promptpack.site.links import link_pack
from promptpack.site.page import View
from promptpack.site.theme import COMPARE_SCRIPT
from promptpack.site.wording import Choice, list_variant_words
from promptpack.targets import TARGETS as CLIENTS


class ComparedVariant(NamedTuple):
    """A variant with the address of its differences, and the name that the script knows it by."""

    words: list[str]
    key: str
    address: str
    is_default: bool


class ComparedPack(NamedTuple):
    """A pack, the script with its files, and its variants."""

    page: Link
    data_file: str
    variants: list[ComparedVariant]


class ComparePage(NamedTuple):
    """What can be compared."""

    packs: list[ComparedPack]
    clients: list[Choice]
    legend: str
    script: str


def make_compare_page(catalog: Catalog) -> View:
    """Return the page that compares."""
    packs = [_describe_pack(catalog, pack) for pack in catalog.project.packs.values()]
    clients = [Choice(target.title, name) for name, target in CLIENTS.items()]
    script = make_file_address(COMPARE_SCRIPT, COMPARE_PAGE)
    legend = make_address(f"{TARGET_INDEX}#losses", COMPARE_PAGE)
    return View(
        "compare.html.j2", "Compare", ComparePage(packs, clients, legend, script), wide=True
    )


def _describe_pack(catalog: Catalog, pack: Pack) -> ComparedPack:
    return ComparedPack(
        link_pack(pack, COMPARE_PAGE),
        make_file_address(locate_data_file(pack), COMPARE_PAGE),
        [_describe_variant(variant) for variant in catalog.variants[pack.name]],
    )


def _describe_variant(variant: Variant) -> ComparedVariant:
    page = f"{locate_variant_page(variant)}?view=difference#difference"
    return ComparedVariant(
        words=list_variant_words(variant),
        key=f"{variant.pack.name}/{variant.name}",
        address=make_address(page, COMPARE_PAGE),
        is_default=variant.is_default,
    )
