"""Authors' text as HTML that does nothing: any text in, one line of inert markup out.

What comes out can stand anywhere in a Markdown page: all that Markdown, its extensions, Jinja or
HTML could act on is a character reference, so no reader of the page sees markup where the author
wrote text, and the text content of the markup is the text that came in.
"""

import re

_ACTIVE = re.compile("[\x00-\x1f!-/:-@\\[-`{-\x7f\u2028\u2029]")


def text(value: str) -> str:
    """Return a text as inline markup: letters, digits, spaces and character references only.

    C0 controls, DEL, all ASCII punctuation and the two Unicode line ends become references; what
    else is not ASCII stays, since HTML reads some of those references as another character.

    >>> text("<b>")
    '&#60;b&#62;'
    """
    return _ACTIVE.sub(lambda match: f"&#{ord(match.group())};", value)


def code(value: str) -> str:
    """Return a text as an inline code element."""
    return f"<code>{text(value)}</code>"


def block(value: str) -> str:
    """Return a text as one line of HTML with an element a line; newlines stand between them.

    It has to start a line of the page. Its text content is the text, byte for byte.
    """
    lines = (f"<span>{text(line)}</span>" if line else "" for line in value.split("\n"))
    return f'<pre class="pp-text"><code>{"&#10;".join(lines)}</code></pre>'
