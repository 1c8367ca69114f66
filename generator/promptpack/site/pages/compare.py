"""The page that compares two variants: a catalogue in, a page out.

A script reads from the address which two, and works out the difference. Without it the page leads
to the differences that each variant's own page holds.
"""

from promptpack.model import Variant
from promptpack.site.catalogue import (
    COMPARE_PAGE,
    Catalog,
    locate_data_file,
    locate_pack_page,
    locate_variant_page,
)
from promptpack.site.escape import escape_text
from promptpack.site.html import (
    make_address,
    make_file_address,
    render_link,
    render_list,
    render_paragraph,
)
from promptpack.site.page import Heading, Page
from promptpack.site.pages.variant import make_variant_title

_LEAD = "Two variants side by side, as one client loads them."
_CHOICE_FORM = (
    '<div class="pp-compare" hidden><form class="pp-choose" aria-label="What to compare">'
    '<label>This variant <select name="a"></select></label>'
    '<label>with this <select name="b"></select></label>'
    '<label>for <select name="client"></select></label></form>'
    '<p class="pp-count" role="status"></p>'
    '<div class="pp-scroll" role="region" aria-label="Side by side" tabindex="0">'
    '<table class="pp-sides"></table></div></div>'
)
"""What the script fills; nothing of it shows without."""


def make_compare_page(catalog: Catalog) -> Page:
    """Return the page that compares."""
    packs = (
        '<section class="pp-differ"><h3>'
        f"{render_link(escape_text(pack.title), locate_pack_page(pack), COMPARE_PAGE)}</h3>"
        + render_list(_render_entry(variant, pack.title) for variant in catalog.variants[pack.name])
        + "</section>"
        for pack in catalog.project.packs.values()
    )
    return Page(
        "Compare",
        (
            Heading("Compare", "about", 1),
            render_paragraph(_LEAD, "pp-lead"),
            _CHOICE_FORM,
            Heading("Differences to the default", "default", searched=False),
            render_paragraph(
                "Each variant's page holds what is different from its pack's default variant."
            ),
            f'<div class="pp-all">{"".join(packs)}</div>',
        ),
        wide=True,
    )


def _render_entry(variant: Variant, pack_title: str) -> str:
    """Return a link to a variant's differences, with what the script needs to compare it."""
    name = f"{variant.pack.name}/{variant.name}"
    page_address, data_address = (
        make_address(locate_variant_page(variant), COMPARE_PAGE),
        make_file_address(locate_data_file(variant.pack), COMPARE_PAGE),
    )
    default_label = " (default)" if variant.is_default else ""
    return (
        f'<a href="{page_address}?view=difference#difference" data-name="{escape_text(name)}"'
        f' data-pack="{escape_text(pack_title)}" data-files="{data_address}">'
        f"{make_variant_title(variant)}</a>{default_label}"
    )
