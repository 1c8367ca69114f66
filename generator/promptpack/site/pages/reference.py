"""The pages of policies, models and targets: a catalogue in, pages out."""

from collections.abc import Iterator

from promptpack.model import Artifact, Model, Policy
from promptpack.policy.lattice import list_caveats
from promptpack.site.catalogue import (
    LAYOUT_INDEX,
    MODEL_INDEX,
    POLICY_INDEX,
    TARGET_INDEX,
    Catalog,
    locate_raw_file,
    locate_reference_page,
    locate_variant_page,
    make_slug,
)
from promptpack.site.escape import escape_code, escape_source, escape_text
from promptpack.site.html import (
    make_file_address,
    render_box,
    render_details,
    render_facts,
    render_link,
    render_paragraph,
    render_radio_group,
    render_table,
)
from promptpack.site.page import Heading, Page
from promptpack.site.pages.pack import render_source_block, render_usage
from promptpack.site.pages.variant import make_variant_title
from promptpack.site.permissions import (
    PolicyColumn,
    make_client_column,
    render_losses,
    render_patterns,
    render_permission_table,
    render_subject,
    summarize_losses,
)
from promptpack.targets import TARGETS as CLIENTS
from promptpack.targets import Target
from promptpack.targets.table import CAPABILITY_ROWS, ENFORCEMENT_WORDS, make_capability_table

_ACCEPTANCE_NOTE = "A wider permission stops the build unless a pack accepts it with a reason."
_ENFORCEMENT_EFFECTS = {
    "patterns": "allow",
    "ask": "allow",
    "deny": "allow",
    "told": "ask",
    "not held": "deny",
}


def make_policy_index(catalog: Catalog) -> Page:
    """Return the list of policies and what each says of every capability."""
    policies = catalog.project.policies.values()
    columns = [PolicyColumn(escape_text(policy.title), policy) for policy in policies]
    rows = (
        [_link_policy(policy, POLICY_INDEX), escape_text(policy.summary)] for policy in policies
    )
    lead = "A policy says what an agent may do. A pack is built under each policy it names."
    return Page(
        "Policies",
        (
            Heading("Policies", "about", 1),
            render_paragraph(lead, "pp-lead"),
            render_table(["Policy", "In short"], rows, "Policies"),
            Heading("Permissions", "permissions", searched=False),
            render_permission_table(columns),
        ),
    )


def make_policy_page(catalog: Catalog, policy: Policy) -> Page:
    """Return the page of a policy: what it says, what each client makes of it, who uses it."""
    here = locate_reference_page(POLICY_INDEX, policy.name)
    variants = [
        variant
        for pack_variants in catalog.variants.values()
        for variant in pack_variants
        if variant.policy.name == policy.name
    ]
    pattern_lists = render_patterns(policy)
    return Page(
        escape_text(policy.title),
        (
            Heading(escape_text(policy.title), "about", 1),
            render_paragraph(escape_text(policy.summary), "pp-lead"),
            render_facts((("Name", escape_code(policy.name)),)),
            *(
                render_paragraph(escape_text(f"{caveat}."), "pp-note")
                for caveat in list_caveats(policy)
            ),
            Heading("On each client", "clients", searched=False),
            render_paragraph(
                f"What the policy says, and what each client makes of it. {_ACCEPTANCE_NOTE}"
            ),
            _render_clients(policy),
            *(
                (Heading("Patterns", "patterns"), render_box("pp-patterns", "".join(pattern_lists)))
                if pattern_lists
                else ()
            ),
            Heading("Source", "source", searched=False),
            render_source_block(catalog, policy.path),
            *render_usage(catalog, variants, here),
        ),
        description=escape_text(policy.summary),
    )


def make_model_index(catalog: Catalog) -> Page:
    """Return the list of models."""
    rows = (
        [
            render_link(
                escape_text(model.title),
                locate_reference_page(MODEL_INDEX, model.name),
                MODEL_INDEX,
            ),
            escape_text(model.family),
            escape_text(model.layout),
            f"{model.context_window:,}",
            f"{model.prompt_budget:,}",
        ]
        for model in catalog.project.models.values()
    )
    lead = "A model decides the layout of a prompt, its budget, and its id in each client."
    header = ["Model", "Family", "Layout", "Context, tokens", "Prompt budget"]
    title = Heading("Models", "about", 1)
    return Page(
        "Models", (title, render_paragraph(lead, "pp-lead"), render_table(header, rows, "Models"))
    )


def make_model_page(catalog: Catalog, model: Model) -> Page:
    """Return the page of a model."""
    here = locate_reference_page(MODEL_INDEX, model.name)
    variants = [
        variant
        for pack_variants in catalog.variants.values()
        for variant in pack_variants
        if variant.model.name == model.name
    ]
    ids = [
        [_link_client(name, here), escape_code(model_id)] for name, model_id in model.ids.items()
    ]
    return Page(
        escape_text(model.title),
        (
            Heading(escape_text(model.title), "about", 1),
            render_facts(
                (
                    ("Name", escape_code(model.name)),
                    ("Family", escape_text(model.family)),
                    (
                        "Layout",
                        render_link(
                            escape_code(model.layout),
                            locate_reference_page(LAYOUT_INDEX, model.layout),
                            here,
                        ),
                    ),
                    ("Context window", f"{model.context_window:,} tokens"),
                    ("Prompt budget", f"about {model.prompt_budget:,} tokens"),
                    ("Temperature", "accepted" if model.temperature else "not accepted"),
                )
            ),
            Heading("Id in each client", "ids"),
            render_table(["Client", "Id"], ids, "Ids") if ids else render_paragraph("None."),
            Heading("Source", "source", searched=False),
            render_source_block(catalog, model.path),
            *render_usage(catalog, variants, here),
        ),
    )


def make_target_index() -> Page:
    """Return the list of targets, and what each can hold of a policy."""
    rows = (
        [
            _link_target(target, TARGET_INDEX),
            escape_code(target.path.format(name="NAME")),
            escape_text(target.verified),
        ]
        for target in CLIENTS.values()
    )
    enforcement_by_target = make_capability_table()
    cells = (
        [
            render_subject(capability),
            *(_render_enforcement(enforcement_by_target[name][capability]) for name in CLIENTS),
        ]
        for capability in CAPABILITY_ROWS
    )
    header = ["Capability", *(_link_target(target, TARGET_INDEX) for target in CLIENTS.values())]
    return Page(
        "Targets",
        (
            Heading("Targets", "about", 1),
            render_paragraph("A target is a client that files are built for.", "pp-lead"),
            render_table(["Target", "File", "Checked with"], rows, "Targets"),
            Heading("What each can hold", "held", searched=False),
            render_paragraph(
                "Computed: a policy is compiled for each capability, and the file read back."
            ),
            render_table(header, cells, "What each target can hold"),
        ),
    )


def make_target_page(catalog: Catalog, target: Target) -> Page:
    """Return the page of a target: what it makes of each policy, and what is lost on the way."""
    here = locate_reference_page(TARGET_INDEX, target.name)
    policies = list(catalog.project.policies.values())
    client_columns = [make_client_column(target, policy) for policy in policies]
    columns = [
        column._replace(label=_link_policy(policy, here))
        for policy, column in zip(policies, client_columns, strict=True)
    ]
    return Page(
        escape_text(target.title),
        (
            Heading(escape_text(target.title), "about", 1),
            render_facts(
                (
                    ("Name", escape_code(target.name)),
                    ("File", escape_code(target.path.format(name="NAME"))),
                    ("Policy", "told in the prompt, hardly enforced" if target.advisory else ""),
                    ("Checked with", escape_text(target.verified)),
                )
            ),
            Heading("Permissions", "permissions", searched=False),
            render_paragraph(f"What an agent may do here under each policy. {_ACCEPTANCE_NOTE}"),
            render_permission_table(columns),
            *_render_policy_losses(policies, client_columns),
            *_render_example(catalog, target, here),
        ),
    )


def _render_enforcement(enforcement: str) -> str:
    effect = _ENFORCEMENT_EFFECTS.get(enforcement, "inherit")
    return f'<span class="pp-{effect}">{ENFORCEMENT_WORDS[enforcement]}</span>'  # type: ignore[index]  # a Holding


def _render_clients(policy: Policy) -> str:
    panels = []
    for number, target in enumerate(CLIENTS.values()):
        client_column = make_client_column(target, policy)
        panels.append(
            f'<section class="pp-panel f{number}" aria-label="{escape_text(target.title)}">'
            f"{render_permission_table([PolicyColumn('Policy', policy), client_column])}"
            f"{_describe_losses(client_column)}</section>"
        )
    titles = [escape_text(target.title) for target in CLIENTS.values()]
    return render_box(
        "pp-sheet pp-use",
        render_radio_group("client", "Client", titles, [*CLIENTS]) + "".join(panels),
    )


def _render_policy_losses(
    policies: list[Policy], client_columns: list[PolicyColumn]
) -> Iterator[Heading | str]:
    for policy, column in zip(policies, client_columns, strict=True):
        label, anchor = f"Under {escape_text(policy.title)}", f"under-{make_slug(policy.name)}"
        yield Heading(label, anchor, 3, searched=False)
        yield render_box(
            "pp-lost",
            render_paragraph(summarize_losses(column.losses), "pp-note") + _describe_losses(column),
        )


def _describe_losses(column: PolicyColumn) -> str:
    return render_losses(column.losses) or render_paragraph("Nothing is lost.")


def _render_example(catalog: Catalog, target: Target, here: str) -> Iterator[Heading | str]:
    """Yield one file of this target: that of the first pack's default variant."""
    for artifact in _iter_default_artifacts(catalog, target):
        yield Heading("An example", "example", searched=False)
        variant = artifact.variant
        variant_link = render_link(
            make_variant_title(variant),
            f"{locate_variant_page(variant)}?client={target.name}",
            here,
        )
        raw_link = f'<a href="{make_file_address(locate_raw_file(artifact), here)}">raw</a>'
        caption = f"{escape_text(variant.pack.title)}, {variant_link} ({raw_link})"
        file_details = render_details("Show the file", escape_source(artifact.content.decode()))
        yield render_box("pp-example", render_paragraph(caption) + file_details)
        return


def _iter_default_artifacts(catalog: Catalog, target: Target) -> Iterator[Artifact]:
    for pack in catalog.project.packs.values():
        files = catalog.list_files(catalog.find_default_variant(pack))
        yield from (artifact for artifact in files if artifact.target == target.name)


def _link_policy(policy: Policy, here: str) -> str:
    return render_link(
        escape_text(policy.title), locate_reference_page(POLICY_INDEX, policy.name), here
    )


def _link_target(target: Target, here: str) -> str:
    return render_link(
        escape_text(target.title), locate_reference_page(TARGET_INDEX, target.name), here
    )


def _link_client(name: str, here: str) -> str:
    """Return a link to a target, or the plain name of a client that files are not built for."""
    return _link_target(CLIENTS[name], here) if name in CLIENTS else escape_text(name)
