"""Answers to what is often asked of permissions: a catalogue in, links with their numbers out."""

from collections.abc import Iterator
from typing import NamedTuple

from promptpack.site.abilities import QUESTIONS, Question
from promptpack.site.address import Link, link_page
from promptpack.site.catalogue import Catalog, locate_question_page
from promptpack.targets import TARGETS as CLIENTS


class CountedLink(NamedTuple):
    """A link to an answer, and how many variants that is."""

    page: Link
    variant_count: int


class QuestionLinks(NamedTuple):
    """A question, and its answer for each client in which some variant does that."""

    title: str
    answers: list[CountedLink]


def list_question_links(catalog: Catalog, here: str) -> list[QuestionLinks]:
    """Return all questions with links to their answers, one for each client of the project."""
    return [
        QuestionLinks(question.title, [*_iter_links(catalog, question, here)])
        for question in QUESTIONS
    ]


def _iter_links(catalog: Catalog, question: Question, here: str) -> Iterator[CountedLink]:
    for target in catalog.list_targets():
        count = len(catalog.list_answers(question, target))
        page = locate_question_page(question.name, target)
        if count:
            yield CountedLink(link_page(CLIENTS[target].title, page, here), count)
