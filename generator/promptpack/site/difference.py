"""How one text differs from another: two tuples of lines in, one line of HTML out."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache

from promptpack.site.escape import escape_text

_CONTEXT_LINES = 2


@lru_cache(maxsize=8192)
def render_difference(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    """Return what went and what came, with a little around it; nothing where they are the same."""
    if old == new:
        return ""
    content = "".join(_render_hunks(old, new))
    return f'<pre class="pp-diff"><code>{content}</code></pre>'


def _render_hunks(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[str]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(_CONTEXT_LINES)):
        if number or group[0][1]:
            yield '<span class="pp-gap">⋯&#10;</span>'
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from (_render_line("span", line) for line in old[start:end])
            else:
                yield from (_render_line("del", line) for line in old[start:end])
                yield from (_render_line("ins", line) for line in new[new_start:new_end])


def _render_line(element: str, line: str) -> str:
    return f"<{element}>{escape_text(line)}&#10;</{element}>"
