"""The pages of packs and their variants: a catalogue in, pages out."""

from collections.abc import Iterator, Sequence

from promptpack.compose import title_of
from promptpack.model import Artifact, Loss, Model, Pack, Policy, Use, Variant
from promptpack.site.catalogue import (
    HOME,
    MODELS,
    POLICIES,
    TARGETS,
    Catalogue,
    fragment_page,
    pack_page,
    reference_page,
    variant_page,
)
from promptpack.site.inert import block, code, text
from promptpack.site.markdown import box, counted, document, facts, heading, link, table, tabs
from promptpack.site.permissions import Column, losses, losses_of_pack, permission_table
from promptpack.targets import TARGETS as CLIENTS


def pack_cards(known: Catalogue) -> str:
    """Return a card for each pack, with links as the home page needs them."""
    cards = [_card(known, pack) for pack in known.project.packs.values()]
    return box("grid.cards", "\n\n".join(cards)) if cards else "There is no pack yet."


def pack_document(known: Catalogue, pack: Pack) -> str:
    """Return the page of a pack."""
    here, variants = pack_page(pack), known.variants[pack.name]
    policies = [known.project.policies[name] for name in pack.policies]
    temperature = "" if pack.temperature is None else text(str(pack.temperature))
    return document(
        text(pack.title),
        heading(text(pack.title), "about"),
        text(pack.description),
        facts(
            (
                ("Name", code(pack.name)),
                ("Mode", text(pack.mode)),
                ("Temperature", temperature),
                ("Tags", text(", ".join(pack.tags))),
                ("Source", code(pack.path)),
            )
        ),
        "## Variants",
        "Each is one model under one policy. Its page shows the files that the clients load.",
        variant_table(variants, here),
        heading("Permissions", "permissions", 2, searched=False),
        "What each policy allows. What a client makes of it is under *On each client*.",
        permission_table([Column(policy.title, policy) for policy in policies]),
        heading("On each client", "clients", 2, searched=False),
        "What a client can't hold or say as the pack means it.",
        tabs((_client(target), said) for target, said in _losses(known, variants)),
        "## Made of",
        _made_of(known, pack, here),
        description=text(pack.description),
    )


def variant_document(known: Catalogue, variant: Variant) -> str:
    """Return the page of a variant: facts, what each client does with it, and the files."""
    here, pack, files = variant_page(variant), variant.pack, known.files_of(variant)
    path = [link("Packs", HOME, here), link(text(pack.title), pack_page(pack), here)]
    return document(
        text(f"{_name(variant)} · {pack.title}"),
        box("pp-path", " / ".join(path)),
        heading(text(_name(variant)), "about"),
        text(pack.description),
        facts(_variant_facts(variant, here)),
        heading("On each client", "clients", 2, searched=False),
        "What the policy says, and what the client really does with its file.",
        tabs((_client(a.target), _permissions(a, here)) for a in files),
        "## Files",
        "To the letter what the client loads.",
        tabs((_client(a.target), _file(a)) for a in files),
        description=text(pack.description),
        unlisted=True,
    )


def used_by(known: Catalogue, variants: Sequence[Variant], here: str) -> Iterator[str]:
    """Yield a heading with the number of variants, and a table of them for each pack."""
    label = f"Used by {counted(len(variants), 'variant')}"
    yield heading(label, "used-by", 2, searched=False)
    for pack in known.project.packs.values():
        if held := [v for v in variants if v.pack.name == pack.name]:
            share = f"{len(held)} of {counted(len(known.variants[pack.name]), 'variant')}"
            yield f"**{link(text(pack.title), pack_page(pack), here)}**, {share}:"
            yield variant_table(held, here)


def variant_table(variants: Sequence[Variant], here: str) -> str:
    """Return a table of variants of one pack, model by policy, with a link a cell."""
    found = {(v.model.name, v.policy.name): v for v in variants}
    models = {v.model.name: v.model for v in variants}
    policies = {v.policy.name: v.policy for v in variants}
    rows = [
        [_model_link(model, here), *(_cell(found.get((model.name, p)), here) for p in policies)]
        for model in models.values()
    ]
    return table(["Model", *(_policy_link(policy, here) for policy in policies.values())], rows)


def _card(known: Catalogue, pack: Pack) -> str:
    variants = known.variants[pack.name]
    default = next(variant for variant in variants if variant.is_default)
    policies = len(pack.policies)
    size = (
        counted(len(variants), "variant"),
        counted(len(pack.models), "model"),
        f"{policies} {'policy' if policies == 1 else 'policies'}",
        counted(len(known.files_of(default)), "client"),
    )
    lines = (
        f"-   **{link(text(pack.title), pack_page(pack), HOME)}**",
        text(pack.description),
        " · ".join(size),
        f"Default: {link(text(_name(default)), variant_page(default), HOME)}",
    )
    return "\n\n    ".join(lines)


def _name(variant: Variant) -> str:
    return f"{variant.model.title}, {variant.policy.title}"


def _client(target: str) -> str:
    return text(CLIENTS[target].title)


def _model_link(model: Model, here: str) -> str:
    return link(text(model.title), reference_page(MODELS, model.name), here)


def _policy_link(policy: Policy, here: str) -> str:
    return link(text(policy.title), reference_page(POLICIES, policy.name), here)


def _cell(variant: Variant | None, here: str) -> str:
    if variant is None:
        return "not built"
    shown = link(text(variant.policy.title), variant_page(variant), here)
    return f"{shown} (default)" if variant.is_default else shown


def _losses(known: Catalogue, variants: Sequence[Variant]) -> Iterator[tuple[str, str]]:
    """Yield each target that the variants have files for, and what they lose there."""
    found: dict[str, list[tuple[Variant, Loss]]] = {}
    for variant in variants:
        for artifact in known.files_of(variant):
            lost = found.setdefault(artifact.target, [])
            lost += [(variant, loss) for loss in artifact.losses]
    for target, lost in found.items():
        yield target, losses_of_pack(lost, variants) or "Nothing is lost."


def _made_of(known: Catalogue, pack: Pack, here: str) -> str:
    rows = [
        [
            text(title_of(section.name)),
            ", ".join(_use(known, use, here) for part in section.parts for use in part.uses),
        ]
        for section in pack.sections
    ]
    return table(["Section", "Fragments"], rows)


def _use(known: Catalogue, use: Use, here: str) -> str:
    fragment = known.project.fragments[use.fragment]
    shown = link(text(fragment.title), fragment_page(fragment), here)
    return f"{shown} (where the policy allows it)" if use.optional else shown


def _variant_facts(variant: Variant, here: str) -> Iterator[tuple[str, str]]:
    model, policy = variant.model, variant.policy
    yield "Variant", code(variant.name)
    yield "Model", _model_link(model, here)
    yield "Policy", f"{_policy_link(policy, here)}: {text(policy.summary)}"
    yield "Prompt budget", f"about {model.prompt_budget:,} tokens"


def _permissions(artifact: Artifact, here: str) -> str:
    target, policy = CLIENTS[artifact.target], artifact.variant.policy
    seen = target.decode(artifact.content.decode(), artifact.agent.name).policy
    columns = [Column("Policy", policy), Column(target.title, seen, artifact.losses)]
    more = link(f"More on {text(target.title)}", reference_page(TARGETS, target.name), here)
    said = losses(artifact.losses) or "Nothing is lost."
    return f"{permission_table(columns)}\n\n{said}\n\n{more}"


def _file(artifact: Artifact) -> str:
    tokens = -(-len(artifact.agent.prompt) // 4)  # about one for every four characters
    model = artifact.agent.model.ids.get(artifact.target, "")
    head = facts(
        (
            ("File", code(artifact.path.split("/", 2)[2])),
            ("Model", code(model) if model else ""),
            ("Prompt", f"≈ {tokens:,} tokens"),
        )
    )
    return f"{head}\n\n{block(artifact.content.decode())}"
