"""The pages of fragments and layouts: what prompts are put together from."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from promptpack.model import Fragment, Source
from promptpack.rendering.compose import title_of
from promptpack.site.catalogue import (
    FRAGMENTS,
    LAYOUTS,
    Catalogue,
    fragment_page,
    pack_page,
    reference_page,
    slug,
)
from promptpack.site.escape import code, text
from promptpack.site.html import address, bullets, facts, link, paragraph, path_to, table
from promptpack.site.lineage import Node, lineage
from promptpack.site.page import Heading, Page
from promptpack.site.pages.pack import source_block, used_by


class Group(NamedTuple):
    """Fragments that are listed together: those of a section, or a pack's own."""

    title: str
    anchor: str
    fragments: list[Fragment]


def groups(known: Catalogue) -> list[Group]:
    """Return all fragments in groups, both in the order of the project."""
    found: dict[str, Group] = {}
    for fragment in known.project.fragments.values():
        section = fragment.name.rpartition("/")[0].partition("/")[0] or "general"
        name = f"pack-{fragment.pack}" if fragment.pack else f"section-{slug(section)}"
        pack = known.project.packs.get(fragment.pack)
        title = text(pack.title if pack else title_of(section))
        found.setdefault(name, Group(title, name, [])).fragments.append(fragment)
    return list(found.values())


def fragments_document(known: Catalogue) -> Page:
    """Return the list of all fragments."""
    parts: list[Heading | str] = [
        Heading("Fragments", "about", 1),
        paragraph(
            "A fragment is one idea of prompt text. Packs are put together from them.", "pp-lead"
        ),
    ]
    for group in groups(known):
        rows = (
            [
                link(text(fragment.title), fragment_page(fragment), FRAGMENTS),
                text(fragment.summary),
                str(len(known.reached.get(fragment.path, ()))),
            ]
            for fragment in group.fragments
        )
        parts.append(Heading(group.title, group.anchor, searched=False))
        parts.append(table(["Fragment", "What it says", "Variants"], rows, group.title))
    return Page("Fragments", tuple(parts))


def fragment_document(known: Catalogue, fragment: Fragment) -> Page:
    """Return the page of a fragment: its source, and every variant that it reaches."""
    here = fragment_page(fragment)
    variants = known.reached.get(fragment.path, ())
    return Page(
        text(fragment.title),
        (
            path_to(("Fragments", FRAGMENTS), here=here),
            Heading(text(fragment.title), "about", 1),
            paragraph(text(fragment.summary), "pp-lead"),
            facts(
                (
                    ("Name", code(fragment.name)),
                    ("Needs", ", ".join(code(name) for name in fragment.needs)),
                    ("Replaces", code(fragment.shadows) if fragment.shadows else ""),
                )
            ),
            *_parameters(fragment),
            Heading("Source", "source"),
            source_block(known, fragment.path),
            *used_by(known, variants, here, _drawn(known, fragment, here)),
        ),
        description=text(fragment.summary),
    )


def layouts_document(known: Catalogue) -> Page:
    """Return the list of layouts."""
    rows = (
        [link(code(name), reference_page(LAYOUTS, name), LAYOUTS), _models_of(known, name)]
        for name in known.project.layouts
    )
    lead = "A layout says how sections become one document for a family of models."
    title = Heading("Layouts", "about", 1)
    return Page("Layouts", (title, paragraph(lead, "pp-lead"), table(["Layout", "Models"], rows)))


def layout_document(known: Catalogue, layout: Source) -> Page:
    """Return the page of a layout."""
    here = reference_page(LAYOUTS, layout.name)
    held = [v for found in known.variants.values() for v in found if v.model.layout == layout.name]
    return Page(
        text(layout.name),
        (
            Heading(text(layout.name), "about", 1),
            facts((("Models", _models_of(known, layout.name)),)),
            Heading("Source", "source", searched=False),
            source_block(known, layout.path),
            *used_by(known, held, here),
        ),
    )


def _models_of(known: Catalogue, layout: str) -> str:
    models = known.project.models.values()
    return ", ".join(text(model.title) for model in models if model.layout == layout)


def _parameters(fragment: Fragment) -> Iterator[Heading | str]:
    if fragment.params:
        yield Heading("Parameters", "parameters")
        yield bullets(
            f"{code(name)}: {'to be given' if value is None else f'else {code(_literal(value))}'}"
            for name, value in fragment.params.items()
        )


def _drawn(known: Catalogue, fragment: Fragment, here: str) -> str:
    """Return which packs have the fragment in their variants."""
    variants = known.reached.get(fragment.path, ())
    packs = dict.fromkeys(variant.pack.name for variant in variants)
    after = [
        Node(known.project.packs[name].title, address(pack_page(known.project.packs[name]), here))
        for name in packs
    ]
    return lineage([], fragment.title, after)


def _literal(value: object) -> str:
    """Return a parameter's value as YAML would spell it on one line."""
    return json.dumps(value, ensure_ascii=False)
