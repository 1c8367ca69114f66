"""The whole site: a project and its artifacts in, pages and files by path and a navigation out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from promptpack.lint.rule import Entry
from promptpack.model import Artifact, Project
from promptpack.site.catalogue import (
    CHANGES,
    COMMANDS,
    COMPARE,
    FRAGMENTS,
    HOME,
    LAYOUTS,
    MODELS,
    POLICIES,
    RULES,
    TARGETS,
    Catalogue,
    catalogue,
    fragment_page,
    pack_page,
    reference_page,
)
from promptpack.site.history import History
from promptpack.site.machine_readable import machine_files
from promptpack.site.page import Page
from promptpack.site.pages import home
from promptpack.site.pages.changes import changes_document, recent_changes
from promptpack.site.pages.compare import compare_document
from promptpack.site.pages.library import (
    fragment_document,
    fragments_document,
    groups,
    layout_document,
    layouts_document,
)
from promptpack.site.pages.manual import command_documents, rule_documents
from promptpack.site.pages.pack import pack_document
from promptpack.site.pages.reference import (
    model_document,
    models_document,
    policies_document,
    policy_document,
    target_document,
    targets_document,
)
from promptpack.site.pages.variant import variant_documents
from promptpack.site.theme import furniture
from promptpack.targets import TARGETS as CLIENTS

Nav = list[Any]
"""A navigation as MkDocs reads it: page paths, and titles with a path or a list under them."""

Paged = Iterator[tuple[str, Page]]

CARDS = "<!-- promptpack: packs -->"
"""Where a home page written by hand wants the catalogue."""

GUIDE = "Guide"
LISTED = 99
"""Up to how many pages of a kind the navigation lists; beyond, their index does."""

_MANUAL = {"Rules": RULES, "Commands": COMMANDS}


@dataclass(frozen=True)
class Asked:
    """What a site is to hold besides the project: the tool's own rules and commands, the releases.

    `edit` is the address before a source's path where it can be edited.
    """

    rules: Mapping[str, Entry] | None = None
    program: click.Group | None = None
    history: History | None = None
    edit: str = ""


@dataclass(frozen=True)
class Site:
    """Pages and files by their path, and the navigation.

    `cards` is the catalogue alone, for a home page written by hand.
    """

    pages: Mapping[str, Page]
    files: Mapping[str, bytes]
    nav: Nav
    cards: str


def tree(project: Project, artifacts: Iterable[Artifact], asked: Asked | None = None) -> Site:
    """Return the site of a project and everything that was built from it."""
    asked = asked or Asked()
    known = catalogue(project, artifacts, asked.edit)
    pages = {HOME: home.home_document(known)}
    pages |= dict(_pack_pages(known, asked.history or History()))
    pages |= dict(_reference_pages(known)) | dict(_manual_pages(asked))
    pages[COMPARE] = compare_document(known)
    if asked.history is not None:
        pages[CHANGES] = changes_document(asked.history)
    files = dict(furniture()) | dict(machine_files(known))
    return Site(pages, files, _nav(known, pages), home.cards(known))


def guide_nav(written: Iterable[str], first: Iterable[str]) -> Nav:
    """Return the navigation of hand-written pages: first those whose order was asked for."""
    rest = dict.fromkeys(written)
    ordered = [page for page in first if page in rest]
    ordered += [page for page in rest if page not in ordered]
    return [{GUIDE: ordered}] if ordered else []


def listed(nav: object) -> Iterator[str]:
    """Yield the pages that a navigation lists."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, (list, dict)):
        for one in nav.values() if isinstance(nav, dict) else nav:
            yield from listed(one)


def _pack_pages(known: Catalogue, history: History) -> Paged:
    for pack in known.project.packs.values():
        here = pack_page(pack)
        recent = recent_changes(known, history, here).get(pack.name, "")
        yield here, pack_document(known, pack, recent)
        yield from variant_documents(known, pack)
    yield FRAGMENTS, fragments_document(known)
    for fragment in known.project.fragments.values():
        yield fragment_page(fragment), fragment_document(known, fragment)


def _reference_pages(known: Catalogue) -> Paged:
    yield POLICIES, policies_document(known)
    for policy in known.project.policies.values():
        yield reference_page(POLICIES, policy.name), policy_document(known, policy)
    yield MODELS, models_document(known)
    for model in known.project.models.values():
        yield reference_page(MODELS, model.name), model_document(known, model)
    yield LAYOUTS, layouts_document(known)
    for layout in known.project.layouts.values():
        yield reference_page(LAYOUTS, layout.name), layout_document(known, layout)
    yield TARGETS, targets_document()
    for target in CLIENTS.values():
        yield reference_page(TARGETS, target.name), target_document(known, target)


def _manual_pages(asked: Asked) -> Paged:
    if asked.rules is not None:
        yield from rule_documents(asked.rules)
    if asked.program is not None:
        yield from command_documents(asked.program)


def _nav(known: Catalogue, pages: Mapping[str, Page]) -> Nav:
    project = known.project
    packs = [pack_page(pack) for pack in project.packs.values()]
    kinds = (
        *(("Policies", POLICIES), ("Models", MODELS), ("Targets", TARGETS)),
        *(("Layouts", LAYOUTS), *_MANUAL.items()),
    )
    reference = [{title: _under(index, pages)} for title, index in kinds if index in pages]
    more = [{title: page} for title, page in (("Compare", COMPARE), ("Changes", CHANGES))]
    return [
        {"Agents": [HOME, *(packs if len(packs) <= LISTED else [])]},
        {"Fragments": [FRAGMENTS, *_fragments(known)]},
        {"Reference": reference},
        *(one for one in more if {*one.values()} <= pages.keys()),
    ]


def _fragments(known: Catalogue) -> Nav:
    if len(known.project.fragments) > LISTED:
        return []
    return [
        {group.title: [fragment_page(fragment) for fragment in group.fragments]}
        for group in groups(known)
    ]


def _under(index: str, pages: Mapping[str, Page]) -> Nav:
    """Return an index and the pages beside it, as far as the navigation lists them."""
    folder = index.removesuffix("index.md")
    beside = [path for path in pages if path.startswith(folder) and path != index]
    return [index, *(beside if len(beside) <= LISTED else [])]
