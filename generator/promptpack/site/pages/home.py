"""The catalogue on the home page: packs in, cards and what they can be filtered by out."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from promptpack.model import Effect, Pack
from promptpack.rendering.tokens import estimate_tokens
from promptpack.site.abilities import (
    ASKED_EFFECTS,
    QUESTIONS,
    TOPICS,
    AbilitySets,
    Question,
    join_abilities,
)
from promptpack.site.address import Link, make_file_address
from promptpack.site.catalogue import HOME_PAGE, Catalog, locate_data_file
from promptpack.site.links import link_pack, link_variant
from promptpack.site.page import View
from promptpack.site.questions import QuestionLinks, list_question_links
from promptpack.site.wording import Choice
from promptpack.targets import TARGETS as CLIENTS

_FILTERS = ("model", "policy", "tag")
_SORTS = (
    Choice("As listed", ""),
    Choice("Name", "name"),
    Choice("Shortest prompt", "tokens"),
    Choice("Most variants", "variants"),
)
_EFFECT_LABELS: Mapping[Effect, str] = {
    Effect.ALLOW: "may",
    Effect.ASK: "asks",
    Effect.DENY: "may not",
}


class Card(NamedTuple):
    """A pack in short. `variants` and `tags` are texts for the script, apart by blanks.

    Each variant is its name and the number of what it may do.
    """

    pack: Link
    description: str
    is_command: bool
    pack_tags: tuple[str, ...]
    variant_count: int
    client_count: int
    tokens: int
    default: Link
    variants: str
    tags: str
    data_file: str


class Filter(NamedTuple):
    """What packs can be filtered by; with one choice alone there is nothing to choose."""

    kind: str
    legend: str
    choices: list[Choice]
    is_hidden: bool = False


class QuestionButton(NamedTuple):
    """A question, and the filters that ask it, as `topic:effect`."""

    title: str
    filters: str


class CardList(NamedTuple):
    """A card for each pack, and filters.

    `abilities` tells a script what the variants with each number may do.
    """

    clients: list[Choice]
    topics: list[Filter]
    filters: list[Filter]
    sorts: tuple[Choice, ...]
    buttons: list[QuestionButton]
    questions: list[QuestionLinks]
    abilities: str
    cards: list[Card]


def make_home_page(catalog: Catalog) -> View:
    """Return the home page of a site that has none written by hand."""
    return View("home.html.j2", "Agents", make_card_list(catalog), wide=True)


def make_card_list(catalog: Catalog) -> CardList:
    """Return the catalogue alone, for a home page written by hand."""
    ability_sets = AbilitySets()
    cards = [_make_card(catalog, pack, ability_sets) for pack in catalog.project.packs.values()]
    effects = [Choice(_EFFECT_LABELS[effect], str(effect)) for effect in ASKED_EFFECTS]
    return CardList(
        clients=[
            Choice("Any", ""),
            *(Choice(CLIENTS[name].title, name) for name in catalog.list_targets()),
        ],
        topics=[Filter(topic.name, topic.label, effects) for topic in TOPICS],
        filters=[*_iter_filters(catalog)],
        sorts=_SORTS,
        buttons=[QuestionButton(question.title, _join_filters(question)) for question in QUESTIONS],
        questions=list_question_links(catalog, HOME_PAGE),
        abilities=";".join(map(join_abilities, ability_sets.sets)),
        cards=cards,
    )


def _join_filters(question: Question) -> str:
    return " ".join(f"{topic}:{effect}" for topic, effect in question.effects.items())


def _iter_filters(catalog: Catalog) -> Iterator[Filter]:
    for kind, titles in _collect_titles(catalog).items():
        is_hidden = len(titles) < (1 if kind == "tag" else 2)  # a pack may have no tag
        choices = [Choice(title, name) for name, title in titles.items()]
        yield Filter(kind, kind.title(), choices, is_hidden)


def _collect_titles(catalog: Catalog) -> Mapping[str, dict[str, str]]:
    """Return what packs can be filtered by: titles by name, for each kind."""
    titles: dict[str, dict[str, str]] = {kind: {} for kind in _FILTERS}
    for pack in catalog.project.packs.values():
        titles["model"] |= {name: catalog.project.models[name].title for name in pack.models}
        titles["policy"] |= {name: catalog.project.policies[name].title for name in pack.policies}
        titles["tag"] |= {tag: tag for tag in pack.tags}
    return titles


def _make_card(catalog: Catalog, pack: Pack, ability_sets: AbilitySets) -> Card:
    variants, default = catalog.variants[pack.name], catalog.find_default_variant(pack)
    files = catalog.list_files(default)
    numbers = {
        variant.name: ability_sets.find_number(catalog.list_abilities(variant))
        for variant in variants
    }
    return Card(
        pack=link_pack(pack, HOME_PAGE),
        description=pack.description,
        is_command=pack.kind == "command",
        pack_tags=pack.tags,
        variant_count=len(variants),
        client_count=len(files),
        tokens=estimate_tokens(len(files[0].agent.prompt)),
        default=link_variant(default, HOME_PAGE),
        variants=" ".join(f"{name}:{number}" for name, number in numbers.items()),
        tags=" ".join(pack.tags),
        data_file=make_file_address(locate_data_file(pack), HOME_PAGE),
    )
