"""Edits of source lines: what is to be written where in, new texts or one line's new text out.

Absorbed text is data: what a template would take for its own syntax is written so that it is not.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from promptpack.source.strict_yaml import read_yaml
from promptpack.source.text import Mark

_TAG = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_OPENING = re.compile(r"\{(?=[{%#])")


class Edit(NamedTuple):
    """Lines to be put in place of `length` lines of a source, from `line` (counted from 1) on."""

    path: str
    line: int
    length: int
    lines: tuple[str, ...]


def applied(sources: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str] | None:
    """Return the new texts of the sources that edits concern, or None where two overlap."""
    texts: dict[str, str] = {}
    ordered = sorted(set(edits), key=lambda edit: (edit.path, edit.line, edit.length))
    for first, second in pairwise(ordered):
        if first.path == second.path and second.line < first.line + max(first.length, 1):
            return None
    for edit in reversed(ordered):
        lines = texts.get(edit.path, sources[edit.path]).split("\n")
        lines[edit.line - 1 : edit.line - 1 + edit.length] = edit.lines
        texts[edit.path] = "\n".join(lines)
    return texts


def as_template(text: str) -> str:
    """Return text as a template that renders to it.

    >>> as_template("{{ x }}")
    "{{ '{' }}{ x }}"
    """
    return _OPENING.sub("{{ '{' }}", text)


def line_edits(text: str, number: int, old: str, new: str) -> Iterator[str]:
    """Yield what a template's line could become, where it renders `old` and is to render `new`.

    Only what stands outside the template's own tags is touched.
    """
    source = text.split("\n")[number - 1]
    if source.rstrip() == old and not _TAG.search(source):
        yield as_template(new)
        return
    start, end = _changed(old, new)
    written = new[start : len(new) - (len(old) - end)]
    spans = list(_data_spans(text, number))
    matcher = difflib.SequenceMatcher(None, source, old, autojunk=False)
    seen = set()
    for first, second, size in matcher.get_matching_blocks():
        if not (size and second <= start and end <= second + size):
            continue
        place = first + start - second
        stop = place + end - start
        if (place, stop) not in seen and any(a <= place and stop <= b for a, b in spans):
            seen.add((place, stop))
            yield source[:place] + as_template(written) + source[stop:]


def value_edit(value: str, old: str, new: str) -> str | None:
    """Return what a value has to become for a line that shows it once to change as wanted."""
    if not value or old.count(value) != 1:
        return None
    before, _, after = old.partition(value)
    if len(new) < len(before) + len(after):
        return None
    if not (new.startswith(before) and new.endswith(after)):
        return None
    return new[len(before) : len(new) - len(after)]


def scalar_edit(text: str, path: str, mark: Mark, value: object) -> Edit | None:
    """Return the edit that gives a YAML scalar in one line another value, quoted as it was."""
    source = text.split("\n")[mark.line - 1]
    start, stop = mark.column - 1, mark.column - 1 + mark.width
    quote = source[start : start + 1]
    quoted = json.dumps(value, ensure_ascii=False)
    if quote == "'" and isinstance(value, str):
        quoted = "'" + value.replace("'", "''") + "'"
    plain = str(value)
    for written in (plain, quoted) if quote not in {"'", '"'} else (quoted,):
        edit = Edit(path, mark.line, 1, (source[:start] + written + source[stop:],))
        document = read_yaml((applied({path: text}, [edit]) or {path: text})[path], path)
        same = [data for data, place in document.values.items() if place[:2] == mark[:2]]
        if not document.findings and same and _at(document.data, same[-1]) == value:
            return edit
    return None


def _at(data: object, path: Iterable[str | int]) -> object:
    for step in path:
        data = data[step]  # type: ignore[index]  # a path of this very document
    return data


def _changed(old: str, new: str) -> tuple[int, int]:
    """Return the span of `old` that is not in `new`: all else stands before or after it in both."""
    shorter = min(len(old), len(new))
    start = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    rest = shorter - start
    kept = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    return start, len(old) - kept


def _data_spans(text: str, number: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of a line of a template that stand outside its tags."""
    lines = text.split("\n")
    begin = sum(len(line) + 1 for line in lines[: number - 1])
    end = begin + len(lines[number - 1])
    at = begin
    for tag in _TAG.finditer(text):
        if tag.end() <= begin:
            continue
        if tag.start() >= end:
            break
        if tag.start() > at:
            yield at - begin, tag.start() - begin
        at = max(at, tag.end())
    if at <= end:
        yield at - begin, end - begin
