"""The catalogue on the home page: packs in, cards and what they can be filtered by out."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from promptpack.model import Pack
from promptpack.rendering.tokens import estimate_tokens
from promptpack.site.address import Link
from promptpack.site.catalogue import HOME_PAGE, Catalog
from promptpack.site.links import link_pack, link_variant
from promptpack.site.page import View
from promptpack.site.wording import Choice
from promptpack.targets import TARGETS as CLIENTS

_FILTERS = ("model", "policy", "target", "tag")


class Card(NamedTuple):
    """A pack in short; what it can be filtered by is a text of names, apart by blanks."""

    pack: Link
    description: str
    pack_tags: tuple[str, ...]
    variant_count: int
    client_count: int
    tokens: int
    default: Link
    variants: str
    targets: str
    tags: str


class Filter(NamedTuple):
    """What packs can be filtered by."""

    kind: str
    legend: str
    choices: list[Choice]


class CardList(NamedTuple):
    """A card for each pack, and filters."""

    filters: list[Filter]
    cards: list[Card]


def make_home_page(catalog: Catalog) -> View:
    """Return the home page of a site that has none written by hand."""
    return View("home.html.j2", "Agents", make_card_list(catalog), wide=True)


def make_card_list(catalog: Catalog) -> CardList:
    """Return the catalogue alone, for a home page written by hand."""
    cards = [_make_card(catalog, pack) for pack in catalog.project.packs.values()]
    return CardList([*_iter_filters(catalog)], cards)


def _iter_filters(catalog: Catalog) -> Iterator[Filter]:
    for kind, titles in _collect_titles(catalog).items():
        if len(titles) > 1 or (titles and kind == "tag"):  # a pack may have no tag
            choices = [Choice(title, name) for name, title in titles.items()]
            yield Filter(kind, kind.title(), choices)


def _collect_titles(catalog: Catalog) -> Mapping[str, dict[str, str]]:
    """Return what packs can be filtered by: titles by name, for each kind."""
    titles: dict[str, dict[str, str]] = {kind: {} for kind in _FILTERS}
    for pack in catalog.project.packs.values():
        titles["model"] |= {name: catalog.project.models[name].title for name in pack.models}
        titles["policy"] |= {name: catalog.project.policies[name].title for name in pack.policies}
        titles["target"] |= {name: CLIENTS[name].title for name in _list_targets(catalog, pack)}
        titles["tag"] |= {tag: tag for tag in pack.tags}
    return titles


def _list_targets(catalog: Catalog, pack: Pack) -> list[str]:
    files = catalog.list_files(catalog.find_default_variant(pack))
    return [artifact.target for artifact in files]


def _make_card(catalog: Catalog, pack: Pack) -> Card:
    variants, default = catalog.variants[pack.name], catalog.find_default_variant(pack)
    targets = _list_targets(catalog, pack)
    return Card(
        pack=link_pack(pack, HOME_PAGE),
        description=pack.description,
        pack_tags=pack.tags,
        variant_count=len(variants),
        client_count=len(targets),
        tokens=estimate_tokens(len(catalog.list_files(default)[0].agent.prompt)),
        default=link_variant(default, HOME_PAGE),
        variants=" ".join(variant.name for variant in variants),
        targets=" ".join(targets),
        tags=" ".join(pack.tags),
    )
