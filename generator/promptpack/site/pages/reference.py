"""The pages of policies, models and targets: a catalogue in, pages out."""

from collections.abc import Iterator

from promptpack.model import Artifact, Model, Policy
from promptpack.policy.lattice import caveats
from promptpack.site.catalogue import (
    LAYOUTS,
    MODELS,
    POLICIES,
    TARGETS,
    Catalogue,
    raw_file,
    reference_page,
    slug,
    variant_page,
)
from promptpack.site.escape import code, source, text
from promptpack.site.html import box, facts, file_address, folded, link, paragraph, pick, table
from promptpack.site.page import Heading, Page
from promptpack.site.pages.pack import source_block, used_by
from promptpack.site.pages.variant import variant_name
from promptpack.site.permissions import (
    Column,
    as_seen_by,
    loss_counts,
    losses,
    patterns,
    permission_table,
    subject,
)
from promptpack.targets import TARGETS as CLIENTS
from promptpack.targets import Target
from promptpack.targets.table import ROWS, WORDS, capability_table

_ACCEPTED = "A wider permission stops the build unless a pack accepts it with a reason."
_HELD = {"patterns": "allow", "ask": "allow", "deny": "allow", "told": "ask", "not held": "deny"}


def policies_document(known: Catalogue) -> Page:
    """Return the list of policies and what each says of every capability."""
    policies = known.project.policies.values()
    columns = [Column(text(policy.title), policy) for policy in policies]
    rows = ([_policy_link(policy, POLICIES), text(policy.summary)] for policy in policies)
    lead = "A policy says what an agent may do. A pack is built under each policy it names."
    return Page(
        "Policies",
        (
            Heading("Policies", "about", 1),
            paragraph(lead, "pp-lead"),
            table(["Policy", "In short"], rows, "Policies"),
            Heading("Permissions", "permissions", searched=False),
            permission_table(columns),
        ),
    )


def policy_document(known: Catalogue, policy: Policy) -> Page:
    """Return the page of a policy: what it says, what each client makes of it, who uses it."""
    here = reference_page(POLICIES, policy.name)
    held = [v for found in known.variants.values() for v in found if v.policy.name == policy.name]
    ordered = patterns(policy)
    return Page(
        text(policy.title),
        (
            Heading(text(policy.title), "about", 1),
            paragraph(text(policy.summary), "pp-lead"),
            facts((("Name", code(policy.name)),)),
            *(paragraph(text(f"{said}."), "pp-note") for said in caveats(policy)),
            Heading("On each client", "clients", searched=False),
            paragraph(f"What the policy says, and what each client makes of it. {_ACCEPTED}"),
            _on_clients(policy),
            *(
                (Heading("Patterns", "patterns"), box("pp-patterns", "".join(ordered)))
                if ordered
                else ()
            ),
            Heading("Source", "source", searched=False),
            source_block(known, policy.path),
            *used_by(known, held, here),
        ),
        description=text(policy.summary),
    )


def models_document(known: Catalogue) -> Page:
    """Return the list of models."""
    rows = (
        [
            link(text(model.title), reference_page(MODELS, model.name), MODELS),
            text(model.family),
            text(model.layout),
            f"{model.context_window:,}",
            f"{model.prompt_budget:,}",
        ]
        for model in known.project.models.values()
    )
    lead = "A model decides the layout of a prompt, its budget, and its id in each client."
    head = ["Model", "Family", "Layout", "Context, tokens", "Prompt budget"]
    title = Heading("Models", "about", 1)
    return Page("Models", (title, paragraph(lead, "pp-lead"), table(head, rows, "Models")))


def model_document(known: Catalogue, model: Model) -> Page:
    """Return the page of a model."""
    here = reference_page(MODELS, model.name)
    held = [v for found in known.variants.values() for v in found if v.model.name == model.name]
    ids = [[_client_name(name, here), code(model_id)] for name, model_id in model.ids.items()]
    return Page(
        text(model.title),
        (
            Heading(text(model.title), "about", 1),
            facts(
                (
                    ("Name", code(model.name)),
                    ("Family", text(model.family)),
                    (
                        "Layout",
                        link(code(model.layout), reference_page(LAYOUTS, model.layout), here),
                    ),
                    ("Context window", f"{model.context_window:,} tokens"),
                    ("Prompt budget", f"about {model.prompt_budget:,} tokens"),
                    ("Temperature", "accepted" if model.temperature else "not accepted"),
                )
            ),
            Heading("Id in each client", "ids"),
            table(["Client", "Id"], ids, "Ids") if ids else paragraph("None."),
            Heading("Source", "source", searched=False),
            source_block(known, model.path),
            *used_by(known, held, here),
        ),
    )


def targets_document() -> Page:
    """Return the list of targets, and what each can hold of a policy."""
    rows = (
        [
            _target_link(target, TARGETS),
            code(target.path.format(name="NAME")),
            text(target.verified),
        ]
        for target in CLIENTS.values()
    )
    holding = capability_table()
    cells = ([subject(row), *(_held(holding[name][row]) for name in CLIENTS)] for row in ROWS)
    head = ["Capability", *(_target_link(target, TARGETS) for target in CLIENTS.values())]
    return Page(
        "Targets",
        (
            Heading("Targets", "about", 1),
            paragraph("A target is a client that files are built for.", "pp-lead"),
            table(["Target", "File", "Checked with"], rows, "Targets"),
            Heading("What each can hold", "held", searched=False),
            paragraph(
                "Computed: a policy is compiled for each capability, and the file read back."
            ),
            table(head, cells, "What each target can hold"),
        ),
    )


def target_document(known: Catalogue, target: Target) -> Page:
    """Return the page of a target: what it makes of each policy, and what is lost on the way."""
    here = reference_page(TARGETS, target.name)
    policies = list(known.project.policies.values())
    seen = [as_seen_by(target, policy) for policy in policies]
    columns = [
        column._replace(label=_policy_link(policy, here))
        for policy, column in zip(policies, seen, strict=True)
    ]
    return Page(
        text(target.title),
        (
            Heading(text(target.title), "about", 1),
            facts(
                (
                    ("Name", code(target.name)),
                    ("File", code(target.path.format(name="NAME"))),
                    ("Policy", "told in the prompt, hardly enforced" if target.advisory else ""),
                    ("Checked with", text(target.verified)),
                )
            ),
            Heading("Permissions", "permissions", searched=False),
            paragraph(f"What an agent may do here under each policy. {_ACCEPTED}"),
            permission_table(columns),
            *_lost_under(policies, seen),
            *_example(known, target, here),
        ),
    )


def _held(holding: str) -> str:
    kind = _HELD.get(holding, "inherit")
    return f'<span class="pp-{kind}">{WORDS[holding]}</span>'  # type: ignore[index]  # a Holding


def _on_clients(policy: Policy) -> str:
    panels = []
    for number, target in enumerate(CLIENTS.values()):
        seen = as_seen_by(target, policy)
        panels.append(
            f'<section class="pp-panel f{number}" aria-label="{text(target.title)}">'
            f"{permission_table([Column('Policy', policy), seen])}{_lost(seen)}</section>"
        )
    titles = [text(target.title) for target in CLIENTS.values()]
    return box("pp-sheet pp-use", pick("client", "Client", titles, [*CLIENTS]) + "".join(panels))


def _lost_under(policies: list[Policy], seen: list[Column]) -> Iterator[Heading | str]:
    for policy, column in zip(policies, seen, strict=True):
        label, anchor = f"Under {text(policy.title)}", f"under-{slug(policy.name)}"
        yield Heading(label, anchor, 3, searched=False)
        yield box("pp-lost", paragraph(loss_counts(column.losses), "pp-note") + _lost(column))


def _lost(column: Column) -> str:
    return losses(column.losses) or paragraph("Nothing is lost.")


def _example(known: Catalogue, target: Target, here: str) -> Iterator[Heading | str]:
    """Yield one file of this target: that of the first pack's default variant."""
    for artifact in _defaults(known, target):
        yield Heading("An example", "example", searched=False)
        variant = artifact.variant
        shown = link(variant_name(variant), f"{variant_page(variant)}?client={target.name}", here)
        raw = f'<a href="{file_address(raw_file(artifact), here)}">raw</a>'
        name = f"{text(variant.pack.title)}, {shown} ({raw})"
        file = folded("Show the file", source(artifact.content.decode()))
        yield box("pp-example", paragraph(name) + file)
        return


def _defaults(known: Catalogue, target: Target) -> Iterator[Artifact]:
    for pack in known.project.packs.values():
        files = known.files_of(known.default_of(pack))
        yield from (artifact for artifact in files if artifact.target == target.name)


def _policy_link(policy: Policy, here: str) -> str:
    return link(text(policy.title), reference_page(POLICIES, policy.name), here)


def _target_link(target: Target, here: str) -> str:
    return link(text(target.title), reference_page(TARGETS, target.name), here)


def _client_name(name: str, here: str) -> str:
    """Return a link to a target, or the plain name of a client that files are not built for."""
    return _target_link(CLIENTS[name], here) if name in CLIENTS else text(name)
