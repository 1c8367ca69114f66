"""The page of a pack, and tables of its variants: a catalogue in, pages out."""

from collections.abc import Iterator, Sequence

from promptpack.model import Artifact, Loss, Model, Pack, Policy, Use, Variant
from promptpack.rendering.compose import title_of
from promptpack.site import lineage
from promptpack.site.catalogue import (
    HOME,
    MODELS,
    POLICIES,
    TARGETS,
    Catalogue,
    data_file,
    fragment_page,
    pack_page,
    raw_file,
    reference_page,
    variant_page,
)
from promptpack.site.escape import code, source, text
from promptpack.site.html import (
    address,
    badge,
    box,
    copied,
    counted,
    facts,
    file_address,
    folded,
    link,
    paragraph,
    path_to,
    pick,
    table,
)
from promptpack.site.page import Heading, Page
from promptpack.site.pages.variant import install_command, variant_name
from promptpack.site.permissions import Column, loss_counts, losses_of_pack, permission_table
from promptpack.targets import TARGETS as CLIENTS


def pack_document(known: Catalogue, pack: Pack, recent: str = "") -> Page:
    """Return the page of a pack; `recent` says in HTML what changed in it of late."""
    here, variants = pack_page(pack), known.variants[pack.name]
    policies = [known.project.policies[name] for name in pack.policies]
    return Page(
        text(pack.title),
        (
            path_to(("Agents", HOME), here=here),
            Heading(text(pack.title), "about", 1),
            paragraph(text(pack.description), "pp-lead"),
            facts(_facts(known, pack)),
            Heading("Variants", "variants"),
            paragraph("Each is one model under one policy. Its page shows what the clients load."),
            variant_table(variants, here),
            Heading("Permissions", "permissions", searched=False),
            paragraph(
                "What each policy allows. What a client makes of it is under <em>Use it</em>."
            ),
            permission_table([Column(text(policy.title), policy) for policy in policies]),
            Heading("Use it", "use", searched=False),
            paragraph("The default variant, for your client, and what that client can't hold."),
            _clients(known, pack),
            Heading("Made of", "made-of"),
            _drawn(known, pack),
            _made_of(known, pack),
            *((Heading("Recent changes", "recent", searched=False), recent) if recent else ()),
            Heading("Source", "source", searched=False),
            source_block(known, pack.path),
        ),
        description=text(pack.description),
    )


def source_block(known: Catalogue, path: str) -> str:
    """Return a source file with its numbered lines, where it lies, and where it can be edited."""
    edit = known.edit_address(path)
    more = f' · <a href="{text(edit)}">Edit</a>' if edit else ""
    where = paragraph(code(path) + more, "pp-where")
    return box("pp-source", where + source(known.project.sources[path]))


def used_by(
    known: Catalogue, variants: Sequence[Variant], here: str, drawn: str = ""
) -> Iterator[Heading | str]:
    """Yield a heading with the number of variants, a drawing, and a table for each pack."""
    label = f"Used by {counted(len(variants), 'variant')}"
    yield Heading(label, "used-by", searched=False)
    yield drawn
    for pack in known.project.packs.values():
        if held := [v for v in variants if v.pack.name == pack.name]:
            share = f"{len(held)} of {counted(len(known.variants[pack.name]), 'variant')}"
            yield paragraph(
                f"<strong>{link(text(pack.title), pack_page(pack), here)}</strong>, {share}"
            )
            yield variant_table(held, here)


def variant_table(variants: Sequence[Variant], here: str) -> str:
    """Return a table of variants of one pack, model by policy, with a link a cell."""
    found = {(v.model.name, v.policy.name): v for v in variants}
    models = {v.model.name: v.model for v in variants}
    policies = {v.policy.name: v.policy for v in variants}
    rows = (
        [_model_link(model, here), *(_cell(found.get((model.name, p)), here) for p in policies)]
        for model in models.values()
    )
    head = ["Model", *(_policy_link(policy, here) for policy in policies.values())]
    return box("pp-variants", table(head, rows, "Variants"))


def _facts(known: Catalogue, pack: Pack) -> Iterator[tuple[str, str]]:
    yield "Name", code(pack.name)
    yield "Mode", text(pack.mode)
    yield "Temperature", "" if pack.temperature is None else text(str(pack.temperature))
    yield "Tags", text(", ".join(pack.tags))
    edit = known.edit_address(pack.path)
    yield (
        "Source",
        f'<a href="{text(edit)}">Edit {code(pack.path)}</a>' if edit else code(pack.path),
    )


def _model_link(model: Model, here: str) -> str:
    return link(text(model.title), reference_page(MODELS, model.name), here)


def _policy_link(policy: Policy, here: str) -> str:
    return link(text(policy.title), reference_page(POLICIES, policy.name), here)


def _cell(variant: Variant | None, here: str) -> str:
    if variant is None:
        return '<span class="pp-none">not built</span>'
    name = f' aria-label="{variant_name(variant)}"'
    shown = (
        f'<a{name} href="{address(variant_page(variant), here)}">{text(variant.policy.title)}</a>'
    )
    return f"{shown} {badge('default', 'default')}" if variant.is_default else shown


def _clients(known: Catalogue, pack: Pack) -> str:
    """Return for each client how to have the default variant, and what is lost in the pack."""
    default, variants = known.default_of(pack), known.variants[pack.name]
    files = known.files_of(default)
    titles = [text(CLIENTS[artifact.target].title) for artifact in files]
    panels = (
        _client(n, a, _losses(known, variants, a.target), variants) for n, a in enumerate(files)
    )
    attributes = f' data-files="{file_address(data_file(pack), pack_page(pack))}"'
    return box(
        "pp-sheet pp-use",
        pick("client", "Client", titles, [artifact.target for artifact in files])
        + f'<div class="pp-panels">{"".join(panels)}</div>',
        f'{attributes} data-name="{text(f"{pack.name}/{default.name}")}"',
    )


def _client(
    number: int,
    artifact: Artifact,
    lost: list[tuple[Variant, Loss]],
    variants: Sequence[Variant],
) -> str:
    here, variant = pack_page(artifact.variant.pack), artifact.variant
    target, path = CLIENTS[artifact.target], artifact.path.split("/", 2)[2]
    command = install_command(artifact)
    shown = link(variant_name(variant), f"{variant_page(variant)}?client={target.name}", here)
    said = "Nothing is lost."
    if lost:
        counts = loss_counts({loss.subject: loss for _, loss in lost}.values())
        said = folded(f"Losses in this pack: {counts}", losses_of_pack(lost, variants))
    page = link(text(target.title), reference_page(TARGETS, target.name), here)
    return (
        f'<section class="pp-panel f{number}" aria-label="{text(target.title)}">'
        f"<h3>{page}</h3>{paragraph(shown)}"
        f'<p class="pp-where">{code(path)}</p><p class="pp-ways">'
        '<button type="button" class="pp-button pp-main" data-pp-file hidden>Copy</button>'
        f'<a class="pp-button" href="{file_address(raw_file(artifact), here)}"'
        f' download="{text(path.rpartition("/")[2])}">Download</a></p>'
        f'<p class="pp-command">{copied(command, "Copy")}</p>{said}</section>'
    )


def _losses(
    known: Catalogue, variants: Sequence[Variant], target: str
) -> list[tuple[Variant, Loss]]:
    return [
        (variant, loss)
        for variant in variants
        for artifact in known.files_of(variant)
        if artifact.target == target
        for loss in artifact.losses
    ]


def _drawn(known: Catalogue, pack: Pack) -> str:
    """Return what the pack is made of, by section, and the models it is built for."""
    here = pack_page(pack)
    sections = [
        lineage.Node(
            f"{title_of(section.name)} ({sum(len(part.uses) for part in section.parts)})",
            f"#made-of-{number}",
        )
        for number, section in enumerate(pack.sections)
    ]
    models = [
        lineage.Node(
            known.project.models[name].title,
            address(reference_page(MODELS, name), here),
        )
        for name in pack.models
    ]
    return lineage.lineage(sections, pack.title, models)


def _made_of(known: Catalogue, pack: Pack) -> str:
    here = pack_page(pack)
    rows = (
        [
            f'<span id="made-of-{number}">{text(title_of(section.name))}</span>',
            ", ".join(_use(known, use, here) for part in section.parts for use in part.uses),
        ]
        for number, section in enumerate(pack.sections)
    )
    return table(["Section", "Fragments"], rows, "Fragments by section")


def _use(known: Catalogue, use: Use, here: str) -> str:
    fragment = known.project.fragments[use.fragment]
    shown = link(text(fragment.title), fragment_page(fragment), here)
    return f"{shown} (where the policy allows it)" if use.optional else shown
