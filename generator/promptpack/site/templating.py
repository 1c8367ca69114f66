"""The templates of pages: a view in, a page of inert HTML out.

A template's own text is HTML. What it shows is escaped by its type: text as the project escapes it,
which is more than HTML alone asks for, and only finished HTML stays as it is. Filters that could
say otherwise are taken away.
"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from promptpack.model import OTHER_MCP
from promptpack.site.address import LEGEND_PAGE, make_address
from promptpack.site.escape import escape_address, escape_source, escape_text, flatten_lines
from promptpack.site.own_markdown import render_inline, render_markdown
from promptpack.site.page import Page, View, split_parts
from promptpack.site.wording import EFFECT_WORDS, format_count, format_number

_PAGE_WITH_LOSSES = "packs/name/index.md"
"""Every page that names losses lies as deep as this one."""


def render_page(view: View) -> Page:
    """Return the page that a view's template makes of its data."""
    html = get_environment().get_template(view.template).render(page=view.data)
    return Page(
        str(escape_text(view.title)),
        tuple(split_parts(html)),
        str(escape_text(view.description)),
        view.unlisted,
        view.wide,
    )


def render_macro(template: str, name: str, *values: object) -> Markup:
    """Return what one macro of a template makes of values, on one line."""
    macro = getattr(get_environment().get_template(template).module, name)
    return flatten_lines(macro(*values))


@cache
def get_environment() -> Environment:
    """Return the one environment; it holds templates that ship with the package and no values."""
    environment = Environment(
        loader=PackageLoader("promptpack.site"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_escape_value,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters = {
        "address": escape_address,
        "inline_markdown": render_inline,
        "length": len,
        "markdown": render_markdown,
        "pluralize": format_count,
        "source": escape_source,
        "thousands": format_number,
    }
    environment.globals = {
        "effect_words": EFFECT_WORDS,
        "loss_legend": make_address(f"{LEGEND_PAGE}#losses", _PAGE_WITH_LOSSES),
        "other_mcp": OTHER_MCP,
    }
    return environment


def _escape_value(value: object) -> object:
    """Return what a template shows of a value; an undefined one fails by itself."""
    if isinstance(value, Markup):
        return flatten_lines(value) if "\n" in value else value
    if isinstance(value, str):
        return escape_text(value)
    if isinstance(value, (int, StrictUndefined)) and not isinstance(value, bool):
        return value
    message = f"a template shows {type(value).__name__}, not text"
    raise TypeError(message)
