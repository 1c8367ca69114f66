"""Edits of source lines: what is to be written where in, new texts or one line's new text out.

Absorbed text is data: what a template would take for its own syntax is written so that it is not.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from promptpack.rendering.includes import escape_template
from promptpack.source.strict_yaml import read_yaml
from promptpack.source.text import Span

_TAG = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


class Edit(NamedTuple):
    """Lines to be put in place of `length` lines of a source, from `line` (counted from 1) on."""

    path: str
    line: int
    length: int
    lines: tuple[str, ...]


def apply_edits(sources: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str] | None:
    """Return the new texts of the sources that edits concern, or None where two overlap."""
    texts: dict[str, str] = {}
    ordered_edits = sorted(set(edits), key=lambda edit: (edit.path, edit.line, edit.length))
    for first, second in pairwise(ordered_edits):
        if first.path == second.path and second.line < first.line + max(first.length, 1):
            return None
    for edit in reversed(ordered_edits):
        lines = texts.get(edit.path, sources[edit.path]).split("\n")
        lines[edit.line - 1 : edit.line - 1 + edit.length] = edit.lines
        texts[edit.path] = "\n".join(lines)
    return texts


def rewrite_line(text: str, number: int, old: str, new: str) -> Iterator[str]:
    """Yield what a template's line could become, where it renders `old` and is to render `new`.

    Only what stands outside the template's own tags is touched.
    """
    source = text.split("\n")[number - 1]
    if source.rstrip() == old and not _TAG.search(source):
        yield escape_template(new)
        return
    start, end = _find_changed_range(old, new)
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


def edit_scalar(text: str, path: str, span: Span, value: object) -> Edit | None:
    """Return the edit that gives a YAML scalar in one line another value, quoted as it was."""
    source = text.split("\n")[span.line - 1]
    start, stop = span.column - 1, span.column - 1 + span.width
    quote = source[start : start + 1]
    quoted_value = json.dumps(value, ensure_ascii=False)
    if quote == "'" and isinstance(value, str):
        quoted_value = "'" + value.replace("'", "''") + "'"
    plain_value = str(value)
    for new_text in (plain_value, quoted_value) if quote not in {"'", '"'} else (quoted_value,):
        edit = Edit(path, span.line, 1, (source[:start] + new_text + source[stop:],))
        document = read_yaml((apply_edits({path: text}, [edit]) or {path: text})[path], path)
        data_paths = [data for data, place in document.values.items() if place[:2] == span[:2]]
        if (
            not document.findings
            and data_paths
            and _get_value(document.data, data_paths[-1]) == value
        ):
            return edit
    return None


def _get_value(data: object, path: Iterable[str | int]) -> object:
    for step in path:
        data = data[step]  # type: ignore[index]  # a path of this very document
    return data


def _find_changed_range(old: str, new: str) -> tuple[int, int]:
    """Return the span of `old` that is not in `new`: all else stands before or after it in both."""
    shorter = min(len(old), len(new))
    start = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    rest = shorter - start
    suffix_length = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    return start, len(old) - suffix_length


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
