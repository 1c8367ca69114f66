"""The page of a pack, and tables of its variants: a catalogue in, pages out."""

from collections.abc import Iterator, Sequence

from promptpack.model import Artifact, Loss, Model, Pack, Policy, Use, Variant
from promptpack.rendering.compose import make_title
from promptpack.site import lineage
from promptpack.site.catalogue import (
    HOME_PAGE,
    MODEL_INDEX,
    POLICY_INDEX,
    TARGET_INDEX,
    Catalog,
    locate_data_file,
    locate_fragment_page,
    locate_pack_page,
    locate_raw_file,
    locate_reference_page,
    locate_variant_page,
)
from promptpack.site.escape import escape_code, escape_source, escape_text
from promptpack.site.html import (
    format_count,
    make_address,
    make_file_address,
    render_badge,
    render_box,
    render_breadcrumb,
    render_copyable,
    render_details,
    render_facts,
    render_link,
    render_paragraph,
    render_radio_group,
    render_table,
)
from promptpack.site.page import Heading, Page
from promptpack.site.pages.variant import make_install_command, make_variant_title
from promptpack.site.permissions import (
    PolicyColumn,
    render_pack_losses,
    render_permission_table,
    summarize_losses,
)
from promptpack.targets import TARGETS as CLIENTS


def make_pack_page(catalog: Catalog, pack: Pack, recent_html: str = "") -> Page:
    """Return the page of a pack; `recent` says in HTML what changed in it of late."""
    here, variants = locate_pack_page(pack), catalog.variants[pack.name]
    policies = [catalog.project.policies[name] for name in pack.policies]
    return Page(
        escape_text(pack.title),
        (
            render_breadcrumb(("Agents", HOME_PAGE), here=here),
            Heading(escape_text(pack.title), "about", 1),
            render_paragraph(escape_text(pack.description), "pp-lead"),
            render_facts(_iter_facts(catalog, pack)),
            Heading("Variants", "variants"),
            render_paragraph(
                "Each is one model under one policy. Its page shows what the clients load."
            ),
            render_variant_table(variants, here),
            Heading("Permissions", "permissions", searched=False),
            render_paragraph(
                "What each policy allows. What a client makes of it is under <em>Use it</em>."
            ),
            render_permission_table(
                [PolicyColumn(escape_text(policy.title), policy) for policy in policies]
            ),
            Heading("Use it", "use", searched=False),
            render_paragraph(
                "The default variant, for your client, and what that client can't hold."
            ),
            _render_clients(catalog, pack),
            Heading("Made of", "made-of"),
            _draw_lineage(catalog, pack),
            _render_sections(catalog, pack),
            *(
                (Heading("Recent changes", "recent", searched=False), recent_html)
                if recent_html
                else ()
            ),
            Heading("Source", "source", searched=False),
            render_source_block(catalog, pack.path),
        ),
        description=escape_text(pack.description),
    )


def render_source_block(catalog: Catalog, path: str) -> str:
    """Return a source file with its numbered lines, where it lies, and where it can be edited."""
    edit_url = catalog.make_edit_address(path)
    edit_link = f' · <a href="{escape_text(edit_url)}">Edit</a>' if edit_url else ""
    location = render_paragraph(escape_code(path) + edit_link, "pp-where")
    return render_box("pp-source", location + escape_source(catalog.project.sources[path]))


def render_usage(
    catalog: Catalog, variants: Sequence[Variant], here: str, drawing: str = ""
) -> Iterator[Heading | str]:
    """Yield a heading with the number of variants, a drawing, and a table for each pack."""
    label = f"Used by {format_count(len(variants), 'variant')}"
    yield Heading(label, "used-by", searched=False)
    yield drawing
    for pack in catalog.project.packs.values():
        if pack_variants := [variant for variant in variants if variant.pack.name == pack.name]:
            share = (
                f"{len(pack_variants)} of "
                f"{format_count(len(catalog.variants[pack.name]), 'variant')}"
            )
            yield render_paragraph(
                f"<strong>{render_link(escape_text(pack.title), locate_pack_page(pack), here)}"
                f"</strong>, {share}"
            )
            yield render_variant_table(pack_variants, here)


def render_variant_table(variants: Sequence[Variant], here: str) -> str:
    """Return a table of variants of one pack, model by policy, with a link a cell."""
    variants_by_names = {(variant.model.name, variant.policy.name): variant for variant in variants}
    models = {variant.model.name: variant.model for variant in variants}
    policies = {variant.policy.name: variant.policy for variant in variants}
    rows = (
        [
            _link_model(model, here),
            *(
                _render_cell(variants_by_names.get((model.name, policy_name)), here)
                for policy_name in policies
            ),
        ]
        for model in models.values()
    )
    header = ["Model", *(_link_policy(policy, here) for policy in policies.values())]
    return render_box("pp-variants", render_table(header, rows, "Variants"))


def _iter_facts(catalog: Catalog, pack: Pack) -> Iterator[tuple[str, str]]:
    yield "Name", escape_code(pack.name)
    yield "Mode", escape_text(pack.mode)
    yield "Temperature", "" if pack.temperature is None else escape_text(str(pack.temperature))
    yield "Tags", escape_text(", ".join(pack.tags))
    edit_url = catalog.make_edit_address(pack.path)
    yield (
        "Source",
        f'<a href="{escape_text(edit_url)}">Edit {escape_code(pack.path)}</a>'
        if edit_url
        else escape_code(pack.path),
    )


def _link_model(model: Model, here: str) -> str:
    return render_link(
        escape_text(model.title), locate_reference_page(MODEL_INDEX, model.name), here
    )


def _link_policy(policy: Policy, here: str) -> str:
    return render_link(
        escape_text(policy.title), locate_reference_page(POLICY_INDEX, policy.name), here
    )


def _render_cell(variant: Variant | None, here: str) -> str:
    if variant is None:
        return '<span class="pp-none">not built</span>'
    label_attribute = f' aria-label="{make_variant_title(variant)}"'
    variant_link = (
        f'<a{label_attribute} href="{make_address(locate_variant_page(variant), here)}">'
        f"{escape_text(variant.policy.title)}</a>"
    )
    return (
        f"{variant_link} {render_badge('default', 'default')}"
        if variant.is_default
        else variant_link
    )


def _render_clients(catalog: Catalog, pack: Pack) -> str:
    """Return for each client how to have the default variant, and what is lost in the pack."""
    default, variants = catalog.find_default_variant(pack), catalog.variants[pack.name]
    files = catalog.list_files(default)
    titles = [escape_text(CLIENTS[artifact.target].title) for artifact in files]
    panels = (
        _render_client(number, file, _list_losses(catalog, variants, file.target), variants)
        for number, file in enumerate(files)
    )
    attributes = (
        f' data-files="{make_file_address(locate_data_file(pack), locate_pack_page(pack))}"'
    )
    return render_box(
        "pp-sheet pp-use",
        render_radio_group("client", "Client", titles, [artifact.target for artifact in files])
        + f'<div class="pp-panels">{"".join(panels)}</div>',
        f'{attributes} data-name="{escape_text(f"{pack.name}/{default.name}")}"',
    )


def _render_client(
    number: int,
    artifact: Artifact,
    losses: list[tuple[Variant, Loss]],
    variants: Sequence[Variant],
) -> str:
    here, variant = locate_pack_page(artifact.variant.pack), artifact.variant
    target, path = CLIENTS[artifact.target], artifact.path.split("/", 2)[2]
    command = make_install_command(artifact)
    variant_link = render_link(
        make_variant_title(variant), f"{locate_variant_page(variant)}?client={target.name}", here
    )
    loss_summary = "Nothing is lost."
    if losses:
        counts = summarize_losses({loss.subject: loss for _, loss in losses}.values())
        loss_summary = render_details(
            f"Losses in this pack: {counts}", render_pack_losses(losses, variants)
        )
    target_link = render_link(
        escape_text(target.title), locate_reference_page(TARGET_INDEX, target.name), here
    )
    return (
        f'<section class="pp-panel f{number}" aria-label="{escape_text(target.title)}">'
        f"<h3>{target_link}</h3>{render_paragraph(variant_link)}"
        f'<p class="pp-where">{escape_code(path)}</p><p class="pp-ways">'
        '<button type="button" class="pp-button pp-main" data-pp-file hidden>Copy</button>'
        f'<a class="pp-button" href="{make_file_address(locate_raw_file(artifact), here)}"'
        f' download="{escape_text(path.rpartition("/")[2])}">Download</a></p>'
        f'<p class="pp-command">{render_copyable(command, "Copy")}</p>{loss_summary}</section>'
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


def _draw_lineage(catalog: Catalog, pack: Pack) -> str:
    """Return what the pack is made of, by section, and the models it is built for."""
    here = locate_pack_page(pack)
    sections = [
        lineage.Node(
            f"{make_title(section.name)} ({sum(len(part.uses) for part in section.parts)})",
            f"#made-of-{number}",
        )
        for number, section in enumerate(pack.sections)
    ]
    models = [
        lineage.Node(
            catalog.project.models[name].title,
            make_address(locate_reference_page(MODEL_INDEX, name), here),
        )
        for name in pack.models
    ]
    return lineage.render_lineage(sections, pack.title, models)


def _render_sections(catalog: Catalog, pack: Pack) -> str:
    here = locate_pack_page(pack)
    rows = (
        [
            f'<span id="made-of-{number}">{escape_text(make_title(section.name))}</span>',
            ", ".join(
                _render_use(catalog, use, here) for part in section.parts for use in part.uses
            ),
        ]
        for number, section in enumerate(pack.sections)
    )
    return render_table(["Section", "Fragments"], rows, "Fragments by section")


def _render_use(catalog: Catalog, use: Use, here: str) -> str:
    fragment = catalog.project.fragments[use.fragment]
    fragment_link = render_link(escape_text(fragment.title), locate_fragment_page(fragment), here)
    return f"{fragment_link} (where the policy allows it)" if use.optional else fragment_link
