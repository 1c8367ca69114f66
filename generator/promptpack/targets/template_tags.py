r"""Text for templates of Jinja and Nunjucks: text in, a template out that prints it, and back.

A raw block would end where the text has `{% endraw %}`. So each `{` or `#` that could begin or end
a tag is an expression that prints it. The quotes in it are single ones, so it means the same in a
JSON string, whether that is read before it is rendered or after.
"""

from promptpack.patterns import compile_late

_TAG_MARK = compile_late(r"\{(?=[{%#])|#(?=\})")
_QUOTED_MARK = compile_late(r"\{\{ '([{#])' \}\}")
_TAG = compile_late(r"\{[{%#]")


def quote_tags(text: str) -> str:
    """Return a template that prints a text.

    >>> quote_tags("Keep {{ this }} as it is.")
    "Keep {{ '{' }}{ this }} as it is."
    """
    return _TAG_MARK.sub(lambda match: f"{{{{ '{match[0]}' }}}}", text)


def unquote_tags(template: str) -> str:
    """Return the text that a template prints; tags that `quote_tags` does not write stay."""
    return _QUOTED_MARK.sub(r"\1", template)


def has_own_tags(template: str) -> bool:
    """Tell whether a template has tags that `quote_tags` does not write."""
    return _TAG.search(_QUOTED_MARK.sub("", template)) is not None
