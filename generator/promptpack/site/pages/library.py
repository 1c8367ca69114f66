"""The pages of fragments, layouts and the project file: what packs have besides their own."""

import json
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from promptpack.model import Fragment, Pack, SharedSettings, Source
from promptpack.model.sections import make_title
from promptpack.site.address import Link, link_page
from promptpack.site.catalogue import (
    FRAGMENT_INDEX,
    HOME_PAGE,
    LAYOUT_INDEX,
    PROJECT_PAGE,
    Catalog,
    locate_fragment_page,
    locate_reference_page,
    locate_text_page,
    make_slug,
    shorten_source_path,
)
from promptpack.site.lineage import Drawing, draw_lineage
from promptpack.site.links import link_fragment, link_pack
from promptpack.site.page import LateView, View, complete_later
from promptpack.site.usage import SourceBlock, Usage, make_source_block, make_usage


class FragmentGroup(NamedTuple):
    """Fragments that are listed together: those of a section, or a pack's own."""

    title: str
    anchor: str
    fragments: list[Fragment]


class ListedFragment(NamedTuple):
    """A fragment in a list."""

    page: Link
    summary: str
    variant_count: int


class ListedGroup(NamedTuple):
    """A group of fragments in a list."""

    title: str
    anchor: str
    fragments: list[ListedFragment]


class FragmentIndex(NamedTuple):
    """All fragments in groups."""

    groups: list[ListedGroup]


class Parameter(NamedTuple):
    """A parameter of a fragment, and what it is unless given; None where it has to be."""

    name: str
    default: str | None


class ProjectPage(NamedTuple):
    """The project file, and every variant that is built with it."""

    name: str
    source: SourceBlock
    usage: Usage | None = None


class FragmentPage(NamedTuple):
    """A fragment: its source, and every variant that it reaches."""

    path: list[Link]
    title: str
    summary: str
    name: str
    needs: tuple[str, ...]
    replaces: str
    parameters: list[Parameter]
    source: SourceBlock
    usage: Usage | None = None


class ListedLayout(NamedTuple):
    """A layout in a list, with the titles of the models that have it."""

    page: Link
    models: str


class LayoutIndex(NamedTuple):
    """All layouts."""

    layouts: list[ListedLayout]


class LayoutPage(NamedTuple):
    """A layout: its source, and the variants that have it."""

    name: str
    models: str
    source: SourceBlock
    usage: Usage | None = None


def group_fragments(catalog: Catalog) -> list[FragmentGroup]:
    """Return all fragments in groups, both in the order of the project."""
    groups_by_name: dict[str, FragmentGroup] = {}
    for fragment in catalog.project.fragments.values():
        section = fragment.name.rpartition("/")[0].partition("/")[0] or "general"
        name = f"pack-{fragment.pack}" if fragment.pack else f"section-{make_slug(section)}"
        pack = catalog.project.packs.get(fragment.pack)
        title = pack.title if pack else _make_section_title(section)
        groups_by_name.setdefault(name, FragmentGroup(title, name, [])).fragments.append(fragment)
    return list(groups_by_name.values())


def _make_section_title(section: str) -> str:
    """Return what a section is called; that of a library with the library's name."""
    library, colon, name = section.rpartition(":")
    return f"{make_title(name)} ({library})" if colon else make_title(name)


def make_fragment_index(catalog: Catalog) -> LateView:
    """Return the list of all fragments."""
    entry = View("fragments.html.j2", "Fragments", FragmentIndex([]))
    return complete_later(entry, lambda: FragmentIndex(_list_groups(catalog)))


def _list_groups(catalog: Catalog) -> list[ListedGroup]:
    return [
        ListedGroup(
            group.title,
            group.anchor,
            [
                ListedFragment(
                    link_fragment(fragment, FRAGMENT_INDEX),
                    fragment.summary,
                    len(catalog.list_reached(fragment.path)),
                )
                for fragment in group.fragments
            ],
        )
        for group in group_fragments(catalog)
    ]


def make_fragment_page(catalog: Catalog, fragment: Fragment) -> LateView:
    """Return the page of a fragment."""
    here = locate_fragment_page(fragment)
    parameters = [
        Parameter(name, None if value is None else _format_literal(value))
        for name, value in fragment.params.items()
    ]
    page = FragmentPage(
        path=[link_page("Fragments", FRAGMENT_INDEX, here)],
        title=fragment.title,
        summary=fragment.summary,
        name=fragment.name,
        needs=fragment.needs,
        replaces=fragment.shadows,
        parameters=parameters,
        source=make_source_block(catalog, fragment.path),
    )

    def complete() -> FragmentPage:
        variants = catalog.list_reached(fragment.path)
        drawing = _draw_lineage(catalog, fragment, here)
        return page._replace(usage=make_usage(catalog, variants, here, drawing))

    return complete_later(
        View("fragment.html.j2", fragment.title, page, fragment.summary), complete
    )


def iter_text_pages(catalog: Catalog, pack: Pack) -> Iterator[tuple[str, LateView]]:
    """Yield the pages of a pack's texts and kept front matter, with their paths."""
    fragments = {fragment.path for fragment in catalog.project.fragments.values()}
    for path in sorted((pack.list_texts() | pack.list_heads()) - fragments):
        here, name = locate_text_page(path), shorten_source_path(path)
        page = FragmentPage(
            path=[link_page("Agents", HOME_PAGE, here), link_pack(pack, here)],
            title=name,
            summary="",
            name=path,
            needs=(),
            replaces="",
            parameters=[],
            source=make_source_block(catalog, path),
        )
        complete = partial(_complete_text, catalog, page, here)
        yield here, complete_later(View("fragment.html.j2", name, page, unlisted=True), complete)


def _complete_text(catalog: Catalog, page: FragmentPage, here: str) -> FragmentPage:
    variants = catalog.list_reached(page.source.path)
    return page._replace(usage=make_usage(catalog, variants, here))


def make_layout_index(catalog: Catalog) -> View:
    """Return the list of layouts."""
    layouts = [
        ListedLayout(
            link_page(name, locate_reference_page(LAYOUT_INDEX, name), LAYOUT_INDEX),
            _join_model_titles(catalog, name),
        )
        for name in catalog.project.layouts
    ]
    return View("layouts.html.j2", "Layouts", LayoutIndex(layouts))


def make_layout_page(catalog: Catalog, layout: Source) -> LateView:
    """Return the page of a layout."""
    here, models = (
        locate_reference_page(LAYOUT_INDEX, layout.name),
        _join_model_titles(catalog, layout.name),
    )
    page = LayoutPage(layout.name, models, make_source_block(catalog, layout.path))

    def complete() -> LayoutPage:
        variants = [one for one in catalog.iter_variants() if one.model.layout == layout.name]
        return page._replace(usage=make_usage(catalog, variants, here))

    return complete_later(View("layout.html.j2", layout.name, page), complete)


def make_project_page(catalog: Catalog, shared: SharedSettings) -> LateView:
    """Return the page of the project file."""
    page = ProjectPage(shared.path, make_source_block(catalog, shared.path))

    def complete() -> ProjectPage:
        return page._replace(usage=make_usage(catalog, [*catalog.iter_variants()], PROJECT_PAGE))

    return complete_later(View("project.html.j2", "Project file", page), complete)


def _join_model_titles(catalog: Catalog, layout: str) -> str:
    models = catalog.project.models.values()
    return ", ".join(model.title for model in models if model.layout == layout)


def _draw_lineage(catalog: Catalog, fragment: Fragment, here: str) -> Drawing | None:
    """Return which packs have the fragment in their variants."""
    variants = catalog.list_reached(fragment.path)
    packs = {variant.pack.name: variant.pack for variant in variants}
    return draw_lineage([], fragment.title, [link_pack(pack, here) for pack in packs.values()])


def _format_literal(value: object) -> str:
    """Return a parameter's value as YAML would spell it on one line."""
    return json.dumps(value, ensure_ascii=False)
