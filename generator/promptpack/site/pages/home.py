"""The catalogue on the home page: packs in, cards and what they can be filtered by out."""

from collections.abc import Iterator, Mapping

from promptpack.model import Pack
from promptpack.site.catalogue import HOME, Catalogue, pack_page, variant_page
from promptpack.site.escape import text
from promptpack.site.html import counted, link
from promptpack.site.page import Heading, Page
from promptpack.site.pages.variant import tokens, variant_name
from promptpack.targets import TARGETS as CLIENTS

_FILTERS = ("model", "policy", "target", "tag")


def home_document(known: Catalogue) -> Page:
    """Return the home page of a site that has none written by hand."""
    lead = "Each agent is written once, and built for each model, tool policy and client."
    parts = (Heading("Agents", "agents", 1), f'<p class="pp-lead">{lead}</p>', cards(known))
    return Page("Agents", parts, wide=True)


def cards(known: Catalogue) -> str:
    """Return a card for each pack and the chips that filter them, on one line."""
    packs = list(known.project.packs.values())
    if not packs:
        return "<p>There is no pack yet.</p>"
    shown = "".join(_card(known, pack) for pack in packs)
    count = f'<p class="pp-count" role="status">{counted(len(packs), "agent")}</p>'
    return (
        f'<div class="pp-catalogue">{_filters(known)}{count}<ul class="pp-cards">{shown}</ul></div>'
    )


def _filters(known: Catalogue) -> str:
    """Return the chips; they wait for the script that makes them work."""
    groups = "".join(
        f'<fieldset class="pp-pick pp-chips"><legend>{kind.title()}</legend>'
        + "".join(
            f'<input type="checkbox" id="{kind}-{n}" name="{kind}" value="{text(name)}">'
            f'<label for="{kind}-{n}">{text(title)}</label>'
            for n, (name, title) in enumerate(found.items())
        )
        + "</fieldset>"
        for kind, found in _choices(known).items()
        if len(found) > 1 or (found and kind == "tag")  # a pack may have no tag
    )
    return (
        '<form class="pp-filters" aria-label="Filter" hidden>'
        f'{groups}<button type="reset" class="pp-button" hidden>Show all</button></form>'
    )


def _choices(known: Catalogue) -> Mapping[str, dict[str, str]]:
    """Return what packs can be filtered by: titles by name, for each kind."""
    found: dict[str, dict[str, str]] = {kind: {} for kind in _FILTERS}
    for pack in known.project.packs.values():
        found["model"] |= {name: known.project.models[name].title for name in pack.models}
        found["policy"] |= {name: known.project.policies[name].title for name in pack.policies}
        found["target"] |= {name: CLIENTS[name].title for name in _targets(known, pack)}
        found["tag"] |= {tag: tag for tag in pack.tags}
    return found


def _targets(known: Catalogue, pack: Pack) -> Iterator[str]:
    return (artifact.target for artifact in known.files_of(known.default_of(pack)))


def _card(known: Catalogue, pack: Pack) -> str:
    variants, default = known.variants[pack.name], known.default_of(pack)
    size = " · ".join(
        (
            counted(len(variants), "variant"),
            counted(len(known.files_of(default)), "client"),
            f"≈ {tokens(known.files_of(default)[0].agent.prompt):,} tokens",
        )
    )
    data = {
        "variants": " ".join(variant.name for variant in variants),
        "targets": " ".join(_targets(known, pack)),
        "tags": " ".join(pack.tags),
    }
    attributes = "".join(f' data-{name}="{text(value)}"' for name, value in data.items())
    tags = "".join(f"<li>{text(tag)}</li>" for tag in pack.tags)
    return (
        f'<li class="pp-card"{attributes}><h2>{link(text(pack.title), pack_page(pack), HOME)}</h2>'
        f"<p>{text(pack.description)}</p>"
        + (f'<ul class="pp-tags">{tags}</ul>' if tags else "")
        + f'<p class="pp-size">{size}</p><p class="pp-best">Default: '
        f"{link(variant_name(default), variant_page(default), HOME)}</p></li>"
    )
