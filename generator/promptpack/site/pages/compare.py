"""The page that compares two variants: a catalogue in, a page out.

A script reads from the address which two, and works out the difference. Without it the page leads
to the differences that each variant's own page holds.
"""

from promptpack.model import Variant
from promptpack.site.catalogue import COMPARE, Catalogue, data_file, pack_page, variant_page
from promptpack.site.escape import text
from promptpack.site.html import address, bullets, file_address, link, paragraph
from promptpack.site.page import Heading, Page
from promptpack.site.pages.variant import variant_name

_LEAD = "Two variants side by side, as one client loads them."
_CHOICE = (
    '<div class="pp-compare" hidden><form class="pp-choose" aria-label="What to compare">'
    '<label>This variant <select name="a"></select></label>'
    '<label>with this <select name="b"></select></label>'
    '<label>for <select name="client"></select></label></form>'
    '<p class="pp-count" role="status"></p>'
    '<div class="pp-scroll" role="region" aria-label="Side by side" tabindex="0">'
    '<table class="pp-sides"></table></div></div>'
)
"""What the script fills; nothing of it shows without."""


def compare_document(known: Catalogue) -> Page:
    """Return the page that compares."""
    packs = (
        f'<section class="pp-differ"><h3>{link(text(pack.title), pack_page(pack), COMPARE)}</h3>'
        + bullets(_entry(variant, pack.title) for variant in known.variants[pack.name])
        + "</section>"
        for pack in known.project.packs.values()
    )
    return Page(
        "Compare",
        (
            Heading("Compare", "about", 1),
            paragraph(_LEAD, "pp-lead"),
            _CHOICE,
            Heading("Differences to the default", "default", searched=False),
            paragraph(
                "Each variant's page holds what is different from its pack's default variant."
            ),
            f'<div class="pp-all">{"".join(packs)}</div>',
        ),
        wide=True,
    )


def _entry(variant: Variant, pack: str) -> str:
    """Return a link to a variant's differences, with what the script needs to compare it."""
    name = f"{variant.pack.name}/{variant.name}"
    page, data = (
        address(variant_page(variant), COMPARE),
        file_address(data_file(variant.pack), COMPARE),
    )
    default = " (default)" if variant.is_default else ""
    return (
        f'<a href="{page}?view=difference#difference" data-name="{text(name)}"'
        f' data-pack="{text(pack)}" data-files="{data}">{variant_name(variant)}</a>{default}'
    )
