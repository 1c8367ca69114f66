"""The whole site: a project and its artifacts in, pages and files by path and a navigation out."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import click

from promptpack.lint.rule import Rule
from promptpack.model import Artifact
from promptpack.session import Session
from promptpack.site.catalogue import (
    CHANGES_PAGE,
    COMMAND_INDEX,
    COMPARE_PAGE,
    FRAGMENT_INDEX,
    HOME_PAGE,
    LAYOUT_INDEX,
    MODEL_INDEX,
    POLICY_INDEX,
    PROJECT_PAGE,
    QUESTION_INDEX,
    RULE_INDEX,
    TARGET_INDEX,
    Catalog,
    locate_fragment_page,
    locate_pack_page,
    locate_reference_page,
    make_catalog,
)
from promptpack.site.escape import escape_text
from promptpack.site.history import History
from promptpack.site.late_files import LateFiles
from promptpack.site.machine_readable import iter_machine_files
from promptpack.site.page import LatePage, LateView, Page, View
from promptpack.site.pages.changes import make_changes_page
from promptpack.site.pages.compare import make_compare_page
from promptpack.site.pages.home import make_card_list, make_home_page
from promptpack.site.pages.library import (
    group_fragments,
    iter_text_pages,
    make_fragment_index,
    make_fragment_page,
    make_layout_index,
    make_layout_page,
    make_project_page,
)
from promptpack.site.pages.manual import iter_command_pages, iter_rule_pages
from promptpack.site.pages.models import make_model_index, make_model_page
from promptpack.site.pages.pack import make_pack_page
from promptpack.site.pages.policies import make_policy_index, make_policy_page
from promptpack.site.pages.questions import QUESTION_TITLE, iter_question_pages
from promptpack.site.pages.targets import make_target_index, make_target_page
from promptpack.site.pages.variant import iter_variant_pages
from promptpack.site.recent_changes import find_recent_changes
from promptpack.site.site_parts import SiteParts
from promptpack.site.templating import render_macro, render_page
from promptpack.site.theme import iter_theme_files
from promptpack.site.variant_history import VariantHistory, find_variant_history
from promptpack.targets import TARGETS as CLIENTS

Nav = list[Any]
"""A navigation as MkDocs reads it: page paths, and titles with a path or a list under them."""

PathsAndViews = Iterator[tuple[str, View | LateView]]

CARDS_MARKER = "<!-- promptpack: packs -->"
"""Where a home page written by hand wants the catalogue."""

GUIDE_TITLE = "Guide"
MAX_LISTED_PAGES = 99
"""Up to how many pages of a kind the navigation lists; beyond, their index does."""

_MANUAL_INDEXES = {"Rules": RULE_INDEX, "Commands": COMMAND_INDEX}


@dataclass(frozen=True)
class SiteOptions:
    """What a site is to hold besides the project: the tool's own rules and commands, the releases.

    `edit` is the address before a source's path where it can be edited. With `is_late`, files and
    pages that take long are made when a reader asks for them. `kept` has parts of the last site.
    """

    rules: Mapping[str, Rule] | None = None
    program: click.Group | None = None
    history: History | None = None
    edit: str = ""
    is_late: bool = False
    kept: SiteParts = field(default_factory=SiteParts)


@dataclass(frozen=True)
class Site:
    """Pages and files by their path, and the navigation.

    `cards` is the catalogue alone, for a home page written by hand.
    """

    pages: Mapping[str, Page | LatePage]
    files: Mapping[str, bytes]
    nav: Nav
    cards: str


def make_site(
    session: Session, artifacts: Iterable[Artifact], options: SiteOptions | None = None
) -> Site:
    """Return the site of a project and everything that was built from it."""
    options = options or SiteOptions()
    options.kept.begin()
    catalog = make_catalog(session, artifacts, options.edit, options.kept)
    variant_history = find_variant_history(catalog, options.history or History())
    pages = {
        path: _make_page(path, view, options)
        for path, view in _iter_views(catalog, options, variant_history)
    }
    files = LateFiles(
        (
            *iter_theme_files(),
            *iter_machine_files(catalog, options.kept),
            *variant_history.texts.items(),
        )
    )
    cards = render_macro("cards.html.j2", "cards", make_card_list(catalog))
    return Site(
        pages, files if options.is_late else dict(files), _make_nav(catalog, pages), str(cards)
    )


def _make_page(path: str, view: View | LateView, options: SiteOptions) -> Page | LatePage:
    if isinstance(view, View):
        return options.kept.render_page(path, view)
    if options.is_late:
        make = view.make
        return LatePage(options.kept.render_page(path, view.entry), lambda: render_page(make()))
    return render_page(view.make()) if view.large else options.kept.render_page(path, view.make())


def make_guide_nav(pages: Iterable[str], preferred_order: Iterable[str]) -> Nav:
    """Return the navigation of hand-written pages: first those whose order was asked for."""
    distinct_pages = dict.fromkeys(pages)
    ordered_pages = [page for page in preferred_order if page in distinct_pages]
    ordered_pages += [page for page in distinct_pages if page not in ordered_pages]
    return [{GUIDE_TITLE: ordered_pages}] if ordered_pages else []


def iter_nav_pages(nav: object) -> Iterator[str]:
    """Yield the pages that a navigation lists."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, (list, dict)):
        for entry in nav.values() if isinstance(nav, dict) else nav:
            yield from iter_nav_pages(entry)


def _iter_views(
    catalog: Catalog, options: SiteOptions, variant_history: VariantHistory
) -> PathsAndViews:
    yield HOME_PAGE, make_home_page(catalog)
    yield from iter_question_pages(catalog)
    yield from _iter_pack_pages(catalog, options.history or History(), variant_history)
    yield from _iter_reference_pages(catalog)
    yield from _iter_manual_pages(options)
    yield COMPARE_PAGE, make_compare_page(catalog)
    if options.history is not None:
        yield CHANGES_PAGE, make_changes_page(catalog, options.history)


def _iter_pack_pages(
    catalog: Catalog, history: History, variant_history: VariantHistory
) -> PathsAndViews:
    find_recent = cache(partial(find_recent_changes, catalog, history))
    for pack in catalog.project.packs.values():
        yield locate_pack_page(pack), make_pack_page(catalog, pack, find_recent)
        yield from iter_variant_pages(catalog, pack, variant_history)
        yield from iter_text_pages(catalog, pack)
    yield FRAGMENT_INDEX, make_fragment_index(catalog)
    for fragment in catalog.project.fragments.values():
        yield locate_fragment_page(fragment), make_fragment_page(catalog, fragment)


def _iter_reference_pages(catalog: Catalog) -> PathsAndViews:
    yield POLICY_INDEX, make_policy_index(catalog)
    for policy in catalog.project.policies.values():
        yield locate_reference_page(POLICY_INDEX, policy.name), make_policy_page(catalog, policy)
    yield MODEL_INDEX, make_model_index(catalog)
    for model in catalog.project.models.values():
        yield locate_reference_page(MODEL_INDEX, model.name), make_model_page(catalog, model)
    yield LAYOUT_INDEX, make_layout_index(catalog)
    for layout in catalog.project.layouts.values():
        yield locate_reference_page(LAYOUT_INDEX, layout.name), make_layout_page(catalog, layout)
    for shared in catalog.project.shared.values():
        yield PROJECT_PAGE, make_project_page(catalog, shared)
    yield TARGET_INDEX, make_target_index()
    for target in CLIENTS.values():
        yield locate_reference_page(TARGET_INDEX, target.name), make_target_page(catalog, target)


def _iter_manual_pages(options: SiteOptions) -> PathsAndViews:
    if options.rules is not None:
        yield from iter_rule_pages(options.rules)
    if options.program is not None:
        yield from iter_command_pages(options.program)


def _make_nav(catalog: Catalog, pages: Collection[str]) -> Nav:
    project = catalog.project
    packs = [locate_pack_page(pack) for pack in project.packs.values()]
    packs = packs if len(packs) <= MAX_LISTED_PAGES else []
    indexes = (
        *(("Policies", POLICY_INDEX), ("Models", MODEL_INDEX), ("Targets", TARGET_INDEX)),
        *(("Layouts", LAYOUT_INDEX), *_MANUAL_INDEXES.items()),
    )
    reference: Nav = [
        {title: _make_index_nav(index, pages)} for title, index in indexes if index in pages
    ]
    reference += [{"Project file": PROJECT_PAGE}] if PROJECT_PAGE in pages else []
    extra_entries = [
        {title: page} for title, page in (("Compare", COMPARE_PAGE), ("Changes", CHANGES_PAGE))
    ]
    return [
        {"Agents": [HOME_PAGE, {QUESTION_TITLE: QUESTION_INDEX}, *packs]},
        {"Fragments": [FRAGMENT_INDEX, *_make_fragment_nav(catalog)]},
        {"Reference": reference},
        *(entry for entry in extra_entries if {*entry.values()} <= {*pages}),
    ]


def _make_fragment_nav(catalog: Catalog) -> Nav:
    if len(catalog.project.fragments) > MAX_LISTED_PAGES:
        return []
    return [
        {
            str(escape_text(group.title)): [
                locate_fragment_page(fragment) for fragment in group.fragments
            ]
        }
        for group in group_fragments(catalog)
    ]


def _make_index_nav(index: str, pages: Collection[str]) -> Nav:
    """Return an index and the pages beside it, as far as the navigation lists them."""
    folder = index.removesuffix("index.md")
    sibling_pages = [path for path in pages if path.startswith(folder) and path != index]
    return [index, *(sibling_pages if len(sibling_pages) <= MAX_LISTED_PAGES else [])]
