"""The catalogue on the home page: packs in, cards and what they can be filtered by out."""

from collections.abc import Iterator, Mapping

from promptpack.model import Pack
from promptpack.site.catalogue import HOME_PAGE, Catalog, locate_pack_page, locate_variant_page
from promptpack.site.escape import escape_text
from promptpack.site.html import format_count, render_link
from promptpack.site.page import Heading, Page
from promptpack.site.pages.variant import estimate_tokens, make_variant_title
from promptpack.targets import TARGETS as CLIENTS

_FILTERS = ("model", "policy", "target", "tag")


def make_home_page(catalog: Catalog) -> Page:
    """Return the home page of a site that has none written by hand."""
    lead = "Each agent is written once, and built for each model, tool policy and client."
    parts = (
        Heading("Agents", "agents", 1),
        f'<p class="pp-lead">{lead}</p>',
        render_cards(catalog),
    )
    return Page("Agents", parts, wide=True)


def render_cards(catalog: Catalog) -> str:
    """Return a card for each pack and the chips that filter them, on one line."""
    packs = list(catalog.project.packs.values())
    if not packs:
        return "<p>There is no pack yet.</p>"
    card_items = "".join(_render_card(catalog, pack) for pack in packs)
    count = f'<p class="pp-count" role="status">{format_count(len(packs), "agent")}</p>'
    return (
        f'<div class="pp-catalogue">{_render_filters(catalog)}{count}<ul class="pp-cards">'
        f"{card_items}</ul></div>"
    )


def _render_filters(catalog: Catalog) -> str:
    """Return the chips; they wait for the script that makes them work."""
    groups = "".join(
        f'<fieldset class="pp-pick pp-chips"><legend>{kind.title()}</legend>'
        + "".join(
            f'<input type="checkbox" id="{kind}-{number}" name="{kind}" '
            f'value="{escape_text(name)}">'
            f'<label for="{kind}-{number}">{escape_text(title)}</label>'
            for number, (name, title) in enumerate(choices.items())
        )
        + "</fieldset>"
        for kind, choices in _collect_choices(catalog).items()
        if len(choices) > 1 or (choices and kind == "tag")  # a pack may have no tag
    )
    return (
        '<form class="pp-filters" aria-label="Filter" hidden>'
        f'{groups}<button type="reset" class="pp-button" hidden>Show all</button></form>'
    )


def _collect_choices(catalog: Catalog) -> Mapping[str, dict[str, str]]:
    """Return what packs can be filtered by: titles by name, for each kind."""
    choices: dict[str, dict[str, str]] = {kind: {} for kind in _FILTERS}
    for pack in catalog.project.packs.values():
        choices["model"] |= {name: catalog.project.models[name].title for name in pack.models}
        choices["policy"] |= {name: catalog.project.policies[name].title for name in pack.policies}
        choices["target"] |= {name: CLIENTS[name].title for name in _iter_targets(catalog, pack)}
        choices["tag"] |= {tag: tag for tag in pack.tags}
    return choices


def _iter_targets(catalog: Catalog, pack: Pack) -> Iterator[str]:
    return (artifact.target for artifact in catalog.list_files(catalog.find_default_variant(pack)))


def _render_card(catalog: Catalog, pack: Pack) -> str:
    variants, default = catalog.variants[pack.name], catalog.find_default_variant(pack)
    size = " · ".join(
        (
            format_count(len(variants), "variant"),
            format_count(len(catalog.list_files(default)), "client"),
            f"≈ {estimate_tokens(catalog.list_files(default)[0].agent.prompt):,} tokens",
        )
    )
    data = {
        "variants": " ".join(variant.name for variant in variants),
        "targets": " ".join(_iter_targets(catalog, pack)),
        "tags": " ".join(pack.tags),
    }
    attributes = "".join(f' data-{name}="{escape_text(value)}"' for name, value in data.items())
    tags = "".join(f"<li>{escape_text(tag)}</li>" for tag in pack.tags)
    return (
        f'<li class="pp-card"{attributes}><h2>'
        f"{render_link(escape_text(pack.title), locate_pack_page(pack), HOME_PAGE)}</h2>"
        f"<p>{escape_text(pack.description)}</p>"
        + (f'<ul class="pp-tags">{tags}</ul>' if tags else "")
        + f'<p class="pp-size">{size}</p><p class="pp-best">Default: '
        f"{render_link(make_variant_title(default), locate_variant_page(default), HOME_PAGE)}"
        "</p></li>"
    )
