"""Edits of values in YAML, in the form that they have: a text, a place and a value in, an edit out.

Each edit is read back: it is one only if the value is then as wanted, and all else as before.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import yaml

from promptpack.absorb.edits import Edit, apply_edits
from promptpack.absorb.rewriting import find_changed_range
from promptpack.source.frontmatter import read_document, split_front_matter
from promptpack.source.strict_yaml import DataPath

_FRONT_MATTER = (".md", ".head")
_BLOCK_STYLES = ("|", ">")


def edit_value(text: str, path: str, place: DataPath, value: object) -> Edit | None:
    """Return the edit that gives a scalar another value, quoted as it was where that can be."""
    event = _find_scalar(text, path, place)
    if event is None:
        return None
    expected = _replace_value(read_document(text, path).data, place, value)
    return next(
        (edit for edit in _spell_value(text, path, event, value) if _gives(text, edit, expected)),
        None,
    )


def edit_key(text: str, path: str, place: DataPath, new_key: str) -> Edit | None:
    """Return the edit that gives a key in one line another name, which keeps its value."""
    document = read_document(text, path)
    if place not in document.keys:
        return None
    span = document.keys[place]
    line = text.split("\n")[span.line - 1]
    start, stop = span.column - 1, span.column - 1 + span.width
    expected = _rename_key(document.data, place, new_key)
    for spelled in (json.dumps(new_key, ensure_ascii=False), new_key):
        edit = Edit(path, span.line, 1, (line[:start] + spelled + line[stop:],))
        if _gives(text, edit, expected):
            return edit
    return None


def add_key(text: str, path: str, place: DataPath, value: object, after: DataPath) -> Edit | None:
    """Return the edit that puts a key with a scalar on a line after another key of its mapping."""
    document = read_document(text, path)
    if after not in document.keys:
        return None
    span, lines = document.keys[after], text.split("\n")
    expected = _insert_value(document.data, place, value, after[-1])
    event = _find_scalar(text, path, after)
    end = _get_end(text, path, event) if event else span.line + 1
    key, spelled = str(place[-1]), json.dumps(value, ensure_ascii=False)
    key_form = key if key.isidentifier() else json.dumps(key, ensure_ascii=False)
    plain = str(value) if isinstance(value, str) else spelled
    line = lines[span.line - 1]
    stop = span.column - 1 + span.width
    value_end = _find_flow_end(line, stop)
    for form in (plain, spelled):
        block = f"{' ' * (span.column - 1)}{key_form}: {form}"
        flow = f"{line[:value_end]}, {key_form}: {form}{line[value_end:]}"
        for edit in (Edit(path, end, 0, (block,)), Edit(path, span.line, 1, (flow,))):
            if _gives(text, edit, expected):
                return edit
    return None


def remove_key(text: str, path: str, place: DataPath) -> Edit | None:
    """Return the edit that takes a key and its scalar out, where they have their own lines."""
    event = _find_scalar(text, path, place)
    document = read_document(text, path)
    if event is None or place not in document.keys:
        return None
    line = document.keys[place].line
    edit = Edit(path, line, _get_end(text, path, event) - line, ())
    return edit if _gives(text, edit, _drop_key(document.data, place)) else None


def _spell_value(text: str, path: str, event: yaml.ScalarEvent, value: object) -> Iterator[Edit]:
    """Yield the ways to write a value where a scalar stands, the closest to its form first."""
    first, end = _get_line(path, event), _get_end(text, path, event)
    lines = text.split("\n")
    start = event.start_mark.column if event.start_mark else 0
    if event.style in _BLOCK_STYLES:
        yield from _spell_block(path, lines, event, value)
        indent = f"{lines[first - 1][:start]}"
        yield Edit(path, first, end - first, (indent + json.dumps(value, ensure_ascii=False),))
        return
    stop = event.end_mark.column if event.end_mark else 0
    before, after = lines[first - 1][:start], lines[end - 2][stop:]
    quoted = json.dumps(value, ensure_ascii=False)
    forms = [quoted]
    if event.style == "'" and isinstance(value, str):
        forms = ["'" + value.replace("'", "''") + "'", quoted]
    elif not event.style:
        forms = [str(value), quoted]
    if isinstance(value, str) and end - first > 1:
        raw = "\n".join(lines[first - 1 : end - 1])
        yield from (
            Edit(path, first, end - first, tuple(one.split("\n")))
            for one in _replace_words(raw, event.value, value)
        )
    for form in forms:
        yield Edit(path, first, end - first, tuple(f"{before}{form}{after}".split("\n")))


def _spell_block(
    path: str, lines: list[str], event: yaml.ScalarEvent, value: object
) -> Iterator[Edit]:
    """Yield the ways to write a text of several lines with the indent that it has."""
    first, end = _get_line(path, event), _get_end("\n".join(lines), path, event)
    body = lines[first : end - 1]
    filled = [line for line in body if line.strip()]
    if not isinstance(value, str) or not filled:
        return
    raw = "\n".join(body)
    for one in _replace_words(raw, event.value, value):
        yield Edit(path, first + 1, end - 1 - first, tuple(one.split("\n")))
    indent = " " * min(len(line) - len(line.lstrip(" ")) for line in filled)
    separator = "\n" if event.style == "|" else "\n\n"
    texts = separator.join(value.rstrip("\n").split("\n")).split("\n")
    spelled = tuple(f"{indent}{one}" if one else "" for one in texts)
    yield Edit(path, first + 1, end - 1 - first, spelled)


def _replace_words(raw: str, old: str, new: str) -> Iterator[str]:
    """Yield raw YAML in which the changed words are replaced, where they stand there as they are.

    More and more of what stands around the words is looked for, until it is there only once.
    """
    start, end = find_changed_range(old, new)
    inserted = new[start : len(new) - (len(old) - end)]
    for around in (0, 8, 24, 60):
        low, high = max(0, start - around), min(len(old), end + around)
        words = old[low:high]
        if words and "\n" not in words and raw.count(words) == 1:
            at = raw.index(words) + start - low
            yield raw[:at] + inserted + raw[at + end - start :]
            return


def _find_scalar(text: str, path: str, place: DataPath) -> yaml.ScalarEvent | None:
    """Return the event of the scalar at a place, with the marks of where it begins and ends."""
    span = read_document(text, path).values.get(place)
    is_below = path.endswith(_FRONT_MATTER)
    body = (split_front_matter(text).head or "") if is_below else text
    if span is None:
        return None
    wanted = span.line - 1 - is_below, span.column - 1
    for event in yaml.parse(body, Loader=yaml.CSafeLoader):
        mark = event.start_mark
        if isinstance(event, yaml.ScalarEvent) and mark and (mark.line, mark.column) == wanted:
            return event
    return None


def _get_line(path: str, event: yaml.ScalarEvent) -> int:
    """Return the line of a source at which a scalar begins, from 1."""
    line = event.start_mark.line if event.start_mark else 0
    return line + 1 + path.endswith(_FRONT_MATTER)


def _get_end(text: str, path: str, event: yaml.ScalarEvent) -> int:
    """Return the line after a scalar, from 1; blank lines after a block are not part of it."""
    mark = event.end_mark
    end = (mark.line if mark else 0) + 1 + path.endswith(_FRONT_MATTER)
    if event.style not in _BLOCK_STYLES:
        return end + 1
    lines, first = text.split("\n"), _get_line(path, event)
    end = min(end, len(lines) + 1)
    while end - 1 > first and not lines[end - 2].strip():
        end -= 1
    return end


def _find_flow_end(line: str, position: int) -> int:
    """Return where the value after a key in braces ends in a line."""
    ends = [at for at in (line.find(",", position), line.find("}", position)) if at >= 0]
    return min(ends, default=len(line))


def _gives(text: str, edit: Edit, expected: object) -> bool:
    """Tell whether a text with an edit is sound and has the data that is wanted."""
    changed = apply_edits({edit.path: text}, (edit,))
    document = read_document((changed or {edit.path: text})[edit.path], edit.path)
    return not document.findings and _is_same(document.data, expected)


def _is_same(first: object, second: object) -> bool:
    """Tell whether two values are the same, their types and the order of keys included."""
    return json.dumps(first) == json.dumps(second)


def _copy_mapping(data: Any, place: DataPath) -> tuple[dict[str, Any], Any]:  # noqa: ANN401
    """Return a copy of data under the key "", and in it what holds the last step of a place."""
    root = {"": deepcopy(data)}
    inner: Any = root
    for step in ("", *place[:-1]):
        inner = inner[step]
    return root, inner


def _replace_value(data: Any, place: DataPath, value: object) -> object:  # noqa: ANN401 - YAML data
    """Return data with another value at a place."""
    root, inner = _copy_mapping(data, place)
    inner[place[-1]] = value
    return root[""]


def _rename_key(data: Any, place: DataPath, new_key: str) -> object:  # noqa: ANN401 - YAML data
    """Return data with another name for a key, at the same place."""
    root, inner = _copy_mapping(data, place)
    items = [(new_key if key == place[-1] else key, one) for key, one in inner.items()]
    inner.clear()
    inner.update(items)
    return root[""]


def _insert_value(
    data: Any,  # noqa: ANN401 - YAML data
    place: DataPath,
    value: object,
    after: str | int,
) -> object:
    """Return data with a new key after another one of its mapping."""
    root, inner = _copy_mapping(data, place)
    items = [*inner.items()]
    inner.clear()
    for key, one in items:
        inner[key] = one
        if key == after:
            inner[place[-1]] = value
    return root[""]


def _drop_key(data: Any, place: DataPath) -> object:  # noqa: ANN401 - YAML data
    """Return data without a key."""
    root, inner = _copy_mapping(data, place)
    del inner[place[-1]]
    return root[""]
