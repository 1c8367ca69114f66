"""YAML as clients read it, with anchors, merges and dates: text in, data out, or why not.

The readers of the clients differ in little; where they do, this is js-yaml, which OpenCode and
Gemini CLI use. Nothing that a file can spell out makes it recurse or grow without end.
"""

import datetime
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import Any

import yaml

from promptpack.patterns import compile_late
from promptpack.source.strict_yaml import DEPTH_LIMIT, follows_question_mark

_NODE_LIMIT = 20_000
_MARK = "\ufeff"
_ODD = (_MARK, "\x85", "\u2028", "\u2029")
_STAND_INS = range(0xE000, 0xF900)
_INTEGER = compile_late(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)")
_FLOAT = compile_late(
    r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9_]+(?:[eE][-+]?[0-9]+)?)"
)
_TIME = compile_late(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)?)?")
_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "binary")
)
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Anchors = dict[str, Any]


def read_client_yaml(
    text: str, *, last_wins: bool = False, merges: bool = True, anchors: Anchors | None = None
) -> Any:  # noqa: ANN401 - YAML data
    """Return the data of one YAML document; raises ValueError where it can't be read.

    LimitError is for what a client reads and we don't.
    A key used twice is an error, unless the last one wins. Where a client merges nothing, `<<` is
    a key like any. `anchors` are those of earlier texts; the text's own are added.
    """
    try:
        reader = _ClientReader(text, last_wins, merges, {} if anchors is None else anchors)
        data = reader.read_document()
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise ValueError(getattr(error, "problem", None) or "not readable") from None
    _check_size(data)
    return data


class LimitError(ValueError):
    """Says that a client may well read a text, which is too deep or too large to be read here."""


class _ClientReader:
    """Builds data from parser events; a value that an alias names is shared, not copied."""

    def __init__(self, text: str, last_wins: bool, merges: bool, anchors: Anchors) -> None:
        self.events = _parse_events(text)
        self.last_wins, self.merges, self.anchors = last_wins, merges, anchors

    def read_document(self) -> Any:  # noqa: ANN401 - YAML data
        next(self.events)
        data = None
        if isinstance(next(self.events), yaml.DocumentStartEvent):
            data = self._read_node(next(self.events), 1)
            next(self.events)
            if not isinstance(next(self.events), yaml.StreamEndEvent):
                raise ValueError("more than one YAML document")
        return data

    def _read_node(self, event: yaml.Event, depth: int) -> Any:  # noqa: ANN401 - YAML data
        if depth > DEPTH_LIMIT:
            raise LimitError(f"nested more than {DEPTH_LIMIT} levels deep")
        data: Any
        tag = getattr(event, "tag", None)
        if tag and tag not in _TAGS and tag != "!":
            raise ValueError(f"unknown tag '{tag}'")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise ValueError(f"unidentified alias '{event.anchor}'")
            return self.anchors[event.anchor]
        if isinstance(event, yaml.ScalarEvent):
            data = _resolve_scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            data = [
                self._read_node(item, depth + 1) for item in self._iter_to(yaml.SequenceEndEvent)
            ]
        else:
            data = self._read_mapping(depth)
        if anchor := getattr(event, "anchor", None):
            self.anchors[anchor] = data
        return data

    def _iter_to(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        """Yield the first event of each node up to the end of a collection."""
        while not isinstance(event := next(self.events), end):
            yield event

    def _read_mapping(self, depth: int) -> dict[str, Any]:
        """Return a mapping; a merged key stands where `<<` does, and replaces no other key."""
        data: dict[str, Any] = {}
        own_names = set()
        for event in self._iter_to(yaml.MappingEndEvent):
            key = self._read_node(event, depth + 1)
            if isinstance(event, yaml.ScalarEvent):
                key = _name_key(event, key)
            value = self._read_node(next(self.events), depth + 1)
            is_plain = isinstance(event, yaml.ScalarEvent) and not event.style
            if self.merges and is_plain and key == "<<":
                for merged in value if isinstance(value, list) else [value]:
                    if not isinstance(merged, dict):
                        raise ValueError("cannot merge mappings: the merged value is no mapping")
                    data |= {name: merged[name] for name in merged if name not in data}
                continue
            name = "[object Object]" if isinstance(key, dict) else str(key)
            if name in own_names and not self.last_wins:
                raise ValueError(f"duplicated mapping key '{name}'")
            own_names.add(name)
            data[name] = value
        return data


def _parse_events(text: str) -> Iterator[yaml.Event]:
    """Yield the events of a YAML text, in which only CR and LF end a line.

    To libyaml NEL, LS and PS end one too, and a byte-order mark at its start is nothing. To the
    clients' readers they are characters, so they are others while libyaml reads; but for a first
    byte-order mark.
    """
    odd = [one for one in _ODD if one in text]
    taken = set(text) if odd else set()
    free = [*islice((one for one in map(chr, _STAND_INS) if one not in taken), len(odd))]
    if len(free) < len(odd):
        raise LimitError("too many kinds of characters")
    there = str.maketrans(dict(zip(odd, free, strict=True)))
    back = str.maketrans(dict(zip(free, odd, strict=True)))
    text = text.removeprefix(_MARK).translate(there)
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if follows_question_mark(text, event):
            raise LimitError("a question mark with no space after it")
        if odd and isinstance(event, yaml.ScalarEvent):
            event.value = event.value.translate(back)
        yield event


def _name_key(event: yaml.ScalarEvent, key: object) -> str:
    """Return a key as the text that JavaScript makes of its value."""
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int) or (isinstance(key, float) and key.is_integer() and abs(key) < 1e21):
        return str(int(key))
    return str(event.value)


def _resolve_scalar(event: yaml.ScalarEvent) -> Any:  # noqa: ANN401 - YAML data
    value = event.value
    if event.style or (event.tag and event.tag.endswith((":str", "!"))):
        return value
    if value in _WORDS:
        return _WORDS[value]
    with suppress(ValueError):
        if _INTEGER.fullmatch(value) and len(value) <= 18:
            has_prefix = value.lstrip("+-")[1:2] in ("b", "x", "o")
            return int(value.replace("_", ""), 0 if has_prefix else 10)
        if _FLOAT.fullmatch(value):
            return float(value.replace("_", ""))
        if _TIME.fullmatch(value):
            is_date = len(value) == len("2026-01-02")
            return (datetime.date if is_date else datetime.datetime).fromisoformat(value)
    return value


def _check_size(data: object) -> None:
    """Raise LimitError where aliases make the data too deep or too large to be walked."""
    level, count = [data], 0
    for _ in range(DEPTH_LIMIT):
        values = (_list_values(one) for one in level)
        level = []
        for one in chain.from_iterable(values):
            count += 1
            if count > _NODE_LIMIT:
                raise LimitError("too large with its aliases written out")
            level.append(one)
    if any(isinstance(one, (dict, list)) for one in level):
        raise LimitError(f"nested more than {DEPTH_LIMIT} levels deep")


def _list_values(data: object) -> list[Any]:
    if isinstance(data, dict):
        return [*data.values()]
    return data if isinstance(data, list) else []
