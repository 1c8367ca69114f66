"""A prompt as a reader of Markdown sees it: prompt text in, one line of inert HTML a chunk out.

Only the structure is rendered. HTML, links and images stay the text that they are, and headings are
told from those of the page: they are not in its outline.
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


class _InertRenderer(RendererHTML):
    """Writes text so that it stays text, and newlines so that a page's line stays one line."""

    def text(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:  # noqa: ANN401 - the reader's signature
        return str(inert.escape_text(tokens[idx].content))

    def code_inline(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:  # noqa: ANN401 - the same
        return str(inert.escape_code(tokens[idx].content))

    def code_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:  # noqa: ANN401 - the same
        return f'<pre tabindex="0"><code>{inert.escape_text(tokens[idx].content)}</code></pre>'

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
    """Return a prompt cut before each heading; each chunk means the same alone as in its place.

    A heading at the start of a line ends whatever is open but a fence, and without links nothing
    refers to another chunk.
    """
    return tuple("\n".join(chunk) for chunk in _iter_chunks(prompt.split("\n")))


def render_chunk(chunk: str) -> Markup:
    """Return a chunk as one line of HTML."""
    html: str = _MARKDOWN.render(chunk)
    return inert.mark_safe(html.replace("\n", ""))


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
        elif _HEADING.match(line) and chunk:
            yield chunk
            chunk = []
        chunk.append(line)
    yield chunk
