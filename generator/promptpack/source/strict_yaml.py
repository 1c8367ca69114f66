"""Strict reading of source text: bytes in, clean text or YAML data with positions out.

YAML is read from the parser's events, so nothing is ever constructed that the file did not spell
out: no tags, anchors, merges or dates, no key twice, and no plain scalar that YAML 1.1 and 1.2
readers understand differently.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import yaml
from yaml.reader import ReaderError

from promptpack.model import Finding
from promptpack.patterns import compile_late
from promptpack.source.text import (
    FORBIDDEN,
    PROBLEM_LIMIT,
    Span,
    format_code_point,
    locate_index,
    make_finding,
)

DEPTH_LIMIT = 32
UNREADABLE_CODES = frozenset({"PP001", "PP002", "PP005", "PP006"})
"""The codes after which the data of a file is not what its author meant."""

DataPath = tuple[str | int, ...]
_LINE_END = compile_late("[\x85\u2028\u2029]|^\ufeff", re.MULTILINE)
_INTEGER = compile_late(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = compile_late(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
AMBIGUOUS_SCALAR = compile_late(
    r"(y|n|yes|no|on|off|true|false|null)|~|<<|=|[-+]?[0-9][0-9_]*(:[0-9_]+)+(\.[0-9]*)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\s].*)?|[-+]?0(x[0-9a-f_]+|o[0-7_]+|b[01_]+)"
    r"|[-+]?[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?|[-+]?\.[0-9_]+(e[-+]?[0-9]+)?"
    r"|[-+]?\.inf|\.nan",
    re.IGNORECASE,
)
"""Plain scalars that YAML 1.1 or 1.2 readers take for something else than text."""
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "": None}


@dataclass
class Document:
    """YAML data with the place of each key and each value, and what is wrong with the text.

    The data is not to be changed: documents may share parts of it. Where they share the value of a
    top-level key, its memo holds what was made of that value, by who made it.
    """

    data: Any = None
    keys: Mapping[DataPath, Span] = field(default_factory=dict)
    values: Mapping[DataPath, Span] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    memos: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def at(self, path: DataPath) -> Span:
        """Return the place of a key, else of a value, else of the nearest thing around it."""
        while path and path not in self.keys and path not in self.values:
            path = path[:-1]
        return self.keys.get(path) or self.values.get(path) or Span(1, 1)


def read_whole_yaml(text: str, path: str, first_line: int = 1) -> Document:
    """Return what `read_yaml` returns, read as a whole."""
    return _YamlReader(text, path, first_line).read()


@dataclass
class _Frame:
    """A mapping or sequence being filled, where it stands, and the key that waits for a value."""

    container: dict[str, Any] | list[Any]
    path: DataPath
    key: str | None = None


class _YamlReader:
    """Builds a document from parser events with a stack of its own, so that depth is bounded."""

    def __init__(self, text: str, path: str, first_line: int) -> None:
        self.text, self.path, self.offset = text, path, first_line - 1
        self.keys: dict[DataPath, Span] = {}
        self.values: dict[DataPath, Span] = {}
        self.document = Document(None, self.keys, self.values)
        self.stack: list[_Frame] = []

    def read(self) -> Document:
        self._check_line_ends()
        try:
            for event in self._iter_events():
                self._take_event(event)
                if len(self.stack) > DEPTH_LIMIT:
                    self._add_finding(
                        "PP006",
                        self._make_span(event),
                        f"nested more than {DEPTH_LIMIT} levels deep",
                    )
                    break
                if len(self.document.findings) >= PROBLEM_LIMIT:
                    self._add_finding(
                        "PP002",
                        self._make_span(event),
                        "too many problems; the rest of the file was not read",
                    )
                    break
        except yaml.MarkedYAMLError as error:
            self._add_syntax_error(error)
        except (ReaderError, UnicodeEncodeError):
            self._add_finding(
                "PP002", Span(self.offset + 1, 1), "not valid YAML: it contains a control character"
            )
        return self.document

    def _check_line_ends(self) -> None:
        for match in islice(_LINE_END.finditer(self.text), PROBLEM_LIMIT):
            name, text_span = format_code_point(match), locate_index(self.text, match.start())
            span = text_span._replace(line=text_span.line + self.offset)
            hint = "delete it, or write it as an escape in double quotes"
            does = "is skipped" if match.group() == "\ufeff" else "ends a line"
            self._add_finding("PP004", span, f"{name} {does} only in some YAML readers", hint)

    def _iter_events(self) -> Iterator[yaml.Event]:
        documents = 0
        for event in _parse_events(self.text):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                self._add_finding(
                    "PP005", self._make_span(event), "more than one YAML document in the file"
                )
                return
            yield event

    def _take_event(self, event: yaml.Event) -> None:
        if follows_question_mark(self.text, event):
            message = "some YAML readers take the question mark for a part of the text"
            self._add_finding("PP004", self._make_span(event), message, "quote the text")
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._add_finding(
                "PP005",
                self._make_span(event),
                "YAML aliases are not supported",
                "write the value out",
            )
            self._add_value(None, self._make_span(event))
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._refuse_anchor_and_tag(event)
            container: dict[str, Any] | list[Any] = (
                {} if isinstance(event, yaml.MappingStartEvent) else []
            )
            path = self._add_value(container, self._make_span(event))
            self.stack.append(_Frame(container, path))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self.stack.pop()

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        self._refuse_anchor_and_tag(event)
        span = self._make_span(event)
        value = self._resolve_scalar(event, span) if not event.style else event.value
        if event.style == '"' and (match := FORBIDDEN.search(event.value)):
            name = format_code_point(match)
            self._add_finding(
                "PP301", span, f"escape sequence for the hidden or control character {name}"
            )
        frame = self.stack[-1] if self.stack else None
        if frame is None or isinstance(frame.container, list) or frame.key is not None:
            self._add_value(value, span)
            return
        key = str(event.value)
        if not key and not event.style:
            self._add_finding("PP002", span, "a key must be plain text")
        path = (*frame.path, key)
        if path in self.keys:
            first_line = self.keys[path].line
            self._add_finding(
                "PP003", span, f"duplicate key '{key}'", f"first used on line {first_line}"
            )
        self.keys[path] = span
        frame.key = key

    def _resolve_scalar(self, event: yaml.ScalarEvent, span: Span) -> Any:  # noqa: ANN401 - YAML data
        value = event.value
        if value in _WORDS:
            return _WORDS[value]
        if _INTEGER.fullmatch(value):
            return int(value)
        excerpt = value if len(value) <= 40 else f"{value[:39]}…"
        if _FLOAT.fullmatch(value):
            if value.endswith("0") and not value.endswith(".0"):
                hint = f'write "{excerpt}" for the text, {float(value)} for the number'
                self._add_finding(
                    "PP004", span, f"'{excerpt}' would be read as the number {float(value)}", hint
                )
            return float(value)
        if AMBIGUOUS_SCALAR.fullmatch(value):
            hint = f'write "{excerpt}" for the text, or true, false or a plain decimal number'
            self._add_finding(
                "PP004", span, f"some YAML readers don't read '{excerpt}' as text", hint
            )
        return value

    def _add_value(self, value: Any, span: Span) -> DataPath:  # noqa: ANN401 - YAML data
        path: DataPath = ()
        if not self.stack:
            self.document.data = value
        else:
            frame = self.stack[-1]
            if isinstance(frame.container, list):
                path = (*frame.path, len(frame.container))
                frame.container.append(value)
            elif frame.key is None:
                self._add_finding("PP002", span, "a key must be plain text")
                frame.key, path = "", (*frame.path, "")
            else:
                path = (*frame.path, frame.key)
                frame.container[frame.key] = value
                frame.key = None
        self.values[path] = span
        return path

    def _refuse_anchor_and_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor:
            self._add_finding(
                "PP005",
                self._make_span(event),
                "YAML anchors are not supported",
                "write the value out",
            )
        if event.tag:
            self._add_finding(
                "PP005", self._make_span(event), f"YAML tag '{event.tag}' is not supported"
            )

    def _make_span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        assert start is not None and end is not None  # noqa: S101 - both parsers set them
        width = end.column - start.column if end.line == start.line else 1
        return Span(start.line + 1 + self.offset, start.column + 1, width)

    def _add_finding(self, code: str, span: Span, message: str, hint: str = "") -> None:
        text = "\n" * self.offset + self.text
        self.document.findings.append(make_finding(code, self.path, span, message, hint, text))

    def _add_syntax_error(self, error: yaml.MarkedYAMLError) -> None:
        yaml_mark = error.problem_mark or error.context_mark
        span = (
            Span(yaml_mark.line + 1 + self.offset, yaml_mark.column + 1)
            if yaml_mark
            else Span(1, 1)
        )
        problem = error.problem or "it can't be read"
        hint = 'quote values that start with * or contain ": "' if _needs_quotes(error) else ""
        self._add_finding("PP002", span, f"not valid YAML: {problem}", hint)


def _parse_events(text: str) -> Iterator[yaml.Event]:
    """Yield the events of a YAML text, also those that lead to where it is nested too deeply.

    libyaml reads ahead, and from 0.2.6 on it stops at 1000 levels, even before the first event.
    What stands before that place is read again, so that all versions find the same place.
    """
    count = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            yield event
            count += 1
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark
        if place is None or "nesting depth" not in (error.problem or ""):
            raise
        yield from islice(yaml.parse(text[: place.index], Loader=yaml.CSafeLoader), count, None)
        raise


def follows_question_mark(text: str, event: yaml.Event) -> bool:
    """Tell whether a value or key of flow style stands right after a question mark.

    To libyaml that is the mark of a key, as it is before a space; to newer readers it is text.
    """
    mark = event.start_mark
    is_node = isinstance(event, (yaml.NodeEvent, yaml.CollectionStartEvent))
    return is_node and mark is not None and text[mark.index - 1 : mark.index] == "?"


def _needs_quotes(error: yaml.MarkedYAMLError) -> bool:
    description = f"{error.context} {error.problem}"
    return "alias" in description or "mapping values are not allowed" in description
