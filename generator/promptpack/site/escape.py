"""Authors' text as HTML that does nothing: any text in, one line of inert markup out.

What comes out can stand anywhere in an HTML or a Markdown page: all that HTML, Markdown, its
extensions or Jinja could act on is a character reference, so no reader of the page sees markup
where the author wrote text, and the text content of the markup is the text that came in.
"""

from collections.abc import Iterable
from functools import lru_cache

_ACTIVE_CODE_POINTS = (*range(0x20), *range(0x21, 0x30), *range(0x3A, 0x41), *range(0x5B, 0x61))
_REFERENCES = {
    code: f"&#{code};" for code in (*_ACTIVE_CODE_POINTS, *range(0x7B, 0x80), 0x2028, 0x2029)
}


@lru_cache(maxsize=50_000)
def escape_text(value: str) -> str:
    """Return a text as inline markup: letters, digits, spaces and character references only.

    C0 controls, DEL, all ASCII punctuation and the two Unicode line ends become references; what
    else is not ASCII stays, since HTML reads some of those references as another character.

    >>> escape_text("<b>")
    '&#60;b&#62;'
    """
    return value.translate(_REFERENCES)


def escape_code(value: str) -> str:
    """Return a text as an inline code element."""
    return f"<code>{escape_text(value)}</code>"


def escape_lines(values: Iterable[str], first: int = 1, anchor: str = "L") -> str:
    """Return lines, each ended by a newline, as elements with an anchor: `L1`, `L2` and so on."""
    numbered_lines = enumerate(values, first)
    return "".join(
        f'<span id="{anchor}{number}">{escape_text(value)}&#10;</span>'
        for number, value in numbered_lines
    )


def escape_source(value: str) -> str:
    """Return a source file as one line of HTML, with an anchor and a number for each line.

    Its text content is the file's text, to the character; a last line without a newline has none.
    """
    ends_with_newline = value.endswith("\n")
    escaped_lines = escape_lines(value.removesuffix("\n").split("\n"))
    content = (
        escaped_lines
        if ends_with_newline
        else escaped_lines.removesuffix("&#10;</span>") + "</span>"
    )
    return (
        '<div class="pp-file" tabindex="0" role="region" aria-label="Source">'
        f'<pre class="pp-text"><code>{content}</code></pre></div>'
    )
