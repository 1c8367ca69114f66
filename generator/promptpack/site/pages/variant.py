"""The page of a variant: what each client loads, and what it makes of it; a catalogue in."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from promptpack.model import Artifact, Origin, Pack, Variant
from promptpack.rendering.lines import CHARACTERS_PER_TOKEN
from promptpack.site import client_merge as merging
from promptpack.site.catalogue import (
    COMPARE_PAGE,
    HOME_PAGE,
    MODEL_INDEX,
    POLICY_INDEX,
    TARGET_INDEX,
    Catalog,
    locate_pack_page,
    locate_raw_file,
    locate_reference_page,
    locate_variant_page,
    shorten_source_path,
)
from promptpack.site.client_merge import ClientNumbers, FileParts, Run
from promptpack.site.difference import render_difference
from promptpack.site.escape import escape_code, escape_text
from promptpack.site.html import (
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
)
from promptpack.site.page import Heading, Page
from promptpack.site.permissions import render_losses, summarize_losses
from promptpack.site.rendered import render_chunk, split_chunks
from promptpack.targets import TARGETS as CLIENTS

VIEW_LABELS = ("Raw", "Rendered", "Where each line comes from", "Difference to the default")
_VIEW_VALUES = ("raw", "rendered", "origins", "difference")


PartsByTarget = Mapping[str, FileParts]
"""The files of a pack's default variant, by target."""


def iter_variant_pages(catalog: Catalog, pack: Pack) -> Iterator[tuple[str, Page]]:
    """Yield the page of each variant of a pack, by its path."""
    no_origins: tuple[Origin, ...] = ()
    default_parts = {
        artifact.target: merging.split_file(artifact, (no_origins,) * artifact.content.count(b"\n"))
        for artifact in catalog.list_files(catalog.find_default_variant(pack))
    }
    for variant in catalog.variants[pack.name]:
        yield locate_variant_page(variant), _make_variant_page(catalog, variant, default_parts)


def _make_variant_page(catalog: Catalog, variant: Variant, default_parts: PartsByTarget) -> Page:
    """Return the page of a variant: facts, and for each client the file and what it allows."""
    here, pack, files = locate_variant_page(variant), variant.pack, catalog.list_files(variant)
    title = (
        f"{make_variant_title(variant)}"
        f"{render_badge('default', 'default') if variant.is_default else ''}"
    )
    return Page(
        escape_text(f"{variant.model.title}, {variant.policy.title} · {pack.title}"),
        (
            render_breadcrumb(
                ("Agents", HOME_PAGE), (escape_text(pack.title), locate_pack_page(pack)), here=here
            ),
            Heading(title, "about", 1),
            render_paragraph(escape_text(pack.description), "pp-lead"),
            render_facts(_iter_facts(catalog, variant, here)),
            _render_sheet(catalog, variant, files, default_parts),
        ),
        description=escape_text(pack.description),
        unlisted=True,
    )


def make_variant_title(variant: Variant) -> str:
    """Return what a variant is called: its model and its policy."""
    return escape_text(f"{variant.model.title}, {variant.policy.title}")


def estimate_tokens(prompt: str) -> int:
    """Return about how many tokens a text has, by a rule of thumb."""
    return -(-len(prompt) // CHARACTERS_PER_TOKEN)


def _iter_facts(catalog: Catalog, variant: Variant, here: str) -> Iterator[tuple[str, str]]:
    model, policy = variant.model, variant.policy
    token_count = estimate_tokens(catalog.list_files(variant)[0].agent.prompt)
    yield "Variant", escape_code(variant.name)
    yield (
        "Model",
        render_link(escape_text(model.title), locate_reference_page(MODEL_INDEX, model.name), here),
    )
    policy_link = render_link(
        escape_text(policy.title), locate_reference_page(POLICY_INDEX, policy.name), here
    )
    yield "Policy", f"{policy_link}. {escape_text(policy.summary)}"
    yield "Prompt", f"≈ {token_count:,} tokens of a budget of {model.prompt_budget:,}"
    yield "More", _render_links(catalog, variant, here)


def _render_links(catalog: Catalog, variant: Variant, here: str) -> str:
    page = locate_pack_page(variant.pack)
    links = [render_link("All variants", f"{page}#variants", here)]
    default = catalog.find_default_variant(variant.pack)
    query = f"?a={_make_compare_key(variant)}&#38;b={_make_compare_key(default)}"
    links.append(f'<a href="{make_address(COMPARE_PAGE, here)}{query}">Compare</a>')
    if edit_url := catalog.make_edit_address(variant.pack.path):
        links.append(f'<a href="{escape_text(edit_url)}">Edit source</a>')
    else:
        links.append(render_link("Source", f"{page}#source", here))
    return " · ".join(links)


def _make_compare_key(variant: Variant) -> str:
    return f"{variant.pack.name}/{variant.name}"


def _render_sheet(
    catalog: Catalog, variant: Variant, files: tuple[Artifact, ...], default_parts: PartsByTarget
) -> str:
    """Return the choice of client and view, and everything that is chosen from, on one line."""
    here = locate_variant_page(variant)
    file_parts = [merging.split_file(artifact, catalog.origins(artifact)) for artifact in files]
    titles = [escape_text(CLIENTS[artifact.target].title) for artifact in files]
    panels = "".join(
        _render_panel(catalog, number, artifact, here) for number, artifact in enumerate(files)
    )
    views = (
        _render_file(merging.make_runs(file_parts), catalog, here, len(files)),
        _render_prompts(file_parts, files),
        _render_differences(catalog, variant, file_parts, default_parts),
    )
    return render_box(
        "pp-sheet",
        render_radio_group("client", "Client", titles, [artifact.target for artifact in files])
        + f'<div class="pp-panels">{panels}</div>'
        + '<div class="pp-paper">'
        + render_radio_group("view", "Show", VIEW_LABELS, _VIEW_VALUES)
        + "".join(views)
        + "</div>",
        f' data-name="{escape_text(_make_compare_key(variant))}"',
    )


def _render_panel(catalog: Catalog, number: int, artifact: Artifact, here: str) -> str:
    """Return what one client makes of its file, and the ways to have it."""
    target = CLIENTS[artifact.target]
    title = render_link(
        escape_text(target.title), locate_reference_page(TARGET_INDEX, target.name), here
    )
    model = artifact.agent.model.ids.get(artifact.target, "")
    advisory_note = (
        "This client holds little or nothing of a policy: the prompt tells it."
        if target.advisory
        else ""
    )
    return (
        f'<section class="pp-panel f{number}" aria-label="{escape_text(target.title)}">'
        f"<h2>{title}</h2>{_render_actions(artifact, here)}"
        + render_facts((("Model id", escape_code(model) if model else ""),))
        + render_paragraph(advisory_note, "pp-note")
        + catalog.permissions(artifact)
        + _describe_losses(artifact)
        + "</section>"
    )


def _render_actions(artifact: Artifact, here: str) -> str:
    path = artifact.path.split("/", 2)[2]
    name = path.rpartition("/")[2]
    command = make_install_command(artifact)
    return (
        f'<p class="pp-where">{escape_code(path)}</p><p class="pp-ways">'
        '<button type="button" class="pp-button pp-main" data-pp-file hidden>Copy</button>'
        f'<a class="pp-button" href="{make_file_address(locate_raw_file(artifact), here)}"'
        f' download="{escape_text(name)}">Download</a></p>'
        f'<p class="pp-command">{render_copyable(command, "Copy")}</p>'
    )


def make_install_command(artifact: Artifact) -> str:
    """Return the command that puts a file into a repository."""
    variant = artifact.variant
    command = f"promptpack install {variant.pack.name} --target {artifact.target}"
    return f"{command} --variant {variant.name} --into REPOSITORY"


def _describe_losses(artifact: Artifact) -> str:
    if not artifact.losses:
        return render_paragraph("Nothing is lost.", "pp-note")
    return render_details(
        f"Losses: {summarize_losses(artifact.losses)}", render_losses(artifact.losses)
    )


def _render_file(runs: list[Run], catalog: Catalog, here: str, file_count: int) -> str:
    """Return all files as runs; those of the first client have the anchors `L1` and so on."""
    parts, number = [], 0
    for run in runs:
        is_first_client = 0 in run.clients
        rows = []
        for row in run.rows:
            number += is_first_client
            anchor = f' id="L{number}"' if is_first_client else ""
            rows.append(
                f'<span{anchor} data-n="{row.origins[0].line}">{escape_text(row.text)}&#10;</span>'
            )
        source_links = _link_origins(catalog, tuple(row.origins for row in run.rows), here)
        content = f'<p class="pp-from">{source_links}</p><pre><code>{"".join(rows)}</code></pre>'
        parts.append(
            f'<div class="{_make_client_classes(run.clients, file_count, "pp-run")}">{content}'
            "</div>"
        )
    attributes = ' tabindex="0" role="region" aria-label="The file"'
    return f'<div class="pp-file pp-shows v0 v2"{attributes}>{"".join(parts)}</div>'


def _make_client_classes(clients: ClientNumbers, file_count: int, css_class: str = "") -> str:
    """Return the classes of what is for some clients only."""
    if len(clients) == file_count:
        return css_class
    return " ".join((css_class, "pp-of", *(f"f{number}" for number in sorted(clients)))).strip()


def _link_origins(catalog: Catalog, origins: tuple[tuple[Origin, ...], ...], here: str) -> str:
    """Return links to the sources of a run of lines, the most specific first."""
    lines_by_path: dict[str, list[int]] = {}
    for line_origins in origins:
        for origin in line_origins:
            lines_by_path.setdefault(origin.path, []).append(origin.line)
    return " ".join(
        _link_source(catalog.places[path], path, min(line_numbers), max(line_numbers), here)
        for path, line_numbers in lines_by_path.items()
    )


@lru_cache(maxsize=50_000)
def _link_source(page: str, path: str, first: int, last: int, here: str) -> str:
    line_range = f"{first}" if first == last else f"{first}-{last}"
    return render_link(
        escape_text(f"{shorten_source_path(path)}:{line_range}"), f"{page}#L{first}", here
    )


def _render_prompts(file_parts: list[FileParts], files: tuple[Artifact, ...]) -> str:
    prompts = [split_chunks(artifact.agent.prompt) for artifact in files]
    parts = (
        f'<div class="{_make_client_classes(clients, len(file_parts))}">{render_chunk(chunk)}</div>'
        for chunk, clients in merging.merge_sequences(prompts)
    )
    return f'<div class="pp-rendered pp-shows v1">{"".join(parts)}</div>'


def _render_differences(
    catalog: Catalog, variant: Variant, file_parts: list[FileParts], default_parts: PartsByTarget
) -> str:
    here = locate_variant_page(variant)
    default = catalog.find_default_variant(variant.pack)
    if variant.is_default:
        content = render_paragraph("This is the default variant.", "pp-note")
    else:
        default_link = render_link(make_variant_title(default), locate_variant_page(default), here)
        content = render_paragraph(
            f"What is different from the default variant, {default_link}.", "pp-note"
        )
        content += _render_client_differences(
            catalog.list_files(variant), file_parts, default_parts
        )
    return f'<div class="pp-differences pp-shows v3" id="difference">{content}</div>'


def _render_client_differences(
    files: tuple[Artifact, ...], file_parts: list[FileParts], default_parts: PartsByTarget
) -> str:
    """Return the differences of each client's file, those of several clients once."""
    differences = []
    for list_lines in (_list_surrounding_lines, _list_prompt_lines):
        pairs = (
            (list_lines(default_parts[artifact.target]), list_lines(own_parts))
            for artifact, own_parts in zip(files, file_parts, strict=True)
        )
        for (old, new), clients in merging.group_positions(pairs).items():
            if difference_html := render_difference(old, new):
                differences.append(
                    f'<div class="{_make_client_classes(clients, len(file_parts))}">'
                    f"{difference_html}</div>"
                )
    return "".join(differences)


def _list_surrounding_lines(file_parts: FileParts) -> tuple[str, ...]:
    return tuple(row.text for row in (*file_parts.before, *file_parts.after))


def _list_prompt_lines(file_parts: FileParts) -> tuple[str, ...]:
    return tuple(row.text for row in file_parts.body)
