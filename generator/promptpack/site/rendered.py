"""A prompt as a reader of Markdown sees it: prompt text in, one line of inert HTML a chunk out.

Only the structure is rendered. HTML, links and images stay the text that they are, and headings are
told from those of the page: they are not in its outline. So are the tags that begin a section.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from promptpack.site import escape as inert

_DISABLED_RULES = ("link", "image", "autolink", "html_inline", "html_block", "reference", "entity")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r"#{1,6}( |$)")
_TAG = re.compile(r"<(/?)([a-z][a-z0-9_-]{0,60})>[ \t]*")
"""A tag alone on a line, as the layouts for some models begin and end a section."""


class _InertRenderer(RendererHTML):
    """Writes text so that it stays text, and newlines so that a page's line stays one line."""

    def text(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:  # noqa: ANN401 - the reader's signature
        return str(inert.escape_text(tokens[idx].content))

    def code_inline(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:  # noqa: ANN401 - the same
        return str(inert.escape_code(tokens[idx].content))

    def code_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:  # noqa: ANN401 - the same
        code = inert.escape_text(tokens[idx].content)
        return f"<pre><code {inert.CODE_ATTRIBUTES}>{code}</code></pre>"

    def fence(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:  # noqa: ANN401 - the same
        return self.code_block(tokens, idx)

    def softbreak(self, *_: Any) -> str:  # noqa: ANN401 - the same
        return "&#10;"

    def heading_open(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:  # noqa: ANN401 - the same
        level = int(tokens[idx].tag[1])
        return f'<p role="heading" aria-level="{min(level + 2, 9)}" class="pp-h{level}">'

    def heading_close(self, *_: Any) -> str:  # noqa: ANN401 - the same
        return "</p>"


_MARKDOWN = (
    MarkdownIt("commonmark", renderer_cls=_InertRenderer).enable("table").disable(_DISABLED_RULES)
)


def split_chunks(prompt: str) -> tuple[str, ...]:
    """Return a prompt cut before each heading and tag line; each chunk means the same alone.

    A heading at the start of a line ends whatever is open but a fence, and without links nothing
    refers to another chunk.
    """
    return tuple("\n".join(chunk) for chunk in _iter_chunks(prompt.split("\n")))


def render_chunk(chunk: str) -> Markup:
    """Return a chunk as one line of HTML: a tag line is the heading of what it is around."""
    html = "".join(_render_lines(lines) for lines in _iter_chunks(chunk.split("\n")))
    return inert.mark_safe(html)


def _render_lines(lines: list[str]) -> str:
    """Return lines of which only the first may be a tag; what a closing tag says is seen anyway."""
    tag_match = _TAG.fullmatch(lines[0])
    html: str = _MARKDOWN.render("\n".join(lines[1:] if tag_match else lines))
    html = html.replace("\n", "")
    if tag_match is None or tag_match[1]:
        return html
    label = tag_match[2].replace("_", " ").capitalize()
    heading = f'<p role="heading" aria-level="3" class="pp-h2">{inert.escape_text(label)}</p>'
    return f"{heading}{html}"


def _iter_chunks(lines: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    fence = ""
    for line in lines:
        fence_match = _FENCE.match(line)
        if fence:
            is_closing = (
                fence_match and fence_match[1].startswith(fence) and not fence_match[2].strip()
            )
            fence = "" if is_closing else fence
        elif fence_match and not (fence_match[1][0] == "`" and "`" in fence_match[2]):
            fence = fence_match[1]
        elif chunk and (_HEADING.match(line) or _TAG.fullmatch(line)):
            yield chunk
            chunk = []
        chunk.append(line)
    yield chunk
