"""Our own Markdown, such as the pages of rules: Markdown in, one line of HTML out."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markupsafe import Markup

from promptpack.site.escape import CODE_ATTRIBUTES, UNSEARCHED, mark_safe

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_LABEL = re.compile("<p>(Why|Fix|Bad|Good):")
_STRONG_LABEL = r"<p><strong>\1:</strong>"


def render_markdown(markdown: str) -> Markup:
    """Return Markdown as HTML; the word that begins a part of a rule's page is strong.

    The search leaves examples of code out.
    """
    return mark_safe(_LABEL.sub(_STRONG_LABEL, _join_lines(_PARSER.render(markdown))))


def render_inline(markdown: str) -> Markup:
    """Return a sentence of Markdown as HTML."""
    return mark_safe(_join_lines(_PARSER.renderInline(markdown)))


def _join_lines(html: str) -> str:
    """Return HTML without newlines: in code they are references, elsewhere spaces."""
    return "".join(_flatten_parts(html))


def _flatten_parts(html: str) -> Iterator[str]:
    first, *rest = html.split("<pre>")
    yield first.replace("\n", " ")
    for part in rest:
        code_block, _, remainder = part.partition("</pre>")
        named_block = code_block.replace("<code", f"<code {CODE_ATTRIBUTES}", 1)
        yield f"<pre{UNSEARCHED}>{_escape_code_block(named_block)}</pre>"
        yield remainder.replace("\n", " ")


def _escape_code_block(content: str) -> str:
    """Return the inside of a code block with nothing that another Markdown reader would act on."""
    return content.replace("\n", "&#10;").replace("{", "&#123;").replace("}", "&#125;")
