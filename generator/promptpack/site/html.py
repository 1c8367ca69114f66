"""The HTML that pages are made of: inert pieces in, links, tables and boxes on one line out."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from promptpack.site.escape import text

Pairs = Iterable[tuple[str, str]]


@lru_cache(maxsize=20_000)
def address(page: str, here: str) -> str:
    """Return the relative address of a page from the page `here`; both are paths from the root.

    >>> address("fragments/index.md", "packs/demo/index.md")
    '../../fragments/index.html'
    """
    end = _end(page)
    path, rest = page[:end], page[end:]
    return file_address(f"{path.removesuffix('.md')}.html{rest}", here)


def file_address(file: str, here: str) -> str:
    """Return the relative address of a file that is no page from the page `here`."""
    return f"{'../' * here.count('/')}{file}"


def link(label: str, page: str, here: str, kind: str = "") -> str:
    """Return a link from the page `here` to another."""
    named = f' class="{kind}"' if kind else ""
    return f'<a{named} href="{address(page, here)}">{label}</a>'


def path_to(*steps: tuple[str, str], here: str) -> str:
    """Return the way to a page: the label and path of each step."""
    links = " / ".join(link(label, page, here) for label, page in steps)
    return f'<nav class="pp-path" aria-label="Path">{links}</nav>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], label: str = "") -> str:
    """Return a table that scrolls by itself; the first cell of a row names the row."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    named = f' role="region" aria-label="{label or "Table"}" tabindex="0"'
    return (
        f'<div class="pp-scroll"{named}><table class="pp-table">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def facts(pairs: Pairs) -> str:
    """Return short facts, term and value; those without a value are left out."""
    items = "".join(f"<div><dt>{term}</dt><dd>{value}</dd></div>" for term, value in pairs if value)
    return f'<dl class="pp-facts">{items}</dl>'


def paragraph(content: str, kind: str = "") -> str:
    """Return a paragraph, or nothing where there is no content."""
    named = f' class="{kind}"' if kind else ""
    return f"<p{named}>{content}</p>" if content else ""


def bullets(items: Iterable[str], kind: str = "") -> str:
    """Return a list of one-line items, or nothing where there are none."""
    inside = "".join(f"<li>{item}</li>" for item in items)
    named = f' class="{kind}"' if kind else ""
    return f"<ul{named}>{inside}</ul>" if inside else ""


def box(kind: str, content: str, attributes: str = "") -> str:
    """Return content in an element that the style sheet knows by a class name."""
    return f'<div class="{kind}"{attributes}>{content}</div>'


def folded(summary: str, content: str, kind: str = "pp-fold") -> str:
    """Return content that a reader opens."""
    return f'<details class="{kind}"><summary>{summary}</summary>{content}</details>'


def badge(label: str, kind: str) -> str:
    """Return a short word in a frame."""
    return f'<span class="pp-badge pp-{kind}">{label}</span>'


def pick(name: str, legend: str, labels: Sequence[str], values: Sequence[str]) -> str:
    """Return a choice of one: a radio button each, of which the style sheet knows the order."""
    inputs = "".join(
        f'<input type="radio" name="{name}" id="{name}-{n}" value="{value}"'
        f' class="pp-{name}-{n}"{" checked" if n == 0 else ""}>'
        f'<label for="{name}-{n}">{label}</label>'
        for n, (label, value) in enumerate(zip(labels, values, strict=True))
    )
    return f'<fieldset class="pp-pick pp-{name}"><legend>{legend}</legend>{inputs}</fieldset>'


def copied(value: str, label: str) -> str:
    """Return a command or path in code, with a button that copies it; needs the script."""
    return (
        f'<span class="pp-copied"><code>{text(value)}</code>'
        f'<button type="button" class="pp-button" data-pp-copy hidden>{label}</button></span>'
    )


def listed(words: Sequence[str]) -> str:
    """Return words as a sentence lists them: `a, b and c`."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def counted(number: int, what: str, many: str = "") -> str:
    """Return a number of things in words: `1 file`, `2 files`."""
    return f"{number:,} {what if number == 1 else many or f'{what}s'}"


def _end(page: str) -> int:
    """Return where the path of an address ends and its query or anchor begins."""
    return min((at for at in (page.find("?"), page.find("#")) if at >= 0), default=len(page))
