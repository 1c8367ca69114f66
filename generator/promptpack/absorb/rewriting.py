"""What a part of a template has to become: its text, what it gives and is to give in, text out.

The template's own tags stay, and absorbed text is data: what a template would take for its own
syntax is written so that it is not.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from promptpack.rendering.includes import escape_template

_TAG = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_PIECE = re.compile(
    r"(?P<block>(?<![^\n])[ \t]*\{%(?!-?\s*include\b)[^\n]*?%\}\n|(?<![^\n])[ \t]*\{#[^\n]*?#\}\n"
    r"|\{%(?!-?\s*include\b).*?%\}|\{#.*?#\})|(?P<value>\{\{.*?\}\}|\{%.*?%\})",
    re.DOTALL,
)
"""A tag that renders nothing, with its line where it stands alone on it, or one that renders."""
_SIZE_LIMIT = 2_000_000
"""The product of two lengths up to which texts are compared character by character."""


class _Unit(NamedTuple):
    """Source text that stays as it is, and the span of the rendered text that it gave."""

    source: str
    start: int
    end: int


def rewrite_block(source: str, old: str, new: str) -> str | None:
    """Return what a part of a template could become, where it renders `old` and is to render `new`.

    None where a value that it shows is not in the new text, or its lines can't be told apart.
    """
    units = _locate_units(source, old)
    if units is None or len(old) * len(new) > _SIZE_LIMIT:
        return None
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    written, position = "", 0
    for unit in units:
        start = _map_span(blocks, unit, old, new, position)
        if start is None:
            return None
        written += escape_template(new[position:start]) + unit.source
        position = start + unit.end - unit.start
    return written + escape_template(new[position:])


def rewrite_line(text: str, number: int, old: str, new: str) -> Iterator[str]:
    """Yield what a template's line could become, where it renders `old` and is to render `new`.

    Only what stands outside the template's own tags is touched.
    """
    source = text.split("\n")[number - 1]
    if source.rstrip() == old and not _TAG.search(source):
        yield escape_template(new)
        return
    start, end = find_changed_range(old, new)
    inserted_text = new[start : len(new) - (len(old) - end)]
    ranges = list(_find_literal_ranges(text, number))
    matcher = difflib.SequenceMatcher(None, source, old, autojunk=False)
    seen_ranges = set()
    for first, second, size in matcher.get_matching_blocks():
        if not (size and second <= start and end <= second + size):
            continue
        place = first + start - second
        stop = place + end - start
        if (place, stop) not in seen_ranges and any(a <= place and stop <= b for a, b in ranges):
            seen_ranges.add((place, stop))
            yield source[:place] + escape_template(inserted_text) + source[stop:]
    if (block := rewrite_block(source, old, new)) is not None:
        yield block


def rewrite_value(value: str, old: str, new: str) -> str | None:
    """Return what a value has to become for a line that shows it once to change as wanted."""
    if not value or old.count(value) != 1:
        return None
    prefix, _, suffix = old.partition(value)
    if len(new) < len(prefix) + len(suffix):
        return None
    if not (new.startswith(prefix) and new.endswith(suffix)):
        return None
    return new[len(prefix) : len(new) - len(suffix)]


def find_changed_range(old: str, new: str) -> tuple[int, int]:
    """Return the span of `old` that is not in `new`: all else stands before or after it in both."""
    shorter = min(len(old), len(new))
    start = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    rest = shorter - start
    suffix_length = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    return start, len(old) - suffix_length


def _locate_units(source: str, old: str) -> list[_Unit] | None:
    """Return the tags of a template with what each gave, or None where that can't be told."""
    pieces = [*_split_pieces(source)]
    units: list[_Unit] = []
    position, waiting, has_block = 0, "", False
    for index, (kind, text) in enumerate(pieces):
        if kind == "value" or (kind == "block" and waiting):
            waiting += text
        elif kind == "block":
            has_block = True
            units.append(_Unit(text, position, position))
        elif waiting:
            at = _find_literal(old, text, position, is_last=index == len(pieces) - 1)
            if at < 0:
                return None
            units.append(_Unit(waiting, position, at))
            position, waiting = at + len(text), ""
        elif old.startswith(text, position):
            position += len(text)
        elif has_block:  # what a condition left out
            units.append(_Unit(text, position, position))
        else:
            return None
    if waiting:
        units.append(_Unit(waiting, position, len(old)))
        position = len(old)
    return units if position == len(old) else None


def _find_literal(old: str, text: str, position: int, *, is_last: bool) -> int:
    """Return where the text after a value stands in a rendered text, or -1."""
    if is_last:
        start = len(old) - len(text)
        return start if start >= position and old.endswith(text) else -1
    return old.find(text, position)


def _split_pieces(source: str) -> Iterator[tuple[str, str]]:
    """Yield a template's text and tags in order, each with its kind."""
    position = 0
    for match in _PIECE.finditer(source):
        if match.start() > position:
            yield "text", source[position : match.start()]
        yield str(match.lastgroup), match[0]
        position = match.end()
    if position < len(source):
        yield "text", source[position:]


def _map_span(
    blocks: Sequence[difflib.Match], unit: _Unit, old: str, new: str, least: int
) -> int | None:
    """Return where in the new text that stands which a tag gives, or None where it does not."""
    for a, b, size in blocks:
        start = b + unit.start - a
        if a <= unit.start and unit.end <= a + size and start >= least:
            return start
    value = old[unit.start : unit.end]
    if value and new.count(value, least) == 1:
        return new.index(value, least)
    return None


def _find_literal_ranges(text: str, number: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of a line of a template that stand outside its tags."""
    lines = text.split("\n")
    begin = sum(len(line) + 1 for line in lines[: number - 1])
    end = begin + len(lines[number - 1])
    position = begin
    for tag in _TAG.finditer(text):
        if tag.end() <= begin:
            continue
        if tag.start() >= end:
            break
        if tag.start() > position:
            yield position - begin, tag.start() - begin
        position = max(position, tag.end())
    if position <= end:
        yield position - begin, end - begin
