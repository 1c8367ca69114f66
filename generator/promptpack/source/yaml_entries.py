"""Strict YAML by its top-level keys: a text in, its data with places out, each key read apart.

An entry is a key that begins a line, with all lines up to the next such key. What is strict YAML
with this one key by itself is the same among others. Files of one project have most entries in
common, so what was read of one is kept. A text that is not of such entries alone, or with which
anything is wrong, is read as a whole.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from promptpack.source.strict_yaml import (
    AMBIGUOUS_SCALAR,
    DataPath,
    Document,
    read_whole_yaml,
)
from promptpack.source.text import Span
from promptpack.source.yaml_writer import PLAIN_KEY

_LONGEST = 100_000
"""How many characters a text may have that is read by its keys."""

_LONGEST_KEPT = 1_000
"""How many characters an entry may have that is kept with its value."""

_LEAD = re.compile(r"(?:(?:#[^\n]*)?\n)*+")
_ENTRY = re.compile(rf"({PLAIN_KEY}):(?: [^\n]*)?\n(?:(?:[ #][^\n]*)?\n)*+")
_WORDS = re.compile(r"([A-Za-z_-]+): ([A-Za-z](?:[A-Za-z0-9 .,;/()'-]*[A-Za-z0-9.)])?)\n")
"""An entry of words that are text to every reader, but for those that are ambiguous."""


def read_yaml(text: str, path: str, first_line: int = 1) -> Document:
    """Return the data of one strict YAML document; all findings at once where the syntax allows.

    Lines count from `first_line`, for a document that is the front matter of a longer file.
    """
    return _read_entries(text, first_line) or read_whole_yaml(text, path, first_line)


class _EntryPlaces(Mapping[DataPath, Span]):
    """The places of keys or values in a text, by those in its entries and where these begin."""

    def __init__(self, parts: Mapping[str, tuple[Mapping[DataPath, Span], int]]) -> None:
        self._parts = parts

    def __getitem__(self, path: DataPath) -> Span:
        first = path[0] if path else next(iter(self._parts))
        places, lines = self._parts[first]  # type: ignore[index]  # a number has no place here
        span = places[path]
        return Span(span.line + lines, span.column, span.width)

    def __iter__(self) -> Iterator[DataPath]:
        return iter(dict.fromkeys(path for places, _ in self._parts.values() for path in places))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _read_entries(text: str, first_line: int) -> Document | None:
    """Return a text's data and places, or None where it has to be read as a whole."""
    is_plain = len(text) <= _LONGEST and text.replace("\n", " ").isprintable()
    match = _LEAD.match(text)
    if not is_plain or match is None:
        return None
    data, keys, values, memos = {}, {}, {}, {}
    place, line = match.end(), match[0].count("\n") + first_line - 1
    while place < len(text):
        match = _ENTRY.match(text, place)
        if match is None or match[1] in data:
            return None
        name, entry = match[1], match[0]
        document = _read_words(entry) or _read_entry(entry)
        if document is None or name not in document.data:
            return None
        data[name] = document.data[name]
        if name in document.memos:
            memos[name] = document.memos[name]
        keys[name], values[name] = (document.keys, line), (document.values, line)
        place, line = match.end(), line + entry.count("\n")
    places = _EntryPlaces(keys), _EntryPlaces(values)
    return Document(data, *places, memos=memos) if data else None


def _read_words(entry: str) -> Document | None:
    """Return the data and places of a key with plain words, None of another entry."""
    match = _WORDS.fullmatch(entry)
    if (
        match is None
        or AMBIGUOUS_SCALAR.fullmatch(match[1])
        or AMBIGUOUS_SCALAR.fullmatch(match[2])
    ):
        return None
    key, text = match[1], match[2]
    values = {(): Span(1, 1, 0), (key,): Span(1, len(key) + 3, len(text))}
    return Document({key: text}, {(key,): Span(1, 1, len(key))}, values)


def _read_entry(entry: str) -> Document | None:
    """Return the data and places of an entry, None where it is not strict YAML by itself."""
    return _read_short(entry) if len(entry) <= _LONGEST_KEPT else _read_anew(entry)


@lru_cache(maxsize=1024)
def _read_short(entry: str) -> Document | None:
    """Return the same of a short entry, with a memo; the last ones are kept."""
    document = _read_anew(entry)
    if document is not None:
        document.memos = {name: {} for name in document.data}
    return document


def _read_anew(entry: str) -> Document | None:
    document = read_whole_yaml(entry, "")
    is_one = isinstance(document.data, dict) and len(document.data) == 1
    return document if is_one and not document.findings else None
