"""The page of a pack: a catalogue in, a page out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from promptpack.model import Artifact, AttachedFile, Loss, Pack, Section, Variant
from promptpack.model.fields import list_authored_fields
from promptpack.site.address import Link, link_page, make_file_address
from promptpack.site.catalogue import (
    CHANGES_PAGE,
    HOME_PAGE,
    Catalog,
    locate_data_file,
    locate_pack_page,
    shorten_source_path,
)
from promptpack.site.choice import ChoiceRow, make_choice_rows
from promptpack.site.client_file import (
    ClientFile,
    make_client_file,
    render_client_choice,
)
from promptpack.site.escape import NO_HTML
from promptpack.site.lineage import Drawing, draw_lineage
from promptpack.site.links import iter_comparison_links, link_fragment, link_model, link_variant
from promptpack.site.losses import LossSentence, describe_pack_losses, summarize_losses
from promptpack.site.page import LateView, View, complete_later
from promptpack.site.permissions import PolicyColumn, make_permission_table
from promptpack.site.recent_changes import RecentChanges
from promptpack.site.templating import render_macro
from promptpack.site.usage import (
    SourceBlock,
    make_source_block,
    render_variant_table,
)

MAX_SHOWN_TEXT = 20_000
"""Up to how many characters of a file beside a skill the page of its pack shows its text."""


class Detail(NamedTuple):
    """A short fact; without a value it is left out."""

    label: str
    value: str


class PackPanel(NamedTuple):
    """How to have the default variant on one client, and what that client loses in the pack."""

    file: ClientFile
    variant: Link
    loss_summary: str
    losses: list[LossSentence]


class SectionUse(NamedTuple):
    """A fragment that a section is made of."""

    fragment: Link
    is_optional: bool


class SectionRow(NamedTuple):
    """A section, and what it is made of."""

    title: str
    uses: list[SectionUse]


class SkillFile(NamedTuple):
    """A file that goes beside the pack's skill; no text where it is none, or too long for here."""

    path: str
    size: int
    is_executable: bool
    text: str


class PackPage(NamedTuple):
    """A pack: its variants, what they may do, how to have them, and what it is made of."""

    path: list[Link]
    title: str
    description: str
    name: str
    details: list[Detail]
    variants: Markup
    comparisons: list[Link]
    permissions: Markup
    data_file: str
    default_name: str
    variant_names: str
    client_choice: Markup
    choice_rows: list[ChoiceRow]
    panels: list[PackPanel]
    drawing: Drawing | None
    sections: list[SectionRow]
    skill_files: list[SkillFile]
    recent: RecentChanges | None
    all_changes: Link
    source: SourceBlock


def make_pack_page(
    catalog: Catalog, pack: Pack, find_recent: Callable[[], Mapping[str, RecentChanges]]
) -> LateView:
    """Return the page of a pack; `find_recent` tells what changed in each pack of late."""
    here, variants = locate_pack_page(pack), catalog.variants[pack.name]
    default = catalog.find_default_variant(pack)
    page = PackPage(
        path=[link_page("Agents", HOME_PAGE, here)],
        title=pack.title,
        description=pack.description,
        name=pack.name,
        details=[*_iter_details(pack)],
        variants=NO_HTML,
        comparisons=[],
        permissions=NO_HTML,
        data_file=make_file_address(locate_data_file(pack), here),
        default_name=f"{pack.name}/{default.name}",
        variant_names=" ".join(variant.name for variant in variants),
        client_choice=NO_HTML,
        choice_rows=[],
        panels=[],
        drawing=None,
        sections=[],
        skill_files=[_describe_file(file) for file in pack.files],
        recent=None,
        all_changes=link_page("All changes", CHANGES_PAGE, here),
        source=make_source_block(catalog, pack.path),
    )
    entry = View("pack.html.j2", pack.title, page, pack.description)
    return complete_later(
        entry, lambda: _complete_pack(catalog, page, pack, find_recent().get(pack.name))
    )


def _complete_pack(
    catalog: Catalog, page: PackPage, pack: Pack, recent: RecentChanges | None
) -> PackPage:
    here, default = locate_pack_page(pack), catalog.find_default_variant(pack)
    files = catalog.list_files(default)
    return page._replace(
        variants=render_variant_table(catalog, catalog.variants[pack.name], here),
        comparisons=[*iter_comparison_links(catalog, pack, here)],
        permissions=_render_permissions(catalog, pack),
        client_choice=render_client_choice(catalog, files),
        choice_rows=make_choice_rows(catalog, default, here),
        panels=[_make_panel(catalog, artifact, here) for artifact in files],
        drawing=_draw_lineage(catalog, pack, here),
        sections=[_describe_section(catalog, section, here) for section in pack.sections],
        recent=recent,
    )


def _iter_details(pack: Pack) -> Iterator[Detail]:
    if pack.kind == "command":
        yield Detail("Kind", "Command")
        yield Detail("Called by", " ".join(filter(None, (f"/{pack.name}", pack.argument_hint))))
        if pack.agent:
            yield Detail("Run by", pack.agent)
    for field in list_authored_fields():
        if field.label and not (field.name == "mode" and pack.kind == "command"):
            value = getattr(pack, field.name)
            yield Detail(field.label, "" if value is None else str(value))
    yield Detail("Tags", ", ".join(pack.tags))


def _render_permissions(catalog: Catalog, pack: Pack) -> Markup:
    """Return what each policy of the pack allows; many packs have the same policies."""
    policies = [catalog.project.policies[name] for name in pack.policies]
    columns = [PolicyColumn(Link(policy.title), policy) for policy in policies]
    return catalog.pieces.render_once(
        ("policies", *pack.policies),
        lambda: render_macro("pieces.html.j2", "permission_table", make_permission_table(columns)),
    )


def _make_panel(catalog: Catalog, artifact: Artifact, here: str) -> PackPanel:
    variants = catalog.variants[artifact.variant.pack.name]
    losses = _list_losses(catalog, variants, artifact.target)
    by_subject = {(loss.subject, loss.reader): loss for _, loss in losses}
    return PackPanel(
        file=make_client_file(artifact, here),
        variant=link_variant(artifact.variant, here, f"?client={artifact.target}"),
        loss_summary=summarize_losses(by_subject.values()),
        losses=describe_pack_losses(losses, variants),
    )


def _list_losses(
    catalog: Catalog, variants: Sequence[Variant], target: str
) -> list[tuple[Variant, Loss]]:
    return [
        (variant, loss)
        for variant in variants
        for artifact in catalog.list_files(variant)
        if artifact.target == target
        for loss in artifact.losses
    ]


def _draw_lineage(catalog: Catalog, pack: Pack, here: str) -> Drawing | None:
    """Return what the pack is made of, by section, and the models it is built for."""
    sections = [
        Link(
            f"{_make_section_title(section)} ({_count_uses(section)})",
            f"#made-of-{number}",
        )
        for number, section in enumerate(pack.sections)
    ]
    models = [link_model(catalog.project.models[name], here) for name in pack.models]
    return draw_lineage(sections, pack.title, models)


def _describe_section(catalog: Catalog, section: Section, here: str) -> SectionRow:
    fragments = catalog.project.fragments
    uses = [
        SectionUse(link_fragment(fragments[use.fragment], here), use.optional)
        for part in section.parts
        for use in part.uses
    ]
    if passage := section.passage:
        label = f"{shorten_source_path(passage.path)}:{passage.line}"
        page = f"{catalog.places[passage.path]}#L{passage.line}"
        uses = [SectionUse(link_page(label, page, here), False)]
    return SectionRow(_make_section_title(section), uses)


def _describe_file(file: AttachedFile) -> SkillFile:
    text = file.text or ""
    shown_text = text if len(text) <= MAX_SHOWN_TEXT else ""
    return SkillFile(file.path, len(file.content), file.is_executable, shown_text)


def _make_section_title(section: Section) -> str:
    return section.heading


def _count_uses(section: Section) -> int:
    return sum(len(part.uses) for part in section.parts) or 1
