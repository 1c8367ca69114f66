"""The page of a variant: what each client loads, and what it makes of it; a catalogue in."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from promptpack.model import Artifact, Origin, Pack, Variant
from promptpack.rendering.lines import CHARACTERS_PER_TOKEN
from promptpack.site import client_merge as merging
from promptpack.site.catalogue import (
    COMPARE,
    HOME,
    MODELS,
    POLICIES,
    TARGETS,
    Catalogue,
    pack_page,
    raw_file,
    reference_page,
    source_name,
    variant_page,
)
from promptpack.site.client_merge import Clients, Cut, Run
from promptpack.site.difference import difference
from promptpack.site.escape import code, text
from promptpack.site.html import (
    address,
    badge,
    box,
    copied,
    facts,
    file_address,
    folded,
    link,
    paragraph,
    path_to,
    pick,
)
from promptpack.site.page import Heading, Page
from promptpack.site.permissions import loss_counts, losses
from promptpack.site.rendered import chunks, rendered
from promptpack.targets import TARGETS as CLIENTS

VIEWS = ("Raw", "Rendered", "Where each line comes from", "Difference to the default")
_VALUES = ("raw", "rendered", "origins", "difference")


Standard = Mapping[str, Cut]
"""The files of a pack's default variant, by target."""


def variant_documents(known: Catalogue, pack: Pack) -> Iterator[tuple[str, Page]]:
    """Yield the page of each variant of a pack, by its path."""
    nowhere: tuple[Origin, ...] = ()
    standard = {
        artifact.target: merging.cut(artifact, (nowhere,) * artifact.content.count(b"\n"))
        for artifact in known.files_of(known.default_of(pack))
    }
    for variant in known.variants[pack.name]:
        yield variant_page(variant), _document(known, variant, standard)


def _document(known: Catalogue, variant: Variant, standard: Standard) -> Page:
    """Return the page of a variant: facts, and for each client the file and what it allows."""
    here, pack, files = variant_page(variant), variant.pack, known.files_of(variant)
    name = f"{variant_name(variant)}{badge('default', 'default') if variant.is_default else ''}"
    return Page(
        text(f"{variant.model.title}, {variant.policy.title} · {pack.title}"),
        (
            path_to(("Agents", HOME), (text(pack.title), pack_page(pack)), here=here),
            Heading(name, "about", 1),
            paragraph(text(pack.description), "pp-lead"),
            facts(_facts(known, variant, here)),
            _sheet(known, variant, files, standard),
        ),
        description=text(pack.description),
        unlisted=True,
    )


def variant_name(variant: Variant) -> str:
    """Return what a variant is called: its model and its policy."""
    return text(f"{variant.model.title}, {variant.policy.title}")


def tokens(prompt: str) -> int:
    """Return about how many tokens a text has, by a rule of thumb."""
    return -(-len(prompt) // CHARACTERS_PER_TOKEN)


def _facts(known: Catalogue, variant: Variant, here: str) -> Iterator[tuple[str, str]]:
    model, policy = variant.model, variant.policy
    size = tokens(known.files_of(variant)[0].agent.prompt)
    yield "Variant", code(variant.name)
    yield "Model", link(text(model.title), reference_page(MODELS, model.name), here)
    shown = link(text(policy.title), reference_page(POLICIES, policy.name), here)
    yield "Policy", f"{shown}. {text(policy.summary)}"
    yield "Prompt", f"≈ {size:,} tokens of a budget of {model.prompt_budget:,}"
    yield "More", _more(known, variant, here)


def _more(known: Catalogue, variant: Variant, here: str) -> str:
    page = pack_page(variant.pack)
    found = [link("All variants", f"{page}#variants", here)]
    default = known.default_of(variant.pack)
    pair = f"?a={_key(variant)}&#38;b={_key(default)}"
    found.append(f'<a href="{address(COMPARE, here)}{pair}">Compare</a>')
    if edit := known.edit_address(variant.pack.path):
        found.append(f'<a href="{text(edit)}">Edit source</a>')
    else:
        found.append(link("Source", f"{page}#source", here))
    return " · ".join(found)


def _key(variant: Variant) -> str:
    return f"{variant.pack.name}/{variant.name}"


def _sheet(
    known: Catalogue, variant: Variant, files: tuple[Artifact, ...], standard: Standard
) -> str:
    """Return the choice of client and view, and everything that is chosen from, on one line."""
    here = variant_page(variant)
    cuts = [merging.cut(artifact, known.origins(artifact)) for artifact in files]
    titles = [text(CLIENTS[artifact.target].title) for artifact in files]
    panels = "".join(_panel(known, n, artifact, here) for n, artifact in enumerate(files))
    views = (
        _file(merging.runs(cuts), known, here, len(files)),
        _rendered(cuts, files),
        _differences(known, variant, cuts, standard),
    )
    return box(
        "pp-sheet",
        pick("client", "Client", titles, [artifact.target for artifact in files])
        + f'<div class="pp-panels">{panels}</div>'
        + '<div class="pp-paper">'
        + pick("view", "Show", VIEWS, _VALUES)
        + "".join(views)
        + "</div>",
        f' data-name="{text(_key(variant))}"',
    )


def _panel(known: Catalogue, number: int, artifact: Artifact, here: str) -> str:
    """Return what one client makes of its file, and the ways to have it."""
    target = CLIENTS[artifact.target]
    title = link(text(target.title), reference_page(TARGETS, target.name), here)
    model = artifact.agent.model.ids.get(artifact.target, "")
    told = (
        "This client holds little or nothing of a policy: the prompt tells it."
        if target.advisory
        else ""
    )
    return (
        f'<section class="pp-panel f{number}" aria-label="{text(target.title)}">'
        f"<h2>{title}</h2>{_ways(artifact, here)}"
        + facts((("Model id", code(model) if model else ""),))
        + paragraph(told, "pp-note")
        + known.permissions(artifact)
        + _lost(artifact)
        + "</section>"
    )


def _ways(artifact: Artifact, here: str) -> str:
    path = artifact.path.split("/", 2)[2]
    name = path.rpartition("/")[2]
    command = install_command(artifact)
    return (
        f'<p class="pp-where">{code(path)}</p><p class="pp-ways">'
        '<button type="button" class="pp-button pp-main" data-pp-file hidden>Copy</button>'
        f'<a class="pp-button" href="{file_address(raw_file(artifact), here)}"'
        f' download="{text(name)}">Download</a></p>'
        f'<p class="pp-command">{copied(command, "Copy")}</p>'
    )


def install_command(artifact: Artifact) -> str:
    """Return the command that puts a file into a repository."""
    variant = artifact.variant
    words = f"promptpack install {variant.pack.name} --target {artifact.target}"
    return f"{words} --variant {variant.name} --into REPOSITORY"


def _lost(artifact: Artifact) -> str:
    if not artifact.losses:
        return paragraph("Nothing is lost.", "pp-note")
    return folded(f"Losses: {loss_counts(artifact.losses)}", losses(artifact.losses))


def _file(found: list[Run], known: Catalogue, here: str, files: int) -> str:
    """Return all files as runs; those of the first client have the anchors `L1` and so on."""
    parts, number = [], 0
    for run in found:
        first = 0 in run.clients
        rows = []
        for row in run.rows:
            number += first
            anchor = f' id="L{number}"' if first else ""
            rows.append(
                f'<span{anchor} data-n="{row.origins[0].line}">{text(row.text)}&#10;</span>'
            )
        label = _from(known, tuple(row.origins for row in run.rows), here)
        inside = f'<p class="pp-from">{label}</p><pre><code>{"".join(rows)}</code></pre>'
        parts.append(f'<div class="{_of(run.clients, files, "pp-run")}">{inside}</div>')
    named = ' tabindex="0" role="region" aria-label="The file"'
    return f'<div class="pp-file pp-shows v0 v2"{named}>{"".join(parts)}</div>'


def _of(clients: Clients, files: int, kind: str = "") -> str:
    """Return the classes of what is for some clients only."""
    if len(clients) == files:
        return kind
    return " ".join((kind, "pp-of", *(f"f{n}" for n in sorted(clients)))).strip()


def _from(known: Catalogue, origins: tuple[tuple[Origin, ...], ...], here: str) -> str:
    """Return links to the sources of a run of lines, the most specific first."""
    places: dict[str, list[int]] = {}
    for line in origins:
        for origin in line:
            places.setdefault(origin.path, []).append(origin.line)
    return " ".join(
        _place(known.places[path], path, min(found), max(found), here)
        for path, found in places.items()
    )


@lru_cache(maxsize=50_000)
def _place(page: str, path: str, first: int, last: int, here: str) -> str:
    span = f"{first}" if first == last else f"{first}-{last}"
    return link(text(f"{source_name(path)}:{span}"), f"{page}#L{first}", here)


def _rendered(cuts: list[Cut], files: tuple[Artifact, ...]) -> str:
    prompts = [chunks(artifact.agent.prompt) for artifact in files]
    parts = (
        f'<div class="{_of(clients, len(cuts))}">{rendered(chunk)}</div>'
        for chunk, clients in merging.merged(prompts)
    )
    return f'<div class="pp-rendered pp-shows v1">{"".join(parts)}</div>'


def _differences(known: Catalogue, variant: Variant, cuts: list[Cut], standard: Standard) -> str:
    here = variant_page(variant)
    default = known.default_of(variant.pack)
    if variant.is_default:
        said = paragraph("This is the default variant.", "pp-note")
    else:
        name = link(variant_name(default), variant_page(default), here)
        said = paragraph(f"What is different from the default variant, {name}.", "pp-note")
        said += _differing(known.files_of(variant), cuts, standard)
    return f'<div class="pp-differences pp-shows v3" id="difference">{said}</div>'


def _differing(files: tuple[Artifact, ...], cuts: list[Cut], standard: Standard) -> str:
    """Return the differences of each client's file, those of several clients once."""
    said = []
    for part in (_around, _prompt):
        pairs = (
            (part(standard[artifact.target]), part(own))
            for artifact, own in zip(files, cuts, strict=True)
        )
        for (old, new), clients in merging.grouped(pairs).items():
            if shown := difference(old, new):
                said.append(f'<div class="{_of(clients, len(cuts))}">{shown}</div>')
    return "".join(said)


def _around(cut: Cut) -> tuple[str, ...]:
    return tuple(row.text for row in (*cut.before, *cut.after))


def _prompt(cut: Cut) -> tuple[str, ...]:
    return tuple(row.text for row in cut.body)
