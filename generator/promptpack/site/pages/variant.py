"""The page of a variant: what each client loads, and what it makes of it; a catalogue in."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from markupsafe import Markup

from promptpack.model import Artifact, Origin, Pack, Variant
from promptpack.rendering.tokens import estimate_tokens
from promptpack.site import client_merge as merging
from promptpack.site.address import Link, link_page
from promptpack.site.catalogue import (
    CHANGES_PAGE,
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
from promptpack.site.escape import join_markup
from promptpack.site.file_html import LinkSource, render_for_clients, render_runs
from promptpack.site.links import link_comparison, link_model, link_pack, link_policy, link_variant
from promptpack.site.losses import summarize_losses
from promptpack.site.page import LateView, View
from promptpack.site.rendered import split_chunks
from promptpack.site.shared import SharedPieces
from promptpack.site.templating import render_macro
from promptpack.site.variant_history import VariantHistory, VariantRelease
from promptpack.site.wording import Choice, name_variant
from promptpack.source.text import split_lines
from promptpack.targets import TARGETS as CLIENTS

_VIEWS = (
    Choice("Raw", "raw"),
    Choice("Rendered", "rendered"),
    Choice("Where each line comes from", "origins"),
    Choice("Difference", "difference"),
)
"""The views of a file; the style sheet knows them by their number."""


class ComparedFile(NamedTuple):
    """A file that is compared with another: the lines around its prompt, and those of the prompt.

    Where the file spells the prompt in its own way, the prompt is compared as the client reads it.
    """

    artifact: Artifact
    surroundings: tuple[str, ...]
    prompt: tuple[str, ...]


FirstFiles = Mapping[str, ComparedFile]
"""The files of the variant that another is compared with, by target."""


class VariantPanel(NamedTuple):
    """What one client makes of its file, and the ways to have it."""

    file: ClientFile
    model_id: str
    is_advisory: bool
    permissions: Markup
    loss_summary: str
    losses: Markup


class DifferenceSection(NamedTuple):
    """What is different in one part of the files, for each of the clients."""

    title: str
    pieces: list[Markup]


class FoundVariant(NamedTuple):
    """What can be found of a variant."""

    title: str
    pack_title: str
    name: str
    policy_summary: str


class VariantPage(NamedTuple):
    """A variant: facts, and for each client the file and what it allows."""

    path: list[Link]
    title: str
    pack_title: str
    description: str
    name: str
    language: str
    is_default: bool
    first: Link
    is_first_default: bool
    compare: Link
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
    differences: list[DifferenceSection]
    release_count: int = 0
    releases: tuple[VariantRelease, ...] = ()
    all_changes: Link = Link("")


def iter_variant_pages(
    catalog: Catalog, pack: Pack, history: VariantHistory
) -> Iterator[tuple[str, LateView]]:
    """Yield the page of each variant of a pack, by its path."""
    read_files = cache(partial(_read_first_files, catalog, pack))
    link_source = cache(partial(_link_source, catalog, locate_pack_page(pack)))
    for variant in catalog.variants[pack.name]:
        entry = FoundVariant(
            name_variant(variant), pack.title, variant.name, variant.policy.summary
        )
        make = partial(_make_view, catalog, variant, read_files, link_source, history)
        title = f"{entry.title} · {entry.pack_title}"
        view = View("variant_entry.html.j2", title, entry, pack.description, wide=True)
        yield locate_variant_page(variant), LateView(view, make, large=True)


def _make_view(
    catalog: Catalog,
    variant: Variant,
    read_files: Callable[[str], FirstFiles],
    link_source: LinkSource,
    history: VariantHistory,
) -> View:
    first = _find_nearest_variant(catalog, variant)
    page = _make_page(catalog, variant, first, read_files(first.name), link_source)
    page = _add_history(page, variant, history)
    title, description = f"{page.title} · {page.pack_title}", page.description
    return View("variant.html.j2", title, page, description, wide=True)


def _make_page(
    catalog: Catalog,
    variant: Variant,
    first: Variant,
    first_files: FirstFiles,
    link_source: LinkSource,
) -> VariantPage:
    here, pack, files = locate_variant_page(variant), variant.pack, catalog.list_files(variant)
    file_parts = [merging.split_file(artifact, catalog.origins(artifact)) for artifact in files]
    return VariantPage(
        path=[link_page("Agents", HOME_PAGE, here), link_pack(pack, here)],
        title=name_variant(variant),
        pack_title=pack.title,
        description=pack.description,
        name=variant.name,
        language=variant.language,
        is_default=variant.is_default,
        first=link_variant(first, here),
        is_first_default=first.is_default,
        compare=_link_comparison(catalog, variant, _label_comparison(variant), here),
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
        differences=[*_iter_differences(catalog.pieces, files, file_parts, first_files)],
    )


def _add_history(page: VariantPage, variant: Variant, history: VariantHistory) -> VariantPage:
    releases = history.releases.get((variant.pack.name, variant.name), [])
    return page._replace(
        release_count=history.release_count,
        releases=tuple(releases),
        all_changes=link_page("All changes", CHANGES_PAGE, locate_variant_page(variant)),
    )


def _iter_more_links(catalog: Catalog, variant: Variant, here: str) -> Iterator[Link]:
    page = locate_pack_page(variant.pack)
    edit_address = catalog.make_edit_address(variant.pack.path)
    yield link_page("All variants", f"{page}#variants", here)
    yield _link_comparison(catalog, variant, "Compare", here)
    if edit_address:
        yield Link("Edit source", edit_address)
    else:
        yield link_page("Source", f"{page}#source", here)


def _find_nearest_variant(catalog: Catalog, variant: Variant) -> Variant:
    """Return the variant whose differences are shown: one thing differs, the policy or the model.

    It is the default one, if that has the same model or policy. Else it has the same model and the
    default policy, or the same policy and the default model. If neither is built, it is the default
    one.
    """
    default = catalog.find_default_variant(variant.pack)
    model, policy = variant.model.name, variant.policy.name
    if model == default.model.name or policy == default.policy.name:
        return default
    built = {(one.model.name, one.policy.name): one for one in catalog.variants[variant.pack.name]}
    return built.get((model, default.policy.name), built.get((default.model.name, policy), default))


def _label_comparison(variant: Variant) -> str:
    return f"Compare it with {'another' if variant.is_default else 'the default'}"


def _link_comparison(catalog: Catalog, variant: Variant, label: str, here: str) -> Link:
    """Return a link to the comparison of a variant with the default one, or from that to a sibling.

    The sibling is one of another policy, with the same model where there is such.
    """
    default = catalog.find_default_variant(variant.pack)
    other = variant
    if variant.is_default:
        others = [one for one in catalog.variants[variant.pack.name] if one is not variant]
        other = min(others, key=partial(_rank_sibling, variant), default=variant)
    return link_comparison(label, default, other, here)


def _rank_sibling(variant: Variant, sibling: Variant) -> tuple[bool, bool, bool]:
    is_same_policy = sibling.policy.name == variant.policy.name
    is_other_language = sibling.language != variant.language
    return is_same_policy, sibling.model.name != variant.model.name, is_other_language


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
    first_files: FirstFiles,
) -> Iterator[DifferenceSection]:
    """Yield the differences of each client's file, those of several clients once."""
    own_files = map(_make_compared_file, files, file_parts)
    pairs = [(first_files[file.artifact.target], file) for file in own_files]
    artifacts = [(old.artifact, new.artifact) for old, new in pairs]
    sections: dict[str, list[tuple[Markup, ...]]] = {
        "Permissions": [(pieces.render_shifts(old, new),) for old, new in artifacts],
        "Losses": [(pieces.render_loss_shifts(old.losses, new.losses),) for old, new in artifacts],
        "Front matter": [
            pieces.render_hunks(old.surroundings, new.surroundings) for old, new in pairs
        ],
        "Prompt": [pieces.render_hunks(old.prompt, new.prompt) for old, new in pairs],
    }
    for title, changes in sections.items():
        yield DifferenceSection(title, [*_iter_merged(changes, len(files))])


def _iter_merged(changes: list[tuple[Markup, ...]], file_count: int) -> Iterator[Markup]:
    """Yield the changes of all clients in their order, those of several clients once."""
    merged_changes = merging.merge_sequences(changes)
    for clients, neighbours in groupby(merged_changes, key=itemgetter(1)):
        html = join_markup(change for change, _ in neighbours)
        yield render_for_clients(html, clients, file_count)


def _read_first_files(catalog: Catalog, pack: Pack, variant_name: str) -> FirstFiles:
    variants = {variant.name: variant for variant in catalog.variants[pack.name]}
    return {
        artifact.target: _make_compared_file(artifact, _split_without_origins(artifact))
        for artifact in catalog.list_files(variants[variant_name])
    }


def _split_without_origins(artifact: Artifact) -> FileParts:
    no_origins: tuple[Origin, ...] = ()
    return merging.split_file(artifact, (no_origins,) * artifact.content.count(b"\n"))


def _make_compared_file(artifact: Artifact, parts: FileParts) -> ComparedFile:
    if not parts.body:
        surroundings = tuple(split_lines(merging.cut_prompt(artifact)))
        return ComparedFile(artifact, surroundings, tuple(split_lines(artifact.agent.prompt)))
    surroundings = tuple(row.text for row in (*parts.before, *parts.after))
    return ComparedFile(artifact, surroundings, tuple(row.text for row in parts.body))
