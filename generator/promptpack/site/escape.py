"""Authors' text as HTML that does nothing: any text in, one line of inert markup out.

What comes out can stand anywhere in an HTML or a Markdown page: all that HTML, Markdown, its
extensions or Jinja could act on is a character reference, so no reader of the page sees markup
where the author wrote text, and the text content of the markup is the text that came in.

Finished HTML has a type of its own, `Markup`. Only this module makes it, and the templates: what is
not of that type is text, and is escaped wherever it is shown.
"""

import re
from collections.abc import Iterable

from markupsafe import Markup

_ACTIVE_CODE_POINTS = (*range(0x20), *range(0x21, 0x30), *range(0x3A, 0x41), *range(0x5B, 0x61))
_REFERENCES = {
    code: f"&#{code};" for code in (*_ACTIVE_CODE_POINTS, *range(0x7B, 0x80), 0x2028, 0x2029)
}
_ADDRESS_REFERENCES = {
    code: reference for code, reference in _REFERENCES.items() if chr(code) not in "#-./=?_"
}


_PLAIN = "-./:,()_*+!?@%$#;'=[]{}|~^\\`"
"""Punctuation that is a reference for readers of Markdown only; in HTML it means nothing."""

NO_HTML = Markup("")
"""Finished HTML of which there is nothing yet."""

UNSEARCHED = ' data-search-exclude=""'
"""An attribute of what the search leaves out."""

_INDENTED_LINE = re.compile(r"\n\s+")


def escape_text(value: str) -> Markup:
    """Return a text as inline markup: letters, digits, spaces and character references only.

    C0 controls, DEL, all ASCII punctuation and the two Unicode line ends become references; what
    else is not ASCII stays, since HTML reads some of those references as another character.

    >>> print(escape_text("<b>"))
    &#60;b&#62;
    """
    return Markup(value.translate(_REFERENCES))  # noqa: S704 - nothing active is left


def escape_address(value: str) -> Markup:
    """Return an address, or the name of an anchor, for a quoted attribute.

    What addresses of the site are made of stays readable; no reader acts on that in an attribute.

    >>> print(escape_address("../a_b.html?x=1&y=2#L1"))
    ../a_b.html?x=1&#38;y=2#L1
    """
    return Markup(value.translate(_ADDRESS_REFERENCES))  # noqa: S704 - nothing active is left


def escape_code(value: str) -> Markup:
    """Return a text as an inline code element."""
    return mark_safe(f"<code>{escape_text(value)}</code>")


def escape_source(value: str) -> Markup:
    """Return a source file as one line of HTML, with an anchor and a number for each line.

    Its text content is the file's text, to the character; a last line without a newline has none.
    The search leaves front matter out, since the page says in words what it holds.
    """
    *lines, last_line = value.split("\n")
    head_count = lines.index("---", 1) + 1 if lines[:1] == ["---"] and "---" in lines[1:] else 0
    numbered_lines = [
        f'<span id="L{number}"{UNSEARCHED if number <= head_count else ""}>'
        f"{escape_text(line)}&#10;</span>"
        for number, line in enumerate(lines, 1)
    ]
    if last_line or not lines:
        numbered_lines.append(f'<span id="L{len(lines) + 1}">{escape_text(last_line)}</span>')
    return mark_safe(
        '<div class="pp-file" tabindex="0" role="region" aria-label="Source">'
        f'<pre class="pp-text">{"".join(numbered_lines)}</pre></div>'
    )


CODE_ATTRIBUTES = 'tabindex="0" role="group" aria-label="Code"'
"""Of code that may be wider than a page, so that a keyboard can scroll it, by a name."""


def mark_safe(html: str) -> Markup:
    """Return HTML of ours as such: its texts must be escaped already."""
    return Markup(html)  # noqa: S704 - the caller vouches for it


def join_markup(parts: Iterable[Markup]) -> Markup:
    """Return pieces of markup one after the other; what is only text among them is escaped."""
    return Markup("").join(parts)


def relax_references(html: str) -> str:
    """Return a page as HTML that nothing but a browser reads: plain punctuation is itself.

    >>> relax_references("a&#46;md &#38;&#60;b&#62;")
    'a.md &#38;&#60;b&#62;'
    """
    for character in _PLAIN:
        html = html.replace(_REFERENCES[ord(character)], character)
    return html


def drop_indentation(html: str) -> str:
    r"""Return a page without blank lines and the spaces that lines begin with.

    What is shown to the letter on a page of ours has no lines of its own: they are references, and
    only afterwards line ends.

    >>> drop_indentation("<p>\n\n  a&#10;  b\n</p>")
    '<p>\na\n  b\n</p>'
    """
    return _INDENTED_LINE.sub("\n", html).replace(_REFERENCES[ord("\n")], "\n")


def flatten_lines(html: str) -> Markup:
    r"""Return HTML as one line: a line end between tags vanishes, any other is a space.

    Values hold no line ends, so these are the template's own.

    >>> print(flatten_lines("<ul>\n  <li>a\n  b</li>\n</ul>\n"))
    <ul><li>a b</li></ul>
    """
    lines = (line.strip(" ") for line in str(html).split("\n"))
    text = "\n".join(line for line in lines if line)
    return Markup(text.replace(">\n<", "><").replace("\n", " "))  # noqa: S704 - it was HTML
