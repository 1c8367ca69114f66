"""How one text differs from another: two tuples of lines in, one line of HTML out."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache

from promptpack.site.escape import text

_AROUND = 2


@lru_cache(maxsize=8192)
def difference(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    """Return what went and what came, with a little around it; nothing where they are the same."""
    if old == new:
        return ""
    inside = "".join(_hunks(old, new))
    return f'<pre class="pp-diff"><code>{inside}</code></pre>'


def _hunks(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[str]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(_AROUND)):
        if number or group[0][1]:
            yield '<span class="pp-gap">⋯&#10;</span>'
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from (_line("span", line) for line in old[start:end])
            else:
                yield from (_line("del", line) for line in old[start:end])
                yield from (_line("ins", line) for line in new[new_start:new_end])


def _line(element: str, line: str) -> str:
    return f"<{element}>{text(line)}&#10;</{element}>"
