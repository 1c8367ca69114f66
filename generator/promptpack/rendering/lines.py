"""Lines of a prompt: rendered lines in, clean lines out, and blocks of them put together."""

import re
from collections.abc import Iterable

from promptpack.model import Line, Origin

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb; a number of tokens is always shown with `≈`."""

_ITEM = re.compile(r"([-*+]|[0-9]+[.)]) ")
_FENCE = re.compile(r"\s*(`{3,}(?!.*`)|~{3,})")

Lines = tuple[Line, ...]


def text_of(lines: Lines) -> str:
    """Return lines as one text, without a newline at its end."""
    return "\n".join(line.text for line in lines)


def clean(lines: Iterable[Line]) -> Lines:
    """Return lines without trailing white space, doubled blank lines, or blank ends.

    What stands inside a code fence is kept as it is.
    """
    kept: list[Line] = []
    fence = ""
    for line in lines:
        match = _FENCE.match(line.text)
        if fence:
            kept.append(line)
            if match and match[1].startswith(fence) and not line.text.strip(fence[0] + " \t"):
                fence = ""
            continue
        fence = match[1] if match else ""
        stripped = line._replace(text=line.text.rstrip())
        if stripped.text or (kept and kept[-1].text):
            kept.append(stripped)
    while kept and not kept[-1].text:
        kept.pop()
    return tuple(kept)


def join(blocks: Iterable[tuple[Origin, Lines]]) -> Lines:
    """Return blocks one after the other: lists of one kind run on, all else is set apart.

    The origin with a block is the line that put it there; from there comes what sets it apart.
    """
    lines: list[Line] = []
    last: str | None = None
    for origin, block in blocks:
        kind = _list_kind(block)
        if lines and (kind is None or kind != last):
            lines.append(Line("", origin))
        lines.extend(block)
        last = kind
    return tuple(lines)


def _list_kind(block: Lines) -> str | None:
    """Return the marker of a block that is a list and nothing else, or None."""
    kinds = set()
    for line in block:
        if line.text and not line.text.startswith((" ", "\t")):
            match = _ITEM.match(line.text)
            kinds.add((match[1] if match[1] in "-*+" else "1") if match else None)
    return next(iter(kinds)) if len(kinds) == 1 else None
