"""Lines of a prompt: rendered lines in, clean lines out, and blocks of them put together."""

import re
from collections.abc import Iterable

from promptpack.model import Line, Origin

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb; a number of tokens is always shown with `≈`."""

_ITEM = re.compile(r"([-*+]|[0-9]+[.)]) ")
_FENCE = re.compile(r"\s*(`{3,}(?!.*`)|~{3,})")

Lines = tuple[Line, ...]


def join_text(lines: Lines) -> str:
    """Return lines as one text, without a newline at its end."""
    return "\n".join(line.text for line in lines)


def clean_lines(lines: Iterable[Line]) -> Lines:
    """Return lines without trailing white space, doubled blank lines, or blank ends.

    What stands inside a code fence is kept as it is.
    """
    result: list[Line] = []
    fence = ""
    for line in lines:
        match = _FENCE.match(line.text)
        if fence:
            result.append(line)
            if match and match[1].startswith(fence) and not line.text.strip(fence[0] + " \t"):
                fence = ""
            continue
        fence = match[1] if match else ""
        stripped_line = line._replace(text=line.text.rstrip())
        if stripped_line.text or (result and result[-1].text):
            result.append(stripped_line)
    while result and not result[-1].text:
        result.pop()
    return tuple(result)


def join_blocks(blocks: Iterable[tuple[Origin, Lines]]) -> Lines:
    """Return blocks one after the other: lists of one kind run on, all else is set apart.

    The origin with a block is the line that put it there; from there comes what sets it apart.
    """
    lines: list[Line] = []
    last_kind: str | None = None
    for origin, block in blocks:
        kind = _find_list_kind(block)
        if lines and (kind is None or kind != last_kind):
            lines.append(Line("", origin))
        lines.extend(block)
        last_kind = kind
    return tuple(lines)


def _find_list_kind(block: Lines) -> str | None:
    """Return the marker of a block that is a list and nothing else, or None."""
    kinds = set()
    for line in block:
        if line.text and not line.text.startswith((" ", "\t")):
            match = _ITEM.match(line.text)
            kinds.add((match[1] if match[1] in "-*+" else "1") if match else None)
    return next(iter(kinds)) if len(kinds) == 1 else None
