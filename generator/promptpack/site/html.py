"""The HTML that pages are made of: inert pieces in, links, tables and boxes on one line out."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from promptpack.site.escape import escape_text

TermValuePairs = Iterable[tuple[str, str]]


@lru_cache(maxsize=20_000)
def make_address(page: str, here: str) -> str:
    """Return the relative address of a page from the page `here`; both are paths from the root.

    >>> make_address("fragments/index.md", "packs/demo/index.md")
    '../../fragments/index.html'
    """
    path_end = _find_path_end(page)
    path, rest = page[:path_end], page[path_end:]
    return make_file_address(f"{path.removesuffix('.md')}.html{rest}", here)


def make_file_address(file: str, here: str) -> str:
    """Return the relative address of a file that is no page from the page `here`."""
    return f"{'../' * here.count('/')}{file}"


def render_link(label: str, page: str, here: str, css_class: str = "") -> str:
    """Return a link from the page `here` to another."""
    class_attribute = f' class="{css_class}"' if css_class else ""
    return f'<a{class_attribute} href="{make_address(page, here)}">{label}</a>'


def render_breadcrumb(*steps: tuple[str, str], here: str) -> str:
    """Return the way to a page: the label and path of each step."""
    links = " / ".join(render_link(label, page, here) for label, page in steps)
    return f'<nav class="pp-path" aria-label="Path">{links}</nav>'


def render_table(header: Sequence[str], rows: Iterable[Sequence[str]], label: str = "") -> str:
    """Return a table that scrolls by itself; the first cell of a row names the row."""
    header_cells = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    body_rows = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    attributes = f' role="region" aria-label="{label or "Table"}" tabindex="0"'
    return (
        f'<div class="pp-scroll"{attributes}><table class="pp-table">'
        f"<thead><tr>{header_cells}</tr></thead><tbody>{body_rows}</tbody></table></div>"
    )


def render_facts(pairs: TermValuePairs) -> str:
    """Return short facts, term and value; those without a value are left out."""
    items = "".join(f"<div><dt>{term}</dt><dd>{value}</dd></div>" for term, value in pairs if value)
    return f'<dl class="pp-facts">{items}</dl>'


def render_paragraph(content: str, css_class: str = "") -> str:
    """Return a paragraph, or nothing where there is no content."""
    class_attribute = f' class="{css_class}"' if css_class else ""
    return f"<p{class_attribute}>{content}</p>" if content else ""


def render_list(items: Iterable[str], css_class: str = "") -> str:
    """Return a list of one-line items, or nothing where there are none."""
    list_items = "".join(f"<li>{item}</li>" for item in items)
    class_attribute = f' class="{css_class}"' if css_class else ""
    return f"<ul{class_attribute}>{list_items}</ul>" if list_items else ""


def render_box(css_class: str, content: str, attributes: str = "") -> str:
    """Return content in an element that the style sheet knows by a class name."""
    return f'<div class="{css_class}"{attributes}>{content}</div>'


def render_details(summary: str, content: str, css_class: str = "pp-fold") -> str:
    """Return content that a reader opens."""
    return f'<details class="{css_class}"><summary>{summary}</summary>{content}</details>'


def render_badge(label: str, kind: str) -> str:
    """Return a short word in a frame."""
    return f'<span class="pp-badge pp-{kind}">{label}</span>'


def render_radio_group(name: str, legend: str, labels: Sequence[str], values: Sequence[str]) -> str:
    """Return a choice of one: a radio button each, of which the style sheet knows the order."""
    inputs = "".join(
        f'<input type="radio" name="{name}" id="{name}-{number}" value="{value}"'
        f' class="pp-{name}-{number}"{" checked" if number == 0 else ""}>'
        f'<label for="{name}-{number}">{label}</label>'
        for number, (label, value) in enumerate(zip(labels, values, strict=True))
    )
    return f'<fieldset class="pp-pick pp-{name}"><legend>{legend}</legend>{inputs}</fieldset>'


def render_copyable(value: str, label: str) -> str:
    """Return a command or path in code, with a button that copies it; needs the script."""
    return (
        f'<span class="pp-copied"><code>{escape_text(value)}</code>'
        f'<button type="button" class="pp-button" data-pp-copy hidden>{label}</button></span>'
    )


def join_words(words: Sequence[str]) -> str:
    """Return words as a sentence lists them: `a, b and c`."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def format_count(number: int, singular: str, plural: str = "") -> str:
    """Return a number of things in words: `1 file`, `2 files`."""
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"


def _find_path_end(page: str) -> int:
    """Return where the path of an address ends and its query or anchor begins."""
    return min(
        (position for position in (page.find("?"), page.find("#")) if position >= 0),
        default=len(page),
    )
