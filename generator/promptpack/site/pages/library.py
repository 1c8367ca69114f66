"""The pages of fragments and layouts: what prompts are put together from."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from promptpack.model import Fragment, Source
from promptpack.rendering.compose import make_title
from promptpack.site.catalogue import (
    FRAGMENT_INDEX,
    LAYOUT_INDEX,
    Catalog,
    locate_fragment_page,
    locate_pack_page,
    locate_reference_page,
    make_slug,
)
from promptpack.site.escape import escape_code, escape_text
from promptpack.site.html import (
    make_address,
    render_breadcrumb,
    render_facts,
    render_link,
    render_list,
    render_paragraph,
    render_table,
)
from promptpack.site.lineage import Node, render_lineage
from promptpack.site.page import Heading, Page
from promptpack.site.pages.pack import render_source_block, render_usage


class FragmentGroup(NamedTuple):
    """Fragments that are listed together: those of a section, or a pack's own."""

    title: str
    anchor: str
    fragments: list[Fragment]


def group_fragments(catalog: Catalog) -> list[FragmentGroup]:
    """Return all fragments in groups, both in the order of the project."""
    groups_by_name: dict[str, FragmentGroup] = {}
    for fragment in catalog.project.fragments.values():
        section = fragment.name.rpartition("/")[0].partition("/")[0] or "general"
        name = f"pack-{fragment.pack}" if fragment.pack else f"section-{make_slug(section)}"
        pack = catalog.project.packs.get(fragment.pack)
        title = escape_text(pack.title if pack else make_title(section))
        groups_by_name.setdefault(name, FragmentGroup(title, name, [])).fragments.append(fragment)
    return list(groups_by_name.values())


def make_fragment_index(catalog: Catalog) -> Page:
    """Return the list of all fragments."""
    parts: list[Heading | str] = [
        Heading("Fragments", "about", 1),
        render_paragraph(
            "A fragment is one idea of prompt text. Packs are put together from them.", "pp-lead"
        ),
    ]
    for group in group_fragments(catalog):
        rows = (
            [
                render_link(
                    escape_text(fragment.title), locate_fragment_page(fragment), FRAGMENT_INDEX
                ),
                escape_text(fragment.summary),
                str(len(catalog.reached.get(fragment.path, ()))),
            ]
            for fragment in group.fragments
        )
        parts.append(Heading(group.title, group.anchor, searched=False))
        parts.append(render_table(["Fragment", "What it says", "Variants"], rows, group.title))
    return Page("Fragments", tuple(parts))


def make_fragment_page(catalog: Catalog, fragment: Fragment) -> Page:
    """Return the page of a fragment: its source, and every variant that it reaches."""
    here = locate_fragment_page(fragment)
    variants = catalog.reached.get(fragment.path, ())
    return Page(
        escape_text(fragment.title),
        (
            render_breadcrumb(("Fragments", FRAGMENT_INDEX), here=here),
            Heading(escape_text(fragment.title), "about", 1),
            render_paragraph(escape_text(fragment.summary), "pp-lead"),
            render_facts(
                (
                    ("Name", escape_code(fragment.name)),
                    ("Needs", ", ".join(escape_code(name) for name in fragment.needs)),
                    ("Replaces", escape_code(fragment.shadows) if fragment.shadows else ""),
                )
            ),
            *_render_parameters(fragment),
            Heading("Source", "source"),
            render_source_block(catalog, fragment.path),
            *render_usage(catalog, variants, here, _draw_lineage(catalog, fragment, here)),
        ),
        description=escape_text(fragment.summary),
    )


def make_layout_index(catalog: Catalog) -> Page:
    """Return the list of layouts."""
    rows = (
        [
            render_link(escape_code(name), locate_reference_page(LAYOUT_INDEX, name), LAYOUT_INDEX),
            _join_model_titles(catalog, name),
        ]
        for name in catalog.project.layouts
    )
    lead = "A layout says how sections become one document for a family of models."
    title = Heading("Layouts", "about", 1)
    return Page(
        "Layouts",
        (title, render_paragraph(lead, "pp-lead"), render_table(["Layout", "Models"], rows)),
    )


def make_layout_page(catalog: Catalog, layout: Source) -> Page:
    """Return the page of a layout."""
    here = locate_reference_page(LAYOUT_INDEX, layout.name)
    variants = [
        variant
        for pack_variants in catalog.variants.values()
        for variant in pack_variants
        if variant.model.layout == layout.name
    ]
    return Page(
        escape_text(layout.name),
        (
            Heading(escape_text(layout.name), "about", 1),
            render_facts((("Models", _join_model_titles(catalog, layout.name)),)),
            Heading("Source", "source", searched=False),
            render_source_block(catalog, layout.path),
            *render_usage(catalog, variants, here),
        ),
    )


def _join_model_titles(catalog: Catalog, layout: str) -> str:
    models = catalog.project.models.values()
    return ", ".join(escape_text(model.title) for model in models if model.layout == layout)


def _render_parameters(fragment: Fragment) -> Iterator[Heading | str]:
    if fragment.params:
        yield Heading("Parameters", "parameters")
        yield render_list(
            f"{escape_code(name)}: "
            f"{'to be given' if value is None else f'else {escape_code(_format_literal(value))}'}"
            for name, value in fragment.params.items()
        )


def _draw_lineage(catalog: Catalog, fragment: Fragment, here: str) -> str:
    """Return which packs have the fragment in their variants."""
    variants = catalog.reached.get(fragment.path, ())
    packs = dict.fromkeys(variant.pack.name for variant in variants)
    pack_nodes = [
        Node(
            catalog.project.packs[name].title,
            make_address(locate_pack_page(catalog.project.packs[name]), here),
        )
        for name in packs
    ]
    return render_lineage([], fragment.title, pack_nodes)


def _format_literal(value: object) -> str:
    """Return a parameter's value as YAML would spell it on one line."""
    return json.dumps(value, ensure_ascii=False)
