"""The pages that find agents by what they may do, without a script: a catalogue in, pages out."""

from collections.abc import Iterator
from typing import NamedTuple

from promptpack.model import Pack, Variant
from promptpack.site.abilities import QUESTIONS, Question
from promptpack.site.address import Link, link_page, make_file_address
from promptpack.site.catalogue import (
    HOME_PAGE,
    QUESTION_INDEX,
    Catalog,
    locate_data_file,
    locate_question_page,
    locate_variant_page,
)
from promptpack.site.choice import Chip, ChoiceRow
from promptpack.site.links import link_pack, link_target
from promptpack.site.page import LateView, View, complete_later
from promptpack.site.questions import QuestionLinks, list_question_links
from promptpack.site.wording import name_variant
from promptpack.targets import TARGETS as CLIENTS
from promptpack.targets import Target

QUESTION_TITLE = "Find by permission"


class QuestionIndex(NamedTuple):
    """All questions, with links to their answers."""

    path: list[Link]
    questions: list[QuestionLinks]


class AnswerVariant(NamedTuple):
    """A variant that does what is asked, and the name that scripts know it by."""

    page: Link
    key: str


class AnswerPack(NamedTuple):
    """The variants of one pack that do what is asked, and the script with their files."""

    page: Link
    description: str
    data_file: str
    variants: list[AnswerVariant]


class AnswerPage(NamedTuple):
    """Which variants do what a question asks for, in one client."""

    path: list[Link]
    title: str
    client: Link
    target: str
    is_limited: bool
    is_read_by_others: bool
    rows: list[ChoiceRow]
    variant_count: int
    pack_count: int
    packs: list[AnswerPack]


def iter_question_pages(catalog: Catalog) -> Iterator[tuple[str, View | LateView]]:
    """Yield the list of questions, and a page for each question and client."""
    path = [link_page("Agents", HOME_PAGE, QUESTION_INDEX)]
    index = QuestionIndex(path, list_question_links(catalog, QUESTION_INDEX))
    yield QUESTION_INDEX, View("questions.html.j2", QUESTION_TITLE, index)
    for question in QUESTIONS:
        for target in catalog.list_targets():
            view = _make_answer_page(catalog, question, CLIENTS[target])
            yield locate_question_page(question.name, target), view


def _make_answer_page(catalog: Catalog, question: Question, target: Target) -> LateView:
    here = locate_question_page(question.name, target.name)
    answers = catalog.list_answers(question, target.name)
    title = f"{target.title}: {question.title}"
    variants_by_pack: dict[str, list[Variant]] = {}
    for variant in answers:
        variants_by_pack.setdefault(variant.pack.name, []).append(variant)
    page = AnswerPage(
        path=[
            link_page("Agents", HOME_PAGE, here),
            link_page(QUESTION_TITLE, QUESTION_INDEX, here),
        ],
        title=title,
        client=link_target(target, here),
        target=target.name,
        is_limited=target.holds_policy,
        is_read_by_others=bool(target.read_by),
        rows=[],
        variant_count=len(answers),
        pack_count=len(variants_by_pack),
        packs=[],
    )

    def complete() -> AnswerPage:
        packs = [
            _make_answer_pack(catalog.project.packs[name], variants, target.name, here)
            for name, variants in variants_by_pack.items()
        ]
        return page._replace(rows=_make_rows(catalog, question, target.name, here), packs=packs)

    entry = View("answer.html.j2", title, page, unlisted=not answers, wide=True)
    return complete_later(entry, complete)


def _make_rows(catalog: Catalog, question: Question, target: str, here: str) -> list[ChoiceRow]:
    """Return the same question for each client, and each question for the same client."""
    clients = [
        _make_chip(CLIENTS[name].title, question.name, name, here, is_current=name == target)
        for name in catalog.list_targets()
    ]
    questions = [
        _make_chip(other.title, other.name, target, here, is_current=other is question)
        for other in QUESTIONS
    ]
    return [
        ChoiceRow("client", "Client", clients),
        ChoiceRow("question", "Agents", questions),
    ]


def _make_chip(label: str, question: str, target: str, here: str, *, is_current: bool) -> Chip:
    address = link_page(label, locate_question_page(question, target), here).address
    return Chip(label, target, address, "", is_current)


def _make_answer_pack(pack: Pack, variants: list[Variant], target: str, here: str) -> AnswerPack:
    links = [
        AnswerVariant(
            link_page(
                name_variant(variant), f"{locate_variant_page(variant)}?client={target}", here
            ),
            f"{pack.name}/{variant.name}",
        )
        for variant in variants
    ]
    data_file = make_file_address(locate_data_file(pack), here)
    return AnswerPack(link_pack(pack, here), pack.description, data_file, links)
