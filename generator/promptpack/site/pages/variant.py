"""The page of a variant: what each client loads, and what it makes of it; a catalogue in."""

from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import NamedTuple

from markupsafe import Markup

from promptpack.model import Artifact, Origin, Pack, Variant
from promptpack.rendering.tokens import estimate_tokens
from promptpack.site import client_merge as merging
from promptpack.site.address import Link, link_page
from promptpack.site.catalogue import (
    COMPARE_PAGE,
    HOME_PAGE,
    Catalog,
    locate_pack_page,
    locate_variant_page,
    shorten_source_path,
)
from promptpack.site.choice import ChoiceRow, make_choice_rows
from promptpack.site.client_file import (
    ClientFile,
    make_client_file,
    render_client_choice,
)
from promptpack.site.client_merge import FileParts
from promptpack.site.file_html import LinkSource, render_for_clients, render_runs
from promptpack.site.links import link_model, link_pack, link_policy, link_variant
from promptpack.site.losses import summarize_losses
from promptpack.site.page import View
from promptpack.site.rendered import split_chunks
from promptpack.site.shared import SharedPieces
from promptpack.site.templating import render_macro
from promptpack.site.wording import Choice, name_variant
from promptpack.targets import TARGETS as CLIENTS

_VIEWS = (
    Choice("Raw", "raw"),
    Choice("Rendered", "rendered"),
    Choice("Where each line comes from", "origins"),
    Choice("Difference from the default", "difference"),
)
"""The views of a file; the style sheet knows them by their number."""

PartsByTarget = Mapping[str, FileParts]
"""The files of a pack's default variant, by target."""


class VariantPanel(NamedTuple):
    """What one client makes of its file, and the ways to have it."""

    file: ClientFile
    model_id: str
    is_advisory: bool
    permissions: Markup
    loss_summary: str
    losses: Markup


class VariantPage(NamedTuple):
    """A variant: facts, and for each client the file and what it allows."""

    path: list[Link]
    title: str
    pack_title: str
    description: str
    name: str
    is_default: bool
    default: Link
    model: Link
    policy: Link
    policy_summary: str
    tokens: int
    budget: int | None
    more: list[Link]
    key: str
    client_choice: Markup
    choice_rows: list[ChoiceRow]
    view_choice: Markup
    panels: list[VariantPanel]
    runs: Markup
    chunks: list[Markup]
    differences: list[Markup]


def iter_variant_pages(catalog: Catalog, pack: Pack) -> Iterator[tuple[str, View]]:
    """Yield the page of each variant of a pack, by its path."""
    no_origins: tuple[Origin, ...] = ()
    default_parts = {
        artifact.target: merging.split_file(artifact, (no_origins,) * artifact.content.count(b"\n"))
        for artifact in catalog.list_files(catalog.find_default_variant(pack))
    }
    link_source = cache(partial(_link_source, catalog, locate_pack_page(pack)))
    for variant in catalog.variants[pack.name]:
        page = _make_page(catalog, variant, default_parts, link_source)
        title = f"{page.title} · {pack.title}"
        view = View("variant.html.j2", title, page, pack.description, wide=True)
        yield locate_variant_page(variant), view


def _make_page(
    catalog: Catalog, variant: Variant, default_parts: PartsByTarget, link_source: LinkSource
) -> VariantPage:
    here, pack, files = locate_variant_page(variant), variant.pack, catalog.list_files(variant)
    file_parts = [merging.split_file(artifact, catalog.origins(artifact)) for artifact in files]
    return VariantPage(
        path=[link_page("Agents", HOME_PAGE, here), link_pack(pack, here)],
        title=name_variant(variant),
        pack_title=pack.title,
        description=pack.description,
        name=variant.name,
        is_default=variant.is_default,
        default=link_variant(catalog.find_default_variant(pack), here),
        model=link_model(variant.model, here),
        policy=link_policy(variant.policy, here),
        policy_summary=variant.policy.summary,
        tokens=estimate_tokens(len(files[0].agent.prompt)),
        budget=variant.model.prompt_budget,
        more=[*_iter_more_links(catalog, variant, here)],
        key=_make_key(variant),
        client_choice=render_client_choice(catalog, files),
        choice_rows=make_choice_rows(catalog, variant, here),
        view_choice=_render_view_choice(catalog.pieces),
        panels=[_make_panel(catalog, artifact, here) for artifact in files],
        runs=render_runs(
            merging.make_runs(file_parts), len(files), catalog.pieces.escape_line, link_source
        ),
        chunks=[*_iter_chunks(catalog.pieces, files)],
        differences=[*_iter_differences(catalog.pieces, files, file_parts, default_parts)],
    )


def _iter_more_links(catalog: Catalog, variant: Variant, here: str) -> Iterator[Link]:
    page = locate_pack_page(variant.pack)
    default = catalog.find_default_variant(variant.pack)
    query = f"?a={_make_key(variant)}&b={_make_key(default)}"
    edit_address = catalog.make_edit_address(variant.pack.path)
    yield link_page("All variants", f"{page}#variants", here)
    yield link_page("Compare", f"{COMPARE_PAGE}{query}", here)
    if edit_address:
        yield Link("Edit source", edit_address)
    else:
        yield link_page("Source", f"{page}#source", here)


def _make_key(variant: Variant) -> str:
    """Return the name by which scripts know a variant."""
    return f"{variant.pack.name}/{variant.name}"


def _render_view_choice(pieces: SharedPieces) -> Markup:
    return pieces.render_once(
        ("views",), lambda: render_macro("pieces.html.j2", "radio_group", "view", "Show", _VIEWS)
    )


def _make_panel(catalog: Catalog, artifact: Artifact, here: str) -> VariantPanel:
    return VariantPanel(
        file=make_client_file(artifact, here),
        model_id=artifact.agent.model.ids.get(artifact.target, ""),
        is_advisory=CLIENTS[artifact.target].advisory,
        permissions=catalog.pieces.render_permissions(artifact),
        loss_summary=summarize_losses(artifact.losses),
        losses=catalog.pieces.render_losses(artifact.losses),
    )


def _link_source(catalog: Catalog, here: str, path: str, first: int, last: int) -> Markup:
    """Return a link to lines of a source, from a page that lies beside the page `here`."""
    line_range = f"{first}" if first == last else f"{first}-{last}"
    label = f"{shorten_source_path(path)}:{line_range}"
    page = f"{catalog.places[path]}#L{first}"
    return render_macro("pieces.html.j2", "link", link_page(label, page, here))


def _iter_chunks(pieces: SharedPieces, files: tuple[Artifact, ...]) -> Iterator[Markup]:
    """Yield the prompts as a reader of Markdown sees them."""
    prompts = [artifact.agent.prompt for artifact in files]
    chunks = {prompt: split_chunks(prompt) for prompt in {*prompts}}
    for chunk, clients in merging.merge_sequences([chunks[prompt] for prompt in prompts]):
        yield render_for_clients(pieces.render_chunk(chunk), clients, len(files))


def _iter_differences(
    pieces: SharedPieces,
    files: tuple[Artifact, ...],
    file_parts: list[FileParts],
    default_parts: PartsByTarget,
) -> Iterator[Markup]:
    """Yield the differences of each client's file, those of several clients once."""
    for list_lines in (_list_surrounding_lines, _list_prompt_lines):
        pairs = (
            (list_lines(default_parts[artifact.target]), list_lines(own_parts))
            for artifact, own_parts in zip(files, file_parts, strict=True)
        )
        for (old, new), clients in merging.group_positions(pairs).items():
            if old != new:
                html = pieces.render_difference(old, new)
                yield render_for_clients(html, clients, len(files))


def _list_surrounding_lines(file_parts: FileParts) -> tuple[str, ...]:
    return tuple(row.text for row in (*file_parts.before, *file_parts.after))


def _list_prompt_lines(file_parts: FileParts) -> tuple[str, ...]:
    return tuple(row.text for row in file_parts.body)
